"""Tickets (案卷), the ledger of their clocks, and their events."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlmodel import Field

from api.domain.access import Role
from api.domain.cases import Triage
from api.domain.lifecycle import OPEN, STAGE_OF, Clock, State
from api.domain.limits import LimitUnit
from api.domain.reports import Priority, Source
from api.domain.requests import RequestKind
from api.domain.tasks import TaskKind
from api.models.base import (
    EMPTY,
    INSTANT,
    JSON,
    NONE_YET,
    NOT_YET,
    NUMBERS,
    STRINGS,
    UUIDS,
    Table,
    XactId,
    enum_type,
)

OPEN_SQL = "state IN ({})".format(", ".join(f"'{state.value}'" for state in State if state in OPEN))
"""The predicate of the partial indexes that keep queues flat while closed tickets pile up."""

WATCHED_SQL = "state IN ({})".format(", ".join(f"'{state.value}'" for state in State if state in STAGE_OF))
"""Tickets whose due time passes: all open ones but the suspended."""
NEAR_DUE_SQL = f"{WATCHED_SQL} AND noticed = 0"
NOT_NOTICED_SQL = f"{WATCHED_SQL} AND noticed < 2"
HAS_PENDING_SQL = "cardinality(pending_kinds) > 0"
"""Somebody has to decide a request on the ticket, which may be closed (an appeal)."""

LACKS_TASK_SQL = "task_id IS NULL AND (state = 'verifying' OR state = 'rectified' AND checked_at IS NULL)"
"""Tickets that somebody has to go and look at, and nobody was asked to."""

WAITING_SQL = f"{OPEN_SQL} OR {HAS_PENDING_SQL}"

SEARCHED_SQL = "(number || ' ' || address || ' ' || description)"
"""What the search filter looks through, as its trigram index has it."""
_SEARCHED: ColumnElement[str] = literal_column(SEARCHED_SQL)


class Ticket(Table, table=True):
    """One problem, from report to closure.

    `due_at` and `yellow_at` are those of the clock that runs now (`lifecycle.STAGE_OF`); after closing they
    stay those of the rectification. Every list, count, light and notice reads them and nothing else.
    """

    table_name: ClassVar[str] = "tickets"
    __table_args__ = (
        Index("ix_tickets_open_due", "due_at", "id", postgresql_where=text(OPEN_SQL)),
        Index("ix_tickets_open_unit_due", "unit_id", "due_at", "id", postgresql_where=text(OPEN_SQL)),
        Index(
            "ix_tickets_open_grid",
            "grid_code",
            "due_at",
            postgresql_ops={"grid_code": "text_pattern_ops"},
            postgresql_where=text(OPEN_SQL),
        ),
        Index("ix_tickets_due", text("due_at ASC NULLS LAST"), "id"),
        Index("ix_tickets_filed", text("filed_at DESC NULLS LAST"), text("id DESC")),
        Index("ix_tickets_updated", text("updated_at DESC"), text("id DESC")),
        Index("ix_tickets_unit_due", "unit_id", text("due_at ASC NULLS LAST"), "id"),
        Index("ix_tickets_grid", "grid_code", postgresql_ops={"grid_code": "text_pattern_ops"}),
        Index("ix_tickets_category", "category_code", postgresql_ops={"category_code": "text_pattern_ops"}),
        Index("ix_tickets_reporter", "reporter_id", text("updated_at DESC"), text("id DESC")),
        Index("ix_tickets_place", "place", postgresql_using="gist"),
        # Few tickets are at a place that has a name.
        Index(
            "ix_tickets_place_code",
            "place_code",
            text("due_at ASC NULLS LAST"),
            "id",
            postgresql_where=text("place_code IS NOT NULL"),
        ),
        # Duplicates are looked for among open tickets by metres, so on geography.
        Index(
            "ix_tickets_open_place",
            text("(place::geography)"),
            postgresql_using="gist",
            postgresql_where=text(OPEN_SQL),
        ),
        Index(
            "ix_tickets_searched",
            _SEARCHED.label("searched"),
            postgresql_using="gin",
            postgresql_ops={"searched": "gin_trgm_ops"},
        ),
        # The desk's queues hold open tickets and, open or closed, those with a request to decide: in one order.
        Index("ix_tickets_waiting", "due_at", "id", postgresql_where=text(WAITING_SQL)),
        Index("ix_tickets_escalates", "escalates_at", postgresql_where=text("escalates_at IS NOT NULL")),
        Index(
            "ix_tickets_suspended_until",
            "suspended_until",
            postgresql_where=text("suspended_until IS NOT NULL"),
        ),
        # Where the worker finds what turned yellow or red and nobody was told of yet.
        Index("ix_tickets_near_due", "yellow_at", postgresql_where=text(NEAR_DUE_SQL)),
        Index("ix_tickets_not_noticed", "due_at", postgresql_where=text(NOT_NOTICED_SQL)),
        Index(
            "ix_tickets_task_assignee",
            "task_assignee_id",
            postgresql_where=text("task_assignee_id IS NOT NULL"),
        ),
        Index(
            "ix_tickets_task_done_by",
            "task_done_by_id",
            postgresql_where=text("task_done_by_id IS NOT NULL"),
        ),
        Index("ix_tickets_lacks_task", "updated_at", "id", postgresql_where=text(LACKS_TASK_SQL)),
        # When officers were last at a place that has a name.
        Index(
            "ix_tickets_place_seen",
            "place_code",
            text("observed_at DESC"),
            postgresql_where=text("place_code IS NOT NULL"),
        ),
        Index(
            "ix_tickets_place_checked",
            "place_code",
            text("checked_at DESC"),
            postgresql_where=text("place_code IS NOT NULL AND checked_at IS NOT NULL"),
        ),
        Index("ix_tickets_merged", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        Index(
            "ix_tickets_merged_reporter",
            "reporter_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        CheckConstraint("version > 0", "version"),
        CheckConstraint("state NOT IN ('assigned', 'in_progress') OR unit_id IS NOT NULL", "has_unit"),
        CheckConstraint("state <> 'closed' OR closed_at IS NOT NULL", "closed_has_time"),
        CheckConstraint("checked_by_id IS NULL OR checked_by_id <> fixed_by_id", "checker_is_not_fixer"),
        CheckConstraint("(state = 'suspended') = (suspended_until IS NOT NULL)", "suspended_has_end"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", "merged_has_master"),
        CheckConstraint("merged_into_id <> id", "master_is_another"),
        CheckConstraint("noticed BETWEEN 0 AND 2", "noticed"),
        CheckConstraint("(task_id IS NULL) = (task_kind IS NULL)", "task_has_kind"),
        CheckConstraint("task_id IS NOT NULL OR task_assignee_id IS NULL", "task_of_assignee"),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(max_length=64, unique=True)
    state: State = Field(sa_type=enum_type(State, "state"))
    version: int
    category_id: int = Field(foreign_key="categories.id")
    category_code: str = Field(max_length=10)
    condition_id: int | None = Field(default=None, foreign_key="conditions.id")
    grid_id: int | None = Field(default=None, foreign_key="grids.id")
    grid_code: str | None = Field(default=None, max_length=20)
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    handler_id: UUID | None = Field(default=None, foreign_key="people.id")
    reporter_id: UUID = Field(foreign_key="people.id")
    fixed_by_id: UUID | None = Field(default=None, foreign_key="people.id")
    checked_by_id: UUID | None = Field(default=None, foreign_key="people.id")
    source: Source = Field(sa_type=enum_type(Source, "source"))
    priority: Priority = Field(sa_type=enum_type(Priority, "priority"))
    triage: Triage | None = Field(default=None, sa_type=enum_type(Triage, "triage"))
    place: Any = Field(sa_column=Column(Geometry("POINT", 4326, spatial_index=False), nullable=False))
    place_code: str | None = Field(default=None, max_length=64, foreign_key="places.code")
    address: str = Field(default="", sa_type=Text)
    description: str = Field(default="", sa_type=Text)
    observed_at: datetime = Field(sa_type=INSTANT)
    reported_at: datetime = Field(sa_type=INSTANT)
    filed_at: datetime | None = Field(default=None, sa_type=INSTANT)
    dispatched_at: datetime | None = Field(default=None, sa_type=INSTANT)
    rectified_at: datetime | None = Field(default=None, sa_type=INSTANT)
    checked_at: datetime | None = Field(default=None, sa_type=INSTANT)
    closed_at: datetime | None = Field(default=None, sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    yellow_at: datetime | None = Field(default=None, sa_type=INSTANT)
    due_rule: str | None = Field(default=None, max_length=120)
    due_explanation: dict[str, str] | None = Field(default=None, sa_type=JSON)
    dispatch_rule_id: str | None = Field(default=None, max_length=64, foreign_key="dispatch_rules.id")
    dispatch_explanation: dict[str, str] | None = Field(default=None, sa_type=JSON)
    return_until: datetime | None = Field(default=None, sa_type=INSTANT)
    returned_unit_ids: list[int] = Field(default_factory=list, sa_type=NUMBERS, sa_column_kwargs=EMPTY)
    is_pinned: bool = Field(default=False, sa_column_kwargs=NOT_YET)
    extension_count: int = Field(default=0, sa_column_kwargs=NONE_YET)
    suspended_until: datetime | None = Field(default=None, sa_type=INSTANT)
    merged_into_id: UUID | None = Field(default=None, foreign_key="tickets.id")
    rework_count: int = 0
    reopen_count: int = Field(default=0, sa_column_kwargs=NONE_YET)
    urged_count: int = 0
    supervised_count: int = Field(default=0, sa_column_kwargs=NONE_YET)
    escalation_level: int = 0
    escalates_at: datetime | None = Field(default=None, sa_type=INSTANT)
    is_self_fixed: bool = False
    has_appealed: bool = Field(default=False, sa_column_kwargs=NOT_YET)
    is_exempt: bool = Field(default=False, sa_column_kwargs=NOT_YET)
    pending_kinds: list[RequestKind] = Field(default_factory=list, sa_type=STRINGS, sa_column_kwargs=EMPTY)
    open_helper_ids: list[int] = Field(default_factory=list, sa_type=NUMBERS, sa_column_kwargs=EMPTY)
    agreed_role: Role | None = Field(default=None, sa_type=enum_type(Role, "agreed_role"))
    task_id: UUID | None = None
    """The open task. No foreign key: a task names its ticket, and each row would have to be there first."""
    task_kind: TaskKind | None = Field(default=None, sa_type=enum_type(TaskKind, "task_kind"))
    task_assignee_id: UUID | None = Field(default=None, foreign_key="people.id")
    task_due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    task_done_by_id: UUID | None = Field(default=None, foreign_key="people.id")
    noticed: int = Field(default=0, sa_column_kwargs=NONE_YET)
    """Which notice of the present due time was raised: 0 none, 1 near due, 2 overdue. It only spares the worker a
    search (`notices` is what holds them to one), so it is no part of the ticket's version and never shown."""
    history_count: int
    history_sha256: str = Field(max_length=64)


