"""Sealed texts: what callers keep for us comes back as it was, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.seals import LONGEST, Seal

SEAL = Seal("k" * 32, "tests")


@given(st.binary(max_size=2_000))
def test_what_was_sealed_is_opened(content: bytes) -> None:
    assert SEAL.open(SEAL.close(content)) == content


@given(st.binary(max_size=200), st.data())
def test_a_text_of_which_one_character_was_changed_is_not_ours(content: bytes, data: st.DataObject) -> None:
    text = SEAL.close(content)
    at = data.draw(st.integers(0, len(text) - 2))  # the last character may have bits that mean nothing
    other = data.draw(st.sampled_from("ABCDEFabcdef0123-_").filter(lambda one: one != text[at]))
    assert SEAL.open(text[:at] + other + text[at + 1 :]) is None


@given(st.text(max_size=300))
def test_garbage_is_not_ours(text: str) -> None:
    assert SEAL.open(text) is None


@pytest.mark.parametrize("other", [Seal("j" * 32, "tests"), Seal("k" * 32, "something else")])
def test_another_key_or_purpose_opens_nothing(other: Seal) -> None:
    assert other.open(SEAL.close(b"content")) is None


def test_a_text_beyond_the_bound_is_not_looked_at() -> None:
    assert SEAL.open("A" * (LONGEST + 1)) is None
