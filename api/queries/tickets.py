"""Tickets as they are read: one statement a page, whatever its length."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, func, literal, null, select
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Role, Viewer
from api.domain.cases import Case
from api.domain.errors import NotFound
from api.domain.evidence import PhotoFacts
from api.domain.ledger import Stretch
from api.domain.lifecycle import State
from api.domain.parties import PARTY_FIELDS, Party
from api.domain.reference import Reference
from api.domain.requests import Request, RequestKind
from api.domain.tasks import TaskKind
from api.models import Person, Photo, Report, Ticket
from api.pages import Cursor, Page, SortKey
from api.queries.access import visible_tickets
from api.queries.uploads import AwaitedPhoto


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A ticket as it is shown; names of classes, grids and units are in the reference snapshot.

    `answers` are those to the questions of its class, as they were given with its report. In lists, which don't show
    them, they and both explanations are None.
    """

    id: UUID
    number: str
    state: State
    version: int
    category_code: str
    category_id: int
    condition_id: int | None
    grid_code: str | None
    place_code: str | None
    unit_id: int | None
    handler_id: UUID | None
    handler_name: str | None
    handler_role: Role | None
    reporter_id: UUID
    reporter_name: str
    reporter_role: Role
    fixed_by_id: UUID | None
    source: str
    priority: str
    triage: str | None
    longitude: float
    latitude: float
    address: str
    description: str
    observed_at: datetime
    reported_at: datetime
    filed_at: datetime | None
    dispatched_at: datetime | None
    rectified_at: datetime | None
    checked_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    due_at: datetime | None
    yellow_at: datetime | None
    due_rule: str | None
    due_explanation: dict[str, str] | None
    dispatch_rule_id: str | None
    dispatch_explanation: dict[str, str] | None
    return_until: datetime | None
    returned_unit_ids: list[int]
    is_pinned: bool
    extension_count: int
    suspended_until: datetime | None
    merged_into_id: UUID | None
    rework_count: int
    reopen_count: int
    urged_count: int
    supervised_count: int
    escalation_level: int
    is_self_fixed: bool
    has_appealed: bool
    is_exempt: bool
    pending_kinds: list[RequestKind]
    open_helper_ids: list[int]
    agreed_role: Role | None
    task_id: UUID | None
    task_kind: TaskKind | None
    task_assignee_id: UUID | None
    task_due_at: datetime | None
    answers: dict[str, Any] | None

    def party(self) -> Party:
        """Return the facts that decide whose step is next."""
        return Party(*_PARTY(self))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept beside a ticket's row: its ledger, its photos, its requests, the photos still to come."""

    stretches: Sequence[Stretch]
    photos: Sequence[PhotoFacts]
    requests: Sequence[Request] = ()
    awaited: Sequence[AwaitedPhoto] = ()


_PARTY = attrgetter(*PARTY_FIELDS)

_reporter, _handler = aliased(Person), aliased(Person)

_COMPUTED: dict[str, Any] = {
    "handler_name": col(_handler.name),
    "handler_role": col(_handler.role),
    "reporter_name": col(_reporter.name),
    "reporter_role": col(_reporter.role),
    "longitude": func.ST_X(Ticket.place),
    "latitude": func.ST_Y(Ticket.place),
    # A ticket has the id of its report.
    "answers": select(col(Report.answers)).where(col(Report.id) == col(Ticket.id)).scalar_subquery(),
}
_COLUMNS = [name for name in TicketFacts.__slots__ if name not in _COMPUTED]

_NOT_LISTED = ("due_explanation", "dispatch_explanation", "answers")
"""Fields that lists don't show; reading their JSON would cost as much as all the rest of a row."""


def _select_facts(*left_out: str) -> Select[Any]:
    """Return the statement whose rows are the fields of `TicketFacts` in their order."""
    fields: dict[str, Any] = {name: getattr(Ticket, name) for name in _COLUMNS} | _COMPUTED
    fields |= dict.fromkeys(left_out, null())
    statement: Any = (
        select(*(fields[name].label(name) for name in TicketFacts.__slots__))
        .join(_reporter, col(_reporter.id) == col(Ticket.reporter_id))
        .outerjoin(_handler, col(_handler.id) == col(Ticket.handler_id))
    )
    return statement


# Made once: putting sixty columns and two joins together takes longer than asking the database.
_FACTS = _select_facts()
_LISTED = _select_facts(*_NOT_LISTED)


