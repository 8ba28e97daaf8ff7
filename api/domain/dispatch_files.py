"""Reads dispatch rules from plain mappings, as YAML gives them, so that a city can keep its rules in git.

- id: street-vending
  category: E0406            # or E04, or E; left out: all classes
  condition: 1               # left out: all conditions
  grid_prefix: "990101001"   # left out: everywhere; in quotes, since codes are text
  source: hotline            # left out: all sources
  lead_unit: cityscape
  helping_units: [traffic]
  limit: {value: 4, unit: working_hour}
  priority: high
  order: -10                 # only between rules that are otherwise equally specific
  valid_from: 2026-10-01T00:00:00+08:00
  valid_until: 2026-10-09T00:00:00+08:00
  name_zh: 占道经营
  name_en: Street vending
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import FieldWrong
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit

_Value = TypeVar("_Value")

_NEEDED = {"id", "lead_unit", "name_zh", "name_en"}


def rule_from_mapping(mapping: Mapping[str, object], pointer: str = "") -> DispatchRule:
    """Make a rule; `FieldWrong`, pointing below `pointer`, for unknown, missing or mistyped fields.

    Numbers are not taken for codes: `grid_prefix: 990101001` is refused, since `0601` would lose its zero.
    """
    for key in mapping:
        if key not in _READERS:
            raise FieldWrong(f"{pointer}/{key}", "field_unknown", "A rule has no such field.")
    for key in sorted(_NEEDED):
        if key not in mapping:
            raise FieldWrong(f"{pointer}/{key}", "field_missing", "Every rule needs this field.")
    fields: dict[str, object] = {}
    for key, value in mapping.items():
        try:
            fields[key] = _READERS[key](value)
        except _NotReadable as error:
            raise FieldWrong(f"{pointer}/{key}", "field_mistyped", f"{error} is expected.") from None
    try:
        return DispatchRule(**{"category": "", **fields})  # pyright: ignore[reportArgumentType]  read by _READERS
    except FieldWrong as wrong:
        raise FieldWrong(pointer + wrong.pointer, wrong.field_code, wrong.detail) from None


def rules_from_list(entries: object, pointer: str = "") -> tuple[DispatchRule, ...]:
    """Make all rules of a file; `FieldWrong` for the first that is not one. An empty file has no rules."""
    if not isinstance(entries, list):
        raise FieldWrong(pointer, "field_mistyped", "A list of rules is expected.")
    rules: list[DispatchRule] = []
    for number, entry in enumerate(cast("list[object]", entries)):
        if not isinstance(entry, dict):
            raise FieldWrong(f"{pointer}/{number}", "field_mistyped", "A rule with its fields is expected.")
        named = {str(key): value for key, value in cast("dict[object, object]", entry).items()}
        rules.append(rule_from_mapping(named, f"{pointer}/{number}"))
    return tuple(rules)


class _NotReadable(Exception):  # noqa: N818  never leaves this module; its text says what is expected
    """A value has the wrong type."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _NotReadable("Text (in quotes if it looks like a number)")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _NotReadable("A whole number")
    return value


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, datetime):
        raise _NotReadable("An instant such as 2026-10-01T00:00:00+08:00")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _NotReadable("A list of codes")
    return tuple(_text(one) for one in cast("Sequence[object]", value))


def _limit(value: object) -> Limit:
    members = cast("dict[object, object]", value) if isinstance(value, dict) else {}
    number, unit = members.get("value"), members.get("unit")
    if (
        set(members) == {"value", "unit"}
        and isinstance(number, int)
        and not isinstance(number, bool)
        and 1 <= number <= LARGEST_LIMIT
        and isinstance(unit, str)
        and unit in set(LimitUnit)
    ):
        return Limit(number, LimitUnit(unit))
    raise _NotReadable(f"A limit with value (1 to {LARGEST_LIMIT}) and unit ({', '.join(LimitUnit)})")


def _or_none(read: Callable[[object], _Value]) -> Callable[[object], _Value | None]:
    return lambda value: None if value is None else read(value)


_READERS: Mapping[str, Callable[[object], object]] = {
    "id": _text,
    "category": _text,
    "condition": _or_none(_whole),
    "grid_prefix": _text,
    "source": _or_none(_text),
    "lead_unit": _text,
    "helping_units": _texts,
    "limit": _or_none(_limit),
    "priority": _or_none(_text),
    "order": _whole,
    "valid_from": _or_none(_instant),
    "valid_until": _or_none(_instant),
    "name_zh": _text,
    "name_en": _text,
}
