"""Questions about checkpoints, check-ins and rosters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, Uuid, and_, any_, func, literal, or_, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.checkpoint_codes import Way
from api.domain.checkpoints import CheckpointDraft
from api.domain.kept_changes import Noun
from api.models import CheckIn, Checkpoint, Grid, KeptChange, Person, RosterSlot
from api.pages import CodeCursor, Cursor, Page, SortKey, context_of
from api.queries.geometry import point
from api.queries.patrol_access import in_charge_of

_OFFERED_MAX = 500
"""Checkpoints among which somebody chooses: more than a street has."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint as it is stored; its secret signs codes and is never shown."""

    draft: CheckpointDraft
    secret: str
    version: int


def _stored(row: Checkpoint) -> StoredCheckpoint:
    told: dict[str, Any] = {name: getattr(row, name) for name in CheckpointDraft.__slots__}
    told["ways"] = tuple(Way(way) for way in row.ways)
    draft = CheckpointDraft(**told)
    return StoredCheckpoint(draft, row.secret, row.version)


async def find_checkpoint(
    session: ReadSession, code: str, *, for_update: bool = False
) -> StoredCheckpoint | None:
    """Return a checkpoint; `for_update` lets nobody else change it until the transaction ends."""
    statement = select(Checkpoint).where(col(Checkpoint.code) == code)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = (await session.execute(statement)).scalar_one_or_none()
    return None if row is None else _stored(row)


async def find_posts(session: ReadSession) -> list[StoredCheckpoint]:
    """Return the posts in use: the checkpoints that want staff, by code."""
    statement = (
        select(Checkpoint)
        .where(col(Checkpoint.is_active), col(Checkpoint.staff_min) > 0)
        .order_by(col(Checkpoint.code))
    )
    return [_stored(row) for row in (await session.execute(statement)).scalars()]


async def find_checkpoints_for(
    session: ReadSession, viewer: Viewer, way: Way, now: datetime
) -> list[CheckpointDraft]:
    """Return the checkpoints in use that somebody has reason to confirm in this way, by code.

    They lie in a grid of hers, or a roster that is not over has her there.
    """
    grids = select(col(Grid.id)).where(
        col(Grid.valid_to).is_(None),
        col(Grid.code).in_(viewer.grid_codes),
        func.ST_Covers(Grid.geometry, point(col(Checkpoint.longitude), col(Checkpoint.latitude))),
    )
    slots = select(col(RosterSlot.id)).where(
        col(RosterSlot.post) == col(Checkpoint.code),
        col(RosterSlot.stops_at) > now,
        literal(viewer.person_id, Uuid()) == func.any(col(RosterSlot.people_ids)),
    )
    statement = (
        select(Checkpoint)
        .where(
            col(Checkpoint.is_active),
            literal(way.value) == func.any(col(Checkpoint.ways)),
            or_(grids.exists(), slots.exists()),
        )
        .order_by(col(Checkpoint.code))
        .limit(_OFFERED_MAX)
    )
    return [_stored(row).draft for row in (await session.execute(statement)).scalars()]


async def page_of_checkpoints(
    session: ReadSession, *, limit: int, cursor: str | None
) -> Page[StoredCheckpoint]:
    """Return a page of checkpoints by code."""
    context = context_of("checkpoints")
    last = CodeCursor.decode(cursor, context)
    statement = select(Checkpoint).order_by(col(Checkpoint.code)).limit(limit + 1)
    if last is not None:
        statement = statement.where(col(Checkpoint.code) > last.code)
    rows = (await session.execute(statement)).scalars().all()
    items = [_stored(row) for row in rows[:limit]]
    more = CodeCursor(items[-1].draft.code, context).encode() if len(rows) > limit else None
    return Page(items, more)


@dataclass(frozen=True, slots=True)
class CheckInFacts:
    """Somebody was at a checkpoint."""

    id: UUID
    username: str
    name: str
    checkpoint: str
    way: Way
    at: datetime
    received_at: datetime
    distance_m: float | None
    answers: dict[str, Any]


_COLUMNS = [
    getattr(Person if name in {"username", "name"} else CheckIn, name) for name in CheckInFacts.__slots__
]
_NEWEST = SortKey("at", col(CheckIn.at), col(CheckIn.id), descending=True, is_nullable=False)


async def find_check_ins(
    session: ReadSession, viewer: Viewer, ids: Collection[UUID]
) -> dict[UUID, CheckInFacts]:
    """Return those of these check-ins that the viewer made, by id."""
    statement: Any = (
        select(*_COLUMNS)
        .join(Person, col(Person.id) == col(CheckIn.person_id))
        .where(col(CheckIn.id).in_(ids), col(CheckIn.person_id) == viewer.person_id)
    )
    return {row.id: CheckInFacts(*row) for row in await session.execute(statement)}


