"""Synchronisation on the wire: items of many kinds in one body, each read by itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from api.domain.errors import FieldWrong
from api.domain.lifecycle import State
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.report_requests import ReportRequest
from api.domain.sync import ItemKind, WaitState
from api.language import name_in
from api.queries.sync import ReportStanding, TicketStanding, WaitingFacts
from api.schemas.base import Code, Input, Instant, Output, PrintableText
from api.schemas.photos import PhotoFields
from api.schemas.posts import CheckInInput, CheckInShown
from api.schemas.reports import DuplicateShown, ReportInput
from api.schemas.shifts import SyncShiftInput, SyncShiftShown
from api.schemas.steps import StepInput, step_request
from api.schemas.tracks import SyncTrackInput, TrackStored
from api.services.checkpoints import CheckInRequest
from api.services.declared_photos import PhotoDeclaration
from api.services.shifts import ShiftStart, ShiftStep
from api.services.sync_kinds import Item, Request
from api.services.sync_steps import StepItem
from api.services.tracks import TrackRequest

ITEMS_MAX = 500
"""Items in one batch."""

_LAST_YEAR = 2200
"""A clock that shows a later year is none."""


class SyncItemInput(Input):
    """One thing that a phone sends."""

    kind: Code = Field(description="`report`, `step`, `photo`, `shift`, `track`, `checkin`.")
    id: UUID = Field(description="Made by the phone: the report's, the photo's, or the step's key.")
    body: dict[str, Any] = Field(description="What the operation for a single thing takes; see the guide.")
    made_at: Instant = Field(description="When it was made, by the phone's clock.")


_ITEMS: dict[str, Any] = {"items": SyncItemInput.model_json_schema()}


class SyncInput(Input):
    """What a phone sends in one go."""

    device_id: Annotated[str, Field(min_length=1, max_length=100), PrintableText] = Field(
        description="The one that signed in."
    )
    sent_at: Instant | None = Field(
        default=None, description="What the phone's clock shows now: how wrong it goes is measured by it."
    )
    # Read one by one, so that one that can't be read spoils no other.
    items: Annotated[list[Any], Field(max_length=ITEMS_MAX, json_schema_extra=_ITEMS)]

    def device_now(self) -> datetime | None:
        """Return what the phone's clock shows; FieldWrong for a year that no phone can mean."""
        if self.sent_at is not None and not 1970 <= self.sent_at.year <= _LAST_YEAR:  # noqa: PLR2004  the epoch
            raise FieldWrong("/sent_at", "time_too_early", "No phone's clock shows this year.")
        return self.sent_at


class SyncStepInput(StepInput):
    """A step with its ticket. It names the version that was seen, or the item that it was made on top of."""

    ticket: UUID
    after: UUID | None = Field(
        default=None, description="Id of the step, or the report, that came before it."
    )


class SyncPhotoInput(PhotoFields):
    """What a phone says of a photo that it holds and will upload."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of the file, in hexadecimal.")]
    size_bytes: Annotated[int, Field(ge=1, le=2**31 - 1)]


def _read_report(item: SyncItemInput, _: ZoneInfo) -> ReportRequest:
    return ReportInput.model_validate(item.body).request(item.id)


def _read_step(item: SyncItemInput, zone: ZoneInfo) -> StepItem:
    step = SyncStepInput.model_validate(item.body)
    request = step_request(step, step.version, zone)
    # In UTC, so that a step that waited is known again as the one that is sent anew.
    at = (step.at or item.made_at).astimezone(UTC)
    until = request.until.astimezone(UTC) if request.until else None
    return StepItem(item.id, step.ticket, step.after, replace(request, device_at=at, until=until))


def _read_photo(item: SyncItemInput, _: ZoneInfo) -> PhotoDeclaration:
    photo = SyncPhotoInput.model_validate(item.body)
    request = photo.request(item.id, None)
    request.place()  # refused here, with what is no place on the earth
    return PhotoDeclaration(
        item.id, photo.purpose, photo.sha256, photo.size_bytes, photo.captured_at, request.captured_place
    )


def _read_shift(item: SyncItemInput, _: ZoneInfo) -> ShiftStart | ShiftStep:
    return SyncShiftInput.model_validate(item.body).request(item.made_at)


def _read_track(item: SyncItemInput, _: ZoneInfo) -> TrackRequest:
    return SyncTrackInput.model_validate(item.body).request(item.id)


def _read_check_in(item: SyncItemInput, _: ZoneInfo) -> CheckInRequest:
    return CheckInInput.model_validate({"at": item.made_at.isoformat(), **item.body}).request(item.id)


READERS: Mapping[ItemKind, Callable[[SyncItemInput, ZoneInfo], Request]] = MappingProxyType(
    {
        ItemKind.REPORT: _read_report,
        ItemKind.STEP: _read_step,
        ItemKind.PHOTO: _read_photo,
        ItemKind.SHIFT: _read_shift,
        ItemKind.TRACK: _read_track,
        ItemKind.CHECKIN: _read_check_in,
    }
)
"""How the body of each kind is read; the other half of its registration is in `api.services.sync_kinds`."""


def read_item(sent: object, zone: ZoneInfo) -> Item:
    """Read one item; raises ValidationError, FieldWrong and GeoError as the operation for a single one would."""
    item = SyncItemInput.model_validate(sent)
    if item.kind not in set(ItemKind):
        raise FieldWrong("/kind", "kind_unknown", "There is no such kind.", kinds=sorted(ItemKind))
    kind = ItemKind(item.kind)
    return Item(item.id, kind, item.made_at, READERS[kind](item, zone))


def told_id(sent: object) -> str | None:
    """Return the id of an item that could not be read, as far as it has one."""
    found: object = sent.get("id") if isinstance(sent, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return found[:100] if isinstance(found, str) else None


class SyncTicketShown(Output):
    """How a ticket stands after all that was sent; the whole of it comes by the change feed."""

    id: UUID
    number: str
    state: State
    version: int
    due_at: datetime | None
    unit: str | None = Field(description="The responsible unit's code.")
    triage: str | None = Field(description="What it waits for, if the system could not send it on.")


class SyncReportShown(Output):
    """What became of a report. `ticket` is null when it is not the caller's to see any more."""

    ticket: SyncTicketShown | None
    received_at: datetime
    awaited_photos: list[UUID]
    duplicates: list[DuplicateShown]


