"""Grids, areas and places: the parts that are kept as maps, in longitude and latitude of WGS-84."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from api.adapters.map_files import MapFormat, MapUnreadable, read_map
from api.configuration.parts import Moment, present
from api.db import ReadSession, WriteSession
from api.domain.area_files import COLUMNS as AREA_COLUMNS
from api.domain.area_files import area_feature
from api.domain.feature_files import Entry, read_map_entries
from api.domain.geo import Crs
from api.domain.grid_files import grid_feature, read_grid_file
from api.domain.grids import CodePattern
from api.domain.imports import Finding, Imported, ImportRefused
from api.domain.map_files import MapFile
from api.domain.place_files import MAP_COLUMNS, place_feature
from api.domain.shapes import AREAS, KINDS
from api.domain.tables import Column
from api.queries.areas import find_areas
from api.queries.grid_versions import find_bounds, find_grids_in_force, lock_grids
from api.queries.places import find_places
from api.queries.policies import load_policies
from api.services.area_imports import import_areas
from api.services.grids import plan_import, store_plan
from api.services.place_imports import import_places


async def export_grids(session: ReadSession, _: Moment) -> bytes:
    """Write the grids in force."""
    grids = await find_grids_in_force(session)
    return _written(grid_feature(grids[code].draft) for code in sorted(grids))


async def apply_grids(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the grids of a file; those that it lacks end."""
    policies, bounds = await load_policies(session), await find_bounds(session)
    pattern = CodePattern.parse(policies.grid_code_pattern)
    file = read_grid_file(_read(content), Crs.WGS84, pattern, bounds)
    await lock_grids(session)
    plan = await plan_import(session, file, is_complete=True, today=moment.today)
    await store_plan(session, plan, now=moment.now, by_id=None)
    return plan.imported(is_preview=False)


async def export_areas(session: ReadSession, _: Moment) -> bytes:
    """Write all areas with the people on them."""
    return _written(area_feature(one.draft) for one in (await find_areas(session, None)).values())


async def apply_areas(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the areas of a file; those that it lacks are switched off."""
    entries, findings = _entries(content, AREA_COLUMNS, AREAS)
    reference = await present(session, moment)
    plan = await import_areas(
        session, reference, entries, findings, is_complete=True, by_id=None, now=moment.now
    )
    return plan.imported(is_preview=False)


async def export_places(session: ReadSession, _: Moment) -> bytes:
    """Write all places with their pairings and agreements."""
    return _written(place_feature(one.draft) for one in (await find_places(session, None)).values())


async def apply_places(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the places of a file; those that it lacks are given up."""
    entries, findings = _entries(content, MAP_COLUMNS, KINDS)
    reference = await present(session, moment)
    plan = await import_places(
        session, reference, entries, findings, is_complete=True, by_id=None, now=moment.now
    )
    return plan.imported(is_preview=False)


def _entries(
    content: bytes, columns: Sequence[Column], kinds: tuple[str, ...]
) -> tuple[list[Entry], list[Finding]]:
    return read_map_entries(_read(content), Crs.WGS84, columns, kinds)


def _read(content: bytes) -> MapFile:
    try:
        return read_map(content, MapFormat.GEOJSON)
    except MapUnreadable as unreadable:
        raise ImportRefused(unreadable.findings) from unreadable


def _written(features: Iterable[Mapping[str, Any]]) -> bytes:
    # A feature on each line: so kept in git, a change is the line of its grid or place.
    lines = b",\n".join(map(orjson.dumps, features))
    return b'{"type":"FeatureCollection","features":[\n' + lines + b"\n]}\n"
