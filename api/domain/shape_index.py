"""Many shapes in memory, for finding those around a place in microseconds."""

from collections.abc import Sequence
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Place, metres_per_degree

_EDGE_DEGREES: Final = 1e-9
"""How near to an edge (0.1 mm) a place lies on it; the same as for grids (`api.domain.grids`)."""

_SHORTEST_DEGREE_M: Final = 1.0
_ORIGIN: Final = shapely.Point(0.0, 0.0)


class ShapeIndex:
    """Points, lines and areas (EPSG:4326) by their position in the sequence that was given.

    Immutable and safe to share between threads. Shapes are taken as they lie in longitude and latitude, with
    straight edges; none may cross the antimeridian.
    """

    def __init__(self, shapes: Sequence[BaseGeometry]) -> None:
        self._tree = shapely.STRtree(shapes)
        self._shapes = self._tree.geometries
        # GEOS finishes its index at the first question: ask it before threads can.
        self._tree.query(_ORIGIN)

    def __len__(self) -> int:
        return len(self._shapes)

    def touching(self, place: Place) -> list[int]:
        """Return the positions of the shapes that the place lies in or on, in order; edges count."""
        here = shapely.Point(place.longitude, place.latitude)
        found = self._tree.query(here, predicate="dwithin", distance=_EDGE_DEGREES)
        return sorted(found.tolist())

    def within(self, place: Place, radius_m: float) -> list[tuple[int, float]]:
        """Return the positions of the shapes within this distance, in order, each with its distance in metres.

        Measured on a flat map with the place as its origin: wrong by less than 0.05 % (see `metres_per_degree`).
        """
        east_m, north_m = metres_per_degree(place.latitude)
        # Near a pole a degree of longitude shrinks to nothing; the box may then be as wide as the earth.
        width = 1.01 * radius_m / max(east_m, _SHORTEST_DEGREE_M)
        height = 1.01 * radius_m / north_m
        box = shapely.box(
            place.longitude - width, place.latitude - height, place.longitude + width, place.latitude + height
        )
        candidates = self._tree.query(box)
        if not candidates.size:
            return []
        positions = sorted(candidates.tolist())
        pairs = zip(positions, self._distances_m(positions, place), strict=True)
        return [(position, distance_m) for position, distance_m in pairs if distance_m <= radius_m]

    def distance_m(self, position: int, place: Place) -> float:
        """Return the distance in metres from a place to one shape, 0 inside; as exact as `within` is."""
        return self._distances_m([position], place)[0]

    def _distances_m(self, positions: list[int], place: Place) -> list[float]:
        here = (place.longitude, place.latitude)
        scale = metres_per_degree(place.latitude)
        flat = shapely.transform(self._shapes[positions], lambda degrees: (degrees - here) * scale)
        distances_m = shapely.distance(flat, _ORIGIN)  # pyright: ignore[reportUnknownMemberType] - untyped **kwargs
        return distances_m.tolist()
