"""Areas (片区) over and across the grids: segments of a campaign, what belongs to whom, what rules speak of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from shapely.geometry.base import BaseGeometry

from api.domain.geo import Place
from api.domain.map_shapes import area_m2
from api.domain.shape_index import ShapeIndex


class AreaKind(StrEnum):
    """What an area is there for."""

    TEMPORARY = "temporary"
    """A segment with a leader, a unit, a task and people for some days (段、临时责任区)."""
    OWNERSHIP = "ownership"
    """What belongs to one owner inside a grid that several share (权属分界)."""
    DISPATCH = "dispatch"
    """Drawn for dispatch rules and nothing else."""


@dataclass(frozen=True, slots=True)
class AreaFacts:
    """An area without its shape. It is in force from `valid_from` to `valid_to`, both days included; None: open."""

    code: str
    kind: AreaKind
    name_zh: str
    name_en: str
    unit_id: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    leader: str = ""
    task: str = ""
    minimum_staff: int = 0
    """How many people it needs each day; 0 where nobody counts."""
    is_active: bool = True
    version: int = 1

    def is_in_force(self, on: date) -> bool:
        """Tell whether the area is in force on this day."""
        return (
            self.is_active
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on <= self.valid_to)
        )


class AreaIndex:
    """All areas in memory, for finding those that cover a place. Immutable and safe to share between threads."""

    def __init__(self, areas: Iterable[tuple[AreaFacts, BaseGeometry]] = ()) -> None:
        """Take each area with its polygon or multipolygon (EPSG:4326), in any order; codes are different."""
        known = sorted(areas, key=lambda area: area[0].code)
        self.by_code: Mapping[str, AreaFacts] = MappingProxyType({facts.code: facts for facts, _ in known})
        """All areas, those out of force as well, by code and in the order of their codes."""
        # The smallest first and then by code: positions are in the order of the answers.
        drawn = [(area_m2(shape), facts, shape) for facts, shape in known if facts.is_active]
        drawn.sort(key=lambda area: area[0])
        self._facts = tuple(facts for _, facts, _ in drawn)
        self._index = ShapeIndex([shape for _, _, shape in drawn])

    def __len__(self) -> int:
        return len(self.by_code)

    def covering(self, place: Place, on: date | None) -> tuple[AreaFacts, ...]:
        """Return the areas in force on this day that the place lies in or on the edge of, the smallest first.

        Of areas equally large the lowest code comes first. Without a day, all that are not switched off, whenever
        they are in force.
        """
        found = (self._facts[position] for position in self._index.touching(place))
        return tuple(facts for facts in found if on is None or facts.is_in_force(on))
