"""Places (点位): malls, markets, schools, stations, roads, compounds ..., and which of them something is at."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Place
from api.domain.map_shapes import area_m2
from api.domain.shape_index import ShapeIndex

REACH_MAX_M: Final = 500.0
"""No place reaches farther than this beyond its own shape."""

_TIE_M: Final = 1e-6


@dataclass(frozen=True, slots=True)
class PlaceType:
    """A type of place, such as a market, by which rules and standards speak of places."""

    code: str
    name_zh: str
    name_en: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """A place without its shape. `type` is the code of its type, `reach_m` how far around it still counts as at it."""

    code: str
    type: str
    name_zh: str
    name_en: str
    unit_id: int | None = None
    reach_m: float = 0.0
    is_active: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True)
class NearPlace:
    """A place, and how far it is in metres; 0 inside."""

    facts: PlaceFacts
    distance_m: float


class PlaceIndex:
    """All places in memory, for finding the one at a point. Immutable and safe to share between threads."""

    def __init__(self, places: Iterable[tuple[PlaceFacts, BaseGeometry]] = ()) -> None:
        """Take each place with its point, line or area (EPSG:4326), in any order; codes are different."""
        known = sorted(places, key=lambda place: place[0].code)
        self.by_code: Mapping[str, PlaceFacts] = MappingProxyType({facts.code: facts for facts, _ in known})
        """All places, those given up as well, by code and in the order of their codes."""
        in_use = [(facts, shape) for facts, shape in known if facts.is_active]
        # Positions are in the order of codes.
        self._facts = tuple(facts for facts, _ in in_use)
        self._shapes = tuple(shape for _, shape in in_use)
        self._areas_m2 = tuple(
            area_m2(shape) if isinstance(shape, shapely.Polygon | shapely.MultiPolygon) else None
            for _, shape in in_use
        )
        self._reach_m = max((facts.reach_m for facts in self._facts), default=0.0)
        self._positions = {facts.code: position for position, facts in enumerate(self._facts)}
        self._index = ShapeIndex([shape for _, shape in in_use])

    def __len__(self) -> int:
        return len(self.by_code)

    def shapes(self) -> Iterator[tuple[PlaceFacts, BaseGeometry]]:
        """Yield each place in use with its shape (EPSG:4326), in the order of codes."""
        yield from zip(self._facts, self._shapes, strict=True)

    def at(self, place: Place, accuracy_m: float | None = None) -> PlaceFacts | None:
        """Return the place that something at this point is at, None for none.

        The area that covers the point, edges included; of several the smallest, then the lowest code. Else the
        nearest place that reaches the point; of those equally near (to a micrometre) the lowest code. A fix
        less accurate than a place's reach can't tell whether it is there, and does not lead to it.
        """
        covering = [
            (area, position)
            for position in self._index.touching(place)
            if (area := self._areas_m2[position]) is not None
        ]
        if covering:
            return self._facts[min(covering)[1]]
        least_m = accuracy_m or 0.0
        reaching = [
            (distance_m, position)
            for position, distance_m in self._index.within(place, self._reach_m)
            if max(distance_m, least_m) <= self._facts[position].reach_m
        ]
        if not reaching:
            return None
        shortest_m, _ = min(reaching)
        return self._facts[
            min(position for distance_m, position in reaching if distance_m <= shortest_m + _TIE_M)
        ]

    def near(self, place: Place, radius_m: float, limit: int) -> list[NearPlace]:
        """Return up to `limit` places within this distance, the nearest first, then by code."""
        found = sorted(
            (round(distance_m / _TIE_M), position, distance_m)
            for position, distance_m in self._index.within(place, radius_m)
        )
        return [NearPlace(self._facts[position], distance_m) for _, position, distance_m in found[:limit]]

    def distance_m(self, code: str, place: Place) -> float | None:
        """Return how far a point is from a place in use, 0 inside; None for a place not in use."""
        position = self._positions.get(code)
        return None if position is None else self._index.distance_m(position, place)