class SyncStepShown(Output):
    """What became of a step: how its ticket stands now, null when it is not the caller's to see any more."""

    ticket: SyncTicketShown | None


class SyncPhotoShown(Output):
    """Whether the photo itself is here; else where to send it."""

    state: str = Field(description="`stored` or `awaited`.")
    upload: str | None = Field(description="Where to PUT it, if it is awaited.")


class SyncWaitShown(Output):
    """A step waits for its ticket, or for the step that it was made after."""

    waits_for: UUID
    expires_at: datetime


class SyncResultShown(Output):
    """What became of one item."""

    id: str | None = Field(description="As it was sent; null where none could be read.")
    status: int = Field(description="201 done now, 200 done before, 202 waits; 4xx refused, see `problem`.")
    body: (
        SyncReportShown
        | SyncStepShown
        | SyncPhotoShown
        | SyncWaitShown
        | SyncShiftShown
        | TrackStored
        | CheckInShown
        | None
    )
    problem: dict[str, Any] | None = Field(
        description="What the operation for a single thing would answer. A conflict has `believed`, the present "
        "`state` and `version`, and `changes`: who did what since."
    )


class ClockShown(Output):
    """Our clock, and how far it is ahead of the phone's; null where the phone did not say."""

    server_at: datetime
    skew_s: float | None


class SyncShown(Output):
    """One result for each item, in their order."""

    clock: ClockShown
    results: list[SyncResultShown]


class WaitingShown(Output):
    """A step that waits, or waited in vain."""

    id: UUID
    kind: ItemKind
    device_id: str
    state: WaitState
    text: str = Field(description="How it stands, in a sentence, in the language of the answer.")
    ticket: UUID
    after: UUID | None
    made_at: datetime
    received_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    code: str | None = Field(description="Why it was refused, as problems name it.")
    detail: str | None


class WaitingPage(Output):
    """One page of what waits or waited in vain, the newest first."""

    items: list[WaitingShown]
    next: str | None


_STATE_TEXTS: dict[WaitState, tuple[str, str]] = {
    WaitState.WAITING: (
        "操作在等待其案卷或前一步操作。",
        "The step waits for its ticket or the step before it.",
    ),
    WaitState.REFUSED: ("操作未能执行，请查看原因。", "The step could not be taken: see why."),
    WaitState.EXPIRED: (
        "操作等待超时，未执行。",
        "The step waited until its time was over and was not taken.",
    ),
}


def waiting_shown(facts: WaitingFacts, language: Language) -> WaitingShown:
    """Show a step that waits or waited in vain."""
    return WaitingShown(
        id=facts.id,
        kind=facts.kind,
        device_id=facts.device_id,
        state=facts.state,
        text=name_in(language, *_STATE_TEXTS[facts.state]),
        ticket=facts.ticket_id,
        after=facts.after_id,
        made_at=facts.made_at,
        received_at=facts.received_at,
        expires_at=facts.expires_at,
        ended_at=facts.ended_at,
        code=facts.code,
        detail=facts.detail,
    )


def clock_shown(now: datetime, skew: timedelta | None) -> ClockShown:
    """Show the clocks."""
    return ClockShown(server_at=now, skew_s=None if skew is None else round(skew.total_seconds(), 3))


def ticket_of(standing: TicketStanding | None, reference: Reference) -> SyncTicketShown | None:
    """Show how a ticket stands, if it is the caller's to see."""
    if standing is None:
        return None
    unit = reference.units.get(standing.unit_id) if standing.unit_id is not None else None
    return SyncTicketShown(
        id=standing.id,
        number=standing.number,
        state=standing.state,
        version=standing.version,
        due_at=standing.due_at,
        unit=unit.code if unit else None,
        triage=standing.triage,
    )


def report_of(report: ReportStanding, ticket: SyncTicketShown | None) -> SyncReportShown:
    """Show what became of a report."""
    return SyncReportShown(
        ticket=ticket,
        received_at=report.received_at,
        awaited_photos=report.awaited_photo_ids,
        duplicates=[DuplicateShown.model_validate(duplicate) for duplicate in report.duplicates],
    )
