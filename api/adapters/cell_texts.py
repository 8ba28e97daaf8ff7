"""What a cell of a workbook shows: text as a person reads it, never the number that a program keeps."""

import re
from datetime import datetime, time, timedelta

from api.domain.imports import Finding
from api.domain.sheets import column_letter

CELL_CHARACTERS_MAX = 32_767
"""What a cell of a workbook holds at most; the same for CSV."""

ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"})
"""What spreadsheets show where they could not reckon."""

_EXACT_DIGITS = 15
"""Digits of a number that spreadsheets keep; the 16th of a longer one became 0 when it was typed."""

_SMALL = 1e-4
"""Below it, Python writes a number with an exponent."""

_DECORATION = re.compile(r"\[[^\]]*\]|[_*].")
"""Colours, locales, and spaces of a format: nothing that is read."""
_PADDED = re.compile(r'(?P<before>(?:"[^"]*"|\\.)*)(?P<digits>0+)(?P<after>(?:"[^"]*"|\\.)*)')
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')

_ESCAPED = re.compile(r"_x(00(?:0[1-9a-fA-F]|1[0-9a-fA-F]|5[fF])|[fF]{3}[eEfF])_")
_LIKE_ESCAPED = re.compile(rf"_(?={_ESCAPED.pattern[1:]})")
_UNWRITABLE = re.compile(r"[\x01-\x08\x0b-\x1f\ufffe\uffff]")


class CellWrong(Exception):  # noqa: N818  a refusal, like those of the domain
    """The cell shows something that can't be read as text without guessing."""

    def __init__(self, code: str, detail: str) -> None:
        """Say what is wrong; the code is a finding's."""
        super().__init__(detail)
        self.code = code
        self.detail = detail

    def finding(self, line: int, index: int, sheet: str | None = None) -> Finding:
        """Return it with its place; `index` counts columns from 0."""
        return Finding(self.code, self.detail, line=line, sheet=sheet, column=column_letter(index))


def shown_text(value: object, number_format: str) -> str:
    """Return what a cell with this value and format shows.

    Whole numbers have no decimal point, and leading zeros where the format gives them; percentages their sign. Other
    formats round what is shown: there the exact number is returned. Days are ISO 8601, times of day follow behind a
    blank; truths are TRUE and FALSE. Raises CellWrong for a number that lost digits, and for a format that makes
    something else of it, such as 000-000.
    """
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number(value, number_format)
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
        case datetime():
            return _instant(value)
        case time():
            return _time_of_day(value)
        case _:
            raise CellWrong("cell_unreadable", "Write this as text.")


def refuse_long(text: str) -> None:
    """Raise CellWrong for a text that no spreadsheet holds."""
    if len(text) > CELL_CHARACTERS_MAX:
        raise CellWrong("cell_too_long", f"A cell holds at most {CELL_CHARACTERS_MAX} characters.")


def refuse_formula(text: str) -> None:
    """Raise CellWrong for text that a spreadsheet takes for a formula."""
    if text.startswith("="):
        raise CellWrong("cell_formula", "This is a formula: put its value here instead.")


def is_error(text: str) -> bool:
    """Tell whether this is what a spreadsheet shows for an error, or the ##### of a column that was too narrow."""
    return text in ERRORS or (len(text) > len("##") and not text.strip("#"))


def refuse_error(text: str) -> None:
    """Raise CellWrong for what `is_error`."""
    if text in ERRORS:
        raise CellWrong("cell_error", f"The spreadsheet shows the error {text} here.")
    if is_error(text):
        raise CellWrong("cell_error", "The column was too narrow when this was saved: only ### is left.")


def unescaped(text: str) -> str:
    r"""Return text of a workbook with its `_x000D_` read as the characters that XML can't hold."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def escaped(text: str) -> str:
    """Return text so that a workbook can hold it and `unescaped` gives it back; NUL can't be held at all."""
    text = _LIKE_ESCAPED.sub("_x005F_", text)
    return _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _number(value: float, number_format: str) -> str:
    plain = _plain(value)
    shown = _DECORATION.sub("", number_format.partition(";")[0])
    padded = _PADDED.fullmatch(shown)
    if padded and value == int(value):
        digits = f"{'-' if value < 0 else ''}{plain.lstrip('-').zfill(len(padded['digits']))}"
        return f"{_literal(padded['before'])}{digits}{_literal(padded['after'])}"
    if shown.endswith("%"):
        return f"{_plain(value * 100)}%"
    whole_part = re.split(r"[.eE]", _LITERAL.sub("", shown), maxsplit=1)[0]
    if "00" in whole_part or any(mark.isalnum() for mark in _literal(shown)):
        raise CellWrong("cell_format", f"The format {number_format} hides what this says: write it as text.")
    return plain


def _literal(part: str) -> str:
    return "".join(quoted or single for quoted, single in _LITERAL.findall(part))


def _plain(value: float) -> str:
    if abs(value) >= 10**_EXACT_DIGITS or value != value:  # noqa: PLR0124  not a number
        raise CellWrong(
            "cell_digits_lost", "A number of more than 15 digits has lost its last ones: write it as text."
        )
    if value == int(value):
        return str(int(value))
    return f"{value:.{_EXACT_DIGITS}f}".rstrip("0").rstrip(".") if abs(value) < _SMALL else f"{value:.15g}"


def _instant(value: datetime) -> str:
    # A spreadsheet keeps a fraction of a day, which is a little off.
    exact = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
    if exact.time() == time.min:
        return exact.date().isoformat()
    return f"{exact.date().isoformat()} {_time_of_day(exact.time())}"


def _time_of_day(value: time) -> str:
    return value.isoformat(timespec="seconds" if value.second else "minutes")
