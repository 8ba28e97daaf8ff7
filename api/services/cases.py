"""Store what a step made of a ticket: its row, its new events, its ledger. Few statements, all in one room.

Tickets are filed many at a time, with as many statements as one takes.
"""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, cast, func, or_, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import Float, Integer, Text

from api.db import WriteSession
from api.domain.cases import Case
from api.domain.errors import VersionConflict
from api.domain.ledger import Stretch
from api.domain.numbers import number_parts
from api.domain.reference import Reference
from api.models import metadata
from api.queries.cases import CASE_COLUMNS, REQUEST_COLUMNS
from api.queries.geometry import point
from api.services.task_rows import store_tasks

_TOLD_ONCE = frozenset(
    {"id", "number", "reporter_id", "source", "address", "description", "observed_at", "reported_at"}
)
_CHANGING = tuple(name for name in (*CASE_COLUMNS, *REQUEST_COLUMNS) if name not in _TOLD_ONCE)
"""Columns that steps change."""

# Tables rather than classes: these are the hot ways in, and the ORM's own work on an insert costs as much as the
# statement itself.
_TICKETS = metadata.tables["tickets"]
_CLOCKS = metadata.tables["ticket_clocks"]
_EVENTS = metadata.tables["ticket_events"]
_REQUESTS = metadata.tables["ticket_requests"]


def _numbered() -> ColumnElement[str]:
    # The number comes from a sequence inside the INSERT: unique without a lock, with gaps after a rollback.
    running = func.nextval("ticket_numbers").column_valued("running")
    digits = cast(running, Text)
    width = func.greatest(bindparam("number_width", type_=Integer), func.length(digits))
    padded = select(func.lpad(digits, width, "0")).scalar_subquery()
    prefix, suffix = (bindparam(f"number_{part}", type_=Text) for part in ("prefix", "suffix"))
    return cast(prefix, Text).concat(padded).concat(cast(suffix, Text))


# Built once, with parameters: building an INSERT of fifty values costs more than PostgreSQL does.
_INSERT_TICKETS = (
    insert(_TICKETS)
    .values(
        number=_numbered(),
        place=point(bindparam("place_longitude", type_=Float), bindparam("place_latitude", type_=Float)),
    )
    .on_conflict_do_nothing(index_elements=["id"])
    .returning(_TICKETS.c.id, _TICKETS.c.number)
)


async def insert_cases(
    session: WriteSession, cases: Sequence[Case], reference: Reference, zone: ZoneInfo
) -> list[Case]:
    """Store new tickets with their events and clocks, and give them their numbers, in their order.

    Return those that were stored: a ticket that somebody else made a moment ago is left as it is.
    """
    rows = await session.execute(_INSERT_TICKETS, [_new_row(case, reference, zone) for case in cases])
    numbers = {row.id: row.number for row in rows}
    stored = [case for case in cases if case.id in numbers]
    for case in stored:
        case.number = numbers[case.id]
        await _store_requests(session, case)
    if stored:
        await _insert_events(session, stored)
        await _insert_clocks(session, stored)
    for case in stored:
        await store_tasks(session, case)
    return stored


def _new_row(case: Case, reference: Reference, zone: ZoneInfo) -> dict[str, Any]:
    parts = number_parts(
        reference.policies.number_template,
        category=case.category,
        on=case.reported_at.astimezone(zone).date(),
        grid_code=case.grid_code,
    )
    return {
        "id": case.id,
        "reporter_id": case.reporter_id,
        "source": case.source,
        "address": case.address,
        "description": case.description,
        "observed_at": case.observed_at,
        "reported_at": case.reported_at,
        "grid_id": reference.grids[case.grid_code].id if case.grid_code else None,
        **_columns(case, reference),
        "place_longitude": case.place.longitude,
        "place_latitude": case.place.latitude,
        "number_prefix": parts.prefix,
        "number_width": parts.width,
        "number_suffix": parts.suffix,
    }


async def update_case(session: WriteSession, case: Case, reference: Reference, read_version: int) -> None:
    """Store what became of a ticket that was read, locked, at `read_version`."""
    statement = (
        update(_TICKETS)
        .where(_TICKETS.c.id == case.id, _TICKETS.c.version == read_version)
        .values(**_columns(case, reference), **_regridded(case, reference), noticed=_noticed(case))
    )
    result: Any = await session.execute(statement)
    if result.rowcount != 1:
        raise VersionConflict("Somebody else was faster.", version=read_version)
    for stretch in case.ledger.stretches:
        if stretch.is_stored_open and stretch.stopped_at is not None:
            await _stop_clock(session, stretch)
    await _store_requests(session, case)
    await _insert_events(session, [case])
    await _insert_clocks(session, [case])
    await store_tasks(session, case)


