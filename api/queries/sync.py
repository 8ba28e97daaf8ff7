"""What a phone learns of what it sent: how its tickets stand, who was faster, and what still waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.errors import FieldWrong, VersionNeeded
from api.domain.lifecycle import Action, Actor, State
from api.domain.sync import ItemKind, WaitState
from api.models import IdempotencyKey, Person, Report, Ticket, TicketEvent, WaitingItem
from api.pages import Cursor, Page, SortKey, context_of
from api.queries.access import visible_tickets

CHANGES_SHOWN_MAX = 20
"""Steps of others that a conflict tells of, the newest; a phone that is further behind reads the history."""


@dataclass(frozen=True, slots=True)
class TicketStanding:
    """How a ticket stands, as far as a phone has to know at once; the change feed brings the rest."""

    id: UUID
    number: str
    state: State
    version: int
    due_at: datetime | None
    unit_id: int | None
    triage: str | None


async def find_ticket_standings(
    session: ReadSession, viewer: Viewer, ticket_ids: Collection[UUID]
) -> dict[UUID, TicketStanding]:
    """Return how those of these tickets stand that the viewer sees."""
    columns = [getattr(Ticket, name) for name in TicketStanding.__slots__]
    statement: Any = select(*columns).where(col(Ticket.id).in_(ticket_ids), visible_tickets(viewer))
    return {row.id: TicketStanding(*row) for row in await session.execute(statement)}


@dataclass(frozen=True, slots=True)
class ReportStanding:
    """What became of a report besides its ticket."""

    id: UUID
    ticket_id: UUID
    received_at: datetime
    awaited_photo_ids: list[UUID]
    duplicates: list[dict[str, Any]]


async def find_report_standings(
    session: ReadSession, viewer: Viewer, report_ids: Collection[UUID]
) -> dict[UUID, ReportStanding]:
    """Return what became of those of these reports that the viewer sent."""
    columns = [getattr(Report, name) for name in ReportStanding.__slots__]
    statement: Any = select(*columns).where(
        col(Report.id).in_(report_ids), col(Report.reporter_id) == viewer.person_id
    )
    return {row.id: ReportStanding(*row) for row in await session.execute(statement)}


async def ticket_exists(session: ReadSession, ticket_id: UUID) -> bool:
    """Tell whether there is such a ticket, whoever may see it."""
    return (
        await session.execute(select(select(col(Ticket.id)).where(col(Ticket.id) == ticket_id).exists()))
    ).scalar_one()


async def find_version_after(
    session: ReadSession, person_id: UUID, ticket_id: UUID, item_id: UUID
) -> int | None:
    """Return the version of the ticket that this person's item led to; None while it is not done.

    The report's own id stands for what filing led to. Raises FieldWrong (`after_elsewhere`) for a step on another
    ticket, and VersionNeeded for one so old that its version was not kept.
    """
    key = select(col(IdempotencyKey.ticket_id), col(IdempotencyKey.led_to)).where(
        col(IdempotencyKey.person_id) == person_id, col(IdempotencyKey.key) == str(item_id)
    )
    row = (await session.execute(key)).one_or_none()
    if row is None:
        return await _version_of_filing(session, person_id, ticket_id) if item_id == ticket_id else None
    if row.ticket_id != ticket_id:
        raise FieldWrong("/after", "after_elsewhere", "That was a step on another ticket.", after=item_id)
    if row.led_to is None:
        raise VersionNeeded("Name the version that you saw: it is not known which one that step led to.")
    return row.led_to


async def _version_of_filing(session: ReadSession, person_id: UUID, ticket_id: UUID) -> int | None:
    # Filing takes all its steps at one instant, by the reporter and the system, and each raises the version by one.
    statement = (
        select(func.max(col(TicketEvent.seq)))
        .join(Report, col(Report.ticket_id) == col(TicketEvent.ticket_id))
        .where(
            col(Report.id) == ticket_id,
            col(Report.reporter_id) == person_id,
            col(TicketEvent.at) == col(Report.received_at),
            or_(col(TicketEvent.actor_id).is_(None), col(TicketEvent.seq) == 1),
        )
    )
    return (await session.execute(statement)).scalar_one()


async def find_done(session: ReadSession, items: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Return those of these items, each with its person, that were done as steps."""
    wanted = [(person_id, str(item_id)) for person_id, item_id in items]
    statement = select(col(IdempotencyKey.person_id), col(IdempotencyKey.key)).where(
        tuple_(col(IdempotencyKey.person_id), col(IdempotencyKey.key)).in_(wanted)
    )
    return {(row.person_id, UUID(row.key)) for row in await session.execute(statement)}


@dataclass(frozen=True, slots=True)
class Change:
    """A step that somebody took on a ticket."""

    version: int
    action: Action
    at: datetime
    role: Actor
    name: str | None


async def find_changes(
    session: ReadSession, viewer: Viewer, ticket_id: UUID, since_version: int | None
) -> list[Change]:
    """Return the last steps on a visible ticket since a version, oldest first; the very last one without a version."""
    statement = (
        select(
            col(TicketEvent.seq),
            col(TicketEvent.action),
            col(TicketEvent.at),
            col(TicketEvent.actor_role),
            col(Person.name),
        )
        .join(Ticket, col(Ticket.id) == col(TicketEvent.ticket_id))
        .outerjoin(Person, col(Person.id) == col(TicketEvent.actor_id))
        .where(col(TicketEvent.ticket_id) == ticket_id, visible_tickets(viewer))
        .order_by(col(TicketEvent.seq).desc())
        .limit(CHANGES_SHOWN_MAX if since_version is not None else 1)
    )
    if since_version is not None:
        statement = statement.where(col(TicketEvent.seq) > since_version)
    return [Change(*row) for row in reversed((await session.execute(statement)).all())]


@dataclass(frozen=True, slots=True)
class WaitingFacts:
    """Something of a phone's that waits, or waited in vain."""

    id: UUID
    kind: ItemKind
    device_id: str
    ticket_id: UUID
    after_id: UUID | None
    made_at: datetime
    received_at: datetime
    expires_at: datetime
    state: WaitState
    ended_at: datetime | None
    code: str | None
    detail: str | None


_NEWEST = SortKey(
    "received_at", col(WaitingItem.received_at), col(WaitingItem.id), descending=True, is_nullable=False
)


async def find_waiting(
    session: ReadSession, viewer: Viewer, *, limit: int, cursor: str | None
) -> Page[WaitingFacts]:
    """Return a page of what the viewer's phones sent and what waits or waited in vain, the newest first."""
    context = context_of("waiting", viewer.person_id)
    columns = [getattr(WaitingItem, name) for name in WaitingFacts.__slots__]
    statement: Any = select(*columns).where(col(WaitingItem.person_id) == viewer.person_id)
    last = Cursor.decode(cursor, context)
    if last is not None:
        statement = statement.where(_NEWEST.after(last))
    rows = (await session.execute(statement.order_by(*_NEWEST.order_by()).limit(limit + 1))).all()
    items = [WaitingFacts(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, Cursor(items[-1].received_at, items[-1].id, context).encode())
