"""Coverage (巡查覆盖): which areas a clean track was in, for how long and how far, and which road stretches it went.

A leg between two fixes is taken as straight and at one pace, so an area gets of its time and metres the share of its
length that lies inside. Shares are the same in degrees as in metres: both directions are only scaled.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from api.domain.flat_tracks import FlatTrack
from api.domain.geo import metres_per_degree
from api.domain.walks import Leg

_ROUNDING: Final = 1e-9
_SAMPLE_M: Final = 5.0
"""Roads are held against a track at points this far apart."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A visit to an area, from the first leg that touches it to the last, with the time and metres inside.

    Somebody who leaves for less than the visit gap and comes back makes one visit.
    """

    key: str
    start_ms: int
    stop_ms: int
    dwell_ms: float
    walked_m: float


class Regions:
    """Areas (EPSG:4326) that tracks are held against, each with a key. Immutable, safe to share between threads.

    Those of a tiling share edges: what lies on one belongs to the lowest key alone. Others may overlap and each
    counts for itself.
    """

    def __init__(self, areas: Iterable[tuple[str, BaseGeometry]], *, is_tiling: bool) -> None:
        known = sorted(areas, key=lambda area: area[0])
        self._is_tiling = is_tiling
        self._keys = tuple(key for key, _ in known)
        self._tree = shapely.STRtree([shape for _, shape in known])
        self._shapes = self._tree.geometries
        # GEOS finishes its index at the first question: ask it before threads can.
        self._tree.query(shapely.Point(0.0, 0.0))
        shapely.prepare(self._shapes)

    def __len__(self) -> int:
        return len(self._keys)

    def shares(self, legs: Sequence[Leg]) -> list[tuple[int, str, float]]:
        """Return (position of the leg, key, share of its length inside), in order, without shares of nothing."""
        if not legs or not self._keys:
            return []
        ends = np.array(
            [
                ((leg.start.longitude, leg.start.latitude), (leg.stop.longitude, leg.stop.latitude))
                for leg in legs
            ],
            dtype=np.float64,
        )
        still = (ends[:, 0] == ends[:, 1]).all(axis=1)
        found = [*self._shares_standing(ends, np.flatnonzero(still))]
        found += self._shares_moving(ends, np.flatnonzero(~still))
        return sorted(found)

    def _shares_standing(
        self, ends: NDArray[np.float64], positions: NDArray[np.intp]
    ) -> Iterator[tuple[int, str, float]]:
        points: Any = cast("Any", shapely.points)(ends[positions, 0])
        seen: set[int] = set()
        for which, area in sorted(_pairs(self._tree, points)):
            leg = int(positions[which])
            # In a tiling the first is the lowest key.
            if not (self._is_tiling and leg in seen):
                seen.add(leg)
                yield leg, self._keys[area], 1.0

    def _shares_moving(
        self, ends: NDArray[np.float64], positions: NDArray[np.intp]
    ) -> Iterator[tuple[int, str, float]]:
        lines: Any = shapely.linestrings(ends[positions])
        near = self._tree.query(lines)
        # The areas are prepared, so asking them is quicker than letting the index ask each line.
        touching = shapely.intersects(self._shapes[near[1]], lines[near[0]])
        which, areas = near[0][touching], near[1][touching]
        # By line, then in the order of keys.
        order = np.lexsort((areas, which))
        which, areas = which[order], areas[order]
        share = np.ones(len(which))
        # Most legs lie inside one area, which is quick to tell; only the others are cut.
        cut = np.flatnonzero(~shapely.covers(self._shapes[areas], lines[which]))
        inside: Any = shapely.intersection(lines[which[cut]], self._shapes[areas[cut]])
        share[cut] = _lengths(inside) / _lengths(lines[which[cut]])
        if self._is_tiling:
            self._part_edges(lines, which, areas, share)
        for position, area, part in zip(which.tolist(), areas.tolist(), share.tolist(), strict=True):
            if part > _ROUNDING:
                yield int(positions[position]), self._keys[area], min(part, 1.0)

    def _part_edges(
        self,
        lines: Any,  # noqa: ANN401  an array of shapes
        which: NDArray[np.intp],
        areas: NDArray[np.intp],
        share: NDArray[np.float64],
    ) -> None:
        """Give what runs along a shared edge to the lowest key alone."""
        sums = np.bincount(which, weights=share, minlength=len(lines))
        for line in np.flatnonzero(sums > 1.0 + _ROUNDING).tolist():
            rest: BaseGeometry = lines[line]
            whole = rest.length
            for pair in np.flatnonzero(which == line).tolist():  # in the order of keys
                shape = cast("BaseGeometry", self._shapes[areas[pair]])
                share[pair] = shapely.intersection(rest, shape).length / whole
                rest = shapely.difference(rest, shape)


def stays_in(
    regions: Regions, legs: Sequence[Leg], visit_gap_ms: int, midnights_ms: Sequence[int] = ()
) -> list[Stay]:
    """Return the visits of a track to these areas, by the time they began, then by key.

    `legs` are those of one track, in order of time. A visit ends with the leg that passes one of `midnights_ms`
    (in order): what a night patrol sees counts on the day on which it was seen.
    """
    open_stays: dict[str, Stay] = {}
    over: list[Stay] = []
    for position, key, share in regions.shares(legs):
        leg = legs[position]
        begun = open_stays.get(key)
        if begun is not None and (
            leg.start.at_ms - begun.stop_ms > visit_gap_ms
            or bisect_right(midnights_ms, begun.start_ms) < bisect_right(midnights_ms, leg.start.at_ms)
        ):
            over.append(begun)
            begun = None
        open_stays[key] = Stay(
            key,
            begun.start_ms if begun else leg.start.at_ms,
            leg.stop.at_ms,
            (begun.dwell_ms if begun else 0.0) + share * leg.duration_ms,
            (begun.walked_m if begun else 0.0) + share * leg.walked_m,
        )
    return sorted([*over, *open_stays.values()], key=lambda stay: (stay.start_ms, stay.key))


def widened(shape: BaseGeometry, buffer_m: float) -> BaseGeometry:
    """Return a shape in EPSG:4326 with everything within so many metres of it.

    Computed on a flat map at its middle latitude; round corners are cut by less than 1 % of the buffer.
    """
    if buffer_m <= 0.0:
        return shape
    _, south, _, north = shape.bounds
    scale = np.array(metres_per_degree((south + north) / 2))
    flat = shapely.transform(shape, lambda degrees: degrees * scale)
    around = shapely.buffer(flat, buffer_m, quad_segs=16)
    return shapely.transform(around, lambda metres: metres / scale)


@dataclass(frozen=True, slots=True)
class RoadRules:
    """The office's thresholds for road stretches (policies)."""

    stretch_m: float
    """A road is cut into stretches of this length; the last one is what is left."""
    reach_m: float
    """A road is gone where the track passes within this distance."""
    share_min: float
    """A stretch counts as entered when at least this share of it was gone."""


