"""Questions about shifts: one, lists, and the last positions of those that go on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, literal, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.shifts import Course, ShiftEvent, ShiftState, in_order
from api.models import Person, Shift
from api.models import ShiftEvent as ShiftEventRow
from api.pages import CodeCursor, Cursor, Page, SortKey, context_of
from api.queries.patrol_access import in_charge_of


@dataclass(frozen=True, slots=True)
class ShiftFacts:
    """A shift as it is stored, with its person."""

    id: UUID
    username: str
    name: str
    officer_number: str | None
    team: str
    started_on: date
    started_at: datetime
    state: ShiftState
    ended_at: datetime | None
    received_at: datetime
    version: int
    points: int
    left_out: dict[str, Any]
    walked_m: float
    tracked_s: float
    measured_at: datetime | None
    last_at: datetime | None
    last_longitude: float | None
    last_latitude: float | None
    last_accuracy_m: float | None
    last_battery_share: float | None


_OF_PERSON = {"username", "name", "officer_number"}
_COLUMNS = [getattr(Person if name in _OF_PERSON else Shift, name) for name in ShiftFacts.__slots__]


@dataclass(frozen=True, slots=True)
class ShiftFilter:
    """What a list of shifts is narrowed to; None leaves it wide."""

    person: str | None = None
    on: date | None = None
    running: bool | None = None


_NEWEST = SortKey("started_at", col(Shift.started_at), col(Shift.id), descending=True, is_nullable=False)


def _visible(viewer: Viewer, today: date) -> Any:  # noqa: ANN401  a statement of many columns
    return (
        select(*_COLUMNS)
        .join(Person, col(Person.id) == col(Shift.person_id))
        .where(in_charge_of(viewer, today))
    )


async def page_of_shifts(
    session: ReadSession, viewer: Viewer, wanted: ShiftFilter, today: date, *, limit: int, cursor: str | None
) -> Page[ShiftFacts]:
    """Return a page of the shifts that the viewer may see, the newest first."""
    context = context_of("shifts", viewer.person_id, wanted)
    statement = _visible(viewer, today)
    if wanted.person is not None:
        statement = statement.where(col(Person.username) == wanted.person)
    if wanted.on is not None:
        statement = statement.where(col(Shift.started_on) == wanted.on)
    if wanted.running is not None:
        is_over = col(Shift.state) == ShiftState.ENDED
        statement = statement.where(~is_over if wanted.running else is_over)
    last = Cursor.decode(cursor, context)
    if last is not None:
        statement = statement.where(_NEWEST.after(last))
    rows = (await session.execute(statement.order_by(*_NEWEST.order_by()).limit(limit + 1))).all()
    items = [ShiftFacts(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, Cursor(items[-1].started_at, items[-1].id, context).encode())


async def find_shifts(
    session: ReadSession, viewer: Viewer, shift_ids: Collection[UUID], today: date
) -> dict[UUID, ShiftFacts]:
    """Return those of these shifts that the viewer may see, by id."""
    rows = await session.execute(_visible(viewer, today).where(col(Shift.id).in_(shift_ids)))
    return {row.id: ShiftFacts(*row) for row in rows}


async def find_courses(session: ReadSession, shift_ids: Collection[UUID]) -> Mapping[UUID, Course]:
    """Return what happened to each of these shifts."""
    statement = select(col(ShiftEventRow.shift_id), col(ShiftEventRow.action), col(ShiftEventRow.at)).where(
        # An array, because a query takes 65 535 parameters at most.
        col(ShiftEventRow.shift_id) == any_(literal(list(shift_ids), ARRAY(Uuid())))
    )
    events: dict[UUID, list[ShiftEvent]] = {}
    for shift_id, action, at in await session.execute(statement):
        events.setdefault(shift_id, []).append(ShiftEvent(action, at))
    return {shift_id: Course(tuple(in_order(found))) for shift_id, found in events.items()}


async def page_of_positions(
    session: ReadSession, viewer: Viewer, today: date, *, limit: int, cursor: str | None
) -> Page[ShiftFacts]:
    """Return a page of the shifts in the viewer's charge that go on, by user name, with where each was last."""
    context = context_of("positions", viewer.person_id)
    last = CodeCursor.decode(cursor, context)
    statement = _visible(viewer, today).where(col(Shift.state) != ShiftState.ENDED)
    if last is not None:
        statement = statement.where(col(Person.username) > last.code)
    rows = (await session.execute(statement.order_by(col(Person.username)).limit(limit + 1))).all()
    items = [ShiftFacts(*row) for row in rows[:limit]]
    more = CodeCursor(items[-1].username, context).encode() if len(rows) > limit else None
    return Page(items, more)
