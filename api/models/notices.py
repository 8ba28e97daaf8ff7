"""Notices on tickets (提醒), and the messages in which people are told."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, UniqueConstraint, text
from sqlmodel import Field

from api.domain.access import Role
from api.domain.lifecycle import Clock
from api.domain.notices import NoticeLevel
from api.models.base import INSTANT, Table, enum_type

_RECEIVER_COMPLETE = (
    "(role IN ('unit_member', 'unit_lead')) = (unit_id IS NOT NULL)"
    " AND (role = 'officer') = (grid_code IS NOT NULL)"
)
_WAITING = "message_id IS NULL AND obsolete_at IS NULL"


class Message(Table, table=True):
    """What one receiver is told at once: one notice, or a digest of many. Later channels read from here."""

    table_name: ClassVar[str] = "messages"
    __table_args__ = (
        # Whoever reads, reads what is told to the unit, to the role or to the area, newest first.
        Index("ix_messages_unit", "unit_id", text("id DESC"), postgresql_where=text("unit_id IS NOT NULL")),
        Index(
            "ix_messages_grid",
            "grid_code",
            text("id DESC"),
            postgresql_ops={"grid_code": "text_pattern_ops"},
            postgresql_where=text("grid_code IS NOT NULL"),
        ),
        Index("ix_messages_role", "role", text("id DESC")),
        CheckConstraint(_RECEIVER_COMPLETE, "receiver_complete"),
        CheckConstraint("notice_count > 0", "has_notices"),
        CheckConstraint("is_digest OR notice_count = 1", "one_or_digest"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    role: Role = Field(sa_type=enum_type(Role, "role"))
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    grid_code: str | None = Field(default=None, max_length=20)
    created_at: datetime = Field(sa_type=INSTANT)
    notice_count: int
    is_digest: bool


class Notice(Table, table=True):
    """One notice (domain: `api.domain.notices.Notice`), once for each ticket, clock, cycle, level and rung.

    It waits until `deliver_at`; then it is told in a message, or found `obsolete`. The row stays, and that it can
    be there only once is what keeps anybody from being told twice.
    """

    table_name: ClassVar[str] = "notices"
    __table_args__ = (
        UniqueConstraint("ticket_id", "clock", "cycle", "level", "rung", name="uq_notices_once"),
        Index(
            "ix_notices_waiting",
            "role",
            "unit_id",
            "grid_code",
            "deliver_at",
            postgresql_where=text(_WAITING),
        ),
        Index("ix_notices_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        CheckConstraint(_RECEIVER_COMPLETE, "receiver_complete"),
        CheckConstraint("(level = 'escalated') = (rung > 0)", "escalated_has_rung"),
        CheckConstraint("message_id IS NULL OR obsolete_at IS NULL", "told_or_obsolete"),
        CheckConstraint("deliver_at >= raised_at", "delivered_after_raised"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    ticket_id: UUID = Field(foreign_key="tickets.id")
    clock: Clock = Field(sa_type=enum_type(Clock, "clock"))
    cycle: int
    level: NoticeLevel = Field(sa_type=enum_type(NoticeLevel, "level"))
    rung: int = 0
    role: Role = Field(sa_type=enum_type(Role, "role"))
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    grid_code: str | None = Field(default=None, max_length=20)
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    raised_at: datetime = Field(sa_type=INSTANT)
    deliver_at: datetime = Field(sa_type=INSTANT)
    obsolete_at: datetime | None = Field(default=None, sa_type=INSTANT)
    message_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("messages.id"), nullable=True)
    )
