"""Grid codes: a level has its length, and a parent's code is a prefix of its child's."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.grids import CodePattern, CodePatternWrong, GridCodeWrong, GridLevel

DEFAULT = CodePattern()
digits = st.integers(1, 3)
patterns = st.builds(CodePattern, st.integers(0, 2), digits, digits, digits, digits, digits)


@pytest.mark.parametrize(
    ("code", "level", "parent"),
    [
        ("9901", GridLevel.CITY, None),
        ("990101", GridLevel.DISTRICT, "9901"),
        ("990101001", GridLevel.STREET, "990101"),
        ("990101001007", GridLevel.COMMUNITY, "990101001"),
        ("990101001007004", GridLevel.UNIT_GRID, "990101001007"),
    ],
)
def test_a_national_code_tells_its_level_and_parent(code: str, level: GridLevel, parent: str | None) -> None:
    assert DEFAULT.level_of(code) is level
    assert DEFAULT.length_of(level) == len(code)
    assert DEFAULT.parent_of(code) == parent
    DEFAULT.require(code, level)


def test_a_path_leads_from_the_city_down_to_the_grid() -> None:
    assert DEFAULT.path_of("990101001007004") == (
        "9901",
        "990101",
        "990101001",
        "990101001007",
        "990101001007004",
    )
    assert DEFAULT.path_of("9901") == ("9901",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2+2+2+3+3+2", "99010100100704"),
        ("2+2+2+3+3+4", "9901010010070004"),
        ("0+4+2+3+3+3", "990101001007004"),
    ],
)
def test_schemes_of_other_lengths_are_configured(text: str, code: str) -> None:
    pattern = CodePattern.parse(text)
    assert str(pattern) == text
    assert pattern.level_of(code) is GridLevel.UNIT_GRID
    assert pattern.parent_of(code) == "990101001007"


@given(patterns, st.text("0123456789", min_size=20, max_size=20))
def test_each_level_of_each_pattern_lies_in_the_level_above(pattern: CodePattern, text: str) -> None:
    levels = list(GridLevel)
    path = pattern.path_of(text[: pattern.length_of(GridLevel.UNIT_GRID)])
    assert [pattern.level_of(code) for code in path] == levels
    assert [pattern.parent_of(code) for code in path] == [None, *path[:-1]]
    assert all(child.startswith(parent) and child != parent for parent, child in pairwise(path))


@given(patterns)
def test_a_pattern_reads_what_it_writes(pattern: CodePattern) -> None:
    assert CodePattern.parse(str(pattern)) == pattern


@pytest.mark.parametrize(
    "code",
    [
        "",
        "99",
        "99010",
        "9901010010070045",
        "99010100100700A",
        "９９０１",
        "99 1",
        "-901",
        "9901\n",
        "²³¹²",
        "\ud800901",
    ],
)
def test_what_is_no_code_is_refused(code: str) -> None:
    for ask in (DEFAULT.level_of, DEFAULT.parent_of, DEFAULT.path_of):
        with pytest.raises(GridCodeWrong) as caught:
            ask(code)
        assert caught.value.facts == {"grid": code}


def test_a_code_of_another_level_is_refused_where_one_level_is_wanted() -> None:
    with pytest.raises(GridCodeWrong, match="'990101' is the code of a district, not of a unit_grid"):
        DEFAULT.require("990101", GridLevel.UNIT_GRID)


@pytest.mark.parametrize(
    "text", ["", "15", "6+3+3+3", "2+2+2+3+3+3+3", "2+2+2+3+3+x", "2+2+2+3+3+-3", "2+2+2+3+3+"]
)
def test_a_pattern_that_is_not_six_numbers_is_refused(text: str) -> None:
    with pytest.raises(CodePatternWrong):
        CodePattern.parse(text)


@pytest.mark.parametrize("text", ["2+2+2+3+3+0", "2+0+2+3+3+3", "2+2+2+3+3+99"])
def test_a_pattern_whose_levels_cannot_be_told_apart_or_are_too_long_is_refused(text: str) -> None:
    with pytest.raises(CodePatternWrong) as caught:
        CodePattern.parse(text)
    assert caught.value.facts == {"pattern": text}
