"""Working calendars: when an office is open, and how much working time lies between two instants.

Working time is real elapsed time during which the wall clock of the calendar's zone shows an open minute. So
a day whose clocks skip an hour inside open hours has an hour less, and a wall time shown twice counts twice.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import accumulate, pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from api.domain.calendar_errors import (
    AmountOutOfBounds,
    BackwardTime,
    BeforeCalendarHorizon,
    CalendarError,
    CalendarWithoutOpenHours,
    InvalidCalendar,
    InvalidLimit,
    InvalidRanges,
    NaiveInstant,
    PastCalendarHorizon,
    UnknownTimeZone,
    UnrepresentableInstant,
)
from api.domain.limits import Limit, LimitUnit
from api.domain.local_days import MICROSECOND, MINUTE_US, LocalDay, local_days, to_instant, to_microseconds

# What callers need to talk about calendars, from one place.
__all__ = [
    "AmountOutOfBounds",
    "BackwardTime",
    "BeforeCalendarHorizon",
    "CalendarDay",
    "CalendarError",
    "CalendarWithoutOpenHours",
    "DayKind",
    "InvalidCalendar",
    "InvalidLimit",
    "InvalidRanges",
    "Limit",
    "LimitUnit",
    "LoadedDay",
    "NaiveInstant",
    "PastCalendarHorizon",
    "Ranges",
    "UnknownTimeZone",
    "UnrepresentableInstant",
    "WorkCalendar",
    "checked_ranges",
]

Ranges = tuple[tuple[int, int], ...]
"""Half-open ranges of minutes of the local day, 24:00 being 1440.

((480, 720), (840, 1080)) is 08:00-12:00 and 14:00-18:00.
"""

DAYS_A_WEEK = 7
MINUTES_A_DAY = 1_440

EARLIEST_ON = date(1900, 1, 1)
LATEST_ON = date(2199, 12, 31)
"""Bounds of what may be loaded: they keep a mistyped year from building a table of a million days."""

_ZONE_NAME = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*")


class DayKind(StrEnum):
    """Why a date differs from its weekday."""

    HOLIDAY = "holiday"
    MAKEUP_WORKDAY = "makeup_workday"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A date with hours of its own: a holiday, a make-up working day (调休上班), or special hours.

    `ranges` replaces the weekday's; empty means closed all day.
    """

    on: date
    kind: DayKind
    ranges: Ranges
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class LoadedDay:
    """One local date, or its part on one side of a clock change, with its open spans in UTC microseconds.

    `ranges` are the hours of the whole date, so a part without spans may still belong to a day with hours.
    """

    start_us: int
    stop_us: int
    exception: CalendarDay | None
    ranges: Ranges
    spans: tuple[tuple[int, int], ...]


def checked_ranges(ranges: Iterable[Sequence[int]]) -> Ranges:
    """Return the ranges as tuples; `InvalidRanges` when unsorted, overlapping, empty or outside 0..1440."""
    found = tuple(ranges)
    if any(len(pair) != 2 for pair in found):  # noqa: PLR2004  a start and a stop
        raise InvalidRanges(found)
    pairs = tuple((start, stop) for start, stop in found)
    inside = all(0 <= start < stop <= MINUTES_A_DAY for start, stop in pairs)
    if not inside or any(later[0] < earlier[1] for earlier, later in pairwise(pairs)):
        raise InvalidRanges(found)
    return pairs


