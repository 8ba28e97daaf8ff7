"""Notices: how tickets stand, what waits to be told to whom, and the messages that a person reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, case, cast, false, func, literal, or_, select, true
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import UNIT_ROLES, Role, Viewer
from api.domain.limits import Limit
from api.domain.notices import NoticeLevel, Receiver, Standing, Waiting
from api.domain.reference import Reference
from api.domain.states import CLOCK_OF, Clock
from api.models import Message, Notice, Ticket, TicketClock, metadata
from api.pages import NumberCursor, Page, context_of
from api.queries.access import visible_tickets

TICKETS_SHOWN_MAX = 50
"""Tickets of a digest that are listed, the most overdue first; the counts tell of all."""

_CLOCK: ColumnElement[Clock] = case(
    *(
        (col(Ticket.state) == state, literal(clock, metadata.tables["ticket_clocks"].c.clock.type))
        for state, clock in CLOCK_OF.items()
    )
)
_LOCK_SPACE = 2
"""Sets the locks of receivers apart from other advisory locks on hashed texts."""


async def find_standings(session: ReadSession, ticket_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Return how these tickets stand; those that have ended are left out."""
    newest = (
        select(
            col(TicketClock.clock),
            col(TicketClock.cycle),
            col(TicketClock.limit_value),
            col(TicketClock.limit_unit),
        )
        .where(col(TicketClock.ticket_id) == col(Ticket.id), col(TicketClock.clock) == _CLOCK)
        .order_by(col(TicketClock.id).desc())
        .limit(1)
        .lateral("newest")
    )
    statement: Any = (
        select(
            col(Ticket.id),
            col(Ticket.state),
            col(Ticket.unit_id),
            col(Ticket.grid_code),
            col(Ticket.checked_at).is_not(None).label("is_checked"),
            col(Ticket.due_at),
            col(Ticket.yellow_at),
            newest,
        )
        .join(newest, true())
        .where(col(Ticket.id).in_(ticket_ids))
    )
    return {row.id: _standing(row) for row in await session.execute(statement)}


def _standing(row: Any) -> Standing:  # noqa: ANN401  a row of the statement above
    return Standing(
        ticket_id=row.id,
        state=row.state,
        unit_id=row.unit_id,
        grid_code=row.grid_code,
        is_checked=row.is_checked,
        due_at=row.due_at,
        yellow_at=row.yellow_at,
        clock=row.clock,
        cycle=row.cycle,
        limit=Limit(row.limit_value, row.limit_unit) if row.limit_value else None,
    )


_IS_WAITING = and_(col(Notice.message_id).is_(None), col(Notice.obsolete_at).is_(None))


async def waiting_receivers(session: ReadSession, now: datetime) -> list[Receiver]:
    """Return everybody for whom something is to be delivered by now."""
    statement = (
        select(col(Notice.role), col(Notice.unit_id), col(Notice.grid_code))
        .where(_IS_WAITING, col(Notice.deliver_at) <= now)
        .distinct()
    )
    return [Receiver(*row) for row in (await session.execute(statement)).all()]


async def lock_receiver(session: WriteSession, receiver: Receiver) -> bool:
    """Be the only one who delivers to this receiver until the transaction ends; False when another worker is.

    Otherwise two workers would each take a part of what makes one digest.
    """
    key = f"{receiver.role} {receiver.unit_id} {receiver.grid_code}"
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(cast(key, Text), _LOCK_SPACE))
    return (await session.execute(select(lock))).scalar_one()


async def lock_waiting(session: WriteSession, receiver: Receiver, now: datetime, limit: int) -> list[Waiting]:
    """Return what this receiver is to be told by now, locked, those that have waited longest first."""
    statement = (
        select(*(getattr(Notice, name) for name in Waiting.__slots__))
        .where(
            _IS_WAITING,
            col(Notice.role) == receiver.role,
            # IS NOT DISTINCT FROM would be one form for both, and is answered by no index.
            col(Notice.unit_id) == receiver.unit_id,
            col(Notice.grid_code) == receiver.grid_code,
            col(Notice.deliver_at) <= now,
        )
        .order_by(col(Notice.deliver_at), col(Notice.id))
        .limit(limit)
        .with_for_update()
    )
    return [Waiting(*row) for row in (await session.execute(statement)).all()]


