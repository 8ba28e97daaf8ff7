"""Rosters (排班): who is at which post when, who came, who was late, and where nobody is."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Presence(StrEnum):
    """How it stands with somebody on a roster."""

    EXPECTED = "expected"
    """Her time has not begun, or the grace has not passed."""
    PRESENT = "present"
    LATE = "late"
    """She came, after the grace."""
    MISSING = "missing"
    """Her time goes on and she has not come."""
    ABSENT = "absent"
    """Her time is over and she never came."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of time at a post and who is to be there; half-open, perhaps past midnight."""

    starts_at: datetime
    stops_at: datetime
    people: tuple[str, ...]
    staff_min: int


@dataclass(frozen=True, slots=True)
class SlotStanding:
    """How a slot stands: each person's presence and first check-in. `is_short`: fewer are on the roster than wanted.

    `is_unmanned`: it goes on, or is over, and nobody of it has come once the grace had passed.
    """

    presence: dict[str, Presence]
    came_at: dict[str, datetime]
    is_short: bool
    is_unmanned: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A check-in at the slot's post."""

    person: str
    at: datetime


class Arrivals:
    """Check-ins by post, in order of time, for many slots."""

    def __init__(self, told: Iterable[tuple[str, str, datetime]]) -> None:
        """Take (post, person, instant) in any order."""
        self._by_post: dict[str, list[Arrival]] = {}
        for post, person, at in sorted(told, key=lambda one: one[2]):
            self._by_post.setdefault(post, []).append(Arrival(person, at))

    def between(self, post: str, since: datetime, until: datetime) -> Sequence[Arrival]:
        """Return those at a post from `since` to `until` (excluded)."""
        known = self._by_post.get(post, [])
        return known[bisect_left(known, since, key=_at) : bisect_left(known, until, key=_at)]


def _at(arrival: Arrival) -> datetime:
    return arrival.at


def standing(
    slot: Slot, arrivals: Iterable[Arrival], now: datetime, early: timedelta, grace: timedelta
) -> SlotStanding:
    """Say how a slot stands now. A check-in counts from `early` before the start until the end."""
    came_at: dict[str, datetime] = {}
    for arrival in sorted(arrivals, key=lambda arrival: arrival.at):
        if slot.starts_at - early <= arrival.at < slot.stops_at and arrival.person in slot.people:
            came_at.setdefault(arrival.person, arrival.at)
    is_due = now >= slot.starts_at + grace
    return SlotStanding(
        presence={person: _presence(slot, came_at.get(person), now, grace) for person in slot.people},
        came_at=came_at,
        is_short=len(slot.people) < slot.staff_min,
        is_unmanned=is_due and not came_at and slot.staff_min > 0,
    )


def _presence(slot: Slot, came_at: datetime | None, now: datetime, grace: timedelta) -> Presence:
    if came_at is not None:
        return Presence.PRESENT if came_at <= slot.starts_at + grace else Presence.LATE
    if now >= slot.stops_at:
        return Presence.ABSENT
    return Presence.MISSING if now >= slot.starts_at + grace else Presence.EXPECTED


@dataclass(frozen=True, slots=True)
class Shortage:
    """A post that is short of staff on a day: how many its busiest missing slot lacks."""

    post: str
    lacks: int


def shortages(posts: Iterable[tuple[str, int]], slots: Sequence[tuple[str, Slot]]) -> list[Shortage]:
    """Return the posts of a day that are short, by code: those with a short slot, and those without any slot.

    `posts` has each post in use with how many it wants.
    """
    found: list[Shortage] = []
    for post, wanted in sorted(posts):
        own = [slot for code, slot in slots if code == post]
        lacks = max((slot.staff_min - len(slot.people) for slot in own), default=wanted)
        if lacks > 0:
            found.append(Shortage(post, lacks))
    return found
