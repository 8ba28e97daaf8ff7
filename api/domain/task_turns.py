"""What becomes of a ticket's tasks: one ends, the next begins. Nothing here reads a clock or a database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from api.domain.actions import Action
from api.domain.cases import Case
from api.domain.checkers import Choice, Duty, draw, is_drawn
from api.domain.policies import Policies
from api.domain.states import State
from api.domain.tasks import ANSWERING, EndedTask, NewTask, TaskKind, TaskState, is_needed


def duty_of(
    case: Case, kind: TaskKind, policies: Policies, passed_over: frozenset[UUID] = frozenset()
) -> Duty:
    """Return what is to be looked at on this ticket, and whose work it is."""
    return Duty(
        kind=kind,
        place=case.place,
        reporter_id=None if policies.checker_may_be_reporter else case.reporter_id,
        fixer_id=case.fixed_by_id,
        earlier_checker_id=case.checked_by_id,
        passed_over=passed_over,
        seed=f"{case.id} {kind} {case.version}",
    )


def end_task(
    case: Case,
    state: TaskState,
    now: datetime,
    by_id: UUID | None,
    *,
    answer: Action | None = None,
    reason: str = "",
) -> None:
    """End the open task of a ticket; whoever did it goes on seeing the ticket until somebody does another."""
    assert case.task_id is not None  # noqa: S101  the caller saw it
    case.ended_tasks.append(EndedTask(case.task_id, state, now, by_id, answer, reason))
    if state is TaskState.DONE:
        case.task_done_by_id = by_id
    case.task_id = case.task_kind = case.task_assignee_id = case.task_due_at = None


def open_task(
    case: Case,
    kind: TaskKind,
    choice: Choice | None,
    now: datetime,
    due_at: datetime | None,
    *,
    duty_id: UUID | None = None,
    attempt: int = 1,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Give a task on this ticket to whom was chosen; without a choice it waits for a supervisor, with no due time.

    `more` are facts that the choice does not know, such as the lot.
    """
    task_id = uuid4()
    case.task_id, case.task_kind = task_id, kind
    case.task_assignee_id = choice.person_id if choice else None
    case.task_due_at = due_at if choice else None
    case.new_tasks.append(
        NewTask(
            id=task_id,
            duty_id=duty_id or task_id,
            kind=kind,
            state=TaskState.OPEN,
            assignee_id=case.task_assignee_id,
            unit_id=case.unit_id,
            attempt=attempt,
            made_at=now,
            starts_at=now,
            due_at=case.task_due_at,
            choice={**(choice.as_json() if choice else {"nobody": "no_staff"}), **(more or {})},
        )
    )


def settle(case: Case, action: Action, by_id: UUID | None, now: datetime) -> None:
    """End the open task if this step answered it, or made it pointless."""
    if case.task_id is None or case.task_kind is None:
        return
    if case.task_kind in ANSWERING.get(action, ()):
        end_task(case, TaskState.DONE, now, by_id, answer=action)
    elif not is_needed(case.task_kind, case.state, case.checked_at):
        end_task(case, TaskState.MOOT, now, by_id)


def plan_rechecks(case: Case, policies: Policies, now: datetime) -> None:
    """Draw by lot whether somebody looks at a ticket that was just closed once more, at once or later on."""
    assert case.state is State.CLOSED  # noqa: S101  the caller saw it
    for kind, share, after in (
        (TaskKind.SECOND_CHECK, policies.second_check_share, timedelta()),
        (TaskKind.LOOK_BACK, policies.look_back_share, timedelta(days=policies.look_back_days)),
    ):
        seed = f"{case.history_sha256} {kind}"
        if not is_drawn(seed, share):
            continue
        task_id = uuid4()
        case.new_tasks.append(
            NewTask(
                id=task_id,
                duty_id=task_id,
                kind=kind,
                state=TaskState.PLANNED,
                assignee_id=None,
                unit_id=case.unit_id,
                attempt=1,
                made_at=now,
                starts_at=now + after,
                due_at=None,
                choice={"lot": round(draw(seed), 6), "share": share},
            )
        )
