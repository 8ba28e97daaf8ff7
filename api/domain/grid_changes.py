"""What a file of grids does to those in force: what is new, what changes, what ends and who takes it over.

A code stands for one place for ever. A grid whose border, name, unit, parent or level is corrected gets a new version
of its code; a grid that a complete file no longer has ends, and its code with it. It can only be brought back where it
was: somebody had left it out by mistake.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.grid_drafts import GridDraft
from api.domain.imports import Finding, ImportChange
from api.domain.kept_changes import KeptChange, Noun
from api.domain.map_shapes import area_m2

_SAME_DEGREES: Final = 1e-9
"""A vertex that moves by less than a tenth of a millimetre has not moved."""

_SAME_PLACE_SHARE: Final = 0.99
"""How much of both areas two drawings of the same place have in common."""

_FACTS: Final = ("name_zh", "name_en", "level", "parent", "unit")


@dataclass(frozen=True, slots=True)
class ChangedGrid:
    """A grid whose code goes on with a new version."""

    before: GridDraft
    after: GridDraft
    fields: tuple[str, ...]
    """What differs: names of facts, or `area`."""


@dataclass(frozen=True, slots=True)
class EndedGrid:
    """A grid whose code is no longer in force."""

    before: GridDraft
    replaced_by: tuple[str, ...]
    """The codes of its level that cover its area now, the largest part first; slivers don't count."""


@dataclass(frozen=True)
class GridChange:
    """What becomes of the grids in force; everything in the order of codes."""

    added: tuple[GridDraft, ...]
    changed: tuple[ChangedGrid, ...]
    ended: tuple[EndedGrid, ...]
    after: Mapping[str, GridDraft]
    """All that will be in force, by code, with the parents that the file says, be they there or not."""
    unchanged: int
    """How many grids of the file stay as they are."""

    @property
    def is_empty(self) -> bool:
        """Whether everything stays as it is."""
        return not (self.added or self.changed or self.ended)

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes that begin, change or end."""
        begun = [grid.code for grid in self.added]
        return frozenset([*begun, *(one.after.code for one in self.changed), *self.ended_codes])

    @cached_property
    def ended_codes(self) -> tuple[str, ...]:
        """The codes that are no longer in force."""
        return tuple(one.before.code for one in self.ended)

    @property
    def told(self) -> ImportChange:
        """The change as every import tells it."""
        return ImportChange(
            added=[grid.code for grid in self.added],
            changed=[one.after.code for one in self.changed],
            removed=self.ended_codes,
            unchanged=self.unchanged,
        )

    def kept(self, versions: Mapping[str, int]) -> Iterator[KeptChange]:
        """Yield what is kept of the change; `versions` has the newest one of each code that ever was."""
        for grid in self.added:
            yield KeptChange(Noun.GRID, grid.code, None, _facts(grid, versions.get(grid.code, 0) + 1))
        for one in self.changed:
            version = versions[one.after.code]
            before, after = _facts(one.before, version), _facts(one.after, version + 1)
            yield KeptChange(Noun.GRID, one.after.code, before, after)
        for one in self.ended:
            yield KeptChange(Noun.GRID, one.before.code, _facts(one.before, versions[one.before.code]), None)


def compare_grids(
    in_force: Mapping[str, GridDraft],
    drafts: Iterable[GridDraft],
    *,
    is_complete: bool,
    sliver_m2: float,
    has_units: bool = True,
) -> GridChange:
    """Hold the grids of a file, each with a code of its own, against those in force.

    What the file lacks stays, or ends where the file `is_complete`. A file that says nothing of units (`has_units`
    false) leaves them as they are, and so does one without names (the code then stands for the name, the Chinese name
    of a new grid for the English one).
    """
    wanted = {
        draft.code: _completed(draft, in_force.get(draft.code), has_units=has_units) for draft in drafts
    }
    met = sorted(code for code in wanted if code in in_force)
    moved = _moved([in_force[code].shape for code in met], [wanted[code].shape for code in met])
    changed: list[ChangedGrid] = []
    after = {} if is_complete else dict(in_force)
    present = wanted.keys() if is_complete else wanted.keys() | in_force.keys()
    for code, has_moved in zip(met, moved, strict=True):
        before, now = in_force[code], _rooted(wanted[code], present)
        fields = [name for name in _FACTS if getattr(before, name) != getattr(now, name)]
        if has_moved:
            fields.append("area")
        if fields:
            changed.append(ChangedGrid(before, now, tuple(fields)))
        after[code] = wanted[code] if fields else before
    new = [wanted[code] for code in sorted(wanted.keys() - in_force.keys())]
    after.update((grid.code, grid) for grid in new)
    gone = [in_force[code] for code in sorted(in_force.keys() - after.keys())]
    return GridChange(
        added=tuple(_rooted(grid, present) for grid in new),
        changed=tuple(changed),
        ended=tuple(_ended(gone, after.values(), sliver_m2)),
        after=after,
        unchanged=len(met) - len(changed),
    )


def reused_codes(added: Iterable[GridDraft], last: Mapping[str, GridDraft]) -> list[Finding]:
    """Return a fault for each new grid whose code was that of another place; `last` has the ended grids by code."""
    return [
        Finding(
            "grid_code_ended",
            f"The code {grid.code} was that of another place and has ended: a code is never used again.",
            line=grid.number,
            column="code",
            key=grid.code,
        )
        for grid in added
        if grid.code in last and not _is_same_place(grid, last[grid.code])
    ]


def _completed(draft: GridDraft, before: GridDraft | None, *, has_units: bool) -> GridDraft:
    """Fill in what the file leaves open."""
    if before is None:
        return draft if draft.name_en else replace(draft, name_en=draft.name_zh)
    name_zh = before.name_zh if draft.name_zh == draft.code else draft.name_zh
    # An English name that is the Chinese one was never given.
    was_given = before.name_en != before.name_zh
    return replace(
        draft,
        name_zh=name_zh,
        name_en=draft.name_en or (before.name_en if was_given else name_zh),
        unit=draft.unit if has_units else before.unit,
    )


def _rooted(grid: GridDraft, present: Collection[str]) -> GridDraft:
    """Leave out a parent that is not there: the widest grids of a city's part name one, a street its district."""
    return grid if grid.parent is None or grid.parent in present else replace(grid, parent=None)


