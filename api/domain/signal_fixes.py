"""Signals of places that phones tell: mock locations, fixes that no satellite gives, and impossible ways."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.domain.geo import Place, distance_m
from api.domain.signals import DEFAULT_WEIGHTS, Signal, SignalKind

DEFAULT_ACCURACY_M: Final = 30.0
"""Of a fix that does not tell its own."""

SHORTEST_S: Final = 1.0
"""Two fixes at the same moment count as so long apart."""


def report_signals(
    *, is_mocked: bool, accuracy_m: float | None, far_from_place_m: float | None = None
) -> Iterator[Signal]:
    """Yield what is odd about the place of a report by itself.

    `far_from_place_m` is the distance to the place (点位) that the report names, when that is farther than it may be.
    """
    if is_mocked:
        yield _signal(
            SignalKind.LOCATION_MOCKED,
            "手机报告位置由模拟程序提供。",
            "The phone says that an app made up the location.",
        )
    if accuracy_m == 0:
        yield _signal(
            SignalKind.ACCURACY_ZERO,
            "定位精度为0米，真实定位不会如此。",
            "The accuracy is 0 m, which no real fix has.",
        )
    if far_from_place_m is not None:
        yield _signal(
            SignalKind.FAR_FROM_PLACE,
            f"上报位置距所选点位{far_from_place_m:.0f}米。",
            f"The report was made {far_from_place_m:.0f} m from the place that it names.",
            distance_m=round(far_from_place_m),
        )


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a phone said that it was."""

    at: datetime
    place: Place
    accuracy_m: float | None


def fix_signals(
    fix: Fix, others: Sequence[Fix], *, speed_max_kmh: float, alike_from: int
) -> Iterator[Signal]:
    """Yield what is odd about a fix beside the same person's others, which may be earlier and later ones.

    `alike_from` fixes at exactly the same place, or running with exactly the same accuracy, are odd from the last of
    them on: real ones scatter.
    """
    fastest = max((_speed_kmh(fix, other) for other in neighbours(fix, others)), default=0.0)
    if fastest > speed_max_kmh:
        yield _signal(
            SignalKind.SPEED_IMPOSSIBLE,
            f"两次定位之间的移动速度约为每小时{fastest:.0f}公里。",
            f"Between two fixes lies a way at about {fastest:.0f} km/h.",
            speed_kmh=round(fastest),
        )
    same = 1 + sum(other.place == fix.place and other.at <= fix.at for other in others)
    if same >= alike_from:
        yield _signal(
            SignalKind.COORDINATES_REPEATED,
            f"{same}次上报的坐标完全相同。",
            f"{same} reports have exactly the same coordinates.",
            count=same,
        )
    running = _running_alike(fix, others)
    if fix.accuracy_m and running >= alike_from and same < running:
        yield _signal(
            SignalKind.ACCURACY_CONSTANT,
            f"连续{running}次定位的精度都是{fix.accuracy_m:g}米。",
            f"{running} fixes running have an accuracy of exactly {fix.accuracy_m:g} m.",
            count=running,
        )


def neighbours(fix: Fix, others: Iterable[Fix]) -> list[Fix]:
    """Return the fixes next to this one in time, one on either side, and all of the same moment."""
    known = sorted(others, key=_time)
    earlier = [other for other in known if other.at < fix.at]
    at_once = [other for other in known if other.at == fix.at]
    later = [other for other in known if other.at > fix.at]
    return [*earlier[-1:], *at_once, *later[:1]]


def _time(fix: Fix) -> datetime:
    return fix.at


def _speed_kmh(one: Fix, other: Fix) -> float:
    """Return the speed of the shortest way between two fixes that their accuracies allow for."""
    blur_m = sum(fix.accuracy_m or DEFAULT_ACCURACY_M for fix in (one, other))
    way_m = max(0.0, distance_m(one.place, other.place) - blur_m)
    span_s = max(SHORTEST_S, abs((one.at - other.at).total_seconds()))
    return way_m / span_s * 3.6


def _running_alike(fix: Fix, others: Sequence[Fix]) -> int:
    """Return how many fixes up to this one, without a break, have its accuracy."""
    count = 1
    for other in sorted((other for other in others if other.at < fix.at), key=_time, reverse=True):
        if other.accuracy_m != fix.accuracy_m:
            break
        count += 1
    return count


def _signal(kind: SignalKind, zh: str, en: str, **facts: float) -> Signal:
    return Signal(kind, DEFAULT_WEIGHTS[kind], zh, en, None, facts)
