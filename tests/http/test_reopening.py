"""Reopening (反弹): the problem is back, and so is the ticket, with a cycle of its own."""

from typing import Any

from sqlalchemy import update
from sqlmodel import col

from api.models import Unit
from tests.conftest import House
from tests.http.side_ways import WASTE, actions, at, checked, closed, fixed, queue, refused, returned, seen
from tests.http.walking import CHECKER, FINDER, photo, report, step, stepped

WHY = "摊贩又回来了"


async def reopened(house: House, username: str, ticket: dict[str, Any]) -> dict[str, Any]:
    """Return the ticket after this person has shown that the problem is back."""
    proof = await photo(house, username, "evidence")
    return await stepped(house, username, ticket, "reopen", reason=WHY, photos=[proof])


async def test_a_relapse_goes_back_to_the_unit_that_repaired_it_with_the_full_limit(house: House) -> None:
    ticket = await closed(house, minutes=90)
    house.clock.turn(days=3)
    ticket = await reopened(house, "supervisor", ticket)
    assert (ticket["state"], ticket["unit"]["code"], ticket["reopened"]) == ("assigned", "cityscape", 1)
    assert (at(ticket["due_at"]) - house.clock.now).total_seconds() == 2 * 3600
    for gone in ("closed_at", "rectified_at", "checked_at", "handler"):
        assert ticket[gone] is None, gone
    assert at(ticket["filed_at"]) == house.clock.now
    assert (await actions(house, ticket))[-2:] == ["reopen", "dispatch"]
    assert ticket["number"] in await queue(house, "member-cityscape")


async def test_each_life_has_its_own_cycles_in_the_ledger(house: House) -> None:
    ticket = await reopened(house, "supervisor", await closed(house))
    clocks = ticket["deadline"]["clock"]
    for name in ("total", "dispatch", "sign_for", "rectification"):
        assert [one["cycle"] for one in clocks if one["clock"] == name] == [1, 2], name
    assert [one["clock"] for one in clocks if one["stopped_at"] is None] == [
        "total",
        "sign_for",
        "rectification",
    ]


async def test_the_second_life_runs_like_the_first_and_relapses_are_counted(house: House) -> None:
    ticket = await closed(house)
    for count in (1, 2):
        ticket = await reopened(house, "supervisor", ticket)
        assert ticket["reopened"] == count
        ticket = await checked(house, await fixed(house, "member-cityscape", ticket))
        assert ticket["state"] == "closed"
    assert (await actions(house, ticket)).count("reopen") == 2


async def test_the_reporter_and_officers_of_the_grid_reopen_and_others_do_not(house: House) -> None:
    for username in (FINDER, CHECKER, "supervisor"):
        ticket = await reopened(house, username, await closed(house))
        assert ticket["reopened"] == 1, username
    ticket = await closed(house)
    for username in ("dispatcher", "member-cityscape", "lead-cityscape"):
        problem = await refused(house, username, ticket, "reopen", "not_your_step", reason=WHY)
        assert problem["roles"] == ["officer", "supervisor"]
    answer = await step(house, "officer03", ticket, "reopen", reason=WHY)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_relapse_is_shown_by_a_photo_and_told_with_a_reason(house: House) -> None:
    ticket = await closed(house)
    problem = await refused(house, "supervisor", ticket, "reopen", "evidence_missing")
    assert problem["missing"] == ["photo", "reason"]
    # The check's photo showed that it was gone; it belongs to the ticket already, but to another person.
    old = ticket["photos"][-1]["id"]
    await refused(house, "supervisor", ticket, "reopen", "photo_not_yours", reason=WHY, photos=[old])


async def test_after_thirty_days_a_relapse_is_a_new_report(house: House) -> None:
    ticket = await closed(house)
    house.clock.turn(days=30)
    assert "reopen" in (await seen(house, "supervisor", ticket))["actions"]
    house.clock.turn(seconds=1)
    proof = await photo(house, "supervisor", "evidence")
    problem = await refused(
        house, "supervisor", ticket, "reopen", "window_closed", reason=WHY, photos=[proof]
    )
    assert (house.clock.now - at(problem["reopen_until"])).total_seconds() == 1
    assert problem["actions"] == []


async def test_what_was_fixed_on_the_spot_goes_by_rule_when_it_comes_back(house: House) -> None:
    before, after = await photo(house, FINDER, "before"), await photo(house, FINDER, "after")
    ticket = await report(house, category="P0104", condition=3, self_fix=True, photos=[before, after])
    assert (ticket["state"], ticket["unit"]) == ("closed", None)
    ticket = await reopened(house, CHECKER, ticket)
    assert (ticket["state"], ticket["self_fixed"], ticket["reopened"]) == ("assigned", False, 1)
    assert ticket["dispatch"]["rule_id"]
    assert ticket["due_at"] is not None
    ticket = await fixed(house, f"member-{ticket['unit']['code']}", ticket)
    assert (await checked(house, ticket))["state"] == "closed"


async def test_a_unit_that_is_no_more_does_not_get_it_back(house: House) -> None:
    ticket = await closed(house, **WASTE)
    async with house.database.write() as session:
        await session.execute(update(Unit).where(col(Unit.code) == "sanitation").values(is_active=False))
    ticket = await reopened(house, "supervisor", ticket)
    assert ticket["state"] == "assigned"
    assert ticket["unit"]["code"] != "sanitation"


async def test_a_ruling_and_an_appeal_belong_to_the_life_that_ended(house: House) -> None:
    ticket = await returned(house, "member-sanitation", await report(house, **WASTE))
    ticket = await stepped(house, "dispatcher", ticket, "rule", unit="cityscape", reason="职责")
    assert ticket["pinned"]
    house.clock.turn(hours=8)
    ticket = await checked(house, await fixed(house, "member-cityscape", ticket))
    ticket = await stepped(house, "member-cityscape", ticket, "appeal", reason="下雨")
    ticket = await reopened(house, "supervisor", ticket)
    assert (ticket["pinned"], ticket["exempt"], ticket["pending"]) == (False, False, [])
    assert [one["state"] for one in ticket["requests"]] == ["lapsed"]
    assert "return" in (await seen(house, "member-cityscape", ticket))["actions"]


async def test_open_tickets_are_not_reopened(house: House) -> None:
    ticket = await report(house)
    await refused(house, "supervisor", ticket, "reopen", "step_refused", reason=WHY)


async def test_a_relapse_after_the_calendar_ends_waits_for_a_dispatcher(
    house: House,
) -> None:
    house.clock.now = at("2026-12-30T09:30:00+08:00")
    ticket = await closed(house, **WASTE)
    house.clock.now = at("2027-01-04T09:30:00+08:00")  # the office's hours are loaded until the end of 2026
    proof = await photo(house, "supervisor", "evidence")
    ticket = await stepped(house, "supervisor", ticket, "reopen", reason="反弹", photos=[proof])
    assert (ticket["state"], ticket["triage"]["code"]) == ("filed", "no_deadline")
    # Nobody guesses a due time, not for a dispatcher either.
    answer = await step(house, "dispatcher", ticket, "dispatch", unit="sanitation")
    assert answer.status_code == 409, answer.text
    assert (await seen(house, "dispatcher", ticket))["version"] == ticket["version"]
