"""How far ahead a calendar knows its holidays, and when an administrator has to load the next year's."""

from dataclasses import dataclass
from datetime import date, datetime

from api.domain.calendars import DayKind, WorkCalendar
from api.domain.limits import Language


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long a calendar can be trusted, seen from a day; `days_left` is negative when that is over."""

    calendar: WorkCalendar
    loaded_until: date
    days_left: int

    def words(self, language: Language) -> str:
        """Say for a person what is to be done."""
        calendar, until = self.calendar, self.loaded_until.isoformat()
        if language == "zh":
            left = f"还有{self.days_left}天" if self.days_left >= 0 else f"已过{-self.days_left}天"
            return (
                f"日历“{calendar.name_zh}”（{calendar.code}）的节假日只录入到{until}，{left}："
                "请录入下一年的放假安排。"
            )
        left = f"{self.days_left} days ahead" if self.days_left >= 0 else f"{-self.days_left} days ago"
        return (
            f"Calendar {calendar.code} ({calendar.name_en}) knows its holidays up to {until}, {left}: "
            "load the next year's."
        )


def outlook(calendar: WorkCalendar, now: datetime) -> Outlook:
    """Look ahead from the present day in the calendar's zone."""
    until = holidays_loaded_until(calendar)
    return Outlook(calendar, until, (until - calendar.local(now).date()).days)


def holidays_loaded_until(calendar: WorkCalendar) -> date:
    """Return the last day for which holidays are known.

    Holidays are announced by the year, so this is the end of the last year that has one: a calendar that was
    made longer without them is no better known for it. One that keeps no holidays is known to its end.
    """
    years = [
        on.year
        for on, day in calendar.exceptions.items()
        if day.kind is DayKind.HOLIDAY and calendar.first_on <= on <= calendar.last_on
    ]
    return min(calendar.last_on, date(max(years), 12, 31)) if years else calendar.last_on
