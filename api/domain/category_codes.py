"""How classes and filing conditions are written: `P0101`, `E0406`, `P0101-2`.

A class code is one letter for the kind (`P` part 部件, `E` event 事件), two digits of the major class (大类)
and two of the minor class (小类). A condition code adds `-` and the condition's number within the class,
without leading zeros. Codes are text: `E0406` and `E406` are two things, and only the first is a code.

A code is only unambiguous within one catalogue: the national schemes of 2007 and 2013 swap the majors 04 and
05 of events (see `api.domain.catalogue.Category.scheme`).
"""

import re
from enum import StrEnum
from typing import NamedTuple

from api.domain.errors import FieldWrong

CONDITION_NUMBER_MAX = 99
"""Highest number of a condition within its class. The longest lists in use have about ten."""

_CATEGORY = re.compile(r"([PE])([0-9]{2})([0-9]{2})")
_CATEGORY_PREFIX = re.compile(r"(?:[PE](?:[0-9]{2}){0,2})?")
_CONDITION = re.compile(r"([PE][0-9]{4})-([1-9][0-9]?)")


class Kind(StrEnum):
    """The two kinds of problem that the standards know."""

    PART = "part"
    EVENT = "event"

    @property
    def letter(self) -> str:
        """The letter that codes of this kind begin with."""
        return "P" if self is Kind.PART else "E"


class CategoryCode(NamedTuple):
    """A class code taken apart; `str()` puts it together again."""

    kind: Kind
    major: str
    minor: str

    def __str__(self) -> str:
        return f"{self.kind.letter}{self.major}{self.minor}"


class ConditionCode(NamedTuple):
    """A condition code taken apart; `str()` puts it together again."""

    category: str
    number: int

    def __str__(self) -> str:
        return f"{self.category}-{self.number}"


def parse_category_code(text: str, pointer: str = "/category") -> CategoryCode:
    """Take a class code such as `E0406` apart; `FieldWrong` (`category_code_wrong`) otherwise."""
    match = _CATEGORY.fullmatch(text)
    if match is None:
        raise FieldWrong(
            pointer, "category_code_wrong", "A class code is P or E and four digits, such as E0406."
        )
    letter, major, minor = match.groups()
    return CategoryCode(Kind.PART if letter == "P" else Kind.EVENT, major, minor)


def parse_condition_code(text: str, pointer: str = "/condition") -> ConditionCode:
    """Take a condition code such as `P0101-2` apart; `FieldWrong` (`condition_code_wrong`) otherwise."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise FieldWrong(
            pointer,
            "condition_code_wrong",
            f"A condition code is a class code, a hyphen and 1 to {CONDITION_NUMBER_MAX}, such as P0101-2.",
        )
    category, number = match.groups()
    return ConditionCode(category, int(number))


def is_category_prefix(text: str) -> bool:
    """Tell whether `text` stands for a set of classes: all (empty), kind `E`, major `E04`, one `E0406`."""
    return _CATEGORY_PREFIX.fullmatch(text) is not None
