"""A ticket (案卷) in memory: all that a step may look at and change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.domain.access import Role
from api.domain.catalogue import Condition
from api.domain.geo import Place
from api.domain.history import GENESIS, Event
from api.domain.ledger import Ledger
from api.domain.reports import Priority, Source
from api.domain.requests import Request, RequestKind
from api.domain.states import State
from api.domain.tasks import EndedTask, NewTask, TaskKind


class Triage(StrEnum):
    """Why a ticket waits for a person (or for a photo) instead of going straight to a unit."""

    NOT_AN_OFFICER = "not_an_officer"
    OUTSIDE_GRIDS = "outside_grids"
    CONDITION_OPEN = "condition_open"
    PHOTOS_AWAITED = "photos_awaited"
    NO_RULE = "no_rule"
    NO_DEADLINE = "no_deadline"
    RETURNED = "returned"
    ADJUDICATION = "adjudication"


@dataclass(slots=True)
class Case:
    """A ticket in memory. `state` is None until the step that creates it.

    `due_at` and `yellow_at` belong to the clock that runs now; after closing they are the rectification's,
    and while the ticket is suspended what the rectification's will be after the pause that was agreed.
    `escalates_at` is when the ticket climbs the next rung unless it is rectified before. `unit_id` stays with
    the unit that returned a ticket until another has it (首接负责). `requests` holds those that were pending
    when the ticket was loaded, and what the present step made of them.
    """

    id: UUID
    category: str
    category_id: int
    place: Place
    reporter_id: UUID
    source: Source
    priority: Priority
    observed_at: datetime
    reported_at: datetime
    number: str = ""
    state: State | None = None
    version: int = 0
    condition: Condition | None = None
    grid_code: str | None = None
    place_code: str | None = None
    """The place (点位) that the problem is at."""
    unit_id: int | None = None
    handler_id: UUID | None = None
    fixed_by_id: UUID | None = None
    checked_by_id: UUID | None = None
    triage: Triage | None = None
    address: str = ""
    description: str = ""
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    rectified_at: datetime | None = None
    checked_at: datetime | None = None
    closed_at: datetime | None = None
    updated_at: datetime | None = None
    due_at: datetime | None = None
    yellow_at: datetime | None = None
    due_rule: str | None = None
    due_explanation: Mapping[str, str] | None = None
    dispatch_rule_id: str | None = None
    dispatch_explanation: Mapping[str, str] | None = None
    return_until: datetime | None = None
    returned_unit_ids: list[int] = field(default_factory=list[int])
    is_pinned: bool = False
    extension_count: int = 0
    suspended_until: datetime | None = None
    merged_into_id: UUID | None = None
    rework_count: int = 0
    reopen_count: int = 0
    urged_count: int = 0
    supervised_count: int = 0
    escalation_level: int = 0
    escalates_at: datetime | None = None
    is_self_fixed: bool = False
    has_appealed: bool = False
    is_exempt: bool = False
    task_id: UUID | None = None
    """The open task on it, with kind, officer and due time; `task_done_by_id` is who did the last one."""
    task_kind: TaskKind | None = None
    task_assignee_id: UUID | None = None
    task_due_at: datetime | None = None
    task_done_by_id: UUID | None = None
    history_count: int = 0
    history_sha256: str = GENESIS
    ledger: Ledger = field(default_factory=Ledger)
    requests: list[Request] = field(default_factory=list[Request])
    new_events: list[tuple[Event, str, str]] = field(default_factory=list[tuple[Event, str, str]])
    """Events of the present transaction, each with the hash before it and its own."""
    new_tasks: list[NewTask] = field(default_factory=list[NewTask])
    ended_tasks: list[EndedTask] = field(default_factory=list[EndedTask])
    """Tasks that the present transaction made and ended."""

    def pending(self, kind: RequestKind) -> Request | None:
        """Return the request of this kind that waits for a decision."""
        return next((one for one in self.requests if one.kind is kind and one.is_pending), None)

    @property
    def pending_kinds(self) -> list[RequestKind]:
        """What is asked for and not decided yet, help apart."""
        kinds = (one.kind for one in self.requests if one.is_pending and one.kind is not RequestKind.HELP)
        return sorted(kinds)

    @property
    def open_helper_ids(self) -> list[int]:
        """The units that were called for help and have neither answered nor been excused."""
        return sorted(
            one.unit_id
            for one in self.requests
            if one.is_pending and one.kind is RequestKind.HELP and one.unit_id is not None
        )

    @property
    def agreed_role(self) -> Role | None:
        """Whose agreement a pending appeal has already."""
        appeal = self.pending(RequestKind.APPEAL)
        return appeal.agreed_role if appeal else None
