# ruff: noqa: INP001 - bin holds scripts, not a package.
"""The roads and lanes of the demo street, in metres from its centre."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

HALF_ROAD_M: Final = 900.0
STEP_M: Final = 18.0
# A vertex less than this off the line between its neighbours is left out.
STRAIGHT_M: Final = 1.0
# Lanes run across the road at their end, so that road and lane surely meet in a common vertex.
OVERSHOOT_M: Final = 1.0
TRIES: Final = 200
SLIMMEST: Final = 0.6
BISECTIONS: Final = 24
CLOSEST_JUNCTIONS_M: Final = 12.0
CLOSEST_BEND_M: Final = 3.0


class Road(NamedTuple):
    """A line across the whole street."""

    at_m: float
    """Where it lies in the middle: metres east of the centre for an avenue, north for a cross street."""
    lean: float
    """Metres that it drifts that way for each metre along."""
    bends: tuple[tuple[float, float, float], ...]
    """Amplitude in metres, wave length in metres and phase in radians of each bend."""

    def offset_m(self, along_m: float) -> float:
        """Return how far east (or north) of the centre the road is, so far along its way."""
        waves = (
            height * math.sin(math.tau * along_m / length + phase) for height, length, phase in self.bends
        )
        return self.at_m + self.lean * along_m + sum(waves)


# West to east; the easternmost follows a river.
AVENUES: Final = (
    Road(-640, 0.05, ((14, 900, 0.4), (5, 240, 2.0))),
    Road(-366, -0.07, ((16, 1100, 1.1), (4, 310, 0.2))),
    Road(-28, 0.04, ((12, 1300, 2.6),)),
    Road(262, -0.09, ((22, 1000, 3.9), (4, 260, 1.0))),
    Road(612, 0.05, ((30, 700, 5.2), (12, 310, 2.2))),
)
# North to south; the southernmost is a ring road, nearly straight.
CROSS_STREETS: Final = (
    Road(528, 0.04, ((20, 1200, 2.9), (7, 340, 0.5))),
    Road(292, -0.06, ((16, 1000, 0.3), (3, 280, 1.4))),
    Road(14, 0.05, ((10, 1500, 1.9),)),
    Road(-262, 0.02, ((22, 1150, 4.4), (4, 330, 2.7))),
    Road(-496, -0.03, ((6, 1700, 0.8),)),
)


def polyline(vertex: Callable[[float], tuple[float, float]], half_m: float) -> LineString:
    """Draw a curve from -half_m to half_m along its way, with no more vertices than its bends need."""
    steps = math.ceil(2 * half_m / STEP_M)
    vertices = [vertex(half_m * (2 * step / steps - 1)) for step in range(steps + 1)]
    return LineString(LineString(vertices).simplify(STRAIGHT_M).coords)


def main_roads() -> list[LineString]:
    """Return all avenues and cross streets, reaching beyond the street's outline."""
    avenues = [
        polyline(lambda north, road=road: (road.offset_m(north), north), HALF_ROAD_M) for road in AVENUES
    ]
    return avenues + [
        polyline(lambda east, road=road: (east, road.offset_m(east)), HALF_ROAD_M) for road in CROSS_STREETS
    ]


def faces(lines: Sequence[BaseGeometry]) -> list[Polygon]:
    """Return the areas that lines enclose; wherever lines meet, the areas around get a common vertex."""
    network = shapely.polygonize(shapely.get_parts(shapely.union_all(lines)))
    return [face for face in shapely.get_parts(network) if isinstance(face, Polygon)]


def crossings(roads: Sequence[LineString]) -> shapely.MultiPoint:
    """Return the points in which main roads cross."""
    points = [
        point
        for avenue in roads[: len(AVENUES)]
        for street in roads[len(AVENUES) :]
        for point in shapely.get_parts(avenue.intersection(street))
        if isinstance(point, shapely.Point)
    ]
    return shapely.MultiPoint(points)


def compactness(area: Polygon) -> float:
    """Return 1 for a circle, 0.79 for a square and little for a sliver (Polsby-Popper)."""
    return 4 * math.pi * area.area / area.length**2


