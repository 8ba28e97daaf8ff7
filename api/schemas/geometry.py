"""GeoJSON geometries (RFC 7946) on the wire."""

import json
from typing import Annotated, Any, Literal

import shapely
from pydantic import Field, TypeAdapter
from shapely.geometry.base import BaseGeometry

from api.domain.errors import FieldWrong
from api.domain.geo import Crs, GeoError
from api.domain.shapes import KINDS, read_shape
from api.schemas.base import Input, Latitude, Longitude

Position = tuple[Longitude, Latitude]
"""Longitude first."""
_Many = Annotated[list[Position], Field(min_length=1, max_length=20_000)]
_Path = Annotated[list[Position], Field(min_length=2, max_length=20_000)]
_Ring = Annotated[list[Position], Field(min_length=4, max_length=20_000, description="Closed.")]
_Rings = Annotated[
    list[_Ring], Field(min_length=1, max_length=1_000, description="The outline, then its holes.")
]


class PointGeometry(Input):
    """A point."""

    type: Literal["Point"]
    coordinates: Position


class MultiPointGeometry(Input):
    """Several points."""

    type: Literal["MultiPoint"]
    coordinates: _Many


class LineGeometry(Input):
    """A line, such as a road."""

    type: Literal["LineString"]
    coordinates: _Path


class MultiLineGeometry(Input):
    """Several lines."""

    type: Literal["MultiLineString"]
    coordinates: Annotated[list[_Path], Field(min_length=1, max_length=1_000)]


class PolygonGeometry(Input):
    """An area."""

    type: Literal["Polygon"]
    coordinates: _Rings


class MultiPolygonGeometry(Input):
    """An area of several parts."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[_Rings], Field(min_length=1, max_length=1_000)]


Area = Annotated[PolygonGeometry | MultiPolygonGeometry, Field(discriminator="type")]
Geometry = Annotated[
    PointGeometry
    | MultiPointGeometry
    | LineGeometry
    | MultiLineGeometry
    | PolygonGeometry
    | MultiPolygonGeometry,
    Field(discriminator="type"),
]

_AREA: TypeAdapter[Area] = TypeAdapter(Area)
_GEOMETRY: TypeAdapter[Geometry] = TypeAdapter(Geometry)


def shape_of(geometry: Geometry, crs: Crs, kinds: tuple[str, ...] = KINDS) -> BaseGeometry:
    """Return the shape that is meant, as it is kept; FieldWrong at `/geometry` for one that can't be used."""
    try:
        # GEOS reads GeoJSON faster than coordinates become objects; what it refuses is told in its words.
        shape = shapely.from_geojson(geometry.model_dump_json())
        return read_shape(shape, crs, kinds)
    except shapely.GEOSException as error:
        raise FieldWrong("/geometry", "shape_wrong", f"The geometry can't be read: {error}.") from error
    except GeoError as error:
        raise FieldWrong("/geometry", error.code, str(error), **error.facts) from error


def geometry_shown(shape: BaseGeometry) -> Geometry:
    """Write a shape as it is kept."""
    return _GEOMETRY.validate_python(_mapping(shape))


def area_shown(shape: BaseGeometry) -> Area:
    """Write the shape of an area as it is kept."""
    return _AREA.validate_python(_mapping(shape))


def _mapping(shape: BaseGeometry) -> dict[str, Any]:
    return json.loads(shapely.to_geojson(shape))
