"""Office hours: many questions about a calendar answered as the calendar answers each."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendars import WorkCalendar
from api.domain.office_hours import OfficeHours
from api.domain.tracks import to_ms

WORKDAY = ((480, 720), (840, 1080))
CALENDAR = WorkCalendar(
    "city",
    "城市",
    "City",
    "Asia/Shanghai",
    [WORKDAY] * 5 + [()] * 2,
    [],
    date(2026, 1, 1),
    date(2026, 12, 31),
)
BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = OfficeHours(CALENDAR, BEGAN, BEGAN + timedelta(days=10))
minutes = st.integers(0, 10 * 1_440)


@given(minutes, minutes)
def test_what_is_off_is_what_the_calendar_does_not_work(one: int, other: int) -> None:
    start, stop = (BEGAN + timedelta(minutes=minute) for minute in sorted((one, other)))
    off = stop - start - CALENDAR.working_time(start, stop)
    assert HOURS.off_ms(to_ms(start), to_ms(stop)) == off / timedelta(milliseconds=1)


@given(st.integers(0, 10 * 1_440 - 1))
def test_an_instant_is_off_where_the_calendar_opens_later(minute: int) -> None:
    at = BEGAN + timedelta(minutes=minute)
    assert HOURS.is_off(to_ms(at)) is (CALENDAR.next_open(at) > at)


@pytest.mark.parametrize("year", [2025, 2027])
def test_of_years_that_nobody_has_loaded_nothing_is_off(year: int) -> None:
    began = datetime(year, 6, 1, tzinfo=UTC)
    hours = OfficeHours(CALENDAR, began, began + timedelta(days=30))
    assert not hours.is_off(to_ms(began))
    assert hours.off_ms(to_ms(began), to_ms(began + timedelta(days=2))) == 0


def test_of_a_time_that_reaches_beyond_the_known_the_known_part_counts() -> None:
    ends = datetime(2026, 12, 31, 16, tzinfo=UTC)  # midnight in Shanghai
    hours = OfficeHours(CALENDAR, ends - timedelta(days=1), ends + timedelta(days=5))
    # A Thursday: eight hours are worked.
    assert hours.off_ms(to_ms(ends - timedelta(days=1)), to_ms(ends + timedelta(days=1))) == 16 * 3_600_000
