"""Shifts: every order of what happens to them, past midnight, and never stopped."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.errors import ShiftStepRefused
from api.domain.shifts import Course, ShiftAction, ShiftEvent, ShiftState
from api.domain.tracks import to_ms

START, PAUSE, RESUME, STOP, EXPIRE = ShiftAction
NIGHT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
LONGEST = timedelta(hours=16)


def at(hours: float, action: ShiftAction) -> ShiftEvent:
    return ShiftEvent(action, NIGHT + timedelta(hours=hours))


def course(*events: ShiftEvent) -> Course:
    return Course((at(0, START), *events))


def hours(shift: Course, now: float = 100) -> float:
    return shift.duty(LONGEST, NIGHT + timedelta(hours=now)) / timedelta(hours=1)


def test_a_night_shift_goes_past_midnight() -> None:
    night = course(at(3, PAUSE), at(3.5, RESUME), at(8, STOP))
    assert night.state is ShiftState.ENDED
    assert night.ended_at == NIGHT + timedelta(hours=8)
    assert hours(night) == 7.5


def test_a_shift_that_goes_on_counts_until_now() -> None:
    assert hours(course(), now=2) == 2
    assert hours(course(at(1, PAUSE)), now=2) == 1


def test_a_shift_that_nobody_stops_is_as_long_as_shifts_may_be() -> None:
    assert hours(course()) == 16
    ended = course(at(16, EXPIRE))
    assert ended.state is ShiftState.ENDED
    assert hours(ended) == 16


def test_a_stop_that_comes_too_late_is_the_systems_end() -> None:
    late = course().after(at(20, STOP), LONGEST)
    assert late == course(at(16, EXPIRE))
    assert late.after(at(20, STOP), LONGEST) == late


def test_a_stop_told_late_takes_the_place_of_the_systems_end() -> None:
    ended = course(at(16, EXPIRE))
    assert ended.after(at(8, STOP), LONGEST) == course(at(8, STOP))


def test_the_systems_end_is_never_moved_on_not_even_under_a_longer_limit() -> None:
    ended = course(at(8, EXPIRE))
    assert ended.after(at(9, STOP), LONGEST) is ended
    assert ended.after(at(7, STOP), LONGEST) == course(at(7, STOP))


def test_what_is_told_of_a_time_after_the_longest_shift_comes_after_its_end() -> None:
    with pytest.raises(ShiftStepRefused) as refused:
        course().after(at(16.01, PAUSE), LONGEST)
    assert refused.value.facts["state"] is ShiftState.ENDED


def test_a_shorter_limit_cuts_nothing_off_that_has_happened() -> None:
    shorter = timedelta(hours=2)
    assert course(at(8, STOP)).duty(shorter, NIGHT + timedelta(days=1)) == timedelta(hours=8)
    paused = course(at(3, PAUSE))
    ended = paused.expired(paused.latest_at(shorter))
    assert ended.state is ShiftState.ENDED
    assert ended.duty(shorter, NIGHT + timedelta(days=1)) == timedelta(hours=3)


def test_told_again_nothing_changes() -> None:
    night = course(at(3, PAUSE), at(8, STOP))
    for event in night.events:
        assert night.after(event, LONGEST) is night


@pytest.mark.parametrize(
    "events",
    [
        (at(1, RESUME),),
        (at(1, PAUSE), at(2, PAUSE)),
        (at(1, STOP), at(2, STOP)),
        (at(1, STOP), at(2, PAUSE)),
        (at(1, START),),
        (at(-1, STOP),),
        (at(0, STOP),),
    ],
)
def test_what_makes_no_sense_is_refused(events: tuple[ShiftEvent, ...]) -> None:
    shift = course()
    for event in events[:-1]:
        shift = shift.after(event, LONGEST)
    with pytest.raises(ShiftStepRefused):
        shift.after(events[-1], LONGEST)


def test_a_course_without_a_start_is_none() -> None:
    with pytest.raises(ShiftStepRefused):
        Course(())
    with pytest.raises(ShiftStepRefused):
        Course((at(0, STOP),))


def test_a_pause_told_after_the_stop_is_put_where_it_belongs() -> None:
    told = course().after(at(8, STOP), LONGEST).after(at(3, PAUSE), LONGEST).after(at(4, RESUME), LONGEST)
    assert told == course(at(3, PAUSE), at(4, RESUME), at(8, STOP))


def test_whatever_order_makes_sense_at_each_step_leads_to_the_same() -> None:
    whole = (at(1, PAUSE), at(2, RESUME), at(3, STOP))
    outcomes: set[Course] = set()
    for order in permutations(whole):
        shift = course()
        try:
            for event in order:
                shift = shift.after(event, LONGEST)
        except ShiftStepRefused:
            continue
        outcomes.add(shift)
    assert outcomes == {course(*whole)}


actions = st.lists(st.tuples(st.integers(1, 30), st.sampled_from([PAUSE, RESUME, STOP])), max_size=12)


@given(actions)
def test_time_on_duty_never_overlaps_and_never_exceeds_the_shift(told: list[tuple[int, ShiftAction]]) -> None:
    shift = course()
    for hour, action in told:
        try:
            shift = shift.after(at(hour, action), LONGEST)
        except ShiftStepRefused:
            continue
    spans = shift.spans(LONGEST)
    assert all(start < stop for start, stop in spans)
    assert all(one[1] <= following[0] for one, following in pairwise(spans))
    assert spans == [] or spans[-1][1] <= to_ms(NIGHT + LONGEST)
    assert shift.duty(LONGEST, NIGHT + timedelta(days=9)) <= LONGEST
    # Whatever was told, the system can end it: the worker must never stand still.
    if shift.state is not ShiftState.ENDED:
        assert shift.expired(shift.latest_at(LONGEST)).state is ShiftState.ENDED


def test_every_state_and_action_is_a_step_or_a_refusal() -> None:
    states = {
        ShiftState.RUNNING: course(),
        ShiftState.PAUSED: course(at(1, PAUSE)),
        ShiftState.ENDED: course(at(1, STOP)),
    }
    allowed: set[tuple[ShiftState, ShiftAction]] = set()
    for (state, shift), action in product(states.items(), ShiftAction):
        try:
            shift.after(at(2, action), LONGEST)
        except ShiftStepRefused:
            continue
        allowed.add((state, action))
    assert allowed == {
        (ShiftState.RUNNING, PAUSE),
        (ShiftState.RUNNING, STOP),
        (ShiftState.RUNNING, EXPIRE),
        (ShiftState.PAUSED, RESUME),
        (ShiftState.PAUSED, STOP),
        (ShiftState.PAUSED, EXPIRE),
    }
