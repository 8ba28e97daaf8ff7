"""Voiding (作废): a dispatcher asks with a reason, a supervisor approves; the ticket stays to be read."""

import pytest

from tests.conftest import House
from tests.http.side_ways import WASTE, actions, closed, fixed, queue, refused, returned, seen, suspended
from tests.http.walking import accepted, report, stepped

WHY = "误报，测试数据"


async def test_a_ticket_is_voided_when_a_supervisor_agrees(house: House) -> None:
    ticket = await report(house)
    ticket = await stepped(house, "dispatcher", ticket, "void", reason=WHY)
    assert (ticket["state"], ticket["pending"]) == ("assigned", ["void"])
    assert ticket["number"] in await queue(house, "supervisor")
    ticket = await stepped(house, "supervisor", ticket, "grant_void")
    assert (ticket["state"], ticket["actions"], ticket["stage"]) == ("voided", [], None)
    assert ticket["number"] not in await queue(house, "supervisor")
    assert not [one for one in ticket["deadline"]["clock"] if one["stopped_at"] is None]
    assert (await actions(house, ticket))[-2:] == ["void", "grant_void"]
    (asked,) = ticket["requests"]
    assert (asked["kind"], asked["state"], asked["reason"]) == ("void", "granted", WHY)


async def test_a_supervisor_refuses_with_a_reason_and_the_ticket_goes_on(house: House) -> None:
    ticket = await stepped(house, "dispatcher", await report(house), "void", reason=WHY)
    problem = await refused(house, "supervisor", ticket, "deny_void", "evidence_missing")
    assert problem["missing"] == ["reason"]
    ticket = await stepped(house, "supervisor", ticket, "deny_void", reason="问题属实")
    assert (ticket["state"], ticket["pending"]) == ("assigned", [])
    ticket = await stepped(house, "dispatcher", ticket, "void", reason="另有理由")
    assert ticket["pending"] == ["void"]


async def test_the_work_goes_on_until_it_is_decided_and_the_request_dies_with_the_state(house: House) -> None:
    ticket = await stepped(house, "dispatcher", await accepted(house, **WASTE), "void", reason=WHY)
    ticket = await fixed(house, "member-sanitation", ticket)
    assert (ticket["state"], ticket["pending"]) == ("rectified", [])
    problem = await refused(house, "supervisor", ticket, "grant_void", "step_refused")
    assert problem["state"] == "rectified"


async def test_whoever_asks_does_not_approve_and_nobody_else_asks(house: House) -> None:
    ticket = await report(house)
    for username in ("supervisor", "member-cityscape", "officer01"):
        problem = await refused(house, username, ticket, "void", "not_your_step", reason=WHY)
        assert problem["roles"] == ["dispatcher"]
    ticket = await stepped(house, "dispatcher", ticket, "void", reason=WHY)
    problem = await refused(house, "dispatcher", ticket, "grant_void", "not_your_step")
    assert problem["roles"] == ["supervisor"]


async def test_a_request_needs_a_reason_and_is_made_once(house: House) -> None:
    ticket = await report(house)
    problem = await refused(house, "dispatcher", ticket, "void", "evidence_missing")
    assert problem["missing"] == ["reason"]
    ticket = await stepped(house, "dispatcher", ticket, "void", reason=WHY)
    problem = await refused(house, "dispatcher", ticket, "void", "step_refused", reason=WHY)
    assert problem["pending"] == "void"
    assert "void" not in problem["actions"]


async def test_nothing_is_approved_that_nobody_asked_for(house: House) -> None:
    ticket = await report(house)
    for action in ("grant_void", "deny_void"):
        await refused(house, "supervisor", ticket, action, "step_refused", reason="无")
    assert not {"grant_void", "deny_void"} & set((await seen(house, "supervisor", ticket))["actions"])


@pytest.mark.parametrize("state", ["reported", "filed", "assigned", "in_progress", "suspended", "rectified"])
async def test_every_open_ticket_can_be_voided(house: House, state: str) -> None:
    match state:
        case "reported":
            ticket = await report(house, "dispatcher", source="hotline")
        case "filed":
            ticket = await returned(house, "member-sanitation", await report(house, **WASTE))
        case "assigned":
            ticket = await report(house)
        case "in_progress":
            ticket = await accepted(house)
        case "suspended":
            ticket = await suspended(house, "2026-11-27")
        case _:
            ticket = await fixed(house, "member-cityscape", await report(house))
    assert ticket["state"] == state
    ticket = await stepped(house, "dispatcher", ticket, "void", reason=WHY)
    ticket = await stepped(house, "supervisor", ticket, "grant_void")
    assert (ticket["state"], ticket["suspended_until"]) == ("voided", None)


async def test_what_has_ended_is_not_voided(house: House) -> None:
    ticket = await closed(house)
    await refused(house, "dispatcher", ticket, "void", "step_refused", reason=WHY)
