"""The cycles that due times follow from: whatever a ticket went through, computing anew gives what is stored."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from api.domain.ledger import UNKNOWN, DueTimes
from api.domain.lifecycle import Clock
from api.queries.ledgers import RunningCycle, running_cycles
from tests.conftest import House
from tests.http.walking import CHECKER, accepted, photo, rectified, report, stepped


async def all_cycles(house: House, *, limit: int, calendar: str | None = None) -> list[RunningCycle]:
    """Read batch by batch until one is not full."""
    found: list[RunningCycle] = []
    async with house.database.read() as session:
        while True:
            after = found[-1].ticket_id if found else None
            batch = await running_cycles(session, after, limit, calendar)
            found += batch
            if len(batch) < limit:
                return found


async def reworked(house: House) -> str:
    """Return a ticket that was rectified, failed its check, and is with its unit again."""
    ticket = await rectified(house, category="P0101", condition=2)
    house.clock.turn(hours=1)
    check = await photo(house, CHECKER, "check")
    ticket = await stepped(house, CHECKER, ticket, "fail_check", reason="未修好", photos=[check])
    return ticket["id"]


async def test_every_open_ticket_is_read_once_in_batches_of_any_size(house: House) -> None:
    tickets = [
        (await report(house))["id"],
        (await accepted(house))["id"],
        (await rectified(house))["id"],
        await reworked(house),
        (await report(house, "dispatcher", source="hotline"))["id"],
    ]
    for limit in (1, 2, 5, 100):
        cycles = await all_cycles(house, limit=limit)
        assert [cycle.ticket_id for cycle in cycles] == sorted(UUID(one) for one in tickets)


async def test_computing_anew_gives_what_is_stored(house: House) -> None:
    await report(house)
    house.clock.turn(hours=1.5)
    await rectified(house)
    await reworked(house)
    house.clock.turn(hours=30)
    await report(house, "dispatcher", source="hotline")
    reference = await house.wiring.references.at(1)
    cycles = await all_cycles(house, limit=2)
    assert {cycle.clock for cycle in cycles} == {Clock.INTAKE, Clock.RECTIFICATION, Clock.CHECK}
    for cycle in cycles:
        assert cycle.due_times(reference.timekeeping) == DueTimes(cycle.due_at, cycle.yellow_at), cycle.state


async def test_a_rework_brings_all_stretches_of_its_cycle_and_no_other_clocks(house: House) -> None:
    await reworked(house)
    [cycle] = await all_cycles(house, limit=10)
    assert [(one.clock, one.cycle, one.started_by) for one in cycle.stretches] == [
        (Clock.RECTIFICATION, 1, "dispatch"),
        (Clock.RECTIFICATION, 1, "fail_check"),
    ]
    assert [one.stopped_at is None for one in cycle.stretches] == [False, True]
    assert all(one.term is not None for one in cycle.stretches)


async def test_a_calendar_has_the_tickets_whose_present_clock_counts_in_it(house: House) -> None:
    in_progress, checked = await accepted(house), await rectified(house)
    by_calendar = {
        code: [str(cycle.ticket_id) for cycle in await all_cycles(house, limit=10, calendar=code)]
        for code in ("city", "patrol", "always")
    }
    # A check counts in the officers' hours; that the ticket's rectification counted in the city's is over.
    assert by_calendar == {"city": [in_progress["id"]], "patrol": [checked["id"]], "always": []}


async def test_closed_tickets_are_not_read(house: House) -> None:
    await report(house)
    async with house.database.write() as session:
        await session.execute(
            text("UPDATE tickets SET state = 'closed', closed_at = :now"), {"now": house.clock.now}
        )
    assert await all_cycles(house, limit=10) == []


async def test_a_ticket_that_stands_still_is_due_as_if_it_went_on_on_the_day_that_was_agreed(
    house: House,
) -> None:
    await accepted(house, category="P0101", condition=2)  # four working hours from 9:30
    [cycle] = await all_cycles(house, limit=10)
    reference = await house.wiring.references.at(1)
    [stretch] = cycle.stretches
    stretch.stopped_at = stretch.started_at + timedelta(hours=1)
    until = stretch.started_at + timedelta(days=1)
    planned = replace(cycle, suspended_until=until).due_times(reference.timekeeping)
    # One hour is used: three are left, two and a half of them before the break at noon.
    assert planned.due_at == until + timedelta(hours=5)
    assert cycle.due_times(reference.timekeeping) == UNKNOWN


async def test_a_clock_without_a_limit_has_no_due_time(house: House) -> None:
    await report(house)
    [cycle] = await all_cycles(house, limit=10)
    reference = await house.wiring.references.at(1)
    for stretch in cycle.stretches:
        stretch.term = None
    assert cycle.due_times(reference.timekeeping) == UNKNOWN
