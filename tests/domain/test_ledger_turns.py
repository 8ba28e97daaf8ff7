"""What a ledger makes of extensions, planned pauses, several units, and calendars that end or are gone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.domain.calendars import CalendarError, Limit, LimitUnit
from api.domain.deadlines import Interval, Milestone, due_at, limit_budget, remaining
from api.domain.ledger import UNKNOWN, Ledger, Stretch, Term, Timekeeping, due_times
from api.domain.lifecycle import Clock
from tests.domain.example_calendars import ALL, CHINA, china, limits, starts

TIMEKEEPING = Timekeeping({calendar.code: calendar for calendar in ALL}, 0.8)
FOUR_HOURS = Term(Limit(4, LimitUnit.WORKING_HOUR), CHINA.code)
CLOCK = Clock.RECTIFICATION


def begun(at: datetime, term: Term | None = FOUR_HOURS, unit_id: int = 7) -> Ledger:
    ledger = Ledger()
    ledger.restart(CLOCK, at, "dispatch", term, unit_id, TIMEKEEPING)
    return ledger


def running(ledger: Ledger) -> Stretch:
    stretch = ledger.running(CLOCK)
    assert stretch is not None
    return stretch


def extend(ledger: Ledger, at: datetime) -> None:
    ledger.stop(CLOCK, at, "grant_extension")
    ledger.resume(CLOCK, at, "grant_extension", TIMEKEEPING, extend=True)


@st.composite
def terms(draw: st.DrawFn, count: int) -> tuple[Term, list[datetime]]:
    """Draw a term and instants in order, all within the horizon of the term's calendar."""
    calendar = draw(st.sampled_from(ALL))
    instants = draw(st.lists(starts(calendar), min_size=count, max_size=count))
    return Term(draw(limits), calendar.code), sorted(instants)


@given(terms(2), st.integers(1, 3))
def test_each_extension_grants_the_limit_once_more_whenever_it_is_granted(
    drawn: tuple[Term, list[datetime]], times: int
) -> None:
    term, (start, at) = drawn
    assume(term.limit.value <= 12)
    calendar = TIMEKEEPING.calendars[term.calendar_code]
    ledger = begun(start, term)
    for count in range(1, times + 1):
        before = running(ledger).due_at
        extend(ledger, at)
        extended = running(ledger)
        assert (extended.extensions, extended.cycle, extended.term) == (count, 1, term)
        assert extended.due_at is not None
        assert before is not None
        assert extended.due_at > before
        granted = limit_budget(term.limit, calendar) * (1 + count)
        spent = [Interval(start, at), Interval(at)]
        assert remaining(spent, term.limit, calendar, extended.due_at, count) == timedelta(0)
        assert remaining(spent, term.limit, calendar, start, count) == granted


def test_an_extension_that_comes_late_may_turn_red_into_green_again() -> None:
    ledger = begun(china("2026-03-13 08:00"))
    extend(ledger, china("2026-03-13 14:00"))
    assert running(ledger).due_at == china("2026-03-13 18:00")
    assert running(ledger).yellow_at == china("2026-03-13 16:24")
    late = begun(china("2026-03-13 08:00"))
    extend(late, china("2026-03-17 18:00"))
    assert running(late).due_at == china("2026-03-13 18:00"), "it had run out all the same"


def test_extensions_stay_through_pauses_and_rework_and_end_with_the_cycle() -> None:
    ledger = begun(china("2026-03-13 08:00"))
    extend(ledger, china("2026-03-13 09:00"))
    ledger.stop(CLOCK, china("2026-03-13 10:00"), "rectify")
    ledger.resume(CLOCK, china("2026-03-16 08:00"), "fail_check", TIMEKEEPING)
    assert running(ledger).extensions == 1
    assert running(ledger).due_at == china("2026-03-16 16:00")
    ledger.stop(CLOCK, china("2026-03-16 09:00"), "return")
    ledger.restart(CLOCK, china("2026-03-16 10:00"), "dispatch", FOUR_HOURS, 8, TIMEKEEPING)
    assert (running(ledger).extensions, running(ledger).due_at) == (0, china("2026-03-16 16:00"))


def test_a_unit_takes_up_its_own_clock_whoever_had_the_ticket_in_between() -> None:
    ledger = begun(china("2026-03-13 08:00"), unit_id=1)
    ledger.stop(CLOCK, china("2026-03-13 09:00"), "return")
    ledger.restart(CLOCK, china("2026-03-13 10:00"), "dispatch", FOUR_HOURS, 2, TIMEKEEPING)
    ledger.stop(CLOCK, china("2026-03-13 12:00"), "return")
    ledger.resume(CLOCK, china("2026-03-16 08:00"), "rule", TIMEKEEPING, unit_id=1)
    assert (running(ledger).cycle, running(ledger).unit_id) == (1, 1)
    assert running(ledger).due_at == china("2026-03-16 11:00")
    assert [one.unit_id for one in ledger.cycle(CLOCK)] == [1, 1]
    ledger.stop(CLOCK, china("2026-03-16 09:00"), "rectify")
    ledger.restart(CLOCK, china("2026-03-18 08:00"), "dispatch", FOUR_HOURS, 1, TIMEKEEPING)
    assert running(ledger).cycle == 3, "no cycle is begun twice"


