"""The change feed: what a reader holds, where it stands, and how repeated changes become one.

Every step of a ticket (an event) and whatever else changes what somebody sees (a mark) has a position: the
transaction that wrote it and its number. A reader takes what is settled, that is what was written by
transactions older than every one still under way: nothing can be committed behind it any more.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from api.domain.access import Role, TicketScope, Viewer, ticket_scope
from api.domain.errors import ResyncNeeded


class MarkKind(StrEnum):
    """What a mark tells: a ticket left somebody's sight, it changed without a step, or a person changed."""

    LEFT = "left"
    TOUCHED = "touched"
    PERSON = "person"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Behind the row `id` that the transaction `xid` wrote; (0, 0) is before everything."""

    xid: int = 0
    id: int = 0


BEGINNING = Position()


@dataclass(frozen=True, slots=True)
class Landmark:
    """The row that a cursor stands at, with a fingerprint by which a database that was rewound is noticed."""

    position: Position = BEGINNING
    fingerprint: str = ""


def fingerprint(about: UUID | None, at: datetime) -> str:
    """Return the fingerprint of a row: another row that got the same number in a rewound database has another."""
    facts = f"{about} {at.timestamp():.6f}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Held:
    """Whose tickets a reader may hold, as far as that can change: by role and unit, grids, units below, places."""

    role: Role
    unit_id: int | None
    grid_codes: frozenset[str] = frozenset()
    unit_ids_below: frozenset[int] = frozenset()
    place_codes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, viewer: Viewer) -> "Held":
        """Return what this viewer sees now."""
        scope = ticket_scope(viewer)
        return cls(
            viewer.role,
            viewer.unit_id,
            frozenset(scope.grid_prefixes),
            frozenset(scope.escalated_unit_ids),
            frozenset(scope.paired_places),
        )

    @classmethod
    def nothing(cls, viewer: Viewer) -> "Held":
        """Return what a reader holds who has read nothing."""
        return cls(viewer.role, viewer.unit_id)

    def __or__(self, other: "Held") -> "Held":
        """Return what either of the two may hold."""
        return replace(
            self,
            grid_codes=self.grid_codes | other.grid_codes,
            unit_ids_below=self.unit_ids_below | other.unit_ids_below,
            place_codes=self.place_codes | other.place_codes,
        )

    def differs(self, other: "Held") -> TicketScope:
        """Return the marks of the tickets that one of the two holds and the other perhaps not."""
        return TicketScope(
            grid_prefixes=tuple(sorted(self.grid_codes ^ other.grid_codes)),
            escalated_unit_ids=tuple(sorted(self.unit_ids_below ^ other.unit_ids_below)),
            paired_places=tuple(sorted(self.place_codes ^ other.place_codes)),
        )


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk through tickets by id, towards holding `target`: all of them, or those that the change concerns."""

    target: Held
    is_whole: bool
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """Which data a cursor belongs to.

    `epoch` is new after a restored backup, by whoever restored it; `cluster` is PostgreSQL's own name of its
    cluster, which is another one when a dump was read into another cluster, whose transactions count anew.
    """

    city: UUID
    epoch: UUID
    cluster: int


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """Where a reader stands. Everything settled up to the landmark has been told to it.

    `kept_from`: it holds tickets that were open then or changed since. `read_at`: when it last had everything.
    """

    home: Home
    person_id: UUID
    held: Held
    landmark: Landmark
    walk: Walk | None
    kept_from: datetime
    read_at: datetime
    reference_version: int


def begin(
    home: Home, viewer: Viewer, newest: Landmark, now: datetime, feed_days: int, reference_version: int
) -> FeedCursor:
    """Return the cursor of a reader that has nothing: it walks through all it may see, then follows `newest`."""
    return FeedCursor(
        home=home,
        person_id=viewer.person_id,
        held=Held.nothing(viewer),
        landmark=newest,
        walk=Walk(Held.of(viewer), is_whole=True),
        kept_from=now - timedelta(days=feed_days),
        read_at=now,
        reference_version=reference_version,
    )


