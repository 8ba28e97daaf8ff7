"""What a step makes of a ticket's task: it is done, it goes on, or there is no point in it any more."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.checkers import Choice
from api.domain.lifecycle import Action, State, Step
from api.domain.policies import Policies
from api.domain.task_turns import end_task, open_task, plan_rechecks, settle
from api.domain.tasks import ANSWERING, RECHECKS, TaskKind, TaskState, answers_to, is_needed, wanted_task
from tests.domain.example_cases import NOW, STEPS_ON, case_in, take

OFFICER, SUPERVISOR = UUID(int=1), UUID(int=2)
CHOICE = Choice(
    OFFICER,
    distance_m=10.0,
    is_from_position=False,
    load=0,
    recent=0,
    cost_m=10.0,
    candidates=3,
    relaxed=(),
)


@pytest.mark.parametrize("row", STEPS_ON, ids=lambda row: f"{row.from_state}-{row.action}-{row.to_state}")
def test_each_row_ends_the_task_that_it_answers_and_those_that_have_no_point_after_it(row: Step) -> None:
    assert row.from_state is not None
    for kind in TaskKind:
        if not is_needed(kind, row.from_state, None):
            continue
        case = case_in(row.from_state)
        open_task(case, kind, CHOICE, NOW, NOW)
        task_id = case.task_id
        take(case, row)
        settle(case, row.action, SUPERVISOR, NOW)
        if kind in ANSWERING.get(row.action, ()):
            (ended,) = case.ended_tasks
            assert (ended.id, ended.state, ended.answer) == (task_id, TaskState.DONE, row.action)
            assert case.task_done_by_id == SUPERVISOR
        elif is_needed(kind, row.to_state, case.checked_at):
            assert (case.task_id, case.ended_tasks) == (task_id, [])
        else:
            assert [one.state for one in case.ended_tasks] == [TaskState.MOOT]
            assert case.task_done_by_id is None
        if case.ended_tasks:
            assert (case.task_id, case.task_kind, case.task_assignee_id, case.task_due_at) == (None,) * 4


def test_every_kind_of_task_is_answered_by_some_step_and_wanted_in_one_state_at_most() -> None:
    for kind in TaskKind:
        assert answers_to(kind)
        states = [state for state in State if is_needed(kind, state, None)]
        assert len(states) == 1
        assert (states == [State.CLOSED]) == (kind in RECHECKS)
    assert wanted_task(State.RECTIFIED, NOW) is None, "it was checked, and the desk closes"


def test_a_task_that_nobody_could_get_has_no_due_time_and_says_why() -> None:
    case = case_in(State.RECTIFIED)
    open_task(case, TaskKind.CHECK, None, NOW, NOW)
    (task,) = case.new_tasks
    assert (task.assignee_id, task.due_at, case.task_due_at) == (None, None, None)
    assert task.choice == {"nobody": "no_staff"}
    end_task(case, TaskState.MOOT, NOW, None)
    assert case.task_id is None


@given(st.floats(0, 1), st.floats(0, 1), st.text(alphabet="0123456789abcdef", min_size=64, max_size=64))
def test_lots_are_drawn_for_each_kind_by_itself_and_kept_with_the_task(
    second: float, back: float, sha256: str
) -> None:
    case = case_in(State.CLOSED)
    case.history_sha256 = sha256
    policies = Policies(second_check_share=second, look_back_share=back)
    plan_rechecks(case, policies, NOW)
    assert case.task_id is None, "what is planned is not open yet"
    for task in case.new_tasks:
        share = {TaskKind.SECOND_CHECK: second, TaskKind.LOOK_BACK: back}[task.kind]
        assert task.choice["share"] == share
        assert task.choice["lot"] <= share + 1e-6
        assert (task.state, task.assignee_id) == (TaskState.PLANNED, None)
        days = policies.look_back_days if task.kind is TaskKind.LOOK_BACK else 0
        assert (task.starts_at - NOW).days == days


def test_answering_actions_exist_in_the_table_where_their_tasks_are_needed() -> None:
    for action, kinds in ANSWERING.items():
        for kind in kinds:
            rows = [row for row in STEPS_ON if row.action is action]
            assert any(is_needed(kind, row.from_state, None) for row in rows), (action, kind)
    assert Action.RECHECK in ANSWERING
