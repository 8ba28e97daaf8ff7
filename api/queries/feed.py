"""Questions of the change feed: what is settled, what of it concerns a viewer, and whom a batch may concern."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    tuple_,
    union_all,
)
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.feed import (
    Audience,
    Change,
    FeedCursor,
    Held,
    Home,
    Landmark,
    MarkKind,
    Position,
    Walk,
    Window,
    fingerprint,
)
from api.domain.requests import RequestKind
from api.models import Ticket, TicketRequest, metadata
from api.models.base import XactId
from api.queries.access import in_scope, visible_tickets
from api.queries.filters import IS_OPEN

SCANNED = 5_000
"""Settled rows that one page looks at, whomever they concern: about a day of a city of a million."""

_EVENTS = metadata.tables["ticket_events"]
_MARKS = metadata.tables["feed_marks"]

# Whatever is older than every transaction under way, of the moment that the statement sees.
_SETTLED = "xid < pg_snapshot_xmin(pg_current_snapshot())"

_LANDMARK = "xid::text::bigint AS xid, id, coalesce(ticket_id, person_id) AS about, at"
_NEWEST = f"""
SELECT {_LANDMARK} FROM (
    (SELECT xid, id, ticket_id, NULL::uuid AS person_id, at FROM ticket_events WHERE {{where}}
        ORDER BY xid DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT xid, id, ticket_id, person_id, at FROM feed_marks WHERE {{where}}
        ORDER BY xid DESC, id DESC LIMIT 1)
) AS rows ORDER BY rows.xid DESC, rows.id DESC LIMIT 1
"""  # noqa: S608  names of columns

_HOME = text(
    "SELECT city, epoch, system_identifier AS cluster,"  # noqa: S608  names of columns
    " newest.xid, newest.id, newest.about, newest.at,"
    " there.xid AS there_xid, there.about AS there_about, there.at AS there_at"
    " FROM installation CROSS JOIN pg_control_system()"
    f" LEFT JOIN ({_NEWEST.format(where=_SETTLED)}) AS newest ON true"
    f" LEFT JOIN ({_NEWEST.format(where='id = :there')}) AS there ON true"
)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a page stands on: whose data these are, the newest settled row, and the row at the reader's cursor."""

    home: Home
    newest: Landmark
    there: Landmark | None


async def find_grounds(session: ReadSession, at: Position) -> Grounds:
    """Return what a page from this position stands on."""
    row = (await session.execute(_HOME, {"there": at.id})).one()
    there = None
    if row.there_xid is not None:
        there = Landmark(Position(row.there_xid, at.id), fingerprint(row.there_about, row.there_at))
    return Grounds(Home(row.city, row.epoch, row.cluster), _landmark(row), there)


def _landmark(row: Any) -> Landmark:  # noqa: ANN401  a row
    if row.xid is None:
        return Landmark()
    return Landmark(Position(row.xid, row.id), fingerprint(row.about, row.at))


async def find_changes(session: ReadSession, viewer: Viewer, cursor: FeedCursor) -> Window:
    """Return what was settled behind the cursor and concerns the viewer: tickets seen now, or departed.

    Departures count by what the reader held when it read last, which is exactly what it was shown.
    """
    rows = _behind(cursor.landmark.position).subquery("behind")
    seen = and_(visible_tickets(viewer), is_kept(cursor.kept_from, viewer))
    left = and_(rows.c.kind == MarkKind.LEFT, _has_left(rows, cursor.held, viewer.person_id))
    number = func.row_number().over(order_by=(rows.c.xid, rows.c.id))
    found = (
        select(
            cast(cast(rows.c.xid, Text), BigInteger).label("xid"),
            rows.c.id,
            func.coalesce(rows.c.ticket_id, rows.c.person_id).label("about"),
            rows.c.at,
            rows.c.ticket_id,
            func.coalesce(left, false()).label("has_left"),
            func.coalesce(seen, false()).label("is_seen"),
            number.label("number"),
            func.count().over().label("scanned"),
        )
        .select_from(rows)
        .outerjoin(Ticket, col(Ticket.id) == rows.c.ticket_id)
        .subquery("found")
    )
    concern = or_(found.c.has_left, found.c.is_seen, found.c.number == found.c.scanned)
    result = (await session.execute(select(found).where(concern).order_by(found.c.number))).all()
    if not result:
        return Window((), None, is_all=True)
    changes = [
        Change(_landmark(row), row.ticket_id, row.has_left) for row in result if row.has_left or row.is_seen
    ]
    return Window(changes, _landmark(result[-1]), is_all=result[-1].scanned < SCANNED)


def _behind(position: Position) -> Select[Any]:
    """Select the next settled rows in their order, events and marks together."""
    none = null()
    events = select(
        _EVENTS.c.xid,
        _EVENTS.c.id,
        _EVENTS.c.ticket_id,
        _EVENTS.c.at,
        cast(none, Text).label("kind"),
        cast(none, Integer).label("unit_id"),
        cast(none, Boolean).label("was_escalated"),
        cast(none, Text).label("grid_code"),
        cast(none, Text).label("place_code"),
        cast(none, Uuid).label("officer_id"),
        cast(none, Uuid).label("person_id"),
    )
    marks = select(
        _MARKS.c.xid,
        _MARKS.c.id,
        _MARKS.c.ticket_id,
        _MARKS.c.at,
        _MARKS.c.kind,
        _MARKS.c.unit_id,
        _MARKS.c.was_escalated,
        _MARKS.c.grid_code,
        _MARKS.c.place_code,
        _MARKS.c.officer_id,
        _MARKS.c.person_id,
    )
    start = tuple_(cast(str(position.xid), XactId()), literal(position.id, BigInteger))

    def next_of(statement: Any, table: Table) -> Any:  # noqa: ANN401  two statements of different rows
        here = tuple_(table.c.xid, table.c.id)
        settled = table.c.xid < literal_column("pg_snapshot_xmin(pg_current_snapshot())")
        return statement.where(here > start, settled).order_by(table.c.xid, table.c.id).limit(SCANNED)

    both = union_all(next_of(events, _EVENTS), next_of(marks, _MARKS)).subquery("both")
    return select(both).order_by(both.c.xid, both.c.id).limit(SCANNED)


