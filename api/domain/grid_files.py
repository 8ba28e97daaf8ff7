"""Files of grids: what one says, and grids as one has them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs
from api.domain.grid_checks import GridFault, fault_words
from api.domain.grid_drafts import Bounds, GridDraft, read_grid_drafts
from api.domain.grid_fields import GridFields, has_field
from api.domain.grids import CodePattern
from api.domain.imports import Finding
from api.domain.map_files import MapFile
from api.domain.map_shapes import flat_in_wgs84


@dataclass(frozen=True, slots=True)
class GridFile:
    """The grids of a file, each with a code of its own, and what was found while it was read.

    `has_units` tells whether it says anything of units: one that does not leaves them as they are.
    """

    drafts: tuple[GridDraft, ...]
    findings: tuple[Finding, ...] = ()
    has_units: bool = True
    invalid: tuple["InvalidGrid", ...] = ()


@dataclass(frozen=True, slots=True)
class InvalidGrid:
    """A grid whose rings cross themselves or each other, in EPSG:4326."""

    code: str | None
    shape: BaseGeometry
    detail: str


def read_grid_file(file: MapFile, crs: Crs, pattern: CodePattern, present: Bounds | None) -> GridFile:
    """Return what a map says of grids; `present` is the box around those in force, None for none."""
    fields = GridFields()
    drafts, findings = read_grid_drafts(file, crs, pattern, fields, present)
    has_units = has_field((feature.properties for feature in file.features), fields.unit)
    return GridFile(drafts, findings, has_units, tuple(_invalid(file, crs, findings)))


def _invalid(file: MapFile, crs: Crs, findings: Iterable[Finding]) -> Iterator[InvalidGrid]:
    shapes = {feature.number: feature.geometry for feature in file.features}
    for finding in findings:
        shape = shapes.get(finding.line) if finding.line is not None else None
        if finding.code == "shape_invalid" and shape is not None:
            yield InvalidGrid(finding.key, flat_in_wgs84([shape], crs)[0], finding.detail)


def unreadable_grid_file(findings: Iterable[Finding]) -> GridFile:
    """Return a file of which nothing but its faults could be read."""
    return GridFile((), tuple(findings), has_units=False)


def grid_feature(grid: GridDraft) -> dict[str, Any]:
    """Return a grid as a GeoJSON feature from which `read_grid_file` reads the very same grid.

    Coordinates have all their digits: rounded, they would be a change of the border.
    """
    properties = {
        "code": grid.code,
        "level": grid.level.value,
        "name_zh": grid.name_zh,
        "name_en": grid.name_en,
        "parent": grid.parent,
        "unit": grid.unit,
    }
    return {
        "type": "Feature",
        "id": grid.code,
        "properties": properties,
        "geometry": shapely.geometry.mapping(grid.shape),
    }


def fault_feature(fault: GridFault) -> dict[str, Any]:
    """Return a place where grids don't fit as a GeoJSON feature, for a look at it on a map."""
    properties = {
        "kind": fault.kind.value,
        "codes": ", ".join(fault.codes),
        "parent": fault.parent,
        "area_m2": round(fault.area_m2, 3),
        "is_sliver": fault.is_sliver,
        "is_warning": fault.is_warning,
        "detail": fault_words(fault),
    }
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(fault.shape)}


def invalid_feature(invalid: InvalidGrid) -> dict[str, Any]:
    """Return a grid that is not valid as a GeoJSON feature like those of `fault_feature`."""
    properties = {
        "kind": "invalid",
        "codes": invalid.code or "",
        "parent": None,
        "area_m2": None,
        "is_sliver": False,
        "is_warning": False,
        "detail": invalid.detail,
    }
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(invalid.shape)}
