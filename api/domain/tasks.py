"""Tasks (任务): somebody is asked to go and look, at a tip, at a repair, or again after it was closed.

A task is one assignment: a row that is made, and ends once. Whoever refuses it, hands it over or lets it become
overdue ends hers, and the next one begins with the same `duty_id`. A ticket has at most one open task.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.domain.actions import Action
from api.domain.states import State


class TaskKind(StrEnum):
    """What somebody is asked to look at."""

    VERIFICATION = "verification"
    CHECK = "check"
    SECOND_CHECK = "second_check"
    LOOK_BACK = "look_back"


TASK_NAMES: dict[TaskKind, tuple[str, str]] = {
    TaskKind.VERIFICATION: ("核实", "verification"),
    TaskKind.CHECK: ("核查", "check"),
    TaskKind.SECOND_CHECK: ("抽查复核", "random second check"),
    TaskKind.LOOK_BACK: ("回头看", "look-back"),
}
"""Names for people: (zh, en)."""

RECHECKS = frozenset({TaskKind.SECOND_CHECK, TaskKind.LOOK_BACK})
"""Tasks on closed tickets: the repair is looked at once more."""


class TaskState(StrEnum):
    """Where an assignment stands: not yet begun, begun, or how it ended."""

    PLANNED = "planned"
    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    HANDED_OVER = "handed_over"
    OVERDUE = "overdue"
    RELEASED = "released"
    MOOT = "moot"


TASK_STATE_NAMES: dict[TaskState, tuple[str, str]] = {
    TaskState.PLANNED: ("待开始", "planned"),
    TaskState.OPEN: ("待办", "open"),
    TaskState.DONE: ("已办", "done"),
    TaskState.REFUSED: ("已拒绝", "refused"),
    TaskState.HANDED_OVER: ("已转交", "handed over"),
    TaskState.OVERDUE: ("超期收回", "taken back when overdue"),
    TaskState.RELEASED: ("人员离岗收回", "taken back when the officer left"),
    TaskState.MOOT: ("已失效", "no longer needed"),
}
"""Names for people: (zh, en)."""

BEFORE_END = frozenset({TaskState.PLANNED, TaskState.OPEN})

ANSWERING: Mapping[Action, frozenset[TaskKind]] = {
    Action.ANSWER_VERIFICATION: frozenset({TaskKind.VERIFICATION}),
    Action.PASS_CHECK: frozenset({TaskKind.CHECK}),
    Action.FAIL_CHECK: frozenset({TaskKind.CHECK}),
    Action.RECHECK: RECHECKS,
    Action.REOPEN: RECHECKS,
}
"""Which steps answer which tasks, whoever takes them."""


def answers_to(kind: TaskKind) -> tuple[Action, ...]:
    """List the steps that answer a task of this kind."""
    return tuple(action for action, kinds in ANSWERING.items() if kind in kinds)


def wanted_task(state: State | None, checked_at: datetime | None) -> TaskKind | None:
    """Return the task that a ticket needs to get on, None where nobody has to go and look."""
    if state is State.VERIFYING:
        return TaskKind.VERIFICATION
    if state is State.RECTIFIED and checked_at is None:
        return TaskKind.CHECK
    return None


def is_needed(kind: TaskKind, state: State | None, checked_at: datetime | None) -> bool:
    """Tell whether a task of this kind still has a point."""
    return state is State.CLOSED if kind in RECHECKS else wanted_task(state, checked_at) is kind


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that the present transaction makes. Without an assignee it waits for a supervisor's word.

    `attempt` counts the assignments of one duty from 1, `unit_id` is the unit whose work is looked at, and
    `choice` says why it was this person (`checkers.Choice.as_json`).
    """

    id: UUID
    duty_id: UUID
    kind: TaskKind
    state: TaskState
    assignee_id: UUID | None
    unit_id: int | None
    attempt: int
    made_at: datetime
    starts_at: datetime
    due_at: datetime | None
    choice: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EndedTask:
    """How a task ended in the present transaction; `by_id` None: by the system. `answer` is the step that did it."""

    id: UUID
    state: TaskState
    at: datetime
    by_id: UUID | None
    answer: Action | None = None
    reason: str = ""
