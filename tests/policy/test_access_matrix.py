"""Every operation, every role: who gets in, who is refused, and what each one sees."""

from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import select
from sqlmodel import col

from api import contract
from api.domain.access import PUBLIC_OPERATIONS, Role
from api.models import Person
from tests.collecting import problem_of
from tests.conftest import House
from tests.http.walking import CHECKER, FINDER, photo, rectified, report, step, stepped

CALLERS = {
    "officer": "officer01",
    "dispatcher": "dispatcher",
    "unit_member": "member-cityscape",
    "unit_lead": "lead-cityscape",
    "supervisor": "supervisor",
    "administrator": "admin",
}
"""A demo person of each role."""

ALL = "officer dispatcher unit_member unit_lead supervisor administrator"
ROLES = {
    "me_get": ALL,
    "shift_put": "officer supervisor",
    "shift_step": "officer supervisor",
    "shift_list": "officer supervisor",
    "shift_get": "officer supervisor",
    "track_store": "officer supervisor",
    "track_get": "officer supervisor",
    "reading_list": "officer supervisor",
    "position_list": "supervisor",
    "checkpoint_list": ALL,
    "checkpoint_get": ALL,
    "checkpoint_put": "administrator",
    "code_issue": "supervisor administrator",
    "checkin_store": "officer dispatcher unit_member unit_lead supervisor",
    "checkin_list": "officer dispatcher unit_member unit_lead supervisor",
    "roster_list": "supervisor administrator",
    "roster_get": "officer supervisor administrator",
    "roster_put": "supervisor administrator",
    "plan_list": "officer dispatcher supervisor administrator",
    "plan_get": "officer dispatcher supervisor administrator",
    "plan_put": "supervisor administrator",
    "round_list": "officer dispatcher supervisor administrator",
    "round_summary": "officer dispatcher supervisor administrator",
    "figure_list": "supervisor",
    "figure_rows": "supervisor",
    "coverage_list": "officer dispatcher supervisor administrator",
    "coverage_summary": "officer dispatcher supervisor administrator",
    "road_list": "officer dispatcher supervisor administrator",
    "report_file": "officer dispatcher supervisor",
    "ticket_list": ALL,
    "ticket_get": ALL,
    "ticket_get_by_number": ALL,
    "ticket_history": ALL,
    "ticket_count": ALL,
    "ticket_step": "officer dispatcher unit_member unit_lead supervisor",
    "sync_store": "officer dispatcher unit_member unit_lead supervisor",
    "sync_list": "officer dispatcher unit_member unit_lead supervisor",
    "queue_list": ALL,
    "task_list": "officer dispatcher supervisor administrator",
    "task_get": "officer dispatcher supervisor administrator",
    "task_refuse": "officer",
    "task_reassign": "officer dispatcher supervisor",
    "nearby_get": ALL,
    "overdue_list": ALL,
    "overdue_summary": ALL,
    "lifecycle_get": ALL,
    "photo_store": "officer dispatcher unit_member unit_lead supervisor",
    "photo_get": ALL,
    "upload_create": "officer dispatcher unit_member unit_lead supervisor",
    "upload_get": "officer dispatcher unit_member unit_lead supervisor",
    "upload_append": "officer dispatcher unit_member unit_lead supervisor",
    "upload_delete": "officer dispatcher unit_member unit_lead supervisor",
    "catalog_get": ALL,
    "catalog_versions": "supervisor administrator",
    "catalog_import": "administrator",
    "category_get": ALL,
    "category_put": "administrator",
    "grid_list": ALL,
    "grid_get": ALL,
    "grid_locate": ALL,
    "grid_versions": ALL,
    "grid_import": "administrator",
    "area_list": ALL,
    "area_get": ALL,
    "area_put": "administrator",
    "area_import": "administrator",
    "type_list": ALL,
    "place_list": ALL,
    "place_get": ALL,
    "place_put": "administrator",
    "place_import": "administrator",
    "signer_list": "dispatcher supervisor administrator",
    "deadline_explain": ALL,
    "dispatch_explain": "dispatcher supervisor administrator",
    "rule_list": "dispatcher supervisor administrator",
    "rule_get": "dispatcher supervisor administrator",
    "rule_put": "administrator",
    "rule_export": "dispatcher supervisor administrator",
    "rule_import": "administrator",
    "rule_replay": "supervisor administrator",
    "triage_resend": "dispatcher administrator",
    "signal_list": "supervisor",
    "signal_get": "supervisor",
    "signal_count": "supervisor",
    "signal_confirm": "supervisor",
    "signal_clear": "supervisor",
    "notice_list": ALL,
    "change_list": ALL,
    "event_stream": ALL,
    "calendar_list": ALL,
    "calendar_get": ALL,
    "calendar_put": "administrator",
    "calendar_versions": "supervisor administrator",
    "reference_history": "supervisor administrator",
    "policy_list": ALL,
    "policy_put": "administrator",
    "unit_list": ALL,
    "unit_get": ALL,
    "unit_put": "administrator",
    "unit_import": "administrator",
    "person_list": "supervisor administrator",
    "person_get": "supervisor administrator",
    "person_put": "administrator",
    "person_import": "administrator",
    "password_put": "administrator",
    "password_change": ALL,
    "device_list": ALL,
    "device_revoke": ALL,
    "device_list_of_person": "administrator",
    "device_revoke_of_person": "administrator",
    "collect_put": "officer",
    "form_list": "officer",
    "form_get": "officer",
    "manifest_get": "officer",
    "media_get": "officer",
    "submission_describe": "officer",
    "submission_create": "officer",
}
"""Who may call what, written down a second time: a change of the policy has to be meant."""


