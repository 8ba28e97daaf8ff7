"""Requests on tickets: what is pending, and all of them for whoever looks at the ticket."""

from uuid import UUID

from sqlalchemy import ColumnElement, select
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


async def _find(session: ReadSession, ticket_id: UUID, *which: ColumnElement[bool]) -> list[Request]:
    columns = [getattr(TicketRequest, name) for name in _COLUMNS]
    statement = (
        select(*columns)
        .where(col(TicketRequest.ticket_id) == ticket_id, *which)
        .order_by(col(TicketRequest.asked_at), col(TicketRequest.id))
    )
    rows = (await session.execute(statement)).mappings()
    return [Request(**row, is_stored=True) for row in rows]
