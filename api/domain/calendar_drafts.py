"""A calendar as a person writes it: hours as text, days in a list; and what can be wrong with it, field by field."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.domain.calendars import (
    EARLIEST_ON,
    LATEST_ON,
    CalendarDay,
    CalendarWithoutOpenHours,
    DayKind,
    Ranges,
    UnknownTimeZone,
    WorkCalendar,
    checked_ranges,
)
from api.domain.errors import FieldWrong

HOURS_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
"""Open hours as text: `08:00-12:00`, half-open; the end of the day is `24:00`."""

LONGEST_HORIZON = timedelta(days=50 * 366)
"""Every process holds each day of a calendar; what lies further ahead than fifty years is a mistyped year."""

_HOURS = re.compile(HOURS_PATTERN)


@dataclass(frozen=True, slots=True)
class DraftDay:
    """A day that differs from the week, with its hours as text."""

    on: date
    kind: DayKind
    hours: Sequence[str] = ()
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class CalendarDraft:
    """A calendar as somebody wants it; `weekly` has the hours of Monday to Sunday."""

    code: str
    name_zh: str
    name_en: str
    time_zone: str
    working_day_minutes: int
    weekly: Sequence[Sequence[str]]
    first_on: date
    last_on: date
    days: Sequence[DraftDay] = ()

    def checked(self) -> WorkCalendar:
        """Build the calendar; FieldWrong points at the first field that can't be meant.

        `horizon_wrong`: it ends before it begins, or lies outside all years. `hours_wrong`: hours overlap, are
        unsorted or run backwards. `day_repeated`, `day_outside_calendar`, `hours_missing` (a make-up day is
        worked): a day among `days`. `time_zone_unknown`. `calendar_never_open`.
        """
        self._check_horizon()
        weekly = [_ranges(f"/weekly/{number}", hours) for number, hours in enumerate(self.weekly)]
        days = self._checked_days()
        try:
            return WorkCalendar(
                code=self.code,
                name_zh=self.name_zh,
                name_en=self.name_en,
                time_zone=self.time_zone,
                weekly=weekly,
                exceptions=days,
                first_on=self.first_on,
                last_on=self.last_on,
                working_day_minutes=self.working_day_minutes,
            )
        except UnknownTimeZone as error:
            raise FieldWrong("/time_zone", "time_zone_unknown", str(error)) from error
        except CalendarWithoutOpenHours as error:
            raise FieldWrong("/weekly", "calendar_never_open", str(error)) from error

    def _check_horizon(self) -> None:
        if self.first_on < EARLIEST_ON:
            raise FieldWrong("/first_on", "horizon_wrong", f"Nothing is loaded before {EARLIEST_ON}.")
        if not self.first_on < self.last_on <= min(LATEST_ON, self.first_on + LONGEST_HORIZON):
            raise FieldWrong(
                "/last_on",
                "horizon_wrong",
                f"The last day comes after the first, and at most {LONGEST_HORIZON.days} days after it.",
            )

    def _checked_days(self) -> list[CalendarDay]:
        seen: set[date] = set()
        days: list[CalendarDay] = []
        for number, day in enumerate(self.days):
            ranges = _ranges(f"/days/{number}/ranges", day.hours)
            if day.on in seen:
                raise FieldWrong(f"/days/{number}/on", "day_repeated", f"{day.on} is listed twice.")
            if not self.first_on <= day.on <= self.last_on:
                # It would have no effect: most likely the calendar should have been made longer, too.
                raise FieldWrong(
                    f"/days/{number}/on",
                    "day_outside_calendar",
                    f"{day.on} is not between {self.first_on} and {self.last_on}.",
                )
            if day.kind is DayKind.MAKEUP_WORKDAY and not ranges:
                raise FieldWrong(
                    f"/days/{number}/ranges", "hours_missing", "A make-up working day has open hours."
                )
            seen.add(day.on)
            days.append(CalendarDay(day.on, day.kind, ranges, day.name_zh, day.name_en))
        return days


def check_covers(calendar: WorkCalendar, now: datetime) -> None:
    """Refuse a calendar that is not loaded today (`horizon_wrong`): every new due time would be unknown."""
    today = calendar.local(now).date()
    if calendar.first_on > today:
        raise FieldWrong("/first_on", "horizon_wrong", f"Clocks that run today, {today}, need the calendar.")
    if calendar.last_on < today:
        raise FieldWrong("/last_on", "horizon_wrong", f"Nothing would be loaded from today, {today}, on.")


def read_hours(hours: Iterable[str]) -> Ranges:
    """Read `08:00-12:00` and the like; ValueError for what is not sorted, disjoint hours of one day."""
    found: list[tuple[int, int]] = []
    for written in hours:
        if not _HOURS.fullmatch(written):
            raise ValueError(f"{written!r} are no hours such as 08:00-12:00")
        start, stop = written.split("-")
        found.append((_minute(start), _minute(stop)))
    return checked_ranges(found)


def write_hours(ranges: Ranges) -> list[str]:
    """Write hours as `read_hours` reads them."""
    return [f"{_clock(start)}-{_clock(stop)}" for start, stop in ranges]


def _ranges(pointer: str, hours: Sequence[str]) -> Ranges:
    try:
        return read_hours(hours)
    except ValueError as error:
        raise FieldWrong(
            pointer,
            "hours_wrong",
            "Open hours look like 08:00-12:00, come in order and do not overlap.",
            hours=list(hours),
        ) from error


def _minute(written: str) -> int:
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
