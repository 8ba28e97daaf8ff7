"""Reads the values of policies; `FieldWrong` says at its pointer what was expected."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, cast

from api.domain.errors import FieldWrong, NotConfigured
from api.domain.escalation import LADDER_LENGTH_MAX, Answerer, Rung
from api.domain.grids import CodePattern, CodePatternWrong
from api.domain.ledger import Term
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit
from api.domain.numbers import number_parts

NUMBER_LENGTH_MAX = 64
"""Longest ticket number that a template may make."""

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue]"
"""What policies are written with."""

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SEQUENCE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class StageLimit:
    """How long a stage inside the office may take, in open minutes of the calendar with this code."""

    minutes: int
    calendar: str

    @property
    def term(self) -> Term:
        """What the stage's clock is measured by."""
        return Term(Limit(self.minutes, LimitUnit.WORKING_MINUTE), self.calendar)


def value_as_json(value: object) -> JsonValue:
    """Return a policy's value as its reader takes it."""
    match value:
        case StageLimit(minutes, calendar):
            return {"minutes": minutes, "calendar": calendar}
        case Limit(number, unit):
            return {"value": number, "unit": unit.value}
        case Rung(answers=answers, after=after):
            return {"answers": answers.value, "after": value_as_json(after)}
        case Mapping():
            named = cast("Mapping[str, object]", value)
            return {name: value_as_json(named[name]) for name in named}
        case tuple():
            return [value_as_json(one) for one in cast("tuple[object, ...]", value)]
        case bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"a policy has no values like {value!r}")


def number(minimum: float, maximum: float) -> Callable[[str, object], float]:
    """Return a reader of numbers within these bounds, both included."""

    def read(pointer: str, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _mistyped(pointer, "A number")
        return _bounded(pointer, float(value), minimum, maximum)

    return read


def whole(minimum: int, maximum: int) -> Callable[[str, object], int]:
    """Return a reader of whole numbers within these bounds, both included."""

    def read(pointer: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _mistyped(pointer, "A whole number")
        return int(_bounded(pointer, value, minimum, maximum))

    return read


def _bounded(pointer: str, value: float, minimum: float, maximum: float) -> float:
    # "not inside" rather than "outside": NaN is neither
    if not minimum <= value <= maximum:
        raise FieldWrong(pointer, "policy_out_of_range", f"{minimum} to {maximum} is allowed.")
    return value


def switch(pointer: str, value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise _mistyped(pointer, "true or false")
    return value


def stage_limit(pointer: str, value: object) -> StageLimit:
    """Read minutes and the code of the calendar that they are counted in."""
    members = _members(pointer, value, {"minutes", "calendar"})
    code = calendar_code(f"{pointer}/calendar", members["calendar"])
    return StageLimit(whole(1, LARGEST_LIMIT)(f"{pointer}/minutes", members["minutes"]), code)


def calendar_code(pointer: str, value: object) -> str:
    """Read the code of a calendar."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise _mistyped(pointer, "The code of a calendar")
    return value


def limit(pointer: str, value: object) -> Limit:
    """Read a limit with its unit."""
    members = _members(pointer, value, {"value", "unit"})
    unit = members["unit"]
    if not isinstance(unit, str) or unit not in set(LimitUnit):
        raise _mistyped(f"{pointer}/unit", f"One of {', '.join(LimitUnit)}")
    return Limit(whole(1, LARGEST_LIMIT)(f"{pointer}/value", members["value"]), LimitUnit(unit))


def ladder(pointer: str, value: object) -> tuple[Rung, ...]:
    """Read the rungs by which an overdue ticket climbs."""
    if not isinstance(value, list):
        raise _mistyped(pointer, "A list of rungs")
    rungs = cast("list[object]", value)
    if len(rungs) > LADDER_LENGTH_MAX:
        raise FieldWrong(pointer, "policy_out_of_range", f"A ladder has {LADDER_LENGTH_MAX} rungs at most.")
    return tuple(_rung(f"{pointer}/{index}", rung) for index, rung in enumerate(rungs))


def weights(defaults: Mapping[str, float]) -> Callable[[str, object], Mapping[str, float]]:
    """Return a reader of weights by name, 0 to 1; names that are left out keep their defaults."""

    def read(pointer: str, value: object) -> Mapping[str, float]:
        if not isinstance(value, Mapping):
            raise _mistyped(pointer, "An object with weights by name")
        given = cast("Mapping[str, object]", value)
        for name in given:
            if name not in defaults:
                raise _mistyped(f"{pointer}/{name}", f"One of {', '.join(defaults)}")
        read_one = number(0.0, 1.0)
        return {**defaults, **{name: read_one(f"{pointer}/{name}", given[name]) for name in given}}

    return read


def _rung(pointer: str, value: object) -> Rung:
    members = _members(pointer, value, {"answers", "after"})
    answers = members["answers"]
    if not isinstance(answers, str) or answers not in set(Answerer):
        raise _mistyped(f"{pointer}/answers", f"One of {', '.join(Answerer)}")
    return Rung(Answerer(answers), limit(f"{pointer}/after", members["after"]))


def _members(pointer: str, value: object, names: set[str]) -> dict[str, object]:
    if not isinstance(value, Mapping) or set(cast("Mapping[object, object]", value)) != names:
        raise _mistyped(pointer, f"An object with {' and '.join(sorted(names))}, nothing else,")
    return dict(cast("Mapping[str, object]", value))


def number_template(pointer: str, value: object) -> str:
    """Read the template of ticket numbers: it must make numbers that can stand in addresses."""
    if not isinstance(value, str):
        raise _mistyped(pointer, "Text")
    try:
        parts = number_parts(value, category="E0406", on=date(2026, 11, 22), grid_code="9" * 15)
    except NotConfigured as error:
        raise FieldWrong(pointer, "policy_out_of_range", error.detail) from None
    around = parts.prefix + parts.suffix
    # Numbers stand in addresses: /v1/tickets/by-number/{number}
    if not around.isprintable() or any(character.isspace() or character == "/" for character in around):
        raise FieldWrong(pointer, "policy_out_of_range", "A ticket number has no spaces and no slashes.")
    if len(around) + max(parts.width, _SEQUENCE_DIGITS) > NUMBER_LENGTH_MAX:
        raise FieldWrong(
            pointer, "policy_out_of_range", f"A number is at most {NUMBER_LENGTH_MAX} characters long."
        )
    return value


def code_pattern(pointer: str, value: object) -> str:
    """Read how the codes of grids are built, as in `2+2+2+3+3+3`."""
    if not isinstance(value, str):
        raise _mistyped(pointer, "Text")
    try:
        return str(CodePattern.parse(value))
    except CodePatternWrong as error:
        raise FieldWrong(pointer, "policy_out_of_range", str(error)) from None


def _mistyped(pointer: str, expected: str) -> FieldWrong:
    return FieldWrong(pointer, "policy_mistyped", f"{expected} is expected.")
