"""Reads the class catalogue that offices keep in a workbook: one sheet for parts, one for events (立结案标准).

Kind where the meaning is certain: codes without their zero, limits in words, conditions without numbers, classes named
once above several conditions. What could mean two things is a fault, and no row vanishes without a word. What is read
becomes rows for the strict reading of `api.domain.catalogue_reading`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from api.domain.catalogue_cells import CellWrong, yes_or_no_in_words
from api.domain.catalogue_codes import read_codes, read_number
from api.domain.catalogue_headings import Headings, alias_of, find_headings, kind_of_name
from api.domain.catalogue_limits import WrittenLimit, milestones_json, parse_unit, parse_written
from api.domain.catalogue_reading import Reading
from api.domain.catalogue_reading import Row as CatalogueRow
from api.domain.category_codes import Kind
from api.domain.imports import Finding
from api.domain.limits import LimitUnit
from api.domain.sheets import Row, Sheet

_MAJOR = ("major_code", "major_zh", "major_en")
_CLASS = (*_MAJOR, "minor_code", "minor_zh", "minor_en")
_ENGLISH = {
    "major_en": "major_zh",
    "minor_en": "minor_zh",
    "condition_en": "condition_zh",
    "closing_en": "closing_zh",
}
_STAND_INS = {"after_photo": "yes", "self_fix": "no"}
"""What holds for a new condition where the file does not say: a photo proves the repair, a unit does it."""
_NOTES = ("注", "备注", "说明", "合计", "总计", "note")


@dataclass
class SheetReading:
    """What has been read of a workbook so far."""

    scheme: str | None
    reading: Reading = field(default_factory=Reading)
    findings: list[Finding] = field(default_factory=list[Finding])
    unsaid: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    places: dict[str, tuple[str | None, int]] = field(default_factory=dict[str, tuple[str | None, int]])
    used: int = 0

    def take(self, sheet: Sheet) -> None:
        """Read a sheet, or say why not."""
        kind, headings = kind_of_name(sheet.name), find_headings(sheet)
        if headings is None or (kind is None and "kind" not in headings.columns):
            self._pass_over(sheet, kind, headings)
            return
        self.used += 1
        if self._headings_fit(sheet, headings):
            _SheetRows(self, sheet, headings, kind).read()

    def finished(self) -> tuple[Finding, ...]:
        """Return all findings, after the last sheet."""
        if not self.used:
            self._tell("no_sheet", "No sheet is about parts (部件) or events (事件).")
        elif not self.reading.conditions and not any(not one.is_warning for one in self.findings):
            self._tell("no_rows", "The file has headings but no classes.")
        return tuple(self.findings)

    def _tell(self, code: str, detail: str, *, is_warning: bool = False) -> None:
        self.findings.append(Finding(code, detail, is_warning=is_warning))

    def _pass_over(self, sheet: Sheet, kind: Kind | None, headings: Headings | None) -> None:
        if not sheet.rows:
            return
        line, name = sheet.rows[0].line, sheet.name or None
        if kind is not None:
            said = "The sheet has no headings such as 大类代码, 小类代码, 立案条件, 结案条件 and 处置时限."
            self.findings.append(Finding("headings_missing", said, line, name))
        elif headings is not None:
            said = "Neither the sheet's name nor a column 类型 says whether these are 部件 or 事件."
            self.findings.append(Finding("kind_unknown", said, headings.first_line, name))
        else:
            said = "The sheet is not about classes and was left out."
            self.findings.append(Finding("sheet_skipped", said, line, name, is_warning=True))

    def _headings_fit(self, sheet: Sheet, headings: Headings) -> bool:
        line, name = headings.first_line, sheet.name or None
        faults = [
            Finding("column_missing", f"There is no column {alias_of(column)}.", line, name, alias_of(column))
            for column in headings.missing
        ]
        faults += [
            Finding("column_repeated", f"Column {word[:40]} stands there twice.", line, name, word[:40])
            for word in headings.repeated
        ]
        if self.scheme is None and "scheme" not in headings.columns:
            said = "Name the scheme whose codes these are: gbt30428-2013, cjt214-2007, local ..."
            faults.append(Finding("scheme_missing", said, line, name))
        self.findings += faults
        for word in headings.ignored:
            said = f"Column {word[:40]} was left out."
            self.findings.append(Finding("column_ignored", said, line, name, word[:40], is_warning=True))
        columns = headings.columns
        is_told = any(one.code == "english_missing" for one in self.findings)
        if not is_told and any(english not in columns for english in _ENGLISH):
            said = "There are no English names; the Chinese ones stand in for those that are not stored."
            self.findings.append(Finding("english_missing", said, line, name, is_warning=True))
        if "condition_no" not in columns:
            said = "The conditions of each class were numbered in their order."
            self.findings.append(Finding("numbered_by_order", said, line, name, is_warning=True))
        for column in _STAND_INS.keys() - columns.keys():
            said = f"There is no column {alias_of(column)}; new conditions get {_STAND_INS[column]}."
            self.findings.append(
                Finding("column_assumed", said, line, name, alias_of(column), is_warning=True)
            )
        return not faults


class _SheetRows:
    """The rows of one sheet below its headings."""

    def __init__(self, whole: SheetReading, sheet: Sheet, headings: Headings, kind: Kind | None) -> None:
        self.whole = whole
        self.sheet = sheet
        self.headings = headings
        self.kind = kind
        self.above: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.warned: set[str] = set()

    def read(self) -> None:
        """Read every row, or say why not."""
        for row in self.sheet.rows:
            if row.line > self.headings.last_line and not self._says_nothing(row):
                self._take(row)

    def _take(self, row: Row) -> None:
        cells = {
            column: _one_line(row.cells[at]) if at < len(row.cells) else ""
            for column, at in self.headings.columns.items()
        }
        for column in ("limit", "milestones"):  # where a line break separates steps
            at = self.headings.columns.get(column)
            if at is not None and at < len(row.cells):
                cells[column] = row.cells[at].strip()
        self._fill_from_above(row, cells)
        catalogue_row, unsaid = self._row(row, cells)
        reading = self.whole.reading
        before = len(reading.problems)
        condition = reading.take(row.line, catalogue_row)
        for problem in reading.problems[before:]:
            if problem.column in unsaid:
                continue  # it stands in for another cell, which is told
            title = self.headings.title(problem.column) if problem.column else None
            self._tell(row, problem.code, problem.detail, title, is_warning=False)
        if condition is not None:
            place = (self.sheet.name or None, row.line)
            self.whole.places[condition.code] = place
            self.whole.places.setdefault(condition.category_code, place)
            of_class = unsaid & {"major_en", "minor_en", "questions"}
            said_before = self.whole.unsaid.get(condition.category_code, of_class)
            self.whole.unsaid[condition.category_code] = said_before & of_class
            self.whole.unsaid[condition.code] = unsaid - of_class

    def _row(self, row: Row, cells: Mapping[str, str]) -> tuple[CatalogueRow, frozenset[str]]:
        """Make a row for the strict reading; also return the fields about which the file says nothing."""
        found: dict[str, str | CellWrong] = {"scheme": cells.get("scheme") or self.whole.scheme or ""}
        kind = self._kind(cells.get("kind"))
        found["kind"] = kind if isinstance(kind, CellWrong) else kind.value
        of_kind = Kind.PART if isinstance(kind, CellWrong) else kind
        found["major_code"], found["minor_code"] = read_codes(
            cells.get("major_code", ""), cells["minor_code"], of_kind
        )
        for column in ("major_code", "minor_code"):
            self._warn_of_change(row, column, cells.get(column, ""), found[column])
        for column in ("major_zh", "minor_zh", "condition_zh", "closing_zh"):
            found[column] = cells[column]
        unsaid = {column for column in (*_ENGLISH, *_STAND_INS, "questions") if not cells.get(column)}
        for english, chinese in _ENGLISH.items():
            found[english] = cells.get(english) or self._known(english, of_kind, found) or found[chinese]
        found["condition_no"] = self._number(row, cells, of_kind, found)
        found |= self._limit(cells)
        for column, stand_in in _STAND_INS.items():
            found[column] = _yes_or_no(cells[column]) if cells.get(column) else stand_in
        found["questions"] = cells.get("questions") or self._known("questions", of_kind, found) or ""
        return found, frozenset(unsaid)

    def _kind(self, cell: str | None) -> Kind | CellWrong:
        if not cell:
            return self.kind or CellWrong("kind_unknown", "The kind is 部件 or 事件.")
        kind = kind_of_name(cell)
        if kind is None:
            return CellWrong("kind_unknown", f"The kind is 部件 or 事件, not {cell[:40]!r}.")
        if self.kind not in {None, kind}:
            return CellWrong("kind_contradicts", f"The sheet is about another kind than {cell[:40]!r}.")
        return kind

    def _number(
        self, row: Row, cells: Mapping[str, str], kind: Kind, found: Mapping[str, str | CellWrong]
    ) -> str | CellWrong:
        if "condition_no" in self.headings.columns:
            try:
                number = read_number(cells["condition_no"])
            except CellWrong as wrong:
                return wrong
            self._warn_of_change(row, "condition_no", cells["condition_no"], number)
            return number
        code = f"{kind.letter}{found['major_code']}{found['minor_code']}"
        self.numbers[code] = self.numbers.get(code, 0) + 1
        return str(self.numbers[code])

    def _known(self, column: str, kind: Kind, found: Mapping[str, str | CellWrong]) -> str | None:
        """Return what a row before said of the same class: its English names, its questions."""
        major = f"{kind.letter}{found['major_code']}"
        if column == "major_en" and major in self.whole.reading.majors:
            return self.whole.reading.majors[major][1]
        category = self.whole.reading.categories.get(f"{major}{found['minor_code']}")
        if category is None:
            return None
        if column == "questions":
            return json.dumps(category.questions) if category.questions else None
        return category.minor_en if column == "minor_en" else None

    def _limit(self, cells: Mapping[str, str]) -> dict[str, str | CellWrong]:
        try:
            written = self._written_limit(cells)
            steps = milestones_json(cells.get("milestones", ""), cells.get("milestones_en", ""), written)
        except CellWrong as wrong:
            at = "milestones" if wrong.code.startswith("step") else "limit_value"
            found: dict[str, str | CellWrong] = {
                "limit_value": "1",
                "limit_unit": LimitUnit.WORKING_DAY.value,
            }
            return found | {"milestones": "", at: wrong}
        return {
            "limit_value": str(written.limit.value),
            "limit_unit": written.limit.unit.value,
            "milestones": steps,
        }

    def _written_limit(self, cells: Mapping[str, str]) -> WrittenLimit:
        unit = self.headings.unit
        if cells.get("limit_unit"):
            unit = parse_unit(cells["limit_unit"])
        return parse_written(cells.get("limit") or cells.get("limit_value", ""), unit)

    def _fill_from_above(self, row: Row, cells: dict[str, str]) -> None:
        """Let a row without class belong to the class above, as where an office wrote it once without merging."""
        group = _CLASS if not any(cells.get(column) for column in _CLASS) else _MAJOR
        missing = [column for column in group if column in cells]
        if self.above and missing and not any(cells[column] for column in missing):
            cells |= {column: self.above[column] for column in missing}
            said = "Rows that name no class belong to the class above them."
            self._warn_once(row, "filled_from_above", said, None)
        self.above = {column: cells[column] for column in _CLASS if column in cells}

    def _says_nothing(self, row: Row) -> bool:
        """Tell whether a row can be none: the headings once more, a title across the sheet, a note below it."""
        texts = [cell.strip() for cell in row.cells if cell.strip()]
        is_title = len(texts) > 2 and len(set(texts)) == 1  # noqa: PLR2004  no class has the same text everywhere
        is_note = len(texts) == 1 and texts[0].casefold().startswith(_NOTES)
        if row.cells != self.headings.words[: len(row.cells)] and not is_title and not is_note:
            return False
        self._tell(row, "row_skipped", f"The row is no class: {texts[0][:60]!r}.", None, is_warning=True)
        return True

    def _warn_of_change(self, row: Row, column: str, cell: str, read: str | CellWrong) -> None:
        if cell and isinstance(read, str) and read != cell:
            title = self.headings.title(column)
            self._warn_once(row, "code_rewritten", f"{cell[:40]!r} was read as {read}.", title)

    def _warn_once(self, row: Row, code: str, detail: str, column: str | None) -> None:
        if f"{code} {column} {detail}" not in self.warned:
            self.warned.add(f"{code} {column} {detail}")
            self._tell(row, code, detail, column, is_warning=True)

    def _tell(self, row: Row, code: str, detail: str, column: str | None, *, is_warning: bool) -> None:
        sheet = self.sheet.name or None
        self.whole.findings.append(Finding(code, detail, row.line, sheet, column, is_warning=is_warning))


def _one_line(cell: str) -> str:
    """Return the text of a cell without its line breaks, and with plain blanks alone."""
    lines = ("".join(" " if mark.isspace() else mark for mark in line).strip() for line in cell.splitlines())
    return " ".join(line for line in lines if line)


def _yes_or_no(cell: str) -> str | CellWrong:
    try:
        return "yes" if yes_or_no_in_words(cell) else "no"
    except CellWrong as wrong:
        return wrong
