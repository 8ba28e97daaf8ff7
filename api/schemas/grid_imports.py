"""Imported grids and their versions on the wire."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.domain.geo import Crs
from api.domain.grid_checks import FaultKind, GridFault
from api.domain.grids import GridLevel
from api.domain.imports import Imported
from api.domain.map_shapes import area_m2
from api.domain.reference import Reference
from api.language import LanguageCode, name_in
from api.queries.grid_versions import GridVersion
from api.schemas.base import Input, Named, Output, PrintableText
from api.schemas.imports import ImportShown, import_shown


class GridImportQuery(Input):
    """How a file of grids is meant."""

    crs: Crs = Field(description="The coordinate system of the file, as its sender knows it.")
    dry_run: bool = Field(default=False, description="Store nothing; say what would change.")
    complete: bool = Field(default=False, description="The file has all grids: what it lacks ends.")
    allow_gaps: bool = Field(
        default=False, description="Gaps are warnings: lakes and barracks that nobody patrols."
    )
    layer: Annotated[str, Field(min_length=1, max_length=200), PrintableText] | None = Field(
        default=None, description="The layer of a GeoPackage that has several."
    )
    encoding: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")] | None = Field(
        default=None, description="Of the file's text, where it is not UTF-8 and the file does not say."
    )


class GridImportShown(ImportShown):
    """What a file of grids did, or would do, and how many places were found where grids don't fit together."""

    gap_count: int
    overlap_count: int
    overhang_count: int = Field(description="Parts of grids outside the grid around them.")
    sliver_count: int = Field(description="How many of all these are slivers.")


class GridVersionShown(Output):
    """A grid as it was for a time."""

    code: str
    version: int
    level: GridLevel
    name: str
    parent: str | None
    unit: Named | None = Field(description="The owner that was the grid's own, not of a grid around it.")
    area_m2: float
    valid_from: datetime
    valid_to: datetime | None = Field(description="Null: in force.")
    replaced_by: list[str] = Field(
        description="When the code has ended, the grids that took its area over, the largest part first."
    )


class GridVersions(Output):
    """All versions of one grid, the newest first."""

    items: list[GridVersionShown]


def grid_import_shown(imported: Imported, faults: Sequence[GridFault]) -> GridImportShown:
    """Show what became of a file of grids."""

    def count(kind: FaultKind) -> int:
        return sum(fault.kind is kind for fault in faults)

    return GridImportShown(
        **dict(import_shown(imported)),
        gap_count=count(FaultKind.GAP),
        overlap_count=count(FaultKind.OVERLAP),
        overhang_count=count(FaultKind.OVERHANG),
        sliver_count=sum(fault.is_sliver for fault in faults),
    )


def grid_versions_shown(
    versions: Iterable[GridVersion], reference: Reference, language: LanguageCode
) -> list[GridVersionShown]:
    """Show the versions of a grid, with its units as they are called today."""
    shown: list[GridVersionShown] = []
    for version in versions:
        grid = version.grid.draft
        unit = reference.units_by_code[grid.unit] if grid.unit is not None else None
        shown.append(
            GridVersionShown(
                code=grid.code,
                version=version.grid.version,
                level=grid.level,
                name=name_in(language, grid.name_zh, grid.name_en),
                parent=grid.parent,
                unit=Named(code=unit.code, name=name_in(language, unit.name_zh, unit.name_en))
                if unit
                else None,
                area_m2=round(area_m2(grid.shape), 1),
                valid_from=version.grid.valid_from,
                valid_to=version.valid_to,
                replaced_by=list(version.replaced_by),
            )
        )
    return shown
