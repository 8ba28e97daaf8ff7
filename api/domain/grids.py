"""Grids (网格): their levels, their codes, and which unit grid a place belongs to."""

# ruff: noqa: N818 - the errors' names are sentences in the domain's words, as in api.domain.errors.

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import ClassVar, Final, Self

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Place, metres_per_degree

MAX_ACCURACY_REACH_M: Final = 200.0
"""However bad a fix is, it never widens the search for the nearest grid beyond this."""

_EDGE_DEGREES: Final = 1e-9
"""How near to an edge (0.1 mm) a place lies on it. No edge that runs aslant holds exactly the middle of its ends in
floating point, and a conversion from GCJ-02 or BD-09 gives a place back to about a tenth of this."""

_TIE_M: Final = 1e-6
_SHORTEST_DEGREE_M: Final = 1.0
_ORIGIN: Final = shapely.Point(0.0, 0.0)


class GridError(ValueError):
    """The grid can't be used."""

    code: ClassVar[str] = "grid_wrong"

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.facts: Mapping[str, object] = facts


class GridCodeWrong(GridError):
    """The grid code does not follow the code pattern."""

    code = "grid_code_wrong"


class CodePatternWrong(GridError):
    """The code pattern makes no sense."""

    code = "code_pattern_wrong"


class GridCodeTwice(GridError):
    """Two grids have the same code."""

    code = "grid_code_twice"


class GridShapeWrong(GridError):
    """The grid's geometry is not a valid area."""

    code = "grid_shape_wrong"


class SearchRadiusWrong(GridError):
    """A distance must be a finite number of metres, zero or more."""

    code = "search_radius_wrong"


class GridLevel(StrEnum):
    """The levels of grids, the widest first: each lies within one of the level before."""

    CITY = "city"
    """市"""
    DISTRICT = "district"
    """区县"""
    STREET = "street"
    """街道, 乡镇"""
    COMMUNITY = "community"
    """社区, 村"""
    UNIT_GRID = "unit_grid"
    """单元网格: about 10 000 m², what tickets are filed in."""


_LEVELS: Final = tuple(GridLevel)


