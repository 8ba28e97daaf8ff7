"""Walks of officers on the demo street, and the points that their phones make of them, flaws included."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle, pairwise
from random import Random

from api.domain.geo import Crs, Place, distance_m, from_wgs84, metres_per_degree
from api.domain.tracks import SentFix

_PACE_M_S = 1.3
_FASTEST_M_S = 8.0
"""By bicycle: what would need more is left away."""

_PAUSE = timedelta(minutes=40)
_LOOKS = timedelta(seconds=150)
"""So long she looks around at each place of her loop."""

_EVERY = timedelta(seconds=45)
_SPIKE_AFTER = timedelta(seconds=15)
_JITTER_M = 2.5
_SPIKE_SHARE = 0.004
_VAGUE_SHARE = 0.006


@dataclass(frozen=True, slots=True)
class Stand:
    """Where somebody was, or will be, at an instant."""

    at: datetime
    place: Place


def walk(loop: Sequence[Place], stands: Sequence[Stand], start: datetime, stop: datetime) -> list[Stand]:
    """Return the corners of a walk around the loop, again and again, that is where it has to be at the right time.

    `stands` are in order of time. On the way to one she goes on around the loop as long as time allows, then waits.
    """
    ahead = cycle(loop)
    corners = [Stand(start, next(ahead))]
    for stand in [*stands, Stand(stop, loop[0])]:
        corners += _corners_to(corners[-1], stand, ahead)
    return corners


def _corners_to(here: Stand, stand: Stand, ahead: Iterator[Place]) -> list[Stand]:
    left_s = (stand.at - here.at).total_seconds()
    if left_s <= 0.0 or distance_m(here.place, stand.place) > left_s * _FASTEST_M_S:
        return []
    corners: list[Stand] = []
    while True:
        target = next(ahead)
        arrival = here.at + timedelta(seconds=max(1.0, distance_m(here.place, target) / _PACE_M_S))
        back = timedelta(seconds=distance_m(target, stand.place) / _PACE_M_S)
        if arrival + _LOOKS + back > stand.at:
            break
        here = Stand(arrival + _LOOKS, target)
        corners += [Stand(arrival, target), here]
    there = here.at + timedelta(seconds=distance_m(here.place, stand.place) / _PACE_M_S)
    if here.at < there < stand.at:
        corners.append(Stand(there, stand.place))
    return [*corners, stand]


def pause_in(start: datetime, stop: datetime, stands: Sequence[Stand]) -> tuple[datetime, datetime] | None:
    """Choose a pause in the middle of a long shift in which she has to be nowhere; None for a short one."""
    if stop - start < 4 * _PAUSE:
        return None
    for minutes in range(-40, 80, 20):
        begins = start + (stop - start) / 2 + timedelta(minutes=minutes)
        if not any(begins - _PAUSE / 2 < one.at < begins + _PAUSE for one in stands):
            return begins, begins + _PAUSE
    return None


def fixes_of(corners: Sequence[Stand], random: Random, crs: Crs, battery: float = 0.95) -> list[SentFix]:
    """Return what a phone tells of a walk, in its own coordinates: a fix each 45 seconds, now and then a wild one."""
    fixes: list[SentFix] = []
    at = corners[0].at
    for here, there in pairwise(corners):
        span = (there.at - here.at).total_seconds()
        pace = distance_m(here.place, there.place) / span if span else 0.0
        while at < there.at:
            share = (at - here.at).total_seconds() / span
            place = _between(here.place, there.place, share)
            fixes.append(
                _fix(at, _moved(place, abs(random.gauss(0, _JITTER_M)), random), pace, battery, random, crs)
            )
            if random.random() < _SPIKE_SHARE:
                away = _moved(place, random.uniform(1_500, 2_500), random)
                fixes.append(_fix(at + _SPIKE_AFTER, away, pace, battery, random, crs))
            battery = max(0.05, battery - 0.0007)
            at += _EVERY
    return fixes


def with_teleport(fixes: Sequence[SentFix]) -> list[SentFix]:
    """Return the fixes with some of the first half kilometres away, as of a second phone in a drawer."""
    # Not around a pause, in which she could have gone there.
    first = len(fixes) // 4
    away = (replace(one, longitude=one.longitude + 0.08) for one in fixes[first : first + 6])
    return [*fixes[:first], *away, *fixes[first + 6 :]]


def with_mock(fixes: Sequence[SentFix]) -> list[SentFix]:
    """Return the fixes with one that the phone marks as a mock location."""
    third = len(fixes) // 3
    return [
        *fixes[:third],
        *(replace(one, is_mock=True) for one in fixes[third : third + 1]),
        *fixes[third + 1 :],
    ]


def _fix(at: datetime, place: Place, pace: float, battery: float, random: Random, crs: Crs) -> SentFix:
    is_vague = random.random() < _VAGUE_SHARE
    accuracy_m = random.uniform(150, 400) if is_vague else random.uniform(3, 16)
    longitude, latitude = from_wgs84(place, crs)
    return SentFix(at, longitude, latitude, round(accuracy_m, 1), round(pace, 2), round(battery, 3))


def _between(here: Place, there: Place, share: float) -> Place:
    return Place(
        here.longitude + (there.longitude - here.longitude) * share,
        here.latitude + (there.latitude - here.latitude) * share,
    )


def _moved(place: Place, away_m: float, random: Random) -> Place:
    east_m, north_m = metres_per_degree(place.latitude)
    direction = random.uniform(0, 2 * math.pi)
    return Place(
        place.longitude + away_m * math.cos(direction) / east_m,
        place.latitude + away_m * math.sin(direction) / north_m,
    )
