"""The ledger of a ticket's clocks: what was used stays used, and each due time can be computed again."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.calendars import Limit, LimitUnit
from api.domain.deadlines import Interval, Milestone, due_at, due_from_ledger, remaining, yellow_from_ledger
from api.domain.ledger import Ledger, Stretch, Term, Timekeeping
from api.domain.lifecycle import Clock
from tests.domain.example_calendars import ALL, CHINA, china, limits, starts

YELLOW_SHARE = 0.8
TIMEKEEPING = Timekeeping({calendar.code: calendar for calendar in ALL}, YELLOW_SHARE)
FOUR_HOURS = Term(Limit(4, LimitUnit.WORKING_HOUR), CHINA.code)
CLOCK = Clock.RECTIFICATION


@st.composite
def terms_and_instants(draw: st.DrawFn, most: int = 7) -> tuple[Term, list[datetime]]:
    """Draw a term and instants in order, all within the horizon of the term's calendar."""
    calendar = draw(st.sampled_from(ALL))
    instants = draw(st.lists(starts(calendar), min_size=1, max_size=most))
    return Term(draw(limits), calendar.code), sorted(instants)


def kept(term: Term, instants: Iterable[datetime]) -> Ledger:
    """Return a ledger whose clock began at the first instant, stopped at the next, went on at the one after."""
    ledger = Ledger()
    begin, *turns = instants
    ledger.restart(CLOCK, begin, "dispatch", term, 7, TIMEKEEPING)
    for number, at in enumerate(turns):
        if number % 2:
            ledger.resume(CLOCK, at, "fail_check", TIMEKEEPING)
        else:
            ledger.stop(CLOCK, at, "rectify")
    return ledger


def intervals(stretches: Iterable[Stretch]) -> list[Interval]:
    return [Interval(stretch.started_at, stretch.stopped_at) for stretch in stretches]


@given(terms_and_instants())
def test_the_stored_due_times_equal_those_recomputed_from_the_stretches(
    given_: tuple[Term, list[datetime]],
) -> None:
    term, instants = given_
    ledger = kept(term, instants)
    calendar = TIMEKEEPING.calendars[term.calendar_code]
    for count, stretch in enumerate(ledger.stretches, start=1):
        # As it stood when this stretch was opened: those before it closed, itself running.
        before = intervals(ledger.stretches[: count - 1])
        then = [*before, Interval(stretch.started_at)]
        due = due_from_ledger(then, term.limit, calendar)
        yellow = yellow_from_ledger(then, term.limit, calendar, yellow_share=YELLOW_SHARE)
        assert due is not None
        assert yellow is not None
        assert stretch.due_at == due.astimezone(UTC)
        assert stretch.yellow_at == yellow.astimezone(UTC)


@given(terms_and_instants())
def test_a_pause_or_a_rework_neither_gives_nor_takes_time(given_: tuple[Term, list[datetime]]) -> None:
    term, instants = given_
    calendar = TIMEKEEPING.calendars[term.calendar_code]
    stretches = kept(term, instants).stretches
    for count in range(1, len(stretches)):
        stopped_at, resumed_at = stretches[count - 1].stopped_at, stretches[count].started_at
        assert stopped_at is not None
        paused, resumed = intervals(stretches[:count]), intervals(stretches[: count + 1])
        left = remaining(paused, term.limit, calendar, stopped_at)
        assert remaining(resumed, term.limit, calendar, resumed_at) == left


@given(terms_and_instants(), st.integers(0, 3))
def test_a_new_cycle_has_the_full_limit_whatever_was_used(
    given_: tuple[Term, list[datetime]], again: int
) -> None:
    term, instants = given_
    *earlier, last = [*instants, instants[-1]]
    ledger = kept(term, earlier)
    for cycle in range(2, again + 3):
        ledger.stop(CLOCK, last, "return")
        ledger.restart(CLOCK, last, "dispatch", term, 8, TIMEKEEPING)
        begun = ledger.running(CLOCK)
        assert begun is ledger.latest(CLOCK)
        assert begun is not None
        assert (begun.cycle, begun.unit_id) == (cycle, 8)
        full = due_at(last, term.limit, TIMEKEEPING.calendars[term.calendar_code])
        assert begun.due_at == full.astimezone(UTC)


