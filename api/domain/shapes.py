"""Shapes of places and areas as somebody sends them: what they may be, and in which coordinates they are kept."""

# ruff: noqa: N818 - the errors' names are sentences in the domain's words, as in api.domain.errors.

import hashlib
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import MAX_LATITUDE, MAX_LONGITUDE, Crs, GeoError
from api.domain.map_shapes import flat_in_wgs84

VERTICES_MAX: Final = 20_000
"""More than a road through a whole province has."""

AREAS: Final = ("Polygon", "MultiPolygon")
KINDS: Final = ("Point", "MultiPoint", "LineString", "MultiLineString", *AREAS)

_DECIMALS: Final = 7
_WIDTH_MAX_DEGREES: Final = 10.0
_EARTH: Final = np.array([MAX_LONGITUDE, MAX_LATITUDE])


class ShapeWrong(GeoError):
    """The shape can't be used."""

    code = "shape_wrong"


def read_shape(shape: BaseGeometry, crs: Crs, kinds: tuple[str, ...] = KINDS) -> BaseGeometry:
    """Return a shape in EPSG:4326 as it is kept; `crs` is the system of its coordinates.

    Without heights, rounded to seven digits (a centimetre) and with exterior rings counterclockwise: as GeoJSON
    is written (RFC 7946), so that what was read can be sent back and is the same.

    Raises `ShapeWrong` for a kind that is not among `kinds`, for an empty or invalid shape (the sentence says
    where), for one with too many vertices or wider than ten degrees, and `GeoError` for coordinates off the earth.
    """
    if shape.geom_type not in kinds:
        raise ShapeWrong(
            f"A {shape.geom_type} can't be used here, only {', '.join(kinds)}.", kinds=list(kinds)
        )
    if shape.is_empty:
        raise ShapeWrong("The shape is empty.")
    vertices = len(shapely.get_coordinates(shape))
    if vertices > VERTICES_MAX:
        raise ShapeWrong(f"{vertices} vertices are too many, {VERTICES_MAX} is the most.", vertices=vertices)
    _require_on_earth(shape)
    (converted,) = flat_in_wgs84([shape], crs)
    flat = shapely.transform(converted, lambda degrees: np.round(degrees, _DECIMALS))
    if not flat.is_valid:
        raise ShapeWrong(f"The shape is not valid: {shapely.is_valid_reason(flat)}.")
    west, south, east, north = flat.bounds
    if max(east - west, north - south) > _WIDTH_MAX_DEGREES:
        raise ShapeWrong("The shape is wider than ten degrees; are longitude and latitude what they seem?")
    return shapely.orient_polygons(flat)


def as_areas(shape: BaseGeometry) -> shapely.MultiPolygon:
    """Return a polygon or multipolygon as a multipolygon; raises `ShapeWrong` for anything else."""
    if isinstance(shape, shapely.MultiPolygon):
        return shape
    if isinstance(shape, shapely.Polygon):
        return shapely.MultiPolygon([shape])
    raise ShapeWrong(f"A {shape.geom_type} is not an area.", kinds=list(AREAS))


def shape_sha256(shape: BaseGeometry) -> str:
    """Return a hash by which a shape is known again: the same vertices in the same order."""
    return hashlib.sha256(shapely.to_wkb(shape, byte_order=1)).hexdigest()


def _require_on_earth(shape: BaseGeometry) -> None:
    # "not inside" rather than "outside": NaN is neither
    if not bool((np.abs(shapely.get_coordinates(shape)) <= _EARTH).all()):
        raise ShapeWrong("Coordinates are longitude -180..180, then latitude -90..90, in degrees.")
