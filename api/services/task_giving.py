"""Give tasks to officers: ask who might go, and choose. Callers store what came out (`task_rows`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.db import WriteSession
from api.domain import deadlines
from api.domain.access import Viewer
from api.domain.calendars import CalendarError
from api.domain.cases import Case
from api.domain.checkers import Weights, choose
from api.domain.errors import NotConfigured
from api.domain.lifecycle import Action, Clock, State
from api.domain.reference import Reference
from api.domain.task_turns import duty_of, end_task, open_task, plan_rechecks, settle
from api.domain.tasks import TaskKind, TaskState, wanted_task
from api.models import Task
from api.queries.checkers import Looked, find_candidates
from api.services.task_rows import drop_planned

_STAGES = {
    TaskKind.VERIFICATION: Clock.VERIFICATION,
    TaskKind.CHECK: Clock.CHECK,
    TaskKind.SECOND_CHECK: Clock.CHECK,
}
"""Whose limit a task has that does not begin with its stage. A look-back has days of its own."""


def weights_of(reference: Reference) -> Weights:
    """Return what counts how much in this city."""
    return Weights(reference.policies.checker_load_m, reference.policies.checker_rotation_m)


def looked_for(case: Case, reference: Reference, now: datetime) -> Looked:
    """Return what candidates are looked at for."""
    policies = reference.policies
    return Looked(
        place=case.place,
        grid_code=case.grid_code,
        unit_id=case.unit_id,
        today=now.astimezone(reference.zone).date(),
        recent_since=now - timedelta(days=policies.checker_rotation_days),
        seen_since=now - timedelta(minutes=policies.position_minutes),
    )


def task_due_at(kind: TaskKind, reference: Reference, now: datetime) -> datetime | None:
    """Say when a task that begins now is due; None where the calendar can't tell."""
    policies = reference.policies
    if kind is TaskKind.LOOK_BACK:
        return now + timedelta(days=policies.look_back_within_days)
    term = policies.stage_limits[_STAGES[kind]].term
    try:
        return deadlines.due_at(now, term.limit, reference.calendar(term.calendar_code)).astimezone(UTC)
    except (CalendarError, NotConfigured):
        return None


async def turn_tasks(
    session: WriteSession,
    case: Case,
    state_before: State,
    action: Action,
    viewer: Viewer,
    reference: Reference,
    now: datetime,
) -> None:
    """Let a step have its effect on tasks: what it answered ends, what the ticket needs next begins, lots are drawn."""
    settle(case, action, viewer.person_id, now)
    if state_before is State.CLOSED and case.state is not State.CLOSED:
        await drop_planned(session, case.id, now, viewer.person_id)
    kind = wanted_task(case.state, case.checked_at)
    if kind is not None and case.task_id is None:
        await give_task(session, case, kind, reference, now, case.due_at)
    if case.state is State.CLOSED and state_before is not State.CLOSED:
        plan_rechecks(case, reference.policies, now)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was before on the same duty: its first task, how often it was given, to whom in vain; and its lot."""

    duty_id: UUID | None = None
    attempts: int = 0
    passed_over: frozenset[UUID] = frozenset()
    lot: Mapping[str, Any] = field(default_factory=dict[str, Any])


async def give_task(
    session: WriteSession,
    case: Case,
    kind: TaskKind,
    reference: Reference,
    now: datetime,
    due_at: datetime | None,
    earlier: Earlier | None = None,
) -> None:
    """Choose who goes, and give her the task; where nobody may go it waits for a supervisor."""
    before = earlier or Earlier()
    candidates = await find_candidates(session, looked_for(case, reference, now))
    duty = duty_of(case, kind, reference.policies, before.passed_over)
    choice = choose(duty, candidates, weights_of(reference))
    attempt = before.attempts + 1
    open_task(case, kind, choice, now, due_at, duty_id=before.duty_id, attempt=attempt, more=before.lot)


async def pass_on(
    session: WriteSession,
    case: Case,
    reference: Reference,
    now: datetime,
    state: TaskState,
    by_id: UUID | None,
    reason: str = "",
) -> None:
    """End the open task of a ticket in this way and give its duty to the next, with a full limit.

    After as many officers as the city allows (`task_attempts_max`) it waits for a supervisor.
    """
    kind = case.task_kind
    assert kind is not None  # noqa: S101  the caller saw an open task
    earlier = await find_earlier(session, case)
    end_task(case, state, now, by_id, reason=reason)
    if earlier.attempts < reference.policies.task_attempts_max:
        due_at = task_due_at(kind, reference, now)
        await give_task(session, case, kind, reference, now, due_at, earlier)
        return
    more, attempt = {**earlier.lot, "nobody": "attempts"}, earlier.attempts + 1
    open_task(case, kind, None, now, None, duty_id=earlier.duty_id, attempt=attempt, more=more)


async def find_earlier(session: WriteSession, case: Case) -> Earlier:
    """Return what was before on the duty that the ticket's open task belongs to, that task included."""
    duty = select(col(Task.duty_id)).where(col(Task.id) == case.task_id).scalar_subquery()
    columns: tuple[Any, ...] = (
        col(Task.duty_id),
        col(Task.assignee_id),
        col(Task.attempt),
        col(Task.choice),
    )
    statement = select(*columns).where(col(Task.ticket_id) == case.id, col(Task.duty_id) == duty)
    rows = (await session.execute(statement.order_by(col(Task.attempt)))).all()
    first = rows[0].choice
    return Earlier(
        duty_id=rows[0].duty_id,
        attempts=rows[-1].attempt,
        passed_over=frozenset(row.assignee_id for row in rows if row.assignee_id is not None),
        lot={name: first[name] for name in ("lot", "share") if name in first},
    )
