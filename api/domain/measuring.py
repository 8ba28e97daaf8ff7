"""What a shift's track comes to: visits to grids and places, roads gone, metres and time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry

from api.domain.coverage import Regions, RoadWalk, Stay, roads_gone, stays_in
from api.domain.flat_tracks import Waysides
from api.domain.patrol_policies import PatrolPolicies
from api.domain.tracks import Fix, Flaw, clean, to_ms
from api.domain.walks import legs_of

_S_MS = 1_000


@dataclass(frozen=True, slots=True)
class PatrolMap:
    """What tracks are held against: unit grids, places of plans with what is around them, roads, and all places."""

    grids: Regions
    places: Regions
    roads: Mapping[str, BaseGeometry]
    waysides: Waysides


@dataclass(frozen=True, slots=True)
class Measured:
    """What a track comes to. `tracked_ms` is the time that it tells of, gaps left away.

    `passed` has the places that it went by, by code, each with the last instant (ms since 1970).
    """

    left_out: Mapping[Flaw, int]
    walked_m: float
    tracked_ms: int
    grids: Sequence[Stay]
    places: Sequence[Stay]
    roads: Sequence[RoadWalk]
    passed: Mapping[str, int]
    last: Fix | None


def measure(
    fixes: Iterable[Fix], around: PatrolMap, policies: PatrolPolicies, midnights_ms: Sequence[int]
) -> Measured:
    """Clean a track and measure it; `midnights_ms` are the local midnights that it may pass, in order."""
    cleaned = clean(fixes, policies.track_rules)
    legs = legs_of(cleaned.fixes, policies.track_rules)
    gap_ms = policies.visit_gap_s * _S_MS
    return Measured(
        left_out=cleaned.left_out,
        walked_m=sum(leg.walked_m for leg in legs),
        tracked_ms=sum(leg.duration_ms for leg in legs),
        grids=stays_in(around.grids, legs, gap_ms, midnights_ms),
        places=stays_in(around.places, legs, gap_ms, midnights_ms),
        roads=roads_gone(around.roads, legs, policies.road_rules),
        passed=around.waysides.passed(legs, policies.passed_within_m),
        last=cleaned.fixes[-1] if cleaned.fixes else None,
    )


def day_span(on: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a local day and the first one after it."""
    return datetime.combine(on, time(), zone), datetime.combine(on + timedelta(days=1), time(), zone)


def midnights_ms(started_on: date, zone: ZoneInfo, longest: timedelta) -> list[int]:
    """Return the local midnights that a shift may pass which began on this day, in order."""
    days = range(1, longest.days + 2)
    return [to_ms(day_span(started_on + timedelta(days=day), zone)[0]) for day in days]
