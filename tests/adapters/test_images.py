"""Facts and copies of pictures that are right, in all the ways in which pictures are right."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import pytest
from PIL import ExifTags, Image

from api.adapters.images import (
    DEFAULT_LIMITS,
    ImageLimits,
    ProcessedImage,
    make_copies,
    process_image,
    read_image,
)
from tests.adapters.picture_files import (
    BLUE,
    GREEN,
    MEDIA_TYPES,
    RED,
    YELLOW,
    corners,
    encoded,
    exif_block,
    jpeg_segment,
    noise,
    png_chunk,
    png_with,
    quarters,
    shown,
    with_segments,
)

CHINA = timezone(timedelta(hours=8))
KINDS = sorted(MEDIA_TYPES)
UPRIGHT = (RED, GREEN, BLUE, YELLOW)


def process(
    data: bytes, *, declared: str | None = None, limits: ImageLimits = DEFAULT_LIMITS
) -> ProcessedImage:
    return process_image(data, declared_type=declared, default_zone=CHINA, limits=limits)


@pytest.mark.parametrize("kind", KINDS)
def test_each_accepted_kind_gives_facts_and_copies(kind: str) -> None:
    block = exif_block(
        {ExifTags.Base.Make: "Huawei", ExifTags.Base.Model: "P60", ExifTags.Base.Software: "Editor 3"},
        {ExifTags.Base.DateTimeOriginal: "2026:11:22 09:31:05"},
        {1: "N", 2: (39.0, 54.0, 54.0), 3: "E", 4: (116.0, 24.0, 14.4)},
    )
    data = encoded(quarters(), kind, exif=block)
    done = process(data, declared=MEDIA_TYPES[kind])
    facts = done.facts
    assert (facts.media_type, facts.width, facts.height) == (MEDIA_TYPES[kind], 400, 240)
    assert (facts.sha256, facts.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (facts.make, facts.model, facts.software) == ("Huawei", "P60", "Editor 3")
    assert facts.taken_at == datetime(2026, 11, 22, 9, 31, 5, tzinfo=CHINA)
    assert facts.place is not None
    assert (facts.place.longitude, facts.place.latitude) == pytest.approx((116.404, 39.915))
    assert shown(done.screen).size == (400, 240)
    assert shown(done.thumb).size == (320, 192)
    assert corners(shown(done.screen)) == corners(shown(done.thumb)) == UPRIGHT


@pytest.mark.parametrize("kind", KINDS)
def test_facts_and_copies_alone_are_the_same_as_together(kind: str) -> None:
    data = encoded(quarters(), kind)
    done = process(data)
    assert read_image(data, declared_type=None, default_zone=CHINA) == done.facts
    assert make_copies(data) == (done.thumb, done.screen)


@pytest.mark.parametrize(
    ("size", "screen", "thumb"),
    [
        ((1, 1), (1, 1), (1, 1)),
        ((320, 100), (320, 100), (320, 100)),
        ((321, 10), (321, 10), (320, 10)),
        ((1600, 1600), (1600, 1600), (320, 320)),
        ((1601, 800), (1600, 800), (320, 160)),
        ((4032, 3024), (1600, 1200), (320, 240)),
        ((3024, 4032), (1200, 1600), (240, 320)),
        ((9000, 3), (1600, 1), (320, 1)),
    ],
)
def test_copies_fit_and_are_never_enlarged(
    size: tuple[int, int], screen: tuple[int, int], thumb: tuple[int, int]
) -> None:
    for kind in ("JPEG", "PNG"):
        done = process(encoded(Image.new("RGB", size, RED), kind))
        assert (done.facts.width, done.facts.height) == size
        assert (shown(done.screen).size, shown(done.thumb).size) == (screen, thumb)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "turn_back"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_copies_stand_upright_however_the_phone_was_held(
    kind: str, orientation: int, turn_back: Image.Transpose | None
) -> None:
    stored = quarters() if turn_back is None else quarters().transpose(turn_back)
    done = process(encoded(stored, kind, exif=exif_block({ExifTags.Base.Orientation: orientation})))
    assert done.facts.orientation == orientation
    assert (done.facts.width, done.facts.height) == shown(done.screen).size == (400, 240)
    assert corners(shown(done.screen)) == corners(shown(done.thumb)) == UPRIGHT


def test_a_turned_heic_is_turned_once() -> None:
    stored = quarters().transpose(Image.Transpose.ROTATE_90)
    done = process(encoded(stored, "HEIF", exif=exif_block({ExifTags.Base.Orientation: 6})))
    assert (done.facts.width, done.facts.height, done.facts.orientation) == (400, 240, 1)
    assert corners(shown(done.screen)) == UPRIGHT


def test_of_a_multi_picture_jpeg_the_first_counts() -> None:
    data = encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (640, 480), BLUE)])
    assert Image.open(BytesIO(data)).format == "MPO"
    done = process(data, declared="image/jpeg")
    assert (done.facts.media_type, done.facts.width) == ("image/jpeg", 400)
    assert corners(shown(done.screen)) == UPRIGHT


def test_of_a_heic_with_several_pictures_the_primary_counts() -> None:
    data = encoded(quarters(), "HEIF", save_all=True, append_images=[Image.new("RGB", (640, 480), BLUE)])
    assert process(data).facts.width == 400


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_behind_the_picture_do_not_matter(kind: str) -> None:
    tail = b"\0\0\0\x10free" + b"film" * 2 if kind == "HEIF" else b"MotionPhoto" * 50
    data = encoded(quarters(), kind) + tail
    assert process(data).facts.size_bytes == len(data)


def test_a_progressive_jpeg_and_one_with_restarts_and_junk_between_segments_are_read() -> None:
    progressive = encoded(noise(300, 200), "JPEG", progressive=True)
    restarts = encoded(noise(300, 200), "JPEG", restart_marker_rows=1)
    junk = with_segments(progressive, b"\xff\xff\xff", jpeg_segment(0xFE, b"x"), b"\0junk")
    for data in (progressive, restarts, junk):
        assert process(data).facts.width == 300


def test_a_png_may_have_its_exif_behind_the_pixels() -> None:
    block = exif_block({ExifTags.Base.Make: "Huawei"}).removeprefix(b"Exif\0\0")
    data = png_with()
    end = png_chunk(b"IEND", b"")
    late = data.removesuffix(end) + png_chunk(b"eXIf", block) + end
    assert process(late).facts.make == "Huawei"


def test_the_default_zone_is_the_caller_s() -> None:
    data = encoded(
        quarters(), "JPEG", exif=exif_block(details={ExifTags.Base.DateTimeOriginal: "2026:11:22 09:31:05"})
    )
    facts = read_image(data, declared_type=None, default_zone=UTC)
    assert facts.taken_at == datetime(2026, 11, 22, 9, 31, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "application/octet-stream",
        "image/*",
        "IMAGE/JPEG",
        "image/jpeg; charset=binary",
        "image/jpg",
    ],
)
def test_a_type_may_be_declared_loosely_or_not_at_all(declared: str | None) -> None:
    assert process(encoded(quarters(), "JPEG"), declared=declared).facts.media_type == "image/jpeg"


@pytest.mark.parametrize("declared", ["image/heic", "image/heif"])
def test_heic_goes_by_two_names(declared: str) -> None:
    assert process(encoded(quarters(), "HEIF"), declared=declared).facts.media_type == "image/heic"


def test_limits_are_inclusive() -> None:
    data = encoded(quarters(), "PNG")
    assert process(data, limits=ImageLimits(max_bytes=len(data), max_pixels=400 * 240)).facts.width == 400
