"""Tasks (任务): who is asked to verify, to check and to look back."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from api.domain.tasks import TaskKind, TaskState
from api.models.base import INSTANT, JSON, Table, enum_type

_OPEN = "state = 'open'"


class Task(Table, table=True):
    """One assignment (domain: `api.domain.tasks`): made once, ended once, never removed.

    The ticket's own columns `task_*` repeat the open one, so that lists and the policy of who sees what need no join.
    """

    table_name: ClassVar[str] = "tasks"
    __table_args__ = (
        Index("uq_tasks_open", "ticket_id", unique=True, postgresql_where=text(_OPEN)),
        Index("ix_tasks_ticket", "ticket_id", "made_at", "id"),
        # Whose work is it, how much has she, and what has she lately had.
        Index("ix_tasks_assignee_open", "assignee_id", "due_at", "id", postgresql_where=text(_OPEN)),
        Index("ix_tasks_assignee", "assignee_id", "made_at"),
        Index("ix_tasks_due", "due_at", "id", postgresql_where=text(_OPEN)),
        Index("ix_tasks_made", text("made_at DESC"), text("id DESC")),
        Index("ix_tasks_planned", "starts_at", "id", postgresql_where=text("state = 'planned'")),
        CheckConstraint("(state IN ('planned', 'open')) = (ended_at IS NULL)", "ended_has_time"),
        CheckConstraint("state <> 'planned' OR assignee_id IS NULL", "planned_has_nobody"),
        CheckConstraint("state <> 'done' OR answer IS NOT NULL", "done_has_answer"),
        CheckConstraint("attempt > 0", "attempt"),
    )

    id: UUID = Field(primary_key=True)
    duty_id: UUID
    ticket_id: UUID = Field(foreign_key="tickets.id")
    kind: TaskKind = Field(sa_type=enum_type(TaskKind, "kind"))
    state: TaskState = Field(sa_type=enum_type(TaskState, "state"))
    assignee_id: UUID | None = Field(default=None, foreign_key="people.id")
    unit_id: int | None = Field(default=None, foreign_key="units.id")
    attempt: int
    made_at: datetime = Field(sa_type=INSTANT)
    starts_at: datetime = Field(sa_type=INSTANT)
    due_at: datetime | None = Field(default=None, sa_type=INSTANT)
    choice: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT)
    ended_by_id: UUID | None = Field(default=None, foreign_key="people.id")
    answer: str | None = Field(default=None, max_length=32)
    reason: str = Field(default="", sa_type=Text)
