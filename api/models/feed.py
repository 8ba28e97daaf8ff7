"""What the feed has to know beyond the events of tickets, and which installation its cursors belong to."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlmodel import Field

from api.domain.feed import MarkKind
from api.models.base import INSTANT, NOT_YET, Table, XactId, enum_type


class FeedMark(Table, table=True):
    """Something that changes what a reader of the feed should hold and that no event of the ticket tells.

    Written by triggers on `tickets`, `photos`, `people`, `grid_people` and `sign_ins` alone, so that no way of
    changing those can forget it. Ids come from the sequence of `ticket_events`: a transaction's events and marks
    have one order. `unit_id` (with `was_escalated`), `grid_code`, `place_code` and `officer_id` (whose task on it
    ended) say whom a ticket left; `person_id` whose duties, unit or sign-ins changed. No foreign keys: a photo may be
    tied to a ticket a moment before its ticket is written, and a mark locks nothing. `at` is by the database's clock,
    and only tells how old a mark is.
    """

    table_name: ClassVar[str] = "feed_marks"
    __table_args__ = (
        Index("ix_feed_marks_xid_id", "xid", "id"),
        Index("ix_feed_marks_at", "at"),
        CheckConstraint(
            "(kind = 'person') = (person_id IS NOT NULL) AND (kind = 'person') = (ticket_id IS NULL)"
            " AND (kind = 'left') = (unit_id IS NOT NULL OR grid_code IS NOT NULL OR place_code IS NOT NULL"
            " OR officer_id IS NOT NULL)",
            "complete",
        ),
    )

    id: int | None = Field(
        default=None,
        sa_column=Column(
            BigInteger,
            primary_key=True,
            autoincrement=True,  # the value comes from the sequence of the events
            server_default=text("nextval('ticket_events_id_seq'::regclass)"),
        ),
    )
    kind: MarkKind = Field(sa_type=enum_type(MarkKind, "kind"))
    ticket_id: UUID | None = Field(default=None)
    unit_id: int | None = Field(default=None)
    was_escalated: bool = Field(default=False, sa_column_kwargs=NOT_YET)
    grid_code: str | None = Field(default=None, max_length=20)
    place_code: str | None = Field(default=None, max_length=64)
    officer_id: UUID | None = Field(default=None)
    person_id: UUID | None = Field(default=None)
    at: datetime = Field(sa_type=INSTANT, sa_column_kwargs={"server_default": text("now()")})
    xid: Any = Field(
        default=None,
        sa_column=Column(XactId(), nullable=False, server_default=text("pg_current_xact_id()")),
    )


class Installation(Table, table=True):
    """One row: which city this is, and the epoch of its data, which is new after a backup was restored."""

    table_name: ClassVar[str] = "installation"
    __table_args__ = (CheckConstraint("id = 1", "single_row"),)

    id: int = Field(default=1, primary_key=True)
    city: UUID
    epoch: UUID