@dataclass(frozen=True, slots=True)
class CodePattern:
    """How many digits each part of a unit grid's code has; a parent's code is a prefix of its child's.

    The default is the usual 15 digits: 6 for the administrative division (行政区划: province, city,
    district), 3 for the street, 3 for the community, 3 in sequence. 14-digit schemes end in 2, 16-digit in 4.
    Raise `CodePatternWrong` for a level without digits of its own, or for more than `MAX_DIGITS`.
    """

    MAX_DIGITS: ClassVar[int] = 20

    province: int = 2
    city: int = 2
    district: int = 2
    street: int = 3
    community: int = 3
    unit_grid: int = 3

    def __post_init__(self) -> None:
        """Refuse patterns under which two levels would have codes of the same length."""
        parts = self._parts()
        if self.province < 0 or min(parts[1:]) < 1 or sum(parts) > self.MAX_DIGITS:
            raise CodePatternWrong(
                f"{self} needs a digit or more at each level (the province may have none) "
                f"and {self.MAX_DIGITS} at most",
                pattern=str(self),
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern as it is written in settings: the digits of the six parts, as in `2+2+2+3+3+3`."""
        parts = text.split("+")
        if len(parts) != len(_LEVELS) + 1 or not all(_is_digits(part.strip()) for part in parts):
            raise CodePatternWrong(f"{text!r} is not written like 2+2+2+3+3+3", pattern=text)
        return cls(*(int(part) for part in parts))

    def __str__(self) -> str:
        return "+".join(map(str, self._parts()))

    def length_of(self, level: GridLevel) -> int:
        """Return the number of digits of a code of this level."""
        return self._lengths()[level]

    def level_of(self, code: str) -> GridLevel:
        """Return the level that this code is of, by its length; raise `GridCodeWrong` if it is of none."""
        if _is_digits(code):
            for level, length in self._lengths().items():
                if len(code) == length:
                    return level
        lengths = ", ".join(f"{length} ({level})" for level, length in self._lengths().items())
        raise GridCodeWrong(f"{code!r} does not have as many digits as a grid code: {lengths}", grid=code)

    def require(self, code: str, level: GridLevel) -> None:
        """Raise `GridCodeWrong` unless this is a code of that level."""
        found = self.level_of(code)
        if found is not level:
            raise GridCodeWrong(f"{code!r} is the code of a {found}, not of a {level}", grid=code)

    def parent_of(self, code: str) -> str | None:
        """Return the code of the grid around this one, None for a city; raise `GridCodeWrong` for no code."""
        position = _LEVELS.index(self.level_of(code))
        return code[: self.length_of(_LEVELS[position - 1])] if position else None

    def path_of(self, code: str) -> tuple[str, ...]:
        """Return the codes from the city down to this grid itself; raise `GridCodeWrong` if it is no code."""
        self.level_of(code)
        return tuple(code[:length] for length in self._lengths().values() if length <= len(code))

    def _parts(self) -> tuple[int, ...]:
        return self.province, self.city, self.district, self.street, self.community, self.unit_grid

    def _lengths(self) -> dict[GridLevel, int]:
        lengths = list(accumulate(self._parts()))
        return dict(zip(_LEVELS, lengths[1:], strict=True))


class Whereabouts(StrEnum):
    """How a place lies to the unit grids."""

    INSIDE = "inside"
    """In the grid or on its edge."""
    NEAREST = "nearest"
    """In no grid, but this one is near enough."""
    OUTSIDE_GRIDS = "outside_grids"
    """In no grid, and none is near enough."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a place belongs."""

    code: str | None
    """The unit grid; None if `OUTSIDE_GRIDS`."""
    distance_m: float | None
    """From the place to that grid; 0 inside."""
    reason: Whereabouts
    reach_m: float
    """How far from a grid the place was allowed to be."""


class GridIndex:
    """All unit grids in memory, for finding the one that a place belongs to in microseconds.

    Immutable and safe to share between threads. Areas are taken as they lie in longitude and latitude, with
    straight edges; none may cross the antimeridian.
    """

    def __init__(self, grids: Iterable[tuple[str, GridLevel, BaseGeometry]]) -> None:
        """Take code, level and area (EPSG:4326) of each grid, in any order; only unit grids are kept.

        Raise `GridCodeTwice`, or `GridShapeWrong` for what is not a valid, non-empty polygon or multipolygon.
        """
        units = sorted(
            ((code, shape) for code, level, shape in grids if level is GridLevel.UNIT_GRID),
            key=lambda unit: unit[0],
        )
        for (code, _), (following, _) in pairwise(units):
            if code == following:
                raise GridCodeTwice(f"{code!r} is the code of two grids", grid=code)
        for code, shape in units:
            _require_area(code, shape)
        # In the order of their codes: the lowest position is the lowest code.
        self._codes = tuple(code for code, _ in units)
        self._tree = shapely.STRtree([shape for _, shape in units])
        self._shapes = self._tree.geometries
        # GEOS finishes its index at the first question: ask it before threads can.
        self._tree.query(_ORIGIN)

    def __len__(self) -> int:
        return len(self._codes)

    def areas(self) -> Iterator[tuple[str, BaseGeometry]]:
        """Yield the code and the area (EPSG:4326) of each unit grid, in the order of codes."""
        yield from zip(self._codes, self._shapes.tolist(), strict=True)

    def locate(
        self,
        place: Place,
        accuracy_m: float | None = None,
        tolerance_m: float = 50.0,
        accuracy_reach_m: float = MAX_ACCURACY_REACH_M,
    ) -> Located:
        """Return the unit grid that this place belongs to.

        A place on the edge or corner of several grids belongs to the lowest code. A place in none goes to the
        nearest one within `tolerance_m`, or within the fix's accuracy if that is worse, but never for the
        accuracy's sake farther than `accuracy_reach_m`; of grids equally near (to a micrometre), to the
        lowest code. Inside or outside is decided on the degrees, with edges a tenth of a millimetre wide;
        distances err by less than 0.05 % (see `metres_per_degree`).

        Raise `SearchRadiusWrong` for a distance that is negative or not finite.
        """
        reach_m = _reach_m(accuracy_m, tolerance_m, accuracy_reach_m)
        here = shapely.Point(place.longitude, place.latitude)
        covering = self._tree.query(here, predicate="dwithin", distance=_EDGE_DEGREES)
        if covering.size:
            return Located(self._codes[int(covering.min())], 0.0, Whereabouts.INSIDE, reach_m)
        return self._nearest(place, reach_m)

    def _nearest(self, place: Place, reach_m: float) -> Located:
        """Return the nearest grid within reach, on a flat map in metres with this place as its origin."""
        east_m, north_m = metres_per_degree(place.latitude)
        # Near a pole a degree of longitude shrinks to nothing; the box may then be as wide as the earth.
        width = 1.01 * reach_m / max(east_m, _SHORTEST_DEGREE_M)
        height = 1.01 * reach_m / north_m
        box = shapely.box(
            place.longitude - width, place.latitude - height, place.longitude + width, place.latitude + height
        )
        candidates = self._tree.query(box)
        if candidates.size:
            candidates.sort()
            here = (place.longitude, place.latitude)
            flat = shapely.transform(
                self._shapes[candidates], lambda degrees: (degrees - here) * (east_m, north_m)
            )
            distances_m = shapely.distance(flat, _ORIGIN)  # pyright: ignore[reportUnknownMemberType] - untyped **kwargs
            if (shortest_m := float(distances_m.min())) <= reach_m:
                first = int(candidates[(distances_m <= shortest_m + _TIE_M).argmax()])
                return Located(self._codes[first], shortest_m, Whereabouts.NEAREST, reach_m)
        return Located(None, None, Whereabouts.OUTSIDE_GRIDS, reach_m)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _reach_m(accuracy_m: float | None, tolerance_m: float, accuracy_reach_m: float) -> float:
    for name, distance in (
        ("accuracy_m", accuracy_m),
        ("tolerance_m", tolerance_m),
        ("accuracy_reach_m", accuracy_reach_m),
    ):
        if distance is not None and not (math.isfinite(distance) and distance >= 0):
            raise SearchRadiusWrong(
                f"{name} is {distance!r}, not a finite number of metres, zero or more", name=name
            )
    return max(tolerance_m, min(accuracy_m or 0.0, accuracy_reach_m))


def _require_area(code: str, shape: BaseGeometry) -> None:
    if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        raise GridShapeWrong(f"grid {code} is a {shape.geom_type}, not an area", grid=code)
    if shape.is_empty:
        raise GridShapeWrong(f"grid {code} is empty", grid=code)
    if not shape.is_valid:
        raise GridShapeWrong(f"grid {code}: {shapely.is_valid_reason(shape)}", grid=code)
