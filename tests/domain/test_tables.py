"""Headings in either language are found where an office puts them; what is wrong with them is told."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.sheets import Row, Sheet, column_letter
from api.domain.tables import Column, read_table, sheet_to_read, stripped, yes_or_no

COLUMNS = (
    Column("code", ("编码", "单位编码"), is_required=True),
    Column("name_zh", ("单位名称",), is_required=True),
    Column("phone", ("电话",)),
)


def rows(*cells: tuple[str, ...], first: int = 1) -> list[Row]:
    """Return rows with lines in order."""
    return [Row(first + index, row) for index, row in enumerate(cells)]


@pytest.mark.parametrize(
    "headings",
    [
        ("code", "name_zh"),
        ("编码", "单位名称"),
        ("Code", "NAME ZH"),
        ("＊编 码", "单位名称（必填）"),
        ("单位编码：", "\u3000单位名称\u00a0"),
        ("*code", "name_zh (required)"),
    ],
)
def test_headings_are_known_in_both_languages_and_all_their_dress(headings: tuple[str, str]) -> None:
    table = read_table(rows(headings, ("water", " 水务局 ")), COLUMNS)
    assert not table[1]
    assert [(row.line, dict(row.cells)) for row in table[0]] == [(2, {"code": "water", "name_zh": "水务局"})]


def test_headings_are_found_below_a_title_and_rows_without_text_are_skipped() -> None:
    sheet = [
        Row(1, ("单位台账",) * 3),
        Row(3, ("填报单位：指挥中心",)),
        Row(4, ("编码", "单位名称", "电话")),
        Row(6, ("water", "水务局")),
        Row(7, ("\u3000", "\u200b ", "")),
        Row(9, ("parks", "园林局", "010-1")),
    ]
    table = read_table(sheet, COLUMNS, sheet="单位")
    assert not table[1]
    assert [(row.line, row.text("code"), row.text("phone")) for row in table[0]] == [
        (6, "water", ""),
        (9, "parks", "010-1"),
    ]
    finding = table[0][0].finding("x", "y", "phone", key="water")
    assert (finding.line, finding.sheet, finding.column, finding.key) == (6, "单位", "电话", "water")


def test_of_headings_that_span_two_rows_the_lower_counts() -> None:
    merged = rows(
        ("编码", "单位名称", "联系", "联系"), ("编码", "单位名称", "电话", "地址"), ("water", "水务局", "1")
    )
    read, _ = read_table(merged, COLUMNS)
    assert [(row.line, row.text("phone")) for row in read] == [(3, "1")]
    same = rows(("编码", "单位名称"), ("编码", "单位名称"), ("water", "水务局"))
    assert [row.line for row in read_table(same, COLUMNS)[0]] == [3]


def test_a_missing_needed_heading_is_a_fault_and_a_missing_other_one_is_not() -> None:
    read, findings = read_table(rows(("code", "phone"), ("a", "1")), COLUMNS)
    assert not read
    assert [(one.code, one.line, one.column) for one in findings] == [("heading_missing", 1, "name_zh")]
    (row,), findings = read_table(rows(("code", "name_zh"), ("a", "b")), COLUMNS)
    assert not findings
    assert not row.has("phone")
    assert row.text("phone") == ""


def test_a_repeated_heading_is_a_fault_also_under_another_name() -> None:
    read, findings = read_table(rows(("code", "name_zh", "编码"), ("a", "b", "c")), COLUMNS)
    assert not read
    assert [(one.code, one.column) for one in findings] == [("heading_repeated", "编码")]


def test_an_unknown_heading_is_a_warning_and_so_is_a_column_without_one() -> None:
    read, findings = read_table(rows(("code", "", "name_zh", "备注"), ("a", "", "b", "c", "d")), COLUMNS)
    assert [dict(row.cells) for row in read] == [{"code": "a", "name_zh": "b"}]
    assert [(one.code, one.column, one.is_warning) for one in findings] == [
        ("heading_unknown", "备注", True),
        ("heading_unknown", "E", True),
    ]


@pytest.mark.parametrize(
    "sheet", [[], rows(("water", "水务局")), [Row(1, ("x",))] * 10 + [Row(11, ("code",))]]
)
def test_without_headings_nothing_is_read(sheet: list[Row]) -> None:
    read, findings = read_table(sheet, COLUMNS, sheet="单位")
    assert not read
    assert [(one.code, one.sheet, one.is_warning) for one in findings] == [
        ("headings_missing", "单位", False)
    ]
    assert "code, name_zh" in findings[0].detail


def test_the_first_sheet_with_text_is_read_and_the_others_are_named() -> None:
    empty, first, second = Sheet("1", ()), Sheet("单位", (Row(1, ("code",)),)), Sheet("旧", (Row(1, ("x",)),))
    chosen, findings = sheet_to_read([empty, first, second])
    assert chosen is first
    assert [(one.code, one.sheet, one.is_warning) for one in findings] == [("sheet_ignored", "旧", True)]
    assert sheet_to_read([empty]) == (empty, [])


@pytest.mark.parametrize(
    ("word", "meant"), [("是", True), (" Yes", True), ("１", True), ("TRUE", True), ("否", False)]
)
def test_yes_and_no_are_read_in_both_languages(word: str, meant: bool) -> None:  # noqa: FBT001  what is expected
    assert yes_or_no(word) is meant


@pytest.mark.parametrize("word", ["", "2", "yess", "是否", "none"])
def test_what_is_neither_yes_nor_no_is_neither(word: str) -> None:
    assert yes_or_no(word) is None


def test_all_blanks_around_a_text_go_and_those_inside_stay() -> None:
    assert stripped("\ufeff \u3000\u00a0a\u3000b\u200b\t\n ") == "a\u3000b"


def test_columns_are_named_as_spreadsheets_name_them() -> None:
    assert [column_letter(index) for index in (0, 25, 26, 51, 52, 199, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "GR", "ZZ", "AAA",
    ]  # fmt: skip


@given(
    st.lists(
        st.lists(st.text(string.printable + "编码单位名称", max_size=6).map(str), max_size=5), max_size=14
    )
)
def test_whatever_a_sheet_holds_each_row_is_read_once_or_not_at_all(cells: list[list[str]]) -> None:
    sheet = rows(*map(tuple, cells))
    read, findings = read_table(sheet, COLUMNS)
    lines = [row.line for row in read]
    assert lines == sorted(set(lines))
    assert not read or not [one for one in findings if not one.is_warning]
    assert all(
        row.text("code") in {stripped(cell) for cell in sheet[row.line - 1].cells} | {""} for row in read
    )
