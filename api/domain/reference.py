"""Reference data as one immutable snapshot: catalogue, grids, units, rules, calendars, policies.

A process keeps one snapshot and replaces it whole when the database says that its version is old, so a rule
never sees half of a change.
"""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.agreements import Agreement
from api.domain.areas import AreaIndex
from api.domain.calendars import WorkCalendar
from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.coverage import Regions
from api.domain.dispatch import RuleIndex
from api.domain.errors import FieldWrong, NotConfigured
from api.domain.flat_tracks import Waysides
from api.domain.geo import Place
from api.domain.grids import GridIndex, GridLevel, Located
from api.domain.ledger import Timekeeping
from api.domain.places import PlaceIndex, PlaceType
from api.domain.policies import Policies


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A responsible unit as rules and answers need it."""

    id: int
    code: str
    name_zh: str
    name_en: str
    kind: str
    parent_id: int | None
    phone: str | None
    calendar_code: str
    is_fallback: bool
    is_active: bool
    version: int = 1


@dataclass(frozen=True, slots=True)
class GridFacts:
    """A grid without its geometry: in force, or as it last was before it ended."""

    id: int
    code: str
    level: GridLevel
    name_zh: str
    name_en: str
    parent_code: str | None
    unit_id: int | None
    ended_at: datetime | None = None
    """None in force."""
    replaced_by: tuple[str, ...] = ()
    """The codes that took its area over when it ended, the largest part first."""


@dataclass(frozen=True)
class Reference:
    """All reference data at one version.

    `catalogue` and `category_ids` (by code) hold the classes in force, of which problems are reported. Tickets
    outlive their class: `known_categories` and `known_conditions` (by row id) hold the retired ones, too, and
    `condition_ids` names every condition by its class's row id and its number. Row ids, because a city that
    changes its scheme uses a code again for another class. Of a class in force single conditions may be retired
    (`retired_condition_ids`): tickets keep them, and nobody can choose them any more. They outlive their grid, too:
    `grids` has those in force, of which new tickets get theirs, `ended_grids` those whose code is no longer in
    force, as they last were.
    """

    version: int
    catalogue: Catalogue
    category_ids: Mapping[str, int]
    known_categories: Mapping[int, Category]
    known_conditions: Mapping[int, Condition]
    condition_ids: Mapping[tuple[int, int], int]
    units: Mapping[int, UnitFacts]
    grids: Mapping[str, GridFacts]
    grid_index: GridIndex
    rules: RuleIndex
    calendars: Mapping[str, WorkCalendar]
    policies: Policies
    calendar_versions: Mapping[str, int] = field(default_factory=dict[str, int])
    retired_condition_ids: frozenset[int] = frozenset()
    areas: AreaIndex = field(default_factory=AreaIndex)
    place_types: Mapping[str, PlaceType] = field(default_factory=dict[str, PlaceType])
    places: PlaceIndex = field(default_factory=PlaceIndex)
    agreements: Mapping[str, tuple[Agreement, ...]] = field(default_factory=dict[str, tuple[Agreement, ...]])
    """The frontage agreements that a unit signed, by the code of their place; without phones, which are personal."""
    ended_grids: Mapping[str, GridFacts] = field(default_factory=dict[str, GridFacts])

    def __post_init__(self) -> None:
        """Prepare the look-ups by the other key."""
        by_code = MappingProxyType({unit.code: unit for unit in self.units.values()})
        object.__setattr__(self, "units_by_code", by_code)
        # The newest class of a code speaks for it, and one in force before all that were retired.
        ids = {self.known_categories[row_id].code: row_id for row_id in sorted(self.known_categories)}
        named = {code: self.known_categories[row_id] for code, row_id in {**ids, **self.category_ids}.items()}
        object.__setattr__(self, "categories_by_code", MappingProxyType(named))
        grouped: dict[int, list[Condition]] = {}
        for (category_id, _), row_id in sorted(self.condition_ids.items()):
            if row_id not in self.retired_condition_ids:
                grouped.setdefault(category_id, []).append(self.known_conditions[row_id])
        conditions = MappingProxyType({row_id: tuple(found) for row_id, found in grouped.items()})
        object.__setattr__(self, "conditions_by_category_id", conditions)
        object.__setattr__(self, "known_grids", ChainMap(dict(self.grids), dict(self.ended_grids)))

    units_by_code: Mapping[str, UnitFacts] = field(init=False)
    categories_by_code: Mapping[str, Category] = field(init=False)
    conditions_by_category_id: Mapping[int, tuple[Condition, ...]] = field(init=False)
    known_grids: Mapping[str, GridFacts] = field(init=False)

    @cached_property
    def patrol_grids(self) -> Regions:
        """The unit grids as tracks are held against them."""
        return Regions(self.grid_index.areas(), is_tiling=True)

    @cached_property
    def roads(self) -> Mapping[str, BaseGeometry]:
        """The places that are lines (道路、河道), with their shapes, by code."""
        lines = (shapely.LineString, shapely.MultiLineString)
        return {facts.code: shape for facts, shape in self.places.shapes() if isinstance(shape, lines)}

    @cached_property
    def waysides(self) -> Waysides:
        """The places in use as tracks pass them."""
        return Waysides([(facts.code, shape) for facts, shape in self.places.shapes()])

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone: of its days, and of the hours that dispatch rules name."""
        return self.rules.zone

    @property
    def timekeeping(self) -> Timekeeping:
        """What due times are computed with in this city."""
        policies = self.policies
        return Timekeeping(self.calendars, policies.light_yellow_share, policies.escalation_ladder)

    def category(self, code: str, pointer: str) -> Category:
        """Return a class in force by code; raises FieldWrong at `pointer` when the catalogue has no such class."""
        found = self.catalogue.categories.get(code)
        if found is None:
            raise FieldWrong(pointer, "category_unknown", f"The catalogue has no class {code!r}.")
        return found

    def known_category(self, category_id: int) -> Category:
        """Return the class of a ticket, in force or retired."""
        return self.known_categories[category_id]

    def condition(self, category: str, number: int | None, pointer: str) -> Condition | None:
        """Return a filing condition of a class in force by its number.

        Without a number the class's only condition is meant; None when there are several to choose from.
        Raises FieldWrong at `pointer` when the class has no such condition.
        """
        return self.known_condition(self.category_ids[category], number, pointer)

    def known_condition(self, category_id: int, number: int | None, pointer: str) -> Condition | None:
        """Return a filing condition like `condition`, of a class that may have been retired."""
        conditions = self.conditions_by_category_id.get(category_id, ())
        if number is None:
            return conditions[0] if len(conditions) == 1 else None
        for condition in conditions:
            if condition.number == number:
                return condition
        raise FieldWrong(
            pointer,
            "condition_unknown",
            f"Class {self.known_categories[category_id].code} has no filing condition {number}.",
            conditions=[condition.number for condition in conditions],
        )

    def condition_by_id(self, condition_id: int) -> Condition:
        """Return the condition of a ticket that was filed under it."""
        return self.known_conditions[condition_id]

    def condition_id(self, category_id: int, condition: Condition | None) -> int | None:
        """Return the row id of a condition of this class; None for none."""
        return self.condition_ids[category_id, condition.number] if condition else None

    def calendar(self, code: str) -> WorkCalendar:
        """Return a calendar; raises NotConfigured when the office has none with this code."""
        try:
            return self.calendars[code]
        except KeyError:
            raise NotConfigured(f"There is no calendar {code!r}.", calendar=code) from None

    def fallback_unit(self, grid_code: str | None) -> UnitFacts | None:
        """Return the unit that takes what no rule matches (属地兜底): the nearest owner up the chain of grids.

        Of a grid that ended, the owners of its last chain.
        """
        path = self.grid_path(grid_code) if grid_code is not None else []
        owners = (self.units[grid.unit_id] for grid in reversed(path) if grid.unit_id is not None)
        return next((unit for unit in owners if unit.is_active and unit.is_fallback), None)

    def locate(self, place: Place, accuracy_m: float | None = None) -> Located:
        """Find the unit grid of a place, with the city's tolerances for places in none."""
        policies = self.policies
        return self.grid_index.locate(
            place, accuracy_m, policies.grid_tolerance_m, policies.grid_tolerance_max_m
        )

    def grid_path(self, code: str) -> list[GridFacts]:
        """Return the chain of grids from the widest down to this one; empty for a code that never was.

        Above a grid that ended stand those that were around it, as they are today.
        """
        chain: list[GridFacts] = []
        at: str | None = code
        while at is not None and at in self.known_grids:
            grid = self.known_grids[at]
            chain.append(grid)
            at = grid.parent_code
        return chain[::-1]
