"""Files that an office brings: what is wrong in them, line by line, and what they would change.

Every import works alike. The whole file is read and checked before anything is written; all that is wrong is told at
once, each with the place in the file; a file with a fault changes nothing; the same file again changes nothing either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from api.domain.errors import Refusal

FINDINGS_TOLD_MAX = 500
"""A file can be wrong in every line; whoever mends it begins with the first. How many there are is always told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a file that its sender should know; a fault unless it is a warning.

    `line` is where an editor or a spreadsheet shows it, counted from 1 with the headings; of GeoJSON, GeoPackage and
    Shapefile the number of the feature. `sheet` names the sheet of a workbook, `column` the heading or property, `key`
    the code of what the line is about. What concerns the whole file has neither line nor key. `code` is stable.
    """

    code: str
    detail: str
    line: int | None = None
    sheet: str | None = None
    column: str | None = None
    key: str | None = None
    is_warning: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as a member of a problem's `errors`, without what is not there.

        `pointer` leads from the sheet to the line to the column; it is empty for the whole file.
        """
        parts = (str(part) for part in (self.sheet, self.line, self.column) if part is not None)
        pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
        told: dict[str, Any] = {"pointer": pointer, "code": self.code, "detail": self.detail}
        for name in ("line", "sheet", "column", "key"):
            value = getattr(self, name)
            if value is not None:
                told[name] = value
        return told


class ImportRefused(Refusal):
    """The file has faults; nothing of it was taken."""

    code = "import_refused"

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Tell the first faults, and how many there are; warnings don't refuse a file."""
        self.findings = tuple(findings)
        faults = [finding for finding in self.findings if not finding.is_warning]
        first = faults[0]
        place = f" (line {first.line})" if first.line is not None else ""
        super().__init__(
            f"{first.detail}{place}"
            if len(faults) == 1
            else f"{len(faults)} things are wrong; the first: {first.detail}{place}",
            errors=[fault.as_json() for fault in faults[:FINDINGS_TOLD_MAX]],
            wrong=len(faults),
        )


@dataclass(frozen=True, slots=True)
class ImportChange:
    """What a file changes: the codes of what is new, different and gone, and how many stay as they are."""

    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file, or would become of it: `is_preview` tells that nothing was stored."""

    change: ImportChange
    findings: Sequence[Finding] = ()
    is_preview: bool = False

    @property
    def faults(self) -> list[Finding]:
        """What keeps the file from being taken."""
        return [finding for finding in self.findings if not finding.is_warning]

    @property
    def warnings(self) -> list[Finding]:
        """What its sender should look at, though the file can be taken."""
        return [finding for finding in self.findings if finding.is_warning]


def require_no_fault(findings: Sequence[Finding]) -> None:
    """Raise ImportRefused when something among the findings is more than a warning."""
    if any(not finding.is_warning for finding in findings):
        raise ImportRefused(findings)
