"""Tables of an office: headings in either language above rows, and what is wrong with them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.domain.imports import Finding
from api.domain.sheets import Row, Sheet, column_letter

HEADING_ROWS = 10
"""Among the first rows of a sheet the headings are looked for, below its title and whatever else stands there."""

_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200c\u200d\u2060\ufeff"
"""Unicode's white space, and what has no width at all; office programs leave both behind."""

_NOTE = re.compile(r"\((?:必填|选填|可选|required|optional)\)")
_WORDS = {
    **dict.fromkeys(("是", "有", "y", "yes", "true", "1", "√", "✓"), True),
    **dict.fromkeys(("否", "无", "n", "no", "false", "0", "×", "✗"), False),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a table may have: the field it fills, and its other headings in Chinese and English."""

    name: str
    aliases: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row below the headings: its texts by field, for every column that the table has, without blanks around."""

    line: int
    cells: Mapping[str, str]
    headings: Mapping[str, str]
    """As the table writes them, by field."""
    sheet: str | None = None

    def has(self, field: str) -> bool:
        """Tell whether the table has the column at all; an empty cell of it says something, a missing one nothing."""
        return field in self.cells

    def text(self, field: str) -> str:
        """Return the text of a field, empty where the table has no such column."""
        return self.cells.get(field, "")

    def finding(
        self,
        code: str,
        detail: str,
        field: str | None = None,
        *,
        key: str | None = None,
        is_warning: bool = False,
    ) -> Finding:
        """Return something about this row, or about one of its cells."""
        return Finding(
            code,
            detail,
            line=self.line,
            sheet=self.sheet,
            column=self.headings.get(field, field) if field is not None else None,
            key=key,
            is_warning=is_warning,
        )


def sheet_to_read(sheets: Sequence[Sheet]) -> tuple[Sheet, list[Finding]]:
    """Return the first sheet with text in it, and a warning for each other one."""
    filled = [sheet for sheet in sheets if sheet.rows] or list(sheets[:1])
    ignored = [
        Finding(
            "sheet_ignored",
            f"Only the first sheet, {filled[0].name}, is read.",
            sheet=sheet.name,
            is_warning=True,
        )
        for sheet in filled[1:]
    ]
    return filled[0], ignored


def read_table(
    rows: Sequence[Row], columns: Sequence[Column], *, sheet: str | None = None
) -> tuple[list[TableRow], list[Finding]]:
    """Find the headings among the first rows and return the rows below them, with what is wrong with the headings.

    Headings are the same in full and half width, with and without blanks, underscores, `*` and （必填）. The row with
    most of them is the heading row; of one that spans two rows, the lower. What stands above is not read. An unknown
    heading is a warning, a repeated or missing one a fault: then there are no rows.
    """
    by_heading = {
        _normal(heading): column.name for column in columns for heading in (column.name, *column.aliases)
    }
    index, found = _heading_row(rows, by_heading)
    if index is None:
        names = ", ".join(column.name for column in columns if column.is_required) or columns[0].name
        return [], [
            Finding(
                "headings_missing",
                f"None of the first {HEADING_ROWS} rows has the headings: {names}.",
                sheet=sheet,
            )
        ]
    heading_row, below = rows[index], rows[index + 1 :]
    findings = _check_headings(heading_row, below, found, columns, sheet)
    if any(not finding.is_warning for finding in findings):
        return [], findings
    headings = {name: _cell(heading_row, place) for place, name in found.items()}
    read = [
        TableRow(row.line, cells, headings, sheet)
        for row in below
        if any((cells := {name: _cell(row, place) for place, name in found.items()}).values())
    ]
    return read, findings


def stripped(text: str) -> str:
    """Return a text without blanks around it: full-width ones, those that don't break, and invisible ones as well."""
    return text.strip(_BLANKS)


def yes_or_no(text: str) -> bool | None:
    """Read 是 or 否, yes or no, TRUE or FALSE, 1 or 0; None for anything else."""
    return _WORDS.get(unicodedata.normalize("NFKC", stripped(text)).casefold())


def _normal(heading: str) -> str:
    plain = _NOTE.sub("", unicodedata.normalize("NFKC", heading).casefold())
    return re.sub(rf"[_*:{_BLANKS}]", "", plain)


def _heading_row(rows: Sequence[Row], by_heading: Mapping[str, str]) -> tuple[int | None, dict[int, str]]:
    """Return the index of the heading row and the field of each of its columns; None when no row has any."""
    best: int | None = None
    most: dict[int, str] = {}
    for index, row in enumerate(rows[:HEADING_ROWS]):
        found = {
            place: by_heading[heading]
            for place, cell in enumerate(row.cells)
            if (heading := _normal(cell)) in by_heading
        }
        fields, fields_before = set(found.values()), set(most.values())
        if len(fields) > len(fields_before) or (found and found == most):
            best, most = index, found
    return best, most


def _check_headings(
    row: Row, below: Sequence[Row], found: Mapping[int, str], columns: Sequence[Column], sheet: str | None
) -> list[Finding]:
    findings: list[Finding] = []
    seen: set[str] = set()
    for place in range(max(len(one.cells) for one in (row, *below))):
        heading, field = _cell(row, place), found.get(place)
        if field is None and not heading and not any(_cell(one, place) for one in below):
            continue
        column = heading or column_letter(place)
        if field is None:
            told = "This column is not known" if heading else "This column has no heading"
            findings.append(
                Finding(
                    "heading_unknown", f"{told}: it is not read.", row.line, sheet, column, is_warning=True
                )
            )
        elif field in seen:
            findings.append(
                Finding("heading_repeated", "This heading is there twice.", row.line, sheet, column)
            )
        else:
            seen.add(field)
    findings += [
        Finding("heading_missing", f"There is no column {column.name}.", row.line, sheet, column.name)
        for column in columns
        if column.is_required and column.name not in seen
    ]
    return findings


def _cell(row: Row, place: int) -> str:
    return stripped(row.cells[place]) if place < len(row.cells) else ""
