"""The pictures of the lifecycle say what the table says."""

import re
from pathlib import Path

import pytest

from api.domain.diagram import lifecycle_page, mermaid
from api.domain.lifecycle import ENDS, TABLE, Closing, State, rows
from api.domain.limits import Language

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"


def test_the_committed_page_is_the_printed_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == lifecycle_page(), "run bin/write_docs.py"


@pytest.mark.parametrize("closing", Closing)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_there_is_an_arrow_for_each_step_and_no_other(closing: Closing, language: Language) -> None:
    arrows = re.findall(r"^ {4}(\S+) --> (\S+): ", mermaid(rows(closing), language), re.MULTILINE)
    steps = {(row.from_state or "[*]", row.to_state, row.action) for row in rows(closing)}
    assert sorted(arrows) == sorted((source, target) for source, target, _ in steps)


def test_only_ends_lead_out_and_all_that_are_reached_do() -> None:
    led_out = re.findall(r"^ {4}(\S+) --> \[\*\]$", mermaid(TABLE, "en"), re.MULTILINE)
    assert {State(name) for name in led_out} == ENDS & {row.to_state for row in TABLE}


def test_every_state_in_the_picture_has_its_name() -> None:
    picture = mermaid(TABLE, "zh")
    for row in TABLE:
        assert re.search(rf"^ {{4}}{row.to_state}: \S+$", picture, re.MULTILINE)


def test_every_row_of_the_table_is_a_row_of_the_page() -> None:
    actions = re.findall(r"^\| `(\w+)` \| \S+ \| (?:\(new\)|`)", lifecycle_page(), re.MULTILINE)
    assert actions == [row.action for row in TABLE]
