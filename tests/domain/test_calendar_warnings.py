"""How far ahead holidays are known."""

from datetime import UTC, date, datetime

import pytest

from api.domain.calendar_warnings import holidays_loaded_until, outlook
from api.domain.calendars import CalendarDay, DayKind, WorkCalendar
from tests.domain.example_calendars import CHINESE_WEEK, OFFICE


def calendar(*holidays: date, last_on: date = date(2027, 12, 31)) -> WorkCalendar:
    days = [CalendarDay(on, DayKind.HOLIDAY, ()) for on in holidays]
    return WorkCalendar("city", "市", "City", "Asia/Shanghai", CHINESE_WEEK, days, date(2026, 1, 1), last_on)


@pytest.mark.parametrize(
    ("known", "until"),
    [
        (calendar(), date(2027, 12, 31)),
        (calendar(date(2026, 10, 1)), date(2026, 12, 31)),
        (calendar(date(2026, 10, 1), date(2027, 1, 1)), date(2027, 12, 31)),
        (calendar(date(2026, 10, 1), last_on=date(2026, 11, 30)), date(2026, 11, 30)),
        (calendar(date(2026, 10, 1), date(2028, 1, 1)), date(2026, 12, 31)),
    ],
)
def test_holidays_are_known_to_the_end_of_the_last_year_that_has_one(
    known: WorkCalendar, until: date
) -> None:
    assert holidays_loaded_until(known) == until


def test_a_make_up_day_alone_does_not_make_a_year_known() -> None:
    makeup = CalendarDay(date(2027, 1, 2), DayKind.MAKEUP_WORKDAY, OFFICE)
    holiday = CalendarDay(date(2026, 10, 1), DayKind.HOLIDAY, ())
    known = WorkCalendar(
        "city",
        "市",
        "City",
        "Asia/Shanghai",
        CHINESE_WEEK,
        [holiday, makeup],
        date(2026, 1, 1),
        date(2027, 12, 31),
    )
    assert holidays_loaded_until(known) == date(2026, 12, 31)


def test_days_are_counted_on_the_calendars_own_wall() -> None:
    known = calendar(date(2026, 10, 1))
    assert outlook(known, datetime(2026, 12, 30, 15, 59, tzinfo=UTC)).days_left == 1
    assert outlook(known, datetime(2026, 12, 30, 16, 0, tzinfo=UTC)).days_left == 0
    over = outlook(known, datetime(2027, 1, 3, 0, 0, tzinfo=UTC))
    assert over.days_left == -3
    assert "3 days ago" in over.words("en")
    assert "已过3天" in over.words("zh")
