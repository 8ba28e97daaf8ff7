"""Reads the codes of classes as offices write them: 1, 01, 1.0, ０１, P01, 0101, E0406."""

import re
import unicodedata

from api.domain.catalogue_cells import CellWrong, narrowed
from api.domain.category_codes import CONDITION_NUMBER_MAX, Kind

_CODE = re.compile(r"([pe])?([0-9]{1,4})(?:\.0+)?")
_PART, _WHOLE = len("01"), len("0101")
_NUMBER = re.compile(r"\(?([0-9]{1,3})(?:\.0+)?[.、)]?")


def read_codes(major: str, minor: str, kind: Kind) -> tuple[str | CellWrong, str | CellWrong]:
    """Return the two digits of major and minor class, each or why it can't be read.

    A minor code may hold both (0101); it has to then where `major` is empty. Three digits are a whole code that lost
    its zero in a spreadsheet, which only the major code can confirm.
    """
    try:
        outer = _major(major, kind)
    except CellWrong as wrong:
        return wrong, _settled(minor, kind)
    try:
        return _within(outer, minor, kind)
    except CellWrong as wrong:
        return outer or "00", wrong


def _major(cell: str, kind: Kind) -> str | None:
    if not cell:
        return None
    digits = _digits(cell, kind)
    if len(digits) > _PART:
        raise _not_two(cell)
    return digits.zfill(_PART)


def _within(major: str | None, cell: str, kind: Kind) -> tuple[str | CellWrong, str]:
    """Read a minor code, and the major one where it holds that too."""
    digits = _digits(cell, kind)
    if len(digits) <= _PART:
        return major or CellWrong("cell_empty", "The major class has no code."), digits.zfill(_PART)
    whole = digits.zfill(_WHOLE)
    if major is None and len(digits) < _WHOLE:
        raise CellWrong("code_ambiguous", f"{cell[:40]!r} may have lost a zero in front: write {whole}.")
    if major not in {None, whole[:_PART]}:
        raise CellWrong("code_contradicts", f"{cell[:40]!r} belongs to another major class than {major}.")
    return whole[:_PART], whole[_PART:]


def read_number(cell: str) -> str:
    """Return the number of a condition without what stands around it: (1), 1、, ① and 1.0 are 1."""
    is_circled = len(cell) == 1 and unicodedata.decomposition(cell).startswith("<circle>")
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", cell) if is_circled else narrowed(cell))
    if found is None or not 1 <= int(found[1]) <= CONDITION_NUMBER_MAX:
        raise CellWrong(
            "not_whole_number",
            f"A condition has a number from 1 to {CONDITION_NUMBER_MAX}, not {cell[:40]!r}.",
        )
    return str(int(found[1]))


def _settled(minor: str, kind: Kind) -> str | CellWrong:
    """Read a minor code whose major can't be read."""
    try:
        return _digits(minor, kind).zfill(_PART)[-_PART:]
    except CellWrong as wrong:
        return wrong


def _digits(cell: str, kind: Kind) -> str:
    found = _CODE.fullmatch(narrowed(cell))
    if found is None:
        raise _not_two(cell)
    if found[1] and found[1] != kind.letter.casefold():
        raise CellWrong("code_contradicts", f"{cell[:40]!r} is no code of a {kind}.")
    return found[2]


def _not_two(cell: str) -> CellWrong:
    return CellWrong("not_two_digits", f"A code is two digits such as 01, not {cell[:40]!r}.")
