"""Reads limits as offices write them: 2紧急工作时, 4个工作小时, 三个工作日, 7 working days, and steps on the way.

What could mean two things is refused with both: 24小时 may run around the clock or in working hours, and a guess
would give every later ticket the wrong due time.
"""

import json
import re
from dataclasses import dataclass

from api.domain.catalogue_cells import CellWrong, narrowed
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit

_WRITTEN: dict[LimitUnit, tuple[str, ...]] = {
    LimitUnit.URGENT_HOUR: ("紧急工作小时", "紧急工作时", "urgenthours", "urgenthour", "urgent_hour"),
    LimitUnit.URGENT_DAY: ("紧急工作日", "紧急工作天", "urgentdays", "urgentday", "urgent_day"),
    LimitUnit.WORKING_HOUR: ("工作小时", "工作时", "workinghours", "workinghour", "working_hour"),
    LimitUnit.WORKING_DAY: ("工作日", "工作天", "workingdays", "workingday", "working_day"),
    LimitUnit.CALENDAR_DAY: (
        "自然日",
        "自然天",
        "日历天",
        "日历日",
        "calendardays",
        "calendarday",
        "calendar_day",
    ),
}
_UNITS = {written: unit for unit, forms in _WRITTEN.items() for written in forms}

_HOURS, _DAYS = (
    (LimitUnit.WORKING_HOUR, LimitUnit.URGENT_HOUR),
    (LimitUnit.WORKING_DAY, LimitUnit.CALENDAR_DAY),
)
_AMBIGUOUS: dict[str, tuple[LimitUnit, LimitUnit]] = {
    **dict.fromkeys(("紧急小时", "紧急时"), (LimitUnit.URGENT_HOUR, LimitUnit.WORKING_HOUR)),
    **dict.fromkeys(("紧急日", "紧急天"), (LimitUnit.URGENT_DAY, LimitUnit.WORKING_DAY)),
    **dict.fromkeys(("小时", "时", "hours", "hour", "h"), _HOURS),
    **dict.fromkeys(("天", "日", "days", "day", "d"), _DAYS),
}

_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?|[一二两三四五六七八九十]{1,3}|半"
_UNIT = "|".join(sorted((re.escape(written) for written in (*_UNITS, *_AMBIGUOUS)), key=len, reverse=True))
_LIMIT = re.compile(rf"({_NUMBER})个?(半)?({_UNIT})?(?:以内|之内|内)?")
_STEP = re.compile(rf"(?P<name>.*?)[:：,，、]?(?P<limit>(?:{_NUMBER})个?半?(?:{_UNIT})(?:以内|之内|内)?)")
_FIRST_THEN = re.compile(r"^(?:[0-9]+[.、)]|首先|然后|最后|先|再|后)")
_BETWEEN = re.compile(r"[;；\n]+")
_NO_NAME = re.compile(r".*(?:[0-9一二两三四五六七八九十百千万半第至到约多少于超过~.,、/+-]|^)")
"""A name that ends so is the beginning of a number, of a range, or of "at most", never what is to be done."""


@dataclass(frozen=True, slots=True)
class WrittenLimit:
    """A limit as a cell has it; `steps` are named limits on the way, of which the last is the limit itself."""

    limit: Limit
    steps: tuple[tuple[str, Limit], ...] = ()


def parse_unit(text: str) -> LimitUnit:
    """Read the unit of a limit; CellWrong for one that is unknown or could be two."""
    written = narrowed(text)
    if written in _UNITS:
        return _UNITS[written]
    if written in _AMBIGUOUS:
        raise CellWrong(
            "limit_ambiguous", f"{text[:40]!r} may be {_either(_AMBIGUOUS[written])}: write which."
        )
    raise CellWrong(
        "limit_unit_unknown",
        f"{text[:40]!r} is no unit of limits; they are {', '.join(forms[0] for forms in _WRITTEN.values())}.",
    )


