"""Tickets for which an instant has come: to resume, to climb a rung."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.models import Ticket


class Instant(StrEnum):
    """The column that says when; each has a partial index."""

    SUSPENDED_UNTIL = "suspended_until"
    ESCALATES_AT = "escalates_at"


@dataclass(frozen=True, slots=True)
class DueTicket:
    """A ticket as it was found: its instant and the version at which it was due."""

    id: UUID
    version: int
    at: datetime


async def find_due_tickets(
    session: ReadSession, instant: Instant, now: datetime, after: DueTicket | None, limit: int
) -> list[DueTicket]:
    """Return the next batch of tickets whose instant has come, the longest ago first."""
    at: ColumnElement[Any] = getattr(Ticket, instant)
    statement = select(col(Ticket.id), col(Ticket.version), at).where(at <= now)
    if after is not None:
        statement = statement.where(tuple_(at, col(Ticket.id)) > tuple_(after.at, after.id))
    rows = await session.execute(statement.order_by(at, col(Ticket.id)).limit(limit))
    return [DueTicket(*row) for row in rows.all()]


async def claim_due_ticket(session: WriteSession, ticket: DueTicket) -> bool:
    """Lock a ticket as it was found; False when somebody else has it just now, or changed it since."""
    statement = (
        select(col(Ticket.id))
        .where(col(Ticket.id) == ticket.id, col(Ticket.version) == ticket.version)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None
