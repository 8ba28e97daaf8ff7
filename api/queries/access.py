"""The policy of who sees what, as SQL: the one WHERE clause of lists, counts and single tickets."""

from sqlalchemy import ColumnElement, false, or_, true
from sqlmodel import col

from api.domain.access import TicketScope, Viewer, ticket_scope
from api.models import Ticket


def visible_tickets(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the tickets that this viewer sees."""
    return _in_scope(ticket_scope(viewer))


def _in_scope(scope: TicketScope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    marks: list[ColumnElement[bool]] = []
    if scope.unit_id is not None:
        marks.append(col(Ticket.unit_id) == scope.unit_id)
    if scope.reporter_id is not None:
        marks.append(col(Ticket.reporter_id) == scope.reporter_id)
    # Codes are digits: LIKE needs no escaping, and text_pattern_ops indexes serve it.
    marks.extend(col(Ticket.grid_code).like(f"{prefix}%") for prefix in scope.grid_prefixes)
    return or_(false(), *marks)
