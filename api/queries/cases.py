"""Load a ticket for a step: its row, locked, and the ledger of its clocks."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import Viewer
from api.domain.deadlines import Milestone
from api.domain.errors import NotFound
from api.domain.geo import Place
from api.domain.ledger import Ledger, Stretch, Term
from api.domain.limits import Limit
from api.domain.reference import Reference
from api.domain.tickets import Case
from api.models import Ticket, TicketClock
from api.queries.access import visible_tickets

CASE_COLUMNS = (
    "id",
    "number",
    "state",
    "version",
    "grid_code",
    "unit_id",
    "handler_id",
    "reporter_id",
    "fixed_by_id",
    "checked_by_id",
    "source",
    "priority",
    "triage",
    "address",
    "description",
    "observed_at",
    "reported_at",
    "filed_at",
    "dispatched_at",
    "rectified_at",
    "checked_at",
    "closed_at",
    "updated_at",
    "due_at",
    "yellow_at",
    "due_rule",
    "due_explanation",
    "dispatch_rule_id",
    "dispatch_explanation",
    "rework_count",
    "urged_count",
    "escalation_level",
    "is_self_fixed",
    "history_count",
    "history_sha256",
)
"""Columns that a case holds under the same name."""


async def lock_case(session: WriteSession, reference: Reference, viewer: Viewer, ticket_id: UUID) -> Case:
    """Return the ticket, locked until the transaction ends; raises NotFound when the viewer may not see it."""
    return await _load(session, reference, ticket_id, visible_tickets(viewer))


async def lock_case_for_system(session: WriteSession, reference: Reference, ticket_id: UUID) -> Case:
    """Return the ticket, locked, for a step that the system takes."""
    return await _load(session, reference, ticket_id)


async def _load(
    session: WriteSession, reference: Reference, ticket_id: UUID, *conditions: ColumnElement[bool]
) -> Case:
    columns = [getattr(Ticket, name) for name in CASE_COLUMNS]
    statement = (
        select(
            *columns,
            col(Ticket.category_code),
            col(Ticket.condition_id),
            func.ST_X(Ticket.place).label("longitude"),
            func.ST_Y(Ticket.place).label("latitude"),
        )
        .where(col(Ticket.id) == ticket_id, *conditions)
        .with_for_update(of=Ticket)
    )
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such ticket.", ticket=ticket_id)
    case = Case(
        category=row["category_code"],
        condition=reference.condition_by_id(row["condition_id"]) if row["condition_id"] else None,
        place=Place(row["longitude"], row["latitude"]),
        **{name: row[name] for name in CASE_COLUMNS},
    )
    case.ledger = Ledger(await load_stretches(session, ticket_id))
    return case


async def load_stretches(session: ReadSession, ticket_id: UUID) -> list[Stretch]:
    """Return the ledger of a ticket, oldest stretch first."""
    statement = (
        select(TicketClock).where(col(TicketClock.ticket_id) == ticket_id).order_by(col(TicketClock.id))
    )
    return [_stretch(row) for row in (await session.execute(statement)).scalars()]


def _stretch(row: TicketClock) -> Stretch:
    term = None
    if row.limit_value is not None and row.limit_unit is not None and row.calendar_code is not None:
        milestones = tuple(Milestone.from_json(kept) for kept in row.milestones)
        term = Term(Limit(row.limit_value, row.limit_unit), row.calendar_code, milestones)
    return Stretch(
        clock=row.clock,
        cycle=row.cycle,
        started_at=row.started_at,
        started_by=row.started_by,
        term=term,
        unit_id=row.unit_id,
        stopped_at=row.stopped_at,
        stopped_by=row.stopped_by,
        due_at=row.due_at,
        yellow_at=row.yellow_at,
        row_id=row.id,
        is_stored_open=row.stopped_at is None,
    )
