"""One page of the change feed, read at one moment: a bounded number of statements, however many tickets."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.feed import (
    BEGINNING,
    FeedCursor,
    Held,
    begin,
    check_cursor,
    compact,
    turned_to,
    walked,
)
from api.queries.cases import stretches_of_tickets
from api.queries.feed import find_changes, find_grounds, find_walked, is_kept
from api.queries.requests import requests_of_tickets
from api.queries.tickets import Kept, TicketFacts, find_tickets, photos_of_tickets
from api.queries.uploads import awaited_photos_of_tickets

_READ_ANEW = timedelta(hours=1)
"""A cursor behind which nothing happened stays the same for so long: who asks again gets a 304."""


@dataclass(frozen=True, slots=True)
class TicketEntry:
    """A ticket as it is now; without facts it has left the reader's sight."""

    ticket_id: UUID
    facts: TicketFacts | None
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """What a reader has to be told next. `is_complete`: with this page it has everything that is settled."""

    reference_version: int | None
    entries: list[TicketEntry]
    cursor: FeedCursor
    is_complete: bool


async def read_page(
    session: ReadSession,
    viewer: Viewer,
    reference_version: int,
    cursor: FeedCursor | None,
    now: datetime,
    feed_days: int,
    limit: int,
) -> FeedPage:
    """Return the next page behind a cursor or, without one, the first of all that the viewer may see.

    The session sees one moment, at which the viewer was found, too. Raises ResyncNeeded.
    """
    since = cursor
    grounds = await find_grounds(session, cursor.landmark.position if cursor else BEGINNING)
    told_version = None
    if cursor is None:
        cursor = begin(grounds.home, viewer, grounds.newest, now, feed_days, reference_version)
    else:
        check_cursor(cursor, grounds.home, grounds.there, viewer, now, feed_days)
        if cursor.reference_version != reference_version:
            told_version = reference_version
            cursor = replace(cursor, reference_version=reference_version)
    room = limit - (told_version is not None)
    present = Held.of(viewer)
    told: dict[UUID, bool] = {}
    is_complete = False
    while room > 0 and not is_complete:
        if cursor.walk is None:
            found = compact(await find_changes(session, viewer, cursor), room)
            told |= {one: told.get(one, False) or one in found.has_left for one in found.ticket_ids}
            cursor = replace(cursor, landmark=found.up_to or cursor.landmark)
            if not found.is_all:
                break
            cursor = turned_to(cursor, present)
            is_complete = cursor.walk is None
        else:
            cursor = turned_to(cursor, present)
            assert cursor.walk is not None  # noqa: S101  a walk is never given up
            ticket_ids, is_end = await find_walked(session, viewer, cursor, cursor.walk, room)
            told |= dict.fromkeys(ticket_ids, True)
            cursor = walked(cursor, None if is_end else ticket_ids[-1])
        room = limit - (told_version is not None) - len(told)
    if is_complete and (cursor != since or now - cursor.read_at > _READ_ANEW):
        cursor = replace(cursor, read_at=now)
    entries = await _entries(session, viewer, told, cursor.kept_from, now)
    return FeedPage(told_version, entries, cursor, is_complete)


async def _entries(
    session: ReadSession, viewer: Viewer, told: dict[UUID, bool], kept_from: datetime, now: datetime
) -> list[TicketEntry]:
    """Show what is seen now, and name what is not but was."""
    if not told:
        return []
    seen = await find_tickets(session, viewer, told, is_kept(kept_from, viewer))
    kept = await _kept(session, seen, now)
    return [
        TicketEntry(ticket_id, seen.get(ticket_id), kept.get(ticket_id))
        for ticket_id, may_be_held in told.items()
        if ticket_id in seen or may_be_held
    ]


async def _kept(session: ReadSession, ticket_ids: Iterable[UUID], now: datetime) -> dict[UUID, Kept]:
    wanted = list(ticket_ids)
    if not wanted:
        return {}
    stretches = await stretches_of_tickets(session, wanted)
    photos = await photos_of_tickets(session, wanted)
    requests = await requests_of_tickets(session, wanted)
    awaited = await awaited_photos_of_tickets(session, wanted, now)
    return {
        one: Kept(stretches.get(one, []), photos.get(one, []), requests.get(one, []), awaited.get(one, []))
        for one in wanted
    }
