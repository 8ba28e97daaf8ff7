"""The lifecycle table: no gap, no contradiction, no trap, whoever tries whatever in whichever state."""

from collections import deque
from itertools import product

import pytest

from api.domain.access import UNIT_ROLES, Role
from api.domain.errors import NotYourStep, Refusal, StepRefused
from api.domain.lifecycle import (
    ACTION_NAMES,
    ENDS,
    OPEN,
    STAGE_OF,
    STATE_NAMES,
    SYSTEM,
    TABLE,
    Action,
    Actor,
    Clock,
    Closing,
    Need,
    State,
    Step,
    actions_for,
    find_step,
    rows,
)

ACTORS: tuple[Actor, ...] = (*Role, SYSTEM)
BEFORE_AND_ALL_STATES: tuple[State | None, ...] = (None, *State)

closings = pytest.mark.parametrize("closing", Closing)


def leading_out(state: State | None, closing: Closing) -> list[Step]:
    return [row for row in rows(closing) if row.from_state is state]


def reachable(closing: Closing, start: State | None = None) -> set[State | None]:
    """Return what can follow a state, itself included; None is the time before a ticket exists."""
    found, pending = {start}, deque([start])
    while pending:
        for row in leading_out(pending.popleft(), closing):
            if row.to_state not in found:
                found.add(row.to_state)
                pending.append(row.to_state)
    return found


def outcome(state: State | None, action: Action, actor: Actor, closing: Closing) -> Step | Refusal:
    try:
        return find_step(state, action, actor, closing)
    except (StepRefused, NotYourStep) as refused:
        return refused


@closings
def test_each_state_action_and_actor_is_a_step_or_a_named_refusal(closing: Closing) -> None:
    for state, action, actor in product(BEFORE_AND_ALL_STATES, Action, ACTORS):
        here = leading_out(state, closing)
        roles = {str(by) for row in here if row.action is action for by in row.by}
        found = outcome(state, action, actor, closing)
        if isinstance(found, Step):
            assert found in here
            assert found.action is action
            assert actor in found.by
            continue
        assert str(actor) not in roles
        told = {"roles": sorted(roles)} if roles else {"possible": sorted({row.action for row in here})}
        assert found.facts == {"action": action, "state": state, **told}
        assert isinstance(found, NotYourStep if roles else StepRefused)


@closings
def test_no_two_rows_are_the_same_step_for_the_same_actor(closing: Closing) -> None:
    claims = [(row.from_state, row.action, actor) for row in rows(closing) for actor in row.by]
    assert len(claims) == len(set(claims))


@closings
def test_an_actor_is_offered_exactly_the_steps_that_would_be_found(closing: Closing) -> None:
    for state, actor in product(State, ACTORS):
        offered = actions_for(state, actor, closing)
        assert len(offered) == len(set(offered))
        for action in Action:
            is_found = isinstance(outcome(state, action, actor, closing), Step)
            assert is_found == (action in offered)


@closings
def test_each_state_of_the_table_is_reached_and_reaches_an_end(closing: Closing) -> None:
    named = {state for row in rows(closing) for state in (row.from_state, row.to_state)}
    assert reachable(closing) == named
    for state in named:
        assert reachable(closing, state) & ENDS, f"{state} is a trap"


@closings
def test_nothing_happens_to_a_ticket_after_its_end(closing: Closing) -> None:
    assert frozenset(State) == OPEN | ENDS
    assert not [row for row in rows(closing) if row.from_state in ENDS]


@closings
def test_clocks_run_while_it_is_somebodys_turn_and_none_runs_after_the_end(closing: Closing) -> None:
    """Walk every way through the table with the set of clocks that run and of those that ever ran."""
    standing_still = frozenset[Clock]()
    pending: deque[tuple[State | None, frozenset[Clock], frozenset[Clock]]]
    pending = deque([(None, standing_still, standing_still)])
    found = set(pending)
    while pending:
        state, running, known = pending.popleft()
        for row in leading_out(state, closing):
            assert running >= set(row.stops), f"{row.action} stops a clock that stands still"
            left = running - set(row.stops)
            assert left.isdisjoint({*row.starts, *row.restarts}), f"{row.action} starts a running clock"
            assert known >= set(row.starts), f"{row.action} goes on with a clock that never ran"
            now_running = left | {*row.starts, *row.restarts}
            if row.to_state in ENDS:
                assert not now_running, f"{row.action} leaves clocks running"
            else:
                assert now_running >= {STAGE_OF[row.to_state], Clock.TOTAL}
            reached = (row.to_state, now_running, known | now_running)
            if reached not in found:
                found.add(reached)
                pending.append(reached)


@closings
def test_a_passed_check_closes_at_once_or_waits_for_the_desk(closing: Closing) -> None:
    passed = find_step(State.RECTIFIED, Action.PASS_CHECK, Role.OFFICER, closing)
    desk = actions_for(State.RECTIFIED, Role.DISPATCHER, closing)
    if closing is Closing.WITH_CHECK:
        assert (passed.to_state, desk) == (State.CLOSED, [])
    else:
        assert (passed.to_state, desk) == (State.RECTIFIED, [Action.CLOSE])
        close = find_step(State.RECTIFIED, Action.CLOSE, Role.DISPATCHER, closing)
        assert Need.CHECKED in close.needs


def test_whoever_fixes_never_checks_and_whoever_checks_never_fixes() -> None:
    fixers = {actor for row in TABLE if row.action is Action.RECTIFY for actor in row.by}
    checks = {Action.PASS_CHECK, Action.FAIL_CHECK}
    checkers = {actor for row in TABLE if row.action in checks for actor in row.by}
    assert fixers == UNIT_ROLES
    assert fixers.isdisjoint(checkers)


def test_a_repair_and_its_check_bring_proof_and_a_refusal_its_reason() -> None:
    for row in TABLE:
        if row.action is Action.RECTIFY:
            assert row.needs >= {Need.AFTER_PHOTO, Need.NOTE}
        if row.action in {Action.PASS_CHECK, Action.FAIL_CHECK}:
            assert Need.CHECK_PHOTO in row.needs
        if row.action in {Action.REJECT, Action.FAIL_CHECK}:
            assert Need.REASON in row.needs


def test_the_system_only_files_and_dispatches() -> None:
    assert {row.action for row in TABLE if SYSTEM in row.by} == {Action.FILE, Action.DISPATCH}


def test_each_action_has_a_row_and_everything_has_names_in_both_languages() -> None:
    assert {row.action for row in TABLE} == set(Action)
    assert set(STATE_NAMES) == set(State)
    assert set(ACTION_NAMES) == set(Action)
    for names in (STATE_NAMES, ACTION_NAMES):
        for language in (0, 1):
            called = [name[language] for name in names.values()]
            assert all(called)
            assert len(called) == len(set(called)), "two of them can't be told apart"
