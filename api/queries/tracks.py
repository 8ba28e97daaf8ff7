"""Questions about tracks: the points of shifts, what batches came to, who read whose."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.tracks import Fix, to_ms
from api.models import Person, Shift, TrackBatch, TrackPoint, TrackReading
from api.pages import Cursor, Page, SortKey, context_of
from api.queries.patrol_access import in_charge_of

_FIX = (
    col(TrackPoint.longitude),
    col(TrackPoint.latitude),
    col(TrackPoint.accuracy_m),
    col(TrackPoint.is_mock),
)


async def find_fixes(
    session: ReadSession, shift_id: UUID, since: datetime | None = None, until: datetime | None = None
) -> list[Fix]:
    """Return the stored points of a shift in order of time, those from `since` to `until` (excluded)."""
    statement: Any = (
        select(col(TrackPoint.at), *_FIX)
        .where(col(TrackPoint.shift_id) == shift_id)
        .order_by(col(TrackPoint.at))
    )
    if since is not None:
        statement = statement.where(col(TrackPoint.at) >= since)
    if until is not None:
        statement = statement.where(col(TrackPoint.at) < until)
    return [Fix(to_ms(at), *where) for at, *where in await session.execute(statement)]


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What became of a batch of points."""

    id: UUID
    shift_id: UUID
    received_at: datetime
    points: int
    stored: int
    out_of_order: int
    left_out: dict[str, Any]


async def find_batches(
    session: ReadSession, viewer: Viewer, batch_ids: Collection[UUID]
) -> dict[UUID, BatchFacts]:
    """Return those of these batches that the viewer sent, by id."""
    columns = [getattr(TrackBatch, name) for name in BatchFacts.__slots__]
    statement: Any = select(*columns).where(
        col(TrackBatch.id).in_(batch_ids), col(TrackBatch.person_id) == viewer.person_id
    )
    return {row.id: BatchFacts(*row) for row in await session.execute(statement)}


@dataclass(frozen=True, slots=True)
class Tracked:
    """Somebody whose track may be read."""

    person_id: UUID
    username: str
    name: str
    officer_number: str | None


async def find_tracked(session: ReadSession, viewer: Viewer, username: str, today: date) -> Tracked | None:
    """Return the person with this user name if the viewer may read her tracks."""
    columns = (col(Person.id), col(Person.username), col(Person.name), col(Person.officer_number))
    statement = select(*columns).where(col(Person.username) == username, in_charge_of(viewer, today))
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Tracked(*row)


@dataclass(frozen=True, slots=True)
class TrackedShift:
    """A shift that passes through a day."""

    id: UUID
    started_at: datetime
    ended_at: datetime | None


async def find_shifts_between(
    session: ReadSession, person_id: UUID, since: datetime, until: datetime
) -> list[TrackedShift]:
    """Return the shifts of a person that have any part between two instants, in order of time."""
    statement = (
        select(col(Shift.id), col(Shift.started_at), col(Shift.ended_at))
        .where(
            col(Shift.person_id) == person_id,
            col(Shift.started_at) < until,
            (col(Shift.ended_at) > since) | col(Shift.ended_at).is_(None),
        )
        .order_by(col(Shift.started_at))
    )
    return [TrackedShift(*row) for row in await session.execute(statement)]


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """Somebody read a track."""

    id: UUID
    at: datetime
    by: str
    by_name: str
    person: str
    on_date: date
    is_live: bool


_LATEST = SortKey("at", col(TrackReading.at), col(TrackReading.id), descending=True, is_nullable=False)


async def page_of_readings(
    session: ReadSession, viewer: Viewer, today: date, *, limit: int, cursor: str | None
) -> Page[ReadingFacts]:
    """Return a page of who read the tracks of the people in the viewer's charge, herself included; newest first."""
    context = context_of("readings", viewer.person_id)
    reader = select(col(Person.id), col(Person.username), col(Person.name)).subquery("reader")
    statement: Any = (
        select(
            col(TrackReading.id),
            col(TrackReading.at),
            reader.c.username,
            reader.c.name,
            col(Person.username),
            col(TrackReading.on_date),
            col(TrackReading.is_live),
        )
        .join(Person, col(Person.id) == col(TrackReading.person_id))
        .join(reader, reader.c.id == col(TrackReading.by_id))
        .where(in_charge_of(viewer, today))
    )
    last = Cursor.decode(cursor, context)
    if last is not None:
        statement = statement.where(_LATEST.after(last))
    rows = (await session.execute(statement.order_by(*_LATEST.order_by()).limit(limit + 1))).all()
    items = [ReadingFacts(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, Cursor(items[-1].at, items[-1].id, context).encode())
