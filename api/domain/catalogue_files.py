"""A class catalogue that came in a file: what it says, what it leaves unsaid, and where in the file it says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.domain.catalogue import Catalogue
from api.domain.catalogue_csv import has_our_headings, read_catalogue_sheet
from api.domain.catalogue_sheets import SheetReading
from api.domain.imports import Finding
from api.domain.sheets import Sheet


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """What was read of a file, and what its sender should know.

    `unsaid` has, by the code of a class or condition, the fields that the file has no word about: what is stored of
    them stays, and what is new gets what was read in their place. `places` says where the file has a code: the sheet,
    None for CSV, and the line.
    """

    catalogue: Catalogue
    findings: Sequence[Finding] = ()
    unsaid: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    places: Mapping[str, tuple[str | None, int]] = field(default_factory=dict[str, tuple[str | None, int]])

    def finding(self, code: str, detail: str, key: str, *, column: str | None = None) -> Finding:
        """Return a fault about a class or condition, at its line."""
        sheet, line = self.places.get(key, (None, None))
        return Finding(code, detail, line, sheet, column, key)


def read_catalogue_file(sheets: Sequence[Sheet], scheme: str | None) -> CatalogueFile:
    """Read a catalogue from the sheets of a workbook, or from a CSV file as one sheet without a name.

    CSV with our own headings is read strictly. `scheme` is whose numbering the codes follow where the file does not
    say.
    """
    if len(sheets) == 1 and has_our_headings(sheets[0]):
        return _strict(sheets[0])
    reading = SheetReading(scheme)
    for sheet in sheets:
        reading.take(sheet)
    findings = reading.finished()
    return CatalogueFile(reading.reading.catalogue(), findings, reading.unsaid, reading.places)


def _strict(sheet: Sheet) -> CatalogueFile:
    reading = read_catalogue_sheet(sheet)
    findings = [
        Finding(problem.code, problem.detail, problem.line, column=problem.column)
        for problem in reading.problems
    ]
    has_questions = "questions" in sheet.rows[0].cells
    unsaid = {} if has_questions else dict.fromkeys(reading.categories, frozenset({"questions"}))
    places = {code: (None, line) for code, line in reading.lines.items()}
    return CatalogueFile(reading.catalogue(), tuple(findings), unsaid, places)
