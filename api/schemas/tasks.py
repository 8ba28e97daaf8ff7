"""Tasks on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from api.domain.access import Viewer
from api.domain.actions import Action
from api.domain.checker_words import reasons
from api.domain.geo import Place, to_wgs84
from api.domain.lifecycle import STATE_NAMES, State
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.tasks import TASK_NAMES, TASK_STATE_NAMES, TaskKind, TaskState, answers_to
from api.language import name_in
from api.pages import Page, PageQuery
from api.queries.tasks import TaskFacts, TaskFilters
from api.schemas.base import Input, Latitude, Line, Longitude, Note, Output, PlaceShown, PrintableText
from api.schemas.tickets import PersonShown, person_shown


class HereQuery(PageQuery):
    """Where the caller is, for distances; both coordinates or none."""

    longitude: Longitude | None = Field(default=None, description="Where you are, for `distance_m`.")
    latitude: Latitude | None = None
    crs: Annotated[str, Field(max_length=20)] = Field(
        default="wgs84", description="`wgs84`, `gcj02`, `bd09` or `cgcs2000`."
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> "HereQuery":
        if (self.longitude is None) != (self.latitude is None):
            raise ValueError("longitude and latitude come together")
        return self

    def here(self) -> Place | None:
        """Return where the caller is, if that was said; raises GeoError."""
        if self.longitude is None or self.latitude is None:
            return None
        return to_wgs84(self.longitude, self.latitude, self.crs)


class TaskListQuery(HereQuery):
    """Which tasks are listed, the most urgent first."""

    model_config = ConfigDict(extra="forbid")

    state: TaskState = Field(default=TaskState.OPEN)
    kind: TaskKind | None = None
    assignee: Annotated[str, Field(min_length=1, max_length=64), PrintableText] | None = Field(
        default=None, description="User name of the officer."
    )
    unassigned: bool | None = Field(default=None, description="Those that wait for a supervisor's word.")
    ticket: UUID | None = Field(default=None, description="Those of one ticket.")

    def filters(self) -> TaskFilters:
        """Return the filters alone."""
        return TaskFilters(
            state=self.state,
            kind=self.kind,
            assignee=self.assignee,
            unassigned=self.unassigned,
            ticket_id=self.ticket,
        )


class RefusalInput(Input):
    """Why a task is refused."""

    reason: Annotated[Note, Field(min_length=1)]


class ReassignmentInput(Input):
    """Who gets a task."""

    officer: Annotated[Line, Field(min_length=1)] = Field(description="User name of an officer.")
    reason: Annotated[Note, Field(min_length=1)]


class TaskTicket(Output):
    """What an officer on her way has to know of a ticket; the ticket itself has the rest."""

    id: UUID
    number: str
    state: State
    state_name: str
    category: str
    category_name: str
    condition_name: str | None
    address: str
    description: str
    place: PlaceShown


class TaskShown(Output):
    """A task: somebody is asked to go and look."""

    id: UUID
    kind: TaskKind
    kind_name: str
    state: TaskState
    state_name: str
    ticket: TaskTicket
    assignee: PersonShown | None = Field(description="Null: it waits for a supervisor to name somebody.")
    attempt: int = Field(description="How many officers the same was asked of, with this one.")
    made_at: datetime
    starts_at: datetime
    due_at: datetime | None
    overdue: bool
    distance_m: float | None = Field(description="From where you say that you are.")
    reasons: list[str] = Field(description="Why this officer.")
    answers: list[Action] = Field(description="The steps on the ticket that answer it.")
    ended_at: datetime | None
    answer: Action | None = Field(description="The step that answered it.")
    reason: str = Field(description="Why it was refused or handed over.")


class TaskPage(Output):
    """One page of tasks."""

    items: list[TaskShown]
    next: str | None


def task_shown(
    task: TaskFacts, reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> TaskShown:
    """Show a task."""
    category = reference.known_category(task.category_id)
    condition = reference.condition_by_id(task.condition_id) if task.condition_id else None
    is_open = task.state is TaskState.OPEN
    return TaskShown(
        id=task.id,
        kind=task.kind,
        kind_name=name_in(language, *TASK_NAMES[task.kind]),
        state=task.state,
        state_name=name_in(language, *TASK_STATE_NAMES[task.state]),
        ticket=TaskTicket(
            id=task.ticket_id,
            number=task.number,
            state=task.ticket_state,
            state_name=name_in(language, *STATE_NAMES[task.ticket_state]),
            category=category.code,
            category_name=name_in(language, category.minor_zh, category.minor_en),
            condition_name=name_in(language, condition.condition_zh, condition.condition_en)
            if condition
            else None,
            address=task.address,
            description=task.description,
            place=PlaceShown(longitude=task.longitude, latitude=task.latitude, crs="wgs84"),
        ),
        assignee=person_shown(viewer, task.assignee_id, task.assignee_name, task.assignee_role)
        if task.assignee_id
        else None,
        attempt=task.attempt,
        made_at=task.made_at,
        starts_at=task.starts_at,
        due_at=task.due_at,
        overdue=is_open and task.due_at is not None and task.due_at < now,
        distance_m=None if task.distance_m is None else round(task.distance_m, 1),
        reasons=reasons(task.choice, language),
        answers=list(answers_to(task.kind)) if is_open else [],
        ended_at=task.ended_at,
        answer=Action(task.answer) if task.answer else None,
        reason=task.reason,
    )


def task_page(
    page: Page[TaskFacts], reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> TaskPage:
    """Show one page of tasks."""
    items = [task_shown(task, reference, viewer, now, language) for task in page.items]
    return TaskPage(items=items, next=page.next)
