"""Help (协办): other units do their part; the lead unit's ticket is done when each has answered or been excused."""

from typing import Any

from tests.conftest import House
from tests.http.side_ways import (
    COVER,
    WASTE,
    actions,
    checked,
    fixed,
    queue,
    refused,
    returned,
    seen,
    sees,
    suspended,
)
from tests.http.walking import photo, report, stepped

LEADING, LEAD = "member-municipal", "lead-municipal"
HELPERS = ("power", "telecom", "water")


async def helped(house: House) -> dict[str, Any]:
    """Return a ticket in progress that its unit's lead has called the greening bureau to help with."""
    ticket = await report(house, **WASTE)
    ticket = await stepped(house, "member-sanitation", ticket, "accept")
    return await stepped(house, "lead-sanitation", ticket, "ask_help", unit="greening", reason="树枝压住垃圾")


def calls(ticket: dict[str, Any]) -> dict[str, str]:
    """Return how each unit's call for help stands."""
    return {one["unit"]["code"]: one["state"] for one in ticket["requests"] if one["kind"] == "help"}


async def test_a_rule_calls_its_helping_units_with_the_dispatch(house: House) -> None:
    ticket = await report(house, **COVER)
    assert ticket["unit"]["code"] == "municipal"
    ticket = await seen(house, LEADING, ticket)
    assert calls(ticket) == dict.fromkeys(HELPERS, "pending")
    for code in HELPERS:
        assert ticket["number"] in await queue(house, f"member-{code}"), code


async def test_a_helping_unit_sees_the_ticket_but_does_not_take_it_over(house: House) -> None:
    ticket = await report(house, **COVER)
    for username in ("member-water", "lead-water"):
        assert (await seen(house, username, ticket))["actions"] == ["answer_help"]
    problem = await refused(house, "member-water", ticket, "accept", "not_your_step")
    assert (problem["roles"], problem["unit"]) == (["unit_lead", "unit_member"], "municipal")
    ticket = await stepped(house, LEADING, ticket, "accept")
    after = await photo(house, "member-water", "after")
    for action in ("rectify", "return", "request_extension", "request_suspension", "escalate"):
        await refused(
            house,
            "member-water",
            ticket,
            action,
            "not_your_step",
            note="已盖好",
            photos=[after],
            until="2026-11-30",
        )
    for action in ("hand_over", "ask_help", "excuse_help"):
        await refused(
            house,
            "lead-water",
            ticket,
            action,
            "not_your_step",
            unit="power",
            reason="x",
            handler="lead-water",
        )


async def test_the_lead_unit_is_done_when_every_helper_has_answered_or_been_excused(house: House) -> None:
    ticket = await stepped(house, LEADING, await report(house, **COVER), "accept")
    after = await photo(house, LEADING, "after")
    ticket = await stepped(house, "member-water", ticket, "answer_help", note="不是我们的井")
    ticket = await stepped(house, "lead-power", ticket, "answer_help", note="已派人看过")
    problem = await refused(house, LEADING, ticket, "rectify", "step_refused", note="已盖好", photos=[after])
    assert problem["helpers"] == ["telecom"]
    assert "rectify" not in problem["actions"]
    ticket = await stepped(house, LEAD, ticket, "excuse_help", unit="telecom", reason="与通信无关")
    assert calls(ticket) == {"water": "granted", "power": "granted", "telecom": "denied"}
    ticket = await stepped(house, LEADING, ticket, "rectify", note="已盖好", photos=[after])
    assert (await checked(house, ticket))["state"] == "closed"


async def test_a_helper_answers_with_words_and_may_add_a_photo(house: House) -> None:
    ticket = await helped(house)
    problem = await refused(house, "member-greening", ticket, "answer_help", "evidence_missing")
    assert problem["missing"] == ["note"]
    picture = await photo(house, "member-greening", "after")
    ticket = await stepped(house, "member-greening", ticket, "answer_help", note="树枝已清", photos=[picture])
    assert [one["id"] for one in ticket["photos"]] == [picture]
    assert ticket["requests"][0]["decision"] == "树枝已清"
    assert (await actions(house, ticket))[-1] == "answer_help"


async def test_the_unit_that_answered_still_sees_the_ticket_and_has_nothing_left_to_do(house: House) -> None:
    ticket = await helped(house)
    assert ticket["number"] in await queue(house, "member-greening")
    ticket = await stepped(house, "member-greening", ticket, "answer_help", note="树枝已清")
    assert ticket["number"] not in await queue(house, "member-greening")
    assert (await seen(house, "member-greening", ticket))["actions"] == []
    problem = await refused(house, "member-greening", ticket, "answer_help", "not_your_step", note="再答一次")
    assert problem["actions"] == []


