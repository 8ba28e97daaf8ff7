"""The ledger of a ticket's clocks: stretches of time, from which every due time can be computed again.

A stretch is opened by one step and ended by another. Stretches of the same clock and cycle share one limit:
after a pause or a rework the clock goes on from what was used. A new cycle begins with the full limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.domain.calendars import WorkCalendar
from api.domain.deadlines import Interval, Milestone, due_from_ledger, yellow_from_ledger
from api.domain.lifecycle import Clock
from api.domain.limits import Limit


@dataclass(frozen=True, slots=True)
class Term:
    """How long a clock may run, and whose working hours count."""

    limit: Limit
    calendar_code: str
    milestones: tuple[Milestone, ...] = ()


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """What all due times are computed with: the city's calendars, and the share of a limit that turns yellow."""

    calendars: Mapping[str, WorkCalendar]
    yellow_share: float


@dataclass(slots=True)
class Stretch:
    """One stretch of one clock. `due_at` is when the limit ends if the clock runs on from here.

    `term` is None for clocks without a limit (the total). `row_id` is None until the stretch is stored;
    `is_stored_open` tells that the stored row still runs.
    """

    clock: Clock
    cycle: int
    started_at: datetime
    started_by: str
    term: Term | None = None
    unit_id: int | None = None
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    due_at: datetime | None = None
    yellow_at: datetime | None = None
    row_id: int | None = None
    is_stored_open: bool = False


class Ledger:
    """All stretches of one ticket, oldest first, and what the present step adds to them."""

    def __init__(self, stretches: Sequence[Stretch] = ()) -> None:
        self.stretches = list(stretches)

    def running(self, clock: Clock) -> Stretch | None:
        """Return the open stretch of a clock, if it runs."""
        return next((s for s in self.stretches if s.clock is clock and s.stopped_at is None), None)

    def latest(self, clock: Clock) -> Stretch | None:
        """Return the last stretch of a clock, running or not."""
        return next((s for s in reversed(self.stretches) if s.clock is clock), None)

    def stop(self, clock: Clock, now: datetime, by: str) -> None:
        """Stop a clock if it runs."""
        stretch = self.running(clock)
        if stretch is not None:
            # Two processes' clocks may differ by a moment; a stretch never ends before it began.
            stretch.stopped_at = max(now, stretch.started_at)
            stretch.stopped_by = by

    def restart(
        self,
        clock: Clock,
        now: datetime,
        by: str,
        term: Term | None,
        unit_id: int | None,
        timekeeping: Timekeeping,
    ) -> None:
        """Begin a new cycle of a clock with its full limit."""
        last = self.latest(clock)
        stretch = Stretch(clock, last.cycle + 1 if last else 1, now, by, term, unit_id)
        self._open(stretch, timekeeping)

    def resume(self, clock: Clock, now: datetime, by: str, timekeeping: Timekeeping) -> None:
        """Let a clock go on in its present cycle from what was used so far."""
        last = self.latest(clock)
        assert last is not None, "a clock that never ran can't be resumed"  # noqa: S101  the table says otherwise
        started_at = max(now, last.stopped_at or now)
        self._open(Stretch(clock, last.cycle, started_at, by, last.term, last.unit_id), timekeeping)

    def _open(self, stretch: Stretch, timekeeping: Timekeeping) -> None:
        self.stretches.append(stretch)
        if stretch.term is None:
            return
        calendar = timekeeping.calendars[stretch.term.calendar_code]
        cycle = [
            Interval(s.started_at, s.stopped_at)
            for s in self.stretches
            if s.clock is stretch.clock and s.cycle == stretch.cycle
        ]
        # With milestones the last to fall due decides, as in `deadlines.deadline`.
        # Instants are kept in UTC: Python compares two times of one zone by the wall clock.
        for limit in [milestone.limit for milestone in stretch.term.milestones] or [stretch.term.limit]:
            due = due_from_ledger(cycle, limit, calendar)
            if due is None or (stretch.due_at is not None and due.astimezone(UTC) < stretch.due_at):
                continue
            yellow = yellow_from_ledger(cycle, limit, calendar, yellow_share=timekeeping.yellow_share)
            stretch.due_at = due.astimezone(UTC)
            stretch.yellow_at = yellow.astimezone(UTC) if yellow else None
