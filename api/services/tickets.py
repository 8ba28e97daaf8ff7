"""The steps of a ticket's life. One function takes every step: lock, decide, store, all in one transaction."""

from datetime import datetime
from uuid import UUID

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.device_clock import CLOCK_SKEW, EPOCH, RIGHT, DeviceClock
from api.domain.errors import FieldWrong, NotYourStep, Refusal, VersionConflict
from api.domain.evidence import PhotoFacts
from api.domain.lifecycle import Action, Step, find_step
from api.domain.parties import Party, find_refusal, offered_actions, party_of
from api.domain.reference import Reference
from api.queries.cases import find_master, lock_case, lock_in_order
from api.services import steps_desk, steps_dispatch, steps_intake, steps_repair, steps_requests
from api.services.cases import update_case
from api.services.evidence import attach_photos
from api.services.idempotency import claim_key, note_led_to
from api.services.taking import StepRequest, Taker, Taking
from api.services.task_giving import turn_tasks

_TAKERS: dict[Action, Taker] = {
    **steps_intake.TAKERS,
    **steps_dispatch.TAKERS,
    **steps_repair.TAKERS,
    **steps_requests.TAKERS,
    **steps_desk.TAKERS,
}
"""What each action changes. `report` and `self_fix` create a ticket; those that only the system takes are elsewhere."""


async def take_step(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer,
    ticket_id: UUID,
    request: StepRequest,
    now: datetime,
    *,
    key: str | None = None,
    clock: DeviceClock = RIGHT,
) -> bool:
    """Take one step on a ticket; False when it had been taken before, by its key.

    Raises NotFound, VersionConflict, StepRefused, NotYourStep, WindowClosed, LimitReached, Pinned,
    EvidenceMissing, FieldWrong; nothing is stored then. With an idempotency `key` the same request again
    changes nothing and is no conflict; another request with the same key is KeyReused.
    `clock` is that of the device which tells `device_at`.
    """
    check_device_time(request.device_at, now, "/at", clock)
    if key is not None:
        sha256 = request.sha256(ticket_id)
        if not await claim_key(session, viewer.person_id, key, sha256, ticket_id, now):
            return False
    master_id = await _lock_master(session, viewer, ticket_id, request)
    case = await lock_case(session, reference, viewer, ticket_id)
    read_version, party = case.version, party_of(case)
    try:
        step = _checked_step(party, read_version, reference, viewer, request, now)
        photos = await _photos(session, case.id, viewer, request)
        taking = Taking(session, reference, viewer, case, step, request, photos, now, master_id)
        await _TAKERS[request.action](taking)
        await turn_tasks(session, case, party.state, request.action, viewer, reference, now)
    except Refusal as refusal:
        # Whoever was slower or lacks something sees how the ticket stands and what can be done instead.
        refusal.facts = {
            "action": request.action,
            **refusal.facts,
            "state": party.state,
            "version": read_version,
            "actions": offered_actions(party, viewer, reference.policies, now),
        }
        raise
    await update_case(session, case, reference, read_version)
    for other, other_version in taking.others:
        await update_case(session, other, reference, other_version)
    if key is not None:
        await note_led_to(session, viewer.person_id, key, case.version)
    return True


def check_device_time(at: datetime | None, now: datetime, pointer: str, clock: DeviceClock = RIGHT) -> None:
    """Refuse a time without an offset, before 1970, or in the future beyond a phone's usual clock error."""
    if at is None:
        return
    if at.tzinfo is None:
        raise FieldWrong(pointer, "time_naive", "A time needs its offset, such as +08:00.")
    at = clock.corrected(at, now)
    if at - now > CLOCK_SKEW:
        raise FieldWrong(pointer, "time_in_future", "This time is in the future.", now=now)
    if at < EPOCH:
        raise FieldWrong(
            pointer, "time_too_early", "This time is before 1970, where every phone's clock begins."
        )


async def _lock_master(
    session: WriteSession, viewer: Viewer, ticket_id: UUID, request: StepRequest
) -> UUID | None:
    """Lock both tickets of a merge before either is read, so that two merges never wait for each other."""
    if request.action is not Action.MERGE or request.master is None:
        return None
    master_id = await find_master(session, viewer, request.master)
    if master_id is not None:
        await lock_in_order(session, (ticket_id, master_id))
    return master_id


def _checked_step(
    party: Party, version: int, reference: Reference, viewer: Viewer, request: StepRequest, now: datetime
) -> Step:
    if request.version is not None and request.version != version:
        raise VersionConflict(f"The ticket is at version {version}; you saw version {request.version}.")
    policies = reference.policies
    step = find_step(party.state, request.action, viewer.role, policies.closing)
    refusal = find_refusal(party, request.action, viewer, policies, now)
    if refusal is None:
        return step
    # What the rule can't say, which knows no names: who may, and what is missing.
    if isinstance(refusal, NotYourStep):
        unit = reference.units[party.unit_id].code if party.unit_id is not None else None
        refusal.facts = {"roles": sorted(map(str, step.by)), "unit": unit, **refusal.facts}
    elif step.action is Action.RECTIFY:
        helpers = [reference.units[unit_id].code for unit_id in party.open_helper_ids]
        refusal.facts = {"helpers": sorted(helpers), **refusal.facts}
    raise refusal


async def _photos(
    session: WriteSession, ticket_id: UUID, viewer: Viewer, request: StepRequest
) -> tuple[PhotoFacts, ...]:
    """Return the photos that come with a step, tied to the ticket; they must have been stored before."""
    attached = await attach_photos(session, viewer.person_id, {ticket_id: request.photo_ids})
    attachment = attached[ticket_id]
    if attachment.awaited:
        raise FieldWrong(
            "/photos",
            "photo_unknown",
            "A step's photos must be stored first.",
            photos=list(attachment.awaited),
        )
    return attachment.photos
