"""What is kept of every change of an office's data: what it was, what it became, who did it and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Noun(StrEnum):
    """What was changed. Calendars keep whole versions of their own; accounts have a history that names no phone."""

    GRID = "grid"
    AREA = "area"
    PLACE = "place"
    PLACE_TYPE = "place_type"
    CATEGORY = "category"
    CONDITION = "condition"
    UNIT = "unit"
    RULE = "rule"
    POLICY = "policy"
    CHECKPOINT = "checkpoint"
    ROSTER = "roster"
    PATROL_PLAN = "patrol_plan"


@dataclass(frozen=True, slots=True)
class KeptChange:
    """One change of one thing, named by its code: what it was before (None: it is new) and is now (None: it ended).

    Both hold plain JSON values. Of a large geometry they tell what a person compares, such as its area in m².
    """

    noun: Noun
    code: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def fields(self) -> list[str]:
        """The names of what differs, in order."""
        before, after = self.before or {}, self.after or {}
        return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