class TicketClock(Table, table=True):
    """One stretch of one clock: the ledger from which every due time can be recomputed."""

    table_name: ClassVar[str] = "ticket_clocks"
    __table_args__ = (
        Index("ix_ticket_clocks_ticket", "ticket_id", "id"),
        # A clock of a ticket runs at most once at a time.
        Index(
            "uq_ticket_clocks_running",
            "ticket_id",
            "clock",
            unique=True,
            postgresql_where=text("stopped_at IS NULL"),
        ),
        CheckConstraint("stopped_at IS NULL OR stopped_at >= started_at", "stops_after_start"),
        CheckConstraint("(limit_value IS NULL) = (limit_unit IS NULL)", "limit_complete"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    ticket_id: UUID = Field(foreign_key="tickets.id")
    clock: Clock = Field(sa_type=enum_type(Clock, "clock"))
    cycle: int
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    extensions: int = Field(default=0, sa_column_kwargs=NONE_YET)
    started_at: datetime = Field(sa_type=INSTANT)
    started_by: str = Field(max_length=32)
    stopped_at: datetime | None = Field(default=None, sa_type=INSTANT)
    stopped_by: str | None = Field(default=None, max_length=32)
    calendar_code: str | None = Field(default=None, max_length=40)
    limit_value: int | None = None
    limit_unit: LimitUnit | None = Field(default=None, sa_type=enum_type(LimitUnit, "limit_unit"))
    milestones: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    yellow_at: datetime | None = Field(default=None, sa_type=INSTANT)


class TicketEvent(Table, table=True):
    """One step as it was taken; never changed, never deleted (a trigger refuses both).

    The events of a ticket form a hash chain (`api.domain.history`). The row is the outbox too: `xid` lets a
    reader take events in commit order.
    """

    table_name: ClassVar[str] = "ticket_events"
    __table_args__ = (
        UniqueConstraint("ticket_id", "seq"),
        # The feed reads what is settled in this order.
        Index("ix_ticket_events_xid_id", "xid", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    ticket_id: UUID = Field(foreign_key="tickets.id")
    seq: int
    action: str = Field(max_length=32)
    from_state: State | None = Field(default=None, sa_type=enum_type(State, "from_state"))
    to_state: State = Field(sa_type=enum_type(State, "to_state"))
    actor_id: UUID | None = Field(default=None, foreign_key="people.id")
    actor_role: str = Field(max_length=32)
    at: datetime = Field(sa_type=INSTANT)
    device_at: datetime | None = Field(default=None, sa_type=INSTANT)
    note: str = Field(default="", sa_type=Text)
    photo_ids: list[UUID] = Field(default_factory=list, sa_type=UUIDS)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    previous_sha256: str = Field(max_length=64)
    sha256: str = Field(max_length=64)
    xid: Any = Field(
        default=None,
        sa_column=Column(XactId(), nullable=False, server_default=text("pg_current_xact_id()")),
    )
