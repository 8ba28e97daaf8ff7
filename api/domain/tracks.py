"""Tracks (轨迹): what of the points that a phone sends can be believed, and why the rest is left out.

Two stages. `sift` looks at single points as they come in: those that are no place, lie at no possible time, or were
made off duty are never stored. `clean` looks at the whole track of a shift in order of time, however its points
arrived: mock and vague points, drift spikes and teleports stay stored, because they may be evidence, but nothing is
measured by them. Every point that is left out is counted under a `Flaw`.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from api.domain.device_clock import EPOCH
from api.domain.geo import Crs, GeoError, Place, metres_per_degree, to_wgs84

MS: Final = timedelta(milliseconds=1)

_RUNS_BACK: Final = 32
"""How many runs back a track may go on from. It bounds the work: only a track that jumps at nearly every point has
as many runs between two that belong together."""

_LATEST_MS: Final = 7_258_118_400_000
"""The year 2200: a clock that shows a later one is none."""


class Flaw(StrEnum):
    """Why a point is left out. The first seven are never stored."""

    NOT_FINITE = "not_finite"
    OUTSIDE_EARTH = "outside_earth"
    TIME_WRONG = "time_wrong"
    IN_FUTURE = "in_future"
    TOO_OLD = "too_old"
    OFF_DUTY = "off_duty"
    DUPLICATE = "duplicate"
    MOCK = "mock"
    INACCURATE = "inaccurate"
    DRIFT_SPIKE = "drift_spike"
    TELEPORT = "teleport"


FLAW_TEXTS: Mapping[Flaw, tuple[str, str]] = MappingProxyType(
    {
        Flaw.NOT_FINITE: ("坐标不是有限数值。", "A coordinate is not a finite number."),
        Flaw.OUTSIDE_EARTH: ("坐标不在地球上。", "The coordinates are not on the earth."),
        Flaw.TIME_WRONG: ("时间不可能。", "No phone means this time."),
        Flaw.IN_FUTURE: ("时间在未来。", "The time is in the future."),
        Flaw.TOO_OLD: ("那时的轨迹已不再保存。", "Tracks of that time are not kept any more."),
        Flaw.OFF_DUTY: (
            "不在班次内或处于暂停：不保存轨迹。",
            "Outside the shift or in a pause: tracks are kept on duty only.",
        ),
        Flaw.DUPLICATE: ("同一时刻已有定位点。", "The track has a point of this instant already."),
        Flaw.MOCK: ("手机标记为模拟位置。", "The phone marks it as a mock location."),
        Flaw.INACCURATE: ("定位精度太差。", "The fix is too inaccurate."),
        Flaw.DRIFT_SPIKE: (
            "漂移：瞬间跳开又跳回。",
            "A drift spike: the track jumps away and comes back.",
        ),
        Flaw.TELEPORT: (
            "瞬移：速度超出可能，或两部手机同时记录。",
            "A teleport: nobody moves so fast; two phones of one person look like this, too.",
        ),
    }
)
"""What each flaw means: (zh, en)."""


@dataclass(frozen=True, slots=True)
class TrackRules:
    """The office's thresholds for tracks (policies)."""

    accuracy_max_m: float
    """A fix that is less accurate is left out; one that does not say how accurate it is, stays."""
    speed_max_m_s: float
    """Faster than this nobody moves."""
    jitter_m: float
    """How far two fixes of one place may lie apart, whatever the time between them."""
    spike_max: timedelta
    """A track that comes back within so long was drifting; what goes on for longer is a teleport."""
    gap_max: timedelta
    """Between two fixes further apart in time than this nothing is known: no metres, no dwell."""
    step_min_m: float
    """Metres count once a fix lies this far from where they were last counted: standing still is no walk."""
    stop_radius_m: float
    stop_min: timedelta
    """A stop: at least this long within the radius."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a phone was at an instant: whole milliseconds since 1970 UTC, and a place in EPSG:4326."""

    at_ms: int
    longitude: float
    latitude: float
    accuracy_m: float | None = None
    is_mock: bool = False


@dataclass(frozen=True, slots=True)
class SentFix:
    """A point as a phone sends it, in its own coordinates; nothing of it is checked."""

    at: datetime
    longitude: float
    latitude: float
    accuracy_m: float | None = None
    speed_m_s: float | None = None
    battery_share: float | None = None
    is_mock: bool = False


