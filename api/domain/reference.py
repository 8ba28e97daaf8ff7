"""Reference data as one immutable snapshot: catalogue, grids, units, rules, calendars, policies.

A process keeps one snapshot and replaces it whole when the database says that its version is old, so a rule
never sees half of a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from api.domain.calendars import WorkCalendar
from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.dispatch import RuleIndex
from api.domain.errors import FieldWrong, NotConfigured
from api.domain.geo import Place
from api.domain.grids import GridIndex, GridLevel, Located
from api.domain.ledger import Timekeeping
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


@dataclass(frozen=True, slots=True)
class GridFacts:
    """A grid in force, without its geometry."""

    id: int
    code: str
    level: GridLevel
    name_zh: str
    name_en: str
    parent_code: str | None
    unit_id: int | None


@dataclass(frozen=True)
class Reference:
    """All reference data at one version."""

    version: int
    catalogue: Catalogue
    category_ids: Mapping[str, int]
    condition_ids: Mapping[str, int]
    units: Mapping[int, UnitFacts]
    grids: Mapping[str, GridFacts]
    grid_index: GridIndex
    rules: RuleIndex
    calendars: Mapping[str, WorkCalendar]
    policies: Policies

    def __post_init__(self) -> None:
        """Prepare the look-ups by the other key."""
        by_code = MappingProxyType({unit.code: unit for unit in self.units.values()})
        object.__setattr__(self, "units_by_code", by_code)
        conditions = MappingProxyType({row_id: code for code, row_id in self.condition_ids.items()})
        object.__setattr__(self, "condition_codes", conditions)

    units_by_code: Mapping[str, UnitFacts] = field(init=False)
    condition_codes: Mapping[int, str] = field(init=False)

    @property
    def timekeeping(self) -> Timekeeping:
        """What due times are computed with in this city."""
        return Timekeeping(self.calendars, self.policies.light_yellow_share)

    def category(self, code: str, pointer: str) -> Category:
        """Return a class by code; raises FieldWrong at `pointer` when the catalogue has no such class."""
        found = self.catalogue.categories.get(code)
        if found is None:
            raise FieldWrong(pointer, "category_unknown", f"The catalogue has no class {code!r}.")
        return found

    def condition(self, category: str, number: int | None, pointer: str) -> Condition | None:
        """Return a filing condition by its number.

        Without a number the class's only condition is meant; None when there are several to choose from.
        Raises FieldWrong at `pointer` when the class has no such condition.
        """
        conditions = self.catalogue.conditions_by_category[category]
        if number is None:
            return conditions[0] if len(conditions) == 1 else None
        for condition in conditions:
            if condition.number == number:
                return condition
        raise FieldWrong(
            pointer,
            "condition_unknown",
            f"Class {category} has no filing condition {number}.",
            conditions=[condition.number for condition in conditions],
        )

    def condition_by_id(self, condition_id: int) -> Condition:
        """Return the condition of a ticket that was filed under it."""
        return self.catalogue.conditions[self.condition_codes[condition_id]]

    def calendar(self, code: str) -> WorkCalendar:
        """Return a calendar; raises NotConfigured when the office has none with this code."""
        try:
            return self.calendars[code]
        except KeyError:
            raise NotConfigured(f"There is no calendar {code!r}.", calendar=code) from None

    def fallback_unit(self, grid_code: str | None) -> UnitFacts | None:
        """Return the unit that takes what no rule matches (属地兜底): the nearest owner up the chain of grids."""
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
        """Return the chain of grids from the widest down to this one; empty for a grid no longer in force."""
        chain: list[GridFacts] = []
        at: str | None = code
        while at is not None and at in self.grids:
            grid = self.grids[at]
            chain.append(grid)
            at = grid.parent_code
        return chain[::-1]
