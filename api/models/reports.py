"""Reports (上报): what an officer saw, exactly as it was told."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Uuid, text
from sqlmodel import Field

from api.domain.geo import Crs
from api.models.base import INSTANT, JSON, UUIDS, Table, enum_type


class Report(Table, table=True):
    """One report; the raw coordinates stay beside the ticket's one geometry."""

    table_name: ClassVar[str] = "reports"
    __table_args__ = (
        # A photo that arrives after its report finds it here; the index holds waiting reports only.
        Index(
            "ix_reports_awaited_photo_ids",
            "awaited_photo_ids",
            postgresql_using="gin",
            postgresql_where=text("cardinality(awaited_photo_ids) > 0"),
        ),
        Index("ix_reports_reporter_id_observed_at", "reporter_id", "observed_at"),
    )

    id: UUID = Field(primary_key=True)
    # Deferred: the report is claimed before its ticket is written, so that two at once can't both write one.
    ticket_id: UUID = Field(
        sa_column=Column(
            Uuid,
            ForeignKey("tickets.id", deferrable=True, initially="DEFERRED"),
            nullable=False,
            index=True,
        )
    )
    reporter_id: UUID = Field(foreign_key="people.id", index=True)
    body_sha256: str = Field(max_length=64)
    description: str
    observed_at: datetime = Field(sa_type=INSTANT)
    received_at: datetime = Field(sa_type=INSTANT)
    raw_longitude: float
    raw_latitude: float
    raw_crs: Crs = Field(sa_type=enum_type(Crs, "raw_crs"))
    accuracy_m: float | None = None
    provider: str | None = Field(default=None, max_length=32)
    fixed_at: datetime | None = Field(default=None, sa_type=INSTANT)
    is_mocked: bool = False
    photo_ids: list[UUID] = Field(sa_type=UUIDS)
    awaited_photo_ids: list[UUID] = Field(sa_type=UUIDS)
    duplicates: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    signals: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    answers: dict[str, Any] | None = Field(default=None, sa_type=JSON)
