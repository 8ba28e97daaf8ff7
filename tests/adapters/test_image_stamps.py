"""Watermarks: readable on anything, whatever they say."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from api.adapters.image_stamps import FONT, LINES_MAX, MISSING, is_writable, stamp
from tests.adapters.picture_files import encoded, noise, shown

LINES = [
    "案卷号 E0406-20261122-000123 占道经营",
    "拍摄时间 2026-11-22 09:31:05",
    "网格 人民路社区第一网格 990101001001001",
    "网格员 A0032",
]


def luminances(picture: Image.Image) -> list[int]:
    return [value for value, count in enumerate(picture.convert("L").histogram()) if count > 20]


def drawn(character: str, font: ImageFont.FreeTypeFont) -> bytes:
    """Return the pixels of one character."""
    picture = Image.new("L", (64, 64))
    ImageDraw.Draw(picture).text((8, 8), character, fill=255, font=font)
    return picture.tobytes()


@pytest.mark.parametrize(
    "background",
    [(255, 255, 255), (0, 0, 0), (128, 128, 128), (250, 240, 30), (20, 40, 200)],
    ids=["snow", "night", "concrete", "yellow", "blue"],
)
def test_letters_are_brighter_than_what_is_behind_them_on_every_background(
    background: tuple[int, int, int],
) -> None:
    before = Image.new("RGB", (1600, 1200), background)
    after = shown(stamp(encoded(before, "JPEG", quality=95), LINES))
    band = after.crop((0, 1000, 1600, 1200)).convert("L")
    behind = band.getpixel((1590, 190))
    assert isinstance(behind, int)
    assert max(luminances(band)) >= 250, "white letters"
    # WCAG 2.2, 1.4.3: large text needs a contrast of 3 to 1.
    assert (1.05) / (0.05 + (behind / 255) ** 2.2) >= 3


def test_it_is_legible_on_noise_because_of_its_rim() -> None:
    band = shown(stamp(encoded(noise(1600, 1200), "JPEG"), LINES)).crop((0, 1000, 900, 1200)).convert("L")
    assert max(luminances(band)) >= 250
    assert min(luminances(band)) <= 5


def test_above_the_band_nothing_is_changed_and_the_size_stays() -> None:
    before = noise(1600, 1200)
    after = shown(stamp(encoded(before, "JPEG", quality=95), LINES))
    assert after.size == (1600, 1200)
    difference = ImageChops.difference(before.crop((0, 0, 1600, 900)), after.crop((0, 0, 1600, 900)))
    histogram = difference.convert("L").histogram()
    assert sum(histogram[60:]) < 1000, "only what JPEG does"


def test_other_words_make_another_picture_and_the_same_the_same() -> None:
    data = encoded(noise(400, 300), "JPEG")
    assert stamp(data, LINES) == stamp(data, LINES)
    assert stamp(data, LINES) != stamp(data, [*LINES[:-1], "网格员 A0033"])


def test_what_the_font_has_not_is_shown_as_missing_and_what_it_has_is_drawn() -> None:
    font = ImageFont.truetype(FONT, 40, layout_engine=ImageFont.Layout.BASIC)
    nothing = drawn("\uffff", font)  # the sign of a font for what it has not
    for character in "案卷号时间网格员责任单位地点拍摄上传未立镇乡村路巷号〓ABCxyz0189-.,:·（）":
        assert is_writable(character), character
        assert drawn(character, font) != nothing, character
    assert is_writable(MISSING)
    assert not is_writable("㐂")
    assert not is_writable("🚧")
    data = encoded(noise(400, 300), "JPEG")
    assert stamp(data, ["村 㐂"]) == stamp(data, [f"村 {MISSING}"])


def test_the_font_has_all_that_it_is_said_to_have() -> None:
    font = ImageFont.truetype(FONT, 24, layout_engine=ImageFont.Layout.BASIC)
    nothing = drawn("\uffff", font)
    for first in range(0xB0, 0xF8):  # the ideographs of GB 2312
        for second in range(0xA1, 0xFF):
            try:
                character = bytes((first, second)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            assert drawn(character, font) != nothing, character


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=st.lists(st.text(max_size=120), max_size=LINES_MAX + 3),
    width=st.sampled_from([1, 20, 320, 1600]),
    height=st.sampled_from([1, 15, 240]),
)
def test_whatever_is_said_on_whatever_size_it_is_drawn(lines: list[str], width: int, height: int) -> None:
    stamped = stamp(encoded(Image.new("RGB", (width, height), (90, 90, 90)), "JPEG"), lines)
    assert shown(stamped).size == (width, height)
