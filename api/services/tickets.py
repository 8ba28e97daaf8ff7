"""The steps of a ticket's life. One function takes every step: lock, decide, store, all in one transaction."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.catalogue import Condition
from api.domain.errors import FieldWrong, Refusal, VersionConflict
from api.domain.evidence import Brought, PhotoFacts, require
from api.domain.lifecycle import Action, Step, find_step
from api.domain.reference import Reference
from api.domain.tickets import BY_SYSTEM, By, Case, Told, advance, offered_actions, party_of, refuse_others
from api.queries.cases import lock_case
from api.queries.people import find_handler
from api.services.cases import update_case
from api.services.dispatch import send, send_by_rule, stage_terms
from api.services.evidence import attach_photos
from api.services.idempotency import claim_key

CLOCK_SKEW = timedelta(minutes=5)
"""How far a phone's clock may be ahead of ours before a time counts as wrong."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""No phone means an earlier time; the first hours of the year 1 can't even be moved to UTC."""


@dataclass(frozen=True, slots=True)
class StepRequest:
    """What somebody asks for: the action, the version that was seen, and what the action needs."""

    action: Action
    version: int | None
    note: str = ""
    reason: str = ""
    photo_ids: tuple[UUID, ...] = ()
    device_at: datetime | None = None
    category: str | None = None
    condition: int | None = None
    grid: str | None = None
    unit: str | None = None
    handler: str | None = None

    def sha256(self, ticket_id: UUID) -> str:
        """Return a hash by which the same request for the same ticket is known again."""
        content = (ticket_id, *(getattr(self, one.name) for one in fields(self)))
        return hashlib.sha256(repr(content).encode()).hexdigest()


@dataclass(slots=True)
class _Taking:
    """One step in the making: what is known when the action's own part begins."""

    session: WriteSession
    reference: Reference
    viewer: Viewer
    case: Case
    step: Step
    request: StepRequest
    photos: tuple[PhotoFacts, ...]
    now: datetime

    def require(self, condition: Condition | None, **brought: bool) -> None:
        """Refuse the step unless all that its row needs came along."""
        note = self.request.note or self.request.reason
        require(self.step.needs, Brought(note=note, photos=self.photos, **brought), condition)

    def told(self, **facts: object) -> Told:
        """Return what the history keeps of the request, with facts that the action adds."""
        request = self.request
        if request.reason:
            facts["reason"] = request.reason
        return Told(request.note, tuple(photo.id for photo in self.photos), request.device_at, facts)

    def advance(self, **facts: object) -> None:
        """Move the case along the row; `facts` go into its history."""
        advance(
            self.case,
            self.step,
            By.viewer(self.viewer),
            self.now,
            terms=stage_terms(self.reference, self.now, self.step),
            timekeeping=self.reference.timekeeping,
            told=self.told(**facts),
        )


async def take_step(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer,
    ticket_id: UUID,
    request: StepRequest,
    now: datetime,
    *,
    key: str | None = None,
) -> None:
    """Take one step on a ticket.

    Raises NotFound, VersionConflict, StepRefused, NotYourStep, EvidenceMissing, FieldWrong; nothing is stored
    then. With an idempotency `key` the same request again changes nothing and is no conflict; another request
    with the same key is KeyReused.
    """
    check_device_time(request.device_at, now, "/at")
    if key is not None:
        sha256 = request.sha256(ticket_id)
        if not await claim_key(session, viewer.person_id, key, sha256, ticket_id, now):
            return
    case = await lock_case(session, reference, viewer, ticket_id)
    read_version = case.version
    try:
        step = _checked_step(case, reference, viewer, request)
    except Refusal as refusal:
        # Whoever was slower sees what is true now and can go on from there.
        refusal.facts = {**refusal.facts, "state": case.state, "version": case.version}
        raise
    attachment = await attach_photos(session, case.id, viewer.person_id, request.photo_ids)
    if attachment.awaited:
        raise FieldWrong(
            "/photos",
            "photo_unknown",
            "A step's photos must be stored first.",
            photos=list(attachment.awaited),
        )
    taking = _Taking(session, reference, viewer, case, step, request, attachment.photos, now)
    await _TAKE[request.action](taking)
    await update_case(session, case, reference, read_version)


def check_device_time(at: datetime | None, now: datetime, pointer: str) -> None:
    """Refuse a time without an offset, before 1970, or in the future beyond a phone's usual clock error."""
    if at is None:
        return
    if at.tzinfo is None:
        raise FieldWrong(pointer, "time_naive", "A time needs its offset, such as +08:00.")
    if at - now > CLOCK_SKEW:
        raise FieldWrong(pointer, "time_in_future", "This time is in the future.", now=now)
    if at < EPOCH:
        raise FieldWrong(
            pointer, "time_too_early", "This time is before 1970, where every phone's clock begins."
        )


