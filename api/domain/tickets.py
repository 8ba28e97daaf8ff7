"""A ticket (案卷) between load and store: the pure middle of every step.

A service loads a `Case`, `advance`s it along one row of the lifecycle table, once or several times, and
stores what came out. Nothing here reads a clock or a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.domain.access import Role, Viewer
from api.domain.catalogue import Condition
from api.domain.errors import NotYourStep
from api.domain.geo import Place
from api.domain.history import GENESIS, Event, sha256_of
from api.domain.ledger import Ledger, Term, Timekeeping
from api.domain.lifecycle import (
    ENDS,
    STAGE_OF,
    SYSTEM,
    Action,
    Actor,
    Clock,
    State,
    Step,
    actions_for,
)
from api.domain.policies import Policies
from api.domain.reports import Priority, Source


class Triage(StrEnum):
    """Why a ticket waits for a person (or for a photo) instead of going straight to a unit."""

    NOT_AN_OFFICER = "not_an_officer"
    OUTSIDE_GRIDS = "outside_grids"
    CONDITION_OPEN = "condition_open"
    PHOTOS_AWAITED = "photos_awaited"
    NO_RULE = "no_rule"
    NO_DEADLINE = "no_deadline"


@dataclass(slots=True)
class Case:
    """A ticket in memory. `state` is None until the step that creates it.

    `due_at` and `yellow_at` belong to the clock that runs now; after closing they are the rectification's.
    """

    id: UUID
    category: str
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
    rework_count: int = 0
    urged_count: int = 0
    escalation_level: int = 0
    is_self_fixed: bool = False
    history_count: int = 0
    history_sha256: str = GENESIS
    ledger: Ledger = field(default_factory=Ledger)
    new_events: list[tuple[Event, str, str]] = field(default_factory=list[tuple[Event, str, str]])
    """Events of the present transaction, each with the hash before it and its own."""


@dataclass(frozen=True, slots=True)
class By:
    """Who takes a step: a person in a role, or the system."""

    person_id: UUID | None
    role: Actor

    @classmethod
    def viewer(cls, viewer: Viewer) -> "By":
        """Return the signed-in person as the one who acts."""
        return cls(viewer.person_id, viewer.role)


BY_SYSTEM = By(None, SYSTEM)


@dataclass(frozen=True, slots=True)
class Told:
    """What came along with a step."""

    note: str = ""
    photo_ids: tuple[UUID, ...] = ()
    device_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


NOTHING_TOLD = Told()


def advance(
    case: Case,
    step: Step,
    by: By,
    now: datetime,
    *,
    terms: Mapping[Clock, Term],
    timekeeping: Timekeeping,
    told: Told = NOTHING_TOLD,
) -> None:
    """Move a case along one row of the table: its clocks, its state, its due time and its history.

    `terms` holds a term for each clock that the row starts anew and that has a limit. Preconditions (who,
    which evidence) are checked before; what else a step changes (the unit, the fixer) is set by its caller.
    """
    for clock in step.stops:
        case.ledger.stop(clock, now, step.action)
    for clock in step.restarts:
        unit_id = case.unit_id if clock in _UNIT_CLOCKS else None
        case.ledger.restart(clock, now, step.action, terms.get(clock), unit_id, timekeeping)
    for clock in step.starts:
        case.ledger.resume(clock, now, step.action, timekeeping)
    event = Event(
        ticket_id=case.id,
        seq=case.history_count + 1,
        action=step.action,
        from_state=case.state,
        to_state=step.to_state,
        actor_id=by.person_id,
        actor_role=by.role,
        at=now,
        device_at=told.device_at,
        note=told.note,
        photo_ids=told.photo_ids,
        facts=told.facts,
    )
    sha256 = sha256_of(event, case.history_sha256)
    case.new_events.append((event, case.history_sha256, sha256))
    case.history_count, case.history_sha256 = event.seq, sha256
    case.state = step.to_state
    case.version += 1
    case.updated_at = now
    if step.to_state is State.CLOSED:
        case.closed_at = now
    _read_due(case)


_UNIT_CLOCKS = frozenset({Clock.SIGN_FOR, Clock.RECTIFICATION})


def _read_due(case: Case) -> None:
    """Take the due time of the stage's clock from the ledger; at an end, that of the last rectification."""
    if case.state in ENDS:
        stretch = case.ledger.latest(Clock.RECTIFICATION)
    else:
        stage = STAGE_OF.get(case.state) if case.state else None
        stretch = case.ledger.running(stage) if stage else None
    case.due_at = stretch.due_at if stretch else None
    case.yellow_at = stretch.yellow_at if stretch else None


@dataclass(frozen=True, slots=True)
class Party:
    """What decides whether a step is somebody's: the ticket's people and places, read or in memory."""

    state: State
    unit_id: int | None
    reporter_id: UUID
    fixed_by_id: UUID | None
    checked_at: datetime | None
    grid_code: str | None


def party_of(case: Case) -> Party:
    """Return the facts of a case that decide whose step it is."""
    assert case.state is not None  # noqa: S101  only a created ticket can be asked
    return Party(
        case.state, case.unit_id, case.reporter_id, case.fixed_by_id, case.checked_at, case.grid_code
    )


_CHECKS = frozenset({Action.PASS_CHECK, Action.FAIL_CHECK})
_UNIT_STEPS = frozenset({Action.ACCEPT, Action.HAND_OVER, Action.RECTIFY})


def why_not_yours(party: Party, action: Action, viewer: Viewer, policies: Policies) -> str | None:
    """Say why this step is not for this person although the role could take it; None when it is.

    Whoever finds, fixes and checks are three different people (监管分离), and a unit acts on its own tickets.
    """
    if action in _UNIT_STEPS and viewer.unit_id != party.unit_id:
        return "Only the responsible unit takes this step."
    if action in _CHECKS:
        if viewer.person_id == party.fixed_by_id:
            return "Whoever fixed it can't check it."
        if viewer.person_id == party.reporter_id and not policies.checker_may_be_reporter:
            return "Another officer than the reporter checks the repair."
        if viewer.role is Role.OFFICER and not _on_duty(party.grid_code, viewer):
            return "An officer of the ticket's grid checks the repair."
    if action is Action.CLOSE and party.checked_at is None:
        return "The repair has not been checked yet."
    return None


def _on_duty(grid_code: str | None, viewer: Viewer) -> bool:
    return grid_code is not None and any(grid_code.startswith(own) for own in viewer.grid_codes)


def refuse_others(party: Party, action: Action, viewer: Viewer, policies: Policies) -> None:
    """Raise NotYourStep when the step is somebody else's."""
    reason = why_not_yours(party, action, viewer, policies)
    if reason:
        raise NotYourStep(reason, action=action, state=party.state)


def offered_actions(party: Party, viewer: Viewer, policies: Policies) -> list[Action]:
    """List what this person may do with the ticket now, in the table's order."""
    return [
        action
        for action in actions_for(party.state, viewer.role, policies.closing)
        if why_not_yours(party, action, viewer, policies) is None
    ]
