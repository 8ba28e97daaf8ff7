"""Rows of a class catalogue, one per filing condition, become classes and conditions, or problems.

The rows come from a CSV file (`api.domain.catalogue_csv`) or, made the same by a kinder reader, from the sheets of an
office (`api.domain.catalogue_sheets`).
"""

from collections.abc import Callable, Mapping
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
"""The headings of a file, all needed, in any order."""

KNOWN_COLUMNS = (*COLUMNS, "questions")
"""With those that may be left out."""

Row = Mapping[str, str | read_cell.CellWrong]
"""A row by column; a kinder reader puts what it could not read in the place of the text."""

_Value = TypeVar("_Value")


@dataclass
class Reading:
    """What has been read so far, and the problems met."""

    categories: dict[str, Category] = field(default_factory=dict[str, Category])
    conditions: dict[str, Condition] = field(default_factory=dict[str, Condition])
    problems: list[CatalogueProblem] = field(default_factory=list[CatalogueProblem])
    lines: dict[str, int] = field(default_factory=dict[str, int])
    """The line that first named each major, class and condition."""
    majors: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def catalogue(self) -> Catalogue:
        """Return what was read."""
        return Catalogue(self.categories, self.conditions, tuple(self.problems))

    def complain(self, line: int, column: str | None, code: str, detail: str) -> None:
        """Note a problem."""
        self.problems.append(CatalogueProblem(line, column, code, detail))

    def take(self, line: int, row: Row) -> Condition | None:
        """Keep the row's class and condition, or say why not; return what was kept."""
        before = len(self.problems)
        cells = _Cells(line, row, self)
        category = _category(cells)
        condition = _condition(cells, category.code)
        if len(self.problems) > before or not self._agrees(line, category, condition):
            return None
        self.categories.setdefault(category.code, category)
        self.majors.setdefault(category.major, (category.major_zh, category.major_en))
        self.conditions[condition.code] = condition
        for code in (category.major, category.code, condition.code):
            self.lines.setdefault(code, line)
        return condition

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
                f"Class {category.code} has another name, scheme or questions in line {self.lines[category.code]}.",
            )
        elif condition.code in self.conditions:
            self.complain(
                line,
                "condition_no",
                "condition_repeated",
                f"Condition {condition.code} is already in line {self.lines[condition.code]}.",
            )
        return len(self.problems) == before


@dataclass(frozen=True)
class _Cells:
    """One row. For a cell that cannot be read a stand-in is returned, so that its neighbours are read too."""

    line: int
    row: Row
    reading: Reading

    def read(self, column: str, parse: Callable[[str], _Value], stand_in: _Value) -> _Value:
        try:
            cell = self.row[column]
            if isinstance(cell, read_cell.CellWrong):
                raise cell
            return parse(cell)
        except read_cell.CellWrong as wrong:
            self.reading.complain(self.line, column, wrong.code, wrong.detail)
            return stand_in


def _category(cells: _Cells) -> Category:
    kind = cells.read("kind", read_cell.kind, Kind.PART)
    major = cells.read("major_code", read_cell.two_digits, "00")
    minor = cells.read("minor_code", read_cell.two_digits, "00")
    return Category(
        code=str(CategoryCode(kind, major, minor)),
        scheme=cells.read("scheme", read_cell.scheme, ""),
        kind=kind,
        major_code=major,
        major_zh=cells.read("major_zh", read_cell.name, ""),
        major_en=cells.read("major_en", read_cell.name, ""),
        minor_code=minor,
        minor_zh=cells.read("minor_zh", read_cell.name, ""),
        minor_en=cells.read("minor_en", read_cell.name, ""),
        questions=cells.read("questions", read_cell.questions, None) if "questions" in cells.row else None,
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
