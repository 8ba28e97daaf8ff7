"""Maps of grids for paper: areas in degrees become outlines in millimetres, as SVG has them.

A map is flat, north is up, and a metre is as long in every direction. It is true at the middle of the grid (see
`api.domain.geo.metres_per_degree`); 50 km away from it the error reaches about a hundredth, which paper does not show.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import MAX_LATITUDE, MAX_LONGITUDE, metres_per_degree

TOLERANCE_MM: Final = 0.1
"""How far a simplified line may lie from the true one: half of what a fine pen draws."""

SMALLEST_SPAN_M: Final = 20.0
"""A map shows so many metres at least, however small its grid: less than that is a plan of a room."""

_MARGIN_SHARE: Final = 0.08
"""Of the frame, left free on each side of the grid, so that one sees what is around it."""

_BLEED_MM: Final = 2.0
"""Outlines go on so far beyond the frame, where they are cut: no cut shows, however thick the line."""

_LABEL_INSET_MM: Final = 2.0
_BAR_SHARE: Final = 0.25
_SHORTEST_DEGREE_M: Final = 1.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The piece of paper that a map fills."""

    width_mm: float = 190.0
    height_mm: float = 150.0


@dataclass(frozen=True, slots=True)
class Window:
    """What a map shows: the place in the middle of the frame, and how many metres a millimetre stands for."""

    longitude: float
    latitude: float
    metres_per_mm: float
    frame: Frame

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees of all that is drawn, with what is cut off beyond the frame."""
        east_m, north_m = _degree_m(self.latitude)
        half_width = (self.frame.width_mm / 2 + _BLEED_MM) * self.metres_per_mm / east_m
        half_height = (self.frame.height_mm / 2 + _BLEED_MM) * self.metres_per_mm / north_m
        return (
            max(self.longitude - half_width, -MAX_LONGITUDE),
            max(self.latitude - half_height, -MAX_LATITUDE),
            min(self.longitude + half_width, MAX_LONGITUDE),
            min(self.latitude + half_height, MAX_LATITUDE),
        )

    def on_paper(self, area: BaseGeometry) -> BaseGeometry:
        """Return an area in degrees as it lies on the paper, in millimetres from the upper left corner."""
        middle = np.array((self.longitude, self.latitude))
        east_m, north_m = _degree_m(self.latitude)
        scale = np.array((east_m, -north_m)) / self.metres_per_mm
        centre = np.array((self.frame.width_mm, self.frame.height_mm)) / 2

        def move(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return (degrees - middle) * scale + centre

        return shapely.transform(area, move)


@dataclass(frozen=True, slots=True)
class Label:
    """Where a name may stand in an outline: the middle of the line, and how long it may be."""

    x_mm: float
    y_mm: float
    room_mm: float


@dataclass(frozen=True, slots=True)
class Outline:
    """A grid on the map. `path` is SVG path data, to be filled by the rule `evenodd`: what is inside twice is a hole.

    `label` is None where too little of it is on the map.
    """

    code: str
    path: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A round length on the ground and how long it is on the paper."""

    length_m: float
    length_mm: float


@dataclass(frozen=True, slots=True)
class GridMap:
    """A grid with what lies around it and in it."""

    frame: Frame
    subject: Outline
    neighbours: Sequence[Outline] = field(default_factory=tuple[Outline, ...])
    children: Sequence[Outline] = field(default_factory=tuple[Outline, ...])
    bar: ScaleBar = field(kw_only=True)


def window_around(area: BaseGeometry, frame: Frame) -> Window:
    """Return the window in which the whole area lies, as large as it fits into the frame with a margin around it.

    The area is in degrees (EPSG:4326), not empty, and does not cross the antimeridian.
    """
    west, south, east, north = area.bounds
    longitude, latitude = (west + east) / 2, (south + north) / 2
    east_m, north_m = _degree_m(latitude)
    usable = 1 - 2 * _MARGIN_SHARE
    metres_per_mm = max(
        (east - west) * east_m / (frame.width_mm * usable),
        (north - south) * north_m / (frame.height_mm * usable),
        SMALLEST_SPAN_M / min(frame.width_mm, frame.height_mm),
    )
    return Window(longitude, latitude, metres_per_mm, frame)


