"""A dispatcher corrects class or place of a ticket that is under way (更正), and it goes where it belongs then."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from api.models import Calendar, Policy
from tests.conftest import House
from tests.http.rule_editing import RULES, put
from tests.http.rule_places import MARKET, build_market
from tests.http.side_ways import actions, at, events, queue, refused, returned, seen
from tests.http.walking import accepted, photo, report, stepped

DESK = "dispatcher"
WHY = {"reason": "类别填错"}


async def corrected(house: House, ticket: dict[str, Any], **what: Any) -> dict[str, Any]:  # noqa: ANN401
    return await stepped(house, DESK, ticket, "correct", **WHY, **what)


async def stays(house: House) -> None:
    """Switch the policy off."""
    async with house.database.write() as session:
        await session.merge(Policy(key="redispatch_on_correction", value=False))


@pytest.mark.parametrize("arrive", [report, accepted])
async def test_a_ticket_of_another_class_goes_to_the_unit_of_that_class_with_a_clock_of_its_own(
    house: House, arrive: Callable[[House], Awaitable[dict[str, Any]]]
) -> None:
    ticket = await arrive(house)
    house.clock.turn(hours=1)
    after = await corrected(house, ticket, category="E0110", condition=1)
    assert (after["state"], after["unit"]["code"]) == ("assigned", "sanitation")
    assert (after["category"], after["dispatch"]["rule_id"]) == ("E0110", "e0110")
    assert after["dispatch"]["explanation"].startswith("案件更正后改派：")
    assert (await actions(house, ticket))[-2:] == ["correct", "redispatch"]
    told = (await events(house, ticket))[-2:]
    assert told[0]["facts"]["corrected"] == {
        "category": {"before": "E0406", "after": "E0110"},
        "condition": {"before": "E0406-1", "after": "E0110-1"},
    }
    assert told[0]["facts"]["reason"] == WHY["reason"]
    assert (told[1]["facts"]["unit"], told[1]["actor"]["id"]) == ("sanitation", None)
    # Four working hours from 10:30: an hour and a half before noon, two and a half from 14:00.
    assert at(after["due_at"]) == house.clock.now + timedelta(hours=6)
    assert after["number"] in await queue(house, "member-sanitation")
    assert after["number"] not in await queue(house, "member-cityscape")


async def test_another_condition_of_the_same_unit_is_measured_from_when_the_unit_got_it(house: House) -> None:
    ticket = await accepted(house, category="P0101", condition=1)
    assert ticket["unit"]["code"] == "water"
    began = house.clock.now
    assert at(ticket["due_at"]) == began + timedelta(hours=2)
    house.clock.turn(hours=1)
    after = await corrected(house, ticket, condition=2)
    assert (after["state"], after["unit"]["code"], after["condition"]) == (
        "in_progress",
        "water",
        2,
    )
    assert at(after["due_at"]) == began + timedelta(hours=6)
    assert (await actions(house, ticket))[-2:] == ["correct", "recompute"]
    assert (await events(house, ticket))[-1]["facts"]["rule"] != (await events(house, ticket))[-1]["facts"][
        "rule_before"
    ]


async def test_another_place_sends_it_on_by_the_rules_for_that_place(house: House) -> None:
    await build_market(house)
    ticket = await accepted(house, place={"longitude": 116.41224, "latitude": 39.91640, "crs": "gcj02"})
    assert (ticket["unit"]["code"], ticket["at_place"]) == ("cityscape", None)
    body = {"lead_unit": "market", "place": MARKET, "name_zh": "市场", "name_en": "Market"}
    assert (await put(house, body, f"{RULES}/of-the-market")).status_code == 201
    after = await corrected(house, ticket, at_place=MARKET)
    assert (after["unit"]["code"], after["at_place"]["code"]) == ("market", MARKET)
    assert after["state"] == "assigned"


async def test_a_ticket_that_no_rule_covers_any_more_is_taken_back_for_a_dispatcher(house: House) -> None:
    async with house.database.write() as session:
        await session.merge(Policy(key="fallback_to_grid_owner", value=False))
    ticket = await accepted(house)
    after = await corrected(house, ticket, category="E0604")
    assert (after["state"], after["triage"]["code"]) == ("filed", "no_rule")
    assert "研判" in after["dispatch"]["explanation"]
    assert (await actions(house, ticket))[-2:] == ["correct", "recall"]
    assert after["number"] in await queue(house, DESK)
    sent = await stepped(house, DESK, after, "dispatch", unit="street")
    assert sent["unit"]["code"] == "street"


async def test_one_that_waits_in_triage_is_sent_when_its_correction_finds_a_unit(house: House) -> None:
    async with house.database.write() as session:
        await session.merge(Policy(key="fallback_to_grid_owner", value=False))
    ticket = await report(house, category="E0604", condition=1)
    assert (ticket["state"], ticket["triage"]["code"]) == ("filed", "no_rule")
    after = await corrected(house, ticket, category="E0406", condition=1)
    assert (after["state"], after["unit"]["code"], after["triage"]) == ("assigned", "cityscape", None)
    assert (await actions(house, ticket))[-2:] == ["correct", "dispatch"]


async def test_requests_die_when_it_goes_to_another_unit_and_calls_for_help_with_them(house: House) -> None:
    ticket = await accepted(house)
    ticket = await stepped(house, "member-cityscape", ticket, "request_extension", reason="缺人")
    ticket = await stepped(house, "lead-cityscape", ticket, "ask_help", unit="traffic", reason="占道")
    after = await corrected(house, ticket, category="E0110", condition=1)
    assert {one["state"] for one in after["requests"]} == {"lapsed"}
    assert after["number"] not in await queue(house, "member-traffic")


async def test_requests_live_on_when_the_unit_stays(house: House) -> None:
    ticket = await accepted(house, category="P0101", condition=2)
    ticket = await stepped(house, "member-water", ticket, "request_extension", reason="缺件")
    after = await corrected(house, ticket, condition=3)
    assert [one["state"] for one in after["requests"]] == ["pending"]


async def test_by_policy_it_stays_and_the_answer_says_whose_the_rules_would_make_it(house: House) -> None:
    await stays(house)
    ticket = await accepted(house)
    after = await corrected(house, ticket, category="E0110", condition=1)
    assert (after["state"], after["unit"]["code"], after["category"]) == (
        "in_progress",
        "cityscape",
        "E0110",
    )
    assert "不自动改派" in after["dispatch"]["explanation"]
    assert "环境卫生管理所承办" in after["dispatch"]["explanation"]
    assert (await actions(house, ticket))[-2:] == ["correct", "recompute"]


async def test_a_ruling_keeps_the_ticket_where_it_is(house: House) -> None:
    ticket = await returned(house, "member-cityscape", await accepted(house))
    ticket = await stepped(house, DESK, ticket, "rule", unit="cityscape", reason="职责清单")
    after = await corrected(house, ticket, category="E0110", condition=1)
    assert (after["state"], after["unit"]["code"]) == ("assigned", "cityscape")
    assert "指定管辖" in after["dispatch"]["explanation"]


async def test_it_is_not_sent_to_a_unit_that_returned_it(house: House) -> None:
    ticket = await returned(house, "member-cityscape", await accepted(house))
    ticket = await stepped(house, DESK, ticket, "dispatch", unit="sanitation")
    # Another class of the street's order, for which the rules would choose cityscape again.
    after = await corrected(house, ticket, category="E0405")
    assert (after["state"], after["triage"]["code"]) == ("filed", "returned")
    assert "已退回本案" in after["dispatch"]["explanation"]


async def test_a_unit_whose_calendar_ends_too_soon_does_not_get_it(house: House) -> None:
    house.clock.turn(hours=7)
    ticket = await accepted(house)
    async with house.database.write() as session:
        await session.execute(update(Calendar).values(last_on=house.clock.now.date()))
    # Four working hours from half past four in the afternoon; nobody knows tomorrow's hours.
    after = await corrected(house, ticket, category="E0110", condition=1)
    assert (after["state"], after["triage"]["code"]) == ("filed", "no_deadline")
    assert (await actions(house, ticket))[-2:] == ["correct", "recall"]


async def test_a_correction_needs_a_reason_and_something_that_is_another(house: House) -> None:
    ticket = await accepted(house)
    problem = await refused(house, DESK, ticket, "correct", "evidence_missing")
    assert problem["missing"] == ["correction", "reason"]
    problem = await refused(
        house, DESK, ticket, "correct", "evidence_missing", **WHY, category="E0406", condition=1
    )
    assert problem["missing"] == ["correction"]
    for what, code in (
        ({"category": "E9999"}, "category_unknown"),
        ({"condition": 9}, "condition_unknown"),
        ({"grid": "990101001999"}, "grid_unknown"),
        ({"at_place": "nowhere"}, "place_unknown"),
        ({"category": "P0101"}, "missing"),
    ):
        await refused(house, DESK, ticket, "correct", code, **WHY, **what)
    await refused(house, "member-cityscape", ticket, "correct", "not_your_step", **WHY, condition=1)


async def test_only_dispatchers_are_offered_it_and_only_until_the_repair(house: House) -> None:
    ticket = await accepted(house)
    for username, is_offered in ((DESK, True), ("supervisor", False), ("lead-cityscape", False)):
        assert ("correct" in (await seen(house, username, ticket))["actions"]) == is_offered
    after = await photo(house, "member-cityscape", "after")
    ticket = await stepped(house, "member-cityscape", ticket, "rectify", note="已劝离", photos=[after])
    await refused(house, DESK, ticket, "correct", "step_refused", **WHY, category="E0110", condition=1)