def facts_of_case(
    case: Case, viewer: Viewer, reference: Reference, answers: dict[str, Any] | None
) -> TicketFacts:
    """Make ticket facts of a case that its reporter has just filed, without asking the database again."""
    assert case.state is not None  # noqa: S101  filed
    assert case.updated_at is not None  # noqa: S101  filed
    shared = {name: getattr(case, name) for name in _COLUMNS if name not in {"category_code", "condition_id"}}
    return TicketFacts(
        category_code=case.category,
        condition_id=reference.condition_id(case.category_id, case.condition),
        handler_name=None,
        handler_role=None,
        reporter_name=viewer.name,
        reporter_role=viewer.role,
        longitude=case.place.longitude,
        latitude=case.place.latitude,
        answers=answers,
        **shared,
    )


_ID = col(Ticket.id)

ORDERS = {
    "due_at": SortKey("due_at", col(Ticket.due_at), _ID),
    "-filed_at": SortKey("filed_at", col(Ticket.filed_at), _ID, descending=True),
    "-updated_at": SortKey("updated_at", col(Ticket.updated_at), _ID, descending=True, is_nullable=False),
}
"""The orders of lists; each has its index."""

MOST_OVERDUE = SortKey("due_at", col(Ticket.due_at), _ID, is_nullable=False)
"""For lists that hold only tickets with a due time."""


async def find_page(
    session: ReadSession,
    viewer: Viewer,
    conditions: Sequence[ColumnElement[bool]],
    key: SortKey,
    cursor: Cursor | None,
    *,
    limit: int,
    context: str,
) -> Page[TicketFacts]:
    """Return one page of the visible tickets that meet the conditions, without their explanations."""
    statement = _LISTED.where(visible_tickets(viewer), *conditions)
    if cursor is not None:
        statement = statement.where(key.after(cursor))
    # One row more than asked for tells whether there is a next page.
    result = await session.execute(statement.order_by(*key.order_by()).limit(limit + 1))
    rows = result.all()
    items = [TicketFacts(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    last = items[-1]
    return Page(items, Cursor(getattr(last, key.name), last.id, context).encode())


async def get_ticket(session: ReadSession, viewer: Viewer, ticket_id: UUID) -> TicketFacts:
    """Return one ticket; raises NotFound when it is not there or not the viewer's to see."""
    return await _get(session, viewer, col(Ticket.id) == ticket_id, str(ticket_id))


async def get_ticket_by_number(session: ReadSession, viewer: Viewer, number: str) -> TicketFacts:
    """Return the ticket with this number (案卷号); raises NotFound like `get_ticket`."""
    return await _get(session, viewer, col(Ticket.number) == number, number)


async def _get(session: ReadSession, viewer: Viewer, which: ColumnElement[bool], name: str) -> TicketFacts:
    row = (await session.execute(_FACTS.where(which, visible_tickets(viewer)))).one_or_none()
    if row is None:
        raise NotFound("There is no such ticket.", ticket=name)
    return TicketFacts(*row)


async def find_tickets(
    session: ReadSession, viewer: Viewer, ticket_ids: Iterable[UUID], *conditions: ColumnElement[bool]
) -> dict[UUID, TicketFacts]:
    """Return those of these tickets that the viewer sees and that meet the conditions, explanations and all."""
    among = col(Ticket.id) == any_(literal(list(ticket_ids), ARRAY(Uuid())))
    rows = await session.execute(_FACTS.where(among, visible_tickets(viewer), *conditions))
    return {facts.id: facts for facts in (TicketFacts(*row) for row in rows)}


async def photos_of_tickets(session: ReadSession, ticket_ids: Iterable[UUID]) -> dict[UUID, list[PhotoFacts]]:
    """Return the photos of several tickets, those of each in the order of their arrival."""
    among = col(Photo.ticket_id) == any_(literal(list(ticket_ids), ARRAY(Uuid())))
    found: defaultdict[UUID, list[PhotoFacts]] = defaultdict(list)
    for ticket_id, *facts in await session.execute(_select_photos(col(Photo.ticket_id)).where(among)):
        found[ticket_id].append(PhotoFacts(*facts))
    return found


async def photos_of(session: ReadSession, ticket_id: UUID) -> list[PhotoFacts]:
    """Return a ticket's photos in the order of their arrival."""
    statement = _select_photos().where(col(Photo.ticket_id) == ticket_id)
    return [PhotoFacts(*row) for row in await session.execute(statement)]


def _select_photos(*before: Mapped[Any]) -> Select[Any]:
    columns: list[Any] = [*before, *(getattr(Photo, name) for name in PhotoFacts.__slots__)]
    statement: Any = select(*columns)
    return statement.order_by(col(Photo.received_at), col(Photo.id))
