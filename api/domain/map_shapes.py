"""The geometries of a whole map: brought to EPSG:4326, where they lie, and how large they are."""

from collections.abc import Iterable, Sequence
from typing import Final, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs, metres_per_degree, to_wgs84

Bounds = tuple[float, float, float, float]
"""West, south, east and north in degrees."""

SHIFTED: Final = frozenset({Crs.GCJ02, Crs.BD09})
"""Systems that move each place by its own distance."""


def flat_in_wgs84(shapes: Sequence[BaseGeometry], crs: Crs) -> list[BaseGeometry]:
    """Return these geometries in longitude and latitude (EPSG:4326), without heights and measures.

    Each vertex goes through `to_wgs84`, each place once: a vertex that neighbours share they share afterwards, to
    the last bit. That takes about 15 µs for each place of GCJ-02 or BD-09 and nothing for the others. Raise
    `PlaceNotFinite` or `PlaceOutsideEarth` for a vertex that is no place.
    """
    drawn = np.array(shapes, dtype=object)
    # What comes back has two dimensions, whatever went in.
    flat = shapely.transform(
        drawn, lambda vertices: _converted(vertices, crs) if crs in SHIFTED else vertices
    )
    return cast("list[BaseGeometry]", flat.tolist())


def area_m2(shape: BaseGeometry) -> float:
    """Return the area of a shape in EPSG:4326, on a flat map at its middle latitude."""
    if shape.is_empty:
        return 0.0
    _, south, _, north = shape.bounds
    east_m, north_m = metres_per_degree((south + north) / 2)
    return shape.area * east_m * north_m


def bounds_of(shapes: Iterable[BaseGeometry]) -> Bounds | None:
    """Return the box around all shapes, None without any that is not empty."""
    boxes = [shape.bounds for shape in shapes if not shape.is_empty]
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def _converted(vertices: NDArray[np.float64], crs: Crs) -> NDArray[np.float64]:
    known: dict[tuple[float, float], tuple[float, float]] = {}
    rows = [(x, y) for x, y in cast("list[list[float]]", vertices.tolist())]
    for row in rows:
        if row not in known:
            place = to_wgs84(*row, crs)
            known[row] = (place.longitude, place.latitude)
    return np.array([known[row] for row in rows], dtype=np.float64).reshape(-1, 2)
