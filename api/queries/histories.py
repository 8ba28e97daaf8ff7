"""Histories of tickets: every step as it was taken, and the proof that none was changed."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.history import Event, Head, first_break
from api.models import Person, Ticket, TicketEvent

_TICKETS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One event of a ticket's history and who took the step."""

    event: TicketEvent
    actor_name: str | None

    def chained(self) -> tuple[Event, str]:
        """Return the event as its hash was taken over it, with that hash."""
        row = self.event
        event = Event(
            ticket_id=row.ticket_id,
            seq=row.seq,
            action=row.action,
            from_state=row.from_state,
            to_state=row.to_state,
            actor_id=row.actor_id,
            actor_role=row.actor_role,
            at=row.at,
            device_at=row.device_at,
            note=row.note,
            photo_ids=tuple(row.photo_ids),
            facts=row.facts,
        )
        return event, row.sha256


async def history_of(session: ReadSession, ticket_id: UUID) -> list[EventFacts]:
    """Return all events of a ticket, oldest first."""
    statement = (
        select(TicketEvent, col(Person.name))
        .outerjoin(Person, col(Person.id) == col(TicketEvent.actor_id))
        .where(col(TicketEvent.ticket_id) == ticket_id)
        .order_by(col(TicketEvent.seq))
    )
    return [EventFacts(event, name) for event, name in (await session.execute(statement)).all()]


async def find_break(session: ReadSession, ticket_id: UUID, history: list[EventFacts]) -> int | None:
    """Return the `seq` at which a ticket's history is broken, or None when its hash chain holds."""
    head = select(col(Ticket.history_count), col(Ticket.history_sha256)).where(col(Ticket.id) == ticket_id)
    count, sha256 = (await session.execute(head)).one()
    return first_break((facts.chained() for facts in history), Head(count, sha256))


@dataclass(frozen=True, slots=True)
class Verified:
    """A ticket whose history was looked at; `broken_at` is the `seq` of the first event that does not fit."""

    number: str
    broken_at: int | None


async def count_tickets(session: ReadSession) -> int:
    """Count all tickets, for the progress of what looks at each of them."""
    return (await session.execute(select(func.count()).select_from(Ticket))).scalar_one()


async def verify_all(session: ReadSession) -> AsyncGenerator[Verified]:
    """Look at the history of every ticket, a few hundred at a time, so memory stays bounded."""
    after: UUID | None = None
    while True:
        page = select(
            col(Ticket.id), col(Ticket.number), col(Ticket.history_count), col(Ticket.history_sha256)
        ).order_by(col(Ticket.id))
        if after is not None:
            page = page.where(col(Ticket.id) > after)
        tickets = (await session.execute(page.limit(_TICKETS_AT_ONCE))).all()
        if not tickets:
            return
        after = tickets[-1].id
        chains = await _chains(session, [ticket.id for ticket in tickets])
        for ticket in tickets:
            head = Head(ticket.history_count, ticket.history_sha256)
            yield Verified(ticket.number, first_break(chains.get(ticket.id, []), head))


async def _chains(session: ReadSession, ticket_ids: list[UUID]) -> dict[UUID, list[tuple[Event, str]]]:
    statement = (
        select(TicketEvent)
        .where(col(TicketEvent.ticket_id).in_(ticket_ids))
        .order_by(col(TicketEvent.ticket_id), col(TicketEvent.seq))
    )
    chains: dict[UUID, list[tuple[Event, str]]] = {}
    for event in (await session.execute(statement)).scalars():
        chains.setdefault(event.ticket_id, []).append(EventFacts(event, None).chained())
    return chains
