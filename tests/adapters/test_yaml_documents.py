"""YAML is read as plain data, with the line of every value; what is more than that is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.yaml_documents import YamlUnreadable, read_yaml, write_yaml

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | words
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_plain_data_survive_writing_and_reading(value: Any) -> None:  # noqa: ANN401  any plain value
    assert read_yaml(write_yaml(value).encode()).value == value


def test_codes_that_look_like_numbers_stay_text() -> None:
    codes = ["0601", "1e5", "12:30", "no", "~", "", "2026-10-01", "0x1F"]
    assert read_yaml(write_yaml(codes).encode()).value == codes


def test_one_object_in_two_places_is_written_twice() -> None:
    shared = ["water"]
    assert read_yaml(write_yaml({"a": shared, "b": shared}).encode()).value == {
        "a": ["water"],
        "b": ["water"],
    }


def test_every_value_has_its_line() -> None:
    text = "# head\nrules:\n- id: a\n  limit: {value: 1,\n    unit: day}\n- {id: b, a/b~c: 1}\n"
    assert read_yaml(text.encode()).lines == {
        "": 2,
        "/rules": 3,
        "/rules/0": 3,
        "/rules/0/id": 3,
        "/rules/0/limit": 4,
        "/rules/0/limit/value": 4,
        "/rules/0/limit/unit": 5,
        "/rules/1": 6,
        "/rules/1/id": 6,
        "/rules/1/a~1b~0c": 6,
    }


def test_a_mark_of_byte_order_is_no_text_and_an_empty_file_says_nothing() -> None:
    assert read_yaml(b"\xef\xbb\xbfa: 1\n").value == {"a": 1}
    assert read_yaml(b"# nothing\n").value is None


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: [1\n", 2),
        (b"a: 1\nb: \xff\n", 2),
        (b"a: &x [1]\nb: *x\n", 2),
        (b"a: 1\n\na: 2\n", 3),
        (b"a: 1\n---\nb: 1\n", 2),
        (b"[" * 100_000, 1),
        (b"{a: " * 100_000, 1),
        (b"a:\n  !!python/name:os.system x\n", 2),
        (b"a: !!bool x\n", 1),
        (b"a: ! x\n", 1),
        (b"- !!set {x}\n", 1),
        (b"<<: 3\n", 1),
        (b"a: 2026-10-01T00:00:00+99:00\n", None),
        (b"? [a]\n: 1\n? {b: 1}\n: 1\n", None),
        (b"a: 2026-02-30\n", None),
        (b"a: " + b"9" * 5_000, None),
        (b"a: \x00\n", None),
    ],
)
def test_what_is_no_plain_data_is_refused(content: bytes, line: int | None) -> None:
    with pytest.raises(YamlUnreadable) as refused:
        read_yaml(content)
    if line is not None:
        assert refused.value.line == line
    assert len(str(refused.value)) < 300
