"""Photos: facts about a picture whose original lies unchanged in the file store."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Uuid, text
from sqlmodel import Field

from api.domain.evidence import Purpose
from api.models.base import INSTANT, JSON, Table, enum_type

BANDS_SQL = tuple(f"((phash >> {shift}) & 65535)" for shift in (48, 32, 16, 0))
"""The bands of a hash (`pictures.bands`), by which similar ones are looked up."""


class Photo(Table, table=True):
    """One stored picture. The row exists only when its files are durable."""

    table_name: ClassVar[str] = "photos"
    __table_args__ = (
        Index("ix_photos_sha256", "sha256"),
        Index("ix_photos_ticket_id", "ticket_id"),
        Index("ix_photos_uploaded_by_id_received_at", "uploaded_by_id", "received_at"),
        CheckConstraint("size_bytes > 0 AND width > 0 AND height > 0", "dimensions"),
    )

    id: UUID = Field(primary_key=True)
    uploaded_by_id: UUID = Field(foreign_key="people.id", index=True)
    # Deferred: a report's photos are tied to its ticket before the ticket is written.
    ticket_id: UUID | None = Field(
        default=None,
        sa_column=Column(Uuid, ForeignKey("tickets.id", deferrable=True, initially="DEFERRED")),
    )
    purpose: Purpose = Field(sa_type=enum_type(Purpose, "purpose"))
    request_sha256: str = Field(max_length=64)
    sha256: str = Field(max_length=64)
    media_type: str = Field(max_length=40)
    size_bytes: int = Field(sa_type=BigInteger)
    width: int
    height: int
    file_key: str = Field(max_length=200)
    captured_at: datetime | None = Field(default=None, sa_type=INSTANT)
    captured_place: Any = Field(default=None, sa_column=Column(Geometry("POINT", 4326, spatial_index=False)))
    taken_at: datetime | None = Field(default=None, sa_type=INSTANT)
    taken_place: Any = Field(default=None, sa_column=Column(Geometry("POINT", 4326, spatial_index=False)))
    camera: str | None = Field(default=None, max_length=200)
    software: str | None = Field(default=None, max_length=200)
    received_at: datetime = Field(sa_type=INSTANT)
    signals: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


class PhotoPrint(Table, table=True):
    """What a photo's picture is known again by (`api.domain.pictures`); both are null where nothing is to be seen."""

    table_name: ClassVar[str] = "photo_prints"
    __table_args__ = (
        # `pictures.SKETCH_BYTES`: one of another size would stop the examination of all that it is laid over.
        CheckConstraint("octet_length(sketch) = 4096", "sketch"),
        *(Index(f"ix_photo_prints_band{number}", text(band)) for number, band in enumerate(BANDS_SQL)),
    )

    photo_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True)
    )
    phash: int | None = Field(default=None, sa_type=BigInteger)
    sketch: bytes | None = None


class OriginalReading(Table, table=True):
    """Who fetched the original of a photo, and when: originals carry personal data."""

    table_name: ClassVar[str] = "original_readings"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    photo_id: UUID = Field(foreign_key="photos.id", index=True)
    person_id: UUID = Field(foreign_key="people.id", index=True)
    at: datetime = Field(sa_type=INSTANT)