def _has_left(rows: Any, held: Held, person_id: UUID) -> ColumnElement[bool]:  # noqa: ANN401  a subquery
    """Return the condition for departures from where this reader saw the ticket."""
    marks: list[ColumnElement[bool]] = [rows.c.officer_id == person_id]
    marks += (rows.c.grid_code.like(f"{code}%") for code in held.grid_codes)
    if held.unit_id is not None:
        marks.append(rows.c.unit_id == held.unit_id)
    if held.place_codes:
        marks.append(rows.c.place_code.in_(held.place_codes))
    if held.unit_ids_below:
        marks.append(and_(rows.c.unit_id.in_(held.unit_ids_below), rows.c.was_escalated))
    return or_(false(), *marks)


def is_kept(since: datetime, viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the tickets that readers who began then hold: open, changed since, or a task of hers."""
    is_own_task = col(Ticket.task_assignee_id) == viewer.person_id
    return or_(IS_OPEN, col(Ticket.updated_at) >= since, is_own_task)


async def find_walked(
    session: ReadSession, viewer: Viewer, cursor: FeedCursor, walk: Walk, room: int
) -> tuple[list[UUID], bool]:
    """Return the next tickets of a walk by id, at most `room`, and whether it ends with them.

    They are those that the change of what the reader holds concerns, and in a whole walk all that it sees.
    """
    concerned = in_scope(cursor.held.differs(walk.target))
    if walk.is_whole:
        concerned = or_(visible_tickets(viewer), concerned)
    statement = select(col(Ticket.id)).where(concerned, is_kept(cursor.kept_from, viewer))
    if walk.after is not None:
        statement = statement.where(col(Ticket.id) > walk.after)
    rows = await session.execute(statement.order_by(col(Ticket.id)).limit(room + 1))
    found = list(rows.scalars())
    return found[:room], len(found) <= room


_OUTBOX = text(
    "SELECT newest.*, version FROM reference_version"  # noqa: S608  names of columns
    f" LEFT JOIN ({_NEWEST.format(where=_SETTLED)}) AS newest ON true"
)


async def newest_settled(session: ReadSession) -> tuple[Position, int]:
    """Return the position of the newest settled row, and the version of the reference data: one look at an index."""
    row = (await session.execute(_OUTBOX)).one()
    return _landmark(row).position, row.version


async def find_audience(session: ReadSession, behind: Position, up_to: Position) -> Audience | None:
    """Return whom the rows in between concern; None when they are too many to look at, so perhaps everybody."""
    found = _behind(behind).subquery("behind")
    columns: tuple[Any, ...] = (
        cast(cast(found.c.xid, Text), BigInteger).label("xid"),
        found.c.id,
        found.c.ticket_id,
        found.c.unit_id,
        found.c.grid_code,
        found.c.place_code,
        found.c.officer_id,
        found.c.person_id,
    )
    rows = (await session.execute(select(*columns))).all()
    if len(rows) == SCANNED:
        return None
    rows = [row for row in rows if Position(row.xid, row.id) <= up_to]
    ticket_ids = {row.ticket_id for row in rows if row.ticket_id is not None}
    units = {row.unit_id for row in rows} - {None}
    grids = {row.grid_code for row in rows} - {None}
    places = {row.place_code for row in rows} - {None}
    people = {person for row in rows for person in (row.person_id, row.officer_id)} - {None}
    escalated = set(units)
    if ticket_ids:
        for row in await session.execute(_AUDIENCE, {"ticket_ids": list(ticket_ids)}):
            units |= {row.unit_id, *row.helper_ids} - {None}
            escalated |= {row.unit_id} if row.escalation_level else set()
            grids |= {row.grid_code} - {None}
            places |= {row.place_code} - {None}
            people |= {row.reporter_id, row.task_assignee_id, row.task_done_by_id, *row.follower_ids} - {None}
    return Audience(
        unit_ids=frozenset(units),
        escalated_unit_ids=frozenset(escalated),
        grid_codes=tuple(sorted(grids)),
        place_codes=frozenset(places),
        person_ids=frozenset(people),
        has_tickets=bool(ticket_ids),
    )


def _select_audience() -> Select[Any]:
    merged = metadata.tables["tickets"].alias("merged")
    helpers = (
        select(func.coalesce(func.array_agg(col(TicketRequest.unit_id)), cast([], ARRAY(Integer))))
        .where(col(TicketRequest.ticket_id) == col(Ticket.id), col(TicketRequest.kind) == RequestKind.HELP)
        .scalar_subquery()
    )
    followers = (
        select(func.coalesce(func.array_agg(merged.c.reporter_id), cast([], ARRAY(Uuid()))))
        .where(merged.c.merged_into_id == col(Ticket.id))
        .scalar_subquery()
    )
    statement: Any = select(
        col(Ticket.unit_id),
        col(Ticket.escalation_level),
        col(Ticket.grid_code),
        col(Ticket.place_code),
        col(Ticket.reporter_id),
        col(Ticket.task_assignee_id),
        col(Ticket.task_done_by_id),
        helpers.label("helper_ids"),
        followers.label("follower_ids"),
    ).where(col(Ticket.id) == any_(bindparam("ticket_ids", type_=ARRAY(Uuid()))))
    return statement


_AUDIENCE = _select_audience()