class Lane(NamedTuple):
    """A lane through an area, and what lies on its two sides: north or west first."""

    line: BaseGeometry
    sides: tuple[Polygon, Polygon]
    ends: shapely.MultiPoint

    @property
    def fitness(self) -> float:
        """Return how compact the slimmer side is."""
        return min(compactness(side) for side in self.sides)


def long_axis(area: Polygon) -> tuple[float, float]:
    """Return how far an area reaches east and south along its longer side; the farther of the two is positive."""
    corners: list[tuple[float, float]] = [
        (x, y) for x, y in shapely.get_coordinates(area.oriented_envelope).tolist()
    ]
    (from_x, from_y), (to_x, to_y) = max(list(pairwise(corners))[:2], key=lambda side: math.dist(*side))
    east, south = to_x - from_x, from_y - to_y
    return (east, south) if max(east, south, key=abs) > 0 else (-east, -south)


def draw_lane(area: Polygon, share: float, chance: random.Random) -> Lane | None:
    """Draw a bent lane across an area's long axis, so that this share of it comes to lie on the first side.

    None if the lane leaves more than two parts.
    """
    east, south = long_axis(area)
    long_m = math.hypot(east, south)
    heading = math.atan2(-south, east) + chance.gauss(0, 0.10)
    across = (math.cos(heading), math.sin(heading))
    along = (-across[1], across[0])
    middle = area.centroid
    height = long_m * chance.uniform(-0.06, 0.06)
    bend = (height, long_m * chance.uniform(0.7, 1.6), chance.uniform(0, math.tau))

    def lane_at(at_m: float) -> LineString:
        road = Road(at_m, 0.0, (bend,))

        def vertex(along_m: float) -> tuple[float, float]:
            offset = road.offset_m(along_m)
            return (
                middle.x + across[0] * offset + along[0] * along_m,
                middle.y + across[1] * offset + along[1] * along_m,
            )

        return polyline(vertex, 2 * long_m)

    def share_before(line: LineString) -> float:
        (ax, ay), *_, (bx, by) = line.coords
        back = [(x - across[0] * 4 * long_m, y - across[1] * 4 * long_m) for x, y in ((bx, by), (ax, ay))]
        return area.intersection(Polygon([*line.coords, *back])).area / area.area

    low, high = -long_m, long_m
    for _ in range(BISECTIONS):
        at_m = (low + high) / 2
        low, high = (at_m, high) if share_before(lane_at(at_m)) < share else (low, at_m)
    line = lane_at((low + high) / 2)
    sides = [part for part in split(area, line).geoms if isinstance(part, Polygon)]
    ends = line.intersection(area.exterior)
    if len(sides) != 2 or not isinstance(ends, shapely.MultiPoint):  # noqa: PLR2004 - a lane has two sides
        return None
    first, second = sorted(sides, key=lambda side: side.centroid.x * across[0] + side.centroid.y * across[1])
    return Lane(line.intersection(area.buffer(OVERSHOOT_M)), (first, second), ends)


def divide(
    area: Polygon, count: int, junctions: list[shapely.MultiPoint], chance: random.Random
) -> Iterator[BaseGeometry]:
    """Divide an area by lanes that keep off known junctions; yield each lane, and the parts in reading order."""
    if count == 1:
        yield area
        return
    half = count // 2
    known = shapely.union_all(junctions)
    bends = shapely.MultiPoint(list(area.exterior.coords))
    drawn = (draw_lane(area, half / count + chance.gauss(0, 0.05), chance) for _ in range(TRIES))
    # The first good lane rather than the best: no town is drawn for beauty alone.
    good = (lane for lane in drawn if lane is not None and lane.fitness > SLIMMEST)
    apart = (lane for lane in good if not lane.ends.dwithin(known, CLOSEST_JUNCTIONS_M))
    lane = next((lane for lane in apart if not lane.ends.dwithin(bends, CLOSEST_BEND_M)), None)
    if lane is None:
        raise RuntimeError(f"no lane in {TRIES} tries divides {area.wkt}: try another seed")
    junctions.append(lane.ends)
    yield lane.line
    yield from divide(lane.sides[0], half, junctions, chance)
    yield from divide(lane.sides[1], count - half, junctions, chance)
