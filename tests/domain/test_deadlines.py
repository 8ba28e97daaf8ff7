"""Due times, milestones, lights: worked examples, properties, every hour of two years in four zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendars import (
    AmountOutOfBounds,
    InvalidLimit,
    Limit,
    LimitUnit,
    NaiveInstant,
    PastCalendarHorizon,
    WorkCalendar,
)
from api.domain.deadlines import Light, Milestone, Why, deadline, due_at, light, limit_budget
from api.domain.segments import around_the_clock, working_hours
from tests.domain.example_calendars import (
    ALL,
    CHINA,
    CHINESE_WEEK,
    calendars,
    china,
    limits,
    starts,
    two_years,
)

HOUR = timedelta(hours=1)
UNLICENSED_BUILDING = (
    Milestone("停工", "stop work", Limit(4, LimitUnit.WORKING_HOUR)),
    Milestone("处罚", "penalise", Limit(7, LimitUnit.WORKING_DAY)),
    Milestone("拆除", "remove", Limit(20, LimitUnit.WORKING_DAY)),
)


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2026-02-13 17:00", Limit(1, LimitUnit.WORKING_DAY), "2026-02-14 17:00"),
        ("2026-02-14 17:30", Limit(1, LimitUnit.WORKING_DAY), "2026-02-24 17:30"),
        ("2026-09-30 16:00", Limit(4, LimitUnit.WORKING_HOUR), "2026-10-08 10:00"),
        ("2026-02-16 23:30", Limit(2, LimitUnit.URGENT_HOUR), "2026-02-17 01:30"),
        ("2026-02-16 23:30", Limit(1, LimitUnit.URGENT_DAY), "2026-02-17 23:30"),
        ("2026-02-16 23:30", Limit(3, LimitUnit.CALENDAR_DAY), "2026-02-19 23:30"),
        ("2026-03-13 08:00", Limit(4, LimitUnit.WORKING_HOUR), "2026-03-13 12:00"),
        ("2026-03-13 12:30", Limit(4, LimitUnit.WORKING_HOUR), "2026-03-13 18:00"),
        ("2026-03-13 18:00", Limit(1, LimitUnit.WORKING_DAY), "2026-03-16 18:00"),
        ("2026-03-14 10:00", Limit(1, LimitUnit.WORKING_HOUR), "2026-03-16 09:00"),
        ("2026-03-13 11:50", Limit(15, LimitUnit.WORKING_MINUTE), "2026-03-13 14:05"),
        ("2026-01-03 09:00", Limit(1, LimitUnit.WORKING_DAY), "2026-01-04 18:00"),
    ],
)
def test_worked_examples(start: str, limit: Limit, due: str) -> None:
    assert due_at(china(start), limit, CHINA) == china(due)


@pytest.mark.parametrize("calendar", ALL, ids=lambda calendar: str(calendar.code))
def test_every_hour_of_two_years_agrees_with_looking_at_every_minute(calendar: WorkCalendar) -> None:
    years = two_years(calendar)
    oracle = years.oracle
    some = [
        (Limit(1, LimitUnit.WORKING_HOUR), 60),
        (Limit(4, LimitUnit.WORKING_HOUR), 240),
        (Limit(1, LimitUnit.WORKING_DAY), 480),
        (Limit(5, LimitUnit.WORKING_DAY), 2_400),
        (Limit(250, LimitUnit.WORKING_DAY), 120_000),
    ]
    start = years.begin
    agreed = past = 0
    while start < calendar.stops_at:
        for limit, minutes in some:
            expected = oracle.due_at(start, minutes)
            if expected is None:
                with pytest.raises(PastCalendarHorizon):
                    due_at(start, limit, calendar)
                past += 1
            else:
                assert due_at(start, limit, calendar).astimezone(UTC) == expected, (start, limit)
                agreed += 1
        stop = min(start + 37 * HOUR, calendar.stops_at.astimezone(UTC))
        worked = timedelta(minutes=oracle.open_minutes_between(start, stop))
        assert calendar.working_time(start, stop) == worked, (start, stop)
        urgent = due_at(start, Limit(2, LimitUnit.URGENT_DAY), calendar)
        assert urgent.astimezone(UTC) == start + 48 * HOUR
        start += HOUR
    assert agreed > 70_000
    assert past > 0


def test_a_limit_past_the_loaded_years_is_refused_and_never_guessed() -> None:
    with pytest.raises(PastCalendarHorizon):
        due_at(china("2026-12-31 17:00"), Limit(1, LimitUnit.WORKING_DAY), CHINA)
    with pytest.raises(PastCalendarHorizon):
        deadline(china("2026-12-01 17:00"), Limit(9_999, LimitUnit.WORKING_DAY), CHINA)


def test_limits_around_the_clock_do_not_need_a_loaded_calendar() -> None:
    made = deadline(china("2031-06-01 08:00"), Limit(2, LimitUnit.URGENT_HOUR), CHINA)
    assert made.due_at == china("2031-06-01 10:00")


@pytest.mark.parametrize("value", [0, -1, 10_000])
def test_limits_out_of_bounds_are_refused(value: int) -> None:
    with pytest.raises(InvalidLimit):
        Limit(value, LimitUnit.WORKING_DAY)


def test_a_start_without_offset_is_refused() -> None:
    naive = datetime(2026, 3, 13, 8)  # noqa: DTZ001  that is the point
    for unit in LimitUnit:
        with pytest.raises(NaiveInstant):
            deadline(naive, Limit(1, unit), CHINA)


def test_limits_are_written_as_rule_books_do() -> None:
    assert Limit(2, LimitUnit.URGENT_HOUR).text("zh") == "2紧急工作时"
    assert Limit(2, LimitUnit.URGENT_HOUR).text("en") == "2 urgent hours"
    assert Limit(1, LimitUnit.WORKING_DAY).text("en") == "1 working day"
    names = {unit.name_zh for unit in LimitUnit}
    assert names == {"紧急工作时", "紧急工作日", "工作时", "工作日", "自然日", "分钟"}


def test_a_working_day_is_as_long_as_the_calendar_says() -> None:
    short = WorkCalendar(
        "short",
        "",
        "",
        "Asia/Shanghai",
        CHINESE_WEEK,
        (),
        date(2026, 1, 1),
        date(2026, 12, 31),
        working_day_minutes=420,
    )
    assert due_at(china("2026-03-13 08:00"), Limit(1, LimitUnit.WORKING_DAY), short) == china(
        "2026-03-13 17:00"
    )


def test_the_light_turns_yellow_when_four_fifths_of_the_working_time_are_used() -> None:
    made = deadline(china("2026-03-13 08:00"), Limit(10, LimitUnit.WORKING_HOUR), CHINA)
    assert made.yellow_at == china("2026-03-13 18:00")
    assert made.due_at == china("2026-03-16 10:00")


def test_policy_may_set_another_yellow_share() -> None:
    start, limit = china("2026-03-13 08:00"), Limit(4, LimitUnit.URGENT_HOUR)
    assert deadline(start, limit, CHINA, yellow_share=0.5).yellow_at == china("2026-03-13 10:00")
    assert deadline(start, limit, CHINA, yellow_share=1).yellow_at == china("2026-03-13 12:00")
    for share in (0, -0.1, 1.1, float("nan")):
        with pytest.raises(AmountOutOfBounds):
            deadline(start, limit, CHINA, yellow_share=share)


def test_a_light_is_green_then_yellow_then_red_and_both_bounds_belong_to_what_comes_before() -> None:
    yellow, due, moment = china("2026-03-13 10:00"), china("2026-03-13 12:00"), timedelta(microseconds=1)
    assert light(yellow, yellow, due) is Light.GREEN
    assert light(yellow + moment, yellow, due) is Light.YELLOW
    assert light(due, yellow, due) is Light.YELLOW
    assert light(due + moment, yellow, due) is Light.RED
    assert light(due, None, due) is None
    assert light(due, yellow, None) is None


def test_a_light_tells_a_repeated_hour_apart() -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    assert light(second, first, first) is Light.RED
    assert light(first, second, second) is Light.GREEN


def test_a_ticket_with_milestones_is_due_at_the_last_of_them() -> None:
    made = deadline(
        china("2026-02-10 17:00"),
        Limit(20, LimitUnit.WORKING_DAY),
        CHINA,
        milestones=UNLICENSED_BUILDING,
    )
    assert [due for _, due in made.milestones] == [
        china("2026-02-11 11:00"),
        china("2026-02-26 17:00"),
        china("2026-03-16 17:00"),
    ]
    assert made.due_at == china("2026-03-16 17:00")


def test_the_latest_milestone_decides_even_when_it_is_not_listed_last() -> None:
    late, early = (
        Milestone("", "", Limit(3, LimitUnit.CALENDAR_DAY)),
        Milestone("", "", Limit(1, LimitUnit.URGENT_HOUR)),
    )
    made = deadline(
        china("2026-03-13 08:00"), Limit(1, LimitUnit.WORKING_DAY), CHINA, milestones=(late, early)
    )
    assert (made.limit, made.due_at) == (late.limit, china("2026-03-16 08:00"))
    assert made.yellow_at == china("2026-03-13 08:00") + 0.8 * timedelta(days=3)


def test_segments_say_what_counted_and_why() -> None:
    made = deadline(china("2026-02-14 17:30"), Limit(4, LimitUnit.WORKING_HOUR), CHINA)
    assert [(f"{part.start:%d %H:%M}", part.why, part.counted, part.name_zh) for part in made.segments] == [
        ("14 17:30", Why.MAKEUP_WORKDAY, HOUR / 2, "春节调休上班"),
        ("14 18:00", Why.CLOSED, timedelta(0), ""),
        ("15 00:00", Why.HOLIDAY, timedelta(0), "春节"),
        ("24 00:00", Why.CLOSED, timedelta(0), ""),
        ("24 08:00", Why.OPEN_HOURS, 3.5 * HOUR, ""),
    ]


def test_from_closing_to_opening_is_one_closed_segment() -> None:
    (night,) = working_hours(china("2026-03-12 18:00"), china("2026-03-13 08:00"), CHINA)
    assert (night.why, night.counted) == (Why.CLOSED, timedelta(0))
    assert working_hours(night.stop, night.stop, CHINA) == ()
    assert around_the_clock(night.stop, night.stop, CHINA) == ()


def test_a_limit_around_the_clock_is_one_segment() -> None:
    made = deadline(china("2026-02-14 17:30"), Limit(2, LimitUnit.CALENDAR_DAY), CHINA)
    assert [(part.why, part.counted) for part in made.segments] == [(Why.AROUND_THE_CLOCK, 48 * HOUR)]


@given(data=st.data(), calendar=calendars, limit=limits)
def test_segments_tile_the_time_to_the_due_time_and_add_up_to_the_limit(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit
) -> None:
    start = data.draw(starts(calendar))
    made = deadline(start, limit, calendar)
    edges = [made.start_at, *(part.stop for part in made.segments)]
    assert [part.start.astimezone(UTC) for part in made.segments] == [
        edge.astimezone(UTC) for edge in edges[:-1]
    ]
    assert edges[-1].astimezone(UTC) == made.due_at.astimezone(UTC)
    assert sum((part.counted for part in made.segments), timedelta(0)) == limit_budget(limit, calendar)
    for part in made.segments:
        length = calendar.elapsed_time(part.start, part.stop)
        assert length > timedelta(0)
        assert part.counted == (length if part.why.counts else timedelta(0))
        if limit.unit.counts_working_time:
            assert calendar.working_time(part.start, part.stop) == part.counted


@given(data=st.data(), calendar=calendars, limit=limits)
def test_working_time_between_start_and_due_time_equals_the_limit(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit
) -> None:
    start = data.draw(starts(calendar))
    due, budget = due_at(start, limit, calendar), limit_budget(limit, calendar)
    measure = calendar.working_time if limit.unit.counts_working_time else calendar.elapsed_time
    assert measure(start, due) == budget
    assert measure(start, deadline(start, limit, calendar).yellow_at) == 0.8 * budget


@given(data=st.data(), calendar=calendars, limit=limits)
def test_a_later_start_is_never_due_earlier(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit
) -> None:
    earlier, later = sorted(data.draw(st.tuples(starts(calendar), starts(calendar))))
    due = due_at(earlier, limit, calendar).astimezone(UTC)
    assert due <= due_at(later, limit, calendar).astimezone(UTC)


@given(
    data=st.data(),
    calendar=calendars,
    unit=st.sampled_from(LimitUnit),
    values=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_a_longer_limit_is_due_later(
    data: st.DataObject, calendar: WorkCalendar, unit: LimitUnit, values: tuple[int, int]
) -> None:
    start = data.draw(starts(calendar))
    shorter, longer = sorted(values)
    due = due_at(start, Limit(shorter, unit), calendar).astimezone(UTC)
    later = due_at(start, Limit(longer, unit), calendar).astimezone(UTC)
    assert due < later if shorter < longer else due == later
