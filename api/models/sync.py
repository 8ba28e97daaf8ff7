"""What phones sent ahead of what it stands on: steps that wait for their ticket, photos that are on their way."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlmodel import Field

from api.domain.evidence import Purpose
from api.domain.sync import ItemKind, WaitState
from api.models.base import INSTANT, JSON, Table, enum_type

_IS_WAITING = "ended_at IS NULL"


class WaitingItem(Table, table=True):
    """Something that waits, or waited in vain: what is done in the end has no row here any more.

    `ticket_id` names a ticket that need not exist; `after_id` an item of the same person. `body` is what the service
    takes, not what was on the wire.
    """

    table_name: ClassVar[str] = "waiting_items"
    __table_args__ = (
        Index("ix_waiting_items_ticket_id", "ticket_id", postgresql_where=text(_IS_WAITING)),
        Index("ix_waiting_items_expires_at", "expires_at", postgresql_where=text(_IS_WAITING)),
        Index("ix_waiting_items_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", "ended_has_time"),
        CheckConstraint("(state = 'waiting') = (code IS NULL)", "ended_has_code"),
        CheckConstraint("after_id IS DISTINCT FROM id", "not_after_itself"),
    )

    person_id: UUID = Field(foreign_key="people.id", primary_key=True)
    id: UUID = Field(primary_key=True)
    kind: ItemKind = Field(sa_type=enum_type(ItemKind, "kind"))
    sign_in_id: UUID | None = Field(default=None, foreign_key="sign_ins.id", index=True, ondelete="SET NULL")
    device_id: str = Field(max_length=100)
    ticket_id: UUID
    after_id: UUID | None = None
    body: dict[str, Any] = Field(sa_type=JSON)
    made_at: datetime = Field(sa_type=INSTANT)
    clock_skew_s: float
    received_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime = Field(sa_type=INSTANT)
    state: WaitState = Field(default=WaitState.WAITING, sa_type=enum_type(WaitState, "state"))
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT)
    code: str | None = Field(default=None, max_length=64)
    detail: str | None = None


class DeclaredPhoto(Table, table=True):
    """A photo that a phone holds and will upload: its bytes are known by their hash before they come."""

    table_name: ClassVar[str] = "declared_photos"
    __table_args__ = (
        Index("ix_declared_photos_declared_at", "declared_at"),
        CheckConstraint("size_bytes > 0", "size_bytes"),
        CheckConstraint("length(sha256) = 64", "sha256"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="people.id", index=True)
    request_sha256: str = Field(max_length=64)
    purpose: Purpose = Field(sa_type=enum_type(Purpose, "purpose"))
    sha256: str = Field(max_length=64)
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    captured_at: datetime | None = Field(default=None, sa_type=INSTANT)
    declared_at: datetime = Field(sa_type=INSTANT)
