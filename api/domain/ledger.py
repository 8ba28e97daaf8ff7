"""The ledger of a ticket's clocks: stretches of time, from which every due time can be computed again.

A stretch is opened by one step and ended by another. Stretches of the same clock and cycle share one limit:
after a pause or a rework the clock goes on from what was used. A new cycle begins with the full limit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.domain.calendars import CalendarError, WorkCalendar
from api.domain.deadlines import Interval, Milestone, due_from_ledger, yellow_from_ledger
from api.domain.escalation import Rung
from api.domain.limits import Limit
from api.domain.states import Clock


@dataclass(frozen=True, slots=True)
class Term:
    """How long a clock may run, and whose working hours count."""

    limit: Limit
    calendar_code: str
    milestones: tuple[Milestone, ...] = ()

    def named(self, subject: str) -> str:
        """Write the term behind what it is for, as a ticket keeps the rule of its due time: `E0406-1 4 ...`."""
        return f"{subject} {self.limit.value} {self.limit.unit} {self.calendar_code}"


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """What all due times are computed with: calendars, the share of a limit that turns yellow, the ladder."""

    calendars: Mapping[str, WorkCalendar]
    yellow_share: float
    ladder: tuple[Rung, ...] = ()


@dataclass(frozen=True, slots=True)
class DueTimes:
    """When a limit is used up, and when its yellow share is; None where nobody can tell."""

    due_at: datetime | None
    yellow_at: datetime | None


UNKNOWN = DueTimes(None, None)


@dataclass(slots=True)
class Stretch:
    """One stretch of one clock. `due_at` is when the limit ends if the clock runs on from here.

    `term` is None for clocks without a limit (the total). `extensions` counts how often the limit of this
    cycle had been extended (延期) when the stretch began. `due_at` is None without a term, and when the
    calendar is not loaded far enough to tell. `row_id` is None until the stretch is stored; `is_stored_open`
    tells that the stored row still runs.
    """

    clock: Clock
    cycle: int
    started_at: datetime
    started_by: str
    term: Term | None = None
    unit_id: int | None = None
    extensions: int = 0
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

    def latest(self, clock: Clock, unit_id: int | None = None) -> Stretch | None:
        """Return the last stretch of a clock, running or not; with `unit_id`, that unit's last."""
        found = (s for s in reversed(self.stretches) if s.clock is clock)
        return next((s for s in found if unit_id is None or s.unit_id == unit_id), None)

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
        # Not the last one's, which may be an old cycle that was taken up again.
        before = max((s.cycle for s in self.stretches if s.clock is clock), default=0)
        stretch = Stretch(clock, before + 1, now, by, term, unit_id)
        self._open(stretch, timekeeping)

    def resume(
        self,
        clock: Clock,
        now: datetime,
        by: str,
        timekeeping: Timekeeping,
        *,
        extend: bool = False,
        unit_id: int | None = None,
    ) -> None:
        """Let a clock go on in its present cycle from what was used so far; `extend` grants its limit once more.

        With `unit_id` it is the cycle of that unit, whoever had the ticket in between.
        """
        last = self.latest(clock, unit_id)
        assert last is not None, "a clock that never ran can't be resumed"  # noqa: S101  the table says otherwise
        started_at = max(now, last.stopped_at or now)
        extensions = last.extensions + extend
        self._open(
            Stretch(clock, last.cycle, started_at, by, last.term, last.unit_id, extensions), timekeeping
        )

    def cycle(self, clock: Clock) -> list[Stretch]:
        """Return the stretches of a clock's last cycle, oldest first."""
        last = self.latest(clock)
        if last is None:
            return []
        return [s for s in self.stretches if s.clock is clock and s.cycle == last.cycle]

    def planned(self, clock: Clock, at: datetime, timekeeping: Timekeeping) -> DueTimes:
        """Say when a clock that stands still would be due if it went on at this instant."""
        stretches = self.cycle(clock)
        if not stretches or stretches[-1].term is None:
            return UNKNOWN
        intervals = [*_intervals(stretches), Interval(max(at, stretches[-1].stopped_at or at))]
        return due_times(intervals, stretches[-1].term, stretches[-1].extensions, timekeeping)

    def measure(self, clock: Clock, term: Term, timekeeping: Timekeeping) -> None:
        """Measure a clock's present cycle anew by this term.

        A cycle has one limit, so no stretch is begun: its last one, running or not, is changed. Of the earlier
        ones only the time counts that they used; they keep what they were measured by.
        """
        *earlier, last = self.cycle(clock)
        intervals = [*_intervals(earlier), Interval(last.started_at)]
        due = due_times(intervals, term, last.extensions, timekeeping)
        last.term, last.due_at, last.yellow_at = term, due.due_at, due.yellow_at

    def _open(self, stretch: Stretch, timekeeping: Timekeeping) -> None:
        self.stretches.append(stretch)
        if stretch.term is not None:
            intervals = _intervals(self.cycle(stretch.clock))
            due = due_times(intervals, stretch.term, stretch.extensions, timekeeping)
            stretch.due_at, stretch.yellow_at = due.due_at, due.yellow_at


def _intervals(stretches: Iterable[Stretch]) -> list[Interval]:
    return [Interval(stretch.started_at, stretch.stopped_at) for stretch in stretches]


def due_times(
    intervals: Sequence[Interval], term: Term, extensions: int, timekeeping: Timekeeping
) -> DueTimes:
    """Compute when a cycle of these intervals is due and turns yellow, in UTC.

    With milestones the last to fall due decides, as in `deadlines.deadline`. Unknown when the calendar is
    not loaded that far, or is gone: a ticket in the middle of its life waits for the administrator then, and
    nothing guesses.
    """
    calendar = timekeeping.calendars.get(term.calendar_code)
    if calendar is None:
        return UNKNOWN
    found = UNKNOWN
    for limit in [milestone.limit for milestone in term.milestones] or [term.limit]:
        try:
            due = due_from_ledger(intervals, limit, calendar, extensions)
            yellow = yellow_from_ledger(
                intervals, limit, calendar, extensions, yellow_share=timekeeping.yellow_share
            )
        except CalendarError:
            return UNKNOWN
        # Instants are kept in UTC: Python compares two times of one zone by the wall clock.
        if due is not None and (found.due_at is None or due.astimezone(UTC) >= found.due_at):
            found = DueTimes(due.astimezone(UTC), yellow.astimezone(UTC) if yellow else None)
    return found
