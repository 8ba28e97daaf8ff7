"""Reports are filed once: their tickets' names are held, those that were here before known again, new ones written."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal_column,
    select,
)
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.errors import IdTaken
from api.domain.report_requests import ReportRequest
from api.models import WaitingItem, metadata
from api.queries.reports import ReportFacts

_HOLD_SPACE = 3
"""Sets the names of tickets apart from other advisory locks on hashed texts."""

# Statements are built once, on tables rather than classes: this is the hot way in.
_REPORTS = metadata.tables["reports"]
_IDS = func.unnest(bindparam("ids", type_=ARRAY(Uuid))).column_valued("id")
_HELD: ColumnElement[Any] = func.pg_advisory_xact_lock(func.hashtextextended(cast(_IDS, Text), _HOLD_SPACE))
_HOLD = select(_HELD)


def _select_earlier() -> Select[Any]:
    """Return the statement that holds all the names, and finds which of them have a report."""
    held = select(_IDS.label("id"), _HELD.label("held")).cte("held")
    earlier: Any = select(held.c.held, held.c.id, _REPORTS.c.reporter_id, _REPORTS.c.body_sha256)
    return earlier.select_from(held.outerjoin(_REPORTS, _REPORTS.c.id == held.c.id))


_EARLIER = _select_earlier()
# As text, because a subquery in RETURNING is not correlated with the table that is written to.
_NEW_TICKET_ID = literal_column("reports.ticket_id", Uuid)
_INSERT = insert(_REPORTS).returning(
    _REPORTS.c.id,
    exists()
    .where(col(WaitingItem.ticket_id) == _NEW_TICKET_ID, col(WaitingItem.ended_at).is_(None))
    .label("is_awaited"),
)


async def hold_tickets(session: WriteSession, ticket_ids: Iterable[UUID]) -> None:
    """Hold the names of tickets that may not exist yet until the transaction ends, in one order for all.

    Whoever files a ticket and whoever waits for it take turns, so that neither overlooks the other.
    """
    await session.execute(_HOLD, {"ids": sorted(ticket_ids)})


async def new_reports(
    session: WriteSession, viewer: Viewer, requests: Sequence[ReportRequest]
) -> list[ReportRequest]:
    """Hold the names of all these reports' tickets; return those that were not filed before, each once.

    Raises IdTaken where an id was used for another report. One that is filed at this very moment may be among the
    new ones: its ticket is then found to be there (`services.cases.insert_cases`).
    """
    rows = await session.execute(_EARLIER, {"ids": sorted({request.id for request in requests})})
    known = {row.id: (row.reporter_id, row.body_sha256) for row in rows if row.reporter_id is not None}
    new: list[ReportRequest] = []
    for request in requests:
        told = (viewer.person_id, request.sha256())
        if request.id not in known:
            new.append(request)
        elif known[request.id] != told:
            raise IdTaken("This report id was used before with another content.", report=request.id)
        known[request.id] = told
    return new


async def insert_reports(
    session: WriteSession, viewer: Viewer, reports: Sequence[tuple[ReportRequest, ReportFacts]]
) -> set[UUID]:
    """Write reports whose tickets are new; return those for whose tickets steps wait already."""
    rows = [_row(viewer, request, facts) for request, facts in reports]
    return {row.id for row in await session.execute(_INSERT, rows) if row.is_awaited}


def _row(viewer: Viewer, request: ReportRequest, facts: ReportFacts) -> dict[str, Any]:
    return {
        "reporter_id": viewer.person_id,
        "body_sha256": request.sha256(),
        "description": request.description,
        "observed_at": request.observed_at,
        "raw_longitude": request.longitude,
        "raw_latitude": request.latitude,
        "raw_crs": request.crs,
        "accuracy_m": request.accuracy_m,
        "provider": request.provider,
        "fixed_at": request.fixed_at,
        "is_mocked": request.is_mocked,
        **{name: getattr(facts, name) for name in ReportFacts.__slots__},
    }
