"""What differs between what was and what is."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.kept_changes import KeptChange, Noun

values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
things = st.none() | st.dictionaries(st.sampled_from("abcdef"), values)


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ({"name": "a", "phone": None}, {"name": "b", "phone": None}, ["name"]),
        (None, {"name": "a", "code": "x", "phone": None}, ["code", "name"]),
        ({"name": "a"}, None, ["name"]),
        ({"name": "a"}, {"name": "a"}, []),
        ({"area": {"m2": 10}}, {"area": {"m2": 11}}, ["area"]),
        ({"name": "a"}, {"name": "a", "post": "站长"}, ["post"]),
        (None, None, []),
    ],
)
def test_the_fields_that_differ_are_named_in_order(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, fields: list[str]
) -> None:
    assert KeptChange(Noun.UNIT, "depot", before, after).fields == fields


@given(things, things)
def test_there_and_back_differ_in_the_same_fields(
    one: Mapping[str, Any] | None, other: Mapping[str, Any] | None
) -> None:
    there, back = KeptChange(Noun.GRID, "9901", one, other), KeptChange(Noun.GRID, "9901", other, one)
    assert there.fields == back.fields
    assert KeptChange(Noun.GRID, "9901", one, one).fields == []


@given(things, things)
def test_whoever_writes_the_fields_back_has_what_was(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    was, now = before or {}, after or {}
    restored = dict(now) | {name: was.get(name) for name in KeptChange(Noun.RULE, "r", before, after).fields}
    assert {name: value for name, value in restored.items() if value is not None} == {
        name: value for name, value in was.items() if value is not None
    }