def _moved(before: Sequence[BaseGeometry], after: Sequence[BaseGeometry]) -> list[bool]:
    """Tell for each pair of areas whether they differ, wherever their rings begin and however they turn."""
    if not before:
        return []
    one, other = shapely.normalize(list(before)), shapely.normalize(list(after))
    return (~shapely.equals_exact(one, other, tolerance=_SAME_DEGREES)).tolist()


def _ended(gone: Sequence[GridDraft], after: Iterable[GridDraft], sliver_m2: float) -> Iterator[EndedGrid]:
    by_level: dict[str, list[GridDraft]] = {}
    for grid in after:
        by_level.setdefault(grid.level, []).append(grid)
    trees = {level: shapely.STRtree([grid.shape for grid in found]) for level, found in by_level.items()}
    for grid in gone:
        parts: list[tuple[float, str]] = []
        if grid.level in trees:
            for position in trees[grid.level].query(grid.shape, "intersects"):
                heir = by_level[grid.level][int(position)]
                common_m2 = area_m2(shapely.intersection(grid.shape, heir.shape))
                if common_m2 > sliver_m2:
                    parts.append((-common_m2, heir.code))
        yield EndedGrid(grid, tuple(code for _, code in sorted(parts)))


def _is_same_place(grid: GridDraft, last: GridDraft) -> bool:
    if (grid.level, grid.parent) != (last.level, last.parent):
        return False
    common = shapely.intersection(grid.shape, last.shape).area
    return common >= _SAME_PLACE_SHARE * max(grid.shape.area, last.shape.area)


def _facts(grid: GridDraft, version: int) -> dict[str, Any]:
    """Return of a grid what a person compares; where only its border moved, that is its version."""
    facts: dict[str, Any] = {name: getattr(grid, name) for name in _FACTS}
    return {**facts, "level": grid.level.value, "area_m2": round(area_m2(grid.shape), 1), "version": version}
