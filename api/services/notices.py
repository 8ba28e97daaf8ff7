"""Raise notices: find what turned yellow or red and nobody was told of, once, however many workers look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import DateTime

from api.db import Database, WriteSession
from api.domain.cases import Case
from api.domain.escalation import Answerer
from api.domain.notices import Notice, due_notice, escalation_notice, standing_of
from api.domain.reference import Reference
from api.models import metadata
from api.models.tickets import NEAR_DUE_SQL, NOT_NOTICED_SQL
from api.queries.notices import find_standings

BATCH = 500
"""Tickets whose notices are raised in one transaction."""

_TICKETS = metadata.tables["tickets"]
_NOTICES = metadata.tables["notices"]


def _marking(predicate: str, instant: ColumnElement[Any], noticed: int) -> Any:  # noqa: ANN401  a statement
    """Return the statement that marks a batch of tickets as noticed and names them.

    Another worker's batch is skipped, not waited for, and so is a ticket on which somebody takes a step.
    """
    found = (
        select(_TICKETS.c.id)
        .where(literal_column(predicate), instant < bindparam("now", type_=DateTime(timezone=True)))
        .order_by(instant)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("found")
    )
    # An array is looked up in the primary key; a join might read the whole table.
    ids = func.array(select(found.c.id).scalar_subquery())
    return update(_TICKETS).where(_TICKETS.c.id == any_(ids)).values(noticed=noticed).returning(_TICKETS.c.id)


# What is overdue comes first: then nobody is told that it is nearly due.
_MARKINGS = (
    _marking(NOT_NOTICED_SQL, _TICKETS.c.due_at, 2),
    _marking(NEAR_DUE_SQL, _TICKETS.c.yellow_at, 1),
)


async def raise_notices(database: Database, reference: Reference, now: datetime) -> int:
    """Raise what is near due or overdue by now, in batches; return how many notices are new."""
    raised = 0
    for marking in _MARKINGS:
        while True:
            async with database.write() as session:
                ids = (await session.execute(marking, {"now": now})).scalars().all()
                raised += await _raise_due(session, ids, reference, now)
            if len(ids) < BATCH:
                break
    return raised


async def _raise_due(session: WriteSession, ids: Sequence[UUID], reference: Reference, now: datetime) -> int:
    if not ids:
        return 0
    standings = await find_standings(session, ids)
    notices = (due_notice(standing, reference, now) for standing in standings.values())
    return await _store(session, [notice for notice in notices if notice is not None])


async def raise_escalation(
    session: WriteSession, case: Case, answers: Answerer, reference: Reference, now: datetime
) -> None:
    """Raise the notice for whoever has to answer for a ticket that just climbed a rung."""
    standing = standing_of(case)
    await _store(session, [escalation_notice(standing, answers, case.escalation_level, reference, now)])


_RENEWED = ("role", "unit_id", "grid_code", "due_at", "raised_at", "deliver_at", "obsolete_at")
_INSERT = insert(_NOTICES)
# One that was dropped before anybody was told waits again: what it says is true once more, and was never said.
_STORE = _INSERT.on_conflict_do_update(
    constraint="uq_notices_once",
    set_={name: _INSERT.excluded[name] for name in _RENEWED},
    where=_NOTICES.c.obsolete_at.is_not(None),
).returning(_NOTICES.c.id)


async def _store(session: WriteSession, notices: Sequence[Notice]) -> int:
    """Store notices that are not there yet; return how many those were."""
    if not notices:
        return 0
    return len((await session.execute(_STORE, [_row(notice) for notice in notices])).all())


def _row(notice: Notice) -> dict[str, Any]:
    receiver = notice.receiver
    return {
        "ticket_id": notice.ticket_id,
        "clock": notice.clock,
        "cycle": notice.cycle,
        "level": notice.level,
        "rung": notice.rung,
        "role": receiver.role,
        "unit_id": receiver.unit_id,
        "grid_code": receiver.grid_code,
        "due_at": notice.due_at,
        "raised_at": notice.raised_at,
        "deliver_at": notice.deliver_at,
        "obsolete_at": None,
    }