@given(terms(3))
def test_what_is_planned_is_what_comes_when_the_clock_goes_on_then(
    drawn: tuple[Term, list[datetime]],
) -> None:
    term, (start, paused, until) = drawn
    ledger = begun(start, term)
    ledger.stop(CLOCK, paused, "grant_suspension")
    planned = ledger.planned(CLOCK, until, TIMEKEEPING)
    assert ledger.running(CLOCK) is None, "a plan starts nothing"
    ledger.resume(CLOCK, until, "resume", TIMEKEEPING)
    assert (planned.due_at, planned.yellow_at) == (running(ledger).due_at, running(ledger).yellow_at)


@given(terms(4))
def test_a_later_end_of_the_pause_is_never_due_earlier(drawn: tuple[Term, list[datetime]]) -> None:
    term, (start, paused, until, later) = drawn
    ledger = begun(start, term)
    ledger.stop(CLOCK, paused, "grant_suspension")
    sooner, afterwards = (ledger.planned(CLOCK, at, TIMEKEEPING) for at in (until, later))
    assert sooner.due_at is not None
    assert afterwards.due_at is not None
    assert sooner.due_at <= afterwards.due_at


@given(terms(3), st.integers(1, 20))
def test_a_longer_limit_is_never_due_earlier_however_often_the_clock_stood_still(
    drawn: tuple[Term, list[datetime]], more: int
) -> None:
    term, (start, paused, resumed) = drawn
    longer = Term(Limit(term.limit.value + more, term.limit.unit), term.calendar_code)
    intervals = [Interval(start, paused), Interval(resumed)]
    short, long = (due_times(intervals, one, 0, TIMEKEEPING).due_at for one in (term, longer))
    assert short is not None
    assert long is not None
    assert short < long


def test_a_plan_for_the_past_begins_when_the_clock_stopped() -> None:
    ledger = begun(china("2026-03-13 08:00"))
    ledger.stop(CLOCK, china("2026-03-13 09:00"), "grant_suspension")
    early, at_once = (
        ledger.planned(CLOCK, china(at), TIMEKEEPING) for at in ("2026-03-12 08:00", "2026-03-13 09:00")
    )
    assert early == at_once
    assert at_once.due_at == china("2026-03-13 12:00")


def test_nothing_is_planned_for_a_clock_that_never_ran_or_has_no_limit() -> None:
    at = china("2026-03-13 08:00")
    assert Ledger().planned(CLOCK, at, TIMEKEEPING) == UNKNOWN
    assert begun(at, None).planned(CLOCK, at, TIMEKEEPING) == UNKNOWN
    assert Ledger().cycle(CLOCK) == []


def test_past_the_loaded_years_a_due_time_is_unknown_and_known_again_when_they_are_loaded() -> None:
    start = china("2026-12-31 17:00")
    with pytest.raises(CalendarError):
        due_at(start, FOUR_HOURS.limit, CHINA)
    ledger = begun(start)
    assert (running(ledger).due_at, running(ledger).yellow_at) == (None, None)
    around_the_clock = begun(start, Term(Limit(4, LimitUnit.URGENT_HOUR), CHINA.code))
    assert running(around_the_clock).due_at == china("2026-12-31 21:00")


def test_a_pause_past_the_loaded_years_is_planned_as_unknown() -> None:
    ledger = begun(china("2026-12-30 08:00"))
    ledger.stop(CLOCK, china("2026-12-30 09:00"), "grant_suspension")
    assert ledger.planned(CLOCK, china("2027-02-01 08:00"), TIMEKEEPING) == UNKNOWN


def test_one_milestone_that_nobody_can_tell_makes_the_whole_due_time_unknown() -> None:
    known, unknown = Limit(1, LimitUnit.WORKING_HOUR), Limit(30, LimitUnit.WORKING_DAY)
    milestones = tuple(Milestone("阶段", "stage", limit) for limit in (known, unknown))
    ledger = begun(china("2026-12-30 08:00"), Term(unknown, CHINA.code, milestones))
    assert running(ledger).due_at is None


def test_a_calendar_that_is_gone_makes_due_times_unknown_and_stops_nobody() -> None:
    without = Timekeeping({}, 0.8)
    start = china("2026-03-13 08:00")
    ledger = begun(start)
    ledger.stop(CLOCK, china("2026-03-13 09:00"), "rectify")
    ledger.resume(CLOCK, china("2026-03-16 09:00"), "fail_check", without)
    assert (running(ledger).due_at, running(ledger).term) == (None, FOUR_HOURS)
    ledger.stop(CLOCK, china("2026-03-16 10:00"), "rectify")
    assert ledger.planned(CLOCK, start, without) == UNKNOWN
    # Back again, it tells the due time as if it had never been away.
    ledger.resume(CLOCK, china("2026-03-17 09:00"), "fail_check", TIMEKEEPING)
    assert running(ledger).due_at == china("2026-03-17 11:00")


def test_due_times_are_in_utc_wherever_the_calendar_is() -> None:
    for calendar in ALL:
        start = calendar.starts_at + timedelta(days=40)
        due = due_times(
            [Interval(start)], Term(Limit(1, LimitUnit.WORKING_DAY), calendar.code), 0, TIMEKEEPING
        )
        assert due.due_at is not None
        assert due.yellow_at is not None
        assert due.due_at.tzinfo is due.yellow_at.tzinfo is UTC
