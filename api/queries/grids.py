"""Questions about grids: those in force, who is on duty in them, and their areas."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest

from sqlalchemy import func, or_, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Role
from api.domain.errors import FieldWrong
from api.domain.grids import GridLevel
from api.domain.reference import GridFacts, Reference
from api.models import Grid, GridPerson, Person
from api.pages import CodeCursor, Page, context_of

_DECIMALS = 7
"""Digits behind the point of degrees in GeoJSON: a centimetre (RFC 7946, 11.2, warns of more)."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody who is responsible for a grid."""

    grid_code: str
    name: str
    role: Role
    officer_number: str | None
    phone: str | None
    """Only where the office has released it."""


async def find_duties(session: ReadSession, grid_codes: Collection[str], today: date) -> Sequence[Duty]:
    """Return who is on duty in any of these grids today, smaller grids first.

    Duties go by code: a grid whose borders were redrawn keeps its people.
    """
    is_public = func.bool_or(col(GridPerson.is_phone_public))
    statement = (
        select(
            col(Grid.code),
            col(Person.name),
            col(Person.role),
            col(Person.officer_number),
            col(Person.phone),
            is_public.label("is_phone_public"),
        )
        .join(GridPerson, col(GridPerson.grid_id) == col(Grid.id))
        .join(Person, col(Person.id) == col(GridPerson.person_id))
        .where(
            col(Grid.code).in_(grid_codes),
            col(GridPerson.from_on) <= today,
            or_(col(GridPerson.to_on).is_(None), col(GridPerson.to_on) >= today),
            col(Person.is_active),
            or_(col(Person.valid_until).is_(None), col(Person.valid_until) >= today),
        )
        .group_by(col(Grid.code), col(Person.id))
        .order_by(
            func.length(col(Grid.code)).desc(), col(Person.officer_number), col(Person.name), col(Person.id)
        )
    )
    return [
        Duty(code, name, role, number, phone if is_released else None)
        for code, name, role, number, phone, is_released in await session.execute(statement)
    ]


async def find_geometries(session: ReadSession, grid_ids: Collection[int]) -> Mapping[int, str]:
    """Return the areas of these grids as GeoJSON text (longitude first, WGS-84), by id."""
    # Bit 8 of the options would name a CRS, which RFC 7946 forbids; exterior rings turn counterclockwise.
    geometry = func.ST_AsGeoJSON(func.ST_ForcePolygonCCW(col(Grid.geometry)), _DECIMALS, 0)
    statement = select(col(Grid.id), geometry).where(col(Grid.id).in_(grid_ids))
    rows = await session.execute(statement)
    return {row_id: text for row_id, text in rows if row_id is not None}


def page_of_grids(
    reference: Reference, level: GridLevel | None, parent: str | None, *, limit: int, cursor: str | None
) -> Page[GridFacts]:
    """Return a page of the grids in force by code: of a level, or the direct children of a grid, or both.

    The snapshot has them all. FieldWrong for a parent that does not exist or a cursor of another list.
    """
    if parent is not None and parent not in reference.grids:
        raise FieldWrong("/query/parent", "grid_unknown", f"There is no grid {parent!r}.")
    context = context_of("grids", level, parent)
    last = CodeCursor.decode(cursor, context)
    matching = (
        grid
        for grid in reference.grids.values()
        if (level is None or grid.level is level)
        and (parent is None or grid.parent_code == parent)
        and (last is None or grid.code > last.code)
    )
    found = nsmallest(limit + 1, matching, key=lambda grid: grid.code)
    more = CodeCursor(found[limit - 1].code, context).encode() if len(found) > limit else None
    return Page(found[:limit], more)


def children_of(reference: Reference, code: str) -> Sequence[GridFacts]:
    """Return the grids directly in this one, by code."""
    children = (grid for grid in reference.grids.values() if grid.parent_code == code)
    return sorted(children, key=lambda grid: grid.code)
