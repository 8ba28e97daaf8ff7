"""Reports are filed once: their names are held, earlier ones found, and the row that tells what was sent written."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Text, Uuid, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.errors import IdTaken
from api.domain.report_requests import ReportRequest
from api.models import Report, WaitingItem, metadata
from api.queries.reports import ReportFacts


async def hold_tickets(session: WriteSession, ticket_ids: Iterable[UUID]) -> None:
    """Hold the names of tickets that may not exist yet until the transaction ends, in one order for all.

    Whoever files a ticket and whoever waits for it take turns, so that neither overlooks the other.
    """
    names = literal(sorted(map(str, ticket_ids)), ARRAY(Text))
    await session.execute(select(_held(func.unnest(names).column_valued("name"))))


_HOLD_SPACE = 3
"""Sets the names of tickets apart from other advisory locks on hashed texts."""


def _held(name: ColumnElement[str]) -> ColumnElement[Any]:
    return func.pg_advisory_xact_lock(func.hashtextextended(cast(name, Text), _HOLD_SPACE))


def _select_earlier() -> Select[Any]:
    """Return the statement with the parameters `name` and `report_id`, that holds the ticket's name as well."""
    held = select(_held(bindparam("name", type_=Text)).label("held")).subquery()
    is_same = col(Report.id) == bindparam("report_id")
    statement: Any = select(held.c.held, col(Report.reporter_id), col(Report.body_sha256))
    return statement.select_from(held.outerjoin(Report, is_same))


_EARLIER = _select_earlier()


async def filed_before(session: WriteSession, viewer: Viewer, request: ReportRequest) -> bool:
    """Tell whether this very report was filed before; raises IdTaken where another one was."""
    row = (await session.execute(_EARLIER, {"name": str(request.id), "report_id": request.id})).one()
    if row.reporter_id is None:
        return False
    if row.reporter_id != viewer.person_id or row.body_sha256 != request.sha256():
        raise IdTaken("This report id was used before with another content.", report=request.id)
    return True


# Built once, on the table rather than the class: this is the hot way in.
_REPORTS = metadata.tables["reports"]
_CLAIM = (
    insert(_REPORTS)
    .on_conflict_do_nothing(index_elements=["id"])
    .returning(
        _REPORTS.c.id,
        select(col(WaitingItem.id))
        .where(
            col(WaitingItem.ticket_id) == bindparam("awaited_ticket", type_=Uuid()),
            col(WaitingItem.ended_at).is_(None),
        )
        .exists()
        .label("is_awaited"),
    )
)


@dataclass(frozen=True, slots=True)
class _Claimed:
    is_awaited: bool


async def claim_report(
    session: WriteSession, viewer: Viewer, request: ReportRequest, facts: ReportFacts
) -> _Claimed | None:
    """Write the report unless its id is taken; parallel claims wait here for the first one's transaction."""
    values = {
        "awaited_ticket": facts.ticket_id,
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
    row = (await session.execute(_CLAIM, values)).one_or_none()
    return None if row is None else _Claimed(row.is_awaited)
