"""What a picture is, told from its own bytes before any decoder touches them.

A walk over the skeleton of the file (JPEG segments, PNG chunks, RIFF chunks, ISO boxes) finds the type, the
size in pixels, the true end of the picture, and what no camera writes: animation, floods of headers,
hundreds of scans. It allocates nothing in proportion to what the header claims. Names and declared types
are never believed.

Sources: ITU-T T.81 annex B (JPEG), PNG third edition, RFC 9649 (WebP), ISO/IEC 14496-12 and 23008-12 (HEIC).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from api.adapters.image_refusals import (
    ImageAnimated,
    ImageBomb,
    ImageDamaged,
    ImageRefused,
    ImageTruncated,
    ImageTypeUnsupported,
    NotAnImage,
)

JPEG, PNG, WEBP, HEIC = "image/jpeg", "image/png", "image/webp", "image/heic"

MAX_SEGMENTS = 4096
"""Segments of a JPEG, non-pixel chunks of a PNG, boxes of a HEIC. Cameras write tens of them."""

MAX_PIXEL_CHUNKS = 65_536
"""IDAT chunks of a PNG: 25 MiB in pieces of 400 bytes."""

MAX_SCANS = 100
"""Scans of a progressive JPEG. Encoders write about ten; each costs a pass over all pixels, however short."""

MAX_JUNK_BYTES = 64 * 1024
"""Fill bytes and junk between the headers of a JPEG: decoders skip them, but one byte at a time."""

_NEXT_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})

_REFUSED_TYPES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "BMP"),
    (re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]"), "TIFF or camera raw"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "AVIF"),
    (re.compile(rb"\0\0\0\x0cJXL |\xff\x0a"), "JPEG XL"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "JPEG 2000"),
    (re.compile(rb"8BPS"), "Photoshop"),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,400}?-->\s*)?<svg", re.DOTALL),
        "SVG",
    ),
)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Type and size of a picture as its file claims them, before turning it upright."""

    media_type: str
    size: tuple[int, int] | None
    """Width and height in pixels. None for HEIC, whose boxes its own library reads without decoding."""


def read_header(data: bytes) -> ImageHeader:
    """Tell what `data` is, and that it is a complete still picture of an accepted type.

    Takes time in proportion to the number of segments, which is bounded, and one fast search for the end.
    Bytes after the end are ignored: phones append depth maps, second views and short films there. A JPEG
    without its end marker counts as truncated even if a lenient viewer would show it, because phones that
    lose power leave files padded with zeros, which decode without complaint. Raises a subclass of
    `ImageRefused`.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return ImageHeader(JPEG, _jpeg_size(data))
    if data.startswith(_PNG_SIGNATURE):
        return ImageHeader(PNG, _png_size(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ImageHeader(WEBP, _webp_size(data))
    if data[4:8] == b"ftyp" and not _HEIC_BRANDS.isdisjoint(_brands(data)):
        _require_whole_boxes(data)
        return ImageHeader(HEIC, None)
    raise _not_accepted(data)


def _not_accepted(data: bytes) -> ImageRefused:
    start = data[:1024]
    for pattern, name in _REFUSED_TYPES:
        if pattern.match(start):
            return ImageTypeUnsupported(f"{name} is not accepted; send JPEG, PNG, WebP or HEIC")
    return NotAnImage("the content is neither JPEG, PNG, WebP nor HEIC" if data else "the file is empty")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    scans = 0
    for code, at in _jpeg_segments(data):
        if code in _START_OF_FRAME:
            if size is not None:
                raise ImageDamaged("the JPEG has more than one frame header")
            size = (int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 3 : at + 5]))
        elif code == _START_OF_SCAN:
            scans += 1
            if scans > MAX_SCANS:
                raise ImageBomb(f"the JPEG has more than {MAX_SCANS} scans")
    if scans == 0 or size is None:
        raise ImageDamaged("the JPEG has no picture between its start and its end")
    return size


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield marker code and offset of the length of each segment, up to the end marker."""
    at = 2
    junk = 0
    in_headers = True
    for _ in range(MAX_SEGMENTS):
        # Between headers only fill bytes are legal, but cameras leave junk there, which decoders skip. After
        # a start of scan the same search runs over the pixels, where a bare FF is stuffed with 00.
        marker = _NEXT_MARKER.search(data, at)
        if marker is None:
            raise ImageTruncated("the JPEG stops before its end marker")
        if in_headers:
            junk += marker.start() - at
            if junk > MAX_JUNK_BYTES:
                raise ImageBomb(
                    f"the JPEG has more than {MAX_JUNK_BYTES} bytes of nothing between its headers"
                )
        code, at = marker[1][0], marker.end()
        if code == _END_OF_IMAGE:
            return
        if code not in _STANDALONE:
            yield code, at
            in_headers = in_headers and code != _START_OF_SCAN
            at += max(int.from_bytes(data[at : at + 2]), 2)
    raise ImageBomb(f"the JPEG has more than {MAX_SEGMENTS} segments")