def check_cursor(
    cursor: FeedCursor, home: Home, found: Landmark | None, viewer: Viewer, now: datetime, feed_days: int
) -> None:
    """Raise ResyncNeeded when a reader can't go on from this cursor; `found` is what the database has there.

    That cities and people are the same is for whoever reads the cursor: other people's are no cursors at all.
    """
    if (cursor.held.role, cursor.held.unit_id) != (viewer.role, viewer.unit_id):
        raise ResyncNeeded("Your role or your unit has changed: what you see begins anew.", why="scope")
    if now - cursor.read_at > timedelta(days=feed_days):
        raise ResyncNeeded(
            f"You last had everything more than {feed_days} days ago.", why="too_old", feed_days=feed_days
        )
    if cursor.home != home or (cursor.landmark.position != BEGINNING and cursor.landmark != found):
        raise ResyncNeeded("The database was restored from an earlier state.", why="restored")


def turned_to(cursor: FeedCursor, present: Held) -> FeedCursor:
    """Return the cursor with a walk towards what the reader may hold at present, if it is not on its way there.

    Only for a cursor that has read all that is settled, or is walking: departures that are still to be read
    are told by what the reader held then.
    """
    walk = cursor.walk
    if walk is None:
        return cursor if cursor.held == present else replace(cursor, walk=Walk(present, is_whole=False))
    if walk.target == present:
        return cursor
    # The scope changed again on the way: it may hold what it has met so far, and begins once more.
    return replace(cursor, held=cursor.held | walk.target, walk=replace(walk, target=present, after=None))


def walked(cursor: FeedCursor, last: UUID | None) -> FeedCursor:
    """Return the cursor behind the ticket `last` of its walk, or at the walk's end."""
    assert cursor.walk is not None  # noqa: S101  walking
    if last is None:
        return replace(cursor, held=cursor.walk.target, walk=None)
    return replace(cursor, walk=replace(cursor.walk, after=last))


@dataclass(frozen=True, slots=True)
class Change:
    """One settled row of the feed that may concern a reader; `has_left`: a ticket that it may hold left its sight."""

    landmark: Landmark
    ticket_id: UUID
    has_left: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Settled rows behind a cursor: those of concern, and the last of all, which may concern others only.

    `is_all`: there are no more settled rows.
    """

    changes: Sequence[Change]
    last: Landmark | None
    is_all: bool


@dataclass(frozen=True, slots=True)
class Compacted:
    """The tickets of a window, each once, in the order of their first change; and how far that goes.

    `has_left` names those of them that left the reader's sight at some time.
    """

    ticket_ids: tuple[UUID, ...]
    has_left: frozenset[UUID]
    up_to: Landmark | None
    is_all: bool


def compact(window: Window, room: int) -> Compacted:
    """Make one item of all changes of a ticket, for at most `room` tickets.

    Where there are more, the rest is left for the next page; a ticket told now whose later changes lie behind
    is told again then. `room` is at least 1, so that each page gets on.
    """
    ticket_ids: dict[UUID, bool] = {}
    up_to: Landmark | None = None
    for change in window.changes:
        if change.ticket_id not in ticket_ids and len(ticket_ids) == room:
            return Compacted(tuple(ticket_ids), _those(ticket_ids), up_to, is_all=False)
        ticket_ids[change.ticket_id] = ticket_ids.get(change.ticket_id, False) or change.has_left
        up_to = change.landmark
    return Compacted(tuple(ticket_ids), _those(ticket_ids), window.last, window.is_all)


def _those(has_left: dict[UUID, bool]) -> frozenset[UUID]:
    return frozenset(ticket_id for ticket_id, left in has_left.items() if left)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a batch of changes may concern, by every mark that lets somebody see a ticket or lose sight of it."""

    unit_ids: frozenset[int]
    escalated_unit_ids: frozenset[int]
    grid_codes: tuple[str, ...]
    """In order, so that a prefix is found by bisection."""

    place_codes: frozenset[str]
    person_ids: frozenset[UUID]
    has_tickets: bool

    def concerns(self, viewer: Viewer) -> bool:
        """Tell whether the changes may concern this viewer; in doubt they do."""
        if viewer.person_id in self.person_ids:
            return True
        if not self.has_tickets:
            return False
        scope = ticket_scope(viewer)
        return (
            scope.everything
            or scope.unit_id in self.unit_ids
            or not self.escalated_unit_ids.isdisjoint(scope.escalated_unit_ids)
            or not self.place_codes.isdisjoint(scope.paired_places)
            or _begins_any(scope.grid_prefixes, self.grid_codes)
        )


def _begins_any(prefixes: Iterable[str], ordered: Sequence[str]) -> bool:
    for prefix in prefixes:
        at = bisect_left(ordered, prefix)
        if at < len(ordered) and ordered[at].startswith(prefix):
            return True
    return False
