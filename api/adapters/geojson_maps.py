"""GeoJSON as a map: read without GDAL, so that numbers stay numbers and text stays text."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from api.adapters.map_limits import FEATURES_MAX, VERTICES_MAX, too_large, unreadable
from api.adapters.map_texts import MapEncoding, decoded
from api.domain.map_files import MapFeature, MapFile

_URN: Final = re.compile(r"urn:(?:x-)?ogc:def:crs:([a-z]+):[^:]*:([a-z0-9]+)", re.IGNORECASE)
_CODE: Final = re.compile(r"([a-z]+):([a-z0-9]+)", re.IGNORECASE)
_DEPTHS: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How deep positions lie in the coordinates of each type."""
_DEEPEST: Final = 8
"""Collections in collections: nobody draws more."""

Json = dict[str, object]
_NUMBERS: Final = frozenset({float, int})
_DIMENSIONS: Final = frozenset({2, 3})
_RING_MIN: Final = 4
_SHOWN_MAX: Final = 60


class _WrongGeometry(Exception):  # noqa: N818  it is told as a fault of its feature
    """A geometry that can't be built; the text is a sentence."""


def read_geojson(content: bytes, encoding: MapEncoding | None) -> MapFile:
    """Read a FeatureCollection, or one Feature; raises MapUnreadable.

    UTF-8, with or without a mark at its front, unless the caller says otherwise. A wrong geometry is its feature's
    `fault` and refuses nothing else.
    """
    # Each list and each object takes some sixty bytes of memory and can be written in one or two of the file.
    if content.count(b"[") > 2 * VERTICES_MAX:
        raise too_large(f"A map has at most {VERTICES_MAX} vertices.")
    if content.count(b"{") > 6 * FEATURES_MAX:
        raise too_large(f"A map has at most {FEATURES_MAX} features.")
    text = decoded(content, encoding)
    try:
        document: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise unreadable(
            "map_unreadable", f"This is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from error
    entries = _entries(document)
    if len(entries) > FEATURES_MAX:
        raise too_large(f"A map has at most {FEATURES_MAX} features.")
    vertices = 0
    features: list[MapFeature] = []
    for number, entry in enumerate(entries, 1):
        feature = _feature(number, entry)
        features.append(feature)
        if feature.geometry is not None:
            vertices += int(shapely.get_num_coordinates(feature.geometry))  # pyright: ignore[reportUnknownMemberType] - untyped **kwargs
            if vertices > VERTICES_MAX:
                raise too_large(f"A map has at most {VERTICES_MAX} vertices.")
    return MapFile(
        tuple(features), _declared(cast("Json", document).get("crs")), encoding or MapEncoding.UTF_8
    )


def _entries(document: object) -> list[object]:
    if isinstance(document, dict):
        members = cast("Json", document)
        entries = members.get("features")
        if members.get("type") == "FeatureCollection" and isinstance(entries, list):
            return cast("list[object]", entries)
        if members.get("type") == "Feature":
            return [members]
    raise unreadable(
        "map_unreadable", "This JSON is no GeoJSON: a FeatureCollection with its list of features."
    )


def _feature(number: int, entry: object) -> MapFeature:
    members = cast("Json", entry) if isinstance(entry, dict) else {}
    if members.get("type") != "Feature":
        raise unreadable("map_unreadable", f"Entry {number} of the features is no Feature.", line=number)
    properties = members.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        raise unreadable("map_unreadable", f"The properties of feature {number} are no object.", line=number)
    named = cast("Mapping[str, object]", properties)
    geometry = members.get("geometry")
    if geometry is None:
        return MapFeature(number, named, None)
    try:
        return MapFeature(number, named, _geometry(geometry))
    except _WrongGeometry as wrong:
        return MapFeature(number, named, None, str(wrong))


def _geometry(value: object, depth: int = 0) -> BaseGeometry:
    members = cast("Json", value) if isinstance(value, dict) else {}
    kind = members.get("type")
    if kind == "GeometryCollection":
        parts = members.get("geometries")
        if not isinstance(parts, list) or depth == _DEEPEST:
            raise _WrongGeometry(
                "The geometry collection has no list of geometries, or is nested too deeply."
            )
        return shapely.GeometryCollection(
            [_geometry(part, depth + 1) for part in cast("list[object]", parts)]
        )
    if not isinstance(kind, str) or kind not in _DEPTHS:
        raise _WrongGeometry(f"{_shown(kind)} is no type of geometry.")
    coordinates = members.get("coordinates")
    if not isinstance(coordinates, list):
        raise _WrongGeometry(f"The {kind} has no list of coordinates.")
    _check_positions(cast("list[object]", coordinates), _DEPTHS[kind])
    try:
        return _BUILDERS[kind](coordinates)
    except (shapely.errors.GEOSException, ValueError) as error:
        raise _WrongGeometry(
            f"The {kind} can't be built: {str(error).splitlines()[0].rstrip('.')}."
        ) from error


def _polygon(rings: list[list[list[float]]]) -> shapely.Polygon:
    for number, ring in enumerate(rings, 1):
        if ring and ring[0] != ring[-1]:
            raise _WrongGeometry(f"Ring {number} is not closed: its last position is not its first.")
        if len(ring) < _RING_MIN and (ring or number > 1):
            raise _WrongGeometry(f"Ring {number} has fewer than four positions.")
    shell, *holes = rings or [[]]
    return shapely.Polygon(shell, holes)


_BUILDERS: Final[Mapping[str, Callable[[Any], BaseGeometry]]] = {
    "Point": shapely.Point,
    "MultiPoint": shapely.MultiPoint,
    "LineString": shapely.LineString,
    "MultiLineString": shapely.MultiLineString,
    "Polygon": _polygon,
    "MultiPolygon": lambda polygons: shapely.MultiPolygon([_polygon(rings) for rings in polygons]),
}
"""By type, for coordinates that are positions at the right depth; they raise ValueError for too few of them."""


def _check_positions(coordinates: list[object], depth: int) -> None:
    """Raise _WrongGeometry unless there are positions of two numbers, or three, at this depth."""
    positions: Iterator[object] = iter([coordinates])
    for _ in range(depth):
        positions = itertools.chain.from_iterable(map(_members, positions))
    for position in positions:
        if not isinstance(position, list):
            raise _WrongGeometry(f"{_shown(position)} is no position: it has longitude and latitude.")
        numbers = cast("list[object]", position)
        # Booleans are numbers to Python, and lists of lists are arrays to the library.
        if len(numbers) not in _DIMENSIONS or not _NUMBERS.issuperset(map(type, numbers)):
            raise _WrongGeometry(
                f"{_shown(numbers)} is no position: it has longitude and latitude, both numbers."
            )


def _members(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _WrongGeometry(f"{_shown(value)} is no list of positions.")
    return cast("list[object]", value)


def _shown(value: object) -> str:
    try:
        text = orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # it writes less deeply nested JSON than it reads
        return "Something nested very deeply"
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _declared(crs: object) -> str | None:
    """Return what the member `crs` says, which GeoJSON of 2008 has and that of 2016 dropped."""
    if not isinstance(crs, dict):
        return None
    members = cast("Json", crs)
    properties = members.get("properties")
    facts = cast("Json", properties) if isinstance(properties, dict) else {}
    name = facts.get("name", facts.get("code", facts.get("href")))
    if members.get("type") == "EPSG":
        return f"EPSG:{name}"
    text = str(name).strip()
    known = _URN.fullmatch(text) or _CODE.fullmatch(text)
    return f"{known[1]}:{known[2]}".upper() if known else text[:100]
