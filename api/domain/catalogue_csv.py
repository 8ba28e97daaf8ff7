"""Reads a class catalogue from CSV, one row per filing condition, and says what is wrong line by line.

Strict on purpose: a class read wrongly sends every later ticket to the wrong unit under the wrong deadline.
So nothing is guessed (`1` is not `01`, an empty cell is not "no"), nothing is dropped without a problem that
names line and column, and all problems are found in one pass. Kinder readings, such as the merged cells of
office spreadsheets, happen before (`api.domain.catalogue_sheets`): they produce rows for the same reading.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from api.domain.catalogue import Catalogue
from api.domain.catalogue_reading import COLUMNS, KNOWN_COLUMNS, Reading
from api.domain.sheets import Sheet

__all__ = ["COLUMNS", "has_our_headings", "read_catalogue", "read_catalogue_sheet"]


def read_catalogue(csv_text: str) -> Catalogue:
    """Read classes and conditions from `csv_text`; what cannot be read is in the catalogue's `problems`.

    A byte order mark and either kind of line end are accepted. Use `.accepted()` on the answer where a
    catalogue with problems must not go on.
    """
    reading = Reading()
    rows = _rows(csv_text, reading)
    for line, row in rows:
        reading.take(line, row)
    return _not_empty(reading).catalogue()


def read_catalogue_sheet(sheet: Sheet) -> Reading:
    """Read the rows of a CSV file as strictly, where its bytes have become text already."""
    reading = Reading()
    headings = sheet.rows[0].cells if sheet.rows else ()
    if not headings:
        reading.complain(1, None, "file_empty", "The file is empty.")
    elif _headings_fit(sheet.rows[0].line, headings, reading):
        for row in sheet.rows[1:]:
            # What follows the last text of a row was left away.
            cells = row.cells + ("",) * (len(headings) - len(row.cells))
            if len(cells) > len(headings):
                reading.complain(row.line, None, "row_ragged", _ragged(cells, headings))
            else:
                reading.take(row.line, dict(zip(headings, cells, strict=True)))
    return _not_empty(reading)


def has_our_headings(sheet: Sheet) -> bool:
    """Tell whether a table is meant to be read strictly: most of its headings are ours."""
    headings = sheet.rows[0].cells if sheet.rows else ()
    return not sheet.name and len(set(headings) & set(COLUMNS)) * 2 >= len(COLUMNS)


def _not_empty(reading: Reading) -> Reading:
    if not reading.conditions and not reading.problems:
        reading.complain(1, None, "no_rows", "The file has headings but no classes.")
    return reading


def _rows(csv_text: str, reading: Reading) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its first line; wrong headings and ragged rows become problems."""
    reader = csv.reader(io.StringIO(csv_text.removeprefix("\ufeff"), newline=""), strict=True)
    headings: list[str] | None = None
    first_line = 1
    try:
        for cells in reader:
            line, first_line = first_line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue  # an empty line says nothing and hides nothing
            if headings is None:
                headings = cells
                if not _headings_fit(line, headings, reading):
                    return
            elif len(cells) != len(headings):
                reading.complain(line, None, "row_ragged", _ragged(cells, headings))
            else:
                yield line, dict(zip(headings, cells, strict=True))
    except csv.Error as error:
        reading.complain(first_line, None, "csv_broken", f"Not readable as CSV from here on: {error}.")
        return
    if headings is None:
        reading.complain(1, None, "file_empty", "The file is empty.")


def _ragged(cells: Sequence[str], headings: Sequence[str]) -> str:
    return f"The row has {len(cells)} cells, the heading {len(headings)}."


def _headings_fit(line: int, headings: Sequence[str], reading: Reading) -> bool:
    before = len(reading.problems)
    for column in COLUMNS:
        if column not in headings:
            reading.complain(line, column, "column_missing", f"There is no column {column}.")
    for column in dict.fromkeys(headings):
        if column not in KNOWN_COLUMNS:
            reading.complain(line, column[:40], "column_unknown", "No such column is known.")
        elif headings.count(column) > 1:
            reading.complain(line, column, "column_repeated", f"Column {column} stands there twice.")
    return len(reading.problems) == before
