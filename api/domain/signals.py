"""Fraud signals: pure functions of facts, each with a weight and a sentence, never a silent refusal."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that a reviewer should look at. `weight` is 0..1: how telling it is on its own."""

    code: str
    weight: float
    zh: str
    en: str

    def as_json(self) -> dict[str, Any]:
        """Return the signal as it is stored and sent."""
        return {"code": self.code, "weight": self.weight, "zh": self.zh, "en": self.en}


def report_signals(
    *, is_mocked: bool, accuracy_m: float | None, far_from_place_m: float | None = None
) -> Iterator[Signal]:
    """Yield what is odd about the place of a report.

    `far_from_place_m` is the distance to the place (点位) that the report names, when that is farther than it may be.
    """
    if is_mocked:
        yield Signal(
            "location_mocked",
            0.8,
            "手机报告位置由模拟程序提供。",
            "The phone says that an app made up the location.",
        )
    if accuracy_m == 0:
        yield Signal(
            "accuracy_zero",
            0.4,
            "定位精度为0米，真实定位不会如此。",
            "The accuracy is 0 m, which no real fix has.",
        )
    if far_from_place_m is not None:
        yield Signal(
            "far_from_place",
            0.3,
            f"上报位置距所选点位{far_from_place_m:.0f}米。",
            f"The report was made {far_from_place_m:.0f} m from the place that it names.",
        )


def photo_signals(
    *, is_known_file: bool, software: str | None, taken_at: datetime | None, now: datetime
) -> Iterator[Signal]:
    """Yield what is odd about a stored photo.

    `software` and `taken_at` are what the file says of itself. That it says nothing is no signal: messengers
    strip it.
    """
    if is_known_file:
        yield Signal(
            "file_seen_before",
            0.9,
            "同一文件此前已上传过。",
            "The very same file was uploaded before.",
        )
    if software is not None and any(name in software.casefold() for name in EDITORS):
        yield Signal(
            "editing_software_named",
            0.6,
            f"照片由图像编辑软件“{software}”保存。",
            f"The photo was saved by an editing program: {software}.",
        )
    if taken_at is not None and taken_at - now > CAMERA_CLOCK_SKEW:
        yield Signal(
            "taken_in_future",
            0.5,
            "照片记录的拍摄时间晚于上传时间。",
            "The photo says that it was taken after it was uploaded.",
        )
