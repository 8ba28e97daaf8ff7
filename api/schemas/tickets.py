"""Tickets on the wire."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import Field

from api.domain.access import Role, Viewer, sees_name_of, sees_tasks
from api.domain.cases import Triage
from api.domain.deadlines import Light, light
from api.domain.lifecycle import (
    OPEN,
    STAGE_OF,
    STATE_NAMES,
    Action,
    Clock,
    State,
)
from api.domain.limits import Language
from api.domain.parties import offered_actions
from api.domain.reference import GridFacts, Reference
from api.domain.reports import Priority, Source
from api.domain.requests import RequestKind
from api.domain.tasks import TASK_NAMES, TaskKind
from api.domain.triage_words import TRIAGE_WORDS
from api.language import name_in
from api.pages import Page
from api.queries.tickets import Kept, TicketFacts
from api.schemas.base import GridStep, Named, Output, PlaceShown
from api.schemas.clocks import DeadlineShown, clocks_shown
from api.schemas.named_places import NamedPlace, named_place
from api.schemas.requests import RequestShown, requests_shown


class TicketGrid(Output):
    """The unit grid of a ticket and the chain of grids above it, widest first."""

    code: str
    name: str
    path: list[GridStep]


class PersonShown(Output):
    """A person as this caller may see one: units don't learn which officer it was."""

    id: UUID | None
    name: str | None
    role: Role | None


class TriageShown(Output):
    """Why a ticket waits for a person or a photo."""

    code: Triage
    detail: str = Field(description="Why it waits.")
    advice: str = Field(description="What is to be done.")


class TicketTask(Output):
    """Who is asked to go and look; `/v1/tasks/{id}` has the reasons."""

    id: UUID
    kind: TaskKind
    kind_name: str
    assignee_id: UUID | None = Field(description="Null: it waits for a supervisor to name somebody.")
    yours: bool
    due_at: datetime | None


class TicketBrief(Output):
    """A ticket as lists show it."""

    id: UUID
    number: str
    state: State
    state_name: str
    stage: Clock | None = Field(description="The clock that runs now; `due_at` is its due time.")
    version: int
    category: str
    category_name: str
    condition: int | None
    condition_name: str | None
    grid: TicketGrid | None
    unit: Named | None
    handler: PersonShown | None
    reporter: PersonShown
    source: Source
    priority: Priority
    triage: TriageShown | None
    place: PlaceShown
    at_place: NamedPlace | None = Field(description="The place (点位) that it is at.")
    address: str
    description: str
    observed_at: datetime
    reported_at: datetime
    filed_at: datetime | None
    dispatched_at: datetime | None
    rectified_at: datetime | None
    checked_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    due_at: datetime | None
    light: Light | None
    rework_count: int
    reopened: int = Field(description="How often the problem came back after closing (反弹).")
    urged: int = Field(description="How often the ticket was urged.")
    supervised: int = Field(description="How often a supervisor gave an opinion (督办).")
    escalation_level: int = Field(description="The rung of the escalation ladder; 0 is none.")
    suspended_until: datetime | None = Field(description="When a suspended ticket resumes by itself.")
    pinned: bool = Field(description="A ruling made the unit responsible; it can't return the ticket.")
    self_fixed: bool
    exempt: bool = Field(description="An appeal was granted: statistics leave its lateness out.")
    pending: list[RequestKind] = Field(description="Requests that wait for a decision.")
    task: TicketTask | None = Field(description="The open task on it; units are told of none.")
    actions: list[Action] = Field(description="What this caller may do now.")


class DispatchShown(Output):
    """Why this unit."""

    rule_id: str | None
    explanation: str | None


class PhotoShown(Output):
    """A photo of a ticket; fetch it at /v1/photos/{id}?variant=thumb|screen."""

    id: UUID
    purpose: str
    width: int
    height: int
    taken_at: datetime | None
    received_at: datetime


class AwaitedPhotoShown(Output):
    """A photo that the report named and that is on its way."""

    id: UUID
    received_bytes: int
    size_bytes: int | None = Field(description="Null: its upload has not begun.")


class TicketShown(TicketBrief):
    """A ticket with its deadline, dispatch and photos explained."""

    deadline: DeadlineShown
    dispatch: DispatchShown
    return_until: datetime | None = Field(description="Until when the unit may return the ticket.")
    merged_into: UUID | None = Field(description="The ticket that this one was merged into.")
    requests: list[RequestShown] = Field(description="All that was asked for, oldest first.")
    photos: list[PhotoShown]
    answers: dict[str, Any] | None = Field(
        description="To the questions that the class asked when it was reported, as they were given."
    )
    awaited_photos: list[AwaitedPhotoShown] = Field(description="Photos that are still to come.")


class TicketPage(Output):
    """One page of tickets."""

    items: list[TicketBrief]
    next: str | None


def _grid(code: str | None, reference: Reference, language: Language) -> TicketGrid | None:
    return None if code is None else _grid_shown(code, tuple(reference.grid_path(code)), language)


@lru_cache(maxsize=20_000)
def _grid_shown(code: str, path: tuple[GridFacts, ...], language: Language) -> TicketGrid:
    """Show a grid; the few grids of a city stand in very many answers, so each is put together once."""
    steps = [
        GridStep(code=grid.code, name=name_in(language, grid.name_zh, grid.name_en), level=grid.level)
        for grid in path
    ]
    return TicketGrid(code=code, name=steps[-1].name if steps else code, path=steps)


