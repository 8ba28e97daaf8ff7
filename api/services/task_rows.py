"""Store what became of a ticket's tasks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update

from api.db import WriteSession
from api.domain.cases import Case
from api.domain.tasks import TaskState
from api.models import metadata

_TICKETS, _TASKS = metadata.tables["tickets"], metadata.tables["tasks"]


async def store_tasks(session: WriteSession, case: Case) -> None:
    """Store the tasks that this transaction ended and made. The ticket is locked, so nobody else ends them."""
    for ended in case.ended_tasks:
        statement = (
            update(_TASKS)
            .where(_TASKS.c.id == ended.id)
            .values(
                state=ended.state,
                ended_at=ended.at,
                ended_by_id=ended.by_id,
                answer=ended.answer,
                reason=ended.reason,
            )
        )
        await session.execute(statement)
    if case.new_tasks:
        rows = [
            {"ticket_id": case.id, "reason": ""} | {name: getattr(task, name) for name in _MADE}
            for task in case.new_tasks
        ]
        await session.execute(insert(_TASKS), rows)
    case.ended_tasks.clear()
    case.new_tasks.clear()


async def store_turn(session: WriteSession, case: Case) -> None:
    """Store a change of a ticket's tasks that is no step: the ticket's version stays."""
    values = {name: getattr(case, name) for name in _REPEATED}
    await session.execute(update(_TICKETS).where(_TICKETS.c.id == case.id).values(**values))
    await store_tasks(session, case)


async def begin_planned(session: WriteSession, case: Case, task_id: UUID) -> None:
    """Let a planned task be the one that was just given, instead of a new row."""
    task = case.new_tasks.pop()
    case.task_id = task_id
    values = {name: getattr(task, name) for name in ("state", "assignee_id", "made_at", "due_at", "choice")}
    await session.execute(update(_TASKS).where(_TASKS.c.id == task_id).values(**values))


async def drop_planned(session: WriteSession, ticket_id: UUID, now: datetime, by_id: UUID) -> None:
    """End what was planned for a ticket that was closed, and is no more."""
    planned = (_TASKS.c.ticket_id == ticket_id, _TASKS.c.state == TaskState.PLANNED)
    ending = {"state": TaskState.MOOT, "ended_at": now, "ended_by_id": by_id}
    await session.execute(update(_TASKS).where(*planned).values(**ending))


_MADE = (
    "id",
    "duty_id",
    "kind",
    "state",
    "assignee_id",
    "unit_id",
    "attempt",
    "made_at",
    "starts_at",
    "due_at",
    "choice",
)
_REPEATED = ("task_id", "task_kind", "task_assignee_id", "task_due_at", "task_done_by_id")
"""What a ticket's row repeats of its open task."""
