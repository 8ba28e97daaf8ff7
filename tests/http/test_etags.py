"""Entity tags: who has the present answer is not sent it again, and a write names the version it saw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.errors import FieldWrong
from api.etags import etag_of, is_named, version_from_if_match


def test_a_tag_is_quoted_and_strong() -> None:
    assert etag_of("facts").startswith('"')
    assert etag_of("facts").endswith('"')


@given(st.lists(st.text() | st.integers() | st.none(), max_size=4))
def test_the_same_facts_make_the_same_tag(facts: list[str | int | None]) -> None:
    assert etag_of(*facts) == etag_of(*facts)


@pytest.mark.parametrize(
    ("one", "other"),
    [((1, 2), (12,)), (("1",), (1,)), (("a", "b"), ("ab",)), ((None,), ()), (((1,), 2), (1, (2,)))],
)
def test_other_facts_make_another_tag(one: tuple[object, ...], other: tuple[object, ...]) -> None:
    assert etag_of(*one) != etag_of(*other)


def test_a_tag_can_be_made_of_text_that_is_no_unicode() -> None:
    assert etag_of("\ud800") != etag_of("?")


@pytest.mark.parametrize(
    "header",
    [
        '"abc"',
        'W/"abc"',
        '"x", "abc"',
        '"x","abc" , "y"',
        'W/"x", W/"abc"',
        "*",
        " * ",
        ', "abc"',
        '"a,b", "abc"',
    ],
)
def test_a_header_names_a_tag_alone_in_a_list_weakly_or_by_a_star(header: str) -> None:
    assert is_named(header, '"abc"')


@pytest.mark.parametrize(
    "header", [None, "", "abc", '"ABC"', '"abcd"', '"ab', 'w/"abc"', '"*"', '"abc" "abc"', '"x, "abc"']
)
def test_anything_else_does_not_name_it(header: str | None) -> None:
    assert not is_named(header, '"abc"')


@given(st.text())
def test_no_header_whatever_breaks_the_comparison(header: str) -> None:
    assert is_named(header, '"abc"') in {True, False}


@pytest.mark.parametrize(("header", "version"), [('"4"', 4), ('"4.0f3a"', 4), (' "12.ab" ', 12)])
def test_if_match_names_a_version(header: str, version: int) -> None:
    assert version_from_if_match(header) == version


@pytest.mark.parametrize(
    "header",
    ["", "4", '"', '""', '"0"', '"-1"', '"4.xyz"', 'W/"4"', '"4", "5"', "*", '"9999999999"', '"４"', "'4'"],
)
def test_if_match_that_names_no_single_version_is_refused(header: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        version_from_if_match(header)
    assert refused.value.field_code == "if_match_wrong"
