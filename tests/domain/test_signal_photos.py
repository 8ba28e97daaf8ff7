"""Signals about photos: what is odd, and above all what is not."""

from datetime import UTC, datetime, timedelta

import pytest

from api.domain.signal_photos import CAMERA_CLOCK_SKEW, photo_signals

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def codes(
    *, is_known_file: bool = False, software: str | None = None, taken_at: datetime | None = None
) -> list[str]:
    found = photo_signals(is_known_file=is_known_file, software=software, taken_at=taken_at, now=NOW)
    return [signal.code for signal in found]


def test_a_photo_that_says_nothing_of_itself_is_not_odd() -> None:
    assert codes() == []


def test_the_same_file_again_is_odd() -> None:
    assert codes(is_known_file=True) == ["file_seen_before"]


@pytest.mark.parametrize(
    "software",
    [
        "Adobe Photoshop 25.1 (Macintosh)",
        "Adobe Photoshop Lightroom 7.0 (Android)",
        "GIMP 2.10.34",
        "Snapseed 2.0",
        "PicsArt",
        "美图秀秀 10.2",
        "MeituPic",
        "醒图",
    ],
)
def test_an_editing_program_that_signs_is_named(software: str) -> None:
    assert codes(software=software) == ["editing_software_named"]
    (signal,) = photo_signals(is_known_file=False, software=software, taken_at=None, now=NOW)
    assert software in signal.zh
    assert software in signal.en


@pytest.mark.parametrize(
    "software",
    [
        "17.5.1",
        "G9910ZCU1AVF1",
        "HDR+ 1.0.585804376zd",
        "ELE-AL00 10.1.0.162(C00E160R2P11)",
        "MediaTek Camera Application",
        "Ver.1.00",
        "HUAWEI P40",
        "水印相机 3.8",
    ],
)
def test_the_firmware_of_a_camera_is_not_odd(software: str) -> None:
    assert codes(software=software) == []


def test_a_photo_from_the_future_is_odd_beyond_what_clocks_differ() -> None:
    assert codes(taken_at=NOW + CAMERA_CLOCK_SKEW) == []
    assert codes(taken_at=NOW + CAMERA_CLOCK_SKEW + SECOND) == ["taken_in_future"]
    assert codes(taken_at=NOW - timedelta(days=9999)) == []


def test_signals_add_up_and_each_has_a_weight_and_two_sentences() -> None:
    found = list(
        photo_signals(is_known_file=True, software="Photoshop", taken_at=NOW + timedelta(hours=1), now=NOW)
    )
    assert len({signal.code for signal in found}) == 3
    for signal in found:
        assert 0 < signal.weight <= 1
        assert signal.zh.endswith("。")
        assert signal.en.endswith(".")
        assert signal.as_json().keys() == {"code", "weight", "zh", "en"}
