"""The filters that lists, counts, overdue and exports share, as conditions on tickets."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, literal_column, not_, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from api.domain.access import Role, Viewer, sees_name_of
from api.domain.cases import Triage
from api.domain.deadlines import Light
from api.domain.errors import FieldWrong
from api.domain.geo import metres_per_degree
from api.domain.lifecycle import STAGE_OF, Clock, State
from api.domain.reference import Reference
from api.domain.reports import Source
from api.models import Person, Ticket
from api.models.tickets import OPEN_SQL, SEARCHED_SQL
from api.queries.geometry import box, geography, point

IS_OPEN: ColumnElement[bool] = literal_column(OPEN_SQL)
"""Written as the partial indexes have it, so that the planner knows them again."""


@dataclass(frozen=True, slots=True)
class Near:
    """Everything within `radius_m` of a point (WGS-84)."""

    longitude: float
    latitude: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class TicketFilters:
    """What a list is narrowed to; None leaves it wide. Codes of grids and classes may be prefixes."""

    states: tuple[State, ...] = ()
    unit: str | None = None
    grid: str | None = None
    category: str | None = None
    source: Source | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    filed_before: datetime | None = None
    filed_after: datetime | None = None
    light: Light | None = None
    overdue: bool | None = None
    reporter: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    near: Near | None = None
    q: str | None = None
    place: str | None = None
    triage: Triage | None = None
    stage: Clock | None = None
    overdue_more_than_s: int | None = None


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition for open tickets whose running clock's due time has passed."""
    return and_(IS_OPEN, col(Ticket.due_at) < now)


def conditions(
    filters: TicketFilters, reference: Reference, viewer: Viewer, now: datetime
) -> list[ColumnElement[bool]]:
    """Return the conditions; raises FieldWrong for a unit or a place that does not exist."""
    found: list[ColumnElement[bool]] = []
    if filters.place is not None and filters.place not in reference.places.by_code:
        raise FieldWrong("/query/place", "place_unknown", "There is no such place.")
    if filters.states:
        found.append(col(Ticket.state).in_(filters.states))
    if filters.unit is not None:
        unit = reference.units_by_code.get(filters.unit)
        if unit is None:
            raise FieldWrong("/query/unit", "unit_unknown", "There is no such unit.")
        found.append(col(Ticket.unit_id) == unit.id)
    found.extend(_marks(filters))
    found.extend(_times(filters, now))
    found.extend(_places(filters))
    if filters.reporter is not None:
        found.append(col(Ticket.reporter_id) == _person(filters.reporter, viewer))
    if filters.q is not None:
        searched: ColumnElement[str] = literal_column(SEARCHED_SQL)
        found.append(searched.icontains(filters.q, autoescape=True))
    return found


def _marks(filters: TicketFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.grid is not None:
        found.append(col(Ticket.grid_code).startswith(filters.grid, autoescape=True))
    if filters.category is not None:
        found.append(col(Ticket.category_code).startswith(filters.category, autoescape=True))
    if filters.source is not None:
        found.append(col(Ticket.source) == filters.source)
    if filters.triage is not None:
        # Only open tickets wait, and they are few beside all others.
        found += [IS_OPEN, col(Ticket.triage) == filters.triage]
    return found


def _times(filters: TicketFilters, now: datetime) -> list[ColumnElement[bool]]:
    due, filed = col(Ticket.due_at), col(Ticket.filed_at)
    found: list[ColumnElement[bool]] = []
    if filters.due_before is not None:
        found.append(due < filters.due_before)
    if filters.due_after is not None:
        found.append(due >= filters.due_after)
    if filters.filed_before is not None:
        found.append(filed < filters.filed_before)
    if filters.filed_after is not None:
        found.append(filed >= filters.filed_after)
    if filters.light is not None:
        found.append(_light(filters.light, now))
    if filters.overdue is not None:
        # NOT of an unknown is unknown: a ticket without a due time is not overdue.
        found.append(is_overdue(now) if filters.overdue else not_(func.coalesce(is_overdue(now), false())))
    if filters.overdue_more_than_s is not None:
        found.append(func.extract("epoch", now - due) > filters.overdue_more_than_s)
    if filters.stage is not None:
        found.append(
            col(Ticket.state).in_([state for state, clock in STAGE_OF.items() if clock is filters.stage])
        )
    return found


def _light(light: Light, now: datetime) -> ColumnElement[bool]:
    due, yellow = col(Ticket.due_at), col(Ticket.yellow_at)
    if light is Light.RED:
        return is_overdue(now)
    if light is Light.YELLOW:
        return and_(IS_OPEN, due >= now, yellow < now)
    return and_(IS_OPEN, yellow >= now)


def _places(filters: TicketFilters) -> list[ColumnElement[bool]]:
    place = col(Ticket.place)
    found: list[ColumnElement[bool]] = []
    if filters.bbox is not None:
        found.append(place.op("&&")(box(*filters.bbox)))
    if filters.near is not None:
        found.extend(near_place(place, filters.near))
    if filters.place is not None:
        found.append(col(Ticket.place_code) == filters.place)
    return found


def near_place(geometry: Mapped[Any], near: Near) -> list[ColumnElement[bool]]:
    """Return the conditions for geometries within a distance of a point, the first of them for a spatial index."""
    east_m, north_m = metres_per_degree(near.latitude)
    # The box in degrees is what the index answers; a little wider than the circle.
    width, height = 1.01 * near.radius_m / max(east_m, 1.0), 1.01 * near.radius_m / north_m
    west, east = near.longitude - width, near.longitude + width
    return [
        geometry.op("&&")(box(west, near.latitude - height, east, near.latitude + height)),
        func.ST_DWithin(geography(geometry), geography(point(near.longitude, near.latitude)), near.radius_m),
    ]


def _person(name: str, viewer: Viewer) -> ColumnElement[UUID]:
    """Return who is meant by a user name or an id; nobody is meant by anything else.

    Nor is anybody whose name the viewer may not know: asking by name would tell it.
    """
    named = [role for role in Role if sees_name_of(viewer, role)]
    known = col(Person.username) == name
    with suppress(ValueError):  # not an id, so a user name
        known = or_(known, col(Person.id) == UUID(name))
    return select(col(Person.id)).where(known, col(Person.role).in_(named)).limit(1).scalar_subquery()
