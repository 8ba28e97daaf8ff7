"""The stretches between two instants: which counted towards a limit, which did not, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from api.domain.calendars import DayKind, LoadedDay, WorkCalendar
from api.domain.local_days import to_microseconds


class Why(StrEnum):
    """Why a stretch counted, or did not."""

    OPEN_HOURS = "open_hours"
    """Hours of an ordinary day."""
    MAKEUP_WORKDAY = "makeup_workday"
    """Hours of a make-up working day (调休上班)."""
    SPECIAL_HOURS = "special_hours"
    """Hours of a day that differs from its weekday, such as a short day before a holiday."""
    AROUND_THE_CLOCK = "around_the_clock"
    """The unit of the limit runs day and night."""
    CLOSED = "closed"
    """Nights and breaks of a day that has open hours."""
    DAY_OFF = "day_off"
    """A weekday without open hours."""
    HOLIDAY = "holiday"
    """A holiday without open hours."""
    SPECIAL_CLOSURE = "special_closure"
    """Another special day without open hours."""

    @property
    def counts(self) -> bool:
        """Whether such a stretch counts towards the limit; if so all of it, else none."""
        return self in _COUNTED


_COUNTED = frozenset({Why.OPEN_HOURS, Why.MAKEUP_WORKDAY, Why.SPECIAL_HOURS, Why.AROUND_THE_CLOCK})


@dataclass(frozen=True, slots=True)
class Segment:
    """[start, stop) and the time in it that counted: all of it or none. A special day gives its names."""

    start: datetime
    stop: datetime
    counted: timedelta
    why: Why
    name_zh: str = ""
    name_en: str = ""


class _Label(NamedTuple):
    why: Why
    name_zh: str = ""
    name_en: str = ""


# The labels of nearly all days; one object each, so that comparing them costs nothing.
_OPEN, _CLOSED, _DAY_OFF = _Label(Why.OPEN_HOURS), _Label(Why.CLOSED), _Label(Why.DAY_OFF)


class _Piece(NamedTuple):
    start_us: int
    stop_us: int
    label: _Label


def around_the_clock(start: datetime, stop: datetime, calendar: WorkCalendar) -> tuple[Segment, ...]:
    """Return the single segment of a limit that runs day and night; none when nothing lies between."""
    length = calendar.elapsed_time(start, stop)
    if not length:
        return ()
    return (Segment(calendar.local(start), calendar.local(stop), length, Why.AROUND_THE_CLOCK),)


def working_hours(start: datetime, stop: datetime, calendar: WorkCalendar) -> tuple[Segment, ...]:
    """Return the segments that tile [start, stop): each begins where the one before it ends.

    Neighbours with the same reason are one segment, so a week of holidays is one, not seven. Outside the
    calendar's horizon the errors are those of `WorkCalendar.days`.
    """
    segments: list[Segment] = []
    begins: datetime | None = None
    for label, group in groupby(_pieces(start, stop, calendar), key=_LABEL):
        first, *others = group
        stop_us = others[-1].stop_us if others else first.stop_us
        # Each begins where the one before it ended, so only the ends are to be told in the calendar's zone.
        begins = begins or calendar.at(first.start_us)
        ends = calendar.at(stop_us)
        counted = timedelta(microseconds=stop_us - first.start_us) if label.why.counts else timedelta(0)
        segments.append(Segment(begins, ends, counted, *label))
        begins = ends
    return tuple(segments)


_LABEL = attrgetter("label")


def _pieces(start: datetime, stop: datetime, calendar: WorkCalendar) -> Iterator[_Piece]:
    start_us, stop_us = to_microseconds(start), to_microseconds(stop)
    for day in calendar.days(start, stop):
        open_label, closed_label = _labels(day)
        at_us, until_us = max(day.start_us, start_us), min(day.stop_us, stop_us)
        for opens_us, closes_us in day.spans:
            if closes_us <= at_us:
                continue
            if opens_us >= until_us:
                break
            if at_us < opens_us:
                yield _Piece(at_us, opens_us, closed_label)
            yield _Piece(max(at_us, opens_us), min(closes_us, until_us), open_label)
            at_us = min(closes_us, until_us)
        if at_us < until_us:
            yield _Piece(at_us, until_us, closed_label)


def _labels(day: LoadedDay) -> tuple[_Label, _Label]:
    """Say why the open and the closed hours of a day count or do not."""
    exception = day.exception
    if exception is None:
        return _OPEN, _CLOSED if day.ranges else _DAY_OFF
    # A holiday with some open hours is a short day for the clock, whatever the office calls it.
    opens = Why.MAKEUP_WORKDAY if exception.kind is DayKind.MAKEUP_WORKDAY else Why.SPECIAL_HOURS
    open_label = _Label(opens, exception.name_zh, exception.name_en)
    if day.ranges:
        return open_label, _CLOSED
    closed = Why.HOLIDAY if exception.kind is DayKind.HOLIDAY else Why.SPECIAL_CLOSURE
    return open_label, _Label(closed, exception.name_zh, exception.name_en)