async def test_the_lead_or_a_dispatcher_calls_for_help_with_a_reason(house: House) -> None:
    ticket = await report(house, **WASTE)
    problem = await refused(house, "member-sanitation", ticket, "ask_help", "not_your_step", unit="greening")
    assert problem["roles"] == ["dispatcher", "unit_lead"]
    problem = await refused(house, "lead-sanitation", ticket, "ask_help", "evidence_missing")
    assert problem["missing"] == ["reason", "unit"]
    ticket = await stepped(house, "dispatcher", ticket, "ask_help", unit="greening", reason="树枝")
    assert calls(ticket) == {"greening": "pending"}
    assert not await sees(house, "member-power", ticket)


async def test_nobody_is_called_twice_nor_the_lead_unit_nor_a_unit_that_is_not_there(house: House) -> None:
    ticket = await helped(house)
    asked: dict[str, Any] = {"reason": "请协助"}
    await refused(house, "lead-sanitation", ticket, "ask_help", "step_refused", unit="greening", **asked)
    await refused(house, "lead-sanitation", ticket, "ask_help", "unit_is_lead", unit="sanitation", **asked)
    await refused(house, "lead-sanitation", ticket, "ask_help", "unit_unknown", unit="navy", **asked)
    await refused(house, "lead-sanitation", ticket, "excuse_help", "unit_not_helping", unit="power", **asked)
    ticket = await stepped(house, "member-greening", ticket, "answer_help", note="已清")
    house.clock.turn(minutes=1)
    ticket = await stepped(house, "lead-sanitation", ticket, "ask_help", unit="greening", reason="还有")
    assert [one["state"] for one in ticket["requests"]] == ["granted", "pending"]


async def test_nobody_is_excused_whom_nobody_called(house: House) -> None:
    ticket = await report(house, **WASTE)
    problem = await refused(
        house, "lead-sanitation", ticket, "excuse_help", "step_refused", unit="greening", reason="不必"
    )
    assert "excuse_help" not in problem["actions"]


async def test_a_dispatcher_sends_a_ticket_with_helpers(house: House) -> None:
    ticket = await returned(house, "member-sanitation", await report(house, **WASTE))
    ticket = await stepped(
        house,
        "dispatcher",
        ticket,
        "dispatch",
        unit="cityscape",
        helpers=["greening", "cityscape", "power", "greening"],
    )
    # The responsible unit is not its own helper, and nobody is called twice.
    assert calls(ticket) == {"greening": "pending", "power": "pending"}
    assert await sees(house, "member-power", ticket)


async def test_a_helper_that_is_not_there_is_refused_where_it_stands(house: House) -> None:
    ticket = await returned(house, "member-sanitation", await report(house, **WASTE))
    problem = await refused(
        house, "dispatcher", ticket, "dispatch", "unit_unknown", unit="cityscape", helpers=["power", "navy"]
    )
    assert problem["errors"][0]["pointer"] == "/helpers/1"


async def test_a_ruling_names_helpers_too(house: House) -> None:
    ticket = await returned(house, "member-sanitation", await report(house, **WASTE))
    ticket = await stepped(
        house, "dispatcher", ticket, "rule", unit="street", reason="属地牵头", helpers=["sanitation"]
    )
    assert calls(ticket) == {"sanitation": "pending"}
    assert (await seen(house, "member-sanitation", ticket))["actions"] == ["answer_help"]


async def test_calls_outlive_signing_for_it_and_suspension_and_end_with_the_units_turn(house: House) -> None:
    ticket = await suspended(house, "2026-11-27", **COVER)
    assert calls(ticket) == dict.fromkeys(HELPERS, "pending")
    ticket = await stepped(house, "dispatcher", ticket, "resume")
    assert calls(ticket) == dict.fromkeys(HELPERS, "pending")
    other = await returned(house, LEADING, await report(house, **COVER))
    assert calls(other) == dict.fromkeys(HELPERS, "lapsed")
    assert other["number"] not in await queue(house, "member-water")
    await refused(house, "member-water", other, "answer_help", "step_refused", note="迟了")


async def test_a_rework_is_the_lead_units_and_it_may_call_again(house: House) -> None:
    ticket = await helped(house)
    ticket = await stepped(house, "member-greening", ticket, "answer_help", note="树枝已清")
    ticket = await fixed(house, "member-sanitation", ticket)
    check = await photo(house, "officer02", "check")
    ticket = await stepped(house, "officer02", ticket, "fail_check", reason="还有树枝", photos=[check])
    assert ticket["number"] not in await queue(house, "member-greening")
    ticket = await stepped(house, "lead-sanitation", ticket, "ask_help", unit="greening", reason="返工")
    assert ticket["number"] in await queue(house, "member-greening")


async def test_a_helping_unit_does_not_learn_which_officer_it_was(house: House) -> None:
    ticket = await seen(house, "member-greening", await helped(house))
    assert (ticket["reporter"]["name"], ticket["reporter"]["role"]) == (None, "officer")
