"""Working time between instants, across clock changes, and calendars that contradict themselves."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendars import (
    AmountOutOfBounds,
    BackwardTime,
    BeforeCalendarHorizon,
    CalendarDay,
    CalendarError,
    CalendarWithoutOpenHours,
    DayKind,
    InvalidCalendar,
    InvalidRanges,
    NaiveInstant,
    PastCalendarHorizon,
    Ranges,
    UnknownTimeZone,
    UnrepresentableInstant,
    WorkCalendar,
    checked_ranges,
)
from tests.domain.example_calendars import CHINA, CHINESE_WEEK, OFFICE, SAO_PAULO, calendars, china, starts

ALWAYS: Ranges = ((0, 1440),)
HOUR = timedelta(hours=1)


def calendar(
    week: Sequence[Ranges] = CHINESE_WEEK,
    exceptions: Sequence[CalendarDay] = (),
    time_zone: str = "Asia/Shanghai",
    first_on: date = date(2026, 1, 1),
    last_on: date = date(2026, 12, 31),
    working_day_minutes: int = 480,
) -> WorkCalendar:
    return WorkCalendar(
        "test",
        "",
        "",
        time_zone,
        week,
        exceptions,
        first_on,
        last_on,
        working_day_minutes=working_day_minutes,
    )


def test_an_amount_that_fills_a_morning_ends_at_noon_and_not_when_work_goes_on() -> None:
    assert CHINA.add_working_time(china("2026-03-13 08:00"), 4 * HOUR) == china("2026-03-13 12:00")
    assert CHINA.add_working_time(china("2026-03-13 12:00"), HOUR) == china("2026-03-13 15:00")


def test_no_amount_ends_where_it_starts_even_when_closed() -> None:
    assert CHINA.add_working_time(china("2026-03-14 03:00"), timedelta(0)) == china("2026-03-14 03:00")


def test_working_time_that_starts_while_closed_begins_at_the_next_opening() -> None:
    assert CHINA.add_working_time(china("2026-03-13 20:00"), HOUR) == china("2026-03-16 09:00")


def test_results_are_in_the_zone_of_the_calendar() -> None:
    due = CHINA.add_working_time(datetime(2026, 3, 13, 0, 30, tzinfo=UTC), HOUR)
    assert due.isoformat() == "2026-03-13T09:30:00+08:00"


def test_seconds_and_microseconds_count() -> None:
    start = china("2026-03-13 11:59:59.999999")
    assert CHINA.add_working_time(start, timedelta(microseconds=2)) == china("2026-03-13 14:00:00.000001")


def test_hours_up_to_midnight_join_the_hours_after_it() -> None:
    nights = calendar([((0, 120), (1320, 1440))] * 7)
    assert nights.add_working_time(china("2026-03-13 23:00"), 3 * HOUR) == china("2026-03-14 02:00")


def test_a_clock_change_takes_an_hour_from_open_hours_or_gives_one() -> None:
    night = calendar([((0, 360),)] * 7, time_zone="Europe/Amsterdam")

    def night_of(day: date) -> timedelta:
        start = datetime.combine(day, time(), ZoneInfo("Europe/Amsterdam"))
        return night.working_time(start, start + timedelta(days=1))

    assert night_of(date(2026, 3, 28)) == 6 * HOUR
    assert night_of(date(2026, 3, 29)) == 5 * HOUR
    assert night_of(date(2026, 10, 25)) == 7 * HOUR


def test_open_hours_that_the_clock_skips_do_not_exist() -> None:
    skipped = calendar([((120, 180),)] * 7, time_zone="Europe/Amsterdam")
    due = skipped.add_working_time(datetime(2026, 3, 28, 12, tzinfo=UTC), HOUR)
    assert due.isoformat() == "2026-03-30T03:00:00+02:00"


def test_open_hours_that_the_clock_shows_twice_count_twice() -> None:
    twice = calendar([((120, 150),)] * 7, time_zone="Europe/Amsterdam")
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert twice.add_working_time(start, HOUR / 2).isoformat() == "2026-10-25T02:30:00+02:00"
    assert twice.add_working_time(start, HOUR).isoformat() == "2026-10-25T02:30:00+01:00"


def test_a_range_that_begins_in_the_skipped_hour_begins_after_the_change() -> None:
    early = calendar([((150, 240),)] * 7, time_zone="Europe/Amsterdam")
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert early.add_working_time(start, HOUR).isoformat() == "2026-03-29T04:00:00+02:00"


def test_a_day_that_begins_at_one_has_no_hour_before_it() -> None:
    brazil = calendar(
        [((0, 120),)] * 7,
        time_zone="America/Sao_Paulo",
        first_on=date(2017, 10, 1),
        last_on=date(2017, 10, 31),
    )
    due = brazil.add_working_time(datetime(2017, 10, 14, 12, tzinfo=UTC), HOUR)
    assert due.isoformat() == "2017-10-15T02:00:00-02:00"


def test_a_date_that_a_zone_left_out_has_no_working_time() -> None:
    samoa = calendar(
        [ALWAYS] * 7, time_zone="Pacific/Apia", first_on=date(2011, 12, 29), last_on=date(2011, 12, 31)
    )
    assert samoa.working_time(samoa.starts_at, samoa.stops_at) == 48 * HOUR


def test_exceptions_outside_the_horizon_do_not_matter() -> None:
    far = CalendarDay(date(2031, 1, 1), DayKind.HOLIDAY, ())
    assert calendar(exceptions=[far]).working_time(china("2026-03-13 08:00"), china("2026-03-14 00:00")) == (
        8 * HOUR
    )


def test_the_last_open_instant_of_the_horizon_is_a_due_time_but_nothing_after_it() -> None:
    start = china("2026-12-31 16:00")
    assert CHINA.add_working_time(start, 2 * HOUR) == china("2026-12-31 18:00")
    with pytest.raises(PastCalendarHorizon) as past:
        CHINA.add_working_time(start, 2 * HOUR + timedelta(microseconds=1))
    assert (past.value.calendar_code, past.value.last_on) == ("china", date(2026, 12, 31))
    assert "2026-12-31" in str(past.value)


def test_nothing_is_known_outside_the_horizon() -> None:
    inside, before, after = china("2026-03-13 08:00"), china("2023-12-31 23:59"), china("2027-01-01 00:01")
    with pytest.raises(BeforeCalendarHorizon):
        CHINA.working_time(before, inside)
    with pytest.raises(PastCalendarHorizon):
        CHINA.working_time(inside, after)
    with pytest.raises(BeforeCalendarHorizon):
        CHINA.add_working_time(before, HOUR)
    with pytest.raises(PastCalendarHorizon):
        CHINA.add_working_time(after, HOUR)
    with pytest.raises(PastCalendarHorizon):
        list(CHINA.days(inside, after))


def test_days_are_those_that_a_stretch_touches_and_none_is_empty() -> None:
    midnight, next_midnight = china("2026-03-13 00:00"), china("2026-03-14 00:00")
    assert len(list(CHINA.days(midnight, next_midnight))) == 1
    assert len(list(CHINA.days(midnight, next_midnight + timedelta(microseconds=1)))) == 2
    every_day = list(SAO_PAULO.days(SAO_PAULO.starts_at, SAO_PAULO.stops_at))
    assert all(day.start_us < day.stop_us for day in every_day)
    assert all(earlier.stop_us == later.start_us for earlier, later in pairwise(every_day))


def test_time_around_the_clock_does_not_ask_the_horizon() -> None:
    assert CHINA.add_elapsed_time(china("2030-01-01 00:00"), HOUR) == china("2030-01-01 01:00")


def test_spans_across_a_repeated_hour_are_measured_through_utc() -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    amsterdam = calendar([ALWAYS] * 7, time_zone="Europe/Amsterdam")
    assert amsterdam.elapsed_time(first, second) == HOUR
    assert amsterdam.working_time(first, second) == HOUR
    with pytest.raises(BackwardTime):
        amsterdam.elapsed_time(second, first)


def test_naive_instants_are_refused() -> None:
    naive = datetime(2026, 3, 13, 8)  # noqa: DTZ001  that is the point
    with pytest.raises(NaiveInstant):
        CHINA.add_working_time(naive, HOUR)
    with pytest.raises(NaiveInstant):
        CHINA.working_time(china("2026-03-13 08:00"), naive)
    with pytest.raises(NaiveInstant):
        CHINA.add_elapsed_time(naive, HOUR)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(BackwardTime):
        CHINA.working_time(china("2026-03-13 08:00"), china("2026-03-13 07:59"))
    with pytest.raises(AmountOutOfBounds):
        CHINA.add_working_time(china("2026-03-13 08:00"), -HOUR)
    with pytest.raises(AmountOutOfBounds):
        CHINA.add_elapsed_time(china("2026-03-13 08:00"), -HOUR)


def test_an_instant_after_the_year_9999_is_refused() -> None:
    with pytest.raises(UnrepresentableInstant):
        CHINA.add_elapsed_time(datetime(9999, 12, 31, 23, tzinfo=UTC), HOUR)


@pytest.mark.parametrize(
    "ranges",
    [
        [(720, 480)],
        [(480, 480)],
        [(-1, 60)],
        [(0, 1441)],
        [(480, 720), (700, 900)],
        [(840, 1080), (480, 720)],
    ],
)
def test_ranges_that_are_backwards_empty_outside_the_day_overlapping_or_unsorted_are_refused(
    ranges: list[tuple[int, int]],
) -> None:
    with pytest.raises(InvalidRanges):
        checked_ranges(ranges)
    with pytest.raises(InvalidRanges):
        calendar([*CHINESE_WEEK[:6], tuple(ranges)])
    with pytest.raises(InvalidRanges):
        calendar(exceptions=[CalendarDay(date(2026, 5, 1), DayKind.SPECIAL, tuple(ranges))])


def test_ranges_need_a_start_and_a_stop() -> None:
    with pytest.raises(InvalidRanges):
        checked_ranges([[480]])
    with pytest.raises(InvalidRanges):
        checked_ranges([[480, 720, 1080]])


def test_ranges_may_touch_and_end_at_midnight() -> None:
    assert checked_ranges([[0, 60], [60, 1440]]) == ((0, 60), (60, 1440))


def test_a_calendar_without_open_hours_is_refused() -> None:
    with pytest.raises(CalendarWithoutOpenHours):
        calendar([()] * 7)
    with pytest.raises(CalendarWithoutOpenHours):
        calendar(first_on=date(2026, 3, 14), last_on=date(2026, 3, 15))
    with pytest.raises(CalendarWithoutOpenHours):
        calendar(
            [ALWAYS] * 7,
            time_zone="Pacific/Apia",
            first_on=date(2011, 12, 30),
            last_on=date(2011, 12, 30),
        )


def test_calendars_that_contradict_themselves_are_refused() -> None:
    holiday = CalendarDay(date(2026, 5, 1), DayKind.HOLIDAY, ())
    with pytest.raises(InvalidCalendar, match="listed twice"):
        calendar(exceptions=[holiday, holiday])
    with pytest.raises(InvalidCalendar, match="make-up working day without open hours"):
        calendar(exceptions=[CalendarDay(date(2026, 5, 9), DayKind.MAKEUP_WORKDAY, ())])
    with pytest.raises(InvalidCalendar, match="seven days"):
        calendar([OFFICE] * 6)
    with pytest.raises(InvalidCalendar, match="1900 to 2199"):
        calendar(first_on=date(2026, 12, 31), last_on=date(2026, 1, 1))
    with pytest.raises(InvalidCalendar, match="1900 to 2199"):
        calendar(last_on=date(9999, 12, 31))
    with pytest.raises(InvalidCalendar, match="1440 minutes"):
        calendar(working_day_minutes=0)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "Asia", "a\0b", "中国"])
def test_names_that_are_not_time_zones_are_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        calendar(time_zone=name)


def test_every_refusal_has_a_title_and_a_code_of_its_own() -> None:
    refusals = CalendarError.__subclasses__()
    assert all(refusal.__doc__ and refusal.__doc__.endswith(".") for refusal in refusals)
    assert len({refusal.code for refusal in refusals}) == len(refusals) > 0


amounts = st.integers(0, 40 * 8 * 3600 * 10**6).map(lambda count: timedelta(microseconds=count))


@given(data=st.data(), calendar=calendars, amount=amounts)
def test_adding_working_time_and_measuring_it_are_inverse(
    data: st.DataObject, calendar: WorkCalendar, amount: timedelta
) -> None:
    start = data.draw(starts(calendar))
    due = calendar.add_working_time(start, amount)
    assert calendar.working_time(start, due) == amount
    assert calendar.elapsed_time(start, due) >= amount
    if amount:
        a_moment = timedelta(microseconds=1)
        assert calendar.working_time(start, due.astimezone(UTC) - a_moment) == amount - a_moment


@given(data=st.data(), calendar=calendars, first=amounts, second=amounts)
def test_adding_in_two_goes_is_adding_in_one(
    data: st.DataObject, calendar: WorkCalendar, first: timedelta, second: timedelta
) -> None:
    start = data.draw(starts(calendar))
    in_two = calendar.add_working_time(calendar.add_working_time(start, first), second)
    in_one = calendar.add_working_time(start, first + second)
    assert in_two.astimezone(UTC) == in_one.astimezone(UTC)


@given(data=st.data(), calendar=calendars)
def test_working_time_adds_up_over_any_split(data: st.DataObject, calendar: WorkCalendar) -> None:
    start, middle, stop = sorted(data.draw(st.tuples(*[starts(calendar)] * 3)))
    assert calendar.working_time(start, stop) == (
        calendar.working_time(start, middle) + calendar.working_time(middle, stop)
    )
