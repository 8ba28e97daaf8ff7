"""What a clean track tells: legs with their metres, and stops."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from api.domain.tracks import MS, Fix, TrackRules, metres_between

_THINNED_MS = 10_000
"""Stops are looked for among fixes this far apart: they last minutes, and phones tell each second."""


@dataclass(frozen=True, slots=True)
class Leg:
    """From one fix to the next, as if straight and at one pace.

    `walked_m` are the metres that count: those of a walk from where metres were last counted to the next fix that
    lies `step_min_m` away, dealt out to the legs between by their lengths. The sum over a track is what was walked.
    """

    start: Fix
    stop: Fix
    walked_m: float

    @property
    def duration_ms(self) -> int:
        """How long it took."""
        return self.stop.at_ms - self.start.at_ms


def legs_of(fixes: Sequence[Fix], rules: TrackRules) -> list[Leg]:
    """Return the legs of a clean track in order of time; across a gap there is none."""
    found: list[Leg] = []
    for part in parts_of(fixes, rules):
        found += _legs_of_part(part, rules)
    return found


def parts_of(fixes: Sequence[Fix], rules: TrackRules) -> Iterator[Sequence[Fix]]:
    """Yield the parts of a track between which the phone told nothing for longer than `gap_max`."""
    gap_ms = rules.gap_max // MS
    start = 0
    for position, (one, following) in enumerate(pairwise(fixes), start=1):
        if following.at_ms - one.at_ms > gap_ms:
            yield fixes[start:position]
            start = position
    if fixes:
        yield fixes[start:]


def _legs_of_part(part: Sequence[Fix], rules: TrackRules) -> list[Leg]:
    lengths = [metres_between(one, following) for one, following in pairwise(part)]
    walked = [0.0] * len(lengths)
    anchor = 0
    for position in range(1, len(part)):
        step_m = metres_between(part[anchor], part[position])
        if step_m >= rules.step_min_m and step_m > 0.0:
            way_m = sum(lengths[anchor:position])
            for leg in range(anchor, position):
                walked[leg] = step_m * lengths[leg] / way_m
            anchor = position
    return [
        Leg(one, following, metres) for (one, following), metres in zip(pairwise(part), walked, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Stop:
    """A while at one place; the place is the middle of its fixes."""

    start_ms: int
    stop_ms: int
    longitude: float
    latitude: float


def stops_of(fixes: Sequence[Fix], rules: TrackRules) -> list[Stop]:
    """Return where somebody stayed within `stop_radius_m` of where she came to a halt, for `stop_min` or longer."""
    least_ms = rules.stop_min // MS
    found: list[Stop] = []
    for whole in parts_of(fixes, rules):
        part = _thinned(whole)
        first = 0
        while first < len(part):
            last = first
            while last + 1 < len(part) and metres_between(part[first], part[last + 1]) <= rules.stop_radius_m:
                last += 1
            if part[last].at_ms - part[first].at_ms >= least_ms:
                found.append(_stop(part[first : last + 1]))
                first = last
            first += 1
    return found


def _thinned(part: Sequence[Fix]) -> list[Fix]:
    kept = [part[0]]
    for fix in part[1:]:
        if fix.at_ms - kept[-1].at_ms >= _THINNED_MS:
            kept.append(fix)
    if kept[-1] is not part[-1]:
        kept.append(part[-1])
    return kept


def _stop(fixes: Sequence[Fix]) -> Stop:
    count = len(fixes)
    longitude = sum(fix.longitude for fix in fixes) / count
    latitude = sum(fix.latitude for fix in fixes) / count
    return Stop(fixes[0].at_ms, fixes[-1].at_ms, longitude, latitude)
