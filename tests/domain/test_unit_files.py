"""Units as a table: what a row says is stored, what it does not say stays, and what can't be meant is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.spreadsheets import read_csv, read_workbook, write_csv, write_workbook
from api.domain.imports import Finding
from api.domain.tables import read_table
from api.domain.unit_files import COLUMNS, PlannedUnit, plan_units, read_units, unit_rows
from api.domain.units import UnitDraft, UnitKind
from tests.domain.table_example import sheet_rows

CALENDARS = {"city", "round-the-clock"}
WATER = UnitDraft("water", "水务局", "Water bureau", UnitKind.BUREAU, None, "010-1234", "city", False, True)  # noqa: FBT003  in order
DEPOT = replace(WATER, code="depot", name_zh="养护站", kind=UnitKind.ENTERPRISE, parent="water", phone=None)
STORED = {"water": WATER, "depot": DEPOT}


def planned(
    *rows: tuple[str, ...], stored: dict[str, UnitDraft] | None = None
) -> tuple[list[PlannedUnit], list[Finding]]:
    """Read and plan a table."""
    table, wrong = read_table(sheet_rows(*rows), COLUMNS)
    entries, findings = read_units(table)
    units, more = plan_units(entries, STORED if stored is None else stored, CALENDARS)
    return units, [*wrong, *findings, *more]


def told(findings: list[Finding]) -> list[tuple[str, int | None, str | None]]:
    """Return findings, short."""
    return [(one.code, one.line, one.column) for one in findings]


def test_a_new_unit_is_read_in_the_words_of_an_office() -> None:
    units, findings = planned(
        ("编码", "单位名称", "英文名称", "类型", "上级单位", "电话", "日历", "兜底", "启用"),
        ("north", "北街道", "North", "街道", "水务局", "010-12345678", "city", "是", "√"),
    )
    assert not findings
    assert units[0].draft == UnitDraft(
        "north", "北街道", "North", UnitKind.STREET, "water", "010-12345678", "city", True, True  # noqa: FBT003  in order
    )  # fmt: skip


def test_a_stored_unit_changes_only_in_the_columns_of_the_table() -> None:
    units, findings = planned(("code", "phone"), ("water", "010-9999"), ("depot", ""))
    assert not findings
    assert [one.draft for one in units] == [replace(WATER, phone="010-9999"), DEPOT]
    emptied, _ = planned(("code", "phone", "kind", "is_active", "parent"), ("water", "", "", "", ""))
    assert emptied[0].draft == replace(WATER, phone=None)


def test_a_parent_may_stand_further_down() -> None:
    heading = ("code", "name_zh", "kind", "parent", "calendar")
    units, findings = planned(
        heading, ("b", "乙", "企业", "a", "city"), ("a", "甲", "企业", "", "city"), stored={}
    )
    assert not findings
    assert [(one.draft.code, one.draft.parent, one.draft.name_en) for one in units] == [
        ("b", "a", "乙"),
        ("a", None, "甲"),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("code", "parent"), ("water", "depot")], [("unit_loop", 2, "parent")]),
        ([("code", "parent"), ("water", "water")], [("unit_loop", 2, "parent")]),
        ([("code", "parent"), ("water", "nobody")], [("unit_unknown", 2, "parent")]),
        ([("code", "calendar"), ("water", "lunar")], [("calendar_unknown", 2, "calendar")]),
        ([("code", "类型"), ("water", "guild")], [("cell_wrong", 2, "类型")]),
        ([("code", "启用"), ("water", "perhaps")], [("cell_wrong", 2, "启用")]),
        ([("code", "phone"), ("water", "call me")], [("cell_wrong", 2, "phone")]),
        ([("code", "name_zh"), ("water", "")], [("cell_empty", 2, "name_zh")]),
        ([("code", "name_zh"), ("water", "x" * 101)], [("cell_too_long", 2, "name_zh")]),
        ([("code", "name_zh"), ("water", "a\nb")], [("cell_not_a_line", 2, "name_zh")]),
        ([("code", "phone"), ("", "1234")], [("cell_empty", 2, "code")]),
        ([("code", "phone"), ("Water", "")], [("cell_wrong", 2, "code")]),
        ([("code",), ("x" * 41,)], [("cell_wrong", 2, "code")]),
        ([("code",), ("water",), ("depot",), ("water",)], [("row_repeated", 4, "code")]),
        (
            [("code", "phone"), ("north", "1234")],
            [("cell_needed", 2, "name_zh"), ("cell_needed", 2, "kind"), ("cell_needed", 2, "calendar")],
        ),
        ([("code", "移交单位"), ("water", "depot")], [("hand_over_unexpected", 2, "移交单位")]),
        ([("code", "启用", "移交单位"), ("water", "否", "nobody")], [("unit_unknown", 2, "移交单位")]),
    ],
)
def test_what_can_not_be_meant_is_told_with_its_place(
    rows: list[tuple[str, ...]], expected: list[tuple[str, int, str]]
) -> None:
    assert told(planned(*rows)[1]) == expected


def test_all_that_is_wrong_is_told_at_once() -> None:
    findings = planned(("code", "kind", "phone", "parent"), ("water", "x", "y", ""), ("depot", "", "z", "w"))[
        1
    ]
    assert told(findings) == [
        ("cell_wrong", 2, "kind"),
        ("cell_wrong", 2, "phone"),
        ("cell_wrong", 3, "phone"),
        ("unit_unknown", 3, "parent"),
    ]
    assert {one.key for one in findings} == {"water", "depot"}


def test_a_name_that_two_units_have_names_neither() -> None:
    twins = {"a": replace(WATER, code="a"), "b": replace(WATER, code="b")}
    assert told(planned(("code", "parent"), ("a", "水务局"), stored=twins)[1]) == [
        ("unit_unknown", 2, "parent")
    ]


def test_of_several_calendars_none_is_guessed_and_the_only_one_is_meant() -> None:
    table, _ = read_table(sheet_rows(("code", "name_zh", "kind"), ("a", "甲", "企业")), COLUMNS)
    entries, _ = read_units(table)
    units, findings = plan_units(entries, {}, {"city"})
    assert (units[0].draft.calendar, findings) == ("city", [])


lines = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20) | st.sampled_from(
    ["=1+1", "-5", "+86", "@x", "'=1", "007", "#N/A", '"', "a,b;c", "是"]
)
codes = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, UnitDraft]:
    """Draw units, each below one that was drawn before, or below none."""
    units: dict[str, UnitDraft] = {}
    for code in draw(st.lists(codes, unique=True, max_size=6)):
        units[code] = UnitDraft(
            code,
            draw(lines),
            draw(lines),
            draw(st.sampled_from(UnitKind)),
            draw(st.none() | st.sampled_from(sorted(units))) if units else None,
            draw(st.none() | st.from_regex(r"\+?[0-9][0-9 ()-]{1,8}[0-9]", fullmatch=True)),
            draw(st.sampled_from(sorted(CALENDARS))),
            draw(st.booleans()),
            draw(st.booleans()),
        )
    return units


@given(trees())
def test_an_export_imported_again_changes_nothing_and_makes_the_same_office_elsewhere(
    stored: dict[str, UnitDraft],
) -> None:
    rows = unit_rows(stored.values())
    for sheet in (read_csv(write_csv(rows)), read_workbook(write_workbook([("单位", rows)]))[0]):
        table, wrong = read_table(sheet.rows, COLUMNS)
        entries, findings = read_units(table)
        for there in (stored, {}):
            units, more = plan_units(entries, there, CALENDARS)
            assert not [*wrong, *findings, *more]
            assert {one.draft.code: one.draft for one in units} == stored
