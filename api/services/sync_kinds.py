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
from api.services.declared_photos import PhotoDeclaration, declare_photos
from api.services.report_claims import hold_tickets
from api.services.sync_release import file_and_release, release_waiting
from api.services.sync_steps import StepItem, request_as_json, try_step
from api.services.tickets import check_device_time
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


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was sent, well-formed: `request` is what its kind's service takes."""

    id: UUID
    kind: ItemKind
    made_at: datetime
    request: ReportRequest | StepItem | PhotoDeclaration


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


async def _do_steps(session: WriteSession, sender: Sender, items: Sequence[Item]) -> list[Outcome]:
    return [await _do_step(session, sender, item) for item in items]


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


KINDS: Mapping[ItemKind, Kind] = MappingProxyType(
    {
        ItemKind.REPORT: Kind("report_file", _do_reports, in_runs=True),
        ItemKind.STEP: Kind("ticket_step", _do_steps, in_runs=False),
        ItemKind.PHOTO: Kind("photo_store", _do_photos, in_runs=True),
    }
)


def require_role(kind: ItemKind, viewer: Viewer) -> None:
    """Raise RoleNotAllowed unless the viewer may call the operation that does the same."""
    roles = OPERATIONS[KINDS[kind].operation]
    if viewer.role not in roles:
        raise RoleNotAllowed(
            f"A {kind} is not for the role {viewer.role}.", role=viewer.role, roles=sorted(roles)
        )
