"""After a change of reference data all open tickets are computed anew: each from its ledger, none ever broken."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from api.domain.recomputation import Cause
from api.services import recompute
from api.verify import verify_histories
from tests.conftest import House
from tests.http.side_ways import COVER, WASTE, at, events, fixed, returned, seen, suspended
from tests.http.walking import CHECKER, accepted, photo, rectified, report, stepped
from tests.recomputing import (
    changed,
    examined,
    limit_of,
    loaded_until,
    policy,
    recomputed,
    special_day,
)

MORNING = (480, 720)
SANITATION = "member-sanitation"


def local(day: int, clock: str) -> datetime:
    """Return an instant of November 2026 in Shanghai; the 23rd is the Monday on which the house opens at 9:30."""
    return at(f"2026-11-{day:02d}T{clock}:00+08:00")


async def due(house: House, ticket: dict[str, Any]) -> datetime:
    """Return when the ticket is due as everybody sees it now."""
    return at((await seen(house, "supervisor", ticket))["due_at"])


async def test_a_free_afternoon_moves_what_is_due_in_it_to_the_next_morning(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    assert await due(house, ticket) == local(23, "15:30")
    await special_day(house, "2026-11-23", MORNING)
    summary = await recomputed(house)
    assert (summary.examined, summary.changed, summary.later) == (1, 1, 1)
    now = await seen(house, "supervisor", ticket)
    assert at(now["due_at"]) == local(24, "09:30")
    assert now["version"] == ticket["version"] + 1
    assert "24 Nov 09:30" in (await explanation(house, ticket))["en"]
    [move] = summary.examples
    assert (move.number, move.causes) == (ticket["number"], (Cause.HOURS,))


async def explanation(house: House, ticket: dict[str, Any]) -> dict[str, str]:
    """Return how the stored due time is explained."""
    return (await stored(house, ticket))["due_explanation"]


async def stored(house: House, ticket: dict[str, Any]) -> dict[str, Any]:
    """Return the ticket's row."""
    async with house.database.read() as session:
        row = await session.execute(text("SELECT * FROM tickets WHERE id = :id"), {"id": ticket["id"]})
        return dict(row.mappings().one())


