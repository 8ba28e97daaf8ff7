"""Reads the single cells of a class catalogue; `CellWrong` says what was expected."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any, cast

from api.domain.category_codes import Kind
from api.domain.deadlines import Milestone
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit
from api.domain.questions import QuestionsRefused, check_questions

SCHEME_LENGTH_MAX = 40
NAME_LENGTH_MAX = 100
TEXT_LENGTH_MAX = 200

CATALOGUE_UNITS = tuple(unit for unit in LimitUnit if unit is not LimitUnit.WORKING_MINUTE)
"""The units of the standards; minutes are for the office's own stages."""

_YES = frozenset({"是", "有", "需要", "需", "可", "可以", "√", "✓", "y", "yes", "true"})
_NO = frozenset({"否", "无", "不需要", "不需", "不可", "不可以", "×", "✗", "n", "no", "false"})

_MILESTONE_KEYS = {"name_zh", "name_en", "value", "unit"}


class CellWrong(Exception):  # noqa: N818  the reader turns every one into a CatalogueProblem
    """A cell cannot be read."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def narrowed(cell: str) -> str:
    """Return a cell in plain letters and digits for the wide ones of Chinese keyboards, and without any blanks.

    Nothing else is made alike: a small ² behind a number is a footnote and never a digit.
    """
    wide = (
        mark if not unicodedata.decomposition(mark).startswith("<wide>") else _narrow(mark) for mark in cell
    )
    return "".join("".join(wide).split()).casefold()


def _narrow(mark: str) -> str:
    return unicodedata.normalize("NFKC", mark)


def _bounded(cell: str, length_max: int) -> str:
    if not cell.strip():
        raise CellWrong("cell_empty", "The cell is empty.")
    if cell != cell.strip():
        raise CellWrong("cell_padded", "The text begins or ends with a space.")
    if not cell.isprintable():
        raise CellWrong("cell_unprintable", "The text has a line break or a control character.")
    if len(cell) > length_max:
        raise CellWrong("cell_too_long", f"The text is longer than {length_max} characters.")
    return cell


def scheme(cell: str) -> str:
    """Read whose numbering a code follows, in at most `SCHEME_LENGTH_MAX` characters."""
    return _bounded(cell, SCHEME_LENGTH_MAX)


def name(cell: str) -> str:
    """Read a name of at most `NAME_LENGTH_MAX` characters."""
    return _bounded(cell, NAME_LENGTH_MAX)


def text(cell: str) -> str:
    """Read a sentence of at most `TEXT_LENGTH_MAX` characters."""
    return _bounded(cell, TEXT_LENGTH_MAX)


def kind(cell: str) -> Kind:
    """Read `part` or `event`."""
    try:
        return Kind(cell)
    except ValueError:
        raise CellWrong("kind_unknown", f"The kind is {' or '.join(Kind)}, not {cell[:40]!r}.") from None


def two_digits(cell: str) -> str:
    """Read the code of a major or minor class, which is text: `01` is a code and `1` is not."""
    # isascii first: isdigit alone takes full-width digits and superscripts
    if len(cell) != len("01") or not (cell.isascii() and cell.isdigit()):
        raise CellWrong("not_two_digits", f"A code is two digits such as 01, not {cell[:40]!r}.")
    return cell


def whole_number(cell: str, maximum: int) -> int:
    """Read a whole number from 1 to `maximum`, written without leading zeros."""
    is_number = (
        cell.isascii() and cell.isdigit() and not cell.startswith("0") and len(cell) <= len(str(maximum))
    )
    if not is_number or int(cell) > maximum:
        raise CellWrong(
            "not_whole_number", f"A whole number from 1 to {maximum} is needed, not {cell[:40]!r}."
        )
    return int(cell)


def limit_unit(cell: str) -> LimitUnit:
    """Read the unit of a limit."""
    for unit in CATALOGUE_UNITS:
        if unit.value == cell:
            return unit
    raise CellWrong(
        "limit_unit_unknown", f"The unit is one of {', '.join(CATALOGUE_UNITS)}, not {cell[:40]!r}."
    )


def yes_or_no(cell: str) -> bool:
    """Read `yes` or `no`."""
    if cell not in {"yes", "no"}:
        raise CellWrong("not_yes_or_no", f"The cell is yes or no, not {cell[:40]!r}.")
    return cell == "yes"


def yes_or_no_in_words(cell: str) -> bool:
    """Read 是 or 否, or a word that offices write for them."""
    plain = cell.casefold()
    if plain not in _YES | _NO:
        raise CellWrong("not_yes_or_no", f"The cell is 是 or 否, not {cell[:40]!r}.")
    return plain in _YES


def milestones(cell: str, last_limit: Limit | None) -> tuple[Milestone, ...]:
    """Read the JSON list of steps; the last must be `last_limit`, the condition's own, where it is known."""
    if not cell:
        return ()
    try:
        steps = cast("object", json.loads(cell))
    except (ValueError, RecursionError):
        raise CellWrong("milestones_not_json", "The milestones are not JSON.") from None
    if not isinstance(steps, list) or not steps:
        raise CellWrong("milestones_not_list", "The milestones are a JSON list of at least one step.")
    found = tuple(_milestone(step) for step in cast("list[object]", steps))
    if last_limit is not None and found[-1].limit != last_limit:
        raise CellWrong("milestones_end_elsewhere", "The last milestone and the limit differ.")
    return found


def _milestone(step: object) -> Milestone:
    match step:
        case {
            "name_zh": str(name_zh),
            "name_en": str(name_en),
            "value": int(value),
            "unit": str(unit),
        } if not isinstance(value, bool) and set(cast("dict[str, object]", step)) == _MILESTONE_KEYS:
            return Milestone(
                name(name_zh), name(name_en), Limit(whole_number(str(value), LARGEST_LIMIT), limit_unit(unit))
            )
        case _:
            raise CellWrong(
                "milestone_incomplete", "A milestone has name_zh, name_en, value (a number) and unit."
            )


def questions(cell: str) -> Mapping[str, Any] | None:
    """Read what a class asks, in JSON; an empty cell asks nothing."""
    if not cell:
        return None
    try:
        return check_questions(cast("object", json.loads(cell)))
    except (ValueError, RecursionError):
        raise CellWrong("questions_not_json", "The questions are not JSON.") from None
    except QuestionsRefused as refused:
        first = refused.faults[0]
        raise CellWrong(first.code, f"{first.detail} ({first.pointer or '/'})") from None