@dataclass(frozen=True, slots=True)
class RoadWalk:
    """How far a track went along a road, whichever way. Stretches are counted from the road's beginning, from 0."""

    key: str
    stretches: int
    entered: tuple[int, ...]
    gone_m: float
    length_m: float


def roads_gone(roads: Mapping[str, BaseGeometry], legs: Sequence[Leg], rules: RoadRules) -> list[RoadWalk]:
    """Return the roads (lines in EPSG:4326) that a track went along somewhere, by key."""
    if not legs:
        return []
    track = FlatTrack(legs)
    around = track.around(rules.reach_m)
    walks = (
        _road_walk(key, track.flat(road), track.tree, rules)
        for key, road in sorted(roads.items())
        if shapely.intersects(road, around)
    )
    return [walk for walk in walks if walk is not None]


def _road_walk(key: str, road: BaseGeometry, tree: shapely.STRtree, rules: RoadRules) -> RoadWalk | None:
    """Hold a road in metres against the legs in metres, at the middles of pieces of `_SAMPLE_M` or a little less."""
    stretches = stretch_count(road.length, rules.stretch_m)
    pieces = max(1, int(np.ceil(road.length / _SAMPLE_M)))
    piece_m = road.length / pieces
    along = (np.arange(pieces) + 0.5) * piece_m
    one_line: Any = _as_one(road)
    points: Any = shapely.line_interpolate_point(one_line, along)  # pyright: ignore[reportUnknownMemberType] - untyped **kwargs
    near = tree.query(points, predicate="dwithin", distance=rules.reach_m)[0]
    gone = np.zeros(pieces, dtype=np.bool_)
    gone[near] = True
    if not gone.any():
        return None
    stretch_of = np.minimum((along / rules.stretch_m).astype(np.intp), stretches - 1)
    total = np.bincount(stretch_of, minlength=stretches)
    share = np.bincount(stretch_of, weights=gone, minlength=stretches) / np.maximum(total, 1)
    entered = np.flatnonzero((share >= rules.share_min) & (total > 0)).tolist()
    return RoadWalk(key, stretches, tuple(entered), float(gone.sum()) * piece_m, road.length)


def stretch_count(length_m: float, stretch_m: float) -> int:
    """Return how many stretches a road has; the last may be shorter than the others."""
    return max(1, int(np.ceil(length_m / stretch_m - _ROUNDING)))


def length_m(road: BaseGeometry) -> float:
    """Return the length of a line in EPSG:4326, on a flat map at its middle latitude."""
    _, south, _, north = road.bounds
    scale: NDArray[np.float64] = np.array(metres_per_degree((south + north) / 2))
    return shapely.transform(road, lambda degrees: degrees * scale).length


def _as_one(road: BaseGeometry) -> BaseGeometry:
    """Return a road of several lines as one, in their order."""
    if isinstance(road, shapely.MultiLineString):
        return shapely.LineString(np.concatenate([shapely.get_coordinates(line) for line in road.geoms]))
    return road


def _pairs(tree: shapely.STRtree, shapes: Any) -> list[tuple[int, int]]:  # noqa: ANN401  an array of shapes
    found = tree.query(shapes, predicate="intersects")
    return list(zip(found[0].tolist(), found[1].tolist(), strict=True))


def _lengths(lines: Any) -> NDArray[np.float64]:  # noqa: ANN401  an array of shapes
    return cast("Any", shapely.length)(lines)