def _columns(case: Case, reference: Reference) -> dict[str, Any]:
    return {
        "category_code": case.category,
        "condition_id": reference.condition_id(case.category_id, case.condition),
        **{name: getattr(case, name) for name in _CHANGING},
    }


def _regridded(case: Case, reference: Reference) -> dict[str, ColumnElement[int]]:
    """Let a ticket keep the version of the grid that it was filed in, unless a dispatcher put it into another grid."""
    grid = reference.grids.get(case.grid_code) if case.grid_code else None
    if grid is None:
        return {}
    has_moved = _TICKETS.c.grid_code.is_distinct_from(case.grid_code)
    return {"grid_id": sql_case((has_moved, grid.id), else_=_TICKETS.c.grid_id)}


def _noticed(case: Case) -> ColumnElement[int]:
    """Let the worker look again at a ticket whose due time or stage changed."""
    now: dict[str, Any] = {"state": case.state, "due_at": case.due_at, "yellow_at": case.yellow_at}
    changed = or_(*(_TICKETS.c[name].is_distinct_from(value) for name, value in now.items()))
    return sql_case((changed, 0), else_=_TICKETS.c.noticed)


async def _insert_events(session: WriteSession, cases: Sequence[Case]) -> None:
    await session.execute(insert(_EVENTS), [row for case in cases for row in new_event_rows(case)])
    for case in cases:
        case.new_events.clear()


def new_event_rows(case: Case) -> list[dict[str, Any]]:
    """Return the rows of a case's new events, by column."""
    return [
        {
            "ticket_id": event.ticket_id,
            "seq": event.seq,
            "action": event.action,
            "from_state": event.from_state,
            "to_state": event.to_state,
            "actor_id": event.actor_id,
            "actor_role": event.actor_role,
            "at": event.at,
            "device_at": event.device_at,
            "note": event.note,
            "photo_ids": list(event.photo_ids),
            "facts": dict(event.facts),
            "previous_sha256": previous,
            "sha256": sha256,
        }
        for event, previous, sha256 in case.new_events
    ]


async def _insert_clocks(session: WriteSession, cases: Sequence[Case]) -> None:
    rows = [
        _clock_row(case, stretch)
        for case in cases
        for stretch in case.ledger.stretches
        if stretch.row_id is None
    ]
    if rows:
        await session.execute(insert(_CLOCKS), rows)


async def _stop_clock(session: WriteSession, stretch: Stretch) -> None:
    statement = (
        update(_CLOCKS)
        .where(_CLOCKS.c.id == stretch.row_id, _CLOCKS.c.stopped_at.is_(None))
        .values(stopped_at=stretch.stopped_at, stopped_by=stretch.stopped_by)
    )
    await session.execute(statement)


async def _store_requests(session: WriteSession, case: Case) -> None:
    """Store new requests, and what became of those that were pending."""
    for request in case.requests:
        if request.is_stored and (not request.is_pending or request.agreed_role):
            decided = {name: getattr(request, name) for name in _DECIDED}
            await session.execute(update(_REQUESTS).where(_REQUESTS.c.id == request.id).values(**decided))
    rows = [
        {"ticket_id": case.id} | {name: getattr(request, name) for name in (*_ASKED, *_DECIDED)}
        for request in case.requests
        if not request.is_stored
    ]
    if rows:
        await session.execute(insert(_REQUESTS), rows)


_ASKED = ("id", "kind", "made_in", "unit_id", "reason", "until", "asked_at", "asked_by_id")
_DECIDED = ("state", "agreed_role", "decided_at", "decided_by_id", "decision")


def _clock_row(case: Case, stretch: Stretch) -> dict[str, Any]:
    return {
        "ticket_id": case.id,
        "clock": stretch.clock,
        "cycle": stretch.cycle,
        "unit_id": stretch.unit_id,
        "extensions": stretch.extensions,
        "started_at": stretch.started_at,
        "started_by": stretch.started_by,
        "stopped_at": stretch.stopped_at,
        "stopped_by": stretch.stopped_by,
        **measure_columns(stretch),
    }


def measure_columns(stretch: Stretch) -> dict[str, Any]:
    """Return what a stretch is measured by, and when it is due, by column."""
    term = stretch.term
    return {
        "calendar_code": term.calendar_code if term else None,
        "limit_value": term.limit.value if term else None,
        "limit_unit": term.limit.unit if term else None,
        "milestones": [milestone.as_json() for milestone in term.milestones] if term else [],
        "due_at": stretch.due_at,
        "yellow_at": stretch.yellow_at,
    }
