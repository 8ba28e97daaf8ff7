"""Prints of pictures: what is the same, and above all what is not. All pictures here are drawn."""

import random
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from api.adapters.demo_pictures import demo_picture, seen_from
from api.adapters.image_prints import print_of
from api.domain.pictures import (
    BANDS,
    CUT_SHARE,
    FOUND_BITS,
    SKETCH_BYTES,
    bands,
    compare_frames,
    distance_bits,
    find_cutting,
    probes,
)
from tests.conftest import MONDAY_MORNING

HASHES = st.integers(-(2**63), 2**63 - 1)
SEEDS = range(8)


def street(seed: int, *, tidy: bool = False) -> Image.Image:
    """Return a street."""
    data = demo_picture(seed, taken_at=MONDAY_MORNING, longitude=116.4, latitude=39.9, tidy=tidy)
    return Image.open(BytesIO(data)).convert("RGB")


def sketch(picture: Image.Image) -> bytes:
    """Return the sketch of a picture in which there is something to be seen."""
    found = print_of(picture).sketch
    assert found is not None
    return found


def saved(picture: Image.Image, quality: int) -> Image.Image:
    """Return a picture as a JPEG leaves it."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def cut(picture: Image.Image, share: float, seed: int) -> Image.Image:
    """Return a part of a picture with so much of its sides, anywhere in it."""
    place = random.Random(seed)
    width, height = (round(side * share) for side in picture.size)
    left, upper = place.randrange(picture.width - width + 1), place.randrange(picture.height - height + 1)
    return picture.crop((left, upper, left + width, upper + height))


@given(HASHES, HASHES)
def test_the_distance_of_hashes_is_one(one: int, other: int) -> None:
    assert distance_bits(one, one) == 0
    assert distance_bits(one, other) == distance_bits(other, one)
    assert 0 <= distance_bits(one, other) <= 64
    assert (distance_bits(one, other) == 0) == (one == other)
    assert distance_bits(one, ~one) == 64


@given(HASHES)
def test_bands_are_the_hash_cut_in_four(phash: int) -> None:
    assert len(bands(phash)) == BANDS
    joined = 0
    for band in bands(phash):
        joined = joined << 16 | band
    assert joined == phash & (2**64 - 1)


@given(HASHES, st.sets(st.integers(0, 63), max_size=FOUND_BITS))
def test_every_hash_that_is_near_enough_is_found_by_a_probe(phash: int, flipped: set[int]) -> None:
    mask = sum(1 << bit for bit in flipped)
    near = (phash ^ mask) & (2**64 - 1)
    near = near - 2**64 if near >= 2**63 else near
    assert distance_bits(phash, near) == len(flipped)
    assert any(band in values for band, values in zip(bands(near), probes(phash), strict=True))


def test_the_same_picture_saved_anew_or_brighter_is_whole() -> None:
    for seed in SEEDS:
        picture = street(seed)
        for other in (
            picture,
            saved(picture, 30),
            picture.resize((1600, 1200)),
            ImageEnhance.Brightness(picture).enhance(0.6),
            ImageEnhance.Contrast(picture).enhance(0.7),
        ):
            assert compare_frames(sketch(picture), sketch(other)).is_whole, seed


def test_what_was_painted_over_is_one_shot_and_not_whole() -> None:
    for seed in SEEDS:
        # The tidy street is the cluttered one with the clutter painted over: what editors do.
        frames = compare_frames(sketch(street(seed)), sketch(saved(street(seed, tidy=True), 80)))
        assert frames.is_one_shot, seed
        assert not frames.is_whole, seed


def test_the_same_street_seen_again_from_nearly_the_same_spot_is_another_shot() -> None:
    for seed in SEEDS:
        again = seen_from(street(seed, tidy=True), f"{seed}")
        assert not compare_frames(sketch(street(seed)), sketch(again)).is_one_shot, seed


def test_different_streets_are_different() -> None:
    sketches = [sketch(street(seed)) for seed in SEEDS]
    for seed, one in enumerate(sketches):
        for other in sketches[:seed]:
            assert not compare_frames(one, other).is_one_shot
            assert find_cutting(one, other) < CUT_SHARE


@pytest.mark.parametrize("share", [0.95, 0.9, 0.85])
def test_a_part_is_found_in_its_whole(share: float) -> None:
    for seed in SEEDS:
        part = saved(cut(street(seed), share, seed), 75)
        assert find_cutting(sketch(street(seed)), sketch(part)) >= CUT_SHARE, seed


def test_a_wall_and_the_dark_have_no_print() -> None:
    for picture in (
        Image.new("RGB", (320, 240), (200, 190, 180)),
        Image.effect_noise((320, 240), 4).convert("RGB"),
        Image.new("L", (1, 1)),
    ):
        assert print_of(picture).phash is None
        assert print_of(picture).sketch is None


@settings(deadline=None)
@given(st.binary(min_size=SKETCH_BYTES, max_size=SKETCH_BYTES), st.integers(0, 255))
def test_whatever_a_sketch_holds_it_can_be_compared(content: bytes, tone: int) -> None:
    flat = bytes([tone]) * SKETCH_BYTES
    for one, other in ((content, content), (content, flat), (flat, content), (flat, flat)):
        assert 0 <= compare_frames(one, other).share <= 1
        assert 0 <= find_cutting(one, other) <= 1
    assert compare_frames(flat, flat).share == 0, "a wall proves nothing"
