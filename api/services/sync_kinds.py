"""The kinds of things that a phone sends, and how each is done: one registration for each.

A kind is the operation whose roles may send it, what its body becomes (`api.schemas.sync` has the other half of the
registration, the shape on the wire), and the function that does some of it in an open transaction.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

from api.db import WriteSession
from api.domain.access import OPERATIONS, Viewer
from api.domain.device_clock import DeviceClock
from api.domain.errors import RoleNotAllowed
from api.domain.reference import Reference
from api.domain.report_requests import ReportRequest
from api.domain.sync import ItemKind, Outcome, Wait
from api.services.checkpoints import CheckInRequest, check_in
from api.services.declared_photos import PhotoDeclaration, declare_photos
from api.services.report_claims import hold_tickets
from api.services.shifts import ShiftStart, ShiftStep, start_shift
from api.services.sync_release import file_and_release, release_waiting
from api.services.sync_steps import StepItem, request_as_json, try_step
from api.services.tickets import check_device_time
from api.services.tracks import TrackRequest, step_and_measure, store_track
from api.services.waiting_items import WaitingStep, drop_waiting, keep_waiting


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, from which device, and what is known at that moment."""

    viewer: Viewer
    device_id: str
    clock: DeviceClock
    reference: Reference
    now: datetime
    zone: ZoneInfo


Request = ReportRequest | StepItem | PhotoDeclaration | ShiftStart | ShiftStep | TrackRequest | CheckInRequest
"""What the services of the kinds take."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was sent, well-formed: `request` is what its kind's service takes."""

    id: UUID
    kind: ItemKind
    made_at: datetime
    request: Request


Do = Callable[[WriteSession, Sender, Sequence[Item]], Awaitable[list[Outcome]]]
"""Does items one after the other; raises what the single operation would raise for one of them, and nothing of any is
stored then."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of one kind are done.

    `operation` is the one that does the same to a single thing; whoever may call it may send this kind. `in_runs`:
    many of them share a transaction, and its statements, as long as all go well; they must not lock what steps lock,
    and it must not matter in which order they and other such kinds are done.
    """

    operation: str
    do: Do
    in_runs: bool


async def _do_reports(session: WriteSession, sender: Sender, items: Sequence[Item]) -> list[Outcome]:
    requests = [item.request for item in items if isinstance(item.request, ReportRequest)]
    filed = await file_and_release(
        session, sender.reference, sender.viewer, requests, sender.now, sender.zone, sender.clock
    )
    return [
        Outcome(is_new=one is not None, ticket_id=item.id) for item, one in zip(items, filed, strict=True)
    ]


def _each(do: Callable[[WriteSession, Sender, Item], Awaitable[Outcome]]) -> Do:
    """Do items one by one."""

    async def do_each(session: WriteSession, sender: Sender, items: Sequence[Item]) -> list[Outcome]:
        return [await do(session, sender, item) for item in items]

    return do_each


async def _do_step(session: WriteSession, sender: Sender, item: Item) -> Outcome:
    step = item.request
    assert isinstance(step, StepItem)  # noqa: S101  registered for this
    step.check()
    check_device_time(step.request.device_at, sender.now, "/at", sender.clock)
    await hold_tickets(session, [step.ticket_id])
    taken = await try_step(session, sender.reference, sender.viewer, step, sender.clock, sender.now)
    if isinstance(taken, UUID):
        expires_at = sender.now + timedelta(hours=sender.reference.policies.waiting_hours)
        kept = await keep_waiting(session, _waiting(sender, item, step), expires_at, sender.now)
        if isinstance(kept, datetime):
            return Outcome(wait=Wait(taken, kept))
        return Outcome(error=kept)
    await drop_waiting(session, sender.viewer.person_id, item.id)
    await release_waiting(session, sender.reference, step.ticket_id, sender.now, sender.zone)
    return Outcome(is_new=taken, ticket_id=step.ticket_id)


def _waiting(sender: Sender, item: Item, step: StepItem) -> WaitingStep:
    return WaitingStep(
        id=item.id,
        person_id=sender.viewer.person_id,
        sign_in_id=sender.viewer.session_id,
        device_id=sender.device_id,
        ticket_id=step.ticket_id,
        after_id=step.after_id,
        body=request_as_json(step.request),
        made_at=item.made_at,
        clock_skew_s=sender.clock.skew.total_seconds(),
    )


async def _do_photos(session: WriteSession, sender: Sender, items: Sequence[Item]) -> list[Outcome]:
    declarations = [item.request for item in items if isinstance(item.request, PhotoDeclaration)]
    for declaration in declarations:
        check_device_time(declaration.captured_at, sender.now, "/captured_at", sender.clock)
    declared = await declare_photos(session, sender.viewer, declarations, sender.now)
    return [Outcome(is_new=is_new) for is_new in declared]


async def _do_shift(session: WriteSession, sender: Sender, item: Item) -> Outcome:
    request, policies = item.request, sender.reference.policies
    if isinstance(request, ShiftStart):
        is_new = await start_shift(
            session, sender.viewer, request, policies, sender.zone, sender.now, sender.clock
        )
        return Outcome(is_new=is_new)
    assert isinstance(request, ShiftStep)  # noqa: S101  registered for this
    return Outcome(
        is_new=await step_and_measure(
            session, sender.viewer, sender.reference, request, sender.zone, sender.now, sender.clock
        )
    )


async def _do_track(session: WriteSession, sender: Sender, item: Item) -> Outcome:
    request = item.request
    assert isinstance(request, TrackRequest)  # noqa: S101  registered for this
    is_new = await store_track(
        session,
        sender.viewer,
        sender.reference,
        request,
        sender.device_id,
        sender.zone,
        sender.now,
        sender.clock,
    )
    return Outcome(is_new=is_new)


async def _do_check_in(session: WriteSession, sender: Sender, item: Item) -> Outcome:
    request = item.request
    assert isinstance(request, CheckInRequest)  # noqa: S101  registered for this
    is_new = await check_in(
        session, sender.viewer, sender.reference, request, sender.zone, sender.now, sender.clock
    )
    return Outcome(is_new=is_new)


KINDS: Mapping[ItemKind, Kind] = MappingProxyType(
    {
        ItemKind.REPORT: Kind("report_file", _do_reports, in_runs=True),
        ItemKind.STEP: Kind("ticket_step", _each(_do_step), in_runs=False),
        ItemKind.PHOTO: Kind("photo_store", _do_photos, in_runs=True),
        ItemKind.SHIFT: Kind("shift_step", _each(_do_shift), in_runs=False),
        ItemKind.TRACK: Kind("track_store", _each(_do_track), in_runs=False),
        ItemKind.CHECKIN: Kind("checkin_store", _each(_do_check_in), in_runs=True),
    }
)


def require_role(kind: ItemKind, viewer: Viewer) -> None:
    """Raise RoleNotAllowed unless the viewer may call the operation that does the same."""
    roles = OPERATIONS[KINDS[kind].operation]
    if viewer.role not in roles:
        raise RoleNotAllowed(
            f"A {kind} is not for the role {viewer.role}.", role=viewer.role, roles=sorted(roles)
        )