def person_shown(viewer: Viewer, person_id: UUID | None, name: str | None, role: Role | None) -> PersonShown:
    """Show a person as far as the policy lets this viewer know."""
    if role is not None and not sees_name_of(viewer, role):
        return PersonShown(id=None, name=None, role=role)
    return PersonShown(id=person_id, name=name, role=role)


def _triage(code: str, language: Language) -> TriageShown:
    triage = Triage(code)
    words = TRIAGE_WORDS[triage]
    return TriageShown(
        code=triage, detail=name_in(language, *words.why), advice=name_in(language, *words.advice)
    )


def _task(ticket: TicketFacts, viewer: Viewer, language: Language) -> TicketTask | None:
    if ticket.task_id is None or ticket.task_kind is None or not sees_tasks(viewer):
        return None
    return TicketTask(
        id=ticket.task_id,
        kind=ticket.task_kind,
        kind_name=name_in(language, *TASK_NAMES[ticket.task_kind]),
        assignee_id=ticket.task_assignee_id,
        yours=ticket.task_assignee_id == viewer.person_id,
        due_at=ticket.task_due_at,
    )


def brief_fields(
    ticket: TicketFacts, reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> dict[str, Any]:
    """Return what every way of showing a ticket has in common."""
    category = reference.known_category(ticket.category_id)
    condition = reference.condition_by_id(ticket.condition_id) if ticket.condition_id else None
    unit = reference.units[ticket.unit_id] if ticket.unit_id else None
    return {
        "id": ticket.id,
        "number": ticket.number,
        "state": ticket.state,
        "state_name": name_in(language, *STATE_NAMES[ticket.state]),
        "stage": STAGE_OF.get(ticket.state),
        "version": ticket.version,
        "category": category.code,
        "category_name": name_in(language, category.minor_zh, category.minor_en),
        "condition": condition.number if condition else None,
        "condition_name": name_in(language, condition.condition_zh, condition.condition_en)
        if condition
        else None,
        "grid": _grid(ticket.grid_code, reference, language),
        "unit": Named(code=unit.code, name=name_in(language, unit.name_zh, unit.name_en)) if unit else None,
        "handler": person_shown(viewer, ticket.handler_id, ticket.handler_name, ticket.handler_role)
        if ticket.handler_id
        else None,
        "reporter": person_shown(viewer, ticket.reporter_id, ticket.reporter_name, ticket.reporter_role),
        "source": ticket.source,
        "priority": ticket.priority,
        "triage": _triage(ticket.triage, language) if ticket.triage else None,
        "place": PlaceShown(longitude=ticket.longitude, latitude=ticket.latitude, crs="wgs84"),
        "at_place": named_place(ticket.place_code, reference, language),
        "address": ticket.address,
        "description": ticket.description,
        "observed_at": ticket.observed_at,
        "reported_at": ticket.reported_at,
        "filed_at": ticket.filed_at,
        "dispatched_at": ticket.dispatched_at,
        "rectified_at": ticket.rectified_at,
        "checked_at": ticket.checked_at,
        "closed_at": ticket.closed_at,
        "updated_at": ticket.updated_at,
        "due_at": ticket.due_at,
        "light": light(now, ticket.yellow_at, ticket.due_at) if ticket.state in OPEN else None,
        "rework_count": ticket.rework_count,
        "reopened": ticket.reopen_count,
        "urged": ticket.urged_count,
        "supervised": ticket.supervised_count,
        "escalation_level": ticket.escalation_level,
        "suspended_until": ticket.suspended_until,
        "pinned": ticket.is_pinned,
        "self_fixed": ticket.is_self_fixed,
        "exempt": ticket.is_exempt,
        "pending": ticket.pending_kinds,
        "task": _task(ticket, viewer, language),
        "actions": offered_actions(ticket.party(), viewer, reference.policies, now),
    }


def ticket_brief(
    ticket: TicketFacts, reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> TicketBrief:
    """Show a ticket in a list."""
    return TicketBrief(**brief_fields(ticket, reference, viewer, now, language))


def ticket_page(
    page: Page[TicketFacts], reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> TicketPage:
    """Show one page of a list."""
    items = [ticket_brief(ticket, reference, viewer, now, language) for ticket in page.items]
    return TicketPage(items=items, next=page.next)


def ticket_shown(
    ticket: TicketFacts,
    kept: Kept,
    reference: Reference,
    viewer: Viewer,
    now: datetime,
    language: Language,
) -> TicketShown:
    """Show a ticket with everything that explains it."""
    return TicketShown(
        **brief_fields(ticket, reference, viewer, now, language),
        deadline=DeadlineShown(
            rule=ticket.due_rule,
            explanation=(ticket.due_explanation or {}).get(language),
            clock=clocks_shown(kept.stretches, language),
        ),
        dispatch=DispatchShown(
            rule_id=ticket.dispatch_rule_id, explanation=(ticket.dispatch_explanation or {}).get(language)
        ),
        return_until=ticket.return_until,
        merged_into=ticket.merged_into_id,
        requests=requests_shown(kept.requests, reference, language),
        photos=[
            PhotoShown(
                id=photo.id,
                purpose=photo.purpose,
                width=photo.width,
                height=photo.height,
                taken_at=photo.taken_at,
                received_at=photo.received_at,
            )
            for photo in kept.photos
        ],
        answers=ticket.answers,
        awaited_photos=[
            AwaitedPhotoShown(id=one.id, received_bytes=one.received_bytes, size_bytes=one.size_bytes)
            for one in kept.awaited
        ],
    )
