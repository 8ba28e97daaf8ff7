"""Places in SQL: points in EPSG:4326, and distances in metres on the spheroid."""

from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import ColumnElement, SQLColumnExpression, cast, func

EPSG_WGS84 = 4326

# Without a geometry type the cast is plain `::geography`, as the index on open tickets has it; with one the
# planner does not know the expression again and measures hundreds of tickets instead.
# GeoAlchemy's types are not generic: what a value of theirs is in Python is Any to the type checker.
_GEOGRAPHY: Any = Geography(geometry_type=None)


def point(
    longitude: float | SQLColumnExpression[float], latitude: float | SQLColumnExpression[float]
) -> ColumnElement[Any]:
    """Return a point of the earth's surface, from numbers, from parameters or from columns."""
    return func.ST_SetSRID(func.ST_MakePoint(longitude, latitude), EPSG_WGS84)


def box(west: float, south: float, east: float, north: float) -> ColumnElement[Any]:
    """Return a box in degrees, which a spatial index answers."""
    return func.ST_MakeEnvelope(west, south, east, north, EPSG_WGS84)


def geography(place: Any) -> ColumnElement[Any]:  # noqa: ANN401  a column or an expression
    """Return a geometry as geography, on which distances are metres."""
    return cast(place, _GEOGRAPHY)


def as_geojson(geometry: Any) -> ColumnElement[str]:  # noqa: ANN401  a column or an expression
    """Return a geometry as GeoJSON text: longitude first, to a centimetre, exterior rings counterclockwise."""
    # Seven decimals, because RFC 7946, 11.2 warns of more. Bit 8 of the options would name a CRS, which it forbids.
    return func.ST_AsGeoJSON(func.ST_ForcePolygonCCW(geometry), 7, 0)
