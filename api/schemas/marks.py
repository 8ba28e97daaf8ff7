"""Counts on the wire, and the names of the marks that tickets are counted by."""

from collections.abc import Mapping
from dataclasses import dataclass

from api.domain.cases import Triage
from api.domain.lifecycle import STATE_NAMES, State
from api.domain.limits import Language
from api.domain.places import PlaceFacts
from api.domain.reference import GridFacts, Reference
from api.domain.triage_words import TRIAGE_WORDS
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
    """Name a mark: a unit by its code, a state, class, grid or place by its name; others speak for themselves."""
    if key is None:
        return Mark(None, None)
    if by == "unit" and isinstance(key, int):
        unit = reference.units[key]
        return Mark(unit.code, name_in(language, unit.name_zh, unit.name_en))
    text = str(key)
    words = _words(by, text, reference)
    return Mark(text, name_in(language, *words) if words else text)


def _words(by: str, key: str, reference: Reference) -> tuple[str, str] | None:
    """Return the name of a mark in Chinese and in English; None when it speaks for itself."""
    if by == "state":
        return STATE_NAMES[State(key)]
    if by == "triage":
        return TRIAGE_WORDS[Triage(key)].why
    if by == "category" and key in reference.categories_by_code:
        category = reference.categories_by_code[key]
        return category.minor_zh, category.minor_en
    where: dict[str, Mapping[str, GridFacts | PlaceFacts]] = {
        "grid": reference.known_grids,
        "place": reference.places.by_code,
    }
    named = where[by].get(key) if by in where else None
    return (named.name_zh, named.name_en) if named else None
