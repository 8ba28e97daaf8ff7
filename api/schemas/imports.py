"""Imported files on the wire: what was, or would be, changed, and what their sender should know."""

from pydantic import Field

from api.domain.imports import FINDINGS_TOLD_MAX, Finding, Imported
from api.schemas.base import Output


class FindingShown(Output):
    """Something about a file; where it is as far as that can be said."""

    code: str
    detail: str
    line: int | None = Field(
        description="Counted from 1 with the headings; of map files the feature's number."
    )
    sheet: str | None
    column: str | None
    key: str | None = Field(description="Code of what the line is about.")


class ImportShown(Output):
    """What a file did, or would do. A preview tells its faults; a file with faults is refused otherwise."""

    is_preview: bool
    is_acceptable: bool = Field(description="Whether the file has no fault.")
    added: list[str]
    changed: list[str]
    removed: list[str] = Field(description="No longer in force, because the file does not have them.")
    unchanged: int
    faults: list[FindingShown] = Field(description=f"At most {FINDINGS_TOLD_MAX}.")
    fault_count: int
    warnings: list[FindingShown] = Field(description=f"At most {FINDINGS_TOLD_MAX}.")
    warning_count: int


def import_shown(imported: Imported) -> ImportShown:
    """Show what became of a file."""
    change = imported.change
    return ImportShown(
        is_preview=imported.is_preview,
        is_acceptable=not imported.faults,
        added=list(change.added),
        changed=list(change.changed),
        removed=list(change.removed),
        unchanged=change.unchanged,
        faults=[finding_shown(fault) for fault in imported.faults[:FINDINGS_TOLD_MAX]],
        fault_count=len(imported.faults),
        warnings=[finding_shown(warning) for warning in imported.warnings[:FINDINGS_TOLD_MAX]],
        warning_count=len(imported.warnings),
    )


def finding_shown(finding: Finding) -> FindingShown:
    """Show one finding."""
    return FindingShown(
        code=finding.code,
        detail=finding.detail,
        line=finding.line,
        sheet=finding.sheet,
        column=finding.column,
        key=finding.key,
    )