@given(terms_and_instants(), terms_and_instants())
def test_a_clock_does_not_see_the_other_clocks(
    one: tuple[Term, list[datetime]], other: tuple[Term, list[datetime]]
) -> None:
    alone = kept(*one)
    beside = kept(*one)
    term, instants = other
    for at in instants:
        beside.stop(Clock.CHECK, at, "fail_check")
        beside.restart(Clock.CHECK, at, "rectify", term, None, TIMEKEEPING)
    assert [stretch for stretch in beside.stretches if stretch.clock is CLOCK] == alone.stretches


@given(terms_and_instants())
def test_a_clock_runs_at_most_once_at_a_time_and_its_stretches_never_overlap(
    given_: tuple[Term, list[datetime]],
) -> None:
    stretches = kept(*given_).stretches
    for earlier, later in pairwise(stretches):
        assert earlier.stopped_at is not None
        assert earlier.started_at <= earlier.stopped_at <= later.started_at


def test_reworked_a_ticket_keeps_its_limit_unit_and_cycle() -> None:
    first, rework = kept(
        FOUR_HOURS, map(china, ("2026-03-13 08:00", "2026-03-13 09:00", "2026-03-16 10:00"))
    ).stretches
    assert (rework.term, rework.unit_id, rework.cycle) == (first.term, first.unit_id, first.cycle)
    assert (first.stopped_by, rework.started_by) == ("rectify", "fail_check")
    assert rework.due_at == china("2026-03-16 15:00")
    assert rework.yellow_at == china("2026-03-16 14:12")


def test_what_was_overdue_before_a_rework_is_overdue_since_the_same_instant() -> None:
    ledger = kept(FOUR_HOURS, map(china, ("2026-03-13 08:00", "2026-03-13 16:00", "2026-03-16 10:00")))
    running = ledger.running(CLOCK)
    assert running is not None
    assert running.due_at == china("2026-03-13 12:00")


def test_with_milestones_the_one_due_last_decides() -> None:
    stop_it, remove_it = Limit(4, LimitUnit.WORKING_HOUR), Limit(2, LimitUnit.WORKING_DAY)
    for order in ((stop_it, remove_it), (remove_it, stop_it)):
        milestones = tuple(Milestone("阶段", "stage", limit) for limit in order)
        ledger = kept(Term(order[-1], CHINA.code, milestones), [china("2026-03-12 17:00")])
        assert ledger.stretches[0].due_at == china("2026-03-16 17:00")


def test_a_clock_without_a_term_counts_but_is_never_due() -> None:
    ledger = Ledger()
    ledger.restart(Clock.TOTAL, china("2026-03-13 08:00"), "report", None, None, TIMEKEEPING)
    running = ledger.running(Clock.TOTAL)
    assert running is not None
    assert (running.due_at, running.yellow_at) == (None, None)


def test_stopping_a_clock_that_stands_still_changes_nothing() -> None:
    ledger = Ledger()
    ledger.stop(CLOCK, china("2026-03-13 08:00"), "rectify")
    assert ledger.stretches == []
    stopped = kept(FOUR_HOURS, map(china, ("2026-03-13 08:00", "2026-03-13 09:00")))
    stopped.stop(CLOCK, china("2026-03-14 09:00"), "close")
    assert stopped.stretches[0].stopped_at == china("2026-03-13 09:00")
    assert stopped.stretches[0].stopped_by == "rectify"


def test_a_clock_that_never_ran_cannot_go_on() -> None:
    with pytest.raises(AssertionError, match="never ran"):
        Ledger().resume(CLOCK, china("2026-03-13 08:00"), "fail_check", TIMEKEEPING)


def test_a_process_whose_clock_is_behind_makes_no_stretch_of_negative_length() -> None:
    begun, behind = china("2026-03-13 08:00"), timedelta(milliseconds=40)
    ledger = kept(FOUR_HOURS, [begun])
    ledger.stop(CLOCK, begun - behind, "rectify")
    assert ledger.stretches[0].stopped_at == begun
    ledger.resume(CLOCK, begun - behind, "fail_check", TIMEKEEPING)
    assert ledger.stretches[1].started_at == begun
    assert ledger.stretches[1].due_at == china("2026-03-13 12:00")