def draw_map(
    window: Window,
    subject: tuple[str, BaseGeometry],
    neighbours: Iterable[tuple[str, BaseGeometry]] = (),
    children: Iterable[tuple[str, BaseGeometry]] = (),
) -> GridMap:
    """Draw a grid in its window; each area comes with its code. What does not reach into the window is left out."""
    code, area = subject
    return GridMap(
        window.frame,
        _outline(window, code, area) or Outline(code, "", None),
        tuple(_outlines(window, neighbours)),
        tuple(_outlines(window, children)),
        bar=scale_bar(window),
    )


def scale_bar(window: Window) -> ScaleBar:
    """Return the longest bar of 1, 2 or 5 times a power of ten metres that takes at most a quarter of the width."""
    longest_m = window.frame.width_mm * _BAR_SHARE * window.metres_per_mm
    power = 10.0 ** math.floor(math.log10(longest_m))
    length_m = max(power * step for step in (1, 2, 5) if power * step <= longest_m)
    return ScaleBar(length_m, length_m / window.metres_per_mm)


def path_data(area: BaseGeometry) -> str:
    """Return an area on paper as SVG path data, each ring closed, to a hundredth of a millimetre."""
    return "".join(
        "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in ring.coords[:-1]) + "Z"
        for polygon in _polygons(area)
        for ring in chain((polygon.exterior,), polygon.interiors)
    )


def _outlines(window: Window, areas: Iterable[tuple[str, BaseGeometry]]) -> Iterator[Outline]:
    drawn = (_outline(window, code, area) for code, area in areas)
    return (outline for outline in drawn if outline is not None)


def _outline(window: Window, code: str, area: BaseGeometry) -> Outline | None:
    """Draw an area; None when nothing of it is on the map."""
    if not _may_meet(area.bounds, window.bounds):
        return None
    flat = window.on_paper(area)
    whole = flat if flat.is_valid else shapely.make_valid(flat)
    # First cut, then simplify: of a river that crosses the whole city only what is on the paper costs time.
    cut = shapely.intersection(whole, _paper(window.frame, -_BLEED_MM))
    simple = shapely.simplify(shapely.MultiPolygon(list(_polygons(cut))), TOLERANCE_MM)
    path = path_data(simple)
    return Outline(code, path, _label(simple, window.frame)) if path else None


def _may_meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Tell whether two boxes of west, south, east and north have a place in common."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _label(area: BaseGeometry, frame: Frame) -> Label | None:
    """Find room for a name in the largest piece that shows: the widest place at half of its height."""
    pieces = list(_polygons(shapely.intersection(area, _paper(frame, _LABEL_INSET_MM))))
    if not pieces:
        return None
    largest = max(pieces, key=lambda piece: piece.area)
    # GEOS takes the middle of the widest piece of a horizontal line, which is just what a line of text wants.
    at = shapely.point_on_surface(largest)
    west, _, east, _ = largest.bounds
    across = shapely.intersection(largest, shapely.LineString([(west - 1, at.y), (east + 1, at.y)]))
    lengths = (part.length for part in _parts(across) if part.distance(at) < TOLERANCE_MM)
    return Label(at.x, at.y, max(lengths, default=0.0))


def _paper(frame: Frame, inset_mm: float) -> shapely.Polygon:
    return shapely.box(inset_mm, inset_mm, frame.width_mm - inset_mm, frame.height_mm - inset_mm)


def _polygons(area: BaseGeometry) -> Iterator[shapely.Polygon]:
    """Yield the areas of a geometry: where outlines touch, cutting leaves points and lines beside them."""
    for part in _parts(area):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            yield part


def _parts(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    parts: Iterable[Any] | None = getattr(geometry, "geoms", None)
    if parts is None:
        yield geometry
        return
    for part in parts:
        yield from _parts(part)


def _degree_m(latitude: float) -> tuple[float, float]:
    east_m, north_m = metres_per_degree(latitude)
    # Near a pole a degree of longitude shrinks to nothing.
    return max(east_m, _SHORTEST_DEGREE_M), north_m
