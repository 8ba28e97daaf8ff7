"""Counts on the wire, and the names of the marks that tickets are counted by."""

from dataclasses import dataclass

from api.domain.lifecycle import STATE_NAMES, State
from api.domain.limits import Language
from api.domain.reference import Reference
from api.language import name_in
from api.schemas.base import Output


class CountShown(Output):
    """How many tickets bear one mark."""

    key: str | None
    name: str | None
    count: int


class Counts(Output):
    """Counts by one mark, most first."""

    items: list[CountShown]


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark's stable key and its name for people."""

    key: str | None
    name: str | None


def named_mark(by: str, key: str | int | None, reference: Reference, language: Language) -> Mark:
    """Name a mark: a unit by its code, a state, class or grid by its name; others speak for themselves."""
    if key is None:
        return Mark(None, None)
    if by == "unit" and isinstance(key, int):
        unit = reference.units[key]
        return Mark(unit.code, name_in(language, unit.name_zh, unit.name_en))
    text = str(key)
    if by == "state":
        return Mark(text, name_in(language, *STATE_NAMES[State(text)]))
    if by == "category" and text in reference.categories_by_code:
        category = reference.categories_by_code[text]
        return Mark(text, name_in(language, category.minor_zh, category.minor_en))
    if by == "grid" and text in reference.grids:
        grid = reference.grids[text]
        return Mark(text, name_in(language, grid.name_zh, grid.name_en))
    return Mark(text, text)
