"""The catalogue as phones hold it: made once in each language, whole or as what changed since a stamp."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from api.domain.catalogue_stamps import (
    CLASS_PARTS,
    UNIT_PARTS,
    Known,
    Stamp,
    differing,
    digest_of,
    digests_of,
    part_of,
)
from api.domain.limits import Language
from api.domain.reference import Reference
from api.language import name_in
from api.schemas.base import GridStep, Output
from api.schemas.catalogue import (
    CatalogDelta,
    CatalogGone,
    CatalogShown,
    ClassShown,
    MajorShown,
    PoliciesShown,
    UnitShown,
    class_shown,
    majors_shown,
    policies_shown,
    unit_shown,
)
from api.schemas.lifecycle import LifecycleTable, lifecycle_table


@dataclass(frozen=True, slots=True)
class ShownCatalogue:
    """All that is the same for everybody who reads one language; the own grids come on top."""

    reference: Reference
    language: Language
    majors: list[MajorShown]
    classes: Mapping[str, ClassShown]
    units: Mapping[str, UnitShown]
    lifecycle: LifecycleTable
    policies: PoliciesShown
    known_classes: Sequence[str]
    known_units: Sequence[str]
    stamp: Stamp
    """Without the own grids."""

    @classmethod
    def of(cls, reference: Reference, language: Language) -> "ShownCatalogue":
        """Show the reference data in a language."""
        catalogue = reference.catalogue
        categories = [catalogue.categories[code] for code in sorted(catalogue.categories)]
        majors = majors_shown(categories, language)
        classes = {
            one.code: class_shown(one, catalogue.conditions_by_category[one.code], language)
            for one in categories
        }
        units = {
            code: unit_shown(unit, language)
            for code, unit in sorted(reference.units_by_code.items())
            if unit.is_active
        }
        lifecycle = lifecycle_table(reference.policies.closing, language)
        policies = policies_shown(reference.policies)
        known_classes = [category.code for _, category in sorted(reference.known_categories.items())]
        known_units = [unit.code for _, unit in sorted(reference.units.items())]
        stamp = Stamp(
            known_classes=Known.of(known_classes),
            known_units=Known.of(known_units),
            majors=digest_of(map(_written, majors)),
            grids=b"",
            lifecycle=digest_of([_written(lifecycle)]),
            policies=digest_of([_written(policies)]),
            classes=digests_of({code: _written(one) for code, one in classes.items()}, CLASS_PARTS),
            units=digests_of({code: _written(one) for code, one in units.items()}, UNIT_PARTS),
        )
        return cls(
            reference,
            language,
            majors,
            classes,
            units,
            lifecycle,
            policies,
            known_classes,
            known_units,
            stamp,
        )

    def whole(self, grid_codes: Sequence[str]) -> CatalogShown:
        """Return everything, for somebody on duty in these grids."""
        grids = self._grids(grid_codes)
        return CatalogShown(
            complete=True,
            stamp=self._stamp(grids).text(),
            version=self.reference.version,
            majors=self.majors,
            classes=list(self.classes.values()),
            units=list(self.units.values()),
            grids=grids,
            lifecycle=self.lifecycle,
            policies=self.policies,
        )

    def since(self, text: str, grid_codes: Sequence[str]) -> CatalogDelta | CatalogShown:
        """Return what differs from what a stamp tells of; everything when that can't be known."""
        held = Stamp.read(text)
        if (
            held is None
            or not held.known_classes.are_first_of(self.known_classes)
            or not held.known_units.are_first_of(self.known_units)
        ):
            return self.whole(grid_codes)
        grids = self._grids(grid_codes)
        stamp = self._stamp(grids)
        classes, units = differing(held.classes, stamp.classes), differing(held.units, stamp.units)
        return CatalogDelta(
            complete=False,
            stamp=stamp.text(),
            version=self.reference.version,
            majors=self.majors if held.majors != stamp.majors else None,
            classes=[one for code, one in self.classes.items() if part_of(code, CLASS_PARTS) in classes],
            units=[one for code, one in self.units.items() if part_of(code, UNIT_PARTS) in units],
            grids=grids if held.grids != stamp.grids else None,
            lifecycle=self.lifecycle if held.lifecycle != stamp.lifecycle else None,
            policies=self.policies if held.policies != stamp.policies else None,
            gone=CatalogGone(
                classes=[
                    code
                    for code in sorted({*self.known_classes} - self.classes.keys())
                    if part_of(code, CLASS_PARTS) in classes
                ],
                units=[
                    code
                    for code in sorted({*self.known_units} - self.units.keys())
                    if part_of(code, UNIT_PARTS) in units
                ],
            ),
        )

    def _grids(self, codes: Sequence[str]) -> list[GridStep]:
        # A duty may outlive its grid, which is then no longer among those in force.
        return [
            GridStep(
                code=grid.code, name=name_in(self.language, grid.name_zh, grid.name_en), level=grid.level
            )
            for grid in map(self.reference.grids.get, codes)
            if grid is not None
        ]

    def _stamp(self, grids: Sequence[GridStep]) -> Stamp:
        return replace(self.stamp, grids=digest_of(map(_written, grids)))


class CatalogueShelf:
    """Keeps the catalogue as it is shown, in each language, until the reference data change."""

    def __init__(self) -> None:
        self._kept: dict[Language, ShownCatalogue] = {}

    def take(self, reference: Reference, language: Language) -> ShownCatalogue:
        """Return the catalogue of this snapshot in a language."""
        kept = self._kept.get(language)
        if kept is None or kept.reference is not reference:
            kept = self._kept[language] = ShownCatalogue.of(reference, language)
        return kept


def _written(shown: Output) -> bytes:
    return shown.model_dump_json(by_alias=True).encode()