async def test_the_history_tells_what_was_computed_anew_and_by_what(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    await limit_of(house, "E0110", 1, 6, "working_hour")
    await recomputed(house)
    event = (await events(house, ticket))[-1]
    assert event["action"] == "recompute"
    assert (event["from_state"], event["to_state"]) == ("in_progress", "in_progress")
    assert event["facts"] == {
        "due_before": "2026-11-23T07:30:00+00:00",
        "due_at": "2026-11-23T09:30:00+00:00",
        "rule_before": "E0110-1 4 working_hour city",
        "rule": "E0110-1 6 working_hour city",
    }
    assert (await stored(house, ticket))["due_rule"] == "E0110-1 6 working_hour city"


async def test_a_conditions_new_limit_measures_the_whole_cycle(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    house.clock.turn(hours=4)
    await limit_of(house, "E0110", 1, 1, "urgent_hour")
    summary = await recomputed(house)
    assert await due(house, ticket) == local(23, "10:30")
    assert (summary.earlier, summary.examples[0].causes) == (1, (Cause.LIMIT,))


async def test_a_rules_own_limit_goes_before_the_conditions(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    await changed(
        house,
        "UPDATE dispatch_rules SET limit_value = 2, limit_unit = 'urgent_hour' WHERE id = :id",
        id=ticket["dispatch"]["rule_id"],
    )
    await limit_of(house, "E0110", 1, 9, "working_day")
    await recomputed(house)
    assert await due(house, ticket) == local(23, "11:30")


async def test_a_unit_that_works_by_another_calendar_gets_its_tickets_by_that_one(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    await changed(house, "UPDATE units SET calendar_code = 'always' WHERE code = 'sanitation'")
    summary = await recomputed(house)
    assert await due(house, ticket) == local(23, "13:30")
    assert summary.examples[0].causes == (Cause.CALENDAR,)


async def test_the_offices_own_stages_follow_its_policies(house: House) -> None:
    tip = await report(house, "dispatcher", source="hotline")
    done = await rectified(house)
    explained = await explanation(house, done)
    await policy(house, "intake_limit", {"minutes": 30, "calendar": "always"})
    await policy(house, "check_limit", {"minutes": 60, "calendar": "always"})
    assert (await recomputed(house)).changed == 2
    assert await due(house, tip) == local(23, "10:00")
    assert await due(house, done) == local(23, "10:30")
    facts = (await events(house, done))[-1]["facts"]
    assert (facts["rule_before"], facts["rule"]) == (
        "check 120 working_minute patrol",
        "check 60 working_minute always",
    )
    # How the repair came to be due is still told.
    assert await explanation(house, done) == explained


async def test_an_extension_counts_anew_too(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, SANITATION, ticket, "request_extension", reason="缺人")
    ticket = await stepped(house, "dispatcher", ticket, "grant_extension")
    assert await due(house, ticket) == local(24, "09:30")
    await special_day(house, "2026-11-24")
    await limit_of(house, "E0110", 1, 5, "working_hour")
    await recomputed(house)
    assert await due(house, ticket) == local(25, "11:30")


async def test_a_suspended_ticket_is_due_by_the_new_hours_after_its_pause(house: House) -> None:
    ticket = await suspended(house, "2026-11-27", **WASTE)
    assert await due(house, ticket) == local(27, "12:00")
    await special_day(house, "2026-11-27")
    await limit_of(house, "E0110", 1, 5, "working_hour")
    await recomputed(house)
    assert await due(house, ticket) == local(30, "15:00")
    house.clock.turn(hours=1)
    ticket = await stepped(house, SANITATION, await seen(house, SANITATION, ticket), "resume")
    # An hour later than it began, five hours are left: the new limit went on with the clock.
    assert await due(house, ticket) == local(23, "17:30")
    assert (await recomputed(house)).changed == 0


async def test_after_a_rework_only_what_was_left_moves(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    house.clock.turn(hours=1)
    ticket = await fixed(house, SANITATION, ticket)
    house.clock.turn(hours=1)
    check = await photo(house, CHECKER, "check")
    ticket = await stepped(house, CHECKER, ticket, "fail_check", reason="未清理干净", photos=[check])
    assert await due(house, ticket) == local(23, "16:30")
    await special_day(house, "2026-11-23", MORNING)
    await recomputed(house)
    assert await due(house, ticket) == local(24, "10:30")


async def test_a_ticket_that_came_back_by_a_ruling_keeps_its_limit_and_takes_the_new_hours(
    house: House,
) -> None:
    ticket = await returned(house, SANITATION, await report(house, **WASTE))
    ticket = await stepped(house, "dispatcher", ticket, "rule", unit="sanitation", reason="职责明确")
    await limit_of(house, "E0110", 1, 1, "urgent_hour")
    assert (await recomputed(house)).changed == 0
    await special_day(house, "2026-11-23", MORNING)
    await recomputed(house)
    assert await due(house, ticket) == local(24, "09:30")


@pytest.mark.parametrize(
    "gone",
    [
        "UPDATE categories SET is_active = false WHERE code = 'E0110'",
        "UPDATE units SET is_active = false, calendar_code = 'always' WHERE code = 'sanitation'",
        "UPDATE dispatch_rules SET is_active = false WHERE id = :rule_id",
        "UPDATE dispatch_rules SET valid_until = :now, limit_value = 1, limit_unit = 'urgent_hour' WHERE id = :rule_id",
    ],
    ids=["a retired class", "a closed unit", "a rule switched off", "a rule that expired"],
)
async def test_where_nobody_can_say_the_limit_of_today_the_ticket_keeps_its_own(
    house: House, gone: str
) -> None:
    ticket = await accepted(house, **WASTE)
    values = {"rule_id": ticket["dispatch"]["rule_id"], "now": house.clock.now}
    await changed(house, gone, **{name: value for name, value in values.items() if f":{name}" in gone})
    await limit_of(house, "E0110", 1, 1, "urgent_hour")
    assert (await recomputed(house)).changed == 0
    assert await due(house, ticket) == local(23, "15:30")
    # The hours of its calendar are no limit: they count as they are.
    await special_day(house, "2026-11-23", MORNING)
    await recomputed(house)
    assert await due(house, ticket) == local(24, "09:30")
    assert (await stored(house, ticket))["due_rule"] == "E0110-1 4 working_hour city"


async def test_past_the_calendars_end_a_due_time_is_unknown_and_known_again_once_days_are_loaded(
    house: House,
) -> None:
    ticket = await stepped(house, "member-municipal", await report(house, **COVER), "accept")
    before = await stored(house, ticket)
    house.clock.turn(minutes=1)
    await loaded_until(house, "2026-11-24")
    summary = await recomputed(house)
    assert (summary.changed, summary.now_unknown, summary.largest) == (1, 1, [])
    row = await stored(house, ticket)
    assert (row["due_at"], row["yellow_at"], row["escalates_at"]) == (None, None, None)
    assert (row["triage"], row["due_explanation"]) == ("no_deadline", None)
    assert (await recomputed(house)).changed == 0
    await loaded_until(house, "2026-12-31")
    summary = await recomputed(house)
    assert (summary.changed, summary.now_known) == (1, 1)
    moving = {"version", "updated_at", "history_count", "history_sha256"}
    row = await stored(house, ticket)
    assert {name for name in row if row[name] != before[name]} == moving
    facts = [event["facts"] for event in (await events(house, ticket))[-2:]]
    assert [one["due_at"] is None for one in facts] == [True, False]


async def test_a_calendar_that_is_gone_from_a_stage_leaves_it_without_a_due_time(house: House) -> None:
    tip = await report(house, "dispatcher", source="hotline")
    await policy(house, "intake_limit", {"minutes": 30, "calendar": "nowhere"})
    assert (await recomputed(house)).now_unknown == 1
    assert (await stored(house, tip))["due_at"] is None


async def test_a_new_yellow_share_moves_the_light_and_is_no_step(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    await policy(house, "light_yellow_share", 0.5)
    summary = await recomputed(house)
    assert (summary.changed, summary.adjusted) == (0, 1)
    row = await stored(house, ticket)
    assert row["yellow_at"] == local(23, "11:30")
    assert (row["version"], len(await events(house, ticket))) == (ticket["version"], ticket["version"])
    assert (await recomputed(house)).adjusted == 0


async def test_a_dry_run_tells_the_same_and_stores_nothing(house: House) -> None:
    tickets = [await accepted(house, **WASTE), await report(house, **COVER)]
    await special_day(house, "2026-11-23", MORNING)
    rows = [await stored(house, ticket) for ticket in tickets]
    dry = await examined(house)
    assert (dry.examined, dry.changed, dry.later) == (2, 2, 2)
    assert [await stored(house, ticket) for ticket in tickets] == rows
    assert await recomputed(house) == dry


async def test_a_second_run_changes_nothing(house: House) -> None:
    await accepted(house, **WASTE)
    await special_day(house, "2026-11-23", MORNING)
    assert (await recomputed(house)).changed == 1
    again = await recomputed(house)
    assert (again.examined, again.changed, again.adjusted) == (1, 0, 0)


async def test_one_calendar_alone_leaves_tickets_of_the_others_as_they_are(house: House) -> None:
    ticket, done = await accepted(house, **WASTE), await rectified(house)
    await special_day(house, "2026-11-23", MORNING)
    await special_day(house, "2026-11-23", calendar="patrol")
    summary = await recomputed(house, "patrol")
    assert (summary.examined, summary.changed) == (1, 1)
    assert await due(house, ticket) == local(23, "15:30")
    assert await due(house, done) > local(24, "00:00")


async def test_what_has_ended_is_left_alone(house: House) -> None:
    tip = await report(house, "dispatcher", source="hotline", **WASTE)
    await stepped(house, "dispatcher", tip, "reject", reason="不属实")
    await policy(house, "intake_limit", {"minutes": 30, "calendar": "always"})
    assert (await recomputed(house)).examined == 0


async def test_many_batches_move_every_ticket_once_and_all_histories_hold(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recompute, "BATCH", 3)
    tickets = [await report(house, **WASTE) for _ in range(7)] + [
        await suspended(house, "2026-11-27", **WASTE)
    ]
    await special_day(house, "2026-11-23", MORNING)
    await special_day(house, "2026-11-27", MORNING)
    await limit_of(house, "E0110", 1, 5, "working_hour")
    summary = await recomputed(house)
    assert (summary.examined, summary.changed) == (8, 8)
    for ticket in tickets:
        assert [event["action"] for event in await events(house, ticket)].count("recompute") == 1
    assert (await verify_histories(house.wiring.settings, None)).broken == []
    assert (await recomputed(house)).changed == 0


async def test_after_ordinary_lives_there_is_nothing_to_compute_anew(house: House) -> None:
    await report(house, "dispatcher", source="hotline")
    await report(house, **COVER)
    house.clock.turn(hours=1)
    ticket = await accepted(house, **WASTE)
    ticket = await stepped(house, SANITATION, ticket, "request_extension", reason="缺人")
    await stepped(house, "dispatcher", ticket, "grant_extension")
    house.clock.turn(hours=30)
    await suspended(house, "2026-11-27", **WASTE)
    await rectified(house)
    house.clock.turn(hours=5)
    summary = await recomputed(house)
    assert (summary.examined, summary.changed, summary.adjusted) == (5, 0, 0)
