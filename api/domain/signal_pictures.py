"""Signals of pictures beside earlier ones: the same, changed, a part, or alike."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from api.domain.pictures import CUT_SHARE, FrameMatch, compare_frames, distance_bits, find_cutting
from api.domain.signal_photos import PhotoStory, PhotoTolerances, raised, seen_file
from api.domain.signals import Signal, SignalKind

_ONE_SHOT: Final = frozenset({SignalKind.FILE_SEEN_BEFORE, SignalKind.PICTURE_SEEN_BEFORE})


def picture_signals(
    photo: PhotoStory,
    others: Iterable[PhotoStory],
    allowed: PhotoTolerances,
    repaired_at: datetime | None = None,
) -> list[Signal]:
    """Return what is odd about a picture beside others that came before it: of each kind, the worst.

    Not odd, as it should be so: several pictures of one problem on one ticket, and several of one repair by one
    person. `repaired_at` is when the unit of the photo's ticket answered, which tells what evidence is to show.
    """
    worst: dict[SignalKind, tuple[float, Signal]] = {}
    for other in others:
        if other.id == photo.id or not _comes_after(photo, other, repaired_at):
            continue
        found = _beside(photo, other, allowed, repaired_at)
        if found is not None:
            likeness, signal = found
            if signal.code not in worst or likeness > worst[signal.code][0]:
                worst[signal.code] = found
    return [signal for _, signal in worst.values()]


def _comes_after(photo: PhotoStory, other: PhotoStory, repaired_at: datetime | None) -> bool:
    """Tell which of two would be the copy. A problem is seen before its repair, in whatever order they came."""
    if photo.ticket_id is not None and photo.ticket_id == other.ticket_id:
        shows_repair, other_shows_repair = (one.shows_repair(repaired_at) for one in (photo, other))
        if shows_repair != other_shows_repair:
            return shows_repair
    return photo.is_later_than(other)


def _beside(
    photo: PhotoStory, other: PhotoStory, allowed: PhotoTolerances, repaired_at: datetime | None
) -> tuple[float, Signal] | None:
    """Return how alike two pictures are and what that means; None when it means nothing."""
    if photo.ticket_id is not None and photo.ticket_id == other.ticket_id:
        if not photo.shows_repair(repaired_at):
            return None
        if not other.shows_repair(repaired_at):
            return _after_beside_before(photo, other)
        if photo.person_id == other.person_id:
            return None
        # Two people at one place see the same; one shot it is only if one of them did not take it.
        found = seen_file(other) if photo.sha256 == other.sha256 else None
        same = (1.0, found) if found else _seen_picture(photo, other, allowed)
        return same if same is not None and same[1].code in _ONE_SHOT else None
    if photo.sha256 == other.sha256:
        return 1.0, seen_file(other)
    return _seen_picture(photo, other, allowed)


def _after_beside_before(photo: PhotoStory, before: PhotoStory) -> tuple[float, Signal] | None:
    if photo.sha256 == before.sha256:
        return 1.0, _after_same(before, FrameMatch(1.0))
    if photo.print.sketch is None or before.print.sketch is None:
        return None
    frames = compare_frames(before.print.sketch, photo.print.sketch)
    if frames.is_whole:
        return frames.share, _after_same(before, frames)
    if frames.is_one_shot:
        return frames.share, raised(
            SignalKind.AFTER_EDITED_FROM_BEFORE,
            f"整改后照片{_turned_zh(frames)}有{frames.percent}%的画面与整改前照片完全一致，其余不同："
            "画面经过修改，或相机位置丝毫未动。",
            f"{frames.percent} % of the photo of the repair{_turned_en(frames)} is the very same as in the one from"
            " before, the rest is not: it was changed, or the camera never moved.",
            other=before,
            equal_share=round(frames.share, 2),
        )
    cut = find_cutting(before.print.sketch, photo.print.sketch)
    if cut >= CUT_SHARE:
        return cut, raised(
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
        return frames.share, raised(
            SignalKind.PICTURE_SEEN_BEFORE,
            f"该照片{_turned_zh(frames)}有{frames.percent}%的画面与较早的照片完全一致："
            "此前已使用过（经重新保存或修改），或相机位置丝毫未动。",
            f"{frames.percent} % of the picture{_turned_en(frames)} is the very same as in an earlier one: it was used"
            " before, saved anew or changed, or the camera never moved.",
            other=other,
            bits=apart,
            equal_share=round(frames.share, 2),
        )
    cut = find_cutting(two.sketch, one.sketch)
    if cut >= CUT_SHARE:
        return cut, raised(
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
        return 1 - apart / 64, raised(
            SignalKind.PICTURE_RESEMBLES,
            "该照片与较早的照片非常相似。" if is_close else "该照片与较早的照片相似。",
            "The picture is very similar to an earlier one."
            if is_close
            else "The picture is similar to an earlier one.",
            other=other,
            bits=apart,
        )
    return None


def _after_same(before: PhotoStory, frames: FrameMatch) -> Signal:
    return raised(
        SignalKind.AFTER_SAME_AS_BEFORE,
        f"整改后照片{_turned_zh(frames)}与整改前照片为同一张照片。",
        f"The photo of the repair{_turned_en(frames)} is the photo from before it.",
        other=before,
        equal_share=round(frames.share, 2),
    )


def _turned_zh(frames: FrameMatch) -> str:
    return "经镜像或旋转后" if frames.is_turned else ""


def _turned_en(frames: FrameMatch) -> str:
    return ", mirrored or turned," if frames.is_turned else ""
