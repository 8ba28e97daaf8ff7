"""When an office opens next, beside an oracle that looks at every minute of the wall clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendars import BeforeCalendarHorizon, PastCalendarHorizon, WorkCalendar
from tests.domain.example_calendars import ALL, CHINA, calendars, china, starts
from tests.domain.minute_oracle import MinuteOracle

WINTER_DAYS = 240
"""From September to April: in both halves of the earth the clocks change twice in these days."""


@dataclass(frozen=True)
class Winter:
    """A calendar, and every minute of its first September to April."""

    calendar: WorkCalendar
    oracle: MinuteOracle


@pytest.fixture(scope="module", params=ALL, ids=lambda calendar: str(calendar.code))
def winter(request: pytest.FixtureRequest) -> Winter:
    calendar: WorkCalendar = request.param
    first_on = date(calendar.first_on.year, 9, 1)
    oracle = MinuteOracle(
        ZoneInfo(calendar.time_zone),
        calendar.weekly,
        {on: day.ranges for on, day in calendar.exceptions.items()},
        first_on,
        first_on + timedelta(days=WINTER_DAYS),
    )
    return Winter(calendar, oracle)


# The week at the end stays free: after the last opening that the oracle looked at, it knows of no other.
@given(after=st.integers(0, (WINTER_DAYS - 8) * 86_400))
def test_the_next_opening_is_the_first_open_minute_of_the_wall_clock(winter: Winter, after: int) -> None:
    at = datetime(winter.calendar.first_on.year, 9, 2, tzinfo=UTC) + timedelta(seconds=after)
    opening = winter.oracle.next_open_minute(at.replace(second=0))
    assert opening is not None
    assert winter.calendar.next_open(at).astimezone(UTC) == max(at, opening)


@given(data=st.data(), calendar=calendars)
def test_no_working_time_passes_before_the_next_opening_and_some_does_right_after(
    data: st.DataObject, calendar: WorkCalendar
) -> None:
    at = data.draw(starts(calendar))
    found = calendar.next_open(at).astimezone(UTC)
    assert found >= at
    assert calendar.working_time(at, found) == timedelta(0)
    assert calendar.working_time(found, found + timedelta(microseconds=1)) == timedelta(microseconds=1)
    assert calendar.next_open(found).astimezone(UTC) == found


def test_the_instant_of_opening_is_open_and_that_of_closing_is_not() -> None:
    assert CHINA.next_open(china("2026-03-13 08:00")) == china("2026-03-13 08:00")
    assert CHINA.next_open(china("2026-03-13 11:59:59.999999")) == china("2026-03-13 11:59:59.999999")
    assert CHINA.next_open(china("2026-03-13 12:00")) == china("2026-03-13 14:00")
    assert CHINA.next_open(china("2026-02-14 18:00")) == china("2026-02-24 08:00")


def test_after_the_last_closing_of_the_horizon_there_is_no_next_opening() -> None:
    last = china("2026-12-31 18:00")
    assert CHINA.next_open(last - timedelta(microseconds=1)) == last - timedelta(microseconds=1)
    for past in (last, china("2027-01-01 00:00"), china("2027-01-01 09:00")):
        with pytest.raises(PastCalendarHorizon):
            CHINA.next_open(past)
    with pytest.raises(BeforeCalendarHorizon):
        CHINA.next_open(china("2023-12-31 23:59"))