@dataclass(frozen=True, slots=True)
class NoticedTicket:
    """A ticket as a notice told of it; `due_at` is the due time of then."""

    ticket_id: UUID
    number: str
    clock: Clock
    level: NoticeLevel
    rung: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """A message as this viewer sees it; `counts` and `tickets` hold only tickets that are still visible."""

    id: int
    created_at: datetime
    is_digest: bool
    counts: dict[NoticeLevel, int]
    tickets: Sequence[NoticedTicket]


_NOTICED = attrgetter(*NoticedTicket.__slots__)


async def find_messages(
    session: ReadSession, viewer: Viewer, reference: Reference, *, limit: int, cursor: str | None
) -> Page[MessageFacts]:
    """Return a page of the viewer's messages, newest first, in one statement.

    A message none of whose tickets the viewer sees any more is left out.
    """
    context = context_of("notices", viewer.person_id)
    last = NumberCursor.decode(cursor, context)
    told = and_(col(Notice.ticket_id) == col(Ticket.id), visible_tickets(viewer))
    is_seen = select(col(Notice.id)).join(Ticket, told).where(col(Notice.message_id) == col(Message.id))
    chosen = (
        select(col(Message.id), col(Message.created_at), col(Message.is_digest))
        .where(addressed_to(viewer, reference), is_seen.exists())
        .order_by(col(Message.id).desc())
        .limit(limit + 1)
    )
    if last is not None:
        chosen = chosen.where(col(Message.id) < last.number)
    page = chosen.cte("page")
    columns: list[Any] = [
        col(Notice.id).label("notice_id"),
        col(Notice.ticket_id),
        col(Ticket.number),
        *(col(getattr(Notice, name)) for name in ("clock", "level", "rung", "due_at")),
        *(
            func.count().filter(col(Notice.level) == level).over().label(f"count_{level}")
            for level in NoticeLevel
        ),
    ]
    tickets: Any = (
        select(*columns)
        .join(Ticket, told)
        .where(col(Notice.message_id) == page.c.id)
        .order_by(col(Notice.due_at).asc().nulls_last(), col(Notice.id))
        .limit(TICKETS_SHOWN_MAX)
        .lateral("told")
    )
    statement: Any = (
        select(page, tickets)
        .join(tickets, true())
        .order_by(page.c.id.desc(), tickets.c.due_at.asc().nulls_last(), tickets.c.notice_id)
    )
    rows_of: dict[int, list[Any]] = {}
    for row in await session.execute(statement):
        rows_of.setdefault(row.id, []).append(row)
    items = [_message(rows) for rows in rows_of.values()]
    if len(items) <= limit:
        return Page(items, None)
    return Page(items[:limit], NumberCursor(items[limit - 1].id, context).encode())


def _message(rows: Sequence[Any]) -> MessageFacts:
    first = rows[0]
    counts = {level: getattr(first, f"count_{level}") for level in NoticeLevel}
    return MessageFacts(
        id=first.id,
        created_at=first.created_at,
        is_digest=first.is_digest,
        counts={level: count for level, count in counts.items() if count},
        tickets=[NoticedTicket(*_NOTICED(row)) for row in rows],
    )


def addressed_to(viewer: Viewer, reference: Reference) -> ColumnElement[bool]:
    """Return the condition for the messages that are told to this viewer.

    A unit's are told to its members and leads, and what only a lead has to answer to leads; an officer hears of
    the own grids and of the areas around them.
    """
    role = col(Message.role)
    if viewer.role in UNIT_ROLES:
        heard = UNIT_ROLES if viewer.role is Role.UNIT_LEAD else {viewer.role}
        return and_(col(Message.unit_id) == viewer.unit_id, role.in_(heard))
    if viewer.role is Role.OFFICER:
        around = {grid.code for own in viewer.grid_codes for grid in reference.grid_path(own)}
        area = col(Message.grid_code)
        # Codes hold nothing that LIKE would have to be told to take as it is.
        inside = (area.like(f"{own}%") for own in viewer.grid_codes)
        return and_(area.is_not(None), or_(false(), area.in_(sorted(around)), *inside))
    return role == viewer.role
