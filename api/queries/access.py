"""The policy of who sees what, as SQL: the one WHERE clause of lists, counts and single tickets."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, false, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from api.domain.access import TicketScope, Viewer, ticket_scope
from api.domain.requests import RequestKind
from api.models import PlacePairing, Ticket, TicketRequest


def visible_tickets(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the tickets that this viewer sees."""
    return in_scope(ticket_scope(viewer))


def in_grids(codes: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition for the tickets in these grids and all grids inside them."""
    # Codes hold nothing that LIKE would have to be told to take as it is, and text_pattern_ops indexes serve it.
    return or_(false(), *(col(Ticket.grid_code).like(f"{code}%") for code in codes))


def in_scope(scope: TicketScope) -> ColumnElement[bool]:
    """Return the condition for the tickets that match any mark of a scope."""
    if scope.everything:
        return true()
    marks: list[ColumnElement[bool]] = []
    if scope.unit_id is not None:
        marks.append(col(Ticket.unit_id) == scope.unit_id)
    if scope.paired_places:
        marks.append(col(Ticket.place_code).in_(scope.paired_places))
    if scope.reporter_id is not None:
        marks.append(col(Ticket.reporter_id) == scope.reporter_id)
    if scope.tasked_id is not None:
        marks.append(col(Ticket.task_assignee_id) == scope.tasked_id)
        marks.append(col(Ticket.task_done_by_id) == scope.tasked_id)
    if scope.helping_unit_id is not None:
        marks.append(called_to_help(scope.helping_unit_id))
    if scope.escalated_unit_ids:
        below = col(Ticket.unit_id).in_(scope.escalated_unit_ids)
        marks.append(and_(below, col(Ticket.escalation_level) > 0))
    if scope.following_id is not None:
        merged = aliased(Ticket)
        masters = select(col(merged.merged_into_id)).where(
            col(merged.reporter_id) == scope.following_id, col(merged.merged_into_id).is_not(None)
        )
        marks.append(_is_one_of(masters))
    return or_(in_grids(scope.grid_prefixes), *marks)


def called_to_help(unit_id: int, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for the tickets that this unit was called to help with."""
    calls = select(col(TicketRequest.ticket_id)).where(
        col(TicketRequest.unit_id) == unit_id, col(TicketRequest.kind) == RequestKind.HELP, *which
    )
    return _is_one_of(calls)


def pairing_in_force(on: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401  a day or an expression
    """Return the conditions for the pairings (包联) in force on a day."""
    ends = col(PlacePairing.to_on)
    return col(PlacePairing.from_on) <= on, or_(ends.is_(None), ends >= on)


def _is_one_of(ids: Select[Any]) -> ColumnElement[bool]:
    # An array is looked up once and then in the primary key; IN (SELECT ...) beside an OR would read every ticket.
    return col(Ticket.id) == any_(func.array(ids.scalar_subquery()))
