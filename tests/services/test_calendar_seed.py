"""The seed of China's public holidays."""

from datetime import date

import pytest

from api.domain.calendars import DayKind, InvalidCalendar
from api.services.calendar_seed import OFFICE_HOURS, chinese_exceptions, chinese_years


def test_spring_festival_of_2026_has_a_makeup_day_before_nine_days_of_holiday() -> None:
    days = {day.on: day for day in chinese_exceptions(2026, 2026)}
    makeup = days[date(2026, 2, 14)]
    assert (makeup.kind, makeup.ranges) == (DayKind.MAKEUP_WORKDAY, OFFICE_HOURS)
    assert (makeup.name_zh, makeup.name_en) == ("春节调休上班", "Spring Festival make-up day")
    for day in range(15, 24):
        holiday = days[date(2026, 2, day)]
        assert (holiday.kind, holiday.ranges, holiday.name_zh) == (DayKind.HOLIDAY, (), "春节")
    assert date(2026, 2, 24) not in days


def test_makeup_days_are_worked_in_the_hours_of_the_office() -> None:
    hours = ((540, 1020),)
    makeup = [day for day in chinese_exceptions(2025, 2025, hours) if day.kind is DayKind.MAKEUP_WORKDAY]
    assert [day.on for day in makeup] == [
        date(2025, 1, 26),
        date(2025, 2, 8),
        date(2025, 4, 27),
        date(2025, 9, 28),
        date(2025, 10, 11),
    ]
    assert all(day.ranges == hours for day in makeup)


def test_days_come_in_order_each_once_and_inside_the_years_asked_for() -> None:
    days = [day.on for day in chinese_exceptions(2024, 2026)]
    assert days == sorted(set(days))
    assert (days[0], days[-1]) == (date(2024, 1, 1), date(2026, 10, 10))


def test_years_without_announcements_are_refused_and_not_taken_for_years_without_holidays() -> None:
    first, last = chinese_years()
    assert first <= 2024
    assert last >= 2026
    for years in ((first - 1, first), (last, last + 1), (2026, 2025)):
        with pytest.raises(InvalidCalendar, match="holidays are known for"):
            chinese_exceptions(*years)


def test_makeup_days_fall_on_weekends_only() -> None:
    makeup = [day.on for day in chinese_exceptions(2024, 2026) if day.kind is DayKind.MAKEUP_WORKDAY]
    assert all(on.weekday() >= 5 for on in makeup)
