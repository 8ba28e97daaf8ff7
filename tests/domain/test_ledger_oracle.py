"""Ledgers with pauses, rework and extensions, from all over two years, against looking at every minute."""

from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest

from api.domain.calendars import WorkCalendar
from api.domain.ledger import Ledger, Term, Timekeeping
from api.domain.lifecycle import Clock
from api.domain.limits import Limit, LimitUnit
from tests.domain.example_calendars import ALL, two_years
from tests.domain.minute_oracle import MinuteOracle

CLOCK = Clock.RECTIFICATION
EVERY = timedelta(hours=11)
"""Eleven hours, so that in eleven days every hour of the day was a start."""

RUNS_AND_PAUSES = (
    (),
    ((45, 600),),
    ((0, 75), (130, 2_000)),
    ((500, 10_081), (1, 1), (700, 1_440)),
    ((3_000, 45_000), (600, 60)),
)
"""Minutes that a clock ran and then stood still, again and again, before it ran on."""

LIMITS = (
    (Limit(30, LimitUnit.WORKING_MINUTE), 30),
    (Limit(4, LimitUnit.WORKING_HOUR), 240),
    (Limit(1, LimitUnit.WORKING_DAY), 480),
    (Limit(7, LimitUnit.WORKING_DAY), 3_360),
)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def obviously_due(
    oracle: MinuteOracle, stretches: list[tuple[datetime, datetime]], begin: datetime, left: int
) -> datetime | None:
    """Use up the limit stretch by stretch; what is left runs from `begin`."""
    for started_at, stopped_at in stretches:
        worked = oracle.open_minutes_between(started_at, stopped_at)
        if worked >= left:
            return oracle.due_at(started_at, left)
        left -= worked
    return oracle.due_at(begin, left)


@pytest.mark.parametrize("calendar", ALL, ids=lambda calendar: str(calendar.code))
def test_paused_reworked_and_extended_clocks_agree_with_looking_at_every_minute(
    calendar: WorkCalendar,
) -> None:
    years = two_years(calendar)
    timekeeping = Timekeeping({calendar.code: calendar}, 0.8)
    end = calendar.stops_at.astimezone(UTC) - timedelta(days=60)
    turns, limits, extended = cycle(RUNS_AND_PAUSES), cycle(LIMITS), cycle((0, 1, 2))
    start, overdue = years.begin, 0
    while start < end:
        (limit, granted), extensions = next(limits), next(extended)
        ledger, at, stretches = Ledger(), start, list[tuple[datetime, datetime]]()
        ledger.restart(CLOCK, at, "dispatch", Term(limit, calendar.code), 1, timekeeping)
        for run, pause in next(turns):
            ledger.stop(CLOCK, at + minutes(run), "grant_suspension")
            stretches.append((at, at + minutes(run)))
            at += minutes(run + pause)
            planned = ledger.planned(CLOCK, at, timekeeping)
            ledger.resume(CLOCK, at, "resume", timekeeping)
            resumed = ledger.running(CLOCK)
            assert resumed is not None
            assert resumed.due_at == obviously_due(years.oracle, stretches, at, granted)
            assert (planned.due_at, planned.yellow_at) == (resumed.due_at, resumed.yellow_at)
        for _ in range(extensions):
            ledger.stop(CLOCK, at, "grant_extension")
            ledger.resume(CLOCK, at, "grant_extension", timekeeping, extend=True)
        running = ledger.running(CLOCK)
        assert running is not None
        assert running.extensions == extensions
        due = obviously_due(years.oracle, stretches, at, granted * (1 + extensions))
        assert running.due_at == due, (start, limit, stretches, extensions)
        overdue += due is not None and due <= at
        start += EVERY
    assert overdue > 100