@dataclass(frozen=True)
class Request:
    """A request of one operation that is right in all but, perhaps, its caller."""

    method: str
    path: str
    query: str = ""
    body: dict[str, Any] | None = None


REPORT = {
    "category": "E0406",
    "condition": 1,
    "observed_at": "2026-11-23T09:28:00+08:00",
    "place": {"longitude": 116.404, "latitude": 39.915, "crs": "wgs84"},
}
CALENDAR = {
    "name_zh": "全天候",
    "name_en": "Always",
    "time_zone": "Asia/Shanghai",
    "working_day_minutes": 1440,
    "weekly": [["00:00-24:00"]] * 7,
    "first_on": "2026-01-01",
    "last_on": "2027-12-31",
    "days": [],
}
RULE = {
    "category": "E0406",
    "grid_prefix": "990101001001",
    "lead_unit": "market",
    "name_zh": "占道经营",
    "name_en": "Vending",
}
DEPOT = {
    "name_zh": "养护站",
    "name_en": "Depot",
    "kind": "bureau",
    "parent": None,
    "phone": None,
    "calendar": "city",
    "is_fallback": False,
    "is_active": True,
}
AREA: dict[str, Any] = {
    "kind": "ownership",
    "name_zh": "站前",
    "name_en": "Forecourt",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[116.40, 39.91], [116.401, 39.91], [116.401, 39.911], [116.40, 39.91]]],
    },
}
MARKET: dict[str, Any] = {
    "type": "market",
    "name_zh": "菜市场",
    "name_en": "Market",
    "geometry": {"type": "Point", "coordinates": [116.40, 39.91]},
}
CLASS: dict[str, Any] = {
    "scheme": "local",
    "major_zh": "其他",
    "major_en": "Others",
    "minor_zh": "其他",
    "minor_en": "Others",
    "conditions": [
        {
            "number": 1,
            "condition_zh": "发现",
            "condition_en": "Seen",
            "closing_zh": "消除",
            "closing_en": "Gone",
            "limit": {"value": 1, "unit": "working_day"},
            "after_photo": True,
            "self_fix": False,
        }
    ],
    "is_active": True,
}
NO_FEATURES: dict[str, Any] = {"type": "FeatureCollection", "features": []}
NEWCOMER: dict[str, Any] = {
    "name": "新人",
    "role": "dispatcher",
    "unit": None,
    "phone": None,
    "officer_number": None,
    "grids": [],
    "valid_until": None,
    "is_active": True,
}
GATE = {
    "name_zh": "东门",
    "name_en": "East gate",
    "longitude": 116.404,
    "latitude": 39.915,
    "ways": ["geofence"],
}
PLAN = {
    "name_zh": "校园周边",
    "name_en": "Around schools",
    "place_type": "school",
    "period": "week",
    "from_on": "2026-01-01",
}
NOBODY = "00000000-0000-4000-8000-000000000000"
REQUESTS = {
    "me_get": Request("GET", "/v1/me"),
    "report_file": Request("PUT", f"/v1/reports/{NOBODY}", body=REPORT),
    "ticket_list": Request("GET", "/v1/tickets"),
    "ticket_get": Request("GET", f"/v1/tickets/{NOBODY}"),
    "ticket_get_by_number": Request("GET", "/v1/tickets/by-number/none"),
    "ticket_history": Request("GET", f"/v1/tickets/{NOBODY}/history"),
    "ticket_count": Request("GET", "/v1/tickets/counts", "by=state"),
    "ticket_step": Request("POST", f"/v1/tickets/{NOBODY}/steps", body={"action": "accept", "version": 1}),
    "sync_store": Request("POST", "/v1/sync", body={"device_id": "phone", "items": []}),
    "shift_put": Request("PUT", f"/v1/shifts/{NOBODY}", body={"started_at": "2026-11-23T09:00:00+08:00"}),
    "shift_step": Request(
        "POST",
        f"/v1/shifts/{NOBODY}/steps",
        body={"action": "stop", "at": "2026-11-23T09:20:00+08:00"},
    ),
    "shift_list": Request("GET", "/v1/shifts"),
    "shift_get": Request("GET", f"/v1/shifts/{NOBODY}"),
    "track_store": Request(
        "PUT",
        f"/v1/tracks/{NOBODY}",
        body={
            "shift": NOBODY,
            "crs": "wgs84",
            "points": [{"at": "2026-11-23T09:10:00+08:00", "longitude": 116.4, "latitude": 39.91}],
        },
    ),
    "track_get": Request("GET", "/v1/tracks/days/2026-11-23"),
    "reading_list": Request("GET", "/v1/tracks/readings"),
    "position_list": Request("GET", "/v1/tracks/positions"),
    "checkpoint_list": Request("GET", "/v1/checkpoints"),
    "checkpoint_get": Request("GET", "/v1/checkpoints/none"),
    "checkpoint_put": Request("PUT", "/v1/checkpoints/matrix", body=GATE),
    "code_issue": Request("GET", "/v1/checkpoints/none/code"),
    "checkin_store": Request(
        "PUT",
        f"/v1/check-ins/{NOBODY}",
        body={"checkpoint": "none", "way": "geofence", "at": "2026-11-23T09:10:00+08:00"},
    ),
    "checkin_list": Request("GET", "/v1/check-ins"),
    "roster_list": Request("GET", "/v1/rosters"),
    "roster_get": Request("GET", "/v1/rosters/2026-11-23"),
    "roster_put": Request("PUT", "/v1/rosters/2026-11-23", body={"slots": []}),
    "plan_list": Request("GET", "/v1/patrols/plans"),
    "plan_get": Request("GET", "/v1/patrols/plans/none"),
    "plan_put": Request("PUT", "/v1/patrols/plans/matrix", body=PLAN),
    "round_list": Request("GET", "/v1/patrols/rounds", "from_on=2026-11-23"),
    "round_summary": Request("GET", "/v1/patrols/rounds/summary", "from_on=2026-11-23"),
    "figure_list": Request("GET", "/v1/patrols/figures", "by=officer&from_on=2026-11-23"),
    "figure_rows": Request(
        "GET", "/v1/patrols/figures/rows", "by=officer&key=none&figure=shifts&from_on=2026-11-23"
    ),
    "coverage_list": Request("GET", "/v1/patrols/coverage", "from_on=2026-11-23"),
    "coverage_summary": Request("GET", "/v1/patrols/coverage/summary", "from_on=2026-11-23"),
    "road_list": Request("GET", "/v1/patrols/roads", "from_on=2026-11-23"),
    "sync_list": Request("GET", "/v1/sync/waiting"),
    "queue_list": Request("GET", "/v1/queue"),
    "overdue_list": Request("GET", "/v1/overdue"),
    "overdue_summary": Request("GET", "/v1/overdue/summary", "by=unit"),
    "task_list": Request("GET", "/v1/tasks"),
    "task_get": Request("GET", f"/v1/tasks/{NOBODY}"),
    "task_refuse": Request("POST", f"/v1/tasks/{NOBODY}/refuse", body={"reason": "请假"}),
    "task_reassign": Request(
        "POST", f"/v1/tasks/{NOBODY}/hand-over", body={"officer": "officer05", "reason": "请假"}
    ),
    "nearby_get": Request("GET", "/v1/nearby", "longitude=116.404&latitude=39.915"),
    "lifecycle_get": Request("GET", "/v1/lifecycle"),
    "photo_store": Request("PUT", f"/v1/photos/{NOBODY}"),
    "photo_get": Request("GET", f"/v1/photos/{NOBODY}"),
    "upload_create": Request("POST", "/v1/uploads"),
    "upload_get": Request("HEAD", f"/v1/uploads/{NOBODY}"),
    "upload_append": Request("PATCH", f"/v1/uploads/{NOBODY}"),
    "upload_delete": Request("DELETE", f"/v1/uploads/{NOBODY}"),
    "catalog_get": Request("GET", "/v1/catalog"),
    "catalog_versions": Request("GET", "/v1/catalog/versions"),
    "catalog_import": Request("POST", "/v1/catalog/import", "dry_run=true"),
    "category_get": Request("GET", "/v1/catalog/classes/E0406"),
    "category_put": Request("PUT", "/v1/catalog/classes/E9999", body=CLASS),
    "grid_list": Request("GET", "/v1/grids"),
    "grid_get": Request("GET", "/v1/grids/990101001001"),
    "grid_locate": Request("GET", "/v1/grids/locate", "longitude=116.40&latitude=39.91&crs=wgs84"),
    "area_list": Request("GET", "/v1/areas"),
    "area_get": Request("GET", "/v1/areas/station"),
    "area_put": Request("PUT", "/v1/areas/matrix", body=AREA),
    "area_import": Request("POST", "/v1/areas/import", "crs=wgs84&dry_run=true", body=NO_FEATURES),
    "type_list": Request("GET", "/v1/place-types"),
    "place_list": Request("GET", "/v1/places"),
    "place_get": Request("GET", "/v1/places/none"),
    "place_put": Request("PUT", "/v1/places/matrix", body=MARKET),
    "place_import": Request("POST", "/v1/places/import", "crs=wgs84&dry_run=true", body=NO_FEATURES),
    "signer_list": Request("GET", "/v1/places/none/signers"),
    "grid_versions": Request("GET", "/v1/grids/990101001001/versions"),
    "grid_import": Request(
        "POST",
        "/v1/grids/import",
        "crs=wgs84&dry_run=true",
        body={"type": "FeatureCollection", "features": []},
    ),
    "deadline_explain": Request("GET", "/v1/deadlines/explain", "condition=E0406-1"),
    "dispatch_explain": Request(
        "GET", "/v1/dispatch/explain", "category=E0406&longitude=116.40&latitude=39.91"
    ),
    "reference_history": Request("GET", "/v1/reference/changes"),
    "policy_list": Request("GET", "/v1/policies"),
    "policy_put": Request("PUT", "/v1/policies", body={"values": {}}),
    "rule_list": Request("GET", "/v1/dispatch/rules"),
    "rule_get": Request("GET", "/v1/dispatch/rules/e0406"),
    "rule_put": Request("PUT", "/v1/dispatch/rules/matrix", body=RULE),
    "rule_export": Request("GET", "/v1/dispatch/rules.yaml"),
    "rule_import": Request("PUT", "/v1/dispatch/rules", "dry_run=true", body={"rules": []}),
    "rule_replay": Request("POST", "/v1/dispatch/dry-run", body={"deactivate": ["e0406"]}),
    "triage_resend": Request("POST", "/v1/dispatch/triage-run"),
    "signal_list": Request("GET", "/v1/signals"),
    "signal_get": Request("GET", "/v1/signals/1"),
    "signal_count": Request("GET", "/v1/signals/counts", "by=officer"),
    "signal_confirm": Request("POST", "/v1/signals/1/confirm", body={"version": 1, "reason": "seen"}),
    "signal_clear": Request("POST", "/v1/signals/1/clear", body={"version": 1, "reason": "seen"}),
    "notice_list": Request("GET", "/v1/notices"),
    "change_list": Request("GET", "/v1/changes"),
    "event_stream": Request("GET", "/v1/events"),
    "calendar_list": Request("GET", "/v1/calendars"),
    "calendar_get": Request("GET", "/v1/calendars/city"),
    "calendar_put": Request("PUT", "/v1/calendars/matrix", body=CALENDAR),
    "calendar_versions": Request("GET", "/v1/calendars/city/versions"),
    "unit_list": Request("GET", "/v1/units"),
    "unit_get": Request("GET", "/v1/units/cityscape"),
    "unit_put": Request("PUT", "/v1/units/matrix", body=DEPOT),
    "unit_import": Request("POST", "/v1/units/import", "dry_run=true"),
    "person_list": Request("GET", "/v1/people"),
    "person_get": Request("GET", "/v1/people/dispatcher"),
    "person_put": Request("PUT", "/v1/people/matrix", body=NEWCOMER),
    "person_import": Request("POST", "/v1/people/import", "dry_run=true"),
    "password_put": Request("PUT", "/v1/people/nobody/password", body={"password": "a long one, unguessed"}),
    "device_list": Request("GET", "/v1/devices"),
    "device_revoke": Request("DELETE", "/v1/devices/none"),
    "device_list_of_person": Request("GET", "/v1/people/dispatcher/devices"),
    "device_revoke_of_person": Request("DELETE", "/v1/people/dispatcher/devices/none"),
    "collect_put": Request("PUT", "/v1/devices/matrix/collect"),
    "form_list": Request("GET", "/openrosa/formList"),
    "form_get": Request("GET", "/openrosa/forms/gridpatrol_report"),
    "manifest_get": Request("GET", "/openrosa/forms/gridpatrol_check/manifest"),
    "media_get": Request("GET", "/openrosa/forms/gridpatrol_check/media/tickets.csv"),
    "submission_describe": Request("HEAD", "/openrosa/submission"),
    "submission_create": Request("POST", "/openrosa/submission"),
    "password_change": Request(
        "PUT", "/v1/me/password", body={"old_password": "not this one", "new_password": "not this one"}
    ),
}


