"""What a camera wrote about a picture: when, where, with which device. Never an error, at worst nothing.

Names and meanings follow Exif 2.32 (CIPA DC-008). Every value comes from outside, may have any type, and
proves nothing by itself: messengers strip it and editors change it.
"""

import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TypeVar

from PIL import ExifTags, Image

from api.domain.geo import Place

MAX_EXIF_BYTES = 1024 * 1024
"""Longer blocks are not looked at: JPEG allows 64 KiB, and a hostile one can hold millions of values."""

MAX_TEXT = 100
"""Characters kept of make, model and software."""

_DATE_TIME = re.compile(r"\s*(\d{4})[:/-](\d{1,2})[:/-](\d{1,2})[ T](\d{1,2}):(\d{2}):(\d{2})(?!\d)")
_OFFSET = re.compile(r"\s*([+-])(\d{2}):?([0-5]\d)")
_WGS84 = frozenset({"", "WGS84", "EPSG4326", "CGCS2000"})  # the last is the same within centimetres
_UPRIGHT = 1
_T = TypeVar("_T")

# Pillow warns about a broken block in words made of the sender's numbers, and Python remembers every
# warning it has shown: a slow leak. A broken block means "nothing known" here, which needs no warning.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """What could be read. Each fact stands alone: one broken value does not spoil the others."""

    orientation: int = _UPRIGHT
    """1..8 as in Exif: how the stored pixels must be turned."""
    taken_at: datetime | None = None
    """Aware. In the camera's own offset if it wrote one, else in the zone that the caller gave."""
    place: Place | None = None
    """None also when the camera names a datum other than WGS-84, or none of its fields can be trusted."""
    make: str | None = None
    model: str | None = None
    software: str | None = None


def read_exif(block: object, default_zone: tzinfo) -> ExifFacts:
    """Read a raw Exif block, with or without its `Exif` prefix. Anything else gives empty facts.

    Times without an offset are taken to be in `default_zone`.
    """
    if not isinstance(block, bytes) or not 0 < len(block) <= MAX_EXIF_BYTES:
        return ExifFacts()
    exif = Image.Exif()
    _attempt(lambda: exif.load(block))
    details = _attempt(lambda: exif.get_ifd(ExifTags.IFD.Exif)) or {}
    gps = _attempt(lambda: exif.get_ifd(ExifTags.IFD.GPSInfo)) or {}
    return ExifFacts(
        orientation=_attempt(lambda: _orientation(exif)) or _UPRIGHT,
        taken_at=_attempt(lambda: _taken_at(details, default_zone)),
        place=_attempt(lambda: _place(gps)),
        make=_attempt(lambda: _text(exif.get(ExifTags.Base.Make))),
        model=_attempt(lambda: _text(exif.get(ExifTags.Base.Model))),
        software=_attempt(lambda: _text(exif.get(ExifTags.Base.Software))),
    )


def _attempt(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except Exception:  # noqa: BLE001  a lenient parser on hostile bytes raises anything; the fact is then absent
        return None


def _orientation(exif: Mapping[int, object]) -> int:
    value = exif.get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else _UPRIGHT  # noqa: PLR2004  Exif knows eight


def _taken_at(details: Mapping[int, object], default_zone: tzinfo) -> datetime | None:
    written = _DATE_TIME.match(_text(details.get(ExifTags.Base.DateTimeOriginal)) or "")
    if written is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in written.groups())
    if not 1900 <= year <= 9998:  # noqa: PLR2004  0000 is "not set"; the last year can't be moved to UTC
        return None
    zone = _zone(details.get(ExifTags.Base.OffsetTimeOriginal)) or default_zone
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _zone(value: object) -> tzinfo | None:
    offset = _OFFSET.fullmatch(_text(value) or "")
    if offset is None:
        return None
    span = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    if span > timedelta(hours=14):  # the widest offset in use
        return None
    return timezone(-span if offset[1] == "-" else span)


def _place(gps: Mapping[int, object]) -> Place | None:
    datum = re.sub(r"[^A-Z0-9]", "", (_text(gps.get(ExifTags.GPS.GPSMapDatum)) or "").upper())
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "NS", 90)
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "EW", 180)
    if datum not in _WGS84 or latitude is None or longitude is None:
        return None
    if latitude == longitude == 0:  # what phones without a fix write; nobody patrols the Gulf of Guinea
        return None
    return Place(longitude, latitude)


def _degrees(value: object, reference: object, letters: str, limit: int) -> float | None:
    """Degrees, minutes and seconds (one to three numbers) with the letter of their half of the earth."""
    half = (_text(reference) or "").upper()
    if half not in {*letters} or not isinstance(value, tuple | list) or not 1 <= len(value) <= 3:  # pyright: ignore[reportUnknownArgumentType]  # noqa: PLR2004
        return None
    parts = [float(part) for part in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  whatever it is, float() judges
    if not all(math.isfinite(part) and part >= 0 for part in parts) or any(part > 60 for part in parts[1:]):  # noqa: PLR2004
        return None
    degrees = sum(part / 60**power for power, part in enumerate(parts))
    if degrees > limit:
        return None
    return -degrees if half == letters[1] else degrees


def _text(value: object) -> str | None:
    """Text without control characters, bounded; None when nothing is left."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    # Pillow reads text as Latin-1, so a Chinese maker's UTF-8 arrives mangled.
    if not value.isascii():
        value = _attempt(value.encode("latin-1").decode) or value
    printable = "".join(char if char.isprintable() else " " for char in value.partition("\0")[0])
    return " ".join(printable.split())[:MAX_TEXT].strip() or None