def _png_size(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise _cut_or_damaged(data, 33, "the PNG does not start with its header")
    size = (int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))
    at = len(_PNG_SIGNATURE)
    pixel_chunks = other_chunks = 0
    while pixel_chunks <= MAX_PIXEL_CHUNKS and other_chunks <= MAX_SEGMENTS:
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        at += 12 + length  # length, kind, content, checksum
        if at > len(data):
            raise ImageTruncated("the PNG stops before its end chunk")
        if kind == b"IEND":
            return size
        if kind == b"acTL":
            raise ImageAnimated("the PNG is animated")
        if not kind.isalpha():
            raise ImageTruncated("the PNG goes on with something that is not PNG")
        if kind == b"IDAT":
            pixel_chunks += 1
        else:
            other_chunks += 1
    raise ImageBomb("the PNG is cut into far more chunks than a picture needs")


def _webp_size(data: bytes) -> tuple[int, int]:
    if 8 + int.from_bytes(data[4:8], "little") > len(data):
        raise ImageTruncated("the WebP is shorter than its header says")
    match data[12:16]:
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            bits = int.from_bytes(data[26:30], "little")
            return bits & 0x3FFF, bits >> 16 & 0x3FFF
        case b"VP8L" if data[20:21] == b"\x2f":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(data) >= 30:  # noqa: PLR2004  the fixed part of the chunk
            if data[20] & 0x02:
                raise ImageAnimated("the WebP is animated")
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case _:
            raise _cut_or_damaged(data, 30, "the WebP has no picture where it should be")


def _brands(data: bytes) -> set[bytes]:
    """Major and compatible brands of the `ftyp` box; a camera's major brand may be the neutral `mif1`."""
    end = min(int.from_bytes(data[:4]), 256, len(data))
    return {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}


def _require_whole_boxes(data: bytes) -> None:
    at = 0
    for _ in range(MAX_SEGMENTS):
        if at + 8 > len(data):
            break
        length = int.from_bytes(data[at : at + 4])
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16])
        if length == 0:  # the last box reaches to the end
            return
        if length < 8:  # noqa: PLR2004  shorter than its own head
            raise ImageDamaged("the HEIC has a box of impossible length")
        at += length
    if at > len(data):
        raise ImageTruncated("the HEIC stops inside a box")


def _cut_or_damaged(data: bytes, needed: int, sentence: str) -> ImageRefused:
    return (
        ImageTruncated("the file stops inside its header") if len(data) < needed else ImageDamaged(sentence)
    )


def keeps_declaration(media_type: str, declared: str | None) -> bool:
    """Tell whether the content is what the sender declared.

    None, an empty type, `application/octet-stream` and `image/*` declare nothing: clients that don't know
    send them. Parameters and upper case don't matter, nor do the old names of the four types.
    """
    name = (declared or "").partition(";")[0].strip().lower()
    return name in _SAYS_NOTHING or _ALIASES.get(name, name) == media_type


_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream", "image/*", "*/*"})
_ALIASES = {
    "image/jpg": JPEG,
    "image/pjpeg": JPEG,
    "image/mpo": JPEG,
    "image/x-png": PNG,
    "image/heif": HEIC,
}
