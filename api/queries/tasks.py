"""Tasks as they are read, with what an officer on her way has to know of the ticket."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, not_, null, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Role, Viewer
from api.domain.errors import NotFound
from api.domain.geo import Place
from api.domain.lifecycle import State
from api.domain.tasks import TaskKind, TaskState
from api.models import Person, Task, Ticket
from api.models.tickets import LACKS_TASK_SQL
from api.pages import Cursor, Page, SortKey
from api.queries.checkers import is_active_officer
from api.queries.geometry import geography, point


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task, who has it, and its ticket; `distance_m` from where the caller is, None when that was not said.

    `next_assignee_id` is who got a task that was handed over.
    """

    id: UUID
    kind: TaskKind
    state: TaskState
    ticket_id: UUID
    assignee_id: UUID | None
    assignee_name: str | None
    assignee_role: Role | None
    attempt: int
    made_at: datetime
    starts_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    ended_by_id: UUID | None
    answer: str | None
    reason: str
    choice: dict[str, Any]
    next_assignee_id: UUID | None
    number: str
    ticket_state: State
    category_id: int
    condition_id: int | None
    address: str
    description: str
    longitude: float
    latitude: float
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class TaskFilters:
    """Which tasks are wanted; None leaves it wide. `assignee` is a user name; `unassigned` are those with nobody."""

    state: TaskState | None = TaskState.OPEN
    kind: TaskKind | None = None
    assignee: str | None = None
    unassigned: bool | None = None
    ticket_id: UUID | None = None


_next = aliased(Task)

_FROM_ELSEWHERE: dict[str, Any] = {
    "assignee_name": col(Person.name),
    "assignee_role": col(Person.role),
    "number": col(Ticket.number),
    "ticket_state": col(Ticket.state),
    "category_id": col(Ticket.category_id),
    "condition_id": col(Ticket.condition_id),
    "address": col(Ticket.address),
    "description": col(Ticket.description),
    "longitude": func.ST_X(Ticket.place),
    "latitude": func.ST_Y(Ticket.place),
    "next_assignee_id": select(col(_next.assignee_id))
    .where(
        col(_next.ticket_id) == col(Task.ticket_id),
        col(_next.duty_id) == col(Task.duty_id),
        col(_next.attempt) == col(Task.attempt) + 1,
    )
    .scalar_subquery(),
}

ORDER = SortKey("due_at", col(Task.due_at), col(Task.id))
"""The most urgent first; those with nobody have no due time and come last."""


def distance_from(here: Place | None, there: Any) -> ColumnElement[Any]:  # noqa: ANN401  a column
    """Return how many metres something is away from here; null where nobody says where here is."""
    if here is None:
        return null()
    return func.ST_Distance(geography(there), geography(point(here.longitude, here.latitude)))


