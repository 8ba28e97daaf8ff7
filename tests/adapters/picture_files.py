"""Picture files made for the tests: right ones of every kind, and wrong ones."""

import struct
import zlib
from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO
from typing import Literal

from PIL import ExifTags, Image, ImageCms, ImageDraw
from pillow_heif.as_plugin import register_heif_opener  # pyright: ignore[reportUnknownVariableType]  untyped options

# Only the tests encode HEIC through Pillow's registry; the application never does.
register_heif_opener()

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 60), (40, 60, 190), (230, 210, 40)
CORNERS = (RED, GREEN, BLUE, YELLOW)
"""Colours of the test picture: top left, top right, bottom left, bottom right."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}


def quarters(width: int = 400, height: int = 240) -> Image.Image:
    """Return a picture of four colours, so that turning and mirroring show."""
    picture = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((width // 2, 0, width, height // 2), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2, height), fill=BLUE)
    draw.rectangle((width // 2, height // 2, width, height), fill=YELLOW)
    return picture


def corners(picture: Image.Image) -> tuple[tuple[int, ...], ...]:
    """Return which of the four colours stands in each corner (near enough for lossy files)."""
    width, height = picture.size
    spots = ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8))
    return tuple(
        min(CORNERS, key=lambda known: distance(known, pixel(picture, int(width * x), int(height * y))))
        for x, y in spots
    )


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    """Return one pixel as red, green and blue."""
    red, green, blue = picture.convert("RGB").crop((x, y, x + 1, y + 1)).tobytes()
    return red, green, blue


def distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Return by how much two colours differ where they differ most."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def shown(jpeg: bytes) -> Image.Image:
    """Return the picture of a JPEG file."""
    picture = Image.open(BytesIO(jpeg))
    assert picture.format == "JPEG"
    picture.load()
    return picture


def shows(jpeg: bytes, wanted: tuple[int, int, int]) -> bool:
    """Tell whether the middle has this colour, as near as JPEG keeps one."""
    picture = shown(jpeg)
    return distance(pixel(picture, picture.width // 2, picture.height // 2), wanted) <= 4


def noise(width: int, height: int) -> Image.Image:
    """Return a picture that does not compress well, so that files have a middle to be cut in."""
    return Image.effect_noise((width, height), 60).convert("RGB")


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return the file of a picture."""
    buffer = BytesIO()
    picture.save(buffer, kind, **options)  # pyright: ignore[reportArgumentType]  each format has its own options
    return buffer.getvalue()


Value = int | str | bytes | tuple[float | Fraction | tuple[int, int], ...]
"""What an Exif tag is given: a short, text, raw text, or rationals (a pair is numerator and denominator)."""


def exif_block(
    base: Mapping[int, Value] | None = None,
    details: Mapping[int, Value] | None = None,
    gps: Mapping[int, Value] | None = None,
) -> bytes:
    """Return an Exif block with these tags, whose values may be of the wrong type for their tag."""
    pointers = {ExifTags.IFD.Exif: 0, ExifTags.IFD.GPSInfo: 0}
    start = 8
    for pointer, values in ((ExifTags.IFD.Exif, details or {}), (ExifTags.IFD.GPSInfo, gps or {})):
        pointers[pointer] = start
        start += len(_directory(values, start))
    body = _directory(details or {}, 8)
    body += _directory(gps or {}, 8 + len(body))
    first = _directory({**(base or {}), **pointers}, start)
    return b"Exif\0\0II*\0" + struct.pack("<I", start) + body + first


def _directory(values: Mapping[int, Value], start: int) -> bytes:
    entries, heap = b"", b""
    heap_start = start + 2 + 12 * len(values) + 4
    for tag, value in sorted(values.items()):
        kind, count, content = _field(tag, value)
        if len(content) > 4:
            place = struct.pack("<I", heap_start + len(heap))
            heap += content
        else:
            place = content.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, count) + place
    return struct.pack("<H", len(values)) + entries + bytes(4) + heap


def _field(tag: int, value: Value) -> tuple[int, int, bytes]:
    if tag in {ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo} and isinstance(value, int):
        return 4, 1, struct.pack("<I", value)
    if isinstance(value, int):
        return (3, 1, struct.pack("<H", value)) if value >= 0 else (8, 1, struct.pack("<h", value))
    if isinstance(value, str):
        value = value.encode() + b"\0"
    if isinstance(value, bytes):
        return 2, len(value), value
    pairs = [part if isinstance(part, tuple) else _ratio(part) for part in value]
    return 5, len(pairs), b"".join(struct.pack("<II", *pair) for pair in pairs)


def _ratio(number: float | Fraction) -> tuple[int, int]:
    return Fraction(number).limit_denominator(1_000_000).as_integer_ratio()


def colour_profile(space: Literal["LAB", "sRGB"]) -> bytes:
    """Return an ICC profile."""
    made = ImageCms.createProfile(space)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  untyped in Pillow
    return ImageCms.ImageCmsProfile(made).tobytes()  # pyright: ignore[reportUnknownArgumentType]  the same


def swapped_profile() -> bytes:
    """Return a profile of a colour space whose red is the blue of sRGB, and the other way round."""
    table, rest = colour_profile("sRGB")[:400], colour_profile("sRGB")[400:]
    table = table.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    return (table + rest).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return one PNG chunk with its right checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int) -> bytes:
    """Return the start of a PNG of 8-bit RGB that claims this size."""
    return PNG_SIGNATURE + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def png_with(*chunks: bytes) -> bytes:
    """Return a small right PNG with these chunks between its header and its pixels."""
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0\x10\x20\x30"))
    return png_header(1, 1) + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")


def jpeg_segment(code: int, content: bytes) -> bytes:
    """Return one JPEG segment."""
    return bytes((0xFF, code)) + struct.pack(">H", len(content) + 2) + content


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """Return a JPEG with segments put right after its start."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]
