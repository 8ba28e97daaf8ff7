"""Seed of a new calendar: the public holidays and make-up working days that China's State Council announces.

The `chinesecalendar` package carries the announcements. It is a seed only: what counts is the calendar in the
database, which administrators edit.
"""

from datetime import date

# The package ships no type information; the two tables are plain dictionaries of dates and English names.
from chinese_calendar.constants import Holiday, holidays, workdays

from api.domain.calendars import CalendarDay, DayKind, InvalidCalendar, Ranges

OFFICE_HOURS: Ranges = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))
"""08:00-12:00 and 14:00-18:00, the hours of an ordinary working day."""


def chinese_years() -> tuple[int, int]:
    """Return the first and the last year whose announcements are known.

    Those of a year come out in the autumn before it, and the package follows with an update. Until then the
    next year is not known: a calendar ends with the last year here, and deadlines past it are refused.
    """
    return min(holidays).year, max(holidays).year


def chinese_exceptions(first_year: int, last_year: int, ranges: Ranges = OFFICE_HOURS) -> list[CalendarDay]:
    """List the public holidays and make-up working days of these years (both included), in order.

    Make-up days are worked in `ranges`. Years that the package does not know raise `InvalidCalendar`: an
    empty year would read as a year without holidays.
    """
    first_known, last_known = chinese_years()
    if not first_known <= first_year <= last_year <= last_known:
        raise InvalidCalendar(
            "china",
            f"holidays are known for {first_known} to {last_known}, not for {first_year} to {last_year}",
        )
    found = [_day(on, DayKind.HOLIDAY, (), name) for on, name in holidays.items()]
    found += [_day(on, DayKind.MAKEUP_WORKDAY, ranges, name) for on, name in workdays.items()]
    return sorted((day for day in found if first_year <= day.on.year <= last_year), key=lambda day: day.on)


def _day(on: date, kind: DayKind, ranges: Ranges, name: str) -> CalendarDay:
    # The enumeration sets its Chinese names on instances, where type checkers do not look.
    name_zh = str(vars(Holiday(name))["chinese"])
    if kind is DayKind.HOLIDAY:
        return CalendarDay(on, kind, ranges, name_zh, name)
    return CalendarDay(on, kind, ranges, f"{name_zh}调休上班", f"{name} make-up day")
