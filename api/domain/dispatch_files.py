"""Reads dispatch rules from plain mappings, as YAML gives them, so that a city can keep its rules in git.

rules:
  - id: street-vending
    category: E0406            # or E04, or E; left out: all classes
    condition: 1               # left out: all conditions
    grid_prefix: "990101001"   # in quotes, since codes are text; instead of it place: school-3, area: festival
                               # or place_type: market; all left out: everywhere
    source: hotline            # left out: all sources
    lead_unit: cityscape
    helping_units: [traffic]
    limit: {value: 4, unit: working_hour}
    priority: high
    order: -10                 # only between rules that are otherwise equally specific
    valid_from: 2026-10-01T00:00:00+08:00
    valid_until: 2026-10-09T00:00:00+08:00
    hours:                     # left out: all hours; days from 1 (Monday) to 7, times in quotes, past midnight too
      - {days: [5, 6], from: "22:00", to: "06:00"}
    name_zh: 占道经营
    name_en: Street vending
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeVar, cast

from api.domain.dispatch_changes import RuleSet, RulesRefused, WrongRule, located
from api.domain.dispatch_hours import WeeklyHours, hours_from_json
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import FieldWrong
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit

_Value = TypeVar("_Value")

RULES_MAX = 10_000
"""Rules in one set. Offices have hundreds."""

_NEEDED = {"id", "lead_unit", "name_zh", "name_en"}
_NO_LINES: Mapping[str, int] = MappingProxyType({})


def rule_from_mapping(mapping: Mapping[str, object], pointer: str = "") -> DispatchRule:
    """Make a rule; `FieldWrong`, pointing below `pointer`, for unknown, missing or mistyped fields.

    Numbers are not taken for codes: `grid_prefix: 990101001` is refused, since `0601` would lose its zero.
    """
    for key in mapping:
        if key not in _READERS:
            raise FieldWrong(f"{pointer}/{escaped(key)}", "field_unknown", "A rule has no such field.")
    for key in sorted(_NEEDED):
        if key not in mapping:
            raise FieldWrong(f"{pointer}/{key}", "field_missing", "Every rule needs this field.")
    fields: dict[str, object] = {}
    for key, value in mapping.items():
        try:
            fields[key] = _READERS[key](value)
        except _NotReadable as error:
            raise FieldWrong(f"{pointer}/{key}", "field_mistyped", f"{error} is expected.") from None
        except FieldWrong as wrong:
            raise FieldWrong(f"{pointer}/{key}{wrong.pointer}", wrong.field_code, wrong.detail) from None
    try:
        return DispatchRule(**{"category": "", **fields})  # pyright: ignore[reportArgumentType]  read by _READERS
    except FieldWrong as wrong:
        raise FieldWrong(pointer + wrong.pointer, wrong.field_code, wrong.detail) from None


def rules_from_list(entries: object, pointer: str = "") -> tuple[DispatchRule, ...]:
    """Make all rules of a file; `FieldWrong` for the first that is not one. An empty file has no rules."""
    if not isinstance(entries, list):
        raise FieldWrong(pointer, "field_mistyped", "A list of rules is expected.")
    return tuple(
        _rule(entry, f"{pointer}/{number}") for number, entry in enumerate(cast("list[object]", entries))
    )


def read_rule_set(document: object, lines: Mapping[str, int] = _NO_LINES) -> RuleSet:
    """Make a complete set of rules of a document with the one member `rules`.

    Raises RulesRefused with the first mistake of each entry; `lines` says where a file has what is at a pointer.
    """
    members = cast("dict[object, object]", document) if isinstance(document, dict) else {}
    entries = members.get("rules")
    wrong = [
        WrongRule(f"/{escaped(str(key))}", "field_unknown", "A set of rules has `rules` and nothing else.")
        for key in members
        if key != "rules"
    ]
    if not isinstance(entries, list):
        wrong.append(WrongRule("/rules", "field_mistyped", "A list of rules is expected."))
        raise RulesRefused(located(wrong, lines))
    listed = cast("list[object]", entries)
    if len(listed) > RULES_MAX:
        wrong.append(WrongRule("/rules", "too_many", f"At most {RULES_MAX} rules are taken."))
        raise RulesRefused(located(wrong, lines))
    rules: list[DispatchRule] = []
    for number, entry in enumerate(listed):
        try:
            rules.append(_rule(entry, f"/rules/{number}"))
        except FieldWrong as mistake:
            wrong.append(WrongRule(mistake.pointer, mistake.field_code, mistake.detail))
    if wrong:
        raise RulesRefused(located(wrong, lines))
    return RuleSet(tuple(rules), lines)


def mapping_from_rule(rule: DispatchRule) -> dict[str, object]:
    """Return a rule as `rule_from_mapping` reads it, without what is as if it were left out; instants in UTC."""
    written: dict[str, object] = {
        "id": rule.id,
        "category": rule.category or None,
        "condition": rule.condition,
        "place": rule.place,
        "grid_prefix": rule.grid_prefix or None,
        "area": rule.area,
        "place_type": rule.place_type,
        "source": rule.source,
        "lead_unit": rule.lead_unit,
        "helping_units": list(rule.helping_units) or None,
        "limit": {"value": rule.limit.value, "unit": rule.limit.unit.value} if rule.limit else None,
        "priority": rule.priority,
        "order": rule.order or None,
        "valid_from": rule.valid_from.astimezone(UTC) if rule.valid_from else None,
        "valid_until": rule.valid_until.astimezone(UTC) if rule.valid_until else None,
        "hours": [one.as_json() for one in rule.hours] or None,
        "name_zh": rule.name_zh,
        "name_en": rule.name_en,
    }
    return {name: value for name, value in written.items() if value is not None}


def escaped(key: str) -> str:
    """Return a name as a step of a JSON pointer (RFC 6901, 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def _rule(entry: object, pointer: str) -> DispatchRule:
    if not isinstance(entry, dict):
        raise FieldWrong(pointer, "field_mistyped", "A rule with its fields is expected.")
    named = {str(key): value for key, value in cast("dict[object, object]", entry).items()}
    return rule_from_mapping(named, pointer)


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


def _hours(value: object) -> tuple[WeeklyHours, ...]:
    return hours_from_json(value, "")


def _or_none(read: Callable[[object], _Value]) -> Callable[[object], _Value | None]:
    return lambda value: None if value is None else read(value)


_READERS: Mapping[str, Callable[[object], object]] = {
    "id": _text,
    "category": _text,
    "condition": _or_none(_whole),
    "place": _or_none(_text),
    "grid_prefix": _text,
    "area": _or_none(_text),
    "place_type": _or_none(_text),
    "source": _or_none(_text),
    "lead_unit": _text,
    "helping_units": _texts,
    "limit": _or_none(_limit),
    "priority": _or_none(_text),
    "order": _whole,
    "valid_from": _or_none(_instant),
    "valid_until": _or_none(_instant),
    "hours": _hours,
    "name_zh": _text,
    "name_en": _text,
}
