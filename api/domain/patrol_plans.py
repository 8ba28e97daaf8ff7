"""Plans of patrol (巡查计划): which grids and places have to be seen how often, and their targets."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.domain.coverage import Regions, widened
from api.domain.dispatch_hours import WeeklyHours
from api.domain.grids import GridLevel
from api.domain.reference import Reference
from api.domain.rounds import Period, RoundRules, Target
from api.domain.visits import VisitKind


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan as the office means it: grids by code or prefix, places by code, or all of a type, with a buffer."""

    code: str
    name_zh: str
    name_en: str
    grids: tuple[str, ...]
    places: tuple[str, ...]
    place_type: str | None
    buffer_m: float
    times: int
    period: Period
    hours: tuple[WeeklyHours, ...]
    off_hours_share: float
    dwell_min_s: int
    checklist: tuple[str, ...]
    from_on: date
    to_on: date | None
    is_active: bool

    def told(self) -> Mapping[str, Any]:
        """Return it as plain values, as changes are kept."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "grids": list(self.grids),
            "places": list(self.places),
            "hours": [one.as_json() for one in self.hours],
            "checklist": list(self.checklist),
            "from_on": self.from_on.isoformat(),
            "to_on": self.to_on.isoformat() if self.to_on else None,
        }

    @property
    def rules(self) -> RoundRules:
        """How its targets have to be seen."""
        return RoundRules(self.times, self.period, self.hours, self.dwell_min_s, self.from_on, self.to_on)


def targets_of(plan: PlanDraft, reference: Reference) -> Iterator[Target]:
    """Yield the unit grids and the places in use that a plan speaks of today."""
    for grid in reference.grids.values():
        if grid.level is GridLevel.UNIT_GRID and grid.code.startswith(plan.grids):
            yield Target(VisitKind.GRID, grid.code)
    for facts, _ in reference.places.shapes():
        if facts.code in plan.places or facts.type == plan.place_type:
            yield Target(VisitKind.PLACE, facts.code)


def regions_of(plans: Iterable[PlanDraft], reference: Reference) -> Regions:
    """Return the places that plans speak of, with what is around them, as tracks are held against them.

    Keys name the place and the buffer, because two plans may look at one place from different distances.
    """
    wanted = {
        (target.code, plan.buffer_m)
        for plan in plans
        for target in targets_of(plan, reference)
        if target.kind is VisitKind.PLACE
    }
    shapes = {facts.code: shape for facts, shape in reference.places.shapes()} if wanted else {}
    areas = (
        (region_key(code, buffer_m), widened(shapes[code], buffer_m)) for code, buffer_m in sorted(wanted)
    )
    return Regions(((key, area) for key, area in areas if area.area > 0.0), is_tiling=False)


def region_key(code: str, buffer_m: float) -> str:
    """Return the key of a place with a buffer."""
    return f"{code} {buffer_m}"


def place_of(key: str) -> tuple[str, float]:
    """Return place and buffer of a key."""
    code, _, buffer_m = key.rpartition(" ")
    return code, float(buffer_m)
