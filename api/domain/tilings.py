"""Whether areas of one level tile their parent: no gaps, no overlaps, neighbours that share each vertex."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import metres_per_degree

# A gap's own vertices may be computed crossings, which lie on an edge only up to the last digits.
_ROUNDING_DEGREES: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Fault:
    """A place where a tiling fails."""

    codes: tuple[str, ...]
    """The areas it lies in or between, in order; none for a gap that touches none."""
    shape: BaseGeometry
    """The area that is empty, taken twice or outside; in longitude and latitude."""
    area_m2: float
    is_sliver: bool
    """Smaller than the sliver size: a warning rather than an error."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """What a check of a tiling found."""

    gaps: tuple[Fault, ...]
    """Parts of the parent that no area covers, each with the areas around it."""
    overlaps: tuple[Fault, ...]
    """What two areas both cover."""
    overhangs: tuple[Fault, ...]
    """Parts of an area outside the parent."""
    mismatched: tuple[str, ...]
    """Areas with an edge that is not, vertex by vertex, the edge of their neighbour or of the parent."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All gaps, overlaps and overhangs."""
        return self.gaps + self.overlaps + self.overhangs

    @property
    def is_exact(self) -> bool:
        """Whether there is no fault at all, not even a sliver, and all shared vertices are identical."""
        return not self.faults and not self.mismatched

    @property
    def is_acceptable(self) -> bool:
        """Whether all faults are slivers."""
        return all(fault.is_sliver for fault in self.faults)


def check_tiling(
    polygons: Mapping[str, BaseGeometry], parent: BaseGeometry, sliver_m2: float = 1.0
) -> Tiling:
    """Compare areas by code with the parent that they should tile, all in EPSG:4326.

    Each gap is a fault of its own, and so is each part of an overlap. Areas in m² are taken on a flat map at
    the middle latitude of the parent: within 0.5 % in a parent of 50 km at 40 degrees of latitude.
    Areas must be valid polygons or multipolygons: repair or refuse others before.
    """
    codes = sorted(polygons)
    shapes = [polygons[code] for code in codes]
    if _is_exact(shapes, parent):
        return Tiling((), (), (), ())
    _, south, _, north = parent.bounds
    east_m, north_m = metres_per_degree((south + north) / 2)

    def fault(shape: BaseGeometry, *among: str) -> Fault:
        area_m2 = shape.area * east_m * north_m
        return Fault(among, shape, area_m2, is_sliver=area_m2 < sliver_m2)

    def around(shape: BaseGeometry) -> list[str]:
        return sorted(codes[int(position)] for position in tree.query(shape, "dwithin", _ROUNDING_DEGREES))

    tree = shapely.STRtree(shapes)
    gaps = [fault(gap, *around(gap)) for gap in _parts(parent.difference(shapely.union_all(shapes)))]
    one, other = tree.query(tree.geometries, "intersects")
    pairs = sorted((int(a), int(b)) for a, b in zip(one, other, strict=True) if a < b)
    overlaps = [
        fault(overlap, codes[a], codes[b])
        for a, b in pairs
        for overlap in _parts(shapely.intersection(shapes[a], shapes[b]))
    ]
    overhangs = [
        fault(overhang, code)
        for code, shape in zip(codes, shapes, strict=True)
        for overhang in _parts(shape.difference(parent))
    ]
    return Tiling(tuple(gaps), tuple(overlaps), tuple(overhangs), _mismatched(codes, shapes, parent))


def _is_exact(shapes: Sequence[BaseGeometry], parent: BaseGeometry) -> bool:
    """Whether the edges of all areas, followed counterclockwise, add up to those of the parent and to nothing else.

    Where two areas meet, one follows the edge there and the other back: both cancel. If what remains is the parent's
    outline, the areas cover each place as often as the parent does: how often a place is covered changes by what
    crosses an edge, and far outside it is never. That takes no overlay, a hundredth of the time, and most tilings
    that somebody dissolved from their parts are exact.
    """
    areas = shapely.orient_polygons(np.array([*shapes, parent], dtype=object))
    parts, owners = shapely.get_parts(areas, return_index=True)
    rings, ring_parts = shapely.get_rings(parts, return_index=True)
    vertices, vertex_rings = shapely.get_coordinates(rings, return_index=True)
    starts, ends = vertices[:-1], vertices[1:]
    joined = (vertex_rings[:-1] == vertex_rings[1:]) & (starts != ends).any(axis=1)
    starts, ends = starts[joined], ends[joined]
    edge_owners = owners[ring_parts][vertex_rings[:-1][joined]]
    back = (starts[:, 0] > ends[:, 0]) | ((starts[:, 0] == ends[:, 0]) & (starts[:, 1] > ends[:, 1]))
    signs = np.where(back, -1, 1) * np.where(edge_owners == len(shapes), -1, 1)
    edges = np.where(back[:, None], np.hstack((ends, starts)), np.hstack((starts, ends)))
    order = np.lexsort(edges.T)
    edges, signs = edges[order], signs[order]
    firsts = np.flatnonzero(np.append(True, (edges[1:] != edges[:-1]).any(axis=1)))
    return not np.add.reduceat(signs, firsts).any()


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    """Return the areas in a geometry, without the points and lines that touching areas leave."""
    return [part for part in shapely.get_parts(shape).tolist() if part.area > 0]


def _mismatched(codes: list[str], shapes: list[BaseGeometry], parent: BaseGeometry) -> tuple[str, ...]:
    """Return the areas with an edge that neither another area nor the parent has, vertex by vertex.

    In an exact tiling each edge between two vertices occurs twice: in two areas, or in one and the parent.
    """
    owners: dict[frozenset[tuple[float, float]], set[str | None]] = {}
    areas: list[tuple[str | None, BaseGeometry]] = [*zip(codes, shapes, strict=True), (None, parent)]
    for code, shape in areas:
        for edge in _edges(shape):
            owners.setdefault(edge, set()).add(code)
    lonely = chain.from_iterable(found for found in owners.values() if len(found) == 1)
    return tuple(sorted({code for code in lonely if code is not None}))


def _edges(shape: BaseGeometry) -> list[frozenset[tuple[float, float]]]:
    edges: list[frozenset[tuple[float, float]]] = []
    for part in shapely.get_parts(shape).tolist():
        for ring in shapely.get_rings(part).tolist():
            vertices: list[tuple[float, float]] = [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]
            edges.extend(frozenset(pair) for pair in pairwise(vertices) if pair[0] != pair[1])
    return edges
