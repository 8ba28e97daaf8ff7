"""Tracks for tests: somebody on a flat street, at whole metres from its south-west corner."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from api.domain.geo import metres_per_degree
from api.domain.tracks import Fix, TrackRules, to_ms

BEGAN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
WEST, SOUTH = 116.4, 39.91
EAST_M, NORTH_M = metres_per_degree(SOUTH)

RULES = TrackRules(
    accuracy_max_m=100.0,
    speed_max_m_s=120 / 3.6,
    jitter_m=50.0,
    spike_max=timedelta(seconds=60),
    gap_max=timedelta(minutes=5),
    step_min_m=15.0,
    stop_radius_m=40.0,
    stop_min=timedelta(minutes=5),
)


def fix(seconds: float, east_m: float, north_m: float, **more: float | bool | None) -> Fix:
    """Return where somebody was so many seconds after the beginning."""
    longitude, latitude = WEST + east_m / EAST_M, SOUTH + north_m / NORTH_M
    at_ms = to_ms(BEGAN + timedelta(seconds=seconds))
    return Fix(at_ms, longitude, latitude, **more)  # pyright: ignore[reportArgumentType]  as tests name them


def walk(*corners: tuple[float, float], pace_m_s: float = 1.25, every_s: float = 10.0) -> list[Fix]:
    """Return the fixes of a walk through these corners (metres east and north), one each `every_s` seconds."""
    fixes, seconds = [fix(0.0, *corners[0])], 0.0
    for (x, y), (to_x, to_y) in pairwise(corners):
        length_m = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
        steps = max(1, round(length_m / pace_m_s / every_s))
        for step in range(1, steps + 1):
            seconds += length_m / pace_m_s / steps
            share = step / steps
            fixes.append(fix(seconds, x + (to_x - x) * share, y + (to_y - y) * share))
    return fixes


def shifted(fixes: Sequence[Fix], seconds: float) -> list[Fix]:
    """Return the same fixes later."""
    by_ms = round(seconds * 1_000)
    return [Fix(one.at_ms + by_ms, one.longitude, one.latitude, one.accuracy_m, one.is_mock) for one in fixes]
