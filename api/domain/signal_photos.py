"""Signals of photos: what a file says of itself, and when and where it was taken, beside its ticket."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from api.domain.evidence import Purpose
from api.domain.geo import Place, distance_m
from api.domain.pictures import PicturePrint
from api.domain.signals import DEFAULT_WEIGHTS, Signal, SignalKind

CAMERA_CLOCK_SKEW = timedelta(minutes=5)
"""How far a camera's clock may be ahead of ours before its time is odd."""

EDITORS = (
    "affinity photo",
    "canva",
    "darktable",
    "facetune",
    "gimp",
    "lightroom",
    "meitu",
    "paint.net",
    "photoroom",
    "photoscape",
    "photoshop",
    "picsart",
    "pixelmator",
    "pixlr",
    "retouch",
    "snapseed",
    "vsco",
    "xingtu",
    "醒图",
    "美图",
)
"""Parts of the names by which editing programs sign what they save, in lower case.

Cameras and phones sign with their firmware instead, which none of these may be a part of.
"""


def photo_signals(
    *, is_known_file: bool, software: str | None, taken_at: datetime | None, now: datetime
) -> Iterator[Signal]:
    """Yield what is odd about a photo by itself, as soon as it is stored.

    `software` and `taken_at` are what the file says of itself. That it says nothing is no signal: messengers
    strip it.
    """
    if is_known_file:
        yield seen_file(None)
    if software is not None and any(name in software.casefold() for name in EDITORS):
        yield raised(
            SignalKind.EDITING_SOFTWARE_NAMED,
            f"照片由图像编辑软件“{software}”保存。",
            f"The photo was saved by an editing program: {software}.",
        )
    if taken_at is not None and taken_at - now > CAMERA_CLOCK_SKEW:
        yield raised(
            SignalKind.TAKEN_IN_FUTURE,
            "照片记录的拍摄时间晚于上传时间。",
            "The photo says that it was taken after it was uploaded.",
        )


@dataclass(frozen=True, slots=True)
class PhotoStory:
    """A photo of a ticket: who sent it, when and what for, and what it says of itself."""

    id: UUID
    ticket_id: UUID | None
    person_id: UUID
    purpose: Purpose
    sha256: str
    received_at: datetime
    captured_at: datetime | None
    captured_place: Place | None
    taken_at: datetime | None
    taken_place: Place | None
    software: str | None
    print: PicturePrint

    def shows_repair(self, repaired_at: datetime | None) -> bool:
        """Tell whether it is to show the repair: evidence, too, once the unit has answered, as it may prove a check.

        `repaired_at` is when the unit of the photo's ticket answered; None when it has not, or was sent back.
        """
        if self.purpose is Purpose.EVIDENCE:
            return repaired_at is not None and repaired_at <= self.received_at
        return self.purpose in {Purpose.AFTER, Purpose.CHECK}

    def is_later_than(self, other: "PhotoStory") -> bool:
        """Tell whether this one came after the other; of two at the same moment, the one with the higher id."""
        return (self.received_at, self.id) > (other.received_at, other.id)


@dataclass(frozen=True, slots=True)
class TicketStory:
    """What a photo's ticket says of its place and of its times."""

    place: Place
    dispatched_at: datetime | None
    rectified_at: datetime | None


@dataclass(frozen=True, slots=True)
class PhotoTolerances:
    """How much of what is odd (policies)."""

    reach_m: float
    age_max: timedelta
    same_bits: int
    look_bits: int


def ticket_signals(photo: PhotoStory, ticket: TicketStory, allowed: PhotoTolerances) -> Iterator[Signal]:
    """Yield what is odd about when and where a photo was taken, beside its ticket."""
    yield from _time_signals(photo, ticket, allowed.age_max)
    place = photo.taken_place or photo.captured_place
    if place is not None:
        apart_m = distance_m(place, ticket.place)
        if apart_m > allowed.reach_m:
            yield raised(
                SignalKind.TAKEN_ELSEWHERE,
                f"照片拍摄地点距案卷位置{apart_m:.0f}米。",
                f"The photo was taken {apart_m:.0f} m from the ticket's place.",
                distance_m=round(apart_m),
            )


def _time_signals(photo: PhotoStory, ticket: TicketStory, age_max: timedelta) -> Iterator[Signal]:
    taken_at = photo.taken_at
    if taken_at is None:
        return
    began = ticket.dispatched_at
    # What came before the present dispatch, or repair, belongs to an earlier one.
    if photo.purpose is Purpose.AFTER and began is not None and began <= photo.received_at:
        early = began - taken_at
        if early > CAMERA_CLOCK_SKEW:
            yield raised(
                SignalKind.TAKEN_BEFORE_DISPATCH,
                f"整改后照片拍摄于派遣之前{_span_zh(early)}。",
                f"The photo of the repair was taken {_span_en(early)} before the unit was sent.",
                early_s=round(early.total_seconds()),
            )
    repaired = ticket.rectified_at
    if photo.purpose is Purpose.CHECK and repaired is not None and repaired <= photo.received_at:
        early = repaired - taken_at
        if early > CAMERA_CLOCK_SKEW:
            yield raised(
                SignalKind.TAKEN_BEFORE_REPAIR,
                f"核查照片拍摄于处置反馈之前{_span_zh(early)}。",
                f"The photo of the check was taken {_span_en(early)} before the unit answered.",
                early_s=round(early.total_seconds()),
            )
    # A phone without network sends late, but says when it took the photo.
    age = (photo.captured_at or photo.received_at) - taken_at
    if age > age_max:
        yield raised(
            SignalKind.TAKEN_LONG_AGO,
            f"照片拍摄于{_span_zh(age)}之前。",
            f"The photo had been taken {_span_en(age)} earlier.",
            age_s=round(age.total_seconds()),
        )


def seen_file(other: PhotoStory | None) -> Signal:
    """Return the signal of a file that was uploaded before, perhaps as this other photo."""
    return raised(
        SignalKind.FILE_SEEN_BEFORE,
        "同一文件此前已上传过。",
        "The very same file was uploaded before.",
        other=other,
    )


def raised(kind: SignalKind, zh: str, en: str, *, other: PhotoStory | None = None, **facts: float) -> Signal:
    """Return a signal with the weight that its kind has by default."""
    return Signal(kind, DEFAULT_WEIGHTS[kind], zh, en, other.id if other else None, facts)


def _span_zh(span: timedelta) -> str:
    if span >= timedelta(days=2):
        return f"{span.days}天"
    if span >= timedelta(hours=2):
        return f"{span // timedelta(hours=1)}小时"
    return f"{span // timedelta(minutes=1)}分钟"


def _span_en(span: timedelta) -> str:
    if span >= timedelta(days=2):
        return f"{span.days} days"
    if span >= timedelta(hours=2):
        return f"{span // timedelta(hours=1)} hours"
    return f"{span // timedelta(minutes=1)} minutes"