@dataclass(frozen=True, slots=True)
class SiftedFix:
    """A point that can be stored. What a phone says besides where it was is None when it can't be meant."""

    fix: Fix
    speed_m_s: float | None
    battery_share: float | None


@dataclass(frozen=True, slots=True)
class Sifted:
    """What of a batch can be stored, in order of time, and what can't."""

    points: tuple[SiftedFix, ...]
    left_out: Mapping[Flaw, int]
    out_of_order: int
    """Points that came before an earlier one of the same batch; they are put in their place."""


Spans = Sequence[tuple[int, int]]
"""Half-open spans of time in milliseconds, in order, none of which overlap."""


def on_duty(fixes: Iterable[Fix], spans: Spans) -> list[Fix]:
    """Return the fixes that lie in one of these spans."""
    return [fix for fix in fixes if _is_within(spans, fix.at_ms)]


def _is_within(spans: Spans, at_ms: int) -> bool:
    # By bisection, because a shift may have many pauses, and a track has many points.
    position = bisect_right(spans, at_ms, key=_start) - 1
    return position >= 0 and at_ms < spans[position][1]


def _start(span: tuple[int, int]) -> int:
    return span[0]


def to_ms(instant: datetime) -> int:
    """Return an instant in whole milliseconds since 1970 UTC."""
    return (instant - EPOCH) // MS


def to_instant(at_ms: int) -> datetime:
    """Return the instant of these milliseconds, in UTC."""
    return EPOCH + at_ms * MS


def sift(
    sent: Iterable[SentFix],
    crs: Crs,
    on_duty: Spans,
    known_ms: Collection[int],
    now: datetime,
    *,
    skew: timedelta = timedelta(),
    ahead_max: timedelta = timedelta(minutes=5),
    kept_for: timedelta | None = None,
) -> Sifted:
    """Say which points can be stored: one for each instant on duty, at a place on the earth.

    `skew` is how far our clock is ahead of the phone's; a point may be ahead of `now` by `ahead_max` at most, and be
    no older than tracks are `kept_for`.
    `known_ms` are the instants that the track has already: the first point of an instant stays.
    """
    left_out: Counter[Flaw] = Counter()
    latest_ms = to_ms(now) + ahead_max // MS
    earliest_ms = 0 if kept_for is None else to_ms(now - kept_for)
    skew_ms = skew // MS
    found: dict[int, SiftedFix] = {}
    out_of_order, last_ms = 0, -1
    for one in sent:
        at_ms = to_ms(one.at) + skew_ms
        if at_ms < last_ms:
            out_of_order += 1
        last_ms = max(last_ms, at_ms)
        place = _place_of(one, crs)
        if isinstance(place, Flaw):
            left_out[place] += 1
        elif not 0 <= at_ms < _LATEST_MS:
            left_out[Flaw.TIME_WRONG] += 1
        elif at_ms > latest_ms:
            left_out[Flaw.IN_FUTURE] += 1
        elif at_ms < earliest_ms:
            left_out[Flaw.TOO_OLD] += 1
        elif not _is_within(on_duty, at_ms):
            left_out[Flaw.OFF_DUTY] += 1
        elif at_ms in known_ms or at_ms in found:
            left_out[Flaw.DUPLICATE] += 1
        else:
            accuracy_m = _sensible(one.accuracy_m, 0.0, 1e7)
            fix = Fix(at_ms, place.longitude, place.latitude, accuracy_m, one.is_mock)
            found[at_ms] = SiftedFix(
                fix, _sensible(one.speed_m_s, 0.0, 1e4), _sensible(one.battery_share, 0.0, 1.0)
            )
    points = tuple(found[at_ms] for at_ms in sorted(found))
    return Sifted(points, MappingProxyType(dict(left_out)), out_of_order)


def _place_of(sent: SentFix, crs: Crs) -> Place | Flaw:
    if not (math.isfinite(sent.longitude) and math.isfinite(sent.latitude)):
        return Flaw.NOT_FINITE
    try:
        return to_wgs84(sent.longitude, sent.latitude, crs)
    except GeoError:
        return Flaw.OUTSIDE_EARTH


