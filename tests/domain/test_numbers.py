"""Ticket numbers (案卷号): a city's template around a running number."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.errors import NotConfigured
from api.domain.numbers import NumberParts, number_parts

DAY = date(2026, 3, 9)
FIELDS = {"{category}": "E0406", "{date}": "20260309", "{grid}": "990101001001001"}


def parts(template: str, *, grid_code: str | None = "990101001001001") -> NumberParts:
    return number_parts(template, category="E0406", on=DAY, grid_code=grid_code)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{category}-{date}-{sequence:06d}", NumberParts("E0406-20260309-", 6, "")),
        ("{sequence}", NumberParts("", 1, "")),
        ("城管〔{date}〕{sequence:04d}号", NumberParts("城管〔20260309〕", 4, "号")),
        ("{grid}/{sequence:d}", NumberParts("990101001001001/", 1, "")),
        ("{sequence:08}.{category}{category}", NumberParts("", 8, ".E0406E0406")),
        ("{{{sequence:3}}}", NumberParts("{", 3, "}")),
    ],
)
def test_a_template_is_filled_up_to_its_running_number(template: str, expected: NumberParts) -> None:
    assert parts(template) == expected


def test_a_ticket_outside_all_grids_has_a_nought_for_its_grid() -> None:
    assert parts("{grid}-{sequence}", grid_code=None) == NumberParts("0-", 1, "")


@pytest.mark.parametrize(
    "template",
    [
        "",
        "案卷",
        "{category}-{date}",
        "{sequence}-{sequence}",
        "{sequence",
        "sequence}",
        "{0}-{sequence}",
        "{}-{sequence}",
        "{Sequence}",
        "{number}-{sequence}",
        "{category.__class__}-{sequence}",
        "{date:%Y}-{sequence}",
        "{category!r}-{sequence}",
        "{sequence!s}",
        "{sequence:x}",
        "{sequence:-3}",
        "{sequence:0}",
        "{sequence:100}",
        "{sequence:06dd}",
        "{sequence:1_0}",
        "{sequence:６}",
        "{sequence: 6}",
        "{sequence:{width}}",
    ],
)
def test_a_template_that_means_anything_else_is_the_offices_to_mend(template: str) -> None:
    with pytest.raises(NotConfigured) as refused:
        parts(template)
    assert refused.value.facts["template"] == template


def test_what_is_said_of_a_template_is_for_people() -> None:
    with pytest.raises(NotConfigured, match=r"can't be used: \{sequence\} is missing\."):
        parts("案卷")
    with pytest.raises(NotConfigured, match=r"can't be used: \{sequence\} stands in it twice\."):
        parts("{sequence}-{sequence}")


@given(
    before=st.lists(st.sampled_from(sorted(FIELDS)) | st.text("案卷-/AZ09〔〕", max_size=4), max_size=5),
    behind=st.lists(st.sampled_from(sorted(FIELDS)) | st.text("案卷-/AZ09〔〕", max_size=4), max_size=5),
    width=st.integers(1, 99),
)
def test_nothing_of_a_template_is_lost_or_moved(before: list[str], behind: list[str], width: int) -> None:
    filled = [["".join(FIELDS.get(part, part) for part in side)] for side in (before, behind)]
    template = "".join([*before, f"{{sequence:0{width}d}}", *behind])
    assert parts(template) == NumberParts(filled[0][0], width, filled[1][0])
