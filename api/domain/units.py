"""Responsible units (责任单位) as an administrator writes them down, and what is wrong with such an entry."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from api.domain.errors import FieldWrong
from api.domain.reference import UnitFacts

UNIT_CODE_PATTERN, UNIT_CODE_MAX = r"^[a-z0-9][a-z0-9_-]*$", 40
UNIT_NAME_MAX = 100


def is_unit_code(text: str) -> bool:
    """Tell whether a unit may have this code."""
    return len(text) <= UNIT_CODE_MAX and re.fullmatch(UNIT_CODE_PATTERN, text) is not None


class UnitKind(StrEnum):
    """The peer group a unit is compared in; groups are never ranked together."""

    BUREAU = "bureau"
    STREET = "street"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class UnitDraft:
    """A whole unit as it should be; `parent` and `calendar` are codes."""

    code: str
    name_zh: str
    name_en: str
    kind: UnitKind
    parent: str | None
    phone: str | None
    calendar: str
    is_fallback: bool
    is_active: bool

    @classmethod
    def of(cls, facts: UnitFacts, units: Mapping[int, UnitFacts]) -> "UnitDraft":
        """Write a stored unit down like a draft, so that the two can be compared."""
        return cls(
            code=facts.code,
            name_zh=facts.name_zh,
            name_en=facts.name_en,
            kind=UnitKind(facts.kind),
            parent=units[facts.parent_id].code if facts.parent_id is not None else None,
            phone=facts.phone,
            calendar=facts.calendar_code,
            is_fallback=facts.is_fallback,
            is_active=facts.is_active,
        )

    def as_facts(self) -> dict[str, Any]:
        """Return what is kept of the unit when it changes: all but its code, as plain values."""
        facts = asdict(self)
        del facts["code"]
        return facts


def check_unit(draft: UnitDraft, units: Mapping[int, UnitFacts], calendars: Collection[str]) -> int | None:
    """Return the id of the draft's parent among the stored units, None for none.

    Raises FieldWrong for a parent or calendar that does not exist, and for a parent that is the unit itself or
    below it: escalation climbs from parent to parent and has to arrive somewhere.
    """
    if draft.calendar not in calendars:
        raise FieldWrong("/calendar", "calendar_unknown", f"There is no calendar {draft.calendar!r}.")
    if draft.parent is None:
        return None
    by_code = {unit.code: unit for unit in units.values()}
    above = parent = by_code.get(draft.parent)
    if draft.parent != draft.code and parent is None:
        raise FieldWrong("/parent", "unit_unknown", "There is no such unit.", unit=draft.parent)
    while above is not None and above.code != draft.code:
        above = units[above.parent_id] if above.parent_id is not None else None
    if parent is None or above is not None:
        raise FieldWrong("/parent", "unit_loop", "A unit can't be below itself.", unit=draft.parent)
    return parent.id
