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
    RUNNING_IN,
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
from api.domain.requests import DECIDERS, REQUEST_NAMES, RequestKind

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
        possible = sorted({row.action for row in here if row.by - {SYSTEM}})
        told = {"roles": sorted(roles)} if roles else {"possible": possible}
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
def test_each_state_is_reached_and_each_open_one_reaches_every_end_it_may_need(closing: Closing) -> None:
    assert reachable(closing) == set(BEFORE_AND_ALL_STATES)
    for state in OPEN:
        ends = reachable(closing, state) & ENDS
        assert ends >= {State.CLOSED, State.VOIDED, State.MERGED}, f"{state} is a trap"
    before_filing = {state for state in OPEN if State.REJECTED in reachable(closing, state)}
    assert before_filing == {State.REPORTED, State.VERIFYING}


@closings
def test_only_a_closed_ticket_has_anything_after_its_end(closing: Closing) -> None:
    assert frozenset(State) == OPEN | ENDS
    assert not OPEN & ENDS
    afterwards = [row for row in rows(closing) if row.from_state in ENDS]
    assert {row.from_state for row in afterwards} == {State.CLOSED}
    appeal = {Action.APPEAL, Action.GRANT_APPEAL, Action.DENY_APPEAL}
    assert {row.action for row in afterwards} == {Action.RECHECK, Action.REOPEN, *appeal}
    for row in afterwards:
        assert row.to_state is (State.FILED if row.action is Action.REOPEN else State.CLOSED)
    assert not [row for row in rows(closing) if row.action in appeal and row.from_state is not State.CLOSED]


@closings
def test_exactly_the_clocks_of_its_state_run_whatever_way_a_ticket_came(closing: Closing) -> None:
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
            begun = {*row.starts, *row.restarts}
            assert left.isdisjoint(begun), f"{row.action} starts a running clock"
            assert known >= set(row.starts), f"{row.action} goes on with a clock that never ran"
            assert row.extends is None or row.extends in left, (
                f"{row.action} extends a clock that stands still"
            )
            now_running = left | begun
            assert now_running == frozenset(RUNNING_IN.get(row.to_state, ())), row
            reached = (row.to_state, now_running, known | now_running)
            if reached not in found:
                found.add(reached)
                pending.append(reached)
    assert {state for state, _, _ in found} == set(BEFORE_AND_ALL_STATES)


def test_the_clock_of_its_stage_runs_in_each_open_state_but_a_suspended_one() -> None:
    assert set(RUNNING_IN) == OPEN
    assert set(STAGE_OF) == OPEN - {State.SUSPENDED}
    for state, clocks in RUNNING_IN.items():
        assert Clock.TOTAL in clocks
        assert state is State.SUSPENDED or STAGE_OF[state] in clocks


def test_a_step_that_stays_where_it_is_touches_no_clock_except_for_more_time_or_another_unit() -> None:
    for row in TABLE:
        if row.from_state is row.to_state and row.action not in {Action.REASSIGN, Action.REDISPATCH}:
            assert not {*row.stops, *row.starts, *row.restarts}, row.action
        assert (row.extends is None) == (row.action is not Action.GRANT_EXTENSION)


@closings
@pytest.mark.parametrize("kind", RequestKind)
def test_what_can_be_asked_can_be_granted_and_denied_in_the_same_state(
    kind: RequestKind, closing: Closing
) -> None:
    table = list(rows(closing))
    asked_in = {row.from_state for row in table if row.asks is kind}
    assert asked_in
    for state in asked_in:
        here = leading_out(state, closing)
        assert all(row.to_state is state for row in here if row.asks is kind), "it would die at once"
        grants = {actor for row in here if row.grants is kind for actor in row.by}
        denies = {actor for row in here if row.denies is kind for actor in row.by}
        assert grants
        assert denies
        if kind is not RequestKind.HELP:
            assert grants == denies == DECIDERS[kind]
    for row in table:
        if kind in {row.grants, row.denies}:
            assert row.from_state in asked_in, "nothing could be pending here"
        assert len([effect for effect in (row.asks, row.grants, row.denies) if effect]) <= 1


@pytest.mark.parametrize("kind", RequestKind)
def test_whoever_asks_is_never_who_decides(kind: RequestKind) -> None:
    askers = {actor for row in TABLE if row.asks is kind for actor in row.by}
    if kind is RequestKind.HELP:
        # Who answers belongs to the unit that was called, and only the asking side excuses from it.
        assert {actor for row in TABLE if row.grants is kind for actor in row.by} == UNIT_ROLES
        assert {actor for row in TABLE if row.denies is kind for actor in row.by} == askers
    else:
        assert askers
        assert askers.isdisjoint(DECIDERS[kind])


def test_only_an_appeal_needs_two_sides_to_agree() -> None:
    assert {kind for kind, roles in DECIDERS.items() if len(roles) > 1} == {RequestKind.APPEAL}
    assert set(DECIDERS) == set(RequestKind) - {RequestKind.HELP}


