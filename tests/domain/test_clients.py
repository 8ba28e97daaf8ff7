"""Versions of the app: their order, and who is too old."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.clients import check_client, read_version
from api.domain.errors import ClientTooOld, FieldWrong

IN_ORDER = [
    *("0.9.9", "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta"),
    *("1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1-rc.1", "1.0.1"),
    *("1.2.0", "1.10.0", "2.0.0", "10.0.0"),
]
"""semver.org's own example and what surrounds it."""

NONE = [
    "",
    "1",
    "1.2",
    "v1.2.3",
    "1.2.3.4",
    "01.2.3",
    "1.2.3-",
    "1.2.3-01",
    "1.2.3+",
    " 1.2.3",
    "1.2.3\n",
    "١.2.3",
]


def test_versions_are_in_their_order() -> None:
    for older, newer in pairwise(IN_ORDER):
        first, second = read_version(older), read_version(newer)
        assert first is not None
        assert second is not None
        assert first < second, f"{older} {newer}"


@given(st.tuples(*[st.integers(0, 999_999_999)] * 3))
def test_every_triple_of_numbers_is_a_version_and_builds_do_not_count(numbers: tuple[int, int, int]) -> None:
    text = ".".join(map(str, numbers))
    assert read_version(text) is not None
    assert read_version(text) == read_version(f"{text}+build.7")


@pytest.mark.parametrize("text", [*NONE, "1.0.0-" + "a" * 100])
def test_what_is_no_version_is_refused_whatever_the_minimum(text: str) -> None:
    assert read_version(text) is None
    for minimum in (None, "1.0.0"):
        with pytest.raises(FieldWrong):
            check_client(text, minimum)


def test_an_older_client_is_told_the_minimum_and_others_go_on() -> None:
    with pytest.raises(ClientTooOld) as refused:
        check_client("1.9.9", "2.0.0")
    assert refused.value.facts == {"minimum": "2.0.0"}
    for told, minimum in ((None, "2.0.0"), ("2.0.0", "2.0.0"), ("1.0.0", None), ("2.0.1-rc.1", "2.0.0")):
        check_client(told, minimum)
