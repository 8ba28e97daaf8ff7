"""Where officers' phones said that they were when something was reported."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.db import ReadSession
from api.domain.geo import to_wgs84
from api.domain.reports import Source
from api.domain.signal_fixes import Fix
from api.models import Person, Report, Ticket

COMPARED_MAX: Final = 300
LATE: Final = timedelta(hours=12)
"""A phone without network sends later what it saw earlier, so that the next fix may be here already."""


@dataclass(frozen=True, slots=True)
class ReportStory:
    """A report as signals see it. `fix` is None for one that was not told from where it happened."""

    id: UUID
    ticket_id: UUID
    person_id: UUID
    unit_id: int | None
    fix: Fix | None
    signals: list[dict[str, Any]]
    """What was odd about it by itself, as it was stored with it."""


async def find_report_stories(session: ReadSession, report_ids: Collection[UUID]) -> list[ReportStory]:
    """Return these reports."""
    statement: Any = (
        select(Report, col(Ticket.source), col(Person.unit_id))
        .join(Ticket, col(Ticket.id) == col(Report.id))
        .join(Person, col(Person.id) == col(Report.reporter_id))
        .where(col(Report.id).in_(report_ids))
    )
    rows: Any = (await session.execute(statement)).all()
    return [
        ReportStory(
            report.id,
            report.ticket_id,
            report.reporter_id,
            unit_id,
            # At a desk reports are written down one after the other, wherever they are.
            _fix(report) if source is Source.OFFICER else None,
            report.signals,
        )
        for report, source, unit_id in rows
    ]


async def find_other_fixes(session: ReadSession, report: ReportStory, fix: Fix, back: timedelta) -> list[Fix]:
    """Return the fixes of the same person's other reports, the nearest in time before and after this one."""
    others = select(Report).where(col(Report.reporter_id) == report.person_id, col(Report.id) != report.id)
    observed = col(Report.observed_at)
    before = others.where(observed <= fix.at + LATE, observed > fix.at - back).order_by(observed.desc())
    found = (await session.execute(before.limit(COMPARED_MAX))).scalars()
    return [_fix(other) for other in found]


def _fix(report: Report) -> Fix:
    place = to_wgs84(report.raw_longitude, report.raw_latitude, report.raw_crs)
    return Fix(report.fixed_at or report.observed_at, place, report.accuracy_m)
