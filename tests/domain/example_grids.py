"""A city cut into grids as surveyors cut it: crooked lines that neighbours share vertex by vertex."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs, Place, from_wgs84
from api.domain.grid_drafts import GridDraft
from api.domain.grids import CodePattern, GridLevel
from api.domain.map_files import MapFeature, MapFile

PATTERN = CodePattern()
WEST, SOUTH = 116.3, 39.8
STEP = 0.001
"""About 100 m: a unit grid has about 9 500 m²."""

CITY = "1101"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many grids of the next level lie along each side of a grid."""

    districts: int = 2
    streets: int = 2
    communities: int = 2
    units: int = 2

    @property
    def along(self) -> int:
        """Unit grids along the side of the city."""
        return self.districts * self.streets * self.communities * self.units


LARGE = Sizes(2, 2, 5, 5)
"""10 000 unit grids in 400 communities, 16 streets and 4 districts."""


def cut_city(sizes: Sizes | None = None, seed: int = 0, bends: int = 1) -> dict[str, GridDraft]:
    """Return the grids of a city by code, all levels; each edge between two corners bends `bends` times."""
    sizes = sizes or Sizes()
    lines = _Lines(Random(seed), sizes.along, bends)
    shapes: dict[str, BaseGeometry] = {}
    below: dict[str, list[BaseGeometry]] = {}
    for row in range(sizes.along):
        for column in range(sizes.along):
            code = _code(row, column, sizes)
            cell = lines.cell(row, column)
            shapes[code] = cell
            for parent in PATTERN.path_of(code)[:-1]:
                below.setdefault(parent, []).append(cell)
    for code, cells in below.items():
        shapes[code] = shapely.coverage_union_all(cells)
    return {code: grid(code, shapes[code], number) for number, code in enumerate(sorted(shapes), 1)}


def grid(code: str, shape: BaseGeometry, number: int | None = None) -> GridDraft:
    """Return a grid with this code and shape."""
    area = shapely.MultiPolygon(shapely.get_parts(shape).tolist())
    level, parent = PATTERN.level_of(code), PATTERN.parent_of(code)
    return GridDraft(number, code, f"网格{code}", f"Grid {code}", level, parent, None, area)


def with_shape(grids: Mapping[str, GridDraft], code: str, shape: BaseGeometry) -> dict[str, GridDraft]:
    """Return the same grids, one with another shape."""
    return {**grids, code: grid(code, shape, grids[code].number)}


def units(grids: Mapping[str, GridDraft]) -> list[GridDraft]:
    """Return the unit grids."""
    return [one for one in grids.values() if one.level is GridLevel.UNIT_GRID]


def map_of(grids: Mapping[str, GridDraft], crs: Crs = Crs.WGS84) -> MapFile:
    """Return the grids as a map in another system has them."""
    features = tuple(
        MapFeature(number, {"code": one.code, "name_zh": one.name_zh}, _shifted(one.shape, crs))
        for number, one in enumerate(grids.values(), 1)
    )
    return MapFile(features, None)


def geojson_of(grids: Mapping[str, GridDraft], crs: Crs = Crs.WGS84) -> bytes:
    """Return the grids as a GeoJSON file."""
    features = [
        {
            "type": "Feature",
            "properties": dict(feature.properties),
            "geometry": orjson.loads(shapely.to_geojson(feature.geometry) or "null"),
        }
        for feature in map_of(grids, crs).features
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _shifted(shape: BaseGeometry, crs: Crs) -> BaseGeometry:
    def shift(longitude: float, latitude: float) -> tuple[float, float]:
        return from_wgs84(Place(longitude, latitude), crs)

    rings = shapely.get_coordinates(shape).tolist()
    moved = [shift(longitude, latitude) for longitude, latitude in rings]
    return shapely.set_coordinates(shapely.from_wkb(shapely.to_wkb(shape)), moved)


def _code(row: int, column: int, sizes: Sizes) -> str:
    """Return the code of a unit grid: each level is numbered anew in what is around it."""
    parts: list[int] = []
    for along in (sizes.units, sizes.communities, sizes.streets, sizes.districts):
        row, inner_row = divmod(row, along)
        column, inner_column = divmod(column, along)
        parts.append(inner_row * along + inner_column + 1)
    unit, community, street, district = parts
    return f"{CITY}{district:02}{street:03}{community:03}{unit:03}"


class _Lines:
    """The lines between the corners of a crooked lattice."""

    def __init__(self, random: Random, along: int, bends: int) -> None:
        jitter = 0.3 * STEP
        self._corners = {
            (row, column): (
                WEST + column * STEP + random.uniform(-jitter, jitter),
                SOUTH + row * STEP + random.uniform(-jitter, jitter),
            )
            for row in range(along + 1)
            for column in range(along + 1)
        }
        self._bends = bends
        self._random = random
        self._drawn: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[float, float]]] = {}

    def cell(self, row: int, column: int) -> shapely.Polygon:
        """Return the area between four corners."""
        corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
        ring: list[tuple[float, float]] = []
        for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
            ring.extend(self._line(start, end))
        return shapely.Polygon(ring)

    def _line(self, start: tuple[int, int], end: tuple[int, int]) -> list[tuple[float, float]]:
        """Return a line without its end, drawn once however often it is asked for."""
        if start > end:
            there = [*self._line(end, start), self._corners[start]]
            return there[:0:-1]
        if (start, end) not in self._drawn:
            self._drawn[start, end] = list(self._bent(self._corners[start], self._corners[end]))
        return self._drawn[start, end]

    def _bent(self, start: tuple[float, float], end: tuple[float, float]) -> Iterator[tuple[float, float]]:
        yield start
        (x0, y0), (x1, y1) = start, end
        for bend in range(1, self._bends + 1):
            share = bend / (self._bends + 1)
            sideways = self._random.uniform(-0.1, 0.1) * min(share, 1 - share)
            yield x0 + share * (x1 - x0) - sideways * (y1 - y0), y0 + share * (y1 - y0) + sideways * (x1 - x0)
