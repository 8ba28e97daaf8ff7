"""Bad input: each is refused by name, as a problem, and nothing of it is stored."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from api.models import IdempotencyKey, Report, Ticket, TicketClock, TicketEvent
from tests.conftest import House
from tests.http.walking import FINDER, UNIT, photo, report, stall

TABLES = (Report, Ticket, TicketEvent, TicketClock, IdempotencyKey)
HERE = {"longitude": 116.404, "latitude": 39.915, "crs": "wgs84"}
FAR_PAST, FAR_FUTURE = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"


async def row_counts(house: House) -> list[int]:
    """Count the rows that reports and steps write."""
    async with house.database.read() as session:
        return [
            (await session.execute(select(func.count()).select_from(table))).scalar_one() for table in TABLES
        ]


@pytest.fixture
async def unchanged(house: House) -> AsyncIterator[House]:
    """Return a house with one ticket, and hold afterwards that no row came or went."""
    await report(house)
    before = await row_counts(house)
    yield house
    assert await row_counts(house) == before


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a problem: the code of the one wrong field where there is one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["title"]
    assert "detail" in told or "errors" in told
    if told["code"] == "invalid":
        return answer.status_code, told["errors"][0]["code"]
    return answer.status_code, told["code"]


async def refused_report(house: House, body: Any, username: str = FINDER) -> httpx.Response:  # noqa: ANN401  any JSON
    """Send what is no report, as JSON; the encoder lets NaN and lone surrogates pass."""
    caller = await house.caller(username)
    return await caller.put(
        f"/v1/reports/{uuid4()}", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )


WRONG_REPORTS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown class": ({"category": "E9999"}, "category_unknown"),
    "a class that is no code": ({"category": "../../etc"}, "string_pattern_mismatch"),
    "an unknown condition": ({"condition": 99}, "condition_unknown"),
    "a condition of zero": ({"condition": 0}, "greater_than_equal"),
    "a condition beyond all integers": ({"condition": 10**30}, "less_than_equal"),
    "a condition and a half": ({"condition": 1.5}, "int_from_float"),
    "a place without its coordinate system": (
        {"place": {"longitude": 116.4, "latitude": 39.9}},
        "missing",
    ),
    "an unknown coordinate system": ({"place": {**HERE, "crs": "utm50"}}, "enum"),
    "a longitude outside the earth": ({"place": {**HERE, "longitude": 180.1}}, "less_than_equal"),
    "a latitude outside the earth": ({"place": {**HERE, "latitude": -90.1}}, "greater_than_equal"),
    "a longitude that is no number": ({"place": {**HERE, "longitude": float("nan")}}, "finite_number"),
    "an infinite latitude": ({"place": {**HERE, "latitude": float("inf")}}, "finite_number"),
    "an infinitely bad fix": ({"place": {**HERE, "accuracy_m": float("inf")}}, "finite_number"),
    "a negative accuracy": ({"place": {**HERE, "accuracy_m": -1}}, "greater_than_equal"),
    "a provider with too long a name": ({"place": {**HERE, "provider": "g" * 33}}, "string_too_long"),
    "an unknown member of the place": ({"place": {**HERE, "altitude": 50}}, "extra_forbidden"),
    "an unknown field": ({"urgent": True}, "extra_forbidden"),
    "a field that only answers have": ({"state": "closed"}, "extra_forbidden"),
    "a time without an offset": ({"observed_at": "2026-11-23T09:28:00"}, "timezone_aware"),
    "a time in the future": ({"observed_at": "2026-11-23T09:36:00+08:00"}, "time_in_future"),
    "a fix from the future": ({"place": {**HERE, "fixed_at": "2026-11-24T09:36:00+08:00"}}, "time_in_future"),
    "a time that is no time": ({"observed_at": "yesterday"}, "value_error"),
    "a time in seconds": ({"observed_at": 1_700_000_000}, "value_error"),
    "a time in seconds, as text": ({"observed_at": "1700000000"}, "value_error"),
    "a day without a time": ({"observed_at": "2026-11-23"}, "value_error"),
    "a time before all times": ({"observed_at": FAR_PAST}, "time_too_early"),
    "a fix before all times": ({"place": {**HERE, "fixed_at": FAR_PAST}}, "time_too_early"),
    "a time after all times": ({"observed_at": FAR_FUTURE}, "time_in_future"),
    "a text with a NUL": ({"description": "a\x00b"}, "value_error"),
    "an address with a bell": ({"address": "a\x07b"}, "value_error"),
    "a lone surrogate": ({"description": "a\ud800b"}, "string_unicode"),
    "a lone surrogate in the address": ({"address": "\udfff"}, "string_unicode"),
    "a text that is too long": ({"description": "水" * 2001}, "string_too_long"),
    "a number for a text": ({"description": 5}, "string_type"),
    "a hundred photos": ({"photos": [str(uuid4()) for _ in range(100)]}, "too_long"),
    "a photo that is no id": ({"photos": ["IMG_0001.jpg"]}, "uuid_parsing"),
    "photos that are not a list": ({"photos": str(uuid4())}, "list_type"),
    "an unknown source": ({"source": "rumour"}, "enum"),
    "a source of another role": ({"source": "hotline"}, "source_not_yours"),
    "an unknown priority": ({"priority": "extreme"}, "enum"),
    "a fix on the spot without photos": ({"self_fix": True}, "evidence_missing"),
    "no time at all": ({"observed_at": None}, "datetime_type"),
}


async def test_a_wrong_report_is_refused_by_name_and_leaves_nothing(unchanged: House) -> None:
    found = {
        name: code_of(await refused_report(unchanged, stall(unchanged) | wrong))
        for name, (wrong, _) in WRONG_REPORTS.items()
    }
    assert found == {name: (422, code) for name, (_, code) in WRONG_REPORTS.items()}


@pytest.mark.parametrize("body", [None, [], "a report", 5, True])
async def test_what_is_no_object_is_no_report(unchanged: House, body: Any) -> None:  # noqa: ANN401  any JSON
    assert (await refused_report(unchanged, body)).status_code == 422


UNREADABLE = {
    "broken JSON": b'{"category": "E0406", ',
    "two documents": b"{} {}",
    "no UTF-8": b'{"description": "\xff\xfe"}',
    "nothing at all": b"",
    "a number too long to read": b'{"condition": ' + b"9" * 5000 + b"}",
    "nesting without an end": b'{"place": ' * 100_000,
}


async def test_a_body_that_can_not_be_read_is_said_to_be_unreadable(unchanged: House) -> None:
    officer = await unchanged.caller(FINDER)
    for name, body in UNREADABLE.items():
        answer = await officer.put(
            f"/v1/reports/{uuid4()}", content=body, headers={"Content-Type": "application/json"}
        )
        status, code = code_of(answer)
        assert (status, code) == (400, "unreadable") or (name == "nothing at all" and status == 422), name


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", None]
)
async def test_a_report_that_does_not_say_that_it_is_json_is_refused(
    unchanged: House, media_type: str | None
) -> None:
    officer = await unchanged.caller(FINDER)
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await officer.put(
        f"/v1/reports/{uuid4()}", content=json.dumps(stall(unchanged)), headers=headers
    )
    assert code_of(answer) == (415, "not_json")


async def test_a_description_of_two_megabytes_is_too_large(unchanged: House) -> None:
    body = stall(unchanged, description="a" * 2_000_000)
    assert code_of(await refused_report(unchanged, body)) == (413, "too_large")


async def test_a_body_that_does_not_announce_its_length_is_counted(unchanged: House) -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b'{"description": "'
        for _ in range(64):
            yield b"a" * 65_536

    officer = await unchanged.caller(FINDER)
    answer = await officer.put(
        f"/v1/reports/{uuid4()}", content=drip(), headers={"Content-Type": "application/json"}
    )
    assert code_of(answer) == (413, "too_large")


async def test_an_id_that_is_no_uuid_is_wrong(unchanged: House) -> None:
    officer = await unchanged.caller(FINDER)
    answer = await officer.put("/v1/reports/42", json=stall(unchanged))
    assert code_of(answer) == (422, "uuid_parsing")


async def test_photos_of_somebody_else_are_refused(unchanged: House) -> None:
    theirs = await photo(unchanged, "officer02", "before")
    assert code_of(await refused_report(unchanged, stall(unchanged, photos=[theirs]))) == (
        422,
        "photo_not_yours",
    )


@pytest.mark.parametrize("username", ["member-cityscape", "lead-cityscape", "admin"])
async def test_roles_that_do_not_report_are_told_so(unchanged: House, username: str) -> None:
    answer = await refused_report(unchanged, stall(unchanged), username)
    assert code_of(answer) == (403, "role_not_allowed")


WRONG_STEPS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "an unknown action": ({"action": "vanish"}, (422, "enum")),
    "an action of another state": ({"action": "rectify"}, (409, "step_refused")),
    "an action that only begins a ticket": ({"action": "report"}, (409, "step_refused")),
    "an old version": ({"version": 1}, (409, "version_conflict")),
    "a version of zero": ({"version": 0}, (422, "greater_than_equal")),
    "a version beyond the column": ({"version": 2**31}, (422, "less_than_equal")),
    "no version": ({"version": None}, (428, "version_needed")),
    "a note with a NUL": ({"note": "\x00"}, (422, "value_error")),
    "a note with a lone surrogate": ({"note": "\ud800"}, (422, "string_unicode")),
    "a time in the future": ({"at": FAR_FUTURE}, (422, "time_in_future")),
    "a time without an offset": ({"at": "2026-11-23T09:28:00"}, (422, "timezone_aware")),
    "a time before all times": ({"at": FAR_PAST}, (422, "time_too_early")),
    "a photo that nobody has": ({"photos": [str(uuid4())]}, (422, "photo_unknown")),
    "twenty-one photos": ({"photos": [str(uuid4()) for _ in range(21)]}, (422, "too_long")),
    "an unknown field": ({"force": True}, (422, "extra_forbidden")),
}


async def test_a_wrong_step_is_refused_by_name_and_leaves_nothing(unchanged: House) -> None:
    member = await unchanged.caller(f"member-{UNIT}")
    ticket = (await member.get("/v1/queue")).json()["items"][0]
    found: dict[str, tuple[int, str]] = {}
    for name, (wrong, _) in WRONG_STEPS.items():
        body = {"action": "accept", "version": ticket["version"]} | wrong
        found[name] = code_of(
            await member.post(
                f"/v1/tickets/{ticket['id']}/steps",
                content=json.dumps(body),
                headers={"Content-Type": "application/json"},
            )
        )
    assert found == {name: told for name, (_, told) in WRONG_STEPS.items()}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"If-Match": '"99"'}, "version_contradicts"),
        ({"If-Match": "nonsense"}, "if_match_wrong"),
        ({"If-Match": 'W/"3"'}, "if_match_wrong"),
        ({"If-Match": "*"}, "if_match_wrong"),
        ({"Idempotency-Key": "with space"}, "string_pattern_mismatch"),
        ({"Idempotency-Key": "k" * 129}, "string_too_long"),
    ],
)
async def test_headers_of_a_step_that_can_not_be_meant_are_refused(
    unchanged: House, headers: dict[str, str], code: str
) -> None:
    member = await unchanged.caller(f"member-{UNIT}")
    ticket = (await member.get("/v1/queue")).json()["items"][0]
    answer = await member.post(
        f"/v1/tickets/{ticket['id']}/steps",
        json={"action": "accept", "version": ticket["version"]},
        headers=headers,
    )
    assert code_of(answer) == (422, code)


WRONG_QUERIES = {
    "/v1/tickets?limit=0": "greater_than_equal",
    "/v1/tickets?limit=201": "less_than_equal",
    "/v1/tickets?limit=1000000000": "less_than_equal",
    "/v1/tickets?limit=many": "int_parsing",
    "/v1/tickets?cursor=nonsense": "cursor_wrong",
    "/v1/tickets?cursor=%00": "cursor_wrong",
    "/v1/tickets?cursor=W10": "cursor_wrong",
    "/v1/tickets?colour=red": "query_unknown",
    "/v1/tickets?States=closed": "query_unknown",
    "/v1/tickets?state=closed&state=filed": "query_repeated",
    "/v1/tickets?state=asleep": "state_unknown",
    "/v1/tickets?unit=nobody": "unit_unknown",
    "/v1/tickets?grid=%25": "string_pattern_mismatch",
    "/v1/tickets?category=0406": "string_pattern_mismatch",
    "/v1/tickets?source=rumour": "enum",
    "/v1/tickets?light=blue": "enum",
    "/v1/tickets?overdue=perhaps": "bool_parsing",
    "/v1/tickets?due_before=tomorrow": "value_error",
    "/v1/tickets?due_before=2026-11-23T09:28:00": "timezone_aware",
    "/v1/tickets?order=number": "string_pattern_mismatch",
    "/v1/tickets?q=x": "string_too_short",
    "/v1/tickets?q=%00%00": "value_error",
    "/v1/tickets?reporter=%00": "value_error",
    "/v1/tickets?bbox=1,2,3": "bbox_wrong",
    "/v1/tickets?bbox=nan,0,1,1": "bbox_wrong",
    "/v1/tickets?bbox=2,0,1,1": "bbox_wrong",
    "/v1/tickets?near=116.4,39.9,-5": "near_wrong",
    "/v1/tickets?near=116.4,39.9,inf": "near_wrong",
    "/v1/tickets?near=500,39.9,5": "near_wrong",
    "/v1/tickets?campaign=42": "uuid_parsing",
    "/v1/tickets?campaign=00000000-0000-4000-8000-000000000000": "campaign_unknown",
    "/v1/tickets/42": "uuid_parsing",
    "/v1/tickets/counts": "missing",
    "/v1/tickets/counts?by=colour": "enum",
    "/v1/tickets/counts?by=state&limit=5": "query_unknown",
    "/v1/queue?state=closed": "query_unknown",
    "/v1/overdue?overdue_more_than_s=-1": "greater_than_equal",
    "/v1/overdue?stage=sleep": "enum",
    "/v1/overdue/summary?by=source": "enum",
    "/v1/grids?level=planet": "enum",
    "/v1/grids?cursor=nonsense": "cursor_wrong",
    "/v1/grids/locate?longitude=116.4&latitude=nan&crs=wgs84": "finite_number",
    "/v1/grids/locate?longitude=116.4": "missing",
    "/v1/me?verbose=1": "query_unknown",
}


async def test_a_wrong_query_is_refused_by_name(unchanged: House) -> None:
    supervisor = await unchanged.caller("supervisor")
    found = {query: code_of(await supervisor.get(query)) for query in WRONG_QUERIES}
    assert found == {query: (422, code) for query, code in WRONG_QUERIES.items()}


FAR_QUERIES = [
    f"/v1/{path}{name}={at.replace('+', '%2B')}"
    for path in ("tickets?", "overdue?", "tickets/counts?by=state&")
    for name in ("due_before", "due_after", "filed_before", "filed_after")
    for at in (FAR_PAST, FAR_FUTURE)
]


async def test_times_at_the_ends_of_time_are_times_like_others_in_filters(unchanged: House) -> None:
    supervisor = await unchanged.caller("supervisor")
    for query in FAR_QUERIES:
        assert (await supervisor.get(query)).status_code == 200, query


async def test_a_cursor_serves_the_list_that_it_came_from_and_no_other(house: House) -> None:
    await report(house)
    await report(house)
    supervisor = await house.caller("supervisor")
    cursor = (await supervisor.get("/v1/tickets?limit=1")).json()["next"]
    assert cursor
    assert (await supervisor.get("/v1/tickets", params={"limit": 1, "cursor": cursor})).status_code == 200
    for other in ("tickets?order=-filed_at&", "tickets?state=assigned&", "overdue?", "queue?"):
        answer = await supervisor.get(f"/v1/{other}cursor={cursor}")
        assert code_of(answer) == (422, "cursor_wrong"), other


@pytest.mark.parametrize("number", ["%00", "a%00b", "%ED%A0%80", "E0406-20261123-999999", "' OR 1=1 --"])
async def test_a_number_that_no_ticket_has_is_not_found_or_refused(unchanged: House, number: str) -> None:
    supervisor = await unchanged.caller("supervisor")
    status, code = code_of(await supervisor.get(f"/v1/tickets/by-number/{number}"))
    assert (status, code) in {(404, "not_found"), (422, "value_error")}


async def test_an_address_that_is_not_there_and_a_method_that_is_not_taken_are_problems(
    unchanged: House,
) -> None:
    supervisor = await unchanged.caller("supervisor")
    assert code_of(await supervisor.get("/v1/nowhere")) == (404, "not_found")
    wrong = await supervisor.delete("/v1/tickets")
    assert code_of(wrong) == (405, "method_not_allowed")
    assert wrong.headers["allow"]


async def test_a_problem_tells_where_each_wrong_field_stands(unchanged: House) -> None:
    wrong = stall(unchanged) | {"place": {**HERE, "latitude": 91}, "photos": [str(uuid4()), "x"]}
    answer = (await refused_report(unchanged, wrong)).json()
    assert {error["pointer"] for error in answer["errors"]} == {"/place/latitude", "/photos/1"}