async def page_of_check_ins(
    session: ReadSession,
    viewer: Viewer,
    today: date,
    since: datetime | None,
    until: datetime | None,
    checkpoint: str | None,
    *,
    limit: int,
    cursor: str | None,
) -> Page[CheckInFacts]:
    """Return a page of the viewer's own check-ins and of those in her charge, the newest first."""
    context = context_of("check_ins", viewer.person_id, since, until, checkpoint)
    statement: Any = (
        select(*_COLUMNS)
        .join(Person, col(Person.id) == col(CheckIn.person_id))
        .where((col(Person.id) == viewer.person_id) | in_charge_of(viewer, today))
    )
    if since is not None:
        statement = statement.where(col(CheckIn.at) >= since)
    if until is not None:
        statement = statement.where(col(CheckIn.at) < until)
    if checkpoint is not None:
        statement = statement.where(col(CheckIn.checkpoint) == checkpoint)
    last = Cursor.decode(cursor, context)
    if last is not None:
        statement = statement.where(_NEWEST.after(last))
    rows = (await session.execute(statement.order_by(*_NEWEST.order_by()).limit(limit + 1))).all()
    items = [CheckInFacts(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, Cursor(items[-1].at, items[-1].id, context).encode())


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A slot of a roster, its people by user name."""

    post: str
    on_date: date
    starts_at: datetime
    stops_at: datetime
    people: tuple[str, ...]
    staff_min: int


async def find_slots(session: ReadSession, first_on: date, last_on: date) -> list[SlotRow]:
    """Return the slots of rosters of these days (both included), by day, post and time."""
    statement: Any = (
        select(
            *(col(RosterSlot.post), col(RosterSlot.on_date), col(RosterSlot.starts_at)),
            *(col(RosterSlot.stops_at), col(RosterSlot.people_ids), col(RosterSlot.staff_min)),
        )
        .where(col(RosterSlot.on_date) >= first_on, col(RosterSlot.on_date) <= last_on)
        .order_by(
            col(RosterSlot.on_date), col(RosterSlot.post), col(RosterSlot.starts_at), col(RosterSlot.id)
        )
    )
    rows: Sequence[Any] = (await session.execute(statement)).all()
    ids: set[UUID] = {person for row in rows for person in row.people_ids}
    named = select(col(Person.id), col(Person.username)).where(col(Person.id).in_(ids))
    names = dict((await session.execute(named)).all()) if ids else {}
    return [
        SlotRow(
            row.post,
            row.on_date,
            row.starts_at,
            row.stops_at,
            tuple(names[person] for person in row.people_ids),
            row.staff_min,
        )
        for row in rows
    ]


async def find_amendment(session: ReadSession, on: date) -> datetime | None:
    """Return when the roster of a day was changed last, if some slot of it was over by then; else None."""
    statement = (
        select(col(KeptChange.at), col(KeptChange.before), col(KeptChange.after))
        .where(col(KeptChange.noun) == Noun.ROSTER, col(KeptChange.code) == on.isoformat())
        .order_by(col(KeptChange.id).desc())
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    told: tuple[dict[str, Any], ...] = (row.before or {}, row.after or {})
    slots: list[dict[str, Any]] = [slot for one in told for slot in one.get("slots", ())]
    is_late = any(datetime.fromisoformat(slot["stops_at"]) <= row.at for slot in slots)
    return row.at if is_late else None


async def find_people_ids(session: ReadSession, usernames: Collection[str]) -> dict[str, UUID]:
    """Return the ids of those of these people who are active, by user name."""
    statement = select(col(Person.username), col(Person.id)).where(
        col(Person.username).in_(usernames), col(Person.is_active)
    )
    return dict((await session.execute(statement)).all())


async def find_arrivals(
    session: ReadSession, first_on: date, last_on: date, early: timedelta
) -> Sequence[tuple[str, str, datetime]]:
    """Return (checkpoint, user name, instant) of the first check-in of each person for each slot of these days.

    A check-in counts from `early` before the start of a slot until its end.
    """
    at, slot = col(CheckIn.at), RosterSlot
    statement = (
        select(col(CheckIn.checkpoint), col(Person.username), func.min(at))
        .select_from(slot)
        .join(
            CheckIn,
            and_(
                col(CheckIn.checkpoint) == col(slot.post),
                at >= col(slot.starts_at) - literal(early, Interval),
                at < col(slot.stops_at),
                col(CheckIn.person_id) == any_(col(slot.people_ids)),
            ),
        )
        .join(Person, col(Person.id) == col(CheckIn.person_id))
        .where(
            col(slot.on_date) >= first_on,
            col(slot.on_date) <= last_on,
            # What slots of these days can reach, for an index: from the day before, in any zone, into the next.
            at >= datetime.combine(first_on, time(), UTC) - early - _DAY,
            at < datetime.combine(last_on, time(), UTC) + 3 * _DAY,
        )
        .group_by(col(slot.id), col(CheckIn.checkpoint), col(Person.username))
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]
