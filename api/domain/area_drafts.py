"""Areas as an administrator writes them down, and what is wrong with such an entry."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from shapely import MultiPolygon

from api.domain.areas import AreaFacts, AreaKind
from api.domain.errors import FieldWrong
from api.domain.map_shapes import area_m2
from api.domain.reference import UnitFacts
from api.domain.shapes import shape_sha256


@dataclass(frozen=True, slots=True)
class AreaDuty:
    """Somebody's days on an area, the first and the last included; `person` is a user name."""

    person: str
    from_on: date
    to_on: date | None = None

    def overlaps(self, other: "AreaDuty") -> bool:
        """Tell whether both are of the same person and on the same day."""
        return (
            self.person == other.person
            and self.from_on <= (other.to_on or date.max)
            and other.from_on <= (self.to_on or date.max)
        )


@dataclass(frozen=True, slots=True)
class AreaDraft:
    """A whole area as it should be; `unit` is a code."""

    code: str
    kind: AreaKind
    name_zh: str
    name_en: str
    shape: MultiPolygon = field(compare=False)
    shape_sha256: str = field(init=False)
    unit: str | None = None
    leader: str = ""
    task: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    minimum_staff: int = 0
    is_active: bool = True
    duties: tuple[AreaDuty, ...] = ()

    def __post_init__(self) -> None:
        """Compare shapes by their vertices, as they are stored."""
        object.__setattr__(self, "shape_sha256", shape_sha256(self.shape))

    def in_order(self) -> "AreaDraft":
        """Return it as it is stored: duties in the order of their first days, then of user names."""
        return replace(self, duties=tuple(sorted(self.duties, key=lambda one: (one.from_on, one.person))))

    @classmethod
    def of(
        cls, facts: AreaFacts, unit: str | None, shape: MultiPolygon, duties: Collection[AreaDuty]
    ) -> "AreaDraft":
        """Write a stored area down like a draft, so that the two can be compared; `unit` is the code of its unit."""
        return cls(
            code=facts.code,
            kind=facts.kind,
            name_zh=facts.name_zh,
            name_en=facts.name_en,
            shape=shape,
            unit=unit,
            leader=facts.leader,
            task=facts.task,
            valid_from=facts.valid_from,
            valid_to=facts.valid_to,
            minimum_staff=facts.minimum_staff,
            is_active=facts.is_active,
            duties=tuple(duties),
        )

    def facts(self, units: Mapping[str, UnitFacts], version: int) -> AreaFacts:
        """Return it as the snapshot has it at this version; of `units`, by code, one made a moment ago may miss."""
        return AreaFacts(
            code=self.code,
            kind=self.kind,
            name_zh=self.name_zh,
            name_en=self.name_en,
            unit_id=units[self.unit].id if self.unit is not None and self.unit in units else None,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            leader=self.leader,
            task=self.task,
            minimum_staff=self.minimum_staff,
            is_active=self.is_active,
            version=version,
        )

    def told(self) -> dict[str, Any]:
        """Return what is kept of it when it changes: plain JSON values, and of the shape what people compare."""
        return {
            "kind": self.kind,
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "area_m2": round(area_m2(self.shape), 1),
            "shape_sha256": self.shape_sha256,
            "unit": self.unit,
            "leader": self.leader,
            "task": self.task,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "minimum_staff": self.minimum_staff,
            "is_active": self.is_active,
            "people": [
                [one.person, one.from_on.isoformat(), one.to_on.isoformat() if one.to_on else None]
                for one in self.duties
            ],
        }


def check_area(draft: AreaDraft, units: Mapping[str, UnitFacts], people: Collection[str]) -> None:
    """Raise FieldWrong for what can't be meant.

    That is a unit or a person that does not exist, spans that end before they begin, and days of one person that
    overlap. `people` are those of the draft's people who exist.
    """
    if draft.valid_from and draft.valid_to and draft.valid_to < draft.valid_from:
        raise FieldWrong("/valid_to", "ends_before_it_begins", "An area ends on its first day or later.")
    for index, duty in enumerate(draft.duties):
        pointer = f"/people/{index}"
        if duty.person not in people:
            raise FieldWrong(
                f"{pointer}/person", "person_unknown", "There is no such person.", person=duty.person
            )
        if duty.to_on is not None and duty.to_on < duty.from_on:
            raise FieldWrong(
                f"{pointer}/to_on", "ends_before_it_begins", "A duty ends on its first day or later."
            )
        if any(duty.overlaps(other) for other in draft.duties[:index]):
            raise FieldWrong(pointer, "duty_repeated", "Two duties of one person are on the same day.")
    unit = units.get(draft.unit) if draft.unit is not None else None
    if draft.unit is not None and (unit is None or (draft.is_active and not unit.is_active)):
        raise FieldWrong("/unit", "unit_unknown", "There is no such unit.", unit=draft.unit)
