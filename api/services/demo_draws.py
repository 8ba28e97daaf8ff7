"""Plots by lot: places, times and classes as they come on a street, from a fixed seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import uuid5
from zoneinfo import ZoneInfo

import shapely

from api.domain.calendars import CalendarError, WorkCalendar
from api.domain.catalogue import Catalogue, Condition
from api.domain.deadlines import due_at
from api.domain.geo import Place, metres_per_degree
from api.domain.grid_drafts import GridDraft
from api.domain.grids import GridLevel
from api.domain.limits import Limit, LimitUnit
from api.domain.reports import Source
from api.services.demo_plots import Plot, Spot
from api.services.demo_street import NAMESPACE

SEED = "gridpatrol-demo/month"
DAYS = 30

_URGENT = Limit(2, LimitUnit.URGENT_HOUR)
_COMMON: Mapping[str, int] = {
    "E0406-1": 9,
    "E0110-1": 8,
    "E0112-1": 7,
    "E0410-1": 7,
    "E0493-1": 6,
    "E0136-1": 4,
    "E0201-1": 5,
    "E0113-1": 4,
    "E0192-1": 5,
    "E0117-1": 3,
    "P0101-2": 2,
    "P0103-3": 2,
    "P0137-1": 3,
    "P0128-1": 2,
    "P0131-1": 2,
    "P0305-1": 3,
    "P0221-1": 2,
    "P0204-1": 2,
    "E0301-1": 2,
    "E0204-1": 2,
    "E0604-1": 4,
    "E0496-1": 3,
}
"""What officers report most, with weights; unknown ones are passed over when a city brings its own classes."""

_COMMON_SHARE = 0.6
PATROL_HOURS: Mapping[int, int] = {
    7: 5, 8: 12, 9: 14, 10: 12, 11: 7, 12: 3, 13: 4, 14: 10, 15: 12, 16: 10, 17: 6, 18: 4, 19: 5, 20: 3,
}  # fmt: skip
CALL_HOURS: Mapping[int, int] = {**PATROL_HOURS, 6: 2, 21: 5, 22: 4, 23: 2, 0: 1, 5: 1}
_WEEKEND_SHARE = 0.55
_EDGE_DEGREES = 0.00004
"""About 4 m: so far from a grid's edge every spot lies, lest a phone's rounding carries it across."""


@dataclass(frozen=True)
class Scenery:
    """What plots are made from."""

    catalogue: Catalogue
    grids: Sequence[GridDraft]
    office: WorkCalendar
    now: datetime
    zone: ZoneInfo


class Draws:
    """Hands out plots, each with a number of its own."""

    def __init__(self, scenery: Scenery) -> None:
        self.scenery, self.now = scenery, scenery.now
        self.random = Random(SEED)  # noqa: S311  a story, not a secret
        self.conditions = tuple(scenery.catalogue.conditions.values())
        common = {code: scenery.catalogue.conditions.get(code) for code in _COMMON}
        self.common = {condition: _COMMON[code] for code, condition in common.items() if condition}
        self.urgent = [condition for condition in self.conditions if condition.limit == _URGENT]
        self.areas = [grid for grid in scenery.grids if grid.level is GridLevel.UNIT_GRID]
        self.names = {grid.code: grid.name_zh for grid in scenery.grids}
        self.numbers = count(1)

    def plot(self, at: datetime, condition: Condition, **told: Any) -> Plot:  # noqa: ANN401  fields of a plot
        """Make a plot of its own number; what is not told stays as plots usually are."""
        number = next(self.numbers)
        told.setdefault("spot", self.spot())
        told.setdefault("source", Source.OFFICER)
        report_id = uuid5(NAMESPACE, f"report/{self.now.isoformat()}/{number}")
        return Plot(number=number, report_id=report_id, at=at, condition=condition, **told)

    def emergency(self, *, minutes: int, **told: Any) -> Plot:  # noqa: ANN401  fields of a plot
        """Make a plot with a limit of two hours around the clock, seen by an officer so many minutes ago."""
        return self.plot(self.ago(minutes=minutes), self.random.choice(self.urgent), **told)

    def condition(self) -> Condition:
        """Choose a filing condition, common ones more often."""
        if self.common and self.random.random() < _COMMON_SHARE:
            return self.random.choices(list(self.common), weights=list(self.common.values()))[0]
        return self.random.choice(self.conditions)

    def siblings(self, condition: Condition) -> tuple[Condition, ...]:
        """Return all conditions of the same class."""
        return self.scenery.catalogue.conditions_by_category[condition.category_code]

    def without_rule(self) -> list[Condition]:
        """Return conditions of classes that the street's rules leave to the owner of the place."""
        codes = ("E0604-1", "P0503-1")
        return [self.scenery.catalogue.conditions[code] for code in codes]

    def fix_share(self) -> float | None:
        """Choose how much of the limit a unit takes: mostly less than all, sometimes more, rarely for ever."""
        kind = self.random.choices(("in_time", "late", "never"), weights=(83, 14, 3))[0]
        if kind == "never":
            return None
        return self.random.uniform(0.12, 0.95) if kind == "in_time" else self.random.uniform(1.05, 2.4)

    def ago(self, **amount: int) -> datetime:
        """Return the instant so long before now."""
        return self.now - timedelta(**amount)

    def by_day(self, days: int) -> datetime:
        """Choose an instant in patrol hours, so many days before today."""
        on = self.ago(days=days).astimezone(self.scenery.zone)
        hour = self.random.choices(list(PATROL_HOURS), weights=list(PATROL_HOURS.values()))[0]
        return on.replace(hour=hour, minute=self.random.randrange(60)).astimezone(self.now.tzinfo)

    def moment(self, hours: Mapping[int, int]) -> datetime:
        """Choose a plausible instant of the month: at day rather than at night, on weekdays rather than not."""
        while True:
            on = (self.now - timedelta(days=self.random.uniform(0, DAYS))).astimezone(self.scenery.zone)
            if on.weekday() > 4 and self.random.random() > _WEEKEND_SHARE:  # noqa: PLR2004  Saturday, Sunday
                continue
            hour = self.random.choices(list(hours), weights=list(hours.values()))[0]
            at = on.replace(
                hour=hour,
                minute=self.random.randrange(60),
                second=self.random.randrange(60),
                microsecond=self.random.randrange(1_000_000),
            )
            if at < self.now:
                return at.astimezone(self.now.tzinfo)

    def start_due_between(self, condition: Condition, after: datetime, before: datetime) -> datetime:
        """Choose an instant in patrol hours from which the limit runs out in (after, before].

        Where none is (all of it a holiday), the ticket starts a day before and falls due when it may.
        """
        starts: list[datetime] = []
        for step in range(DAYS * 48):
            start = before - timedelta(minutes=30 * step + self.random.randrange(30))
            if start.astimezone(self.scenery.zone).hour not in PATROL_HOURS:
                continue
            try:
                due = due_at(start, condition.limit, self.scenery.office)
            except CalendarError:
                continue
            if after < due <= before:
                starts.append(start)
            elif due <= after:
                break
        return self.random.choice(starts) if starts else before - timedelta(days=1)

    def spot(self) -> Spot:
        """Choose a place well inside a unit grid."""
        grid = self.random.choice(self.areas)
        inner = grid.shape.buffer(-_EDGE_DEGREES)
        west, south, east, north = inner.bounds
        while True:
            point = shapely.Point(self.random.uniform(west, east), self.random.uniform(south, north))
            if inner.covers(point):
                return self._spot(Place(round(point.x, 6), round(point.y, 6)), grid)

    def beside(self, spot: Spot) -> Spot:
        """Return a place a few steps away, which may be the same problem."""
        east_m, north_m = metres_per_degree(spot.place.latitude)
        longitude = spot.place.longitude + self.random.uniform(-12, 12) / east_m
        latitude = spot.place.latitude + self.random.uniform(-12, 12) / north_m
        return replace(spot, place=Place(round(longitude, 6), round(latitude, 6)))

    def outside(self) -> Spot:
        """Choose a place some hundred metres north of the street, beyond every tolerance."""
        spot = self.spot()
        north = max(grid.shape.bounds[3] for grid in self.areas)
        place = Place(spot.place.longitude, round(north + self.random.uniform(0.003, 0.005), 6))
        return replace(spot, place=place)

    def _spot(self, place: Place, grid: GridDraft) -> Spot:
        community = grid.parent or grid.code
        return Spot(place, grid.code, self.names[community], community)
