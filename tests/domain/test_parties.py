"""Whose step it is: each rule over all combinations of the facts that it looks at, and its edges in time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from api.domain.access import Role, Viewer
from api.domain.cases import Triage
from api.domain.errors import Refusal
from api.domain.escalation import DEFAULT_LADDER
from api.domain.lifecycle import TABLE, Action
from api.domain.parties import find_refusal
from api.domain.policies import Policies
from api.domain.requests import RequestKind
from api.domain.tasks import RECHECKS, TaskKind
from tests.domain.example_parties import (
    AROUND_NOW,
    COLLEAGUE,
    DISPATCHER,
    ELSEWHERE,
    GRID,
    LEAD,
    MEMBER,
    NOW,
    OF_UNITS,
    OPEN_TO_ALL,
    OTHER,
    OWN,
    PARTY,
    REPORTER,
    STRANGER,
    SUPERVISOR,
    THIRD,
    TICK,
    WITHOUT_GRIDS,
    is_own,
)

POLICIES = Policies()
ALLOWED = None
Said = tuple[str, Mapping[str, object]] | None
NOT_YOURS: Said = ("not_your_step", {})


def said(action: Action, viewer: Viewer, policies: Policies = POLICIES, **facts: object) -> Said:
    """Ask about the plain ticket with other facts; return code and facts of the refusal."""
    changed: Mapping[str, object] = facts
    party = replace(PARTY, **changed)  # pyright: ignore[reportArgumentType]  each caller names fields of a party
    refusal = find_refusal(party, action, viewer, policies, NOW)
    if refusal is None:
        return None
    assert type(refusal) is not Refusal
    assert refusal.detail
    return refusal.code, refusal.facts


@pytest.mark.parametrize("action", [Action.ACCEPT, Action.HAND_OVER])
def test_the_responsible_unit_and_no_other_signs_and_hands_over(action: Action) -> None:
    for viewer, unit_id in product(OF_UNITS, (OWN, OTHER, THIRD, None)):
        assert said(action, viewer, unit_id=unit_id) == (ALLOWED if is_own(viewer, unit_id) else NOT_YOURS)


@pytest.mark.parametrize("action", [Action.RESUME, Action.ASK_HELP])
def test_desk_and_responsible_unit_resume_and_call_for_help(action: Action) -> None:
    for viewer, unit_id in product((*OF_UNITS, DISPATCHER), (OWN, OTHER, THIRD, None)):
        is_allowed = viewer is DISPATCHER or is_own(viewer, unit_id)
        assert said(action, viewer, unit_id=unit_id) == (ALLOWED if is_allowed else NOT_YOURS)


def test_an_officer_of_the_grid_answers_a_verification() -> None:
    on_duty = {(REPORTER, GRID), (COLLEAGUE, GRID), (ELSEWHERE, "990101001002001")}
    officers = (REPORTER, COLLEAGUE, ELSEWHERE, WITHOUT_GRIDS)
    for viewer, grid_code in product(officers, (GRID, "990101001002001", "9901010", None)):
        expected = ALLOWED if (viewer, grid_code) in on_duty else NOT_YOURS
        assert said(Action.ANSWER_VERIFICATION, viewer, grid_code=grid_code) == expected


def test_a_contested_ticket_is_ruled_on_and_only_a_returned_one_can_be() -> None:
    ruled: Said = ("step_refused", {"possible": [Action.RULE]})
    for triage in (None, *Triage):
        expected = ruled if triage is Triage.ADJUDICATION else ALLOWED
        assert said(Action.DISPATCH, DISPATCHER, triage=triage) == expected
    assert said(Action.RULE, DISPATCHER) == ("step_refused", {"possible": [Action.DISPATCH]})
    for returned in ([OWN], [OWN, OTHER]):
        assert said(Action.RULE, DISPATCHER, returned_unit_ids=returned) is ALLOWED


def test_a_unit_returns_its_own_ticket_unless_pinned_or_again_or_too_late() -> None:
    returns: tuple[list[int], ...] = ([], [OWN], [OTHER], [OTHER, THIRD], [OTHER, OWN], [OWN, OWN])
    for viewer, is_pinned, returned, most, until in product(
        OF_UNITS, (False, True), returns, (0, 1, 2), (None, *AROUND_NOW)
    ):
        expected: Said = ALLOWED
        if viewer not in {MEMBER, LEAD}:
            expected = NOT_YOURS
        elif is_pinned:
            expected = ("pinned", {})
        elif returned.count(OWN) >= most:
            expected = ("limit_reached", {"returns_per_unit_max": most})
        elif until == NOW - TICK:
            expected = ("window_closed", {"return_until": until})
        found = said(
            Action.RETURN,
            viewer,
            Policies(returns_per_unit_max=most),
            is_pinned=is_pinned,
            returned_unit_ids=returned,
            return_until=until,
        )
        assert found == expected


def test_the_return_window_is_open_at_its_last_instant_and_closed_a_microsecond_later() -> None:
    assert said(Action.RETURN, MEMBER, return_until=NOW) is ALLOWED
    late: Said = ("window_closed", {"return_until": NOW - TICK})
    assert said(Action.RETURN, MEMBER, return_until=NOW - TICK) == late


def test_a_ticket_is_rectified_by_its_unit_when_every_helper_is_through() -> None:
    for viewer, helpers in product(OF_UNITS, ([], [OTHER], [OTHER, THIRD])):
        expected: Said = ALLOWED
        if viewer not in {MEMBER, LEAD}:
            expected = NOT_YOURS
        elif helpers:
            expected = ("step_refused", {})
        assert said(Action.RECTIFY, viewer, open_helper_ids=helpers) == expected


def test_only_a_unit_that_was_called_answers_the_call() -> None:
    for viewer, helpers in product(OF_UNITS, ([], [OTHER], [OWN], [OTHER, THIRD])):
        expected = ALLOWED if viewer.unit_id in helpers else NOT_YOURS
        assert said(Action.ANSWER_HELP, viewer, open_helper_ids=helpers) == expected


def test_helpers_are_excused_by_whoever_called_them_while_there_are_any() -> None:
    for viewer, helpers in product((LEAD, STRANGER, DISPATCHER), ([], [OTHER], [OTHER, THIRD])):
        expected: Said = ALLOWED
        if viewer is STRANGER:
            expected = NOT_YOURS
        elif not helpers:
            expected = ("step_refused", {})
        assert said(Action.EXCUSE_HELP, viewer, open_helper_ids=helpers) == expected


def test_more_time_is_asked_for_before_the_due_time_and_not_too_often_nor_twice_at_once() -> None:
    pending: tuple[list[RequestKind], ...] = (
        [],
        [RequestKind.VOID],
        [RequestKind.EXTENSION],
        [RequestKind.EXTENSION, RequestKind.VOID],
    )
    for viewer, due_at, count, most, kinds in product(
        OF_UNITS, (None, *AROUND_NOW), (0, 1, 2, 3), (0, 1, 2), pending
    ):
        expected: Said = ALLOWED
        if viewer not in {MEMBER, LEAD}:
            expected = NOT_YOURS
        elif due_at is not None and due_at <= NOW:
            expected = ("window_closed", {"due_at": due_at})
        elif count >= most:
            expected = ("limit_reached", {"extensions_max": most})
        elif RequestKind.EXTENSION in kinds:
            expected = ("step_refused", {"pending": RequestKind.EXTENSION})
        found = said(
            Action.REQUEST_EXTENSION,
            viewer,
            Policies(extensions_max=most),
            due_at=due_at,
            extension_count=count,
            pending_kinds=kinds,
        )
        assert found == expected


KINDS_ASIDE: tuple[list[RequestKind], ...] = (
    [],
    [RequestKind.EXTENSION],
    [RequestKind.VOID],
    [RequestKind.SUSPENSION],
    list(RequestKind),
)


def test_a_pause_is_asked_for_by_the_responsible_unit_and_not_twice_at_once() -> None:
    for viewer, kinds in product(OF_UNITS, KINDS_ASIDE):
        expected: Said = ALLOWED
        if viewer not in {MEMBER, LEAD}:
            expected = NOT_YOURS
        elif RequestKind.SUSPENSION in kinds:
            expected = ("step_refused", {"pending": RequestKind.SUSPENSION})
        assert said(Action.REQUEST_SUSPENSION, viewer, pending_kinds=kinds) == expected


def test_striking_out_is_not_asked_for_twice_at_once() -> None:
    for kinds in KINDS_ASIDE:
        twice: Said = ("step_refused", {"pending": RequestKind.VOID})
        expected = twice if RequestKind.VOID in kinds else ALLOWED
        assert said(Action.VOID, DISPATCHER, pending_kinds=kinds) == expected


DECISIONS = {
    Action.GRANT_EXTENSION: RequestKind.EXTENSION,
    Action.DENY_EXTENSION: RequestKind.EXTENSION,
    Action.GRANT_SUSPENSION: RequestKind.SUSPENSION,
    Action.DENY_SUSPENSION: RequestKind.SUSPENSION,
    Action.GRANT_VOID: RequestKind.VOID,
    Action.DENY_VOID: RequestKind.VOID,
    Action.GRANT_APPEAL: RequestKind.APPEAL,
    Action.DENY_APPEAL: RequestKind.APPEAL,
}


@pytest.mark.parametrize("action", DECISIONS)
def test_only_what_is_pending_is_decided(action: Action) -> None:
    pending: list[list[RequestKind]] = [[], *([kind] for kind in RequestKind), list(RequestKind)]
    for kinds in pending:
        nothing: Said = ("step_refused", {"pending": kinds})
        expected = ALLOWED if DECISIONS[action] in kinds else nothing
        for viewer in (DISPATCHER, SUPERVISOR):
            assert said(action, viewer, pending_kinds=kinds) == expected


def test_an_appeal_is_granted_by_two_sides_and_denied_by_either() -> None:
    asked = [RequestKind.APPEAL]
    for viewer, agreed in product((DISPATCHER, SUPERVISOR), (None, Role.DISPATCHER, Role.SUPERVISOR)):
        granted = said(Action.GRANT_APPEAL, viewer, pending_kinds=asked, agreed_role=agreed)
        other = Role.SUPERVISOR if viewer is DISPATCHER else Role.DISPATCHER
        assert granted == (("not_your_step", {"roles": [other]}) if agreed is viewer.role else ALLOWED)
        assert said(Action.DENY_APPEAL, viewer, pending_kinds=asked, agreed_role=agreed) is ALLOWED


def test_a_unit_appeals_once_and_only_when_it_was_late() -> None:
    for viewer, has_appealed, due_at, rectified_at in product(
        OF_UNITS, (False, True), (None, *AROUND_NOW), (None, *AROUND_NOW)
    ):
        expected: Said = ALLOWED
        if viewer not in {MEMBER, LEAD}:
            expected = NOT_YOURS
        elif has_appealed:
            expected = ("limit_reached", {})
        elif due_at is None or rectified_at is None or rectified_at <= due_at:
            expected = ("step_refused", {"due_at": due_at})
        found = said(
            Action.APPEAL, viewer, has_appealed=has_appealed, due_at=due_at, rectified_at=rectified_at
        )
        assert found == expected


@pytest.mark.parametrize("action", [Action.PASS_CHECK, Action.FAIL_CHECK])
def test_whoever_finds_and_whoever_fixes_does_not_check(action: Action) -> None:
    checkers = (REPORTER, COLLEAGUE, ELSEWHERE, WITHOUT_GRIDS, SUPERVISOR)
    for viewer, fixer, reporter, may_be_reporter, grid_code in product(
        checkers, (None, *checkers), checkers, (False, True), (GRID, None)
    ):
        is_on_duty = viewer is SUPERVISOR or (viewer in {REPORTER, COLLEAGUE} and grid_code is not None)
        is_own_find = viewer is reporter and not may_be_reporter
        found = said(
            action,
            viewer,
            Policies(checker_may_be_reporter=may_be_reporter),
            fixed_by_id=fixer.person_id if fixer else None,
            reporter_id=reporter.person_id,
            grid_code=grid_code,
        )
        assert found == (ALLOWED if is_on_duty and not is_own_find and viewer is not fixer else NOT_YOURS)


def test_the_desk_closes_what_was_checked() -> None:
    assert said(Action.CLOSE, DISPATCHER) == NOT_YOURS
    assert said(Action.CLOSE, DISPATCHER, checked_at=NOW) is ALLOWED


@pytest.mark.parametrize("days", [0, 1, 30])
def test_a_ticket_is_reopened_on_the_spot_and_within_its_days(days: int) -> None:
    window = timedelta(days=days)
    moments = (None, NOW - window - TICK, NOW - window, NOW - window + TICK, NOW)
    officers = (REPORTER, COLLEAGUE, ELSEWHERE, WITHOUT_GRIDS, SUPERVISOR)
    for viewer, grid_code, closed_at in product(officers, (GRID, None), moments):
        may = viewer in {SUPERVISOR, REPORTER} or (viewer is COLLEAGUE and grid_code is not None)
        expected: Said = ALLOWED
        if not may:
            expected = NOT_YOURS
        elif closed_at == NOW - window - TICK:
            expected = ("window_closed", {"reopen_until": NOW - TICK})
        found = said(
            Action.REOPEN, viewer, Policies(reopen_max_days=days), grid_code=grid_code, closed_at=closed_at
        )
        assert found == expected


OFFICERS = (REPORTER, COLLEAGUE, ELSEWHERE, WITHOUT_GRIDS)
LOOKS = {
    Action.ANSWER_VERIFICATION: TaskKind.VERIFICATION,
    Action.PASS_CHECK: TaskKind.CHECK,
    Action.FAIL_CHECK: TaskKind.CHECK,
}


@pytest.mark.parametrize("action", LOOKS)
def test_who_was_asked_looks_wherever_she_patrols_and_the_others_only_where_the_city_lets_them(
    action: Action,
) -> None:
    kind = LOOKS[action]
    for viewer, assignee, is_bound in product(OFFICERS, OFFICERS, (False, True)):
        policies = Policies(only_assignees_check=is_bound)
        found = said(action, viewer, policies, task_kind=kind, task_assignee_id=assignee.person_id)
        if viewer is assignee:
            assert found is ALLOWED
        elif is_bound and (viewer is not REPORTER or kind is TaskKind.VERIFICATION):
            assert found == ("not_your_step", {"task": kind})
        else:
            assert found == said(action, viewer, policies)


@pytest.mark.parametrize("action", LOOKS)
def test_a_task_that_nobody_has_and_a_task_of_another_kind_bind_nobody(action: Action) -> None:
    for viewer, kind in product(OFFICERS, TaskKind):
        asked = said(action, viewer, task_kind=kind, task_assignee_id=None)
        assert asked == said(action, viewer)
        if kind is not LOOKS[action]:
            other = said(action, viewer, task_kind=kind, task_assignee_id=viewer.person_id)
            assert other == said(action, viewer)


def test_a_supervisor_checks_whoever_was_asked_but_never_her_own_repair() -> None:
    asked: dict[str, Any] = {"task_kind": TaskKind.CHECK, "task_assignee_id": COLLEAGUE.person_id}
    for action in (Action.PASS_CHECK, Action.FAIL_CHECK):
        assert said(action, SUPERVISOR, **asked) is ALLOWED
        assert said(action, SUPERVISOR, fixed_by_id=SUPERVISOR.person_id, **asked) == NOT_YOURS
        assert said(action, COLLEAGUE, fixed_by_id=COLLEAGUE.person_id, **asked) == NOT_YOURS


def test_a_closed_ticket_is_looked_at_again_by_who_was_asked_or_a_supervisor_and_only_then() -> None:
    for viewer, assignee, kind, fixer in product(
        (*OFFICERS, SUPERVISOR), (None, *OFFICERS), (None, *TaskKind), (None, REPORTER)
    ):
        expected: Said = ALLOWED
        if kind not in RECHECKS:
            expected = ("step_refused", {"possible": [Action.REOPEN]})
        elif viewer is fixer:
            expected = NOT_YOURS
        elif viewer is not SUPERVISOR and viewer is not assignee:
            expected = ("not_your_step", {"task": kind})
        found = said(
            Action.RECHECK,
            viewer,
            task_kind=kind,
            task_assignee_id=assignee.person_id if assignee else None,
            fixed_by_id=fixer.person_id if fixer else None,
        )
        assert found == expected


def test_who_was_asked_to_look_again_reopens_what_relapsed_however_long_ago_it_was_closed() -> None:
    long_ago = NOW - timedelta(days=400)
    for kind in TaskKind:
        asked: dict[str, Any] = {
            "task_kind": kind,
            "task_assignee_id": ELSEWHERE.person_id,
            "closed_at": long_ago,
        }
        assert said(Action.REOPEN, ELSEWHERE, **asked) == (ALLOWED if kind in RECHECKS else NOT_YOURS)
        late = said(Action.REOPEN, SUPERVISOR, **asked)
        assert late is not None
        assert late[0] == "window_closed"


@pytest.mark.parametrize("length", range(len(DEFAULT_LADDER) + 1))
def test_a_unit_sends_its_ticket_up_as_far_as_the_ladder_goes(length: int) -> None:
    policies = Policies(escalation_ladder=DEFAULT_LADDER[:length])
    for viewer, level in product(OF_UNITS, range(len(DEFAULT_LADDER) + 1)):
        expected: Said = ALLOWED
        if viewer not in {MEMBER, LEAD}:
            expected = NOT_YOURS
        elif level >= length:
            expected = ("limit_reached", {"level": length})
        assert said(Action.ESCALATE, viewer, policies, escalation_level=level) == expected


def test_each_action_of_the_table_has_its_rule_proven_here_or_is_open() -> None:
    proven = {
        Action.ANSWER_VERIFICATION,
        Action.DISPATCH,
        Action.RULE,
        Action.ACCEPT,
        Action.HAND_OVER,
        Action.RETURN,
        Action.ASK_HELP,
        Action.ANSWER_HELP,
        Action.EXCUSE_HELP,
        Action.RECTIFY,
        Action.REQUEST_EXTENSION,
        Action.REQUEST_SUSPENSION,
        Action.RESUME,
        Action.PASS_CHECK,
        Action.FAIL_CHECK,
        Action.CLOSE,
        Action.APPEAL,
        Action.RECHECK,
        Action.REOPEN,
        Action.VOID,
        Action.ESCALATE,
        *DECISIONS,
    }
    assert proven | OPEN_TO_ALL == {row.action for row in TABLE}
    assert not proven & OPEN_TO_ALL
