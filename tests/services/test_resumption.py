"""Suspended tickets resume by themselves on the day that was agreed, however late the worker is."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import House
from tests.http.walking import stepped
from tests.sweeping import COVER, copies_of, resumed, suspended, ticket_now

UNTIL = "2026-11-25T10:00:00+08:00"


def turn_to(house: House, instant: str) -> None:
    house.clock.now = datetime.fromisoformat(instant)


async def test_a_ticket_resumes_on_the_agreed_instant_and_not_before(house: House) -> None:
    ticket = await suspended(house, UNTIL, **COVER)
    turn_to(house, "2026-11-25T09:59:59+08:00")
    assert await resumed(house) == 0
    assert (await ticket_now(house, ticket))["state"] == "suspended"
    turn_to(house, UNTIL)
    assert await resumed(house) == 1
    assert (await ticket_now(house, ticket))["state"] == "in_progress"
    assert await resumed(house) == 0


async def test_however_late_the_worker_is_the_clock_goes_on_from_the_agreed_instant(house: House) -> None:
    ticket = await suspended(house, UNTIL, **COVER)
    promised = ticket["due_at"]
    turn_to(house, "2026-11-26T17:00:00+08:00")
    assert await resumed(house) == 1
    now = await ticket_now(house, ticket)
    assert now["due_at"] == promised == "2026-11-25T08:00:00Z"
    clock = [one for one in now["deadline"]["clock"] if one["clock"] == "rectification"][-1]
    assert datetime.fromisoformat(clock["started_at"]) == datetime.fromisoformat(UNTIL)
    assert now["light"] == "red"


async def test_the_system_took_the_step_and_the_history_says_so(house: House) -> None:
    ticket = await suspended(house, UNTIL, **COVER)
    turn_to(house, "2026-11-25T10:00:30+08:00")
    await resumed(house)
    supervisor = await house.caller("supervisor")
    history = (await supervisor.get(f"/v1/tickets/{ticket['id']}/history?verify=true")).json()
    last = history["items"][-1]
    assert history["verified"] is True
    assert (last["action"], last["from_state"], last["to_state"]) == ("resume", "suspended", "in_progress")
    assert last["actor"]["id"] is None
    assert last["facts"]["until"] == "2026-11-25T02:00:00+00:00"


async def test_a_ticket_that_was_resumed_by_hand_is_left_alone(house: House) -> None:
    ticket = await suspended(house, UNTIL, **COVER)
    house.clock.turn(hours=3)
    by_hand = await stepped(house, "member-water", ticket, "resume")
    turn_to(house, UNTIL)
    assert await resumed(house) == 0
    assert (await ticket_now(house, ticket))["version"] == by_hand["version"]


async def test_one_ticket_that_can_not_be_resumed_does_not_hold_up_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    stuck = await suspended(house, UNTIL, **COVER)
    others = [await suspended(house, "2026-11-25T11:00:00+08:00", **COVER) for _ in range(2)]
    await refuse_events_of(house, stuck)
    turn_to(house, "2026-11-25T12:00:00+08:00")
    assert await resumed(house) == 2
    assert [(await ticket_now(house, one))["state"] for one in others] == ["in_progress"] * 2
    assert (await ticket_now(house, stuck))["state"] == "suspended"
    assert str(stuck["id"]) in caplog.text
    await refuse_events_of(house, None)
    assert await resumed(house) == 1
    assert (await ticket_now(house, stuck))["due_at"] == stuck["due_at"]


async def refuse_events_of(house: House, ticket: dict[str, Any] | None) -> None:
    """Make the database refuse any event of one ticket, or of none any more."""
    async with house.database.write() as session:
        if ticket is None:
            await session.execute(text("ALTER TABLE ticket_events DROP CONSTRAINT stuck"))
            return
        await session.execute(
            text(
                "ALTER TABLE ticket_events ADD CONSTRAINT stuck"
                f" CHECK (ticket_id <> '{ticket['id']}' OR action <> 'resume')"
            )
        )


async def test_where_the_holidays_are_not_known_a_ticket_resumes_and_waits_for_the_administrator(
    house: House,
) -> None:
    until = "2027-03-01T10:00:00+08:00"
    ticket = await suspended(house, until, **COVER)
    assert ticket["due_at"] is None
    house.clock.now = datetime.fromisoformat(until) + timedelta(minutes=1)
    assert await resumed(house) == 1
    now = await ticket_now(house, ticket)
    assert (now["state"], now["triage"]["code"], now["due_at"]) == ("in_progress", "no_deadline", None)


async def test_more_tickets_than_are_looked_up_at_a_time_all_resume(house: House) -> None:
    ticket = await suspended(house, UNTIL, **COVER)
    await copies_of(house, ticket, 450)
    turn_to(house, "2026-11-25T12:00:00+08:00")
    assert await resumed(house) == 451
    assert await resumed(house) == 0
