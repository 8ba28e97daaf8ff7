"""Reports as they were taken down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.db import ReadSession
from api.models import Report


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A stored report."""

    id: UUID
    ticket_id: UUID
    received_at: datetime
    photo_ids: list[UUID]
    awaited_photo_ids: list[UUID]
    duplicates: list[dict[str, Any]]
    signals: list[dict[str, Any]]
    answers: dict[str, Any] | None


async def get_report(session: ReadSession, report_id: UUID) -> ReportFacts:
    """Return a report that is known to exist."""
    columns = [getattr(Report, name) for name in ReportFacts.__slots__]
    statement: Any = select(*columns).where(col(Report.id) == report_id)
    return ReportFacts(**(await session.execute(statement)).mappings().one())
