"""Hours of the week in which a dispatch rule counts, such as nights and weekends, by the city's wall clock.

A week runs from Monday 00:00; its minutes are numbered from 0 to 10 079. Ranges are half-open. Wall clocks are what
people plan by: a minute that the clock skips does not come, and one that it shows twice comes twice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import cast
from zoneinfo import ZoneInfo

from api.domain.calendars import DAYS_A_WEEK, MINUTES_A_DAY
from api.domain.errors import FieldWrong
from api.domain.limits import Language
from api.domain.local_days import MINUTE_US, local_days, to_microseconds

Spans = tuple[tuple[int, int], ...]
"""Half-open spans of minutes of the week, in order and apart from each other."""

HOURS_MAX = 28
"""Ranges that one rule may have: four for each day of the week."""

MINUTES_A_WEEK = DAYS_A_WEEK * MINUTES_A_DAY
WHOLE_WEEK: Spans = ((0, MINUTES_A_WEEK),)

TIME_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
"""A time of day such as 08:30; 24:00 is the end of the day."""

_TIME = re.compile(TIME_PATTERN)
_EVERY_MINUTE_COMES_IN = timedelta(days=15)
"""Two whole weeks and a day: a zone may skip a minute of one week when its clocks change, but not of both."""


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The same hours on some days of the week, 1 being Monday and 7 Sunday.

    `starts` (0 to 1439) and `stops` (1 to 1440) are minutes of the day. What stops before it starts goes on into the
    next day: from 22:00 to 06:00 on day 5 is the night from Friday to Saturday.
    """

    days: tuple[int, ...]
    starts: int
    stops: int

    @property
    def spans(self) -> Iterable[tuple[int, int]]:
        """The spans of the week; one that passes the end of Sunday is cut there."""
        length = self.stops - self.starts + (MINUTES_A_DAY if self.stops < self.starts else 0)
        for day in self.days:
            start = (day - 1) * MINUTES_A_DAY + self.starts
            stop = start + length
            yield start, min(stop, MINUTES_A_WEEK)
            if stop > MINUTES_A_WEEK:
                yield 0, stop - MINUTES_A_WEEK

    def as_json(self) -> dict[str, object]:
        """Return it as files, answers and the database have it."""
        return {
            "days": list(self.days),
            "from": clock_time(self.starts),
            "to": clock_time(self.stops),
        }


def weekly_hours(days: Sequence[int], starts: str, stops: str, pointer: str) -> WeeklyHours:
    """Make hours of what was written, such as ([5, 6], "22:00", "06:00").

    FieldWrong below `pointer`: `days_wrong`, `time_wrong`, `hours_empty` (they stop where they start).
    """
    if not days or len(set(days)) != len(days) or not all(1 <= day <= DAYS_A_WEEK for day in days):
        raise FieldWrong(f"{pointer}/days", "days_wrong", "Days are numbers from 1 (Monday) to 7, each once.")
    minutes: list[int] = []
    for name, written in (("from", starts), ("to", stops)):
        if not _TIME.fullmatch(written) or (name == "from" and written == "24:00"):
            raise FieldWrong(f"{pointer}/{name}", "time_wrong", "A time of day such as 08:30 is expected.")
        minutes.append(int(written[:2]) * 60 + int(written[3:]))
    if minutes[0] == minutes[1]:
        raise FieldWrong(f"{pointer}/to", "hours_empty", "The hours stop where they start; 24:00 ends a day.")
    return WeeklyHours(tuple(sorted(days)), minutes[0], minutes[1] or MINUTES_A_DAY)


def hours_from_json(entries: object, pointer: str = "/hours") -> tuple[WeeklyHours, ...]:
    """Read the hours of a rule as files and the database have them.

    FieldWrong at the wrong member: `field_mistyped`, `too_many`, and what `weekly_hours` refuses.
    """
    if not isinstance(entries, list):
        raise FieldWrong(pointer, "field_mistyped", "A list of hours with days, from and to is expected.")
    listed = cast("list[object]", entries)
    if len(listed) > HOURS_MAX:
        raise FieldWrong(pointer, "too_many", f"A rule has at most {HOURS_MAX} ranges of hours.")
    return tuple(_read(entry, f"{pointer}/{number}") for number, entry in enumerate(listed))


