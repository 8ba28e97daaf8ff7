"""What is around somebody: own tasks, open tickets, places that nobody was at lately; the nearest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, func, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer, sees_tasks
from api.domain.geo import Place as Here
from api.domain.lifecycle import State
from api.domain.reports import Source
from api.domain.tasks import TaskState
from api.models import CheckIn, Checkpoint, Place, PlacePass, Task, Ticket
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
    """Return when an officer was last at the place: each part is the first entry of an index.

    She reported something there, checked a repair, checked in at a checkpoint of the place, or passed it on duty.
    """
    is_there = col(Ticket.place_code) == col(Place.code)
    reported = _latest(col(Ticket.observed_at), is_there, col(Ticket.source) == Source.OFFICER)
    checked = _latest(col(Ticket.checked_at), is_there, col(Ticket.checked_at).is_not(None))
    passed = _latest(col(PlacePass.passed_at), col(PlacePass.code) == col(Place.code))
    arrived = _latest(col(CheckIn.at), col(CheckIn.checkpoint) == col(Checkpoint.code))
    came = select(func.max(arrived)).where(col(Checkpoint.place) == col(Place.code)).scalar_subquery()
    return func.greatest(reported, checked, passed, came)


def _latest(at: Mapped[Any], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(at).where(*conditions).order_by(at.desc()).limit(1).scalar_subquery()


def _away_m(there: Any, here: Here) -> ColumnElement[float]:  # noqa: ANN401  a column
    # The operator, because an index gives rows in its order one by one; a function would measure all of them.
    return geography(there).op("<->", return_type=Float())(geography(point(here.longitude, here.latitude)))


def _is_within(there: Any, here: Here, within_m: float) -> ColumnElement[bool]:  # noqa: ANN401  a column
    # The bound keeps a search from walking through a whole city in which the viewer sees nothing.
    return func.ST_DWithin(geography(there), geography(point(here.longitude, here.latitude)), within_m)
