"""Suspension (挂账): the clock stands still until an agreed day, then the ticket goes on by itself."""

from datetime import timedelta

import pytest

from tests.conftest import House
from tests.http.side_ways import WASTE, actions, at, queue, refused, seen, suspended
from tests.http.walking import accepted, photo, rectified, stepped

MEMBER, LEAD = "member-sanitation", "lead-sanitation"
WHY = "等待材料"
FRIDAY = "2026-11-27T09:30:00+08:00"


async def test_a_ticket_is_suspended_until_the_day_that_was_agreed(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_suspension", reason=WHY, until="2026-11-27")
    assert (ticket["state"], ticket["pending"], ticket["suspended_until"]) == (
        "in_progress",
        ["suspension"],
        None,
    )
    (asked,) = ticket["requests"]
    midnight = "2026-11-26T16:00:00+00:00"  # the first moment of Friday in Shanghai
    assert at(asked["until"]).isoformat() == midnight
    assert ticket["number"] in await queue(house, "dispatcher")
    ticket = await stepped(house, "dispatcher", ticket, "grant_suspension")
    assert (ticket["state"], at(ticket["suspended_until"]).isoformat()) == ("suspended", midnight)
    assert ticket["stage"] is None
    assert ticket["number"] not in await queue(house, "dispatcher")


async def test_an_instant_is_an_instant(house: House) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    assert at(ticket["suspended_until"]) == at(FRIDAY)


async def test_the_due_time_shown_meanwhile_is_what_it_will_be_after_the_pause(house: House) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    # Nothing of the four working hours was used at 9:30 on Monday: from Friday 9:30 they last until 15:30.
    assert at(ticket["due_at"]) == at("2026-11-27T15:30:00+08:00")
    house.clock.turn(days=1)
    assert (await seen(house, MEMBER, ticket))["light"] == "green"


async def test_a_midnight_elsewhere_is_an_instant_and_no_day(house: House) -> None:
    ticket = await suspended(house, "2026-11-27T00:00:00Z", **WASTE)
    assert at(ticket["suspended_until"]) == at("2026-11-27T08:00:00+08:00")


async def test_resumed_by_hand_after_the_agreed_day_it_has_no_more_time_than_was_agreed(house: House) -> None:
    ticket = await suspended(house, "2026-11-25T08:00:00+08:00", **WASTE)
    due = at(ticket["due_at"])
    house.clock.now = at("2026-11-25T11:00:00+08:00")
    ticket = await stepped(house, MEMBER, ticket, "resume")
    assert at(ticket["due_at"]) == due == at("2026-11-25T12:00:00+08:00")


async def test_a_suspended_ticket_is_not_overdue(house: House) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    house.clock.turn(days=3)
    supervisor = await house.caller("supervisor")
    overdue = (await supervisor.get("/v1/overdue")).json()["items"]
    assert ticket["number"] not in [one["number"] for one in overdue]


async def test_a_ticket_resumed_early_has_what_remained(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    house.clock.turn(minutes=90)  # one and a half of four working hours are used at 11:00
    ticket = await stepped(house, MEMBER, ticket, "request_suspension", reason=WHY, until="2026-12-31")
    ticket = await stepped(house, "dispatcher", ticket, "grant_suspension")
    house.clock.now = at("2026-11-25T08:00:00+08:00")
    ticket = await stepped(house, MEMBER, ticket, "resume", note="材料已到")
    assert (ticket["state"], ticket["suspended_until"], ticket["stage"]) == (
        "in_progress",
        None,
        "rectification",
    )
    assert at(ticket["due_at"]) == at("2026-11-25T10:30:00+08:00")
    assert "11" in ticket["deadline"]["explanation"]
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason="仍需时间")
    assert ticket["pending"] == ["extension"]


async def test_the_explanation_names_the_pause(house: House) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    house.clock.now = at("2026-11-25T08:00:00+08:00")
    ticket = await stepped(house, "dispatcher", ticket, "resume")
    member = await house.caller(MEMBER)
    for language, words in (("zh", ("挂账", "恢复")), ("en", ("suspen", "resum"))):
        answer = await member.get(f"/v1/tickets/{ticket['id']}", headers={"Accept-Language": language})
        told = answer.json()["deadline"]["explanation"].lower()
        assert any(word in told for word in words), told


@pytest.mark.parametrize("username", [MEMBER, LEAD, "dispatcher"])
async def test_the_unit_and_the_desk_may_resume_it_early(house: House, username: str) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    assert "resume" in (await seen(house, username, ticket))["actions"]
    assert (await stepped(house, username, ticket, "resume"))["state"] == "in_progress"


async def test_nobody_else_resumes_it(house: House) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    problem = await refused(house, "supervisor", ticket, "resume", "not_your_step")
    assert {"dispatcher", "unit_lead", "unit_member"} <= set(problem["roles"])


async def test_nothing_is_rectified_while_it_is_suspended(house: House) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    after = await photo(house, MEMBER, "after")
    problem = await refused(house, MEMBER, ticket, "rectify", "step_refused", note="已清", photos=[after])
    assert problem["state"] == "suspended"
    assert "resume" in problem["actions"]


@pytest.mark.parametrize(
    "until",
    [
        "2026-11-23",  # today's first moment has passed
        "2026-11-23T09:30:00+08:00",  # now
        "2026-11-22T23:00:00+08:00",
        "2027-11-24",  # a year and more
        "9999-12-31",
        "0001-01-01",
    ],
)
async def test_a_suspension_ends_within_a_year_and_not_before_it_began(house: House, until: str) -> None:
    ticket = await accepted(house, **WASTE)
    problem = await refused(
        house, MEMBER, ticket, "request_suspension", "until_out_of_range", reason=WHY, until=until
    )
    assert problem["errors"][0]["pointer"] == "/until"
    assert at(problem["latest"]) == house.clock.now + timedelta(days=365)


@pytest.mark.parametrize(
    "until",
    [
        "2026-11-27T09:30:00",
        "2026-11-27T00:00:00",
        "soon",
        20261127.5,
        1795737600,
        "1795737600",
        "2026-02-30",
        "",
    ],
)
async def test_a_day_that_is_none_is_refused(house: House, until: object) -> None:
    ticket = await accepted(house, **WASTE)
    member = await house.caller(MEMBER)
    body = {"action": "request_suspension", "version": ticket["version"], "reason": WHY, "until": until}
    answer = await member.post(f"/v1/tickets/{ticket['id']}/steps", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/until")


async def test_a_year_is_the_longest(house: House) -> None:
    latest = (house.clock.now + timedelta(days=365)).isoformat()
    ticket = await suspended(house, latest, **WASTE)
    assert at(ticket["suspended_until"]) == at(latest)
    # The demo's office hours are loaded until the end of 2026: nobody guesses a due time beyond.
    assert ticket["due_at"] is None
    ticket = await stepped(house, MEMBER, ticket, "resume")
    assert ticket["due_at"] is not None


async def test_a_request_needs_a_reason_and_a_day(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    problem = await refused(house, MEMBER, ticket, "request_suspension", "evidence_missing")
    assert problem["missing"] == ["reason", "until"]


async def test_a_day_that_passed_before_anybody_decided_is_not_granted(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_suspension", reason=WHY, until="2026-11-24")
    house.clock.turn(days=2)
    problem = await refused(house, "dispatcher", ticket, "grant_suspension", "until_out_of_range")
    assert problem["state"] == "in_progress"
    ticket = await stepped(house, "dispatcher", ticket, "deny_suspension", reason="日期已过")
    assert (ticket["state"], ticket["pending"]) == ("in_progress", [])


async def test_an_extension_asked_for_before_the_pause_dies_with_it(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_extension", reason=WHY)
    ticket = await stepped(house, MEMBER, ticket, "request_suspension", reason=WHY, until="2026-11-27")
    assert ticket["pending"] == ["extension", "suspension"]
    ticket = await stepped(house, "dispatcher", ticket, "grant_suspension")
    assert ticket["pending"] == []
    assert sorted(one["state"] for one in ticket["requests"]) == ["granted", "lapsed"]


async def test_it_can_be_suspended_again(house: House) -> None:
    ticket = await suspended(house, FRIDAY, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "resume")
    ticket = await stepped(house, MEMBER, ticket, "request_suspension", reason=WHY, until="2026-11-30")
    ticket = await stepped(house, "dispatcher", ticket, "grant_suspension")
    assert ticket["state"] == "suspended"
    assert (await actions(house, ticket)).count("grant_suspension") == 2


async def test_only_work_in_progress_is_suspended_and_only_a_dispatcher_decides(house: House) -> None:
    done = await rectified(house, **WASTE)
    await refused(house, MEMBER, done, "request_suspension", "step_refused", reason=WHY, until="2026-11-27")
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, MEMBER, ticket, "request_suspension", reason=WHY, until="2026-11-27")
    for username in (LEAD, "supervisor"):
        problem = await refused(house, username, ticket, "grant_suspension", "not_your_step")
        assert problem["roles"] == ["dispatcher"]
