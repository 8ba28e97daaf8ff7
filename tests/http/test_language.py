"""Which language names come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.language import name_in, preferred_language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("fr", "zh"),
        ("zh", "zh"),
        ("zh-Hans-CN", "zh"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh;q=0.8, en", "en"),
        ("zh ; q=0.1 , en ; q=0.2", "en"),
        ("fr, en;q=0.1", "en"),
        ("en, zh", "en"),
        ("zh, en", "zh"),
        ("en;q=0", "zh"),
        ("en;q=0.000", "zh"),
        ("en;Q=1.000", "en"),
        ("en;q=nan", "zh"),
        ("en;q=1e9", "zh"),
        ("en;q=-1", "zh"),
        ("en;q=", "zh"),
        ("english", "zh"),
        (";;;,,,;q=1", "zh"),
    ],
)
def test_the_most_wanted_of_our_languages_wins(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language


@given(st.text())
def test_nonsense_is_answered_in_one_of_our_languages(accepted: str) -> None:
    assert preferred_language(accepted) in {"zh", "en"}


def test_a_name_is_picked_by_language() -> None:
    assert name_in("zh", "网格员", "officer") == "网格员"
    assert name_in("en", "网格员", "officer") == "officer"
