"""Synchronisation: what a phone gathered without a network, sent in one go, as often as it takes."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from api.deps import BriefCaller, Caller, Now, Reading, SignedIn, Wired
from api.domain.device_clock import DeviceClock
from api.domain.errors import FieldWrong
from api.domain.geo import GeoError
from api.domain.sync import ItemKind, Outcome
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.pages import PageQuery
from api.problems import part_problem
from api.queries.photos import find_stored
from api.queries.posts import find_check_ins
from api.queries.shifts import find_shifts
from api.queries.sync import find_report_standings, find_ticket_standings, find_waiting
from api.queries.tracks import find_batches
from api.schemas.posts import check_in_shown
from api.schemas.shifts import shift_standing
from api.schemas.sync import (
    SyncInput,
    SyncPhotoShown,
    SyncResultShown,
    SyncShown,
    SyncStepShown,
    SyncWaitShown,
    WaitingPage,
    clock_shown,
    read_item,
    report_of,
    ticket_of,
    told_id,
    waiting_shown,
)
from api.schemas.tracks import track_stored
from api.services.shifts import ShiftStart, ShiftStep
from api.services.sync import apply_items, note_device
from api.services.sync_kinds import Item, Sender

router = APIRouter(prefix="/v1", tags=["sync"])

_DONE_NOW, _DONE_BEFORE, _WAITS = 201, 200, 202


@router.post("/sync", operation_id="sync_store", responses={415: {}})
async def sync_store(
    sync: SyncInput, caller: BriefCaller, wired: Wired, now: Now, language: Language
) -> SyncShown:
    """Send reports, steps and announcements of photos in one go; each gets a result, in the same order.

    One that is refused spoils no other, and everything may be sent again: what was done is done once. A step may
    come before its report, and then waits; `after` names the step, or the report, that it was made on top of.
    """
    zone = wired.settings.zone
    device_now = sync.device_now()
    clock = DeviceClock.read(device_now, now)
    sender = Sender(caller.viewer, sync.device_id, clock, caller.reference, now, zone)
    await note_device(wired.database, sender)
    items: list[Item | Exception] = []
    for sent in sync.items:
        try:
            items.append(read_item(sent, zone))
        except (ValidationError, FieldWrong, GeoError) as error:
            items.append(error)
    outcomes = await apply_items(wired.database, sender, items)
    ids = [told_id(sent) for sent in sync.items]
    return SyncShown(
        clock=clock_shown(now, None if device_now is None else clock.skew),
        results=await _results(caller, wired, ids, items, outcomes, wired.settings.today(now), language),
    )


async def _results(
    caller: SignedIn,
    wired: Wired,
    ids: Sequence[str | None],
    items: Sequence[Item | Exception],
    outcomes: Sequence[Outcome],
    today: date,
    language: Language,
) -> list[SyncResultShown]:
    """Say what became of each item, by how everything stands after the last."""
    viewer = caller.viewer
    went_well = [
        item
        for item, outcome in zip(items, outcomes, strict=True)
        if isinstance(item, Item) and outcome.error is None and outcome.wait is None
    ]
    of_kind = {kind: [item.id for item in went_well if item.kind is kind] for kind in ItemKind}
    ticket_ids = {outcome.ticket_id for outcome in outcomes if outcome.ticket_id and outcome.error is None}
    async with wired.database.read() as session:
        tickets = await find_ticket_standings(session, viewer, ticket_ids) if ticket_ids else {}
        reports = await find_report_standings(session, viewer, of_kind[ItemKind.REPORT]) if ticket_ids else {}
        stored = (
            await find_stored(session, of_kind[ItemKind.PHOTO]) if of_kind[ItemKind.PHOTO] else set[UUID]()
        )

        batches = (
            await find_batches(session, viewer, of_kind[ItemKind.TRACK]) if of_kind[ItemKind.TRACK] else {}
        )
        check_ins = of_kind[ItemKind.CHECKIN]
        checked_in = await find_check_ins(session, viewer, check_ins) if check_ins else {}
        shift_ids = {item.request.shift_id for item in went_well if isinstance(item.request, ShiftStep)}
        shift_ids |= {item.request.id for item in went_well if isinstance(item.request, ShiftStart)}
        shift_ids |= {batch.shift_id for batch in batches.values()}
        shifts = await find_shifts(session, viewer, shift_ids, today) if shift_ids else {}

    def shown(index: int) -> SyncResultShown:
        item, outcome = items[index], outcomes[index]
        if outcome.error is not None or not isinstance(item, Item):
            assert outcome.error is not None  # noqa: S101  what could not be read is its own error
            told = part_problem(outcome.error)
            return SyncResultShown(id=ids[index], status=told["status"], body=None, problem=told)
        if outcome.wait is not None:
            body = SyncWaitShown(waits_for=outcome.wait.waits_for, expires_at=outcome.wait.expires_at)
            return SyncResultShown(id=ids[index], status=_WAITS, body=body, problem=None)
        status = _DONE_NOW if outcome.is_new else _DONE_BEFORE
        if item.kind is ItemKind.PHOTO:
            is_here = item.id in stored
            body = SyncPhotoShown(
                state="stored" if is_here else "awaited", upload=None if is_here else f"/v1/photos/{item.id}"
            )
        elif isinstance(item.request, ShiftStart):
            body = shift_standing(shifts[item.request.id])
        elif isinstance(item.request, ShiftStep):
            body = shift_standing(shifts[item.request.shift_id])
        elif item.kind is ItemKind.CHECKIN:
            body = check_in_shown(checked_in[item.id])
        elif item.kind is ItemKind.TRACK:
            batch = batches[item.id]
            body = track_stored(batch, shifts[batch.shift_id], language)
        else:
            ticket = ticket_of(tickets.get(outcome.ticket_id or item.id), caller.reference)
            is_report = item.kind is ItemKind.REPORT
            body = report_of(reports[item.id], ticket) if is_report else SyncStepShown(ticket=ticket)
        return SyncResultShown(id=ids[index], status=status, body=body, problem=None)

    return [shown(index) for index in range(len(items))]


@router.get("/sync/waiting", operation_id="sync_list", response_model=WaitingPage, responses=UNCHANGED)
async def sync_list(
    query: Annotated[PageQuery, Query()], caller: Caller, session: Reading, language: Language, fresh: Fresh
) -> Response:
    """List the steps that you sent and that wait, or waited in vain and why; the newest first.

    What ended is listed for seven days. A step that was taken is not listed: its ticket tells.
    """
    page = await find_waiting(session, caller.viewer, limit=query.limit, cursor=query.cursor)
    items = [waiting_shown(facts, language) for facts in page.items]
    return fresh.answer(WaitingPage(items=items, next=page.next))