@closings
def test_a_passed_check_closes_at_once_or_waits_for_the_desk(closing: Closing) -> None:
    passed = find_step(State.RECTIFIED, Action.PASS_CHECK, Role.OFFICER, closing)
    closes_at_desk = Action.CLOSE in actions_for(State.RECTIFIED, Role.DISPATCHER, closing)
    if closing is Closing.WITH_CHECK:
        assert (passed.to_state, closes_at_desk) == (State.CLOSED, False)
    else:
        assert (passed.to_state, closes_at_desk) == (State.RECTIFIED, True)
        close = find_step(State.RECTIFIED, Action.CLOSE, Role.DISPATCHER, closing)
        assert Need.CHECKED in close.needs


def test_whoever_fixes_never_checks_and_whoever_checks_never_fixes() -> None:
    fixers = {actor for row in TABLE if row.action is Action.RECTIFY for actor in row.by}
    checks = {Action.PASS_CHECK, Action.FAIL_CHECK}
    checkers = {actor for row in TABLE if row.action in checks for actor in row.by}
    assert fixers == UNIT_ROLES
    assert fixers.isdisjoint(checkers)


REASONED = {
    Action.REJECT,
    Action.RULE,
    Action.RETURN,
    Action.ASK_HELP,
    Action.EXCUSE_HELP,
    Action.REQUEST_EXTENSION,
    Action.REQUEST_SUSPENSION,
    Action.FAIL_CHECK,
    Action.APPEAL,
    Action.REOPEN,
    Action.VOID,
    Action.CORRECT,
}
"""Whoever refuses, asks or contradicts says why; so does everybody who denies a request."""


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.from_state}-{row.action}-{row.to_state}")
def test_each_step_brings_what_it_takes_to_believe_it(row: Step) -> None:
    proof = {
        Action.SELF_FIX: {Need.CONDITION, Need.BEFORE_PHOTO, Need.AFTER_PHOTO},
        Action.ASK_VERIFICATION: {Need.GRID},
        Action.ANSWER_VERIFICATION: {Need.PHOTO},
        Action.FILE: {Need.CONDITION},
        Action.DISPATCH: {Need.UNIT},
        Action.RULE: {Need.UNIT},
        # Taken from a handler whose account ended, a ticket is nobody's.
        Action.HAND_OVER: set[Need]() if SYSTEM in row.by else {Need.HANDLER},
        Action.RETURN: {Need.PHOTO},
        Action.ASK_HELP: {Need.UNIT},
        Action.ANSWER_HELP: {Need.NOTE},
        Action.EXCUSE_HELP: {Need.UNIT},
        Action.REQUEST_SUSPENSION: {Need.UNTIL},
        Action.RECTIFY: {Need.NOTE, Need.AFTER_PHOTO},
        Action.PASS_CHECK: {Need.CHECK_PHOTO},
        Action.FAIL_CHECK: {Need.CHECK_PHOTO},
        Action.CLOSE: {Need.CHECKED},
        Action.RECHECK: {Need.CHECK_PHOTO},
        Action.REOPEN: {Need.PHOTO},
        Action.MERGE: {Need.MASTER},
        Action.URGE: {Need.NOTE},
        Action.SUPERVISE: {Need.NOTE},
        Action.CORRECT: {Need.CORRECTION},
    }.get(row.action, set[Need]())
    speaks = row.action in REASONED or (row.denies is not None and row.denies is not RequestKind.HELP)
    # A unit that escalates says why; the clock that does it needs no words.
    speaks = speaks or (row.action is Action.ESCALATE and SYSTEM not in row.by)
    assert row.needs == proof | ({Need.REASON} if speaks else set[Need]())


def test_the_system_takes_only_the_steps_that_follow_from_rules_and_clocks() -> None:
    of_system = {row.action for row in TABLE if SYSTEM in row.by}
    assert of_system == {
        Action.FILE,
        Action.DISPATCH,
        Action.RESUME,
        Action.ABSORB,
        Action.ESCALATE,
        Action.RECOMPUTE,
        Action.REASSIGN,
        Action.REASSIGN_HELP,
        Action.REDISPATCH,
        Action.RECALL,
        Action.HAND_OVER,
    }
    nobody_else = {row.action for row in TABLE} - {row.action for row in TABLE if row.by - {SYSTEM}}
    shared = {Action.FILE, Action.DISPATCH, Action.RESUME, Action.ESCALATE, Action.HAND_OVER}
    assert nobody_else == of_system - shared


def test_an_administrator_takes_no_step_and_each_step_is_somebodys() -> None:
    assert not [row for row in TABLE if Role.ADMINISTRATOR in row.by]
    assert all(row.by for row in TABLE)


def test_each_action_has_a_row_and_everything_has_names_in_both_languages() -> None:
    assert {row.action for row in TABLE} == set(Action)
    assert set(STATE_NAMES) == set(State)
    assert set(ACTION_NAMES) == set(Action)
    assert set(REQUEST_NAMES) == set(RequestKind)
    for names in (STATE_NAMES, ACTION_NAMES, REQUEST_NAMES):
        for language in (0, 1):
            called = [name[language] for name in names.values()]
            assert all(called)
            assert len(called) == len(set(called)), "two of them can't be told apart"