async def test_every_operation_is_in_the_matrix(house: House) -> None:
    signed_in = contract.operations(house.app).keys() - PUBLIC_OPERATIONS
    assert signed_in == ROLES.keys() == REQUESTS.keys()
    methods = {
        (context.original_route.operation_id, method)
        for context in iter_route_contexts(house.app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.original_route.methods or ()
    }
    assert {(name, request.method) for name, request in REQUESTS.items()} <= methods


async def test_each_role_gets_into_its_operations_and_into_no_other(house: House) -> None:
    assert CALLERS.keys() == set(Role)
    for operation, request in REQUESTS.items():
        for role, username in CALLERS.items():
            caller = await house.caller(username)
            answer = await caller.request(
                request.method, f"{request.path}?{request.query}", json=request.body
            )
            told = f"{operation} by {role}: {answer.status_code} {answer.text[:200]}"
            if role in ROLES[operation].split():
                assert answer.status_code < 500, told
                assert answer.status_code not in {401, 403}, told
            else:
                assert answer.status_code == 403, told
                if request.method == "HEAD":
                    continue  # its answer has no body
                if request.path.startswith("/openrosa"):
                    assert problem_of(answer) == (403, "role_not_allowed"), told
                    continue
                assert answer.json()["code"] == "role_not_allowed", told
                assert answer.json()["roles"] == sorted(ROLES[operation].split()), told


@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c"])
async def test_nobody_gets_in_without_a_good_token(house: House, token: str | None) -> None:
    async with house.client(token) as stranger:
        for operation, request in REQUESTS.items():
            answer = await stranger.request(
                request.method, f"{request.path}?{request.query}", json=request.body
            )
            assert answer.status_code == 401, f"{operation}: {answer.status_code} {answer.text[:200]}"
            if request.path.startswith("/openrosa"):
                assert 'Basic realm="GridPatrol"' in answer.headers["www-authenticate"]
            elif request.method != "HEAD":  # whose answer has no body
                assert answer.json()["code"] == ("token_refused" if token else "not_signed_in"), operation
            assert answer.headers["www-authenticate"].startswith("Bearer"), operation


async def everything_listed(house: House, username: str) -> list[dict[str, Any]]:
    """Return the tickets in all lists of a person."""
    caller = await house.caller(username)
    found: list[dict[str, Any]] = []
    for path in ("/v1/tickets", "/v1/queue", "/v1/overdue"):
        answer = await caller.get(path, params={"limit": 200})
        assert answer.status_code == 200
        found += answer.json()["items"]
    return found


async def everything_counted(house: House, username: str) -> int:
    """Return the sum of all counts that a person gets."""
    caller = await house.caller(username)
    total = 0
    for by in ("state", "unit", "grid", "place", "category", "source", "light", "level"):
        answer = await caller.get("/v1/tickets/counts", params={"by": by})
        total += sum(item["count"] for item in answer.json()["items"])
    for by in ("unit", "grid", "category", "state", "level"):
        answer = await caller.get("/v1/overdue/summary", params={"by": by})
        total += sum(item["count"] for item in answer.json()["items"])
    counters = (await caller.get("/v1/me")).json()["counters"]
    return total + sum(counters.values())


async def test_whoever_has_no_part_in_a_ticket_does_not_learn_that_it_exists(house: House) -> None:
    before = await photo(house, FINDER, "before")
    ticket = await report(house, photos=[before])
    house.clock.turn(days=30)
    for username in ("member-sanitation", "lead-sanitation", "officer32"):
        stranger = await house.caller(username)
        for path in (
            f"/v1/tickets/{ticket['id']}",
            f"/v1/tickets/by-number/{ticket['number']}",
            f"/v1/tickets/{ticket['id']}/history",
            f"/v1/photos/{before}",
        ):
            theirs = await stranger.get(path)
            assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found"), f"{username} {path}"
        refused = await step(house, username, ticket, "accept")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), username
        assert await everything_listed(house, username) == []
        assert await everything_counted(house, username) == 0


