"""Deadlines: when a limit runs out, when it turns yellow, and how both follow from a ledger of intervals.

A limit is a budget of time. Around the clock for urgent and calendar units, where a day is 24 hours; in the
calendar's working time for working units, where a day is its `working_day_minutes`. All of it is closed form.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from api.domain import segments
from api.domain.calendars import AmountOutOfBounds, BackwardTime, Limit, LimitUnit, WorkCalendar
from api.domain.local_days import to_microseconds
from api.domain.segments import Segment, Why

__all__ = [
    "Deadline",
    "Interval",
    "Light",
    "Milestone",
    "Segment",
    "Why",
    "counted_segments",
    "deadline",
    "due_at",
    "due_from_ledger",
    "light",
    "limit_budget",
    "remaining",
    "used",
    "yellow_from_ledger",
]

YELLOW_SHARE = 0.8
"""Share of a limit after which the light turns yellow, unless policy says otherwise."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step on the way with a limit of its own, counted from the same start (先制止、再查处、后拆除)."""

    name_zh: str
    name_en: str
    limit: Limit

    def as_json(self) -> dict[str, Any]:
        """Return the milestone as conditions and clocks keep it."""
        return {
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "value": self.limit.value,
            "unit": self.limit.unit,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Milestone":
        """Read back what `as_json` returned."""
        return cls(kept["name_zh"], kept["name_en"], Limit(kept["value"], LimitUnit(kept["unit"])))


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a task is due, with all that a person needs to check it by hand.

    `limit` is the one that decides: the given one or, with milestones, that of the milestone due last.
    `segments` tile the time from `start_at` to `due_at`; what they count adds up to the limit's budget.
    """

    start_at: datetime
    due_at: datetime
    yellow_at: datetime
    limit: Limit
    calendar_code: str
    milestones: tuple[tuple[Milestone, datetime], ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch during which a clock ran, or still runs when `stopped_at` is None."""

    started_at: datetime
    stopped_at: datetime | None = None

    def __post_init__(self) -> None:
        started_us = to_microseconds(self.started_at)
        if self.stopped_at is not None and to_microseconds(self.stopped_at) < started_us:
            raise BackwardTime(self.started_at, self.stopped_at)


class Light(StrEnum):
    """How much of the limit is used: green up to the yellow share, yellow up to all of it, red after."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


def limit_budget(limit: Limit, calendar: WorkCalendar) -> timedelta:
    """Say how much time a limit grants, in the kind of time that its unit counts."""
    match limit.unit:
        case LimitUnit.WORKING_DAY:
            return limit.value * timedelta(minutes=calendar.working_day_minutes)
        case LimitUnit.WORKING_HOUR | LimitUnit.URGENT_HOUR:
            return limit.value * HOUR
        case LimitUnit.URGENT_DAY | LimitUnit.CALENDAR_DAY:
            return limit.value * DAY
        case LimitUnit.WORKING_MINUTE:
            return timedelta(minutes=limit.value)


def due_at(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """Find the earliest instant at which the limit is used up, in the calendar's zone.

    Working units need the calendar to be loaded from start to end (`BeforeCalendarHorizon`,
    `PastCalendarHorizon`); the others do not ask it.
    """
    return _add(start, limit_budget(limit, calendar), limit.unit, calendar)


def deadline(
    start: datetime,
    limit: Limit,
    calendar: WorkCalendar,
    *,
    milestones: Sequence[Milestone] = (),
    yellow_share: float = YELLOW_SHARE,
) -> Deadline:
    """Work out a deadline with its milestones, its yellow instant and the segments that explain it.

    With milestones the ticket is due when the latest of them is (the later in the list when two fall
    together), and that milestone's limit decides yellow and segments. `yellow_share` lies in (0, 1].
    """
    steps = tuple((milestone, due_at(start, milestone.limit, calendar)) for milestone in milestones)
    if steps:
        last = max(range(len(steps)), key=lambda index: (to_microseconds(steps[index][1]), index))
        limit, due = steps[last][0].limit, steps[last][1]
    else:
        due = due_at(start, limit, calendar)
    return Deadline(
        start_at=calendar.local(start),
        due_at=due,
        yellow_at=_add(start, _yellow(limit_budget(limit, calendar), yellow_share), limit.unit, calendar),
        limit=limit,
        calendar_code=calendar.code,
        milestones=steps,
        segments=counted_segments(start, due, limit.unit, calendar),
    )


def counted_segments(
    start: datetime, stop: datetime, unit: LimitUnit, calendar: WorkCalendar
) -> tuple[Segment, ...]:
    """Return what a limit of this unit counts between two instants, and what it does not."""
    tile = segments.working_hours if unit.counts_working_time else segments.around_the_clock
    return tile(start, stop, calendar)


def used(
    intervals: Iterable[Interval], unit: LimitUnit, calendar: WorkCalendar, until: datetime
) -> timedelta:
    """Add up the time of a clock's intervals before `until`, in the kind of time that the unit counts.

    Intervals come in order of time and do not overlap, and only the last may be open, else `BackwardTime`.
    """
    until_us = to_microseconds(until)
    total = timedelta(0)
    for interval in _in_order(intervals):
        if to_microseconds(interval.started_at) >= until_us:
            continue
        stop = interval.stopped_at
        if stop is None or to_microseconds(stop) > until_us:
            stop = until
        total += _between(interval.started_at, stop, unit, calendar)
    return total


def remaining(
    intervals: Iterable[Interval],
    limit: Limit,
    calendar: WorkCalendar,
    until: datetime,
    extensions: int = 0,
) -> timedelta:
    """Say how much of the limit is left at `until`; negative by how much it was overdrawn."""
    return _granted(limit, calendar, extensions) - used(intervals, limit.unit, calendar, until)


def due_from_ledger(
    intervals: Iterable[Interval], limit: Limit, calendar: WorkCalendar, extensions: int = 0
) -> datetime | None:
    """Recompute the due time of a clock; each extension grants the original limit once more.

    What the closed intervals used up is gone; the rest runs from the start of the open one. When the closed
    intervals alone used all of it, the due time is the instant, inside one of them, at which it ran out. None
    when time is left but the clock stands still (paused, stopped, or never started). Order as in `used`.
    """
    return _runs_out_at(intervals, _granted(limit, calendar, extensions), limit.unit, calendar)


def yellow_from_ledger(
    intervals: Iterable[Interval],
    limit: Limit,
    calendar: WorkCalendar,
    extensions: int = 0,
    *,
    yellow_share: float = YELLOW_SHARE,
) -> datetime | None:
    """Recompute when the yellow share of limit and extensions is used up, as `due_from_ledger` does."""
    yellow = _yellow(_granted(limit, calendar, extensions), yellow_share)
    return _runs_out_at(intervals, yellow, limit.unit, calendar)


def light(now: datetime, yellow_at: datetime | None, due_at: datetime | None) -> Light | None:
    """Show the light: green up to and including `yellow_at`, yellow up to and including `due_at`, then red.

    None when either is unknown, as for a clock that stands still.
    """
    if yellow_at is None or due_at is None:
        return None
    now_us = to_microseconds(now)
    if now_us > to_microseconds(due_at):
        return Light.RED
    return Light.YELLOW if now_us > to_microseconds(yellow_at) else Light.GREEN


def _add(start: datetime, amount: timedelta, unit: LimitUnit, calendar: WorkCalendar) -> datetime:
    if unit.counts_working_time:
        return calendar.add_working_time(start, amount)
    return calendar.add_elapsed_time(start, amount)


def _between(start: datetime, stop: datetime, unit: LimitUnit, calendar: WorkCalendar) -> timedelta:
    if unit.counts_working_time:
        return calendar.working_time(start, stop)
    return calendar.elapsed_time(start, stop)


def _granted(limit: Limit, calendar: WorkCalendar, extensions: int) -> timedelta:
    if extensions < 0:
        raise AmountOutOfBounds(f"A clock has no or some extensions, not {extensions}.")
    return limit_budget(limit, calendar) * (1 + extensions)


def _yellow(budget: timedelta, share: float) -> timedelta:
    if not 0 < share <= 1:
        raise AmountOutOfBounds(f"The yellow share is more than 0 and at most 1, not {share}.")
    return budget * share


def _runs_out_at(
    intervals: Iterable[Interval], amount: timedelta, unit: LimitUnit, calendar: WorkCalendar
) -> datetime | None:
    left = amount
    for interval in _in_order(intervals):
        stop = interval.stopped_at
        # An interval that was closed past the horizon cannot be measured, but the amount may run out before.
        if stop is None or (unit.counts_working_time and calendar.ends_before(stop)):
            return _add(interval.started_at, left, unit, calendar)
        spent = _between(interval.started_at, stop, unit, calendar)
        if spent >= left:
            return _add(interval.started_at, left, unit, calendar)
        left -= spent
    return None


def _in_order(intervals: Iterable[Interval]) -> Iterator[Interval]:
    earlier: Interval | None = None
    for interval in intervals:
        if earlier is not None and (
            earlier.stopped_at is None
            or to_microseconds(interval.started_at) < to_microseconds(earlier.stopped_at)
        ):
            raise BackwardTime(earlier.stopped_at or earlier.started_at, interval.started_at)
        yield interval
        earlier = interval