def visible_tasks(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the tasks that this viewer sees: an officer her own, the desk all of them."""
    return col(Task.assignee_id) == viewer.person_id if viewer.role is Role.OFFICER else true()


def select_tasks(viewer: Viewer, here: Place | None) -> Select[Any]:
    """Return the statement whose rows are the fields of `TaskFacts` in their order."""
    fields = {**_FROM_ELSEWHERE, "distance_m": distance_from(here, col(Ticket.place))}
    columns = (fields[name] if name in fields else getattr(Task, name) for name in TaskFacts.__slots__)
    statement: Any = (
        select(*columns)
        .select_from(Task)
        .join(Ticket, col(Ticket.id) == col(Task.ticket_id))
        .outerjoin(Person, col(Person.id) == col(Task.assignee_id))
        .where(visible_tasks(viewer))
    )
    return statement


async def find_tasks(
    session: ReadSession,
    viewer: Viewer,
    filters: TaskFilters,
    here: Place | None,
    cursor: Cursor | None,
    *,
    limit: int,
    context: str,
) -> Page[TaskFacts]:
    """Return one page of the visible tasks, the most urgent first."""
    statement = select_tasks(viewer, here).where(*_conditions(filters))
    if cursor is not None:
        statement = statement.where(ORDER.after(cursor))
    rows = (await session.execute(statement.order_by(*ORDER.order_by()).limit(limit + 1))).all()
    items = [TaskFacts(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, Cursor(items[-1].due_at, items[-1].id, context).encode())


def _conditions(filters: TaskFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.state is not None:
        found.append(col(Task.state) == filters.state)
    if filters.kind is not None:
        found.append(col(Task.kind) == filters.kind)
    if filters.assignee is not None:
        named = select(col(Person.id)).where(col(Person.username) == filters.assignee).scalar_subquery()
        found.append(col(Task.assignee_id) == named)
    if filters.unassigned is not None:
        has_nobody = col(Task.assignee_id).is_(None)
        found.append(has_nobody if filters.unassigned else not_(has_nobody))
    if filters.ticket_id is not None:
        found.append(col(Task.ticket_id) == filters.ticket_id)
    return found


async def get_task(
    session: ReadSession, viewer: Viewer, task_id: UUID, here: Place | None = None
) -> TaskFacts:
    """Return one task; raises NotFound when it is not there or not the viewer's to see."""
    statement = select_tasks(viewer, here).where(col(Task.id) == task_id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such task.", task=task_id)
    return TaskFacts(*row)


async def tickets_without_task(session: ReadSession, limit: int) -> Sequence[UUID]:
    """Return tickets that somebody has to go and look at and nobody was asked to, the oldest change first."""
    lacking: ColumnElement[bool] = literal_column(LACKS_TASK_SQL)
    statement = select(col(Ticket.id)).where(lacking).order_by(col(Ticket.updated_at), col(Ticket.id))
    return (await session.execute(statement.limit(limit))).scalars().all()


async def overdue_tasks(session: ReadSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return the tickets of open tasks whose officer let them become overdue, the most overdue first."""
    due_at = col(Task.due_at)
    statement = select(col(Task.ticket_id)).where(
        col(Task.state) == TaskState.OPEN, due_at < now, col(Task.assignee_id).is_not(None)
    )
    return (await session.execute(statement.order_by(due_at, col(Task.id)).limit(limit))).scalars().all()


async def tasks_of_the_gone(session: ReadSession, today: date, limit: int) -> Sequence[UUID]:
    """Return the tickets of open tasks whose officer may not sign in any more, or is no officer any more."""
    statement = (
        select(col(Task.ticket_id))
        .join(Person, col(Person.id) == col(Task.assignee_id))
        .where(col(Task.state) == TaskState.OPEN, not_(and_(*is_active_officer(today))))
    )
    return (await session.execute(statement.order_by(col(Task.id)).limit(limit))).scalars().all()


async def pointless_tasks(session: ReadSession, limit: int) -> Sequence[UUID]:
    """Return the tickets of open tasks that their ticket's state has no use for.

    A step ends them itself; but the release before, which may go on while this one starts, knows no tasks.
    """
    state = col(Ticket.state)
    is_check = and_(state == State.RECTIFIED, col(Ticket.checked_at).is_(None))
    needed = or_(
        and_(col(Task.kind) == TaskKind.VERIFICATION, state == State.VERIFYING),
        and_(col(Task.kind) == TaskKind.CHECK, is_check),
        and_(col(Task.kind).in_([TaskKind.SECOND_CHECK, TaskKind.LOOK_BACK]), state == State.CLOSED),
    )
    statement = (
        select(col(Task.ticket_id))
        .join(Ticket, col(Ticket.id) == col(Task.ticket_id))
        .where(col(Task.state) == TaskState.OPEN, not_(needed))
    )
    return (await session.execute(statement.order_by(col(Task.id)).limit(limit))).scalars().all()


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task whose time has come."""

    id: UUID
    ticket_id: UUID
    kind: TaskKind
    attempt: int
    choice: dict[str, Any]


async def planned_tasks(session: ReadSession, now: datetime, limit: int) -> list[PlannedTask]:
    """Return planned tasks whose time has come, of tickets that have no open one, the longest ago first."""
    statement = (
        select(*(getattr(Task, name) for name in PlannedTask.__slots__))
        .join(Ticket, col(Ticket.id) == col(Task.ticket_id))
        .where(
            col(Task.state) == TaskState.PLANNED,
            col(Task.starts_at) <= now,
            or_(col(Ticket.task_id).is_(None), col(Ticket.state) != State.CLOSED),
        )
        .order_by(col(Task.starts_at), col(Task.id))
        .limit(limit)
    )
    return [PlannedTask(*row) for row in await session.execute(statement)]
