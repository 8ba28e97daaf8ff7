"""The pictures of the lifecycle say what the table says."""

import re
from pathlib import Path

import pytest

from api.domain.diagram import everywhere, lifecycle_page, mermaid
from api.domain.lifecycle import ACTION_NAMES, ENDS, TABLE, Action, Closing, State, rows
from api.domain.limits import Language

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"


def test_the_committed_page_is_the_printed_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == lifecycle_page(), "run bin/write_docs.py"


@pytest.mark.parametrize("closing", Closing)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_there_is_an_arrow_for_each_change_of_state_and_no_other(
    closing: Closing, language: Language
) -> None:
    found = re.findall(r"^ {4}(\S+) --> (\S+): (.+)$", mermaid(rows(closing), language), re.MULTILINE)
    drawn = {(source, target, name) for source, target, names in found for name in re.split("、|, ", names)}
    assert len(found) == len({(source, target) for source, target, _ in found}), (
        "one arrow between two states"
    )
    common = everywhere(rows(closing))
    assert {Action.MERGE, Action.URGE, Action.VOID, Action.GRANT_VOID} <= set(common)
    assert drawn == {
        (
            "open" if row.action in common else row.from_state or "[*]",
            row.to_state,
            ACTION_NAMES[row.action][0 if language == "zh" else 1],
        )
        for row in rows(closing)
        if row.from_state is not row.to_state
    }


def test_what_changes_no_state_is_listed_on_the_page() -> None:
    page, common = lifecycle_page(), everywhere(TABLE)
    for row in TABLE:
        if row.from_state is not row.to_state:
            continue
        line = (
            "In every open state these are possible: "
            if row.action in common
            else f"In `{row.from_state}` also: "
        )
        assert f"`{row.action}`" in next(found for found in page.splitlines() if line in found)


def test_only_ends_lead_out_and_all_that_are_reached_do() -> None:
    led_out = re.findall(r"^ {4}(\S+) --> \[\*\]$", mermaid(TABLE, "en"), re.MULTILINE)
    assert {State(name) for name in led_out} == ENDS & {row.to_state for row in TABLE}


def test_every_state_in_the_picture_has_its_name() -> None:
    picture = mermaid(TABLE, "zh")
    for row in TABLE:
        assert re.search(rf"^ +{row.to_state}: \S+$", picture, re.MULTILINE)


def test_every_row_of_the_table_is_a_row_of_the_page() -> None:
    actions = re.findall(r"^\| `(\w+)` \| \S+ \| (?:\(new\)|`)", lifecycle_page(), re.MULTILINE)
    assert actions == [row.action for row in TABLE]