def _sensible(value: float | None, least: float, most: float) -> float | None:
    # "not inside" rather than "outside": NaN is neither. Phones say -1 for "not known".
    return value if value is not None and least <= value <= most else None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The track that is measured, in order of time, and how many points it leaves out for which flaw."""

    fixes: tuple[Fix, ...]
    left_out: Mapping[Flaw, int]


def clean(fixes: Iterable[Fix], rules: TrackRules) -> Cleaned:
    """Return the longest track that one person can have gone, in points.

    Neighbours that can follow each other make runs; of all runs the chain with the most points stays in which each
    can follow the one before. So a bad first fix goes rather than everything after it, and of two phones in one
    hand the one that told more stays. A run that is left out is a drift spike where the track goes on around it
    within `spike_max`, else a teleport. The order in which points are given does not matter.
    """
    left_out: Counter[Flaw] = Counter()
    candidates: list[Fix] = []
    for fix in sorted(fixes, key=lambda fix: fix.at_ms):
        if fix.is_mock:
            left_out[Flaw.MOCK] += 1
        elif fix.accuracy_m is not None and fix.accuracy_m > rules.accuracy_max_m:
            left_out[Flaw.INACCURATE] += 1
        else:
            candidates.append(fix)
    runs = _runs(candidates, rules)
    kept = _longest_chain(candidates, runs, rules)
    spike_ms = rules.spike_max // MS
    track: list[Fix] = []
    before: int | None = None
    for position in kept:
        start, stop = runs[position]
        skipped = range(0 if before is None else before + 1, position)
        came_back = before is not None and (
            candidates[start].at_ms - candidates[runs[before][1] - 1].at_ms <= spike_ms
        )
        flaw = Flaw.DRIFT_SPIKE if came_back else Flaw.TELEPORT
        left_out[flaw] += sum(runs[one][1] - runs[one][0] for one in skipped)
        track += candidates[start:stop]
        before = position
    after = range(0 if before is None else before + 1, len(runs))
    left_out[Flaw.TELEPORT] += sum(runs[one][1] - runs[one][0] for one in after)
    counted = {flaw: count for flaw, count in left_out.items() if count}
    return Cleaned(tuple(track), MappingProxyType(counted))


def metres_between(a: Fix, b: Fix) -> float:
    """Return the distance of two fixes on a flat map: wrong by less than 0.05 % within a kilometre."""
    east_m, north_m = metres_per_degree(a.latitude)
    return math.hypot((b.longitude - a.longitude) * east_m, (b.latitude - a.latitude) * north_m)


def can_follow(a: Fix, b: Fix, rules: TrackRules) -> bool:
    """Tell whether somebody at `a` can be at `b` when that was made."""
    seconds = (b.at_ms - a.at_ms) / 1_000
    return metres_between(a, b) <= rules.speed_max_m_s * seconds + rules.jitter_m


def _runs(fixes: Sequence[Fix], rules: TrackRules) -> list[tuple[int, int]]:
    """Cut the fixes wherever one can't follow its neighbour, and wherever they are apart: half-open ranges.

    After a pause everywhere is within reach, so the first fix that a phone makes then, which is often a bad one, must
    not carry off what was gone before.
    """
    apart_ms = rules.spike_max // MS
    cuts = [
        position
        for position in range(1, len(fixes))
        if fixes[position].at_ms - fixes[position - 1].at_ms > apart_ms
        or not can_follow(fixes[position - 1], fixes[position], rules)
    ]
    ends = [*cuts, len(fixes)] if fixes else []
    return list(zip([0, *cuts], ends, strict=False))


def _longest_chain(fixes: Sequence[Fix], runs: Sequence[tuple[int, int]], rules: TrackRules) -> list[int]:
    """Return the positions of the runs of the chain with the most fixes; of equal ones the one that ends first."""
    most: list[int] = []
    before: list[int | None] = []
    older: int | None = None
    for position, (start, stop) in enumerate(runs):
        best, link = 0, None
        near = max(0, position - _RUNS_BACK)
        if near and (older is None or most[near - 1] > most[older]):
            older = near - 1
        # The best of those that lie further back is looked at as well: a long time elsewhere ends nothing.
        for earlier in (*(() if older is None else (older,)), *range(near, position)):
            if most[earlier] > best and can_follow(fixes[runs[earlier][1] - 1], fixes[start], rules):
                best, link = most[earlier], earlier
        most.append(best + stop - start)
        before.append(link)
    at = max(range(len(runs)), key=lambda position: (most[position], -position), default=None)
    chain: list[int] = []
    while at is not None:
        chain.append(at)
        at = before[at]
    return chain[::-1]
