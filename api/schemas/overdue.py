"""Overdue tickets on the wire."""

from datetime import datetime

from pydantic import Field

from api.domain.access import Viewer
from api.domain.limits import Language
from api.domain.reference import Reference
from api.queries.tickets import TicketFacts
from api.schemas.base import Output
from api.schemas.tickets import TicketBrief, brief_fields


class OverdueTicket(TicketBrief):
    """An open ticket past its due time."""

    overdue_s: int
    level: int = Field(description="How far it was escalated; 0 is not yet.")


class OverduePage(Output):
    """One page of overdue tickets, most overdue first."""

    items: list[OverdueTicket]
    next: str | None


class OverdueCountShown(Output):
    """Overdue tickets under one mark."""

    key: str | None
    name: str | None
    count: int
    oldest_due_at: datetime
    median_overdue_s: float


class OverdueSummary(Output):
    """Overdue tickets summed up by one mark, most first."""

    items: list[OverdueCountShown]


def overdue_ticket(
    ticket: TicketFacts, reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> OverdueTicket:
    """Show an overdue ticket; its due time lies before `now`."""
    assert ticket.due_at is not None  # noqa: S101  only tickets with a due time can be past it
    return OverdueTicket(
        **brief_fields(ticket, reference, viewer, now, language),
        overdue_s=int((now - ticket.due_at).total_seconds()),
        level=ticket.escalation_level,
    )
