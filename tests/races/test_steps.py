"""Many hands on one ticket: one wins, the others learn how it stands, nothing is lost and nothing done twice."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx

from tests.conftest import House
from tests.http.walking import CHECKER, UNIT, accepted, photo, rectified, report

AT_ONCE = 50


async def stepped_at_once(
    house: House, usernames: list[str], ticket: dict[str, Any], body: dict[str, Any], key: str | None = None
) -> list[httpx.Response]:
    """Let all of them take the same step at the same time."""
    path, headers = f"/v1/tickets/{ticket['id']}/steps", {"Idempotency-Key": key} if key else {}
    callers = [await house.caller(username) for username in usernames]
    return await asyncio.gather(*(caller.post(path, json=body, headers=headers) for caller in callers))


async def history(house: House, ticket: dict[str, Any]) -> list[str]:
    """Return the actions of a ticket's history, which must verify."""
    supervisor = await house.caller("supervisor")
    answer = (await supervisor.get(f"/v1/tickets/{ticket['id']}/history?verify=true")).json()
    assert answer["verified"] is True
    return [event["action"] for event in answer["items"]]


async def test_of_fifty_identical_steps_at_once_one_is_taken_and_the_others_see_how_it_stands(
    house: House,
) -> None:
    ticket = await report(house)
    body = {"action": "accept", "version": ticket["version"]}
    answers = await stepped_at_once(house, [f"member-{UNIT}"] * AT_ONCE, ticket, body)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    for answer in answers:
        told = answer.json()
        assert (told["state"], told["version"]) == ("in_progress", ticket["version"] + 1)
        assert answer.status_code == 200 or told["code"] == "version_conflict"
    assert await history(house, ticket) == ["report", "file", "dispatch", "accept"]


async def test_of_a_correction_and_a_signature_at_once_one_is_taken_and_the_other_sees_how_it_stands(
    house: House,
) -> None:
    for _ in range(8):
        ticket = await report(house)
        path, seen = f"/v1/tickets/{ticket['id']}/steps", {"version": ticket["version"]}
        desk, member = await house.caller("dispatcher"), await house.caller(f"member-{UNIT}")
        correction = {"action": "correct", "category": "E0110", "condition": 1, "reason": "类别填错"}
        answers = await asyncio.gather(
            desk.post(path, json=correction | seen), member.post(path, json={"action": "accept"} | seen)
        )
        corrected, signed = (answer.status_code == 200 for answer in answers)
        assert corrected != signed, [answer.text for answer in answers]
        # A unit that lost its ticket doesn't see it any more.
        assert answers[0 if signed else 1].status_code in ({409} if signed else {404, 409})
        after = ["correct", "redispatch"] if corrected else ["accept"]
        assert await history(house, ticket) == ["report", "file", "dispatch", *after]


async def test_fifty_identical_steps_with_one_key_are_one_step_and_no_conflict(house: House) -> None:
    ticket = await report(house)
    body = {"action": "accept", "version": ticket["version"]}
    answers = await stepped_at_once(house, [f"member-{UNIT}"] * AT_ONCE, ticket, body, key=str(uuid4()))
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    assert len({answer.text for answer in answers}) == 1
    assert await history(house, ticket) == ["report", "file", "dispatch", "accept"]


async def test_a_step_with_photos_taken_by_many_at_once_is_taken_once(house: House) -> None:
    ticket, member = await accepted(house), f"member-{UNIT}"
    after = await photo(house, member, "after")
    body = {"action": "rectify", "version": ticket["version"], "note": "已劝离", "photos": [after]}
    answers = await stepped_at_once(house, [member] * AT_ONCE, ticket, body)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert (await history(house, ticket))[-2:] == ["accept", "rectify"]


async def test_who_passes_and_who_fails_the_same_check_at_once_do_not_both_have_their_way(
    house: House,
) -> None:
    ticket = await rectified(house)
    people = [CHECKER, "supervisor"]
    bodies = [
        {"action": "pass_check", "version": ticket["version"]},
        {"action": "fail_check", "version": ticket["version"], "reason": "未清理干净"},
    ]
    for username, body in zip(people, bodies, strict=True):
        body["photos"] = [await photo(house, username, "check")]
    path = f"/v1/tickets/{ticket['id']}/steps"
    callers = [await house.caller(username) for username in people]
    answers = await asyncio.gather(
        *(caller.post(path, json=body) for caller, body in zip(callers, bodies, strict=True))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
    winner = bodies[[answer.status_code for answer in answers].index(200)]["action"]
    assert (await history(house, ticket))[-1] == winner


async def test_one_key_for_two_steps_at_once_takes_one_and_refuses_the_other(house: House) -> None:
    ticket, member = await report(house), await house.caller(f"member-{UNIT}")
    path, headers = f"/v1/tickets/{ticket['id']}/steps", {"Idempotency-Key": str(uuid4())}
    bodies = [{"action": "accept", "version": ticket["version"], "note": note} for note in ("一", "二")]
    answers = await asyncio.gather(*(member.post(path, json=body, headers=headers) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert {one.json()["code"] for one in answers if one.status_code == 422} == {"idempotency_key_reused"}
    assert await history(house, ticket) == ["report", "file", "dispatch", "accept"]
