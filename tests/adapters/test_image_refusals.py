"""Pictures that are wrong: each is refused by name, quickly, and nothing else ever happens."""

import random
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from api.adapters import image_refusals
from api.adapters.image_headers import MAX_SCANS, MAX_SEGMENTS
from api.adapters.image_refusals import ImageRefused
from api.adapters.images import (
    ImageAnimated,
    ImageBomb,
    ImageDamaged,
    ImageLimits,
    ImageTooLarge,
    ImageTooManyPixels,
    ImageTruncated,
    ImageTypeMismatch,
    ImageTypeUnsupported,
    NotAnImage,
    process_image,
)
from tests.adapters.picture_files import (
    MEDIA_TYPES,
    PNG_SIGNATURE,
    RED,
    encoded,
    exif_block,
    jpeg_segment,
    noise,
    png_chunk,
    png_header,
    png_with,
    quarters,
    with_segments,
)

KINDS = sorted(MEDIA_TYPES)
WHOLE = {kind: encoded(noise(120, 90), kind, exif=exif_block({271: "Huawei"})) for kind in KINDS}
WHOLE["progressive JPEG"] = encoded(noise(120, 90), "JPEG", progressive=True)
WHOLE["lossless WEBP"] = encoded(noise(120, 90), "WEBP", lossless=True)


def process(data: bytes, *, declared: str | None = None, limits: ImageLimits | None = None) -> None:
    process_image(data, declared_type=declared, default_zone=UTC, limits=limits or ImageLimits())


def test_each_refusal_has_a_code_of_its_own_and_a_title() -> None:
    kinds = [
        kind
        for kind in vars(image_refusals).values()
        if isinstance(kind, type) and issubclass(kind, ImageRefused)
    ]
    assert len({kind.code for kind in kinds}) == len(kinds) == 10
    for kind in kinds:
        assert kind.__doc__
        assert kind.__doc__.splitlines()[0].endswith(".")
        assert issubclass(kind, ValueError)


# Not complete.


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_a_picture_cut_anywhere_is_refused(kind: str) -> None:
    whole = WHOLE[kind]
    process(whole)
    cuts = {*range(40), *range(len(whole) - 40, len(whole)), *range(40, len(whole) - 40, len(whole) // 60)}
    for cut in sorted(cuts):
        with pytest.raises((ImageTruncated, ImageDamaged, NotAnImage)) as refusal:
            process(whole[:cut])
        if cut > len(whole) // 2:
            assert refusal.type is ImageTruncated, cut


@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "PNG"])
def test_a_picture_whose_end_was_never_written_is_refused(kind: str) -> None:
    """A phone that loses power leaves a file of the right length that ends in zeros."""
    whole = WHOLE[kind]
    for share in (0.4, 0.7, 0.95):
        kept = int(len(whole) * share)
        with pytest.raises((ImageTruncated, ImageDamaged)):
            process(whole[:kept] + bytes(len(whole) - kept))


# Not what it says, or not what is taken.


@pytest.mark.parametrize("kind", KINDS)
def test_a_declared_type_that_is_not_the_content_s_is_refused(kind: str) -> None:
    for declared in [
        *(set(MEDIA_TYPES.values()) - {MEDIA_TYPES[kind]}),
        "text/html",
        "image/gif",
        "nonsense",
    ]:
        with pytest.raises(ImageTypeMismatch, match=MEDIA_TYPES[kind]):
            process(WHOLE[kind], declared=declared)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xd8",
        b"\x89PNG",
        b"<!doctype html><img src=x onerror=alert(1)>",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        b"#!/bin/sh\nrm -rf /\n",
        b"PK\x03\x04" + bytes(100),
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100),
        bytes(1000),
        random.Random(1).randbytes(5000),
        "一张照片".encode(),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        process(data)
    with pytest.raises(NotAnImage):
        process(data, declared="image/jpeg")


