"""Load a ticket for a step: its row, locked, and the ledger of its clocks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, any_, func, literal, select
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.access import Viewer
from api.domain.cases import Case
from api.domain.deadlines import Milestone
from api.domain.errors import NotFound
from api.domain.geo import Place
from api.domain.ledger import Ledger, Stretch, Term
from api.domain.limits import Limit
from api.domain.reference import Reference
from api.models import Ticket, TicketClock, metadata
from api.queries.access import visible_tickets
from api.queries.requests import pending_requests

CASE_COLUMNS = (
    "id",
    "number",
    "state",
    "version",
    "category_id",
    "grid_code",
    "place_code",
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
    "return_until",
    "returned_unit_ids",
    "is_pinned",
    "extension_count",
    "suspended_until",
    "merged_into_id",
    "rework_count",
    "reopen_count",
    "urged_count",
    "supervised_count",
    "escalation_level",
    "escalates_at",
    "is_self_fixed",
    "has_appealed",
    "is_exempt",
    "task_id",
    "task_kind",
    "task_assignee_id",
    "task_due_at",
    "task_done_by_id",
    "history_count",
    "history_sha256",
)
"""Columns that a case holds under the same name."""

REQUEST_COLUMNS = ("pending_kinds", "open_helper_ids", "agreed_role")
"""Columns that sum up a case's requests, so that lists know what is pending without reading them."""


async def lock_case(session: WriteSession, reference: Reference, viewer: Viewer, ticket_id: UUID) -> Case:
    """Return the ticket, locked until the transaction ends; raises NotFound when the viewer may not see it."""
    return await _load(session, reference, ticket_id, visible_tickets(viewer))


async def lock_case_for_system(session: WriteSession, reference: Reference, ticket_id: UUID) -> Case:
    """Return the ticket, locked, for a step that the system takes."""
    return await _load(session, reference, ticket_id)


async def claim_case_for_system(session: WriteSession, reference: Reference, ticket_id: UUID) -> Case | None:
    """Return the ticket, locked; None when somebody else has it just now."""
    wanted = select(col(Ticket.id)).where(col(Ticket.id) == ticket_id).with_for_update(skip_locked=True)
    if (await session.execute(wanted)).scalar_one_or_none() is None:
        return None
    return await _load(session, reference, ticket_id)


async def _load(
    session: WriteSession, reference: Reference, ticket_id: UUID, *conditions: ColumnElement[bool]
) -> Case:
    columns = {**case_columns(), **{name: getattr(Ticket, name) for name in REQUEST_COLUMNS}}
    statement = (
        select(*(column.label(name) for name, column in columns.items()))
        .where(col(Ticket.id) == ticket_id, *conditions)
        .with_for_update(of=Ticket)
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound("There is no such ticket.", ticket=ticket_id)
    row = dict(zip(columns, found, strict=True))
    case = case_of(row, reference)
    case.ledger = Ledger(await load_stretches(session, ticket_id))
    if row["pending_kinds"] or row["open_helper_ids"]:
        case.requests = await pending_requests(session, ticket_id)
    return case


def case_columns() -> dict[str, ColumnElement[Any]]:
    """Return what `case_of` reads a case from, by the names that it knows."""
    return {
        **{name: getattr(Ticket, name) for name in (*CASE_COLUMNS, "category_code", "condition_id")},
        "longitude": func.ST_X(Ticket.place),
        "latitude": func.ST_Y(Ticket.place),
    }


def case_of(row: Mapping[str, Any], reference: Reference) -> Case:
    """Read a case, without its ledger and its requests, from the values of `case_columns`."""
    return Case(
        category=row["category_code"],
        condition=reference.condition_by_id(row["condition_id"]) if row["condition_id"] else None,
        place=Place(row["longitude"], row["latitude"]),
        **{name: row[name] for name in CASE_COLUMNS},
    )


async def lock_versions(session: WriteSession, ticket_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Lock several tickets in one order for all, as `lock_in_order` does; return the version of each."""
    among = col(Ticket.id) == any_(literal(list(ticket_ids), ARRAY(Uuid())))
    wanted = select(col(Ticket.id), col(Ticket.version)).where(among).order_by(col(Ticket.id))
    # No key is touched: photos and events that name one of these tickets needn't wait.
    rows = await session.execute(wanted.with_for_update(key_share=True))
    return {row.id: row.version for row in rows}


async def lock_in_order(session: WriteSession, ticket_ids: Iterable[UUID]) -> None:
    """Lock several tickets in one order for all, so that two who want the same ones don't wait for each other."""
    wanted = select(col(Ticket.id)).where(col(Ticket.id).in_(list(ticket_ids)))
    await session.execute(wanted.order_by(col(Ticket.id)).with_for_update())


async def find_master(session: ReadSession, viewer: Viewer, named: str) -> UUID | None:
    """Return the id of a visible ticket that is named by its id or by its number."""
    is_meant = col(Ticket.number) == named
    with suppress(ValueError):  # not an id, so a number
        is_meant = col(Ticket.id) == UUID(named)
    statement = select(col(Ticket.id)).where(is_meant, visible_tickets(viewer))
    return (await session.execute(statement)).scalar_one_or_none()


async def has_merged_tickets(session: ReadSession, ticket_id: UUID) -> bool:
    """Tell whether other tickets were merged into this one."""
    merged = select(col(Ticket.id)).where(col(Ticket.merged_into_id) == ticket_id).exists()
    return (await session.execute(select(merged))).scalar_one()


async def load_stretches(session: ReadSession, ticket_id: UUID) -> list[Stretch]:
    """Return the ledger of a ticket, oldest stretch first."""
    statement = (
        select(TicketClock).where(col(TicketClock.ticket_id) == ticket_id).order_by(col(TicketClock.id))
    )
    return [stretch_of(row) for row in (await session.execute(statement)).scalars()]


async def stretches_of_tickets(session: ReadSession, ticket_ids: Iterable[UUID]) -> dict[UUID, list[Stretch]]:
    """Return the ledgers of several tickets, each with its oldest stretch first."""
    among = col(TicketClock.ticket_id) == any_(literal(list(ticket_ids), ARRAY(Uuid())))
    statement = select(*metadata.tables["ticket_clocks"].columns).where(among)
    found: defaultdict[UUID, list[Stretch]] = defaultdict(list)
    for row in await session.execute(statement.order_by(col(TicketClock.id))):
        found[row.ticket_id].append(stretch_of(row))
    return found


def stretch_of(row: TicketClock | Row[Any]) -> Stretch:
    """Read a stretch from a row that has all columns of `ticket_clocks` under their own names."""
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
        extensions=row.extensions,
        stopped_at=row.stopped_at,
        stopped_by=row.stopped_by,
        due_at=row.due_at,
        yellow_at=row.yellow_at,
        row_id=row.id,
        is_stored_open=row.stopped_at is None,
    )
