"""Signals of photos: what a file says of itself, and what it is beside earlier pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from api.domain.evidence import Purpose
from api.domain.geo import Place, distance_m
from api.domain.pictures import (
    CUT_SHARE,
    PicturePrint,
    compare_frames,
    distance_bits,
    find_cutting,
)
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

_SHOWING_THE_PROBLEM: Final = frozenset({Purpose.BEFORE, Purpose.EVIDENCE})
_ONE_SHOT: Final = frozenset({SignalKind.FILE_SEEN_BEFORE, SignalKind.PICTURE_SEEN_BEFORE})
_SHOWING_THE_REPAIR: Final = frozenset({Purpose.AFTER, Purpose.CHECK})


def photo_signals(
    *, is_known_file: bool, software: str | None, taken_at: datetime | None, now: datetime
) -> Iterator[Signal]:
    """Yield what is odd about a photo by itself, as soon as it is stored.

    `software` and `taken_at` are what the file says of itself. That it says nothing is no signal: messengers
    strip it.
    """
    if is_known_file:
        yield _seen_file(None)
    if software is not None and any(name in software.casefold() for name in EDITORS):
        yield _signal(
            SignalKind.EDITING_SOFTWARE_NAMED,
            f"照片由图像编辑软件“{software}”保存。",
            f"The photo was saved by an editing program: {software}.",
        )
    if taken_at is not None and taken_at - now > CAMERA_CLOCK_SKEW:
        yield _signal(
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
            yield _signal(
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
            yield _signal(
                SignalKind.TAKEN_BEFORE_DISPATCH,
                f"整改后照片拍摄于派遣之前{_span_zh(early)}。",
                f"The photo of the repair was taken {_span_en(early)} before the unit was sent.",
                early_s=round(early.total_seconds()),
            )
    repaired = ticket.rectified_at
    if photo.purpose is Purpose.CHECK and repaired is not None and repaired <= photo.received_at:
        early = repaired - taken_at
        if early > CAMERA_CLOCK_SKEW:
            yield _signal(
                SignalKind.TAKEN_BEFORE_REPAIR,
                f"核查照片拍摄于处置反馈之前{_span_zh(early)}。",
                f"The photo of the check was taken {_span_en(early)} before the unit answered.",
                early_s=round(early.total_seconds()),
            )
    # A phone without network sends late, but says when it took the photo.
    age = (photo.captured_at or photo.received_at) - taken_at
    if age > age_max:
        yield _signal(
            SignalKind.TAKEN_LONG_AGO,
            f"照片拍摄于{_span_zh(age)}之前。",
            f"The photo had been taken {_span_en(age)} earlier.",
            age_s=round(age.total_seconds()),
        )


def picture_signals(
    photo: PhotoStory, others: Iterable[PhotoStory], allowed: PhotoTolerances
) -> list[Signal]:
    """Return what is odd about a picture beside others that came before it: of each kind, the worst.

    Not odd, as it should be so: several pictures of one problem on one ticket, and several of one repair by one
    person.
    """
    worst: dict[SignalKind, tuple[float, Signal]] = {}
    for other in others:
        if other.id == photo.id or not _comes_after(photo, other):
            continue
        found = _beside(photo, other, allowed)
        if found is not None:
            likeness, signal = found
            if signal.code not in worst or likeness > worst[signal.code][0]:
                worst[signal.code] = found
    return [signal for _, signal in worst.values()]


def _comes_after(photo: PhotoStory, other: PhotoStory) -> bool:
    """Tell which of two would be the copy. A problem is seen before its repair, in whatever order they came."""
    if photo.ticket_id is not None and photo.ticket_id == other.ticket_id:
        shows_repair, other_shows_repair = (one.purpose in _SHOWING_THE_REPAIR for one in (photo, other))
        if shows_repair != other_shows_repair:
            return shows_repair
    return photo.is_later_than(other)


def _beside(photo: PhotoStory, other: PhotoStory, allowed: PhotoTolerances) -> tuple[float, Signal] | None:
    """Return how alike two pictures are and what that means; None when it means nothing."""
    if photo.ticket_id is not None and photo.ticket_id == other.ticket_id:
        if photo.purpose in _SHOWING_THE_PROBLEM:
            return None
        if other.purpose in _SHOWING_THE_PROBLEM:
            return _after_beside_before(photo, other)
        if photo.person_id == other.person_id:
            return None
        # Two people at one place see the same; one shot it is only if one of them did not take it.
        found = _seen_file(other) if photo.sha256 == other.sha256 else None
        same = (1.0, found) if found else _seen_picture(photo, other, allowed)
        return same if same is not None and same[1].code in _ONE_SHOT else None
    if photo.sha256 == other.sha256:
        return 1.0, _seen_file(other)
    return _seen_picture(photo, other, allowed)


def _after_beside_before(photo: PhotoStory, before: PhotoStory) -> tuple[float, Signal] | None:
    if photo.sha256 == before.sha256:
        return 1.0, _after_same(before, 1.0)
    if photo.print.sketch is None or before.print.sketch is None:
        return None
    frames = compare_frames(before.print.sketch, photo.print.sketch)
    if frames.is_whole:
        return frames.share, _after_same(before, frames.share)
    percent = round(100 * frames.share)
    if frames.is_one_shot:
        return frames.share, _signal(
            SignalKind.AFTER_EDITED_FROM_BEFORE,
            f"整改后照片与整改前照片为同一次拍摄，{percent}%的画面完全一致，其余部分被改动。",
            f"The photo of the repair is the same shot as the one before it: {percent} % of it is equal, the rest"
            " was changed.",
            other=before,
            equal_share=round(frames.share, 2),
        )
    cut = find_cutting(before.print.sketch, photo.print.sketch)
    if cut >= CUT_SHARE:
        return cut, _signal(
            SignalKind.AFTER_CUT_FROM_BEFORE,
            "整改后照片疑似从整改前照片中裁剪。",
            "The photo of the repair seems to be cut out of the one before it.",
            other=before,
            equal_share=round(cut, 2),
        )
    return None


def _seen_picture(
    photo: PhotoStory, other: PhotoStory, allowed: PhotoTolerances
) -> tuple[float, Signal] | None:
    one, two = photo.print, other.print
    if one.phash is None or two.phash is None or one.sketch is None or two.sketch is None:
        return None
    apart = distance_bits(one.phash, two.phash)
    frames = compare_frames(two.sketch, one.sketch)
    if frames.is_one_shot:
        return frames.share, _signal(
            SignalKind.PICTURE_SEEN_BEFORE,
            "该照片此前已使用过（经重新保存或修改）。",
            "The picture was used before, saved anew or changed.",
            other=other,
            bits=apart,
            equal_share=round(frames.share, 2),
        )
    cut = find_cutting(two.sketch, one.sketch)
    if cut >= CUT_SHARE:
        return cut, _signal(
            SignalKind.PICTURE_CUT_FROM_EARLIER,
            "该照片疑似从较早的照片中裁剪。",
            "The picture seems to be cut out of an earlier one.",
            other=other,
            bits=apart,
            equal_share=round(cut, 2),
        )
    # Hashes alone say that two pictures are built alike: the same view, taken again, is.
    if apart <= allowed.look_bits:
        is_close = apart <= allowed.same_bits
        return 1 - apart / 64, _signal(
            SignalKind.PICTURE_RESEMBLES,
            "该照片与较早的照片非常相似。" if is_close else "该照片与较早的照片相似。",
            "The picture is very similar to an earlier one."
            if is_close
            else "The picture is similar to an earlier one.",
            other=other,
            bits=apart,
        )
    return None


def _after_same(before: PhotoStory, share: float) -> Signal:
    return _signal(
        SignalKind.AFTER_SAME_AS_BEFORE,
        "整改后照片与整改前照片为同一张照片。",
        "The photo of the repair is the photo from before it.",
        other=before,
        equal_share=round(share, 2),
    )


def _seen_file(other: PhotoStory | None) -> Signal:
    return _signal(
        SignalKind.FILE_SEEN_BEFORE,
        "同一文件此前已上传过。",
        "The very same file was uploaded before.",
        other=other,
    )


def _signal(kind: SignalKind, zh: str, en: str, *, other: PhotoStory | None = None, **facts: float) -> Signal:
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