def _read(entry: object, pointer: str) -> WeeklyHours:
    if not isinstance(entry, Mapping) or set(cast("Mapping[object, object]", entry)) != {
        "days",
        "from",
        "to",
    }:
        raise FieldWrong(
            pointer, "field_mistyped", "Hours with days, from and to, nothing else, are expected."
        )
    members = cast("Mapping[str, object]", entry)
    days, starts, stops = members["days"], members["from"], members["to"]
    if not isinstance(days, list) or not all(
        isinstance(day, int) and not isinstance(day, bool) for day in cast("list[object]", days)
    ):
        raise FieldWrong(
            f"{pointer}/days", "field_mistyped", "A list of numbers from 1 (Monday) to 7 is expected."
        )
    for name, value in (("from", starts), ("to", stops)):
        if not isinstance(value, str):
            # YAML reads 22:00 without quotes as the number 1320.
            raise FieldWrong(
                f"{pointer}/{name}", "field_mistyped", 'A time in quotes, such as "22:00", is expected.'
            )
    return weekly_hours(cast("list[int]", days), cast("str", starts), cast("str", stops), pointer)


def week_of(hours: Iterable[WeeklyHours]) -> Spans:
    """Return all hours together as spans of the week; without any hours it is the whole week."""
    spans = union(span for one in hours for span in one.spans)
    return spans or WHOLE_WEEK


def minute_of_week(at: datetime, zone: ZoneInfo) -> int:
    """Return the minute of the week that the wall clock of a zone shows at an instant."""
    local = at.astimezone(zone)
    return local.weekday() * MINUTES_A_DAY + local.hour * 60 + local.minute


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Join spans that overlap or touch."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        else:
            joined.append((start, stop))
    return tuple(joined)


def intersection(one: Spans, other: Spans) -> Spans:
    """Return what lies in both."""
    return tuple(
        (max(start, first), min(stop, last))
        for start, stop in one
        for first, last in other
        if start < last and first < stop
    )


def difference(one: Spans, other: Spans) -> Spans:
    """Return what lies in one and not in the other."""
    left: list[tuple[int, int]] = []
    for start, stop in one:
        at = start
        for first, last in other:
            if last <= at or stop <= first:
                continue
            if at < first:
                left.append((at, first))
            at = last
        if at < stop:
            left.append((at, stop))
    return tuple(left)


def comes_between(spans: Spans, start: datetime, stop: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the clocks of a zone show some minute of these spans from `start` until before `stop`."""
    if not spans or stop <= start:
        return False
    if stop - start >= _EVERY_MINUTE_COMES_IN:
        return True
    start_us, stop_us = to_microseconds(start), to_microseconds(stop)
    for day in local_days(zone, start.astimezone(zone).date(), stop.astimezone(zone).date()):
        first_us, last_us = max(day.start_us, start_us), min(day.stop_us, stop_us)
        if first_us >= last_us:
            continue
        midnight_us = day.midnight_us - day.on.weekday() * MINUTES_A_DAY * MINUTE_US
        for first, last in spans:
            if first * MINUTE_US + midnight_us < last_us and first_us < last * MINUTE_US + midnight_us:
                return True
    return False


def describe_hours(hours: Iterable[WeeklyHours], language: Language) -> str:
    """Write hours as a person reads them: 周一至周五22:00—次日06:00, or Mon-Fri 22:00-06:00 (next day)."""
    return ("、" if language == "zh" else " and ").join(_describe(one, language) for one in hours)


def _describe(hours: WeeklyHours, language: Language) -> str:
    starts, stops = clock_time(hours.starts), clock_time(hours.stops)
    overnight = hours.stops < hours.starts
    days = _describe_days(hours.days, language)
    if language == "zh":
        return f"{days}{starts}—{'次日' if overnight else ''}{stops}"
    return f"{days} {starts}-{stops}{' (next day)' if overnight else ''}"


def _describe_days(days: Sequence[int], language: Language) -> str:
    if len(days) == DAYS_A_WEEK:
        return "每天" if language == "zh" else "daily"
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names, to, comma = _DAYS[language], *_JOINTS[language]
    told = [
        names[run[0] - 1] if len(run) == 1 else f"{names[run[0] - 1]}{to}{names[run[-1] - 1]}" for run in runs
    ]
    return comma.join(told)


def clock_time(minute: int) -> str:
    """Write a minute of the day, 1440 being 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


_DAYS: Mapping[Language, tuple[str, ...]] = MappingProxyType(
    {
        "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    }
)
_JOINTS: Mapping[Language, tuple[str, str]] = MappingProxyType({"zh": ("至", "、"), "en": ("-", ", ")})
