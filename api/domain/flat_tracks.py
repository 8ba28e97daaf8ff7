"""Tracks on a flat map in metres, for holding shapes against them that are near, not only touched."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from api.domain.geo import metres_per_degree
from api.domain.walks import Leg


class FlatTrack:
    """The legs of a track (one at least) as lines in metres, true to scale at the middle of the track's latitudes."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        ends = np.array(
            [
                ((leg.start.longitude, leg.start.latitude), (leg.stop.longitude, leg.stop.latitude))
                for leg in legs
            ],
            dtype=np.float64,
        )
        self._low: NDArray[np.float64] = ends.min(axis=(0, 1))
        self._high: NDArray[np.float64] = ends.max(axis=(0, 1))
        middle = float(self._low[1] + self._high[1]) / 2
        self._scale: NDArray[np.float64] = np.array(metres_per_degree(middle))
        lines: Any = shapely.linestrings(ends * self._scale)
        self.tree = shapely.STRtree(lines)
        """The legs by their positions; in metres."""

    def around(self, reach_m: float) -> shapely.Polygon:
        """Return a box in degrees (EPSG:4326) around everything within so many metres of the track."""
        reach = reach_m / self._scale
        west, south = (self._low - reach).tolist()
        east, north = (self._high + reach).tolist()
        return cast("Any", shapely.box)(west, south, east, north)

    def flat(self, shapes: Any) -> Any:  # noqa: ANN401  a shape, or an array of shapes
        """Return a shape or an array of shapes (EPSG:4326) in metres, as the legs are."""
        scale = self._scale

        def scaled(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
            return degrees * scale

        return cast("Any", shapely.transform)(shapes, scaled)


class Waysides:
    """Places (EPSG:4326) that a track may pass, by code. Immutable, safe to share between threads."""

    def __init__(self, places: Sequence[tuple[str, BaseGeometry]]) -> None:
        self._codes = tuple(code for code, _ in places)
        self._tree = shapely.STRtree([shape for _, shape in places])
        self._shapes = self._tree.geometries
        # GEOS finishes its index at the first question: ask it before threads can.
        self._tree.query(shapely.Point(0.0, 0.0))

    def passed(self, legs: Sequence[Leg], reach_m: float) -> dict[str, int]:
        """Return the places that a track came within so many metres of, each with when it last was (ms since 1970).

        `legs` are in order of time; a place was last passed when the last leg in its reach was over.
        """
        if not legs or not self._codes:
            return {}
        track = FlatTrack(legs)
        near = np.sort(self._tree.query(track.around(reach_m)))
        shapes = track.flat(self._shapes[near])
        which, on = track.tree.query(shapes, predicate="dwithin", distance=reach_m)
        last = np.full(len(near), -1, dtype=np.intp)
        np.maximum.at(last, which, on)
        return {
            self._codes[place]: legs[leg].stop.at_ms
            for place, leg in zip(near.tolist(), last.tolist(), strict=True)
            if leg >= 0
        }
