"""A ticket (案卷) between load and store: the pure middle of every step.

A service loads a `Case`, `advance`s it along one row of the lifecycle table, once or several times, and
stores what came out. Nothing here reads a clock or a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.domain.access import Viewer
from api.domain.calendars import CalendarError
from api.domain.cases import Case, Triage
from api.domain.clock_words import explain_cycle
from api.domain.deadlines import due_at
from api.domain.history import Event, sha256_of
from api.domain.ledger import Stretch, Term, Timekeeping
from api.domain.lifecycle import ENDS, OPEN, STAGE_OF, SYSTEM, Actor, Clock, State, Step
from api.domain.requests import RequestKind, RequestState


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


def advance(  # noqa: PLR0913  a step is all of this at once
    case: Case,
    step: Step,
    by: By,
    now: datetime,
    *,
    terms: Mapping[Clock, Term],
    timekeeping: Timekeeping,
    told: Told = NOTHING_TOLD,
    goes_on: Clock | None = None,
    since: datetime | None = None,
) -> None:
    """Move a case along one row of the table: clocks, requests, state, due time and history.

    `terms` holds a term for each clock that the row starts anew and that has a limit; `goes_on` names one
    that takes up its old cycle instead (the same unit has the ticket again). `since` is when clocks turn if
    not `now`: a suspension ends on the day that was agreed, however late somebody notices. Preconditions
    (who, which evidence) are checked before; what else a step changes (the unit, the fixer) is set by its
    caller, and so is the request that it makes or decides.
    """
    from_state, due_before = case.state, case.due_at
    _turn_clocks(case, step, since or now, terms, timekeeping, goes_on)
    if step.to_state is not from_state:
        _let_requests_lapse(case, step.to_state, now)
    if step.to_state is State.CLOSED and from_state is not State.CLOSED:
        case.closed_at = now
    if step.to_state is not State.SUSPENDED:
        case.suspended_until = None
    if step.to_state in ENDS:
        case.triage = None
    case.state = step.to_state
    case.version += 1
    case.updated_at = now
    read_due(case, timekeeping)
    facts = dict(told.facts)
    if case.due_at is not None and case.due_at != due_before:
        facts["due_at"] = case.due_at.isoformat()
    event = Event(
        ticket_id=case.id,
        seq=case.history_count + 1,
        action=step.action,
        from_state=from_state,
        to_state=step.to_state,
        actor_id=by.person_id,
        actor_role=by.role,
        at=now,
        device_at=told.device_at,
        note=told.note,
        photo_ids=told.photo_ids,
        facts=facts,
    )
    sha256 = sha256_of(event, case.history_sha256)
    case.new_events.append((event, case.history_sha256, sha256))
    case.history_count, case.history_sha256 = event.seq, sha256


_UNIT_CLOCKS = frozenset({Clock.SIGN_FOR, Clock.RECTIFICATION})


def _turn_clocks(
    case: Case,
    step: Step,
    at: datetime,
    terms: Mapping[Clock, Term],
    timekeeping: Timekeeping,
    goes_on: Clock | None,
) -> None:
    ledger, by = case.ledger, step.action
    for clock in step.stops:
        ledger.stop(clock, at, by)
    for clock in step.restarts:
        if clock is goes_on:
            ledger.resume(clock, at, by, timekeeping, unit_id=case.unit_id)
            last = ledger.latest(clock)
            case.extension_count = last.extensions if last else 0
            continue
        unit_id = case.unit_id if clock in _UNIT_CLOCKS else None
        ledger.restart(clock, at, by, terms.get(clock), unit_id, timekeeping)
        if clock is Clock.RECTIFICATION:
            case.escalation_level = case.extension_count = 0
    for clock in step.starts:
        ledger.resume(clock, at, by, timekeeping)
    if step.extends is not None:
        ledger.stop(step.extends, at, by)
        ledger.resume(step.extends, at, by, timekeeping, extend=True)
        case.extension_count += 1
    is_paused = step.to_state is State.SUSPENDED
    touched = {*step.restarts, *step.starts, step.extends, *(step.stops if is_paused else ())}
    if Clock.RECTIFICATION in touched:
        rests_until = case.suspended_until if is_paused else None
        case.due_explanation = explain_cycle(ledger.cycle(Clock.RECTIFICATION), timekeeping, rests_until)


_HELP_GOES_ON = frozenset({State.ASSIGNED, State.IN_PROGRESS, State.SUSPENDED})


def _let_requests_lapse(case: Case, to_state: State, now: datetime) -> None:
    """End what is pending: a request dies with the state it was made in, a call for help with the unit's turn."""
    for request in case.requests:
        outlives = request.kind is RequestKind.HELP and to_state in _HELP_GOES_ON
        if request.is_pending and not outlives:
            request.decide(RequestState.LAPSED, now, None)


def read_due(case: Case, timekeeping: Timekeeping) -> None:
    """Take the due time of the stage's clock from the ledger; at an end, that of the last rectification.

    A unit's ticket whose due time nobody can tell any more (its calendar ends too soon) is marked for the
    administrator, and goes on.
    """
    case.due_at = case.yellow_at = case.escalates_at = None
    if case.state is State.SUSPENDED:
        if case.suspended_until is not None:
            due = case.ledger.planned(Clock.RECTIFICATION, case.suspended_until, timekeeping)
            case.due_at, case.yellow_at = due.due_at, due.yellow_at
        return
    stretch = _stretch_of_stage(case)
    if stretch is None:
        return
    case.due_at, case.yellow_at = stretch.due_at, stretch.yellow_at
    if stretch.clock is Clock.RECTIFICATION and case.state in OPEN:
        if case.due_at is None:
            case.triage = Triage.NO_DEADLINE
        elif case.triage is Triage.NO_DEADLINE:
            case.triage = None
        case.escalates_at = _next_escalation(case, stretch, timekeeping)
    elif case.state is State.RECTIFIED and case.triage is Triage.NO_DEADLINE:
        case.triage = None  # the unit has answered; only its due time was unknown


def _stretch_of_stage(case: Case) -> Stretch | None:
    if case.state in ENDS:
        return case.ledger.latest(Clock.RECTIFICATION)
    stage = STAGE_OF.get(case.state) if case.state else None
    return case.ledger.running(stage) if stage else None


def _next_escalation(case: Case, stretch: Stretch, timekeeping: Timekeeping) -> datetime | None:
    """Say when the ticket climbs the next rung, by the calendar that its limit is counted in."""
    ladder = timekeeping.ladder
    if stretch.due_at is None or stretch.term is None or case.escalation_level >= len(ladder):
        return None
    calendar = timekeeping.calendars.get(stretch.term.calendar_code)
    if calendar is None:
        return None
    try:
        return due_at(stretch.due_at, ladder[case.escalation_level].after, calendar).astimezone(UTC)
    except CalendarError:
        return None  # nobody knows the working hours there; the recomputation after they are loaded will tell
