"""Lists of places, who is paired with them today, and how much is open at them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.errors import FieldWrong
from api.domain.grids import GridLevel
from api.domain.place_drafts import Pairing
from api.domain.reference import Reference
from api.models import Grid, Place, PlacePairing, Ticket, Unit
from api.pages import CodeCursor, Page, context_of
from api.queries.access import pairing_in_force, visible_tickets
from api.queries.filters import IS_OPEN, Near, near_place
from api.queries.geometry import box


@dataclass(frozen=True, slots=True)
class PlaceFilter:
    """What a list of places is narrowed to; None leaves it wide."""

    type: str | None = None
    grid: str | None = None
    unit: str | None = None
    paired_unit: str | None = None
    near: Near | None = None
    bbox: tuple[float, float, float, float] | None = None
    q: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place as lists show it; `longitude` and `latitude` are those of a point on it."""

    code: str
    type: str
    name_zh: str
    name_en: str
    address: str
    reach_m: float
    unit: str | None
    is_active: bool
    version: int
    longitude: float
    latitude: float


_POINT = func.ST_PointOnSurface(Place.geometry)
_COMPUTED: dict[str, Any] = {
    "unit": col(Unit.code),
    "longitude": func.ST_X(_POINT),
    "latitude": func.ST_Y(_POINT),
}
_COLUMNS = [_COMPUTED[name] if name in _COMPUTED else getattr(Place, name) for name in PlaceRow.__slots__]


async def page_of_places(
    session: ReadSession,
    reference: Reference,
    wanted: PlaceFilter,
    today: date,
    *,
    limit: int,
    cursor: str | None,
) -> Page[PlaceRow]:
    """Return a page of places by code; FieldWrong for a unit or type that does not exist."""
    context = context_of("places", wanted)
    last = CodeCursor.decode(cursor, context)
    statement: Any = (
        select(*_COLUMNS)
        .outerjoin(Unit, col(Unit.id) == col(Place.unit_id))
        .where(*_conditions(wanted, reference, today))
    )
    if last is not None:
        statement = statement.where(col(Place.code) > last.code)
    rows = (await session.execute(statement.order_by(col(Place.code)).limit(limit + 1))).all()
    items = [PlaceRow(*row) for row in rows[:limit]]
    more = CodeCursor(items[-1].code, context).encode() if len(rows) > limit else None
    return Page(items, more)


def _conditions(wanted: PlaceFilter, reference: Reference, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.type is not None:
        if wanted.type not in reference.place_types:
            raise FieldWrong("/query/type", "place_type_unknown", "There is no such type of place.")
        found.append(col(Place.type) == wanted.type)
    if wanted.unit is not None:
        found.append(col(Place.unit_id) == _unit_id(wanted.unit, reference, "/query/unit"))
    if wanted.paired_unit is not None:
        unit_id = _unit_id(wanted.paired_unit, reference, "/query/paired_unit")
        paired = select(col(PlacePairing.place_code)).where(
            col(PlacePairing.unit_id) == unit_id, *pairing_in_force(today)
        )
        found.append(col(Place.code).in_(paired))
    if wanted.grid is not None:
        around = (
            select(col(Grid.id))
            .where(
                col(Grid.level) == GridLevel.UNIT_GRID,
                col(Grid.valid_to).is_(None),
                col(Grid.code).startswith(wanted.grid, autoescape=True),
                func.ST_Intersects(Grid.geometry, Place.geometry),
            )
            .exists()
        )
        found.append(around)
    if wanted.bbox is not None:
        found.append(col(Place.geometry).op("&&")(box(*wanted.bbox)))
    if wanted.near is not None:
        found.extend(near_place(col(Place.geometry), wanted.near))
    if wanted.q is not None:
        searched = (Place.name_zh, Place.name_en, Place.address, Place.code)
        found.append(or_(*(col(column).icontains(wanted.q, autoescape=True) for column in searched)))
    if wanted.active is not None:
        found.append(col(Place.is_active) == wanted.active)
    return found


def _unit_id(code: str, reference: Reference, pointer: str) -> int:
    unit = reference.units_by_code.get(code)
    if unit is None:
        raise FieldWrong(pointer, "unit_unknown", "There is no such unit.")
    return unit.id


async def find_pairings(
    session: ReadSession, codes: Collection[str], today: date
) -> Mapping[str, Sequence[Pairing]]:
    """Return the pairings of these places that are in force today, by code of the place."""
    statement = (
        select(PlacePairing, col(Unit.code))
        .outerjoin(Unit, col(Unit.id) == col(PlacePairing.unit_id))
        .where(col(PlacePairing.place_code).in_(codes), *pairing_in_force(today))
        .order_by(col(PlacePairing.from_on), col(PlacePairing.id))
    )
    found: dict[str, list[Pairing]] = {}
    for row, unit in await session.execute(statement):
        pairing = Pairing(unit, row.leader, row.contact, row.from_on, row.to_on)
        found.setdefault(row.place_code, []).append(pairing)
    return found


async def count_open_tickets(
    session: ReadSession, viewer: Viewer, codes: Collection[str]
) -> Mapping[str, int]:
    """Return how many open tickets the viewer sees at each of these places; places with none are left out."""
    statement = (
        select(col(Ticket.place_code), func.count())
        .where(col(Ticket.place_code).in_(codes), IS_OPEN, visible_tickets(viewer))
        .group_by(col(Ticket.place_code))
    )
    return {code: count for code, count in await session.execute(statement) if code is not None}
