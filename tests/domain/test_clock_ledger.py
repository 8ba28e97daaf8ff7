"""The ledger of a clock: pauses, rework, extensions, and due times recomputed from the intervals."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.domain.calendars import (
    AmountOutOfBounds,
    BackwardTime,
    Limit,
    LimitUnit,
    NaiveInstant,
    PastCalendarHorizon,
    WorkCalendar,
)
from api.domain.deadlines import (
    Interval,
    deadline,
    due_at,
    due_from_ledger,
    limit_budget,
    remaining,
    used,
    yellow_from_ledger,
)
from tests.domain.example_calendars import CHINA, calendars, china, limits, starts

HOUR = timedelta(hours=1)
FOUR_HOURS = Limit(4, LimitUnit.WORKING_HOUR)
FIRST_HOUR = Interval(china("2026-03-13 08:00"), china("2026-03-13 09:00"))


def test_what_closed_intervals_used_is_gone_and_the_rest_runs_from_the_open_one() -> None:
    ledger = [FIRST_HOUR, Interval(china("2026-03-16 10:00"))]
    assert due_from_ledger(ledger, FOUR_HOURS, CHINA) == china("2026-03-16 15:00")
    assert yellow_from_ledger(ledger, FOUR_HOURS, CHINA) == china("2026-03-16 14:12")


def test_a_clock_that_stands_still_has_no_due_time_while_time_is_left() -> None:
    assert due_from_ledger([FIRST_HOUR], FOUR_HOURS, CHINA) is None
    assert due_from_ledger([], FOUR_HOURS, CHINA) is None
    assert yellow_from_ledger([FIRST_HOUR], FOUR_HOURS, CHINA) is None


def test_a_limit_used_up_in_a_closed_interval_was_due_when_it_ran_out() -> None:
    late = Interval(china("2026-03-13 14:00"), china("2026-03-13 18:00"))
    for ledger in ([FIRST_HOUR, late], [FIRST_HOUR, late, Interval(china("2026-03-20 08:00"))]):
        assert due_from_ledger(ledger, FOUR_HOURS, CHINA) == china("2026-03-13 17:00")


def test_a_limit_used_up_at_the_very_end_of_an_interval_was_due_there() -> None:
    exact = Interval(china("2026-03-13 14:00"), china("2026-03-13 17:00"))
    ledger = [FIRST_HOUR, exact, Interval(china("2026-03-20 08:00"))]
    assert due_from_ledger(ledger, FOUR_HOURS, CHINA) == china("2026-03-13 17:00")


def test_yellow_may_be_known_for_a_clock_that_stands_still_before_its_due_time() -> None:
    ledger = [Interval(china("2026-03-13 08:00"), china("2026-03-13 11:30"))]
    assert yellow_from_ledger(ledger, FOUR_HOURS, CHINA) == china("2026-03-13 11:12")
    assert due_from_ledger(ledger, FOUR_HOURS, CHINA) is None


def test_each_extension_grants_the_limit_once_more() -> None:
    ledger = [Interval(china("2026-03-13 08:00"))]
    assert due_from_ledger(ledger, FOUR_HOURS, CHINA, extensions=1) == china("2026-03-13 18:00")
    assert due_from_ledger(ledger, FOUR_HOURS, CHINA, extensions=2) == china("2026-03-16 12:00")
    assert remaining(ledger, FOUR_HOURS, CHINA, china("2026-03-13 09:00"), extensions=1) == 7 * HOUR
    assert yellow_from_ledger(ledger, FOUR_HOURS, CHINA, 1, yellow_share=0.5) == china("2026-03-13 12:00")
    with pytest.raises(AmountOutOfBounds):
        due_from_ledger(ledger, FOUR_HOURS, CHINA, extensions=-1)


def test_overdrawn_time_is_negative() -> None:
    ledger = [Interval(china("2026-03-13 08:00"))]
    assert remaining(ledger, FOUR_HOURS, CHINA, china("2026-03-13 15:00")) == -HOUR


def test_time_after_the_moment_of_the_question_is_not_used_yet() -> None:
    ledger = [FIRST_HOUR, Interval(china("2026-03-13 14:00"), china("2026-03-13 18:00"))]
    assert used(ledger, LimitUnit.WORKING_HOUR, CHINA, china("2026-03-13 08:30")) == HOUR / 2
    assert used(ledger, LimitUnit.WORKING_HOUR, CHINA, china("2026-03-13 15:00")) == 2 * HOUR
    assert used(ledger, LimitUnit.URGENT_HOUR, CHINA, china("2026-03-20 00:00")) == 5 * HOUR
    assert used(ledger, LimitUnit.URGENT_HOUR, CHINA, china("2026-03-01 00:00")) == timedelta(0)


def test_intervals_out_of_order_are_refused() -> None:
    running, earlier = Interval(china("2026-03-13 08:00")), Interval(china("2026-03-12 08:00"))
    overlapping = Interval(china("2026-03-13 08:59"))
    for ledger in ([running, overlapping], [FIRST_HOUR, earlier], [FIRST_HOUR, overlapping]):
        with pytest.raises(BackwardTime):
            used(ledger, LimitUnit.WORKING_HOUR, CHINA, china("2026-03-14 00:00"))
    with pytest.raises(BackwardTime):
        due_from_ledger([FIRST_HOUR, earlier], FOUR_HOURS, CHINA)


def test_an_interval_does_not_end_before_it_starts() -> None:
    with pytest.raises(BackwardTime):
        Interval(china("2026-03-13 08:00"), china("2026-03-13 07:59"))
    with pytest.raises(NaiveInstant):
        Interval(datetime(2026, 3, 13, 8))  # noqa: DTZ001  that is the point
    zone = ZoneInfo("Europe/Amsterdam")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=fold) for fold in (0, 1))
    Interval(first, second)
    with pytest.raises(BackwardTime):
        Interval(second, first)


def test_an_interval_closed_past_the_horizon_still_tells_a_due_time_before_it() -> None:
    ledger = [Interval(china("2026-12-31 08:00"), china("2027-01-05 08:00"))]
    assert due_from_ledger(ledger, FOUR_HOURS, CHINA) == china("2026-12-31 12:00")
    with pytest.raises(PastCalendarHorizon):
        due_from_ledger(ledger, Limit(9, LimitUnit.WORKING_HOUR), CHINA)
    with pytest.raises(PastCalendarHorizon):
        used(ledger, LimitUnit.WORKING_HOUR, CHINA, china("2027-01-05 08:00"))
    assert due_from_ledger(ledger, Limit(2, LimitUnit.URGENT_DAY), CHINA) == china("2027-01-02 08:00")


@given(data=st.data(), calendar=calendars, limit=limits)
def test_a_clock_that_never_paused_is_due_as_computed_directly(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit
) -> None:
    start = data.draw(starts(calendar))
    direct = deadline(start, limit, calendar)
    assert due_from_ledger([Interval(start)], limit, calendar) == direct.due_at
    assert yellow_from_ledger([Interval(start)], limit, calendar) == direct.yellow_at


@given(data=st.data(), calendar=calendars, limit=limits, cuts=st.integers(1, 4))
def test_stopping_and_going_on_at_once_changes_nothing(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit, cuts: int
) -> None:
    start, *stops = sorted(data.draw(st.tuples(*[starts(calendar)] * (cuts + 1))))
    edges = [start, *stops]
    ledger = [Interval(begin, end) for begin, end in zip(edges, [*stops, None], strict=True)]
    due = due_from_ledger(ledger, limit, calendar)
    assert due is not None
    assert due.astimezone(UTC) == due_at(start, limit, calendar).astimezone(UTC)


@given(data=st.data(), calendar=calendars, limit=limits, share=st.floats(0.001, 0.999))
def test_a_pause_anywhere_never_changes_what_remains(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit, share: float
) -> None:
    start, resumed = sorted(data.draw(st.tuples(starts(calendar), starts(calendar))))
    paused = start + share * (due_at(start, limit, calendar).astimezone(UTC) - start)
    assume(paused <= resumed)
    before = remaining([Interval(start)], limit, calendar, paused)
    ledger = [Interval(start, paused), Interval(resumed)]
    assert remaining(ledger, limit, calendar, paused) == before
    assert remaining(ledger, limit, calendar, resumed) == before
    due = due_from_ledger(ledger, limit, calendar)
    assert due is not None
    if before:
        assert remaining([Interval(resumed)], limit, calendar, due) == limit_budget(limit, calendar) - before
        assert remaining(ledger, limit, calendar, due) == timedelta(0)
    else:
        assert due.astimezone(UTC) <= paused


@given(data=st.data(), calendar=calendars, limit=limits, extensions=st.integers(0, 2))
def test_at_its_due_time_a_clock_has_nothing_left(
    data: st.DataObject, calendar: WorkCalendar, limit: Limit, extensions: int
) -> None:
    assume(limit.value <= 20)
    ledger = [Interval(data.draw(starts(calendar)))]
    due = due_from_ledger(ledger, limit, calendar, extensions)
    assert due is not None
    assert remaining(ledger, limit, calendar, due, extensions) == timedelta(0)
