"""Spreadsheets are read as a person sees them, and written so that they read back the same."""

import io
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from api.adapters.spreadsheets import SpreadsheetUnreadable, read_workbook, write_workbook
from api.domain.sheets import Row, Sheet

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
nasty = texts | st.sampled_from(
    [
        "=1+1",
        "'=1",
        "007",
        "1e5",
        "#N/A",
        "TRUE",
        "_x000D_",
        "_x005F_x000D_",
        "_x005F_",
        " ",
        "\r\n",
        "+86 10",
    ]
)
tables = st.lists(st.lists(nasty, max_size=5), max_size=6)


def workbook(fill: Callable[[Worksheet], None]) -> bytes:
    """Return a workbook of one sheet."""
    made = Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "单位"
    fill(sheet)
    return saved(made)


def saved(made: Workbook) -> bytes:
    """Return a workbook as a file."""
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


def shown(value: object, number_format: str = "General") -> str:
    """Return what one cell shows."""

    def fill(sheet: Worksheet) -> None:
        cell: Any = sheet["A1"]
        cell.value = value
        cell.number_format = number_format

    (sheet,) = read_workbook(workbook(fill))
    return sheet.rows[0].cells[0]


def trimmed(rows: list[list[str]]) -> tuple[Row, ...]:
    """Return rows as they are read: without empty ones and empty ends."""
    kept: list[Row] = []
    for line, row in enumerate(rows, 1):
        cells = list(row)
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            kept.append(Row(line, tuple(cells)))
    return tuple(kept)


@given(tables, tables)
def test_what_is_written_is_read_back(first: list[list[str]], second: list[list[str]]) -> None:
    assert read_workbook(write_workbook([("一", first), ("two", second)])) == (
        Sheet("一", trimmed(first)),
        Sheet("two", trimmed(second)),
    )


@pytest.mark.parametrize("text", ["\0", "x" * 32_768])
def test_text_that_no_cell_can_hold_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match="No cell"):
        write_workbook([("a", [[text]])])


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (7, "General", "7"),
        (7.0, "General", "7"),
        (-3, "General", "-3"),
        (0.1 + 0.2, "General", "0.3"),
        (0.000012, "General", "0.000012"),
        (116.391276, "0.00", "116.391276"),
        (13800138000, "General", "13800138000"),
        (13800138000, "#,##0", "13800138000"),
        (7, "00", "07"),
        (7, "000", "007"),
        (1234, "000", "1234"),
        (-7, "000", "-007"),
        (601, "0000;-0000", "0601"),
        (7, '"A"000', "A007"),
        (5, '0"个"', "5个"),
        (5, "[Red]_ * #,##0_ ;_ * \\-#,##0_ ", "5"),
        (5, '"¥"#,##0.00', "5"),
        (0.25, "0%", "25%"),
        (True, "General", "TRUE"),
        (False, "General", "FALSE"),
        (date(2026, 10, 1), "yyyy-mm-dd", "2026-10-01"),
        (datetime(2026, 10, 1, 8, 30), "yyyy-mm-dd h:mm", "2026-10-01 08:30"),  # noqa: DTZ001  no zone in a sheet
        (datetime(2026, 10, 1, 8, 30, 59, 999_900), "yyyy-mm-dd", "2026-10-01 08:31"),  # noqa: DTZ001  the same
        (time(8, 30, 5), "h:mm:ss", "08:30:05"),
        (timedelta(hours=36, minutes=5), "[h]:mm", "36:05"),
        (" 网格\u3000", "@", " 网格\u3000"),
        ("007", "@", "007"),
    ],
)
def test_a_cell_is_read_as_a_person_sees_it(value: object, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


@pytest.mark.parametrize(
    ("value", "number_format", "code"),
    [
        (110101199001011234, "0", "cell_digits_lost"),
        (1e300, "General", "cell_digits_lost"),
        (13800138, "000-00000", "cell_format"),
        (7.5, "0000.0", "cell_format"),
        (7.5, '"A"0', "cell_format"),
        ('=A2&"x"', "General", "cell_formula"),
        ("#REF!", "General", "cell_error"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_with_its_place(
    value: object, number_format: str, code: str
) -> None:
    def fill(sheet: Worksheet) -> None:
        cell: Any = sheet["C4"]
        cell.value = value
        cell.number_format = number_format

    with pytest.raises(SpreadsheetUnreadable) as refused:
        read_workbook(workbook(fill))
    (finding,) = refused.value.findings
    assert (finding.code, finding.line, finding.column, finding.sheet) == (code, 4, "C", "单位")


def test_all_wrong_cells_are_told_at_once_up_to_a_thousand() -> None:
    def fill(sheet: Worksheet) -> None:
        for _ in range(600):
            sheet.append(["code", "=1", "#N/A"])

    with pytest.raises(SpreadsheetUnreadable) as refused:
        read_workbook(workbook(fill))
    assert len(refused.value.findings) == 1_000
    assert [finding.line for finding in refused.value.findings[:3]] == [1, 1, 2]


def test_merged_cells_all_show_the_text_of_their_area() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["街道", "网格"])
        sheet.append(["东街", "01"])
        sheet.append([None, "02"])
        sheet.append([None, None])
        sheet.append(["西街", "03"])
        sheet.merge_cells("A2:A4")
        sheet.merge_cells("A6:B6")
        sheet["A6"] = "合计"

    (sheet,) = read_workbook(workbook(fill))
    assert sheet.rows == (
        Row(1, ("街道", "网格")),
        Row(2, ("东街", "01")),
        Row(3, ("东街", "02")),
        Row(5, ("西街", "03")),
        Row(6, ("合计", "合计")),
    )


def test_cells_with_only_a_colour_are_no_text_and_empty_rows_keep_the_lines_of_others() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["B3"] = "text"
        for name in ("A1", "D3", "F9"):
            cell: Any = sheet[name]
            cell.fill = PatternFill("solid", "00FF00")

    (sheet,) = read_workbook(workbook(fill))
    assert sheet.rows == (Row(3, ("", "text")),)


def test_hidden_sheets_are_left_out() -> None:
    made = Workbook()
    made.create_sheet("choices").sheet_state = "hidden"
    made.create_sheet("second")
    assert [sheet.name for sheet in read_workbook(saved(made))] == ["Sheet", "second"]
