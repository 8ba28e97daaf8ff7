"""Corners of one area on the side of another: made corners of both before a map is bent.

Where two small areas meet at the side of a large one, people draw the corner between them on a straight line of the
large one, which has no vertex there. On the map that was drawn on nothing is missing. But GCJ-02 and BD-09 bend what is
straight: a side of 500 m by a centimetre, one of 3 km by half a metre. Converted vertex by vertex, the corner leaves
the line, and square metres open or overlap that nobody drew. With a vertex at the corner the line bends with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

ON_LINE_DEGREES: Final = 1e-7
"""A centimetre, to which most files round: a corner so near to a line was drawn on it."""

_SHORT_DEGREES: Final = 1e-4
"""Ten metres: a shorter side bends by less than a hair, whatever lies on it."""

_Point = tuple[float, float]
_Corners = Mapping[tuple[_Point, _Point], Sequence[_Point]]


def with_junctions(areas: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Return polygons and multipolygons whose sides have a vertex wherever a corner of another lies on them.

    Those that need none are returned as they are. Sides move by `ON_LINE_DEGREES` at most; those shorter than ten
    metres are left alone.
    """
    if not areas:
        return []
    sides, owners = _sides(areas)
    corners = np.unique(sides.reshape(-1, 2), axis=0)
    is_long = np.abs(sides[:, :2] - sides[:, 2:]).max(axis=1) > _SHORT_DEGREES
    sides, owners = sides[is_long], owners[is_long]
    # The stubs tell arrays from single geometries by types that numpy does not give.
    lines = cast("Sequence[BaseGeometry]", shapely.linestrings(sides.reshape(-1, 2, 2)))
    points = cast("Sequence[BaseGeometry]", shapely.points(corners))
    found = shapely.STRtree(lines).query(points, "dwithin", distance=ON_LINE_DEGREES)
    met = corners[found[0]]
    starts, ends = sides[found[1], :2], sides[found[1], 2:]
    # Next to its ends a side has a vertex already.
    between = np.minimum(np.abs(met - starts).max(axis=1), np.abs(met - ends).max(axis=1)) > ON_LINE_DEGREES
    if not between.any():
        return list(areas)
    order = np.lexsort((((met - starts) ** 2).sum(axis=1)[between], found[1][between]))
    corners_on: dict[tuple[_Point, _Point], list[_Point]] = {}
    hits = np.hstack((starts[between], ends[between], met[between]))[order]
    for x0, y0, x1, y1, x, y in dict.fromkeys(map(tuple, cast("list[list[float]]", hits.tolist()))):
        corners_on.setdefault(((x0, y0), (x1, y1)), []).append((x, y))
    changed = set(cast("list[int]", owners[found[1][between]].tolist()))
    return [_redrawn(area, corners_on) if number in changed else area for number, area in enumerate(areas)]


def _sides(areas: Sequence[BaseGeometry]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return start and end of each side (x, y, x, y), and the position of the area that it belongs to."""
    parts, part_owners = shapely.get_parts(np.array(areas, dtype=object), return_index=True)
    rings, ring_parts = shapely.get_rings(parts, return_index=True)
    vertices, vertex_rings = shapely.get_coordinates(rings, return_index=True)
    joined = (vertex_rings[:-1] == vertex_rings[1:]) & (vertices[:-1] != vertices[1:]).any(axis=1)
    sides = np.hstack((vertices[:-1], vertices[1:]))[joined]
    return sides, part_owners[ring_parts][vertex_rings[:-1][joined]]


def _redrawn(area: BaseGeometry, corners_on: _Corners) -> BaseGeometry:
    redrawn: list[shapely.Polygon] = []
    for part in shapely.get_parts(area).tolist():
        shell, *holes = [list(_with_corners(ring, corners_on)) for ring in shapely.get_rings(part).tolist()]
        redrawn.append(shapely.Polygon(shell, holes))
    return redrawn[0] if isinstance(area, shapely.Polygon) else shapely.MultiPolygon(redrawn)


def _with_corners(ring: BaseGeometry, corners_on: _Corners) -> Iterator[_Point]:
    vertices: list[_Point] = [
        (x, y) for x, y in cast("list[list[float]]", shapely.get_coordinates(ring).tolist())
    ]
    for start, end in pairwise(vertices):
        yield start
        yield from corners_on.get((start, end), ())
    yield vertices[-1]
