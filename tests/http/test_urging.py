"""Urging (催办), supervision (督办) and escalation (上报): open tickets that do not get on."""

import pytest

from tests.conftest import House
from tests.http.side_ways import WASTE, at, closed, events, refused, seen, suspended
from tests.http.walking import accepted, photo, report, stepped


async def test_a_supervisor_urges_and_each_time_is_numbered(house: House) -> None:
    ticket = await report(house)
    due = ticket["due_at"]
    for number in (1, 2, 3):
        ticket = await stepped(house, "supervisor", ticket, "urge", note="请尽快处置")
        assert (ticket["urged"], ticket["state"], ticket["due_at"]) == (number, "assigned", due)
    told = [one["facts"]["number"] for one in await events(house, ticket) if one["action"] == "urge"]
    assert told == [1, 2, 3]


async def test_an_opinion_of_supervision_is_numbered_apart(house: House) -> None:
    ticket = await stepped(house, "supervisor", await report(house), "urge", note="请尽快")
    ticket = await stepped(house, "supervisor", ticket, "supervise", note="本周内办结，报分管领导")
    assert (ticket["urged"], ticket["supervised"]) == (1, 1)
    told = (await events(house, ticket))[-1]
    assert (told["action"], told["facts"]["number"]) == ("supervise", 1)
    assert told["note"] == "本周内办结，报分管领导"


@pytest.mark.parametrize("action", ["urge", "supervise"])
async def test_it_takes_an_opinion_and_a_supervisor(house: House, action: str) -> None:
    ticket = await report(house)
    problem = await refused(house, "supervisor", ticket, action, "evidence_missing")
    assert problem["missing"] == ["note"]
    for username in ("dispatcher", "lead-cityscape", "officer01"):
        problem = await refused(house, username, ticket, action, "not_your_step", note="快")
        assert problem["roles"] == ["supervisor"]


async def test_a_suspended_ticket_can_be_urged_and_a_closed_one_can_not(house: House) -> None:
    ticket = await stepped(house, "supervisor", await suspended(house, "2026-11-27"), "urge", note="材料呢")
    assert (ticket["state"], ticket["urged"], ticket["suspended_until"] is None) == ("suspended", 1, False)
    ended = await closed(house)
    problem = await refused(house, "supervisor", ended, "urge", "step_refused", note="快")
    assert problem["state"] == "closed"


async def test_urging_does_not_end_what_is_pending(house: House) -> None:
    ticket = await accepted(house)
    ticket = await stepped(house, "member-cityscape", ticket, "request_extension", reason="缺人")
    ticket = await stepped(house, "supervisor", ticket, "urge", note="快")
    assert ticket["pending"] == ["extension"]


async def test_a_unit_escalates_what_it_cannot_solve_rung_by_rung(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    due = at(ticket["due_at"])
    for level, answers in enumerate(("unit_lead", "parent_unit", "supervisor", "listed_order"), start=1):
        ticket = await stepped(house, "member-sanitation", ticket, "escalate", reason="需要执法配合")
        assert (ticket["escalation_level"], ticket["state"]) == (level, "in_progress")
        told = (await events(house, ticket))[-1]["facts"]
        assert (told["level"], told["answers"]) == (level, answers)
    problem = await refused(house, "member-sanitation", ticket, "escalate", "limit_reached", reason="再上报")
    assert (problem["level"], "escalate" in problem["actions"]) == (4, False)
    assert at((await seen(house, "dispatcher", ticket))["due_at"]) == due


async def test_a_unit_escalates_with_a_reason_and_only_its_own(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    problem = await refused(house, "member-sanitation", ticket, "escalate", "evidence_missing")
    assert problem["missing"] == ["reason"]
    for username in ("dispatcher", "supervisor"):
        problem = await refused(house, username, ticket, "escalate", "not_your_step", reason="x")
        assert {"unit_lead", "unit_member"} <= set(problem["roles"])


async def test_another_units_turn_begins_at_the_foot_of_the_ladder(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, "member-sanitation", ticket, "escalate", reason="需要执法配合")
    proof = await photo(house, "member-sanitation", "evidence")
    ticket = await stepped(house, "member-sanitation", ticket, "return", reason="属市容执法", photos=[proof])
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="cityscape")
    assert ticket["escalation_level"] == 0


async def test_nobody_takes_the_systems_own_steps(house: House) -> None:
    ticket = await report(house)
    for action in ("absorb", "recompute"):
        for username in ("dispatcher", "supervisor", "member-cityscape"):
            problem = await refused(house, username, ticket, action, "not_your_step", reason="x", note="x")
            assert problem["roles"] == ["system"]
    for action in ("report", "self_fix"):
        await refused(house, "officer01", ticket, action, "step_refused")
