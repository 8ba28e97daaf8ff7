"""Local days on the UTC time line: where each date of a time zone begins and ends, whatever its clocks do.

A day with a clock change is cut where the UTC offset changes, so inside each piece the wall clock and UTC run
in step. That settles every odd case without a rule of its own: a wall time that the clock skips belongs to
no piece, one that it shows twice belongs to two, and a date that a zone left out (30 December 2011 in Samoa)
has none.

All numbers are whole microseconds since 1970-01-01T00:00Z: exact, and quick to compare and bisect.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.domain.calendar_errors import NaiveInstant, UnrepresentableInstant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 24 * 60 * MINUTE_US

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_PROBE_US = DAY_US // 2
"""Offsets are compared at this distance; no zone ever changed its clocks and changed them back within it."""


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One date, or the part of it on one side of a clock change.

    It covers `start_us` (included) to `stop_us` (excluded). `midnight_us` is where 00:00 of the date lies
    when this piece's UTC offset is carried back to it: minute m of the date is `midnight_us + m * MINUTE_US`.
    """

    on: date
    start_us: int
    stop_us: int
    midnight_us: int


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970 UTC; `NaiveInstant` when the datetime has no offset.

    All arithmetic and comparison goes through this: Python compares and subtracts two datetimes of the same
    zone by their wall clocks, which is wrong by an hour across a clock change.
    """
    try:
        return (instant - EPOCH) // MICROSECOND
    except TypeError:
        raise NaiveInstant(instant) from None


def to_instant(at_us: int, zone: ZoneInfo) -> datetime:
    """Make an aware datetime in `zone`; `UnrepresentableInstant` when its year is not in 1..9999."""
    try:
        return (EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    except OverflowError:
        raise UnrepresentableInstant(zone.key) from None


def local_days(zone: ZoneInfo, first_on: date, last_on: date) -> Iterator[LocalDay]:
    """Yield the days from `first_on` to `last_on` (both included) in order of time."""
    first = first_on.toordinal() - _EPOCH_ORDINAL
    last = last_on.toordinal() - _EPOCH_ORDINAL
    # No UTC offset reaches two days, so this window holds every instant of the wanted dates.
    for start_us, stop_us, offset_us in _constant_offsets(zone, (first - 2) * DAY_US, (last + 3) * DAY_US):
        first_here = max(first, (start_us + offset_us) // DAY_US)
        last_here = min(last, (stop_us + offset_us - 1) // DAY_US)
        for day in range(first_here, last_here + 1):
            midnight_us = day * DAY_US - offset_us
            yield LocalDay(
                date.fromordinal(day + _EPOCH_ORDINAL),
                max(midnight_us, start_us),
                min(midnight_us + DAY_US, stop_us),
                midnight_us,
            )


def _constant_offsets(zone: ZoneInfo, start_us: int, stop_us: int) -> Iterator[tuple[int, int, int]]:
    """Cut [start, stop) at the clock changes: (start, stop, UTC offset) of each part, in microseconds."""
    part_start, offset = start_us, _offset_us(zone, start_us)
    for probe in range(start_us, stop_us, _PROBE_US):
        before, after = probe, min(probe + _PROBE_US, stop_us)
        if _offset_us(zone, after) == offset:
            continue
        # zoneinfo does not tell its transitions, so the second of the change is found by halving.
        while after - before > SECOND_US:
            middle = (before + after) // 2 // SECOND_US * SECOND_US
            if _offset_us(zone, middle) == offset:
                before = middle
            else:
                after = middle
        yield part_start, after, offset
        part_start, offset = after, _offset_us(zone, after)
    yield part_start, stop_us, offset


def _offset_us(zone: ZoneInfo, at_us: int) -> int:
    local = (EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    return (local.replace(tzinfo=UTC) - EPOCH) // MICROSECOND - at_us
