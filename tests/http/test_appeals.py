"""Appeal (申诉): a late unit says that it was not its fault; both desks have to agree."""

from typing import Any

import pytest

from tests.conftest import House
from tests.http.side_ways import actions, at, closed, queue, refused, seen
from tests.http.walking import photo, stepped

MEMBER, WHY = "member-cityscape", "当天暴雨红色预警"
SIDES = ("dispatcher", "supervisor")


async def late(house: House) -> dict[str, Any]:
    """Return a closed ticket that was rectified an hour after its two hours."""
    return await closed(house, minutes=180)


async def appealed(house: House) -> dict[str, Any]:
    """Return a late ticket whose unit has appealed."""
    return await stepped(house, MEMBER, await late(house), "appeal", reason=WHY)


@pytest.mark.parametrize("sides", [SIDES, SIDES[::-1]])
async def test_both_sides_agree_in_either_order(house: House, sides: tuple[str, str]) -> None:
    ticket = await appealed(house)
    first, second = sides
    for username in sides:
        assert ticket["number"] in await queue(house, username), username
    ticket = await stepped(house, first, ticket, "grant_appeal", note="属实")
    assert (ticket["exempt"], ticket["pending"]) == (False, ["appeal"])
    assert ticket["requests"][0]["agreed"] == first
    assert ticket["number"] not in await queue(house, first)
    assert ticket["number"] in await queue(house, second)
    ticket = await stepped(house, second, ticket, "grant_appeal")
    assert (ticket["state"], ticket["exempt"], ticket["pending"]) == ("closed", True, [])
    assert ticket["requests"][0]["state"] == "granted"
    assert (await actions(house, ticket))[-3:] == ["appeal", "grant_appeal", "grant_appeal"]


async def test_one_side_does_not_agree_twice(house: House) -> None:
    for side, other in (SIDES, SIDES[::-1]):
        ticket = await stepped(house, side, await appealed(house), "grant_appeal")
        assert "grant_appeal" not in ticket["actions"]
        problem = await refused(house, side, ticket, "grant_appeal", "not_your_step")
        assert "grant_appeal" in (await seen(house, other, ticket))["actions"]
        assert problem["roles"] == [other]


async def test_the_overdue_fact_stays(house: House) -> None:
    ticket = await late(house)
    due, clocks = ticket["due_at"], ticket["deadline"]["clock"]
    assert at(ticket["rectified_at"]) > at(due)
    ticket = await stepped(house, MEMBER, ticket, "appeal", reason=WHY)
    for username in SIDES:
        ticket = await stepped(house, username, ticket, "grant_appeal")
    assert (ticket["exempt"], ticket["due_at"], ticket["deadline"]["clock"]) == (True, due, clocks)
    assert at(ticket["rectified_at"]) > at(ticket["due_at"])


@pytest.mark.parametrize("agreed", [(), ("dispatcher",), ("supervisor",)])
async def test_either_side_may_refuse_even_after_the_other_agreed(
    house: House, agreed: tuple[str, ...]
) -> None:
    ticket = await appealed(house)
    for username in agreed:
        ticket = await stepped(house, username, ticket, "grant_appeal")
    decider = "dispatcher" if "supervisor" in agreed else "supervisor"
    problem = await refused(house, decider, ticket, "deny_appeal", "evidence_missing")
    assert problem["missing"] == ["reason"]
    ticket = await stepped(house, decider, ticket, "deny_appeal", reason="预警在整改期之后")
    assert (ticket["exempt"], ticket["pending"], ticket["requests"][0]["state"]) == (False, [], "denied")
    await refused(house, "supervisor", ticket, "grant_appeal", "step_refused")


async def test_only_a_late_unit_appeals(house: House) -> None:
    ticket = await closed(house, minutes=119)
    problem = await refused(house, MEMBER, ticket, "appeal", "step_refused", reason=WHY)
    assert at(problem["due_at"]) == at(ticket["due_at"])
    assert "appeal" not in problem["actions"]


async def test_in_time_is_until_the_very_instant(house: House) -> None:
    await refused(house, MEMBER, await closed(house, minutes=120), "appeal", "step_refused", reason=WHY)


async def test_a_unit_appeals_once(house: House) -> None:
    ticket = await appealed(house)
    await refused(house, MEMBER, ticket, "appeal", "limit_reached", reason=WHY)
    ticket = await stepped(house, "supervisor", ticket, "deny_appeal", reason="理由不足")
    problem = await refused(house, "lead-cityscape", ticket, "appeal", "limit_reached", reason="再申诉")
    assert "appeal" not in problem["actions"]


async def test_an_appeal_is_the_units_and_tells_why(house: House) -> None:
    ticket = await late(house)
    problem = await refused(house, MEMBER, ticket, "appeal", "evidence_missing")
    assert problem["missing"] == ["reason"]
    for username in (*SIDES, "officer01"):
        problem = await refused(house, username, ticket, "appeal", "not_your_step", reason=WHY)
        assert problem["roles"] == ["unit_lead", "unit_member"]


async def test_an_appeal_dies_when_the_problem_comes_back(house: House) -> None:
    ticket = await stepped(house, "dispatcher", await appealed(house), "grant_appeal")
    proof = await photo(house, "supervisor", "evidence")
    ticket = await stepped(house, "supervisor", ticket, "reopen", reason="反弹", photos=[proof])
    assert (ticket["pending"], ticket["exempt"]) == ([], False)
    assert [one["state"] for one in ticket["requests"]] == ["lapsed"]
    for username in SIDES:
        assert ticket["number"] not in await queue(house, "dispatcher"), username
    await refused(house, "supervisor", ticket, "grant_appeal", "step_refused")


async def test_open_tickets_have_no_appeals(house: House) -> None:
    ticket = await closed(house)
    assert "appeal" not in (await seen(house, MEMBER, ticket))["actions"]
    for action in ("grant_appeal", "deny_appeal"):
        problem = await refused(house, "supervisor", ticket, action, "step_refused", reason="无")
        assert problem["pending"] == []