def file_and_send(case: Case, condition: Condition, reference: Reference, now: datetime) -> None:
    """File a reported ticket by the system and let the rules send it on."""
    step = find_step(case.state, Action.FILE, BY_SYSTEM.role, reference.policies.closing)
    case.condition, case.filed_at, case.triage = condition, now, None
    terms = stage_terms(reference, now, step)
    told = Told(facts={"condition": condition.code})
    advance(case, step, BY_SYSTEM, now, terms=terms, timekeeping=reference.timekeeping, told=told)
    send_by_rule(case, reference, now)


def _checked_step(case: Case, reference: Reference, viewer: Viewer, request: StepRequest) -> Step:
    party, policies = party_of(case), reference.policies
    if request.version is not None and request.version != case.version:
        raise VersionConflict(
            f"The ticket is at version {case.version}; you saw version {request.version}.",
            actions=offered_actions(party, viewer, policies),
        )
    step = find_step(case.state, request.action, viewer.role, policies.closing)
    refuse_others(party, request.action, viewer, policies)
    return step


async def _file(taking: _Taking) -> None:
    """立案: a dispatcher confirms class, condition and grid, then the rules send the ticket on."""
    case, request, reference = taking.case, taking.request, taking.reference
    if request.category is not None and request.category != case.category:
        case.category, case.condition = reference.category(request.category, "/category").code, None
    if request.condition is not None or case.condition is None:
        case.condition = reference.condition(case.category, request.condition, "/condition")
    if request.grid is not None:
        if request.grid not in reference.grids:
            raise FieldWrong("/grid", "grid_unknown", "There is no such grid.")
        case.grid_code = request.grid
    taking.require(case.condition, has_condition=case.condition is not None)
    assert case.condition is not None  # noqa: S101  just required
    case.filed_at, case.triage = taking.now, None
    taking.advance(condition=case.condition.code)
    send_by_rule(case, reference, taking.now)


async def _reject(taking: _Taking) -> None:
    """不予立案."""
    taking.require(taking.case.condition)
    taking.case.triage = None
    taking.advance()


async def _dispatch(taking: _Taking) -> None:
    """派遣: a dispatcher names the unit."""
    request = taking.request
    taking.require(taking.case.condition, has_unit=request.unit is not None)
    unit = taking.reference.units_by_code.get(request.unit or "")
    if unit is None or not unit.is_active:
        raise FieldWrong("/unit", "unit_unknown", "There is no such unit.", unit=request.unit)
    name = taking.viewer.name
    taking.case.dispatch_rule_id = None
    taking.case.dispatch_explanation = {
        "zh": f"由{name}派遣至{unit.name_zh}。",
        "en": f"Sent to {unit.name_en} by {name}.",
    }
    send(taking.case, unit, taking.reference, taking.now, By.viewer(taking.viewer), told=taking.told())


async def _accept(taking: _Taking) -> None:
    """签收: whoever signs for the ticket handles it until it is handed over."""
    taking.require(taking.case.condition)
    taking.case.handler_id = taking.viewer.person_id
    taking.advance()


async def _hand_over(taking: _Taking) -> None:
    """转办: to a handler of the same unit."""
    wanted = taking.request.handler
    taking.require(taking.case.condition, has_handler=wanted is not None)
    handler = await find_handler(taking.session, wanted or "", taking.case.unit_id)
    if handler is None:
        raise FieldWrong("/handler", "handler_unknown", "Nobody of this unit is called so.")
    taking.case.handler_id = handler.person_id
    taking.advance(handler=handler.username)


async def _rectify(taking: _Taking) -> None:
    """处置反馈: the rectification clock stops; a check is due."""
    taking.require(taking.case.condition)
    case = taking.case
    case.rectified_at, case.fixed_by_id = taking.now, taking.viewer.person_id
    case.checked_at = case.checked_by_id = None
    taking.advance()


async def _pass_check(taking: _Taking) -> None:
    """核查通过: the closing condition holds, seen by somebody else than the fixer."""
    condition = taking.case.condition
    taking.require(condition)
    taking.case.checked_at, taking.case.checked_by_id = taking.now, taking.viewer.person_id
    taking.advance(closing_condition=condition.closing_zh if condition else None)


async def _fail_check(taking: _Taking) -> None:
    """返工: the old rectification clock runs on."""
    taking.require(taking.case.condition)
    taking.case.rework_count += 1
    taking.case.rectified_at = None
    taking.case.checked_at = taking.case.checked_by_id = None
    taking.advance()


async def _close(taking: _Taking) -> None:
    """结案 at the desk, where the city wants a second look after the check."""
    taking.require(taking.case.condition)
    taking.advance()


_TAKE: dict[Action, Callable[[_Taking], Awaitable[None]]] = {
    Action.FILE: _file,
    Action.REJECT: _reject,
    Action.DISPATCH: _dispatch,
    Action.ACCEPT: _accept,
    Action.HAND_OVER: _hand_over,
    Action.RECTIFY: _rectify,
    Action.PASS_CHECK: _pass_check,
    Action.FAIL_CHECK: _fail_check,
    Action.CLOSE: _close,
}
"""What each action changes besides state, clocks and history. `report` and `self_fix` create a ticket."""
