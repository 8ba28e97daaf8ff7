"""Things with a code and a shape in the body of a request: a map, or a table of points, as its media type says."""

from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from fastapi import Request

from api.adapters.map_files import MapFormat, MapUnreadable, read_map
from api.adapters.spreadsheets import XLSX
from api.domain import area_files, place_files
from api.domain.errors import NotJson
from api.domain.feature_files import Entry, read_map_entries, read_point_rows
from api.domain.geo import Crs
from api.domain.imports import Finding
from api.domain.map_files import MapFile
from api.domain.shapes import AREAS, KINDS
from api.domain.tables import Column
from api.media_types import GEOJSON
from api.schemas.feature_imports import FeatureImportQuery
from api.table_bodies import CSV, read_table_file

_MAPS = {
    GEOJSON: MapFormat.GEOJSON,
    "application/json": MapFormat.GEOJSON,
    "application/geopackage+sqlite3": MapFormat.GEOPACKAGE,
    "application/zip": MapFormat.SHAPEFILE,
}
_COLLECTION: dict[str, Any] = {
    "type": "object",
    "description": "A FeatureCollection.",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": {"type": "object"}},
    },
    "additionalProperties": True,
}
_BINARY: dict[str, Any] = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is read: the properties of a map, the columns of a table (none: tables can't hold it), the shapes."""

    map_columns: tuple[Column, ...]
    table_columns: tuple[Column, ...]
    shapes: tuple[str, ...]

    @property
    def media_types(self) -> list[str]:
        """The media types that it comes in."""
        return [*_MAPS, *((XLSX, CSV) if self.table_columns else ())]

    @property
    def sent(self) -> dict[str, Any]:
        """For the `openapi_extra` of the operation that takes it."""
        content = {
            name: {"schema": _COLLECTION if _MAPS.get(name) is MapFormat.GEOJSON else _BINARY}
            for name in self.media_types
        }
        return {"requestBody": {"required": True, "content": content}}


PLACES = Kind(place_files.MAP_COLUMNS, place_files.TABLE_COLUMNS, KINDS)
AREA_SHAPES = Kind(area_files.COLUMNS, (), AREAS)

Read = tuple[list[Entry], list[Finding]]
"""What a file says, and what is wrong with all of it."""


async def read_feature_body(request: Request, kind: Kind, query: FeatureImportQuery) -> Read:
    """Return what the file in a request's body says; NotJson for another media type.

    The body is read here: call this when it is known who is calling.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in kind.media_types:
        raise NotJson(f"Send the file as {', '.join(kind.media_types)}.")
    content = await request.body()
    if media_type in _MAPS:
        return await to_thread.run_sync(
            read_map_content, content, _MAPS[media_type], kind, query.crs, query.layer, query.encoding
        )
    encoding = None if media_type == XLSX else query.encoding or "utf-8"
    return await to_thread.run_sync(read_table_content, content, encoding, kind, query.crs)


def read_map_content(
    content: bytes, map_format: MapFormat, kind: Kind, crs: Crs, layer: str | None, encoding: str | None
) -> Read:
    """Return what a map says, and what is wrong with it."""
    try:
        file = read_map(content, map_format, layer, encoding)
    except MapUnreadable as unreadable:
        return [], list(unreadable.findings)
    return read_features(file, kind, crs)


def read_features(file: MapFile, kind: Kind, crs: Crs) -> Read:
    """Return what the features of a map say, and what is wrong with it."""
    return read_map_entries(file, crs, kind.map_columns, kind.shapes)


def read_table_content(content: bytes, encoding: str | None, kind: Kind, crs: Crs) -> Read:
    """Return what a table of points says, and what is wrong with it; `encoding` is that of CSV, None for a workbook."""
    return read_table_file(content, encoding, kind.table_columns, lambda rows: read_point_rows(rows, crs))
