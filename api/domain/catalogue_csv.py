"""Reads a class catalogue from CSV, one row per filing condition, and says what is wrong line by line.

Strict on purpose: a class read wrongly sends every later ticket to the wrong unit under the wrong deadline.
So nothing is guessed (`1` is not `01`, an empty cell is not "no"), nothing is dropped without a problem that
names line and column, and all problems are found in one pass. Kinder readings, such as the merged cells of
office spreadsheets, happen before: they produce rows for this reader.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from api.domain import catalogue_cells as read_cell
from api.domain.catalogue import Catalogue, CatalogueProblem, Category, Condition
from api.domain.category_codes import CONDITION_NUMBER_MAX, CategoryCode, Kind
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit

COLUMNS = (
    "scheme",
    "kind",
    "major_code",
    "major_zh",
    "major_en",
    "minor_code",
    "minor_zh",
    "minor_en",
    "condition_no",
    "condition_zh",
    "condition_en",
    "closing_zh",
    "closing_en",
    "limit_value",
    "limit_unit",
    "milestones",
    "after_photo",
    "self_fix",
)
"""The headings of the file, all needed, in any order."""


_Value = TypeVar("_Value")


def read_catalogue(csv_text: str) -> Catalogue:
    """Read classes and conditions from `csv_text`; what cannot be read is in the catalogue's `problems`.

    A byte order mark and either kind of line end are accepted. Use `.accepted()` on the answer where a
    catalogue with problems must not go on.
    """
    reading = _Reading()
    rows = _rows(csv_text, reading)
    for line, row in rows:
        reading.take(line, row)
    if not reading.conditions and not reading.problems:
        reading.complain(1, None, "no_rows", "The file has headings but no classes.")
    return Catalogue(reading.categories, reading.conditions, tuple(reading.problems))


@dataclass
class _Reading:
    """What has been read so far, and the problems met."""

    categories: dict[str, Category] = field(default_factory=dict[str, Category])
    conditions: dict[str, Condition] = field(default_factory=dict[str, Condition])
    problems: list[CatalogueProblem] = field(default_factory=list[CatalogueProblem])
    lines: dict[str, int] = field(default_factory=dict[str, int])
    """The line that first named each major, class and condition."""
    majors: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def complain(self, line: int, column: str | None, code: str, detail: str) -> None:
        self.problems.append(CatalogueProblem(line, column, code, detail))

    def take(self, line: int, row: Mapping[str, str]) -> None:
        """Keep the row's class and condition, or say why not."""
        before = len(self.problems)
        cells = _Cells(line, row, self)
        category = _category(cells)
        condition = _condition(cells, category.code)
        if len(self.problems) == before and self._agrees(line, category, condition):
            self.categories.setdefault(category.code, category)
            self.majors.setdefault(category.major, (category.major_zh, category.major_en))
            self.conditions[condition.code] = condition
            for code in (category.major, category.code, condition.code):
                self.lines.setdefault(code, line)

    def _agrees(self, line: int, category: Category, condition: Condition) -> bool:
        """Check the row against the rows before it: names and scheme of a code never change within a file."""
        before = len(self.problems)
        major = category.major
        if self.majors.get(major, (category.major_zh, category.major_en)) != (
            category.major_zh,
            category.major_en,
        ):
            self.complain(
                line,
                "major_zh",
                "major_differs",
                f"Major class {major} has another name in line {self.lines[major]}.",
            )
        elif self.categories.get(category.code, category) != category:
            self.complain(
                line,
                "minor_zh",
                "category_differs",
                f"Class {category.code} has another name or scheme in line {self.lines[category.code]}.",
            )
        elif condition.code in self.conditions:
            self.complain(
                line,
                "condition_no",
                "condition_repeated",
                f"Condition {condition.code} is already in line {self.lines[condition.code]}.",
            )
        return len(self.problems) == before


def _rows(csv_text: str, reading: _Reading) -> Iterator[tuple[int, dict[str, str]]]:
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
                reading.complain(
                    line,
                    None,
                    "row_ragged",
                    f"The row has {len(cells)} cells, the heading {len(headings)}.",
                )
            else:
                yield line, dict(zip(headings, cells, strict=True))
    except csv.Error as error:
        reading.complain(first_line, None, "csv_broken", f"Not readable as CSV from here on: {error}.")
        return
    if headings is None:
        reading.complain(1, None, "file_empty", "The file is empty.")


def _headings_fit(line: int, headings: list[str], reading: _Reading) -> bool:
    before = len(reading.problems)
    for column in COLUMNS:
        if column not in headings:
            reading.complain(line, column, "column_missing", f"There is no column {column}.")
    for column in dict.fromkeys(headings):
        if column not in COLUMNS:
            reading.complain(line, column[:40], "column_unknown", "No such column is known.")
        elif headings.count(column) > 1:
            reading.complain(line, column, "column_repeated", f"Column {column} stands there twice.")
    return len(reading.problems) == before


@dataclass(frozen=True)
class _Cells:
    """One row. For a cell that cannot be read a stand-in is returned, so that its neighbours are read too."""

    line: int
    row: Mapping[str, str]
    reading: _Reading

    def read(self, column: str, parse: Callable[[str], _Value], stand_in: _Value) -> _Value:
        try:
            return parse(self.row[column])
        except read_cell.CellWrong as wrong:
            self.reading.complain(self.line, column, wrong.code, wrong.detail)
            return stand_in


def _category(cells: _Cells) -> Category:
    kind = cells.read("kind", read_cell.kind, Kind.PART)
    major = cells.read("major_code", read_cell.two_digits, "00")
    minor = cells.read("minor_code", read_cell.two_digits, "00")
    return Category(
        code=str(CategoryCode(kind, major, minor)),
        scheme=cells.read("scheme", read_cell.name, ""),
        kind=kind,
        major_code=major,
        major_zh=cells.read("major_zh", read_cell.name, ""),
        major_en=cells.read("major_en", read_cell.name, ""),
        minor_code=minor,
        minor_zh=cells.read("minor_zh", read_cell.name, ""),
        minor_en=cells.read("minor_en", read_cell.name, ""),
    )


def _condition(cells: _Cells, category_code: str) -> Condition:
    before = len(cells.reading.problems)
    value = cells.read("limit_value", lambda cell: read_cell.whole_number(cell, LARGEST_LIMIT), 1)
    unit = cells.read("limit_unit", read_cell.limit_unit, LimitUnit.WORKING_DAY)
    limit = Limit(value, unit)
    # With a stand-in for a limit that cannot be read, "the last milestone differs" would be a false alarm.
    last_limit = limit if len(cells.reading.problems) == before else None
    return Condition(
        category_code=category_code,
        number=cells.read("condition_no", lambda cell: read_cell.whole_number(cell, CONDITION_NUMBER_MAX), 1),
        condition_zh=cells.read("condition_zh", read_cell.text, ""),
        condition_en=cells.read("condition_en", read_cell.text, ""),
        closing_zh=cells.read("closing_zh", read_cell.text, ""),
        closing_en=cells.read("closing_en", read_cell.text, ""),
        limit=limit,
        milestones=cells.read("milestones", lambda cell: read_cell.milestones(cell, last_limit), ()),
        after_photo=cells.read("after_photo", read_cell.yes_or_no, stand_in=True),
        self_fix=cells.read("self_fix", read_cell.yes_or_no, stand_in=False),
    )