def parse_limit(text: str, unit: LimitUnit | None = None) -> Limit:
    """Read a limit such as 3个工作日; a bare number counts `unit`, where one is known.

    CellWrong: `limit_ambiguous` with what it could be, `not_whole_number` for halves, zero and beyond the largest,
    `limit_unit_unknown`, `limit_unreadable` for everything else.
    """
    found = _LIMIT.fullmatch(narrowed(text))
    if found is None:
        raise CellWrong("limit_unreadable", f"{text[:40]!r} is no limit such as 4工作时 or 3工作日.")
    number, half, written = found.groups()
    value = _value(number, text, is_half=half is not None)
    if written in _AMBIGUOUS:
        kinds = _AMBIGUOUS[written]
        raise CellWrong("limit_ambiguous", f"{text[:40]!r} may be {_either(kinds, value)}: write which.")
    if written is None and unit is None:
        raise CellWrong("limit_unit_unknown", f"{text[:40]!r} has no unit, such as 工作时 or 工作日.")
    if written is not None and unit is not None and _UNITS[written] is not unit:
        raise CellWrong(
            "limit_contradicts", f"{text[:40]!r} has another unit than its column: {unit.name_zh}."
        )
    chosen = unit if written is None else _UNITS[written]
    assert chosen is not None  # noqa: S101  one of the two is known here
    return Limit(value, chosen)


def parse_steps(text: str) -> tuple[tuple[str, Limit], ...]:
    """Read steps on the way: 先制止4工作时；再查处7工作日；后拆除20工作日. CellWrong as in `parse_limit`."""
    return tuple(_step(part) for part in _BETWEEN.split(text) if part.strip())


def parse_written(text: str, unit: LimitUnit | None = None) -> WrittenLimit:
    """Read the cell of a limit: one limit, or steps on the way whose last is the limit."""
    parts = [part for part in _BETWEEN.split(text) if part.strip()]
    if _LIMIT.fullmatch(narrowed(text)):  # with a line break in it, perhaps
        return WrittenLimit(parse_limit(text, unit))
    if len(parts) <= 1:
        return WrittenLimit(parse_limit(parts[0] if parts else "", unit))
    steps = parse_steps(text)
    return WrittenLimit(steps[-1][1], steps)


def written_limit(limit: Limit) -> str:
    """Write a limit as `parse_limit` reads it."""
    return limit.text("zh")


def milestones_json(cell: str, english: str, written: WrittenLimit) -> str:
    """Return the milestones as the strict reading takes them: those of the cell, else those of the limit.

    A cell that begins with a bracket is such JSON already. English names come from a cell of their own, or are the
    Chinese ones.
    """
    if cell.startswith("["):
        return cell
    steps = parse_steps(cell) if cell else written.steps
    if not steps:
        return ""
    names = [name.strip() for name in english.replace("；", ";").split(";")] if english else []
    if names and len(names) != len(steps):
        raise CellWrong("steps_differ", f"There are {len(steps)} steps and {len(names)} English names.")
    return json.dumps(
        [
            {
                "name_zh": name,
                "name_en": names[number] if names else name,
                "value": limit.value,
                "unit": limit.unit.value,
            }
            for number, (name, limit) in enumerate(steps)
        ],
        ensure_ascii=False,
    )


def _step(part: str) -> tuple[str, Limit]:
    found = _STEP.fullmatch(narrowed(part))
    name = _FIRST_THEN.sub("", found["name"]).strip() if found else ""
    if found is None or _NO_NAME.fullmatch(name):
        raise CellWrong(
            "step_unreadable", f"{part.strip()[:40]!r} is no step with its limit, such as 查处7工作日."
        )
    return name, parse_limit(found["limit"])


def _value(number: str, text: str, *, is_half: bool) -> int:
    whole, _, fraction = number.partition(".")
    if number == "半" or is_half or fraction.strip("0"):
        raise CellWrong(
            "not_whole_number", f"{text[:40]!r} is no whole number of its unit; write it in smaller ones."
        )
    value = int(whole[:9]) if whole.isdigit() else _chinese(whole, text)
    if not 1 <= value <= LARGEST_LIMIT or len(whole.lstrip("0")) > len(str(LARGEST_LIMIT)):
        raise CellWrong("not_whole_number", f"A limit is 1 to {LARGEST_LIMIT}, not {text[:40]!r}.")
    return value


def _chinese(written: str, text: str) -> int:
    """Read a number up to 99: 三, 十, 十五, 二十, 三十五."""
    tens, ten, ones = written.partition("十")
    if not ten and len(written) == 1:
        return _DIGITS[written]
    if ten and len(tens) <= 1 and len(ones) <= 1 and "十" not in ones:
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    raise CellWrong("limit_unreadable", f"{text[:40]!r} has no number that can be read.")


def _either(kinds: tuple[LimitUnit, LimitUnit], value: int | None = None) -> str:
    said = [kind.name_zh if value is None else kind.amount(value, "zh") for kind in kinds]
    return " or ".join(said)
