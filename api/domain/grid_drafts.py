"""Grids as a map file has them, and what is wrong with each by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs
from api.domain.grid_fields import GridFacts, GridFactsReader, GridFields
from api.domain.grids import CodePattern, GridLevel
from api.domain.imports import Finding
from api.domain.map_files import MapFeature, MapFile
from api.domain.map_junctions import with_junctions
from api.domain.map_places import declared_crs_findings, place_findings
from api.domain.map_shapes import SHIFTED, Bounds, area_m2, flat_in_wgs84

__all__ = ["Bounds", "GridDraft", "GridFields", "read_grid_drafts"]

_SMALLEST_M2: Final = 1.0
_LARGEST_M2: Final[Mapping[GridLevel, float]] = {
    GridLevel.UNIT_GRID: 1e7,
    GridLevel.COMMUNITY: 1e10,
    GridLevel.STREET: 1e11,
    GridLevel.DISTRICT: 3e11,
    GridLevel.CITY: 6e11,
}
"""A unit grid has about 10 000 m²; above that, what the emptiest places of the country have."""


@dataclass(frozen=True, slots=True)
class GridDraft:
    """A grid as somebody wants it, or as it is in force."""

    number: int | None
    """The number of its feature in the file; None for a grid that is in force and not in the file."""
    code: str
    name_zh: str
    """Its code if the file has no name."""
    name_en: str
    """Empty if the file has none."""
    level: GridLevel
    parent: str | None
    """The code of the grid around it; None for a city."""
    unit: str | None
    """The code of the responsible unit, as the file has it: whether it exists is not checked here."""
    shape: shapely.MultiPolygon
    """Valid, not empty, flat, EPSG:4326."""


def read_grid_drafts(
    file: MapFile,
    crs: Crs,
    pattern: CodePattern,
    fields: GridFields | None = None,
    present: Bounds | None = None,
) -> tuple[tuple[GridDraft, ...], tuple[Finding, ...]]:
    """Return the grids of a file that can be taken, and what is wrong or odd in it, in the order of the file.

    A feature with a fault is not among the grids. `crs` is what the sender says the coordinates are; `present` are
    the bounds of the grids in force, by which is told what lies far off or has its axes swapped.
    """
    findings = list(declared_crs_findings(file.declared_crs, crs))
    if any(not finding.is_warning for finding in findings):
        return (), tuple(findings)
    if not file.features:
        return (), (*findings, Finding("map_empty", "The file has no features."))
    reader = GridFactsReader(fields or GridFields(), pattern)
    without_codes = reader.finding_without_codes(feature.properties for feature in file.features)
    if without_codes is not None:
        return (), (*findings, without_codes)
    facts = {feature.number: reader.read(feature.number, feature.properties) for feature in file.features}
    shapes, wrong = _shapes(file, crs, reader.codes, present)
    told: list[Finding] = [*reader.findings, *wrong]
    drafts: list[GridDraft] = []
    for number, read in facts.items():
        shape = shapes.get(number)
        if shape is not None and read is not None:
            drafts.append(_draft(number, read, shape))
            told.extend(_odd_sizes(drafts[-1]))
    # Of the whole file first, then line by line; what is said of one line stays in its order.
    told.sort(key=lambda finding: finding.line or 0)
    return tuple(drafts), (*findings, *told)


def _shapes(
    file: MapFile, crs: Crs, codes: Mapping[int, str], present: Bounds | None
) -> tuple[dict[int, BaseGeometry], list[Finding]]:
    """Return the areas in EPSG:4326 by the numbers of their features, and what is wrong with the others."""
    findings: list[Finding] = []
    drawn: dict[int, BaseGeometry] = {}
    for feature in file.features:
        trouble = _trouble(feature)
        if trouble is not None:
            code, detail = trouble
            findings.append(Finding(code, detail, line=feature.number, key=codes.get(feature.number)))
        elif feature.geometry is not None:
            drawn[feature.number] = feature.geometry
    if any(shape.has_z for shape in drawn.values()):
        findings.append(Finding("heights_dropped", "Heights are not kept: grids are flat.", is_warning=True))
    misplaced = place_findings(drawn, codes, present)
    findings.extend(misplaced)
    faults = [finding for finding in misplaced if not finding.is_warning]
    if any(finding.line is None for finding in faults):
        return {}, findings
    refused = {finding.line for finding in faults}
    numbers = [number for number in drawn if number not in refused]
    flat = [drawn[number] for number in numbers]
    converted = flat_in_wgs84(with_junctions(flat) if crs in SHIFTED else flat, crs)
    valid: dict[int, BaseGeometry] = {}
    for number, shape in zip(numbers, converted, strict=True):
        # First as the file has it: there people look for the place that is named.
        wrong = next((one for one in (drawn[number], shape) if not one.is_valid), None)
        if wrong is None:
            valid[number] = shape
        else:
            words = _invalid_words(shapely.is_valid_reason(wrong))
            findings.append(Finding("shape_invalid", words, line=number, key=codes.get(number)))
    return valid, findings


def _trouble(feature: MapFeature) -> tuple[str, str] | None:
    """Return why the geometry of a feature is no area, as a code and a sentence."""
    shape = feature.geometry
    if feature.fault is not None:
        return "shape_unreadable", feature.fault
    if shape is None:
        return "shape_missing", "It has no geometry."
    if shape.is_empty:
        return "shape_missing", "Its geometry is empty."
    if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        return "shape_not_an_area", f"It is a {shape.geom_type}: a grid is a Polygon or a MultiPolygon."
    return None


def _invalid_words(reason: str) -> str:
    """Say where a ring goes wrong; GEOS puts the place behind its words, as `Self-intersection[116.1 39.9]`."""
    words, _, place = reason.partition("[")
    x, _, y = place.rstrip("]").partition(" ")
    where = f" at {x}, {y}" if y else ""
    return f"The area is not valid: {words.strip().lower()}{where}."


def _draft(number: int, facts: GridFacts, shape: BaseGeometry) -> GridDraft:
    area = shapely.MultiPolygon(shapely.get_parts(shape).tolist())
    return GridDraft(
        number, facts.code, facts.name_zh, facts.name_en, facts.level, facts.parent, facts.unit, area
    )


def _odd_sizes(draft: GridDraft) -> list[Finding]:
    size_m2 = area_m2(draft.shape)
    if size_m2 < _SMALLEST_M2:
        code, detail = "area_tiny", f"It has only {size_m2:.3g} m²."
    elif size_m2 > _LARGEST_M2[draft.level]:
        code, detail = "area_huge", f"It has {size_m2 / 1e6:.0f} km², too many for a {draft.level}."
    else:
        return []
    return [Finding(code, detail, line=draft.number, key=draft.code, is_warning=True)]
