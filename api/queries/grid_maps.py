"""Maps of grids, drawn from the areas of those in force."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter

import anyio.to_thread
from geoalchemy2.shape import to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.grid_maps import Frame, GridMap, Window, draw_map, window_around
from api.domain.grids import GridLevel
from api.domain.reference import GridFacts, Reference
from api.models import Grid


async def draw_grids(
    session: ReadSession, reference: Reference, frames: Mapping[str, Frame]
) -> Mapping[str, GridMap]:
    """Return a map of each of these grids by code, each in its own frame.

    They are in force and of one level; their neighbours of that level and the grids in them are drawn as well. Two
    questions to the database, however many grids: for their own areas, and for what lies around them.
    """
    grids = [reference.grids[code] for code in frames]
    within = _children(reference, frames.keys())
    inner = [child for children in within.values() for child in children]
    areas = await _areas_of(session, [*grids, *inner])
    windows = {grid.code: window_around(areas[grid.code], frames[grid.code]) for grid in grids}
    around = await _areas_around(session, reference, grids[0].level, windows.values())

    def draw() -> dict[str, GridMap]:
        return {
            code: draw_map(
                window,
                (code, areas[code]),
                [(other, area) for other, area in around.items() if other != code],
                [(child.code, areas[child.code]) for child in within[code]],
            )
            for code, window in windows.items()
        }

    return await anyio.to_thread.run_sync(draw)


def _children(reference: Reference, codes: Collection[str]) -> Mapping[str, Sequence[GridFacts]]:
    found: dict[str, list[GridFacts]] = defaultdict(list)
    for grid in reference.grids.values():
        if grid.parent_code is not None and grid.parent_code in codes:
            found[grid.parent_code].append(grid)
    return found


async def _areas_of(session: ReadSession, grids: Collection[GridFacts]) -> Mapping[str, BaseGeometry]:
    codes: dict[int | None, str] = {grid.id: grid.code for grid in grids}
    areas = await _areas(session, col(Grid.id).in_(codes))
    return {codes[row_id]: area for row_id, area in areas}


async def _areas_around(
    session: ReadSession, reference: Reference, level: GridLevel, windows: Collection[Window]
) -> Mapping[str, BaseGeometry]:
    """Return the areas of the grids of a level that may reach into any of these windows, in the order of codes."""
    wests, souths, easts, norths = zip(*(window.bounds for window in windows), strict=True)
    box = func.ST_MakeEnvelope(min(wests), min(souths), max(easts), max(norths), 4326)
    areas = await _areas(session, col(Grid.geometry).op("&&")(box), col(Grid.level) == level)
    # The snapshot says which are in force; it may be older than the table by a moment.
    codes = {grid.id: grid.code for grid in reference.grids.values() if grid.level is level}
    return dict(
        sorted(((codes[row_id], area) for row_id, area in areas if row_id in codes), key=itemgetter(0))
    )


async def _areas(
    session: ReadSession, *conditions: ColumnElement[bool]
) -> Sequence[tuple[int | None, BaseGeometry]]:
    statement = select(col(Grid.id), col(Grid.geometry)).where(*conditions)
    return [(row_id, to_shape(geometry)) for row_id, geometry in await session.execute(statement)]
