"""Whether grids fit together: each in its parent, no gap, no overlap."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Final, cast

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.grid_drafts import GridDraft
from api.domain.grids import GridLevel
from api.domain.imports import Finding
from api.domain.map_shapes import area_m2
from api.domain.tilings import Fault, check_tiling

ROUNDING_M2: Final = 1e-4
"""A square centimetre. Less than that is between lines that are drawn as one: computed crossings are not exact."""

_LEVELS: Final = tuple(GridLevel)
_MISPLACED_SHARE: Final = 0.5
"""A grid with more than this of its area outside its parent was given the wrong one."""


class FaultKind(StrEnum):
    """How grids don't fit."""

    GAP = "gap"
    """A part of a grid that none of the grids in it covers."""
    OVERLAP = "overlap"
    """What two grids of one level both cover."""
    OVERHANG = "overhang"
    """A part of a grid outside the grid that it belongs to."""


@dataclass(frozen=True, slots=True)
class GridFault:
    """A place where grids don't fit."""

    kind: FaultKind
    parent: str | None
    """The grid in which it was found; None for an overlap of grids that don't have the same."""
    codes: tuple[str, ...]
    """The grids it lies in or between, in order; none for a gap that touches none."""
    shape: BaseGeometry
    """The area that is empty, taken twice or outside; EPSG:4326."""
    area_m2: float
    is_sliver: bool
    """Smaller than the sliver size."""
    is_warning: bool
    """It does not keep the file from being taken."""


@dataclass(frozen=True, slots=True)
class GridReport:
    """What the check found."""

    findings: tuple[Finding, ...]
    """Each place that is no sliver, the slivers of each parent together, and grids with a wrong parent or none."""
    faults: tuple[GridFault, ...]
    """Each place, slivers included, for a map of them."""

    @property
    def has_fault(self) -> bool:
        """Whether something found is more than a warning."""
        return any(not finding.is_warning for finding in self.findings)


def check_grids(
    grids: Iterable[GridDraft],
    sliver_m2: float = 1.0,
    changed_codes: Collection[str] | None = None,
    *,
    allow_gaps: bool = False,
) -> GridReport:
    """Check all grids that would be in force after an import.

    `changed_codes` are the codes that the import adds, changes or removes; None means all. Only grids with a change
    in or of them are looked at, and what lies between grids that don't change is a warning: it was there before.
    Places smaller than `sliver_m2` are warnings, and so are all gaps with `allow_gaps`, for a city whose lakes and
    barracks nobody patrols. The grids of the highest level that is there need no parent; all others do.
    """
    check = _Check(sorted(grids, key=attrgetter("code")), sliver_m2, changed_codes, allow_gaps=allow_gaps)
    check.run()
    return GridReport(tuple(check.findings()), tuple(check.faults))