def test_pictures_of_other_kinds_are_named_and_refused() -> None:
    for name, data in {
        "GIF": encoded(quarters(), "GIF"),
        "BMP": encoded(quarters(), "BMP"),
        "TIFF": encoded(quarters(), "TIFF"),
        "AVIF": encoded(quarters(), "AVIF"),
        "JPEG 2000": encoded(quarters(), "JPEG2000"),
        "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n",
        "Photoshop": b"8BPS\0\1",
        "SVG": b'<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    }.items():
        with pytest.raises(ImageTypeUnsupported, match=name):
            process(data)


def test_moving_pictures_are_refused() -> None:
    frames = {"save_all": True, "append_images": [Image.new("RGB", (400, 240), RED)]}
    for kind in ("PNG", "WEBP"):
        with pytest.raises(ImageAnimated):
            process(encoded(quarters(), kind, **frames))


# Too much.


def test_too_many_bytes_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(ImageTooLarge, match="26214401"):
        process(bytes(25 * 1024 * 1024 + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_too_many_pixels_are_refused(kind: str) -> None:
    with pytest.raises(ImageTooManyPixels, match="120 x 90"):
        process(WHOLE[kind], limits=ImageLimits(max_pixels=120 * 90 - 1))


def huge_png() -> bytes:
    return (
        png_header(60_000, 60_000) + png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b"")
    )


def huge_jpeg() -> bytes:
    whole = WHOLE["JPEG"]
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", 65_500, 65_500) + whole[at + 4 :]


def huge_webp() -> bytes:
    extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\x3f" * 2
    return b"RIFF" + struct.pack("<I", 4 + len(extended)) + b"WEBP" + extended


def huge_heic() -> bytes:
    whole = WHOLE["HEIF"]
    at = whole.index(b"ispe") + 8
    return whole[:at] + struct.pack(">II", 60_000, 60_000) + whole[at + 8 :]


@pytest.mark.parametrize("make", [huge_png, huge_jpeg, huge_webp, huge_heic])
def test_a_header_that_claims_a_huge_picture_costs_nothing(make: Callable[[], bytes]) -> None:
    data = make()
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises((ImageTooManyPixels, ImageBomb)):
            process(data)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 0.5


def test_a_heic_that_claims_less_than_it_holds_is_refused() -> None:
    whole = encoded(noise(900, 700), "HEIF")
    at = whole.index(b"ispe") + 8
    with pytest.raises((ImageBomb, ImageDamaged)):
        process(whole[:at] + struct.pack(">II", 64, 64) + whole[at + 8 :])


def test_compressed_bombs_in_text_and_profile_are_refused() -> None:
    bomb = zlib.compress(bytes(40_000_000), 9)
    for chunk in (
        png_chunk(b"zTXt", b"k\0\0" + bomb),
        png_chunk(b"iTXt", b"k\0\1\0\0\0" + bomb),
        png_chunk(b"iCCP", b"k\0\0" + bomb),
    ):
        with pytest.raises(ImageBomb):
            process(png_with(chunk))


def test_many_texts_that_are_large_together_are_refused() -> None:
    text = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000), 9))
    with pytest.raises(ImageBomb):
        process(png_with(*[text] * 70))


def test_floods_of_headers_are_refused() -> None:
    with pytest.raises(ImageBomb):
        process(png_with(*[png_chunk(b"tEXt", b"k\0v")] * (MAX_SEGMENTS + 1)))
    with pytest.raises(ImageBomb):
        process(with_segments(WHOLE["JPEG"], *[jpeg_segment(0xE5, b"")] * MAX_SEGMENTS))
    with pytest.raises(ImageBomb):
        process(png_header(1, 1) + png_chunk(b"IDAT", b"") * 100_000 + png_chunk(b"IEND", b""))


@pytest.mark.parametrize("junk", [b"\xff", b"\0", b"\xff\0"])
def test_megabytes_of_nothing_between_headers_cost_nothing(junk: bytes) -> None:
    started = time.process_time()
    with pytest.raises((ImageBomb, ImageTruncated)):
        process(with_segments(WHOLE["JPEG"], jpeg_segment(0xFE, b""), junk * (20_000_000 // len(junk))))
    with pytest.raises(ImageTruncated):
        process(b"\xff\xd8\xff" + junk * (20_000_000 // len(junk)))
    assert time.process_time() - started < 2


def test_hundreds_of_scans_are_refused() -> None:
    whole = WHOLE["progressive JPEG"]
    last = whole.rindex(b"\xff\xda")
    scan = whole[last : whole.rindex(b"\xff\xd9")]
    with pytest.raises(ImageBomb, match=str(MAX_SCANS)):
        process(whole[:last] + scan * (MAX_SCANS + 1) + b"\xff\xd9")


# Broken in other ways.


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xda\0\2\xff\xd9",
        png_header(0, 10) + png_chunk(b"IEND", b""),
        png_header(10, 10) + png_chunk(b"IEND", b""),
        PNG_SIGNATURE + png_chunk(b"IDAT", bytes(40)) + png_chunk(b"IEND", b""),
        b"RIFF\x20\0\0\0WEBPJUNK" + bytes(40),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\4meta",
    ],
)
def test_a_skeleton_without_a_picture_is_refused(data: bytes) -> None:
    with pytest.raises((ImageDamaged, ImageTruncated)):
        process(data)


def test_two_frame_headers_are_refused() -> None:
    whole = WHOLE["JPEG"]
    at = whole.index(b"\xff\xc0")
    frame = whole[at : at + 2 + int.from_bytes(whole[at + 2 : at + 4])]
    with pytest.raises(ImageDamaged):
        process(whole[:at] + frame + whole[at:])


STARTS = [
    b"",
    b"\xff\xd8\xff",
    PNG_SIGNATURE,
    b"RIFF\xff\0\0\0WEBPVP8 ",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
]


@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=2000))
@example(start=b"\xff\xd8\xff", rest=b"\xd9")
def test_random_bytes_are_refused_and_never_crash(start: bytes, rest: bytes) -> None:
    with pytest.raises(ImageRefused):
        process(start + rest)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(sorted(WHOLE)),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8
    ),
    reach=st.sampled_from([40, 700, 1_000_000]),
)
def test_pictures_with_changed_bytes_are_read_or_refused_and_never_crash(
    kind: str, changes: list[tuple[float, int]], reach: int
) -> None:
    damaged = bytearray(WHOLE[kind])
    for share, value in changes:
        damaged[int(share * min(len(damaged), reach))] = value
    try:
        process(bytes(damaged))
    except ImageRefused:
        return
