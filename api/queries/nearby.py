"""What is around somebody: own tasks, open tickets, places that nobody was at lately; the nearest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, func, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer, sees_tasks
from api.domain.geo import Place as Here
from api.domain.lifecycle import State
from api.domain.reports import Source
from api.domain.tasks import TaskState
from api.domain.visits import VisitKind
from api.models import CheckIn, Checkpoint, PatrolVisit, Place, Task, Ticket
from api.queries.access import visible_tickets
from api.queries.filters import IS_OPEN
from api.queries.geometry import geography, point
from api.queries.tasks import TaskFacts, select_tasks


@dataclass(frozen=True, slots=True)
class NearTicket:
    """An open ticket nearby."""

    id: UUID
    number: str
    state: State
    category_id: int
    address: str
    longitude: float
    latitude: float
    due_at: datetime | None
    yellow_at: datetime | None
    distance_m: float


@dataclass(frozen=True, slots=True)
class NearPlace:
    """A place nearby; `longitude` and `latitude` are those of a point on it, `seen_at` when somebody was last there."""

    code: str
    type: str
    name_zh: str
    name_en: str
    longitude: float
    latitude: float
    seen_at: datetime | None
    distance_m: float


@dataclass(frozen=True, slots=True)
class Found:
    """What is around the viewer; the nearest of each kind first."""

    tasks: list[TaskFacts]
    tickets: list[NearTicket]
    places: list[NearPlace]


async def find_nearby(
    session: ReadSession, viewer: Viewer, here: Here, within_m: float, unseen_since: datetime, limit: int
) -> Found:
    """Return what is around: at most so many of each kind, each kind by one statement.

    Units get tickets alone: they have no tasks, and where officers were not is no business of theirs.
    """
    tickets = await nearest_tickets(session, viewer, here, within_m, limit)
    if not sees_tasks(viewer):
        return Found([], tickets, [])
    tasks = await nearest_tasks(session, viewer, here, limit)
    places = await nearest_unseen_places(session, here, within_m, unseen_since, limit)
    return Found(tasks, tickets, places)


async def nearest_tasks(session: ReadSession, viewer: Viewer, here: Here, limit: int) -> list[TaskFacts]:
    """Return the viewer's own open tasks, however far away: nobody has many."""
    statement = select_tasks(viewer, here).where(
        col(Task.assignee_id) == viewer.person_id, col(Task.state) == TaskState.OPEN
    )
    rows = await session.execute(
        statement.order_by(_away_m(col(Ticket.place), here), col(Task.id)).limit(limit)
    )
    return [TaskFacts(*row) for row in rows]


async def nearest_tickets(
    session: ReadSession, viewer: Viewer, here: Here, within_m: float, limit: int
) -> list[NearTicket]:
    """Return the nearest open tickets that the viewer sees and that are no task of hers."""
    there = col(Ticket.place)
    away_m = _away_m(there, here)
    fields: dict[str, Any] = {
        "longitude": func.ST_X(Ticket.place),
        "latitude": func.ST_Y(Ticket.place),
        "distance_m": away_m,
    }
    columns = (fields[name] if name in fields else getattr(Ticket, name) for name in NearTicket.__slots__)
    statement = (
        select(*columns)
        .where(
            IS_OPEN,
            visible_tickets(viewer),
            col(Ticket.task_assignee_id).is_distinct_from(viewer.person_id),
            _is_within(there, here, within_m),
        )
        .order_by(away_m)
        .limit(limit)
    )
    return [NearTicket(*row) for row in await session.execute(statement)]


async def nearest_unseen_places(
    session: ReadSession, here: Here, within_m: float, since: datetime, limit: int
) -> list[NearPlace]:
    """Return the nearest places in use where no officer was since then, as far as anybody knows."""
    there = col(Place.geometry)
    away_m = _away_m(there, here)
    on_it = func.ST_PointOnSurface(Place.geometry)
    seen_at = _seen_at()
    fields: dict[str, Any] = {
        "longitude": func.ST_X(on_it),
        "latitude": func.ST_Y(on_it),
        "seen_at": seen_at,
        "distance_m": away_m,
    }
    columns = (fields[name] if name in fields else getattr(Place, name) for name in NearPlace.__slots__)
    statement = (
        select(*columns)
        .where(
            col(Place.is_active),
            _is_within(there, here, within_m),
            func.coalesce(seen_at < since, True),
        )
        .order_by(away_m)
        .limit(limit)
    )
    return [NearPlace(*row) for row in await session.execute(statement)]


def _seen_at() -> ColumnElement[Any]:
    """Return when an officer was last at the place: the latest of the last entries of three indexes.

    She reported something there, checked in, or a track of hers went there as a plan of patrol asks for.
    """
    place = col(Place.code)
    reported = (
        select(col(Ticket.observed_at))
        .where(col(Ticket.place_code) == place, col(Ticket.source) == Source.OFFICER)
        .order_by(col(Ticket.observed_at).desc())
    )
    checked_in = (
        select(col(CheckIn.at))
        .join(Checkpoint, col(Checkpoint.code) == col(CheckIn.checkpoint))
        .where(col(Checkpoint.place) == place)
        .order_by(col(CheckIn.at).desc())
    )
    visited = (
        select(col(PatrolVisit.started_at))
        .where(col(PatrolVisit.kind) == VisitKind.PLACE, col(PatrolVisit.code) == place)
        .order_by(col(PatrolVisit.started_at).desc())
    )
    return func.greatest(*(one.limit(1).scalar_subquery() for one in (reported, checked_in, visited)))


def _away_m(there: Any, here: Here) -> ColumnElement[float]:  # noqa: ANN401  a column
    # The operator, because an index gives rows in its order one by one; a function would measure all of them.
    return geography(there).op("<->", return_type=Float())(geography(point(here.longitude, here.latitude)))


def _is_within(there: Any, here: Here, within_m: float) -> ColumnElement[bool]:  # noqa: ANN401  a column
    # The bound keeps a search from walking through a whole city in which the viewer sees nothing.
    return func.ST_DWithin(geography(there), geography(point(here.longitude, here.latitude)), within_m)
