"""Workbooks (XLSX) and CSV in and out: plain rows of text, read without guessing."""

import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell
from openpyxl.utils import range_boundaries
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from api.adapters.cell_texts import (
    CELL_CHARACTERS_MAX,
    CellWrong,
    escaped,
    refuse_error,
    refuse_long,
    shown_text,
    unescaped,
)
from api.adapters.csv_sheets import read_csv, write_csv
from api.adapters.workbook_archives import (
    CELLS_MAX,
    COLUMNS_MAX,
    FILE_BYTES_MAX,
    SpreadsheetUnreadable,
    broken_as_unreadable,
    check_archive,
    too_large,
    unreadable,
)
from api.domain.imports import Finding
from api.domain.sheets import Row, Sheet

__all__ = [
    "FILE_BYTES_MAX",
    "XLSX",
    "Row",
    "Sheet",
    "SpreadsheetUnreadable",
    "read_csv",
    "read_workbook",
    "write_csv",
    "write_workbook",
]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_WRONG_MAX = 1_000
"""After so many wrong cells the rest of a workbook is not read."""

# Of what the library drops (drop-down lists, styles without a name) nothing is read here anyway.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")


def read_workbook(content: bytes) -> tuple[Sheet, ...]:
    """Read the visible sheets of an XLSX workbook in their order.

    Cells hold what they show (see `shown_text`), with the blanks around it; every cell of a merged area shows the
    text of the whole area. Hidden sheets hold the choices of drop-down lists and are not read; hidden rows and columns
    are. Links to other files are not followed. Raises SpreadsheetUnreadable for a file that is none or is too large
    (64 MiB, 256 MiB unpacked, 50 sheets, 100 000 rows, 200 columns), and for formulas and errors in cells, all at
    once: what such a cell shows depends on the program that opens it.
    """
    merged = check_archive(content)
    wrong: list[Finding] = []
    with broken_as_unreadable():
        workbook = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        try:
            sheets = [
                Sheet(worksheet.title, tuple(_rows(worksheet, merged.get(_member(worksheet), ()), wrong)))
                for worksheet in workbook.worksheets
                if worksheet.sheet_state == "visible"
            ]
        finally:
            workbook.close()
    if wrong:
        raise SpreadsheetUnreadable(*wrong)
    if not sheets:
        raise unreadable("workbook_empty", "The workbook has no visible sheet.")
    return tuple(sheets)


def write_workbook(sheets: Iterable[tuple[str, Iterable[Sequence[str]]]]) -> bytes:
    """Write sheets, each a name and rows, as a workbook; `read_workbook` gives back what is in them.

    Every cell is text, so that codes keep their zeros and nothing is reckoned, whatever it begins with. The first row
    stays in sight. Raises ValueError for text that no cell can hold: NUL, or more than 32 767 characters.
    """
    workbook = Workbook(write_only=True)
    for name, rows in sheets:
        worksheet = cast("WriteOnlyWorksheet", workbook.create_sheet(name))
        worksheet.freeze_panes = "A2"
        for row in rows:
            # The library's types leave the row open.
            worksheet.append([_text_cell(worksheet, text) for text in row])  # pyright: ignore[reportUnknownMemberType]
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


def _member(worksheet: ReadOnlyWorksheet) -> str:
    # The library reads either merged areas, or large sheets without holding them whole in memory; it keeps to itself
    # which member of the archive a sheet is.
    return cast("str", vars(worksheet)["_worksheet_path"])


def _rows(worksheet: ReadOnlyWorksheet, merged: Iterable[str], wrong: list[Finding]) -> Iterator[Row]:
    # What a sheet says of its own size is often wrong.
    worksheet.reset_dimensions()
    rows = {
        line: cells
        for line, row in enumerate(worksheet.iter_rows(max_col=COLUMNS_MAX), 1)
        if (cells := _texts(cast("Sequence[ReadOnlyCell | EmptyCell]", row), line, worksheet.title, wrong))
    }
    _fill_merged(rows, merged, worksheet.title)
    for line, cells in rows.items():
        width = max((index + 1 for index, text in cells.items() if text), default=0)
        if width:
            yield Row(line, tuple(cells.get(index, "") for index in range(width)))


def _texts(
    row: Sequence[ReadOnlyCell | EmptyCell], line: int, sheet: str, wrong: list[Finding]
) -> dict[int, str]:
    """Return the texts of a row by column, from 0, without empty ones; what can't be read goes to `wrong`."""
    texts: dict[int, str] = {}
    for index, cell in enumerate(row):
        if cell.value is None:
            continue
        try:
            text = _text(cell)
        except CellWrong as error:
            wrong.append(error.finding(line, index, sheet))
            if len(wrong) >= _WRONG_MAX:
                raise SpreadsheetUnreadable(*wrong) from error
            continue
        if text:
            texts[index] = text
    return texts


def _text(cell: ReadOnlyCell | EmptyCell) -> str:
    if cell.data_type == "f":
        raise CellWrong("cell_formula", "This is a formula: put its value here instead.")
    if cell.data_type == "e":
        refuse_error(str(cell.value))
        raise CellWrong("cell_error", f"The spreadsheet shows the error {cell.value} here.")
    text = shown_text(cell.value, cell.number_format)
    if cell.data_type == "s":
        text = unescaped(text)
    refuse_long(text)
    return text


def _fill_merged(rows: Mapping[int, dict[int, str]], merged: Iterable[str], sheet: str) -> None:
    """Show the text of every merged area in all its cells, as far down as the sheet has text."""
    last = max(rows, default=0)
    filled = 0
    for reference in merged:
        left, top, right, bottom = cast("tuple[int, int, int, int]", range_boundaries(reference))
        text = rows.get(top, {}).get(left - 1, "")
        bottom, right = min(bottom, last), min(right, COLUMNS_MAX)
        filled += max(bottom - top + 1, 0) * max(right - left + 1, 0)
        if filled > CELLS_MAX:
            raise too_large(f"A workbook has at most {CELLS_MAX} cells, merged ones included.", top, sheet)
        for line in range(top, bottom + 1):
            # A row that has nothing of its own stays out.
            if (cells := rows.get(line)) is not None:
                cells.update(dict.fromkeys(range(left - 1, right), text))


def _text_cell(worksheet: WriteOnlyWorksheet, text: str) -> Cell:
    if "\0" in text or len(text) > CELL_CHARACTERS_MAX:
        raise ValueError("No cell of a workbook can hold this text.")
    cell = WriteOnlyCell(worksheet)
    cell.value = escaped(text)
    # The library takes "=..." for a formula and "#N/A" for an error.
    cell.data_type = "s"
    cell.number_format = "@"
    return cell
