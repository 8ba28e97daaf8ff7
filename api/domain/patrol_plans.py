"""Plans of patrol (巡查计划): which grids and places have to be seen how often, and their targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.domain.coverage import Regions, widened
from api.domain.dispatch_hours import WeeklyHours, hours_from_json
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

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "PlanDraft":
        """Return what `told` was made of."""
        values = {name: told[name] for name in cls.__slots__}
        values |= {name: tuple(told[name]) for name in ("grids", "places", "checklist")}
        values["period"] = Period(told["period"])
        values["hours"] = hours_from_json(told["hours"])
        values["from_on"] = date.fromisoformat(told["from_on"])
        values["to_on"] = date.fromisoformat(told["to_on"]) if told["to_on"] else None
        return cls(**values)

    @property
    def rules(self) -> RoundRules:
        """How its targets have to be seen."""
        return RoundRules(self.times, self.period, self.hours, self.dwell_min_s, self.from_on, self.to_on)


@dataclass(frozen=True, slots=True)
class Edition:
    """A plan as it was for some time: it judges the periods that end after `since` and not after `until`.

    So a change of a plan says nothing of days and weeks that were over by then. The first edition judges all before.
    """

    draft: PlanDraft
    since: datetime | None
    until: datetime | None

    def judges(self, period_ends_at: datetime) -> bool:
        """Tell whether a period that ends then is this edition's to judge."""
        begun = self.since is None or self.since < period_ends_at
        return begun and (self.until is None or period_ends_at <= self.until)


def editions_of(changes: Sequence[tuple[datetime, PlanDraft]]) -> list[Edition]:
    """Return the editions of one plan, given when it became what, in order."""
    begins = [None, *(at for at, _ in changes[1:])]
    ends = [*begins[1:], None]
    return [
        Edition(draft, since, until) for (_, draft), since, until in zip(changes, begins, ends, strict=True)
    ]


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