class _Check:
    """One check in progress."""

    def __init__(
        self,
        grids: Sequence[GridDraft],
        sliver_m2: float,
        changed: Collection[str] | None,
        *,
        allow_gaps: bool,
    ) -> None:
        self.faults: list[GridFault] = []
        self._wrong: list[Finding] = []
        self._misplaced: set[str] = set()
        self._compared: set[tuple[str, str]] = set()
        self._trees: dict[GridLevel, tuple[list[GridDraft], shapely.STRtree]] = {}
        self._allow_gaps = allow_gaps
        self._sliver_m2 = sliver_m2
        self._grids: Mapping[str, GridDraft] = {grid.code: grid for grid in grids}
        self._children: dict[str | None, list[GridDraft]] = {}
        for grid in grids:
            self._children.setdefault(self._present(grid.parent), []).append(grid)
        self._changed = frozenset(self._grids if changed is None else changed)
        self._removed = self._changed - self._grids.keys()
        self._bereft = {code[:length] for code in self._removed for length in range(1, len(code))}

    def run(self) -> None:
        self._require_parents()
        self._tell_undivided()
        for parent in sorted(code for code in self._children if code is not None):
            if self._is_touched(parent):
                self._check_parent(self._grids[parent], self._children[parent])
        roots = sorted(self._children.get(None, ()), key=lambda grid: _LEVELS.index(grid.level))
        for _, level in groupby(roots, key=attrgetter("level")):
            self._check_roots(list(level))

    def findings(self) -> Iterator[Finding]:
        """Yield what was found: faults first, the largest place first, and last the slivers."""
        places = sorted(
            (fault for fault in self.faults if not fault.is_sliver and not self._is_told(fault)),
            key=lambda fault: (fault.is_warning, -fault.area_m2),
        )
        yield from self._wrong
        for fault in places:
            yield self._finding(
                f"grid_{fault.kind}", fault_words(fault), fault.codes, is_warning=fault.is_warning
            )
        slivers = sorted(
            (fault for fault in self.faults if fault.is_sliver),
            key=lambda fault: (fault.parent or "", -fault.area_m2),
        )
        for parent, found in groupby(slivers, key=attrgetter("parent")):
            worst, *others = found
            total_m2 = worst.area_m2 + sum(fault.area_m2 for fault in others)
            detail = f"{fault_words(worst)} It is a sliver."
            if others:
                where = f"in {parent} " if parent else ""
                count = 1 + len(others)
                detail = (
                    f"{count} slivers {where}of {_m2(total_m2)} together; the largest: {fault_words(worst)}"
                )
            yield self._finding("grid_slivers", detail, worst.codes or (parent or "",), is_warning=True)

    def _require_parents(self) -> None:
        """Tell of changed grids whose parent is not there, though grids of its level or a higher one are."""
        highest = min((_LEVELS.index(grid.level) for grid in self._grids.values()), default=0)
        for grid in self._children.get(None, ()):
            is_orphaned = any(grid.code[:length] in self._removed for length in range(1, len(grid.code)))
            if _LEVELS.index(grid.level) == highest or not (grid.code in self._changed or is_orphaned):
                continue
            detail = f"The grid {grid.parent} that it lies in is neither in the file nor in force."
            self._wrong.append(self._finding("grid_parent_missing", detail, (grid.code,)))

    def _tell_undivided(self) -> None:
        """Tell of changed grids that nothing lies in, though grids of a lower level are there: cities grow so."""
        lowest = max((_LEVELS.index(grid.level) for grid in self._grids.values()), default=0)
        for code, grid in self._grids.items():
            is_touched = code in self._changed or code in self._bereft
            if is_touched and code not in self._children and _LEVELS.index(grid.level) < lowest:
                detail = f"No grids lie in this {grid.level} yet: places in it belong to none."
                self._wrong.append(self._finding("grid_undivided", detail, (code,), is_warning=True))

    def _check_parent(self, parent: GridDraft, children: Sequence[GridDraft]) -> None:
        shapes: dict[str, BaseGeometry] = {child.code: child.shape for child in children}
        tiling = check_tiling(shapes, parent.shape, self._sliver_m2)
        is_parent_new = parent.code in self._changed
        for fault in tiling.gaps:
            self._keep(FaultKind.GAP, parent.code, fault, is_fault=not self._allow_gaps)
        for fault in tiling.overlaps:
            self._keep(FaultKind.OVERLAP, parent.code, fault, is_fault=self._is_new(fault.codes))
        outside_m2: dict[str, float] = {}
        for fault in tiling.overhangs:
            (code,) = fault.codes
            is_fault = is_parent_new or self._is_new(fault.codes)
            self._keep(FaultKind.OVERHANG, parent.code, fault, is_fault=is_fault)
            outside_m2[code] = outside_m2.get(code, 0.0) + fault.area_m2
        astray = [self._grids[code] for code, m2 in outside_m2.items() if m2 > ROUNDING_M2]
        # Only a grid that reaches out of its parent can overlap with one of another.
        self._keep_overlaps(
            (child, other)
            for child in astray
            for other in self._near(child, child.level)
            if other.parent != child.parent
        )
        for child in astray:
            if outside_m2[child.code] > _MISPLACED_SHARE * area_m2(child.shape):
                self._tell_wrong_parent(child, parent)

    def _tell_wrong_parent(self, child: GridDraft, parent: GridDraft) -> None:
        """Tell whose grid it seems to be: the code of a child begins with its parent's, so one of them is wrong."""
        shared = [
            (shapely.intersection(grid.shape, child.shape).area, grid.code)
            for grid in self._near(child, parent.level)
        ]
        area, code = max(shared, default=(0.0, ""))
        where = (
            f"most of it lies in {code}"
            if area > _MISPLACED_SHARE * child.shape.area
            else "it lies elsewhere"
        )
        detail = f"By its code it lies in {parent.code}, but {where}."
        is_new = self._is_new((child.code, parent.code))
        self._misplaced.add(child.code)
        self._wrong.append(self._finding("grid_parent_wrong", detail, (child.code,), is_warning=not is_new))

    def _check_roots(self, grids: Sequence[GridDraft]) -> None:
        """Find overlaps among grids of one level that have no parent here."""
        self._keep_overlaps(
            (grid, other)
            for grid in grids
            if grid.code in self._changed
            for other in self._near(grid, grid.level)
            if other.code != grid.code and self._present(other.parent) is None
        )

    def _keep_overlaps(self, pairs: Iterable[tuple[GridDraft, GridDraft]]) -> None:
        """Keep what these grids of different parents, or of none, share; each pair is looked at once."""
        for one, other in pairs:
            codes = (min(one.code, other.code), max(one.code, other.code))
            if codes in self._compared:
                continue
            self._compared.add(codes)
            for part in shapely.get_parts(shapely.intersection(one.shape, other.shape)).tolist():
                m2 = area_m2(part)
                fault = Fault(codes, part, m2, is_sliver=m2 < self._sliver_m2)
                self._keep(FaultKind.OVERLAP, None, fault, is_fault=self._is_new(codes))

    def _near(self, grid: GridDraft, level: GridLevel) -> Iterator[GridDraft]:
        """Yield the grids of a level that touch this one."""
        if level not in self._trees:
            grids = [other for other in self._grids.values() if other.level is level]
            self._trees[level] = grids, shapely.STRtree([other.shape for other in grids])
        grids, tree = self._trees[level]
        for position in cast("list[int]", tree.query(grid.shape, "intersects").tolist()):
            yield grids[position]

    def _keep(self, kind: FaultKind, parent: str | None, fault: Fault, *, is_fault: bool) -> None:
        if fault.area_m2 >= ROUNDING_M2:
            is_warning = fault.is_sliver or not is_fault
            self.faults.append(
                GridFault(
                    kind,
                    parent,
                    fault.codes,
                    fault.shape,
                    fault.area_m2,
                    fault.is_sliver,
                    is_warning=is_warning,
                )
            )

    def _is_told(self, fault: GridFault) -> bool:
        """Whether a place only follows from a wrong parent that is told of."""
        return fault.kind is FaultKind.OVERHANG and fault.codes[0] in self._misplaced

    def _is_new(self, codes: Iterable[str]) -> bool:
        return any(code in self._changed for code in codes)

    def _is_touched(self, parent: str) -> bool:
        """Whether a grid or one directly in it is added, changed or removed."""
        return (
            parent in self._changed
            or any(child.code in self._changed for child in self._children[parent])
            or parent in self._bereft
        )

    def _present(self, code: str | None) -> str | None:
        return code if code in self._grids else None

    def _finding(self, code: str, detail: str, codes: Sequence[str], *, is_warning: bool = False) -> Finding:
        """Point at the first of the grids that is in the file, or else at the first."""
        numbered = (self._grids[key] for key in codes if key in self._grids)
        first = next((grid for grid in numbered if grid.number is not None), None)
        key = first.code if first else next(iter(codes), None)
        return Finding(
            code, detail, line=first.number if first else None, key=key or None, is_warning=is_warning
        )


def fault_words(fault: GridFault) -> str:
    """Say in a sentence what doesn't fit where."""
    size, codes = _m2(fault.area_m2), " and ".join(fault.codes)
    match fault.kind:
        case FaultKind.GAP:
            where = f", next to {', '.join(fault.codes)}" if fault.codes else ""
            return f"{size} of {fault.parent} belong to no grid in it{where}."
        case FaultKind.OVERLAP:
            return f"{codes} both cover {size}."
        case FaultKind.OVERHANG:
            return f"{size} of {codes} lie outside {fault.parent}."


def _m2(area: float) -> str:
    return f"{area:.0f} m²" if area >= 10 else f"{area:.2g} m²"  # noqa: PLR2004  two digits either way
