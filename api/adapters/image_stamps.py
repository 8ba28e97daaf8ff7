"""The watermark: who took a picture of what, where and when, written on a copy so that it can be read anywhere.

White letters with a black rim on a darkened band: on snow, at night and on a market stall alike.
"""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FONT: Final = Path(__file__).resolve().parent.parent / "data" / "fonts" / "NotoSansCJKsc-Bold-gb2312.otf"
"""Noto Sans CJK SC under the SIL Open Font License (`OFL.txt` beside it), cut by `bin/subset_font.py`."""

MISSING: Final = "〓"
"""What printers put where they have no type for a character."""

QUALITY: Final = 85
LINES_MAX: Final = 8
_LETTERS_PER_LINE: Final = 34
"""So many letters as wide as they are high fill a line; longer lines are broken."""
_SMALLEST = 9
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_SHADE: Final = 0.55
"""How much of the picture's light is left behind the letters."""


def stamp(copy: bytes, lines: Sequence[str]) -> bytes:
    """Return a JPEG of a copy of ours with these lines written into its lower left corner."""
    with Image.open(BytesIO(copy), formats=["JPEG"]) as opened:
        picture = opened.convert("RGB")
    size = max(_SMALLEST, picture.width // _LETTERS_PER_LINE)
    font = _font(size)
    broken = [part for line in lines for part in _broken(_writable(line), font, picture.width - size)]
    height = round(size * 1.35)
    # What does not fit is cut at its end, where the least important lines are.
    shown = broken[: max(1, min(LINES_MAX, (picture.height - size // 2) // height))]
    band = round(len(shown) * height + size * 0.5)
    top = max(0, picture.height - band)
    _darken(picture, top)
    draw = ImageDraw.Draw(picture)
    rim = max(1, size // 14)
    for number, line in enumerate(shown):
        place = (size // 2, top + size // 4 + number * height)
        draw.text(place, line, font=font, fill=_WHITE, stroke_width=rim, stroke_fill=_BLACK)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, progressive=True, optimize=True)
    return buffer.getvalue()


def is_writable(character: str) -> bool:
    """Tell whether the font has a character."""
    return character in _written()


def _writable(line: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in line)
    return "".join(character if is_writable(character) else MISSING for character in printable)


def _broken(line: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break a line where it gets too wide; Chinese may be broken anywhere."""
    parts: list[str] = []
    part = ""
    for character in line:
        if part and font.getlength(part + character) > width:
            parts.append(part)
            part = ""
        part += character
    return [*parts, part]


def _darken(picture: Image.Image, top: int) -> None:
    box = (0, top, picture.width, picture.height)
    picture.paste(picture.crop(box).point([round(value * _SHADE) for value in range(256)] * 3), box)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1)
def _written() -> frozenset[str]:
    """Return the characters that the font was cut to have, as `bin/subset_font.py` says."""
    found = {chr(code) for code in range(0x20, 0x7F)} | {*"·—–‘’“”…°²³×㎡§©"}
    for first in range(0xA1, 0xF8):
        for second in range(0xA1, 0xFF):
            try:
                found.add(bytes((first, second)).decode("gb2312"))
            except UnicodeDecodeError:
                continue  # not every place of the table is taken
    return frozenset(found)
