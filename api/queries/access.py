"""The policy of who sees what, as SQL: the one WHERE clause of lists, counts and single tickets."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, false, or_, true
from sqlmodel import col

from api.domain.access import TicketScope, Viewer, ticket_scope
from api.models import Ticket


def visible_tickets(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the tickets that this viewer sees."""
    return _in_scope(ticket_scope(viewer))


def in_grids(codes: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition for the tickets in these grids and all grids inside them."""
    # Codes hold nothing that LIKE would have to be told to take as it is, and text_pattern_ops indexes serve it.
    return or_(false(), *(col(Ticket.grid_code).like(f"{code}%") for code in codes))


def _in_scope(scope: TicketScope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    marks: list[ColumnElement[bool]] = []
    if scope.unit_id is not None:
        marks.append(col(Ticket.unit_id) == scope.unit_id)
    if scope.reporter_id is not None:
        marks.append(col(Ticket.reporter_id) == scope.reporter_id)
    return or_(in_grids(scope.grid_prefixes), *marks)
