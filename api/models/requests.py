"""Requests on tickets (申请), calls for help (协办) among them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from api.domain.access import Role
from api.domain.lifecycle import State
from api.domain.requests import RequestKind, RequestState
from api.models.base import INSTANT, Table, enum_type

_PENDING = "state = 'pending'"


class TicketRequest(Table, table=True):
    """One request (domain: `api.domain.requests.Request`). Of a kind one is pending at a time, of help one a unit."""

    table_name: ClassVar[str] = "ticket_requests"
    __table_args__ = (
        Index("ix_ticket_requests_ticket", "ticket_id", "asked_at", "id"),
        Index(
            "uq_ticket_requests_pending",
            "ticket_id",
            "kind",
            unique=True,
            postgresql_where=text(f"{_PENDING} AND kind <> 'help'"),
        ),
        Index(
            "uq_ticket_requests_pending_help",
            "ticket_id",
            "unit_id",
            unique=True,
            postgresql_where=text(f"{_PENDING} AND kind = 'help'"),
        ),
        # Which tickets a unit was called to: what it may see beside its own.
        Index("ix_ticket_requests_help", "unit_id", "ticket_id", postgresql_where=text("kind = 'help'")),
        CheckConstraint(f"({_PENDING}) = (decided_at IS NULL)", "decided_has_time"),
        CheckConstraint("kind <> 'help' OR unit_id IS NOT NULL", "help_has_unit"),
        CheckConstraint("kind <> 'suspension' OR until IS NOT NULL", "suspension_has_end"),
    )

    id: UUID = Field(primary_key=True)
    ticket_id: UUID = Field(foreign_key="tickets.id")
    kind: RequestKind = Field(sa_type=enum_type(RequestKind, "kind"))
    state: RequestState = Field(sa_type=enum_type(RequestState, "state"))
    made_in: State = Field(sa_type=enum_type(State, "made_in"))
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    reason: str = Field(default="", sa_type=Text)
    until: datetime | None = Field(default=None, sa_type=INSTANT)
    asked_at: datetime = Field(sa_type=INSTANT)
    asked_by_id: UUID | None = Field(default=None, foreign_key="people.id")
    agreed_role: Role | None = Field(default=None, sa_type=enum_type(Role, "agreed_role"))
    decided_at: datetime | None = Field(default=None, sa_type=INSTANT)
    decided_by_id: UUID | None = Field(default=None, foreign_key="people.id")
    decision: str = Field(default="", sa_type=Text)
