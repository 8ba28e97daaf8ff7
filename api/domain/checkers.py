"""Who goes and looks: the choice of an officer for a task, and the reasons for it.

Never whoever fixed it, nor whoever refused this very task. Not the grid's regular officers, not who checked it
before, not the reporter (监管分离), as long as somebody else is there: these are let go one by one, in the order of
`RELAXED_IN_ORDER`, and the choice says which were. Among those who are left the cheapest goes: the way in metres, and
so many metres more for each open task and for each task that she lately had on the same unit's work (rotation).
Equals are told apart by a hash of the seed, so that no name comes first for ever. The same facts give the same choice.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.domain.geo import Place, distance_m
from api.domain.tasks import TaskKind

_AT_NO_PLACE_M = 50_000.0
"""How far away somebody counts whose whereabouts nobody knows: she comes last, but she comes."""


class Avoided(StrEnum):
    """Whom a task had better not go to."""

    REGULAR_OFFICER = "regular_officer"
    EARLIER_CHECKER = "earlier_checker"
    REPORTER = "reporter"


RELAXED_IN_ORDER = (Avoided.REGULAR_OFFICER, Avoided.EARLIER_CHECKER, Avoided.REPORTER)
"""What is given up first, where staff is short, and what last."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What is to be looked at, and whose work it is.

    `reporter_id` is None where the city lets reporters check. `passed_over` are those who refused it, let it become
    overdue or left. `seed` tells equals apart.
    """

    kind: TaskKind
    place: Place
    reporter_id: UUID | None
    fixer_id: UUID | None
    earlier_checker_id: UUID | None = None
    passed_over: frozenset[UUID] = frozenset()
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An officer on duty: where she is or, when nobody knows, the middle of her grid; and how busy she is.

    `recent` counts the tasks that she lately had on the same unit's work.
    """

    person_id: UUID
    is_regular: bool
    home: Place | None
    position: Place | None = None
    load: int = 0
    recent: int = 0


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much, in metres (policies)."""

    load_m: float
    rotation_m: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Who goes, and why: everything that counted, as the choice is explained and stored.

    `candidates` is how many might have gone; `relaxed` what had to be given up.
    """

    person_id: UUID
    distance_m: float | None
    is_from_position: bool
    load: int
    recent: int
    cost_m: float
    candidates: int
    relaxed: tuple[Avoided, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the reasons as they are stored; the person is a column of the task."""
        return {
            "distance_m": self.distance_m,
            "is_from_position": self.is_from_position,
            "load": self.load,
            "recent": self.recent,
            "cost_m": self.cost_m,
            "candidates": self.candidates,
            "relaxed": [str(one) for one in self.relaxed],
        }


def is_barred(duty: Duty, person_id: UUID) -> bool:
    """Tell whether this person may never have this duty, however short of staff the office is."""
    is_second_look = duty.kind is TaskKind.SECOND_CHECK and person_id == duty.earlier_checker_id
    return person_id == duty.fixer_id or is_second_look


def avoided(duty: Duty, candidate: Candidate) -> frozenset[Avoided]:
    """Say why a person had better not have this duty.

    A tip is verified by the grid's own officers, who know the place: there only the reporter is avoided.
    """
    found: set[Avoided] = set()
    if candidate.person_id == duty.reporter_id:
        found.add(Avoided.REPORTER)
    if duty.kind is not TaskKind.VERIFICATION:
        if candidate.is_regular:
            found.add(Avoided.REGULAR_OFFICER)
        if candidate.person_id == duty.earlier_checker_id:
            found.add(Avoided.EARLIER_CHECKER)
    return frozenset(found)


def choose(duty: Duty, candidates: Iterable[Candidate], weights: Weights) -> Choice | None:
    """Return who goes; None when nobody may."""
    able = [
        one
        for one in candidates
        if not is_barred(duty, one.person_id) and one.person_id not in duty.passed_over
    ]
    for given_up in range(len(RELAXED_IN_ORDER) + 1):
        kept = frozenset(RELAXED_IN_ORDER[given_up:])
        allowed = [one for one in able if kept.isdisjoint(avoided(duty, one))]
        if allowed:
            return _cheapest(duty, allowed, weights)
    return None


def judge(duty: Duty, candidate: Candidate, weights: Weights) -> Choice:
    """Weigh one person, whom somebody named, as if she were the only one."""
    return _cheapest(duty, [candidate], weights)


def _cheapest(duty: Duty, allowed: Sequence[Candidate], weights: Weights) -> Choice:
    ranked = [(_cost_m(duty, one, weights), _lot(duty.seed, one.person_id), one) for one in allowed]
    cost_m, _, chosen = min(ranked, key=lambda rank: rank[:2])
    away_m = _away_m(duty, chosen)
    given_up = avoided(duty, chosen)
    return Choice(
        person_id=chosen.person_id,
        distance_m=None if away_m is None else round(away_m, 1),
        is_from_position=chosen.position is not None,
        load=chosen.load,
        recent=chosen.recent,
        cost_m=round(cost_m, 1),
        candidates=len(allowed),
        relaxed=tuple(one for one in RELAXED_IN_ORDER if one in given_up),
    )


def _away_m(duty: Duty, candidate: Candidate) -> float | None:
    start = candidate.position or candidate.home
    return None if start is None else distance_m(start, duty.place)


def _cost_m(duty: Duty, candidate: Candidate, weights: Weights) -> float:
    away_m = _away_m(duty, candidate)
    way_m = _AT_NO_PLACE_M if away_m is None else away_m
    return way_m + candidate.load * weights.load_m + candidate.recent * weights.rotation_m


def _lot(seed: str, person_id: UUID) -> str:
    return hashlib.sha256(f"{seed} {person_id}".encode()).hexdigest()


def draw(seed: str) -> float:
    """Return the lot of a seed: a number from 0 to below 1, the same for the same seed.

    The seed of a second look is the hash of the ticket's last event, with the kind of task. Nobody can tell it
    before the ticket is closed, because it covers the server's time, and everybody can recompute it afterwards.
    """
    # 53 bits are what a float holds; with more, the largest would round up to 1.
    return (int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) >> 11) / 2**53


def is_drawn(seed: str, share: float) -> bool:
    """Tell whether a seed is among the share (0..1) that is drawn by lot."""
    return draw(seed) < share
