"""Cells of a table as values: what a row says of a thing, and what is wrong with how it says it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from api.domain.imports import Finding
from api.domain.tables import TableRow, yes_or_no

_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")


@dataclass(slots=True)
class RowReader:
    """Reads one row, field by field.

    `said` has the fields for which the table has a column; a field that can't be empty and is stays out of it, so that
    what is stored goes on. `findings` are the reader's, of all rows.
    """

    row: TableRow
    key: str
    findings: list[Finding]
    said: dict[str, Any] = field(default_factory=dict[str, Any])

    def wrong(self, field_name: str | None, code: str, detail: str) -> None:
        """Add a fault of this row."""
        self.findings.append(self.row.finding(code, detail, field_name, key=self.key))

    def line(self, field_name: str, most: int, *, is_needed: bool = False) -> None:
        """Read a line of text of at most so many characters; an empty cell takes away what was there."""
        if not self.row.has(field_name):
            return
        text = self.row.text(field_name)
        if not text and is_needed:
            self.wrong(field_name, "cell_empty", "This must not be empty.")
        elif len(text) > most:
            self.wrong(field_name, "cell_too_long", f"At most {most} characters fit here.")
        elif not text.isprintable():
            self.wrong(
                field_name,
                "cell_not_a_line",
                "Here is a line break, or another character that can't be seen.",
            )
        else:
            self.said[field_name] = text or None

    def matched(self, field_name: str, pattern: str, most: int, told: str) -> None:
        """Read a line that looks as `pattern` says; `told` tells people what that is."""
        text = self.row.text(field_name)
        if text and (len(text) > most or not re.fullmatch(pattern, text)):
            self.wrong(field_name, "cell_wrong", told)
        else:
            self.line(field_name, most)

    def truth(self, field_name: str) -> None:
        """Read yes or no."""
        text = self.row.text(field_name)
        if text:
            self.take(field_name, yes_or_no(text), "Write 是 or 否, yes or no.")

    def choice(self, field_name: str, words: Mapping[str, object]) -> None:
        """Read one of several words."""
        text = self.row.text(field_name)
        if text:
            self.take(field_name, words.get(text.casefold()), f"Write one of {', '.join(words)}.")

    def day(self, field_name: str) -> None:
        """Read a day such as 2026-10-01, 2026/10/1 or 2026年10月1日; an empty cell takes away what was there."""
        if not self.row.has(field_name):
            return
        text = self.row.text(field_name)
        if text:
            self.take(field_name, _day(text), "Write a day as 2026-10-01.")
        else:
            self.said[field_name] = None

    def take(self, field_name: str, value: object | None, told: str) -> None:
        """Keep a value; None is a fault."""
        if value is None:
            self.wrong(field_name, "cell_wrong", told)
        else:
            self.said[field_name] = value


def code_named(text: str, names: Mapping[str, str]) -> str | None:
    """Return the code that is written, or the one whose name is; None when no code, or more than one, is meant.

    `names` are by code. Offices write 水务局 where a program has `water`.
    """
    if text in names:
        return text
    meant = [code for code, name in names.items() if name == text]
    return meant[0] if len(meant) == 1 else None


def keyed_rows(
    rows: list[TableRow], field_name: str, is_key: Callable[[str], bool], told: str, findings: list[Finding]
) -> list[RowReader]:
    """Return a reader for each row with a key of its own; a row without one, or with one from above, is a fault."""
    seen: dict[str, int] = {}
    readers: list[RowReader] = []
    for row in rows:
        key = row.text(field_name)
        reader = RowReader(row, key, findings)
        if not key:
            reader.wrong(field_name, "cell_empty", "This must not be empty.")
        elif not is_key(key):
            reader.wrong(field_name, "cell_wrong", told)
        elif key in seen:
            reader.wrong(field_name, "row_repeated", f"{key} is already in line {seen[key]}.")
        else:
            seen[key] = row.line
            readers.append(reader)
    return readers


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