async def test_a_ticket_of_somebody_else_and_one_that_is_not_there_are_answered_alike(house: House) -> None:
    ticket = await report(house)
    stranger = await house.caller("member-sanitation")
    theirs = await stranger.get(f"/v1/tickets/{ticket['id']}")
    nobodys = await stranger.get(f"/v1/tickets/{NOBODY}")
    assert theirs.text.replace(ticket["id"], NOBODY) == nobodys.text


async def test_whoever_has_a_part_in_a_ticket_sees_it_everywhere(house: House) -> None:
    before = await photo(house, FINDER, "before")
    ticket = await report(house, photos=[before])
    house.clock.turn(days=30)
    for username in (*CALLERS.values(), "officer02"):
        caller = await house.caller(username)
        for path in (
            f"/v1/tickets/{ticket['id']}",
            f"/v1/tickets/by-number/{ticket['number']}",
            f"/v1/tickets/{ticket['id']}/history",
            f"/v1/photos/{before}?variant=thumb",
        ):
            assert (await caller.get(path)).status_code == 200, f"{username} {path}"
        for path in ("/v1/tickets", "/v1/overdue"):
            items = (await caller.get(path)).json()["items"]
            assert [one["id"] for one in items] == [ticket["id"]], f"{username} {path}"
        assert await everything_counted(house, username) > 0