class WorkCalendar:
    """The open hours of an office from `first_on` to `last_on`, both included, in its own time zone.

    Built once (a few milliseconds a year), then never changed and safe to share. Every answer is closed form:
    a bisection over the open spans and their running total, however long the limit. Instants may come in any
    zone and go out in the calendar's. (Store and compare them as UTC: Python holds a wall time that is shown
    twice unequal to the same instant in any other zone.)

    `weekly` has the ranges of Monday to Sunday; `exceptions` replace single dates, those outside the horizon
    are ignored. `working_day_minutes` is how much working time one working day of a limit means (policy:
    8 h), whatever the length of the days it falls on.

    Questions outside the horizon raise `BeforeCalendarHorizon` or `PastCalendarHorizon`: holidays there are
    not known, and a deadline is never a guess. A calendar that is never open raises
    `CalendarWithoutOpenHours`.
    """

    def __init__(  # noqa: PLR0913  a calendar is these nine facts; the row in the database has the same
        self,
        code: str,
        name_zh: str,
        name_en: str,
        time_zone: str,
        weekly: Sequence[Iterable[Sequence[int]]],
        exceptions: Iterable[CalendarDay],
        first_on: date,
        last_on: date,
        *,
        working_day_minutes: int = 480,
    ) -> None:
        self.code = code
        self.name_zh = name_zh
        self.name_en = name_en
        self.time_zone = time_zone
        self.first_on = first_on
        self.last_on = last_on
        self.working_day_minutes = working_day_minutes
        if not EARLIEST_ON <= first_on <= last_on <= LATEST_ON:
            raise InvalidCalendar(
                code, f"{first_on} to {last_on} is not a stretch of years from 1900 to 2199"
            )
        if len(weekly) != DAYS_A_WEEK:
            raise InvalidCalendar(code, f"a week has seven days, not {len(weekly)}")
        if not 1 <= working_day_minutes <= MINUTES_A_DAY:
            raise InvalidCalendar(code, f"a working day has 1 to 1440 minutes, not {working_day_minutes}")
        self.weekly = tuple(checked_ranges(ranges) for ranges in weekly)
        self.exceptions = _by_date(code, exceptions)
        self._zone = _zone(time_zone)
        self._days = tuple(map(self._load, local_days(self._zone, first_on, last_on)))
        spans = [span for day in self._days for span in day.spans]
        if not spans:
            raise CalendarWithoutOpenHours(code)
        self._starts = [day.start_us for day in self._days]
        self._opens = [start for start, _ in spans]
        self._closes = [stop for _, stop in spans]
        # _worked[i] is the working time from the start of the horizon to the end of span i.
        self._worked = list(accumulate(stop - start for start, stop in spans))
        self.starts_at = self.at(self._days[0].start_us)
        self.stops_at = self.at(self._days[-1].stop_us)

    def __repr__(self) -> str:
        return f"WorkCalendar({self.code!r}, {self.time_zone!r}, {self.first_on}..{self.last_on})"

    def working_time(self, start: datetime, stop: datetime) -> timedelta:
        """Measure the working time in [start, stop); `BackwardTime` when stop comes first."""
        start_us, stop_us = _ordered(start, stop)
        return timedelta(microseconds=self._worked_until(stop_us) - self._worked_until(start_us))

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """Find the earliest instant at which `amount` of working time since `start` has passed.

        So an amount that fills a morning ends at 12:00, not at 14:00 when work goes on, and no amount at all
        ends at `start` itself, open or not. A negative amount raises `AmountOutOfBounds`.
        """
        start_us, amount_us = to_microseconds(start), _positive(amount)
        target = self._worked_until(start_us) + amount_us
        if amount_us == 0:
            return self.at(start_us)
        span = bisect_left(self._worked, target)
        if span == len(self._worked):
            raise PastCalendarHorizon(self.code, self.last_on)
        return self.at(self._closes[span] - (self._worked[span] - target))

    def elapsed_time(self, start: datetime, stop: datetime) -> timedelta:
        """Measure the time in [start, stop) around the clock; `BackwardTime` when stop comes first."""
        start_us, stop_us = _ordered(start, stop)
        return timedelta(microseconds=stop_us - start_us)

    def add_elapsed_time(self, start: datetime, amount: timedelta) -> datetime:
        """Find the instant `amount` after `start`, around the clock; it may lie outside the horizon."""
        return self.at(to_microseconds(start) + _positive(amount))

    def next_open(self, at: datetime) -> datetime:
        """Find the first instant from `at` on that is open: `at` itself inside open hours, else the next opening.

        `PastCalendarHorizon` when the calendar does not open any more before its end.
        """
        at_us = to_microseconds(at)
        self._check_horizon(at_us)
        # Spans are half-open, so the one that closes at this very instant is over.
        span = bisect_right(self._closes, at_us)
        if span == len(self._closes):
            raise PastCalendarHorizon(self.code, self.last_on)
        return self.at(max(at_us, self._opens[span]))

    def local(self, instant: datetime) -> datetime:
        """Express the instant in the calendar's zone."""
        return self.at(to_microseconds(instant))

    def at(self, at_us: int) -> datetime:
        """Express microseconds since 1970 UTC in the calendar's zone."""
        return to_instant(at_us, self._zone)

    def ends_before(self, instant: datetime) -> bool:
        """Whether the instant lies past the horizon, so that working time up to it is not known."""
        return to_microseconds(instant) > self._days[-1].stop_us

    def days(self, start: datetime, stop: datetime) -> Iterator[LoadedDay]:
        """Yield the days that [start, stop) touches, in order; both ends have to lie inside the horizon."""
        start_us, stop_us = _ordered(start, stop)
        self._check_horizon(start_us)
        self._check_horizon(stop_us)
        first = bisect_right(self._starts, start_us) - 1
        yield from self._days[first : bisect_left(self._starts, stop_us, first)]

    def _worked_until(self, at_us: int) -> int:
        """Microseconds of working time from the start of the horizon to this instant."""
        self._check_horizon(at_us)
        span = bisect_right(self._opens, at_us) - 1
        if span < 0:
            return 0
        return self._worked[span] - max(0, self._closes[span] - at_us)

    def _check_horizon(self, at_us: int) -> None:
        if at_us < self._days[0].start_us:
            raise BeforeCalendarHorizon(self.code, self.first_on)
        if at_us > self._days[-1].stop_us:
            raise PastCalendarHorizon(self.code, self.last_on)

    def _load(self, day: LocalDay) -> LoadedDay:
        exception = self.exceptions.get(day.on)
        ranges = self.weekly[day.on.weekday()] if exception is None else exception.ranges
        spans: list[tuple[int, int]] = []
        for start, stop in ranges:
            opens = max(day.midnight_us + start * MINUTE_US, day.start_us)
            closes = min(day.midnight_us + stop * MINUTE_US, day.stop_us)
            if opens < closes:
                spans.append((opens, closes))
        return LoadedDay(day.start_us, day.stop_us, exception, ranges, tuple(spans))


def _by_date(code: str, exceptions: Iterable[CalendarDay]) -> Mapping[date, CalendarDay]:
    by_date: dict[date, CalendarDay] = {}
    for day in exceptions:
        if day.on in by_date:
            raise InvalidCalendar(code, f"{day.on} is listed twice")
        if day.kind is DayKind.MAKEUP_WORKDAY and not day.ranges:
            raise InvalidCalendar(code, f"{day.on} is a make-up working day without open hours")
        checked_ranges(day.ranges)
        by_date[day.on] = day
    return MappingProxyType(by_date)


def _zone(name: str) -> ZoneInfo:
    # zoneinfo opens whatever file the name leads to, so the shape is checked before it looks.
    if not _ZONE_NAME.fullmatch(name):
        raise UnknownTimeZone(name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZone(name) from None


def _ordered(start: datetime, stop: datetime) -> tuple[int, int]:
    start_us, stop_us = to_microseconds(start), to_microseconds(stop)
    if stop_us < start_us:
        raise BackwardTime(start, stop)
    return start_us, stop_us


def _positive(amount: timedelta) -> int:
    if amount < timedelta(0):
        raise AmountOutOfBounds(f"An amount of time is not negative, as {amount} is.")
    return amount // MICROSECOND
