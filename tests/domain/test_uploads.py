"""Pieces of uploads: how they are merged, and what their headers say."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.errors import FieldWrong, TooManyUploads
from api.domain.policies import Policies
from api.domain.uploads import (
    PART_BYTES,
    Checksum,
    OpenUploads,
    Part,
    check_quota,
    parts_to_merge,
    read_metadata,
)
from tests.example_uploads import metadata

MEGABYTE = 1_000_000
POLICIES = Policies()
FEW = 22
"""Parts at most beside those that fill half of a whole one: each is twice as large as the next."""


def kept(pieces: list[int]) -> tuple[list[int], int]:
    """Return the sizes of the parts after pieces of these sizes, and how many bytes were written in all."""
    parts: list[Part] = []
    written = 0
    for size in pieces:
        count = parts_to_merge(parts, size)
        small = parts[len(parts) - count :]
        whole = sum(part.size_bytes for part in small) + size
        start = parts[-1].end if parts else 0
        parts[len(parts) - count :] = [Part(small[0].start if small else start, whole, "")]
        written += whole
    return [part.size_bytes for part in parts], written


def assert_few(sizes: list[int]) -> None:
    """Hold what is promised of the number of parts and of their sizes."""
    assert max(sizes) <= PART_BYTES
    assert len(sizes) <= 2 * sum(sizes) / PART_BYTES + FEW


@given(st.lists(st.integers(1, PART_BYTES), max_size=200))
def test_whatever_the_sizes_of_pieces_there_are_few_parts_that_follow_each_other(pieces: list[int]) -> None:
    sizes, _ = kept(pieces)
    assert sum(sizes) == sum(pieces)
    if sizes:
        assert_few(sizes)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=500))
def test_pieces_that_shrink_do_not_pile_up(steps: list[int]) -> None:
    shrinking = sorted((sum(steps[:count]) for count in range(1, len(steps) + 1)), reverse=True)
    assert_few(kept(shrinking)[0])


def test_a_million_bytes_sent_one_by_one_are_twenty_odd_parts_and_no_byte_is_written_often() -> None:
    sizes, written = kept([1] * 1_000_000)
    assert_few(sizes)
    assert written <= 33 * 1_000_000


def test_whole_parts_are_never_written_again() -> None:
    assert kept([PART_BYTES] * 50) == ([PART_BYTES] * 50, 50 * PART_BYTES)


@given(st.dictionaries(st.from_regex(r"\A[a-z_]{1,20}\Z"), st.text(max_size=20), min_size=1, max_size=9))
def test_metadata_are_read_as_they_were_written(told: dict[str, str]) -> None:
    assert read_metadata(metadata(told)) == told


def test_a_name_without_a_value_has_an_empty_one() -> None:
    assert read_metadata("photo_id eA==, purpose") == {"photo_id": "x", "purpose": ""}


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "photo_id eA==,",
        "photo_id x",
        "photo_id /w==",
        "a eA==,a eA==",
        "é eA==",
        "a  b eA==",
        "a" * 50,
    ],
)
def test_what_is_no_metadata_is_refused(header: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        read_metadata(header)
    assert refused.value.field_code == "metadata_wrong"


@given(st.lists(st.binary(max_size=50)), st.sampled_from(["sha1", "sha256"]))
def test_a_checksum_holds_for_its_own_bytes_however_they_come(pieces: list[bytes], algorithm: str) -> None:
    whole = b"".join(pieces)
    promised = base64.b64encode(hashlib.new(algorithm, whole).digest()).decode()
    checksum = Checksum(f"{algorithm} {promised}")
    for piece in pieces:
        checksum.update(piece)
    assert checksum.holds()
    checksum.update(b"x")
    assert not checksum.holds()


@pytest.mark.parametrize(
    "header",
    ["", "sha1", "sha1 ", "sha1 x", "sha1 eA==", "md5 1B2M2Y8AsgTpgAmY7PhCfg==", "SHA1 é", "crc32 eA=="],
)
def test_what_is_no_checksum_is_refused(header: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        Checksum(header)
    assert refused.value.field_code == "checksum_wrong"


@pytest.mark.parametrize(
    ("count", "size", "more"), [(100, 0, 1), (0, 500 * MEGABYTE, 1), (99, 499 * MEGABYTE, MEGABYTE + 1)]
)
def test_more_than_the_office_allows_is_refused_with_what_there_is(count: int, size: int, more: int) -> None:
    with pytest.raises(TooManyUploads) as refused:
        check_quota(OpenUploads(count, size), more, POLICIES)
    assert refused.value.facts == {
        "open": count,
        "open_max": 100,
        "open_bytes": size,
        "open_bytes_max": 500 * MEGABYTE,
    }


def test_as_much_as_the_office_allows_is_allowed() -> None:
    check_quota(OpenUploads(99, 499 * MEGABYTE), MEGABYTE, POLICIES)
