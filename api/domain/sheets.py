"""Sheets of an office as plain rows of text, whatever file they came in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A row with text in it: `cells` up to the last that is not empty, `line` as the spreadsheet or editor shows it.

    A record of a CSV file that runs over several lines has the first of them.
    """

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook, or the whole of a CSV file, whose name is empty; rows without any text are left out."""

    name: str
    rows: tuple[Row, ...]


def column_letter(index: int) -> str:
    """Return what a spreadsheet calls a column, counted from 0: A to Z, then AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
