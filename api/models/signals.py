"""Fraud signals: what was found, what supervisors said of it, and what is still to be looked at."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, text
from sqlmodel import Field

from api.domain.signals import SignalKind, SignalState
from api.models.base import FIRST_VERSION, INSTANT, JSON, Table, enum_type

_OPEN_FIRST = (text("is_open DESC"), text("id DESC"))


class SignalRow(Table, table=True):
    """A signal of a photo or of a report, as it was found. It refuses nothing and changes nothing.

    `person_id` sent the photo or report; `unit_id` is that person's unit at the time. `weight` and sentences are as
    they were then, whatever the policy says now.
    """

    table_name: ClassVar[str] = "signals"
    __table_args__ = (
        # Of one photo, and of one report, each kind once: looking at it again finds nothing new.
        Index(
            "uq_signals_photo_id",
            "photo_id",
            "kind",
            unique=True,
            postgresql_where=text("photo_id IS NOT NULL"),
        ),
        Index(
            "uq_signals_report_id",
            "report_id",
            "kind",
            unique=True,
            postgresql_where=text("report_id IS NOT NULL"),
        ),
        Index("ix_signals_open", *_OPEN_FIRST),
        Index("ix_signals_ticket_id", "ticket_id", *_OPEN_FIRST),
        Index("ix_signals_person_id", "person_id", *_OPEN_FIRST),
        Index("ix_signals_unit_id", "unit_id", *_OPEN_FIRST, postgresql_where=text("unit_id IS NOT NULL")),
        Index("ix_signals_raised_at", "raised_at"),
        Index("ix_signals_kind", "kind", *_OPEN_FIRST),
        CheckConstraint("(photo_id IS NULL) <> (report_id IS NULL)", "of_one_thing"),
        CheckConstraint("weight > 0 AND weight <= 1", "weight"),
        CheckConstraint("is_open = (state = 'open')", "is_open"),
        CheckConstraint("version > 0", "version"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    kind: SignalKind = Field(sa_type=enum_type(SignalKind, "kind"))
    weight: float
    zh: str
    en: str
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    photo_id: UUID | None = Field(default=None, foreign_key="photos.id")
    other_photo_id: UUID | None = Field(default=None, foreign_key="photos.id")
    report_id: UUID | None = Field(default=None, foreign_key="reports.id")
    ticket_id: UUID = Field(foreign_key="tickets.id")
    person_id: UUID = Field(foreign_key="people.id")
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    raised_at: datetime = Field(sa_type=INSTANT)
    state: SignalState = Field(sa_type=enum_type(SignalState, "state"))
    is_open: bool = True
    version: int = Field(default=1, sa_column_kwargs=FIRST_VERSION)


class SignalReview(Table, table=True):
    """What a supervisor said of a signal, with the reason; never changed, never deleted (a trigger refuses both)."""

    table_name: ClassVar[str] = "signal_reviews"
    __table_args__ = (
        CheckConstraint("to_state <> 'open' AND to_state <> from_state", "to_another"),
        CheckConstraint("length(reason) > 0", "reason"),
    )

    signal_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("signals.id"), primary_key=True, autoincrement=False)
    )
    version: int = Field(primary_key=True)
    """Of the signal, to which this led."""
    from_state: SignalState = Field(sa_type=enum_type(SignalState, "from_state"))
    to_state: SignalState = Field(sa_type=enum_type(SignalState, "to_state"))
    by_id: UUID = Field(foreign_key="people.id", index=True)
    at: datetime = Field(sa_type=INSTANT)
    reason: str


class SignalExamination(Table, table=True):
    """A photo or report that is still to be looked at for signals; written by triggers, taken away when it was."""

    table_name: ClassVar[str] = "signal_examinations"
    __table_args__ = (CheckConstraint("(photo_id IS NULL) <> (report_id IS NULL)", "of_one_thing"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    # No foreign keys: what was removed meanwhile needs no look.
    photo_id: UUID | None = None
    report_id: UUID | None = None