async def test_an_officer_sees_a_ticket_of_other_grids_that_she_reported_herself(house: House) -> None:
    ticket = await report(house, "officer32")
    visitor = await house.caller("officer32")
    assert (await visitor.get(f"/v1/tickets/{ticket['id']}")).status_code == 200
    assert [one["id"] for one in await everything_listed(house, "officer32")] == [ticket["id"]]


async def test_photos_that_are_on_no_ticket_are_their_owners_alone(house: House) -> None:
    loose = await photo(house, FINDER, "before")
    for username, status in {FINDER: 200, "officer02": 404, "member-cityscape": 404}.items():
        answer = await (await house.caller(username)).get(f"/v1/photos/{loose}")
        assert answer.status_code == status, username


async def test_originals_of_photos_are_for_the_desk(house: House) -> None:
    before = await photo(house, FINDER, "before")
    await report(house, photos=[before])
    for role, username in CALLERS.items():
        answer = await (await house.caller(username)).get(f"/v1/photos/{before}?variant=original")
        allowed = role in {"dispatcher", "supervisor", "administrator"}
        assert answer.status_code == (200 if allowed else 403), role


async def test_no_answer_tells_a_unit_which_officer_it_was(house: House) -> None:
    telling = await facts_about_officers(house)
    again = await rectified(house, description="又来了")
    check = await photo(house, CHECKER, "check")
    again = await stepped(house, CHECKER, again, "fail_check", reason="未清理干净", photos=[check])
    done = await rectified(house)
    check = await photo(house, CHECKER, "check")
    done = await stepped(house, CHECKER, done, "pass_check", photos=[check])
    house.clock.turn(days=30)
    unit = await house.caller("lead-cityscape")
    marks = ("state", "unit", "grid", "category", "source", "light", "level")
    paths = [
        *(
            f"/v1/tickets/{ticket['id']}{part}"
            for ticket in (done, again)
            for part in ("", "/history", "/history?verify=true")
        ),
        f"/v1/tickets/by-number/{done['number']}",
        f"/v1/grids/{done['grid']['code']}",
        "/v1/grids/locate?longitude=116.404&latitude=39.915&crs=wgs84",
        *(f"{one.path}?{one.query}" for one in REQUESTS.values() if one.method == "GET"),
        *(f"/v1/tickets/counts?by={mark}" for mark in marks),
    ]
    for path in paths:
        for language, accepted in (("zh", "application/json"), ("en", "application/geo+json")):
            answer = await unit.get(path, headers={"Accept-Language": language, "Accept": accepted})
            assert not [fact for fact in telling if fact in answer.text], path
    refused = await step(house, "lead-cityscape", done, "accept")
    assert refused.status_code == 409
    assert not [fact for fact in telling if fact in refused.text]


async def facts_about_officers(house: House) -> set[str]:
    """Return everything by which an officer can be told: ids, user names, names, numbers."""
    facts = (
        col(Person.id),
        col(Person.username),
        col(Person.name),
        col(Person.phone),
        col(Person.officer_number),
    )
    async with house.database.read() as session:
        officers = (await session.execute(select(*facts).where(col(Person.role) == Role.OFFICER))).all()
    return {str(fact) for officer in officers for fact in officer if fact is not None}


async def test_a_unit_can_not_find_out_by_a_filter_which_officer_reported_a_ticket(house: House) -> None:
    await report(house)
    unit = await house.caller("member-cityscape")
    for path in ("/v1/tickets", "/v1/overdue", "/v1/tickets/counts?by=state"):
        answers = [await unit.get(path, params={"reporter": name}) for name in (FINDER, CHECKER)]
        assert answers[0].text == answers[1].text, path
