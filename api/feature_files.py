"""Places and areas from and into files: wiring for the commands `import places`, `import areas` and their exports."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from api import clock
from api.adapters.map_files import MapUnreadable, read_map_path
from api.db import Database
from api.domain import place_type_files
from api.domain.area_files import area_feature
from api.domain.geo import Crs
from api.domain.imports import Finding, ImportChange, Imported
from api.domain.place_files import place_feature
from api.domain.places import PlaceType
from api.domain.reference import Reference
from api.feature_bodies import AREA_SHAPES, PLACES, Kind, Read, read_features, read_table_content
from api.queries.areas import find_areas
from api.queries.places import find_places, load_place_types
from api.queries.reference import load_reference
from api.services.area_imports import AreaPlan, import_areas, plan_areas
from api.services.place_imports import PlacePlan, import_places, plan_places
from api.services.places import store_place_types
from api.settings import Settings
from api.table_bodies import read_table_file

_WORKBOOK = ".xlsx"
_TABLES = {_WORKBOOK, ".csv"}


@dataclass(frozen=True, slots=True)
class FeatureSource:
    """A file of places or areas and how it is meant."""

    path: Path
    crs: Crs
    is_complete: bool = False
    layer: str | None = None
    encoding: str | None = None


async def import_place_file(settings: Settings, source: FeatureSource, *, is_dry_run: bool) -> Imported:
    """Store the places of a file, or only say what that would change.

    Raises ImportRefused when something in it is wrong, and OSError when it can't be read.
    """
    entries, findings = await asyncio.to_thread(_read, source, PLACES)
    database = Database(settings.required_database_url, pool_size=1)
    try:
        reference = await _reference(database, settings)
        plan: PlacePlan
        if is_dry_run:
            async with database.snapshot() as session:
                plan = await plan_places(
                    session, reference, entries, findings, is_complete=source.is_complete
                )
        else:
            async with database.write() as session:
                plan = await import_places(
                    session,
                    reference,
                    entries,
                    findings,
                    is_complete=source.is_complete,
                    by_id=None,
                    now=clock.now(),
                )
    finally:
        await database.close()
    return plan.imported(is_preview=is_dry_run)


async def import_area_file(settings: Settings, source: FeatureSource, *, is_dry_run: bool) -> Imported:
    """Store the areas of a map, or only say what that would change.

    Raises ImportRefused when something in it is wrong, and OSError when it can't be read.
    """
    entries, findings = await asyncio.to_thread(_read, source, AREA_SHAPES)
    database = Database(settings.required_database_url, pool_size=1)
    try:
        reference = await _reference(database, settings)
        plan: AreaPlan
        if is_dry_run:
            async with database.snapshot() as session:
                plan = await plan_areas(session, reference, entries, findings, is_complete=source.is_complete)
        else:
            async with database.write() as session:
                plan = await import_areas(
                    session,
                    reference,
                    entries,
                    findings,
                    is_complete=source.is_complete,
                    by_id=None,
                    now=clock.now(),
                )
    finally:
        await database.close()
    return plan.imported(is_preview=is_dry_run)


async def import_place_types(settings: Settings, path: Path, encoding: str, *, is_dry_run: bool) -> Imported:
    """Store the types of places of a table, or only say what that would change; faults are told, and nothing stored.

    Raises OSError when the file can't be read.
    """
    types, findings = await asyncio.to_thread(_read_types, path, encoding)
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.trial() if is_dry_run else database.write() as session:
            stored = await load_place_types(session)
            told = Imported(ImportChange(), findings, is_dry_run)
            if told.faults:
                return told
            changed = await store_place_types(session, types, None, clock.now())
    finally:
        await database.close()
    change = ImportChange(
        added=[code for code in changed if code not in stored],
        changed=[code for code in changed if code in stored],
        unchanged=len(types) - len(changed),
    )
    return Imported(change, findings, is_dry_run)


async def export_places(settings: Settings) -> bytes:
    """Return all places as GeoJSON, by code: importing them again (as wgs84) changes nothing. Phones are left out."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.read() as session:
            places = await find_places(session, None)
    finally:
        await database.close()
    return _written([place_feature(place.draft) for place in places.values()])


async def export_areas(settings: Settings) -> bytes:
    """Return all areas as GeoJSON, by code: importing them again (as wgs84) changes nothing."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.read() as session:
            areas = await find_areas(session, None)
    finally:
        await database.close()
    return _written([area_feature(area.draft) for area in areas.values()])


def _written(features: Sequence[dict[str, Any]]) -> bytes:
    # A feature on each line: so kept in git, a change is the line of its place.
    lines = b",\n".join(map(orjson.dumps, features))
    return b'{"type":"FeatureCollection","features":[\n' + lines + b"\n]}\n"


async def _reference(database: Database, settings: Settings) -> Reference:
    async with database.snapshot() as session:
        return await load_reference(session, settings.zone)


def _read_types(path: Path, encoding: str) -> tuple[list[PlaceType], list[Finding]]:
    is_workbook = path.suffix.lower() == _WORKBOOK
    columns, read_rows = place_type_files.COLUMNS, place_type_files.read_place_types
    return read_table_file(path.read_bytes(), None if is_workbook else encoding, columns, read_rows)


def _read(source: FeatureSource, kind: Kind) -> Read:
    suffix = source.path.suffix.lower()
    if kind.table_columns and suffix in _TABLES:
        encoding = None if suffix == _WORKBOOK else source.encoding or "utf-8"
        return read_table_content(source.path.read_bytes(), encoding, kind, source.crs)
    try:
        file = read_map_path(source.path, source.layer, source.encoding)
    except MapUnreadable as unreadable:
        return [], list(unreadable.findings)
    return read_features(file, kind, source.crs)
