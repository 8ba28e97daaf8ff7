"""Store the demo street's types of places, its places and its areas, as an office brings them: out of files."""

from datetime import date, datetime, timedelta
from pathlib import Path

from api.adapters.csv_sheets import read_csv
from api.adapters.map_files import MapFormat, read_map
from api.db import WriteSession
from api.domain.area_files import COLUMNS as AREA_COLUMNS
from api.domain.feature_files import Entry, read_map_entries
from api.domain.geo import Crs
from api.domain.imports import require_no_fault
from api.domain.place_files import MAP_COLUMNS
from api.domain.place_type_files import COLUMNS as TYPE_COLUMNS
from api.domain.place_type_files import read_place_types
from api.domain.places import PlaceType
from api.domain.reference import Reference
from api.domain.shapes import AREAS, KINDS
from api.domain.tables import Column, read_table
from api.services.area_imports import import_areas
from api.services.place_imports import import_places
from api.services.places import store_place_types

DATA = Path(__file__).resolve().parent.parent / "data"

_BEGAN = timedelta(days=5)
_LASTS = timedelta(days=20)
"""A temporary area of the demo is in force when it is loaded."""


def demo_place_types() -> list[PlaceType]:
    """Return the types of places that most cities have."""
    sheet = read_csv((DATA / "place_types.csv").read_bytes())
    rows, wrong = read_table(sheet.rows, TYPE_COLUMNS)
    types, findings = read_place_types(rows)
    require_no_fault([*wrong, *findings])
    return types


def demo_places() -> list[Entry]:
    """Return the places of the demo street."""
    return _entries("places.geojson", MAP_COLUMNS, KINDS)


def demo_areas(today: date) -> list[Entry]:
    """Return the areas of the demo street as they are on this day."""
    entries = _entries("areas.geojson", AREA_COLUMNS, AREAS)
    days = {"valid_from": (today - _BEGAN).isoformat(), "valid_to": (today - _BEGAN + _LASTS).isoformat()}
    for entry in entries:
        if entry.values["kind"] == "temporary":
            entry.values = {**entry.values, **days}
    return entries


async def store_demo_types(session: WriteSession, now: datetime) -> None:
    """Store the types of places."""
    await store_place_types(session, demo_place_types(), None, now)


async def store_demo_places(session: WriteSession, reference: Reference, now: datetime, today: date) -> None:
    """Store the places and areas; types, units, classes and people are there."""
    await import_places(session, reference, demo_places(), [], is_complete=True, by_id=None, now=now)
    await import_areas(session, reference, demo_areas(today), [], is_complete=True, by_id=None, now=now)


def _entries(name: str, columns: tuple[Column, ...], kinds: tuple[str, ...]) -> list[Entry]:
    file = read_map((DATA / "demo" / name).read_bytes(), MapFormat.GEOJSON)
    entries, findings = read_map_entries(file, Crs.WGS84, columns, kinds)
    require_no_fault([*findings, *(finding for entry in entries for finding in entry.findings)])
    return entries
