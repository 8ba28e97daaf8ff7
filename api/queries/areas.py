"""Questions about areas: all of them for the snapshot, their shapes, and who is on them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import shapely
from sqlalchemy import func, or_, select, text
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import Role
from api.domain.area_drafts import AreaDraft, AreaDuty
from api.domain.areas import AreaFacts, AreaIndex, AreaKind
from api.domain.errors import FieldWrong
from api.domain.reference import Reference
from api.models import Area, AreaPerson, Person, Unit
from api.pages import CodeCursor, Page, context_of
from api.queries.geometry import as_geojson

_FACTS: tuple[Any, ...] = tuple(getattr(Area, name) for name in AreaFacts.__slots__)


async def load_areas(session: ReadSession) -> AreaIndex:
    """Return all areas with their shapes."""
    rows = (await session.execute(select(*_FACTS, func.ST_AsBinary(col(Area.geometry))))).all()
    shapes: list[Any] = shapely.from_wkb([row[-1] for row in rows]).tolist()
    return AreaIndex((AreaFacts(*row[:-1]), shape) for row, shape in zip(rows, shapes, strict=True))


async def lock_areas(session: WriteSession) -> None:
    """Let nobody else store an area until the transaction ends; reading them goes on.

    The whole table: an area about to be made has no row.
    """
    await session.execute(text("LOCK TABLE areas IN SHARE ROW EXCLUSIVE MODE"))


@dataclass(frozen=True, slots=True)
class StoredArea:
    """An area as it is stored, written down like a draft."""

    draft: AreaDraft
    version: int


async def find_areas(session: ReadSession, codes: Collection[str] | None) -> dict[str, StoredArea]:
    """Return these areas whole, with their people, by code and in the order of codes; None: all."""
    statement: Any = (
        select(*_FACTS, col(Unit.code), func.ST_AsBinary(col(Area.geometry)))
        .outerjoin(Unit, col(Unit.id) == col(Area.unit_id))
        .order_by(col(Area.code))
    )
    if codes is not None:
        statement = statement.where(col(Area.code).in_(codes))
    rows: list[Any] = list(await session.execute(statement))
    shapes: list[Any] = shapely.from_wkb([row[-1] for row in rows]).tolist()
    duties: dict[str, list[AreaDuty]] = {}
    for stored in await find_area_duties(session, [row[0] for row in rows]):
        duties.setdefault(stored.area_code, []).append(stored.duty)
    found: dict[str, StoredArea] = {}
    for (*columns, unit, _), shape in zip(rows, shapes, strict=True):
        facts = AreaFacts(*columns)
        draft = AreaDraft.of(facts, unit, shape, duties.get(facts.code, ()))
        found[facts.code] = StoredArea(draft, facts.version)
    return found


async def find_area_shapes(session: ReadSession, codes: Collection[str]) -> Mapping[str, str]:
    """Return the shapes of these areas as GeoJSON text (longitude first, WGS-84), by code."""
    statement = select(col(Area.code), as_geojson(Area.geometry)).where(col(Area.code).in_(codes))
    return dict((await session.execute(statement)).all())


@dataclass(frozen=True, slots=True)
class StoredDuty:
    """Somebody's days on an area, with what an answer tells of the person."""

    area_code: str
    duty: AreaDuty
    name: str
    role: Role


async def find_area_duties(session: ReadSession, codes: Collection[str]) -> Sequence[StoredDuty]:
    """Return who is, was and will be on any of these areas, in the order of their first days, then of user names."""
    statement = (
        select(
            col(AreaPerson.area_code),
            col(Person.username),
            col(AreaPerson.from_on),
            col(AreaPerson.to_on),
            col(Person.name),
            col(Person.role),
        )
        .join(Person, col(Person.id) == col(AreaPerson.person_id))
        .where(col(AreaPerson.area_code).in_(codes))
        .order_by(col(AreaPerson.from_on), col(Person.username))
    )
    return [
        StoredDuty(code, AreaDuty(username, from_on, to_on), name, role)
        for code, username, from_on, to_on, name, role in await session.execute(statement)
    ]


async def find_people_ids(session: ReadSession, usernames: Collection[str]) -> Mapping[str, UUID]:
    """Return the ids of these people, as far as they exist, by user name."""
    statement = select(col(Person.username), col(Person.id)).where(col(Person.username).in_(usernames))
    return dict((await session.execute(statement)).all())


async def count_staff(session: ReadSession, codes: Collection[str], on: date) -> Mapping[str, int]:
    """Return how many people are on each of these areas on this day; areas with nobody are left out.

    Who was switched off is on none.
    """
    statement = (
        select(col(AreaPerson.area_code), func.count(col(AreaPerson.person_id).distinct()))
        .join(Person, col(Person.id) == col(AreaPerson.person_id))
        .where(
            col(AreaPerson.area_code).in_(codes),
            col(Person.is_active),
            col(AreaPerson.from_on) <= on,
            or_(col(AreaPerson.to_on).is_(None), col(AreaPerson.to_on) >= on),
        )
        .group_by(col(AreaPerson.area_code))
    )
    return dict((await session.execute(statement)).all())


@dataclass(frozen=True, slots=True)
class AreaFilter:
    """What a list of areas is narrowed to; None leaves it wide."""

    kind: AreaKind | None = None
    unit: str | None = None
    active: bool | None = None
    short_on: date | None = None


@dataclass(frozen=True, slots=True)
class StaffedAreas:
    """A page of areas, and how many people are on each; areas with nobody are left out."""

    page: Page[AreaFacts]
    staffed: Mapping[str, int]


async def page_of_areas(
    session: ReadSession,
    reference: Reference,
    wanted: AreaFilter,
    on: date,
    *,
    limit: int,
    cursor: str | None,
) -> StaffedAreas:
    """Return a page of areas by code, with the people on them on this day.

    The snapshot has them all. FieldWrong for a unit that does not exist or a cursor of another list.
    """
    if wanted.unit is not None and wanted.unit not in reference.units_by_code:
        raise FieldWrong("/query/unit", "unit_unknown", "There is no such unit.")
    unit_id = reference.units_by_code[wanted.unit].id if wanted.unit is not None else None
    context = context_of("areas", wanted, on)
    last = CodeCursor.decode(cursor, context)
    matching = [
        area
        for area in reference.areas.by_code.values()
        if (wanted.kind is None or area.kind is wanted.kind)
        and (unit_id is None or area.unit_id == unit_id)
        and (wanted.active is None or area.is_active is wanted.active)
        and (last is None or area.code > last.code)
        and (wanted.short_on is None or (area.minimum_staff and area.is_in_force(wanted.short_on)))
    ]
    if wanted.short_on is None:
        matching = matching[: limit + 1]
    staffed = await count_staff(session, [area.code for area in matching], on)
    if wanted.short_on is not None:
        matching = [area for area in matching if staffed.get(area.code, 0) < area.minimum_staff]
    more = CodeCursor(matching[limit - 1].code, context).encode() if len(matching) > limit else None
    return StaffedAreas(Page(matching[:limit], more), staffed)
