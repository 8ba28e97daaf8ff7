"""Requests on tickets: what is pending, and all of them for whoever looks at the ticket."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, literal, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from api.db import ReadSession
from api.domain.requests import Request, RequestState
from api.models import TicketRequest

_COLUMNS = tuple(name for name in Request.__slots__ if name != "is_stored")


async def pending_requests(session: ReadSession, ticket_id: UUID) -> list[Request]:
    """Return the requests on a ticket that wait for a decision or, for help, an answer."""
    return await _find(session, ticket_id, col(TicketRequest.state) == RequestState.PENDING)


async def requests_of(session: ReadSession, ticket_id: UUID) -> list[Request]:
    """Return all requests that were ever made on a ticket, oldest first."""
    return await _find(session, ticket_id)


async def requests_of_tickets(session: ReadSession, ticket_ids: Iterable[UUID]) -> dict[UUID, list[Request]]:
    """Return all requests on several tickets, those of each oldest first."""
    among = col(TicketRequest.ticket_id) == any_(literal(list(ticket_ids), ARRAY(Uuid())))
    statement = _select(col(TicketRequest.ticket_id)).where(among)
    found: defaultdict[UUID, list[Request]] = defaultdict(list)
    for row in (await session.execute(statement)).mappings():
        facts = {name: row[name] for name in _COLUMNS}
        found[row["ticket_id"]].append(Request(**facts, is_stored=True))
    return found


async def _find(session: ReadSession, ticket_id: UUID, *which: ColumnElement[bool]) -> list[Request]:
    statement = _select().where(col(TicketRequest.ticket_id) == ticket_id, *which)
    rows = (await session.execute(statement)).mappings()
    return [Request(**row, is_stored=True) for row in rows]


def _select(*more: Mapped[Any]) -> Select[Any]:
    columns: list[Any] = [getattr(TicketRequest, name) for name in _COLUMNS]
    statement: Any = select(*columns, *more)
    return statement.order_by(col(TicketRequest.asked_at), col(TicketRequest.id))
