"""Questions about the versions of grids: those in force with their areas, those that ended, and all of one code."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from anyio import to_thread
from sqlalchemy import ColumnElement, LargeBinary, Row, Select, case, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.grid_drafts import Bounds, GridDraft
from api.domain.grids import GridIndex, GridLevel
from api.domain.reference import GridFacts
from api.models import Grid, Unit

_Around = aliased(Grid)
_AREA: ColumnElement[Any] = func.ST_AsBinary(col(Grid.geometry), type_=LargeBinary).label("area")
# Places are looked for among unit grids; the areas of the others would only be carried about.
_AREA_OF_UNIT_GRID: ColumnElement[Any] = case((col(Grid.level) == GridLevel.UNIT_GRID, _AREA)).label("area")


@dataclass(frozen=True, slots=True)
class KnownGrids:
    """All grids that answers name, by code, and the index of those that new tickets are filed in."""

    in_force: dict[str, GridFacts]
    ended: dict[str, GridFacts]
    """Codes that are no longer in force, as they last were."""
    index: GridIndex
    mark: tuple[int, int]
    """Of the table as it was read: how many rows, and a digest of which, as they were last written."""


@dataclass(frozen=True, slots=True)
class StoredGrid:
    """A grid in force, or the last version of a code that ended, and the row that holds it."""

    id: int
    version: int
    valid_from: datetime
    draft: GridDraft


@dataclass(frozen=True, slots=True)
class GridVersion:
    """One version of a grid; it was in force until `valid_to` (excluded), or is today."""

    grid: StoredGrid
    valid_to: datetime | None
    replaced_by: tuple[str, ...]


async def lock_grids(session: WriteSession) -> None:
    """Let nobody else store grids until the transaction ends; reading them, and filing tickets in them, goes on."""
    await session.execute(text("LOCK TABLE grids IN SHARE ROW EXCLUSIVE MODE"))


async def load_known_grids(session: ReadSession, kept: KnownGrids | None = None) -> KnownGrids:
    """Return what a process keeps of the grids; what it has `kept` when no row has been written since.

    Ten thousand grids are most of the reference data, and most changes of these are not of grids.
    """
    mark = await _mark(session)
    if kept is not None and kept.mark == mark:
        return kept
    in_force = (await session.execute(_select(_AREA_OF_UNIT_GRID).where(col(Grid.valid_to).is_(None)))).all()
    ended = (await session.execute(_last_of_ended(_select()))).all()
    # In a thread, so that requests go on meanwhile.
    return await to_thread.run_sync(_known, in_force, ended, mark)


async def find_grids_in_force(session: ReadSession) -> dict[str, StoredGrid]:
    """Return the grids in force with their areas, by code."""
    rows = (await session.execute(_select(_AREA).where(col(Grid.valid_to).is_(None)))).all()
    return {one.draft.code: one for one in _stored(rows)}


async def find_ended_grids(session: ReadSession, codes: Collection[str]) -> dict[str, StoredGrid]:
    """Return the last versions, with their areas, of those among these codes that ended."""
    statement = _last_of_ended(_select(_AREA)).where(col(Grid.code).in_(codes))
    return {one.draft.code: one for one in _stored((await session.execute(statement)).all())}


async def find_versions(session: ReadSession, code: str) -> list[GridVersion]:
    """Return all versions of a code, the newest first; empty for one that never was."""
    statement = _select(_AREA).where(col(Grid.code) == code)
    rows = (await session.execute(statement.order_by(col(Grid.version).desc()))).all()
    return [
        GridVersion(grid, row.valid_to, tuple(row.replaced_by))
        for row, grid in zip(rows, _stored(rows), strict=True)
    ]


async def find_bounds(session: ReadSession) -> Bounds | None:
    """Return the box around all grids in force; None when there are none."""
    around: Any = func.ST_Extent(col(Grid.geometry))
    corners: Any = (
        func.ST_XMin(around),
        func.ST_YMin(around),
        func.ST_XMax(around),
        func.ST_YMax(around),
    )
    row = (await session.execute(select(*corners).where(col(Grid.valid_to).is_(None)))).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


async def _mark(session: ReadSession) -> tuple[int, int]:
    """Return what is another after any write to the table: PostgreSQL notes in each row who wrote it last."""
    written = func.hashtextextended(func.concat(col(Grid.id), " ", literal_column("grids.xmin")), 0)
    row = (await session.execute(select(func.count(), func.bit_xor(written)).select_from(Grid))).one()
    return row[0], row[1] or 0


def _known(in_force: Sequence[Row[Any]], ended: Sequence[Row[Any]], mark: tuple[int, int]) -> KnownGrids:
    unit_grids = [row for row in in_force if row.area is not None]
    shapes = _shapes(unit_grids)
    index = GridIndex((row.code, row.level, shape) for row, shape in zip(unit_grids, shapes, strict=True))
    return KnownGrids(
        {row.code: _facts(row) for row in in_force}, {row.code: _facts(row) for row in ended}, index, mark
    )


def _select(*more: ColumnElement[Any]) -> Select[Any]:
    """Return the statement for versions of grids; `parent` and `unit` are codes."""
    columns: Any = (
        col(Grid.id),
        col(Grid.code),
        col(Grid.version),
        col(Grid.level),
        col(Grid.name_zh),
        col(Grid.name_en),
        col(_Around.code).label("parent"),
        col(Grid.unit_id),
        col(Unit.code).label("unit"),
        col(Grid.valid_from),
        col(Grid.valid_to),
        col(Grid.replaced_by),
        *more,
    )
    statement: Any = (
        select(*columns)
        .select_from(Grid)
        .outerjoin(_Around, col(_Around.id) == col(Grid.parent_id))
        .outerjoin(Unit, col(Unit.id) == col(Grid.unit_id))
    )
    return statement


def _last_of_ended(statement: Select[Any]) -> Select[Any]:
    """Narrow a statement to the last version of each code that is no longer in force."""
    present = aliased(Grid)
    is_in_force = select(col(present.id)).where(
        col(present.code) == col(Grid.code), col(present.valid_to).is_(None)
    )
    narrowed: Any = statement.where(col(Grid.valid_to).is_not(None), ~is_in_force.exists())
    return narrowed.ext(distinct_on(col(Grid.code))).order_by(col(Grid.code), col(Grid.version).desc())


def _shapes(rows: Iterable[Row[Any]]) -> list[shapely.MultiPolygon]:
    """Parse areas all at once: one by one takes five times as long."""
    return shapely.from_wkb(np.array([row.area for row in rows], dtype=object)).tolist()


def _facts(row: Row[Any]) -> GridFacts:
    return GridFacts(
        id=row.id,
        code=row.code,
        level=row.level,
        name_zh=row.name_zh,
        name_en=row.name_en,
        parent_code=row.parent,
        unit_id=row.unit_id,
        ended_at=row.valid_to,
        replaced_by=tuple(row.replaced_by),
    )


def _stored(rows: Collection[Row[Any]]) -> list[StoredGrid]:
    return [
        StoredGrid(
            id=row.id,
            version=row.version,
            valid_from=row.valid_from,
            draft=GridDraft(
                number=None,
                code=row.code,
                name_zh=row.name_zh,
                name_en=row.name_en,
                level=row.level,
                parent=row.parent,
                unit=row.unit,
                shape=shape,
            ),
        )
        for row, shape in zip(rows, _shapes(rows), strict=True)
    ]
