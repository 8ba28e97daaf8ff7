"""Store reference data: units, classes, grids, policies.

Each function takes values that have been read and checked, whatever file they came from, and takes what is
there already for an earlier version of the same: storing the same again changes nothing. Nothing is removed;
what an office no longer uses it switches off. Triggers raise the version of the reference data.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Polygon
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.catalogue import Catalogue
from api.domain.errors import FieldWrong
from api.domain.grids import GridLevel
from api.models import Category, Condition, Grid, Unit
from api.models.base import Table
from api.models.units import UnitKind


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """A responsible unit as an office lists it; `parent` and `calendar_code` are codes."""

    code: str
    name_zh: str
    name_en: str
    kind: UnitKind
    calendar_code: str
    parent: str | None = None
    phone: str | None = None
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class GridEntry:
    """A grid as a survey draws it, in EPSG:4326; `parent` and `unit` are codes."""

    code: str
    level: GridLevel
    name_zh: str
    name_en: str
    shape: Polygon | MultiPolygon
    parent: str | None = None
    unit: str | None = None


async def store_units(session: WriteSession, units: Sequence[UnitEntry]) -> dict[str, int]:
    """Store units in any order and return the ids of all units by code.

    Raises FieldWrong when a unit's parent is neither among them nor stored.
    """
    rows = [{**asdict(unit), "is_active": True, "parent_id": None} for unit in units]
    for row in rows:
        del row["parent"]
    await _upsert(session, Unit, rows, ("code",))
    ids = await unit_ids(session)
    for index, unit in enumerate(units):
        if unit.parent is None:
            continue
        if unit.parent not in ids:
            raise FieldWrong(f"/units/{index}/parent", "unit_unknown", f"There is no unit {unit.parent!r}.")
        statement = update(Unit).where(col(Unit.code) == unit.code).values(parent_id=ids[unit.parent])
        await session.execute(statement)
    return ids


async def unit_ids(session: ReadSession) -> dict[str, int]:
    """Return the id of each unit by its code."""
    rows = await session.execute(select(col(Unit.code), col(Unit.id)))
    return {row.code: row.id for row in rows if row.id is not None}


async def store_catalogue(session: WriteSession, catalogue: Catalogue) -> None:
    """Store classes and their filing conditions; raises CatalogueRefused when some row was not readable."""
    catalogue = catalogue.accepted()
    categories = [{**asdict(category), "is_active": True} for category in catalogue.categories.values()]
    await _upsert(session, Category, categories, ("scheme", "code"))
    stored = await session.execute(select(col(Category.scheme), col(Category.code), col(Category.id)))
    ids = {(row.scheme, row.code): row.id for row in stored}
    conditions: list[dict[str, Any]] = [
        {
            "category_id": ids[catalogue.categories[condition.category_code].scheme, condition.category_code],
            "number": condition.number,
            "condition_zh": condition.condition_zh,
            "condition_en": condition.condition_en,
            "closing_zh": condition.closing_zh,
            "closing_en": condition.closing_en,
            "limit_value": condition.limit.value,
            "limit_unit": condition.limit.unit,
            "milestones": [milestone.as_json() for milestone in condition.milestones],
            "needs_after_photo": condition.after_photo,
            "may_self_fix": condition.self_fix,
        }
        for condition in catalogue.conditions.values()
    ]
    await _upsert(session, Condition, conditions, ("category_id", "number"))


async def store_grids(
    session: WriteSession, grids: Iterable[GridEntry], valid_from: date, units: Mapping[str, int]
) -> dict[str, int]:
    """Store new grids, in force from `valid_from`, and return their ids by code.

    `units` has the ids of units by code. Raises FieldWrong for an unknown parent or unit. A code that is in
    force already is refused by the database: a changed area is a new version of a grid, never an edit.
    """
    ids: dict[str, int] = {}
    by_level: dict[GridLevel, list[GridEntry]] = {level: [] for level in GridLevel}
    for grid in grids:
        by_level[grid.level].append(grid)
    # From the widest level down, so that each parent has its id before its children need it.
    for entries in by_level.values():
        if not entries:
            continue
        rows = [_grid_row(grid, valid_from, ids, units) for grid in entries]
        stored = await session.execute(insert(Grid).values(rows).returning(col(Grid.code), col(Grid.id)))
        ids.update({row.code: row.id for row in stored})
    return ids


def _grid_row(
    grid: GridEntry, valid_from: date, parents: Mapping[str, int], units: Mapping[str, int]
) -> dict[str, Any]:
    if grid.parent is not None and grid.parent not in parents:
        raise FieldWrong(f"/grids/{grid.code}/parent", "grid_unknown", f"There is no grid {grid.parent!r}.")
    if grid.unit is not None and grid.unit not in units:
        raise FieldWrong(f"/grids/{grid.code}/unit", "unit_unknown", f"There is no unit {grid.unit!r}.")
    shape = MultiPolygon([grid.shape]) if isinstance(grid.shape, Polygon) else grid.shape
    return {
        "code": grid.code,
        "level": grid.level,
        "name_zh": grid.name_zh,
        "name_en": grid.name_en,
        "parent_id": parents[grid.parent] if grid.parent else None,
        "unit_id": units[grid.unit] if grid.unit else None,
        "geometry": from_shape(shape, srid=4326),
        "valid_from": valid_from,
        "valid_to": None,
    }


async def _upsert(
    session: WriteSession, table: type[Table], rows: Sequence[Mapping[str, Any]], key: Sequence[str]
) -> None:
    """Insert rows; where one with the same key is there, its other columns take the new values."""
    if not rows:
        return
    statement = postgresql.insert(table).values(list(rows))
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))
