"""Whole classes with their conditions, in force and retired, as they are stored and changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.domain.catalogue import Category, Condition


@dataclass(frozen=True, slots=True)
class ClassState:
    """A whole class with its conditions by number, those that are retired among them."""

    category: Category
    conditions: Mapping[int, Condition]
    retired: frozenset[int] = frozenset()
    is_active: bool = True

    @property
    def in_force(self) -> list[str]:
        """The codes that a report may name: the class and its conditions; none of a retired class."""
        if not self.is_active:
            return []
        numbers = self.conditions.keys() - self.retired
        return [self.category.code, *(self.conditions[number].code for number in sorted(numbers))]


@dataclass(frozen=True, slots=True)
class StoredClass:
    """A class as it is stored, with the ids of its rows."""

    id: int
    version: int
    state: ClassState
    condition_ids: Mapping[int, int]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others: a code counts within its scheme."""
        return self.state.category.scheme, self.state.category.code


def class_json(state: ClassState) -> dict[str, Any]:
    """Return a class, its conditions apart, as it is kept of a change."""
    category = state.category
    return {
        "scheme": category.scheme,
        "major_zh": category.major_zh,
        "major_en": category.major_en,
        "minor_zh": category.minor_zh,
        "minor_en": category.minor_en,
        "questions": category.questions and dict(category.questions),
        "is_active": state.is_active,
    }


def condition_json(state: ClassState | None, number: int) -> dict[str, Any] | None:
    """Return one of its conditions likewise; None where it has none of this number."""
    condition = state.conditions.get(number) if state else None
    if state is None or condition is None:
        return None
    return {
        "condition_zh": condition.condition_zh,
        "condition_en": condition.condition_en,
        "closing_zh": condition.closing_zh,
        "closing_en": condition.closing_en,
        "limit": {"value": condition.limit.value, "unit": condition.limit.unit.value},
        "milestones": [milestone.as_json() for milestone in condition.milestones],
        "after_photo": condition.after_photo,
        "self_fix": condition.self_fix,
        "is_active": number not in state.retired,
    }
