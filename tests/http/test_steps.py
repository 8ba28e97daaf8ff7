"""The straight way of a ticket and its nearest side ways, as the people of the street walk them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.conftest import House
from tests.http.walking import (
    CHECKER,
    FINDER,
    UNIT,
    accepted,
    photo,
    rectified,
    report,
    stall,
    step,
    stepped,
)

MEMBER, LEAD = f"member-{UNIT}", f"lead-{UNIT}"


async def test_a_ticket_goes_from_report_to_closure(house: House) -> None:
    before = await photo(house, FINDER, "before")
    ticket = await report(house, photos=[before])
    assert (ticket["state"], ticket["unit"]["code"]) == ("assigned", UNIT)
    ticket = await stepped(house, MEMBER, ticket, "accept")
    assert ticket["state"] == "in_progress"
    house.clock.turn(minutes=20)
    after = await photo(house, MEMBER, "after")
    ticket = await stepped(house, MEMBER, ticket, "rectify", note="已劝离", photos=[after])
    assert (ticket["state"], ticket["stage"]) == ("rectified", "check")
    house.clock.turn(minutes=20)
    check = await photo(house, CHECKER, "check")
    ticket = await stepped(house, CHECKER, ticket, "pass_check", photos=[check])
    assert ticket["state"] == "closed"
    assert ticket["closed_at"]
    assert ticket["actions"] == ["reopen"]
    assert [one["id"] for one in ticket["photos"]] == [before, after, check]


async def test_the_history_tells_every_step_and_verifies(house: House) -> None:
    ticket = await rectified(house)
    supervisor = await house.caller("supervisor")
    history = (await supervisor.get(f"/v1/tickets/{ticket['id']}/history?verify=true")).json()
    assert [event["action"] for event in history["items"]] == [
        "report",
        "file",
        "dispatch",
        "accept",
        "rectify",
    ]
    assert [event["actor"]["role"] for event in history["items"]] == [
        "officer",
        None,
        None,
        "unit_member",
        "unit_member",
    ]
    assert history["verified"] is True


async def test_a_failed_check_sends_the_ticket_back_and_the_old_clock_runs_on(house: House) -> None:
    ticket = await accepted(house)
    due_at = datetime.fromisoformat(ticket["due_at"])
    house.clock.turn(minutes=30)
    after = await photo(house, MEMBER, "after")
    ticket = await stepped(house, MEMBER, ticket, "rectify", note="已劝离", photos=[after])
    house.clock.turn(minutes=45)
    check = await photo(house, CHECKER, "check")
    ticket = await stepped(house, CHECKER, ticket, "fail_check", reason="摊贩仍在", photos=[check])
    assert (ticket["state"], ticket["rework_count"]) == ("in_progress", 1)
    # E0406 counts around the clock: the check's 45 minutes are not the unit's.
    assert datetime.fromisoformat(ticket["due_at"]) == due_at + timedelta(minutes=45)


async def test_rectifying_needs_an_after_photo_and_a_note(house: House) -> None:
    ticket = await accepted(house)
    answer = await step(house, MEMBER, ticket, "rectify")
    assert answer.status_code == 422
    assert answer.json()["code"] == "evidence_missing"
    assert answer.json()["missing"] == ["after_photo", "note"]


async def test_a_before_photo_does_not_prove_a_repair(house: House) -> None:
    ticket = await accepted(house)
    before = await photo(house, MEMBER, "before")
    answer = await step(house, MEMBER, ticket, "rectify", note="已劝离", photos=[before])
    assert answer.json()["missing"] == ["after_photo"]
    # Refused, the step left the photo free for where it belongs.
    evidence = await photo(house, MEMBER, "after")
    await stepped(house, MEMBER, ticket, "rectify", note="已劝离", photos=[before, evidence])


async def test_noise_is_rectified_and_checked_without_a_photo(house: House) -> None:
    ticket = await accepted(house, category="E0301")  # 施工扰民: a photo would prove nothing
    member = f"member-{ticket['unit']['code']}"
    silent = await step(house, member, ticket, "rectify")
    assert (silent.status_code, silent.json()["missing"]) == (422, ["note"])
    ticket = await stepped(house, member, ticket, "rectify", note="已停止夜间施工")
    assert ticket["state"] == "rectified"
    ticket = await stepped(house, CHECKER, ticket, "pass_check")
    assert (ticket["state"], ticket["photos"]) == ("closed", [])


async def test_the_finder_does_not_check(house: House) -> None:
    ticket = await rectified(house)
    check = await photo(house, FINDER, "check")
    answer = await step(house, FINDER, ticket, "pass_check", photos=[check])
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_step")
    finder = await house.caller(FINDER)
    seen = (await finder.get(f"/v1/tickets/{ticket['id']}")).json()
    assert "pass_check" not in seen["actions"]


async def test_a_unit_does_not_check_its_own_work(house: House) -> None:
    ticket = await rectified(house)
    answer = await step(house, LEAD, ticket, "pass_check")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_step")
    assert answer.json()["roles"] == ["officer", "supervisor"]


async def test_a_lead_hands_over_to_somebody_of_the_unit_only(house: House) -> None:
    ticket = await accepted(house)
    answer = await step(house, LEAD, ticket, "hand_over", handler="member-sanitation")
    assert (answer.status_code, answer.json()["code"]) == (422, "handler_unknown")
    lead = (await (await house.caller(LEAD)).get("/v1/me")).json()["person"]
    assert ticket["handler"]["name"] != lead["name"]
    ticket = await stepped(house, LEAD, ticket, "hand_over", handler=LEAD)
    assert (ticket["state"], ticket["handler"]["name"]) == ("in_progress", lead["name"])
    answer = await step(house, MEMBER, ticket, "hand_over", handler=MEMBER)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_step")


async def test_a_step_on_an_old_version_is_a_conflict_with_the_present_state(house: House) -> None:
    ticket = await report(house)
    await stepped(house, MEMBER, ticket, "accept")
    answer = await step(house, LEAD, ticket, "accept")
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["state"]) == ("version_conflict", "in_progress")
    assert problem["version"] == ticket["version"] + 1
    assert "hand_over" in problem["actions"]


async def test_a_step_that_the_state_does_not_know_is_refused_with_what_is_possible(house: House) -> None:
    ticket = await report(house)
    answer = await step(house, MEMBER, ticket, "rectify", note="已劝离")
    assert answer.status_code == 409
    refused = answer.json()
    assert (refused["code"], refused["state"], refused["actions"]) == (
        "step_refused",
        "assigned",
        ["accept", "return", "escalate"],
    )


async def test_a_step_needs_the_version_that_was_seen(house: House) -> None:
    ticket = await report(house)
    member = await house.caller(MEMBER)
    blind = await member.post(f"/v1/tickets/{ticket['id']}/steps", json={"action": "accept"})
    assert (blind.status_code, blind.json()["code"]) == (428, "version_needed")
    seen = await member.get(f"/v1/tickets/{ticket['id']}")
    taken = await member.post(
        f"/v1/tickets/{ticket['id']}/steps",
        json={"action": "accept"},
        headers={"If-Match": seen.headers["ETag"]},
    )
    assert taken.status_code == 200


async def test_a_ticket_that_has_not_changed_is_not_sent_twice(house: House) -> None:
    ticket = await report(house)
    finder = await house.caller(FINDER)
    first = await finder.get(f"/v1/tickets/{ticket['id']}")
    again = await finder.get(f"/v1/tickets/{ticket['id']}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    await stepped(house, MEMBER, ticket, "accept")
    changed = await finder.get(
        f"/v1/tickets/{ticket['id']}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert changed.status_code == 200


async def test_a_hotline_tip_waits_for_a_dispatcher_who_files_it(house: House) -> None:
    ticket = await report(house, "dispatcher", source="hotline")
    assert (ticket["state"], ticket["triage"]["code"]) == ("reported", "not_an_officer")
    ticket = await stepped(house, "dispatcher", ticket, "file", condition=1)
    assert (ticket["state"], ticket["triage"]) == ("assigned", None)


async def test_a_tip_that_is_no_case_is_rejected_with_a_reason(house: House) -> None:
    ticket = await report(house, "dispatcher", source="citizen")
    bare = await step(house, "dispatcher", ticket, "reject")
    assert bare.json()["missing"] == ["reason"]
    ticket = await stepped(house, "dispatcher", ticket, "reject", reason="不属于城市管理范围")
    assert (ticket["state"], ticket["due_at"]) == ("rejected", None)


async def test_a_report_outside_all_grids_goes_to_triage_and_can_be_filed_there(house: House) -> None:
    far = {"longitude": 116.5, "latitude": 39.8, "crs": "wgs84"}
    ticket = await report(house, place=far)
    assert (ticket["state"], ticket["triage"]["code"], ticket["grid"]) == ("reported", "outside_grids", None)
    ticket = await stepped(house, "dispatcher", ticket, "file", grid="990101001001001")
    assert (ticket["state"], ticket["grid"]["code"]) == ("assigned", "990101001001001")


async def test_a_report_waits_for_its_photos_and_is_filed_when_the_last_arrives(house: House) -> None:
    finder = await house.caller(FINDER)
    picture_id = str(uuid4())
    answer = await finder.put(f"/v1/reports/{uuid4()}", json=stall(house, photos=[picture_id]))
    filed = answer.json()
    assert filed["report"]["awaited_photos"] == [picture_id]
    assert filed["ticket"]["triage"]["code"] == "photos_awaited"
    assert (filed["ticket"]["state"], filed["ticket"]["photos"]) == ("reported", [])
    house.clock.turn(minutes=3)
    await photo(house, FINDER, "before", photo_id=picture_id)
    ticket = (await finder.get(f"/v1/tickets/{filed['ticket']['id']}")).json()
    assert (ticket["state"], ticket["triage"]) == ("assigned", None)
    assert [one["id"] for one in ticket["photos"]] == [picture_id]
    assert datetime.fromisoformat(ticket["filed_at"]) == house.clock.now


async def test_a_photo_that_no_ticket_has_is_seen_by_its_officer_alone(house: House) -> None:
    photo_id = await photo(house, FINDER, "before")
    for username, status in ((FINDER, 200), (CHECKER, 404), ("supervisor", 404)):
        seen = await (await house.caller(username)).get(f"/v1/photos/{photo_id}?variant=screen")
        assert seen.status_code == status, username


async def test_a_fix_on_the_spot_is_closed_at_once_with_both_photos(house: House) -> None:
    before, after = await photo(house, FINDER, "before"), await photo(house, FINDER, "after")
    on_the_spot: dict[str, Any] = {"category": "P0104", "condition": 3, "self_fix": True}
    ticket = await report(house, **on_the_spot, photos=[before, after])
    assert (ticket["state"], ticket["self_fixed"], ticket["unit"]) == ("closed", True, None)
    finder = await house.caller(FINDER)
    alone = await finder.put(f"/v1/reports/{uuid4()}", json=stall(house, **on_the_spot))
    assert (alone.status_code, alone.json()["missing"]) == (422, ["after_photo", "before_photo"])
    heavy = await finder.put(f"/v1/reports/{uuid4()}", json=stall(house, category="P0101", self_fix=True))
    assert (heavy.status_code, heavy.json()["code"]) == (422, "self_fix_not_allowed")


async def test_somebody_elses_photo_proves_nothing(house: House) -> None:
    theirs = await photo(house, CHECKER, "before")
    finder = await house.caller(FINDER)
    answer = await finder.put(f"/v1/reports/{uuid4()}", json=stall(house, photos=[theirs]))
    assert (answer.status_code, answer.json()["code"]) == (422, "photo_not_yours")


async def test_a_ticket_is_not_dispatched_before_it_is_filed(house: House) -> None:
    ticket = await report(house, "dispatcher", source="hotline")
    answer = await step(house, "dispatcher", ticket, "dispatch", unit="sanitation")
    assert (answer.status_code, answer.json()["code"]) == (409, "step_refused")
    assert answer.json()["actions"] == ["ask_verification", "file", "reject", "merge", "void"]


async def test_a_dispatcher_sends_on_what_no_rule_takes(house: House) -> None:
    nowhere = {"longitude": 116.5, "latitude": 39.8, "crs": "wgs84"}
    ticket = await report(house, category="E0604", place=nowhere)
    ticket = await stepped(house, "dispatcher", ticket, "file")
    assert (ticket["state"], ticket["triage"]["code"], ticket["unit"]) == ("filed", "no_rule", None)
    unknown = await step(house, "dispatcher", ticket, "dispatch", unit="navy")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unit_unknown")
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="sanitation")
    assert (ticket["state"], ticket["triage"]) == ("assigned", None)
    assert (ticket["unit"]["code"], ticket["dispatch"]["rule_id"]) == ("sanitation", None)


async def test_a_step_sent_twice_with_its_key_is_taken_once(house: House) -> None:
    ticket = await report(house)
    member = await house.caller(MEMBER)
    body = {"action": "accept", "version": ticket["version"]}
    url, key = f"/v1/tickets/{ticket['id']}/steps", {"Idempotency-Key": "phone-1-step-7"}
    first = await member.post(url, json=body, headers=key)
    again = await member.post(url, json=body, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    other = await member.post(url, json={**body, "note": "x"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
