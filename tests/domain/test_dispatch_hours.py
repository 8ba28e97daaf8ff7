"""Hours of the week against sets of minutes and a clock that is read minute by minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.domain.dispatch_hours import (
    MINUTES_A_WEEK,
    WHOLE_WEEK,
    Spans,
    WeeklyHours,
    comes_between,
    difference,
    hours_from_json,
    intersection,
    minute_of_week,
    union,
    week_of,
)

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia")
CHANGES = tuple(
    datetime(*day, tzinfo=UTC)
    for day in ((2018, 11, 4), (2018, 2, 18), (2026, 3, 29), (2026, 10, 25), (2026, 4, 4), (2011, 12, 30))
)
"""Days around which one of the zones changes its clocks; in 2011 Samoa left a day out."""

_minutes = st.integers(0, 29)
_spans = st.lists(st.tuples(_minutes, st.integers(1, 6)).map(lambda one: (one[0], one[0] + one[1]))).map(
    union
)
weekly_hours = st.builds(
    WeeklyHours,
    st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(0, 1_439),
    st.integers(1, 1_440),
).filter(lambda hours: hours.starts != hours.stops)


def minutes(spans: Spans) -> set[int]:
    return {minute for start, stop in spans for minute in range(start, stop)}


@given(_spans, _spans)
def test_spans_are_sets_of_minutes_in_order_and_apart(one: Spans, other: Spans) -> None:
    for found, expected in (
        (union((*one, *other)), minutes(one) | minutes(other)),
        (intersection(one, other), minutes(one) & minutes(other)),
        (difference(one, other), minutes(one) - minutes(other)),
    ):
        assert minutes(found) == expected
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(found))


@given(st.lists(weekly_hours, max_size=4))
def test_hours_are_written_and_read_back(hours: list[WeeklyHours]) -> None:
    assert hours_from_json([one.as_json() for one in hours]) == tuple(hours)


@given(st.lists(weekly_hours, min_size=1, max_size=4), st.integers(0, MINUTES_A_WEEK - 1))
def test_a_minute_is_in_the_week_when_it_is_in_a_day_or_in_the_night_after_it(
    hours: list[WeeklyHours], minute: int
) -> None:
    day, at = minute // 1_440 + 1, minute % 1_440
    before = (day - 2) % 7 + 1
    expected = any(
        (day in one.days and one.starts <= at < one.stops)
        if one.starts < one.stops
        else (day in one.days and at >= one.starts) or (before in one.days and at < one.stops)
        for one in hours
    )
    assert (minute in minutes(week_of(hours))) == expected


def test_no_hours_are_all_hours() -> None:
    assert week_of(()) == WHOLE_WEEK


@settings(max_examples=300, deadline=None)
@given(
    st.lists(weekly_hours, min_size=1, max_size=2),
    st.sampled_from(CHANGES),
    st.integers(-2_880, 2_880),
    st.integers(0, 3_000),
    st.sampled_from(ZONES),
)
@example([WeeklyHours((5,), 0, 1_440)], datetime(2011, 12, 30, tzinfo=UTC), -600, 1_200, "Pacific/Apia")
@example([WeeklyHours((7,), 120, 150)], datetime(2026, 3, 29, tzinfo=UTC), 0, 120, "Europe/Berlin")
def test_hours_come_when_a_clock_read_minute_by_minute_shows_them(
    hours: list[WeeklyHours], day: datetime, after: int, length: int, zone_name: str
) -> None:
    zone, spans = ZoneInfo(zone_name), week_of(hours)
    start = day + timedelta(minutes=after)
    shown = {minute_of_week(start + timedelta(minutes=minute), zone) for minute in range(length)}
    assert comes_between(spans, start, start + timedelta(minutes=length), zone) == bool(
        shown & minutes(spans)
    )


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("day", CHANGES)
def test_in_two_weeks_and_a_day_every_minute_of_the_week_comes(zone_name: str, day: datetime) -> None:
    # What is answered without looking at the clock.
    start = day - timedelta(days=7)
    shown = {
        minute_of_week(start + timedelta(minutes=minute), ZoneInfo(zone_name)) for minute in range(15 * 1_440)
    }
    assert shown == set(range(MINUTES_A_WEEK))
    assert comes_between(((0, 1),), start, start + timedelta(days=15), ZoneInfo(zone_name))
