"""What has a code and a shape, out of a map or a table: read by name, one thing after the other, all faults told.

What a file does not say of a thing that is stored stays as it is: a property that a feature lacks, or a column that
the table lacks. A property that is null and a cell that is empty say "nothing".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs, GeoError
from api.domain.imports import Finding
from api.domain.map_files import MapFile
from api.domain.map_places import declared_crs_findings
from api.domain.place_drafts import Scalar
from api.domain.shapes import read_shape
from api.domain.tables import Column, TableRow

_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES: Final = frozenset({"true", "1", "yes", "y", "是", "有"})
_NO: Final = frozenset({"false", "0", "no", "n", "否", "无"})

LONGITUDE: Final = Column("longitude", ("经度", "lon", "lng"), is_required=True)
LATITUDE: Final = Column("latitude", ("纬度", "lat"), is_required=True)


@dataclass(slots=True)
class Entry:
    """One thing of a file, and what was found wrong while it was read.

    `values` are by field, `others` what the file says beyond the fields that were asked for.
    """

    line: int
    sheet: str | None
    code: str
    values: Mapping[str, object]
    headings: Mapping[str, str]
    others: Mapping[str, Scalar]
    shape: BaseGeometry | None
    findings: list[Finding] = field(default_factory=list[Finding])

    def wrong(self, code: str, detail: str, column: str | None = None) -> None:
        """Note a fault, of one field if it is named."""
        named = self.headings.get(column, column) if column is not None else None
        self.findings.append(Finding(code, detail, self.line, self.sheet, named, self.code or None))

    def text(self, name: str, otherwise: str, longest: int) -> str:
        """Return the text of a field, without blanks around it; `otherwise` where the file does not say."""
        if name not in self.values:
            return otherwise
        text = _text(self.values[name])
        if len(text) > longest:
            self.wrong("text_too_long", f"{longest} characters are the most.", name)
        elif _has_control(text):
            self.wrong("text_wrong", "Text must not hold control characters.", name)
        return text

    def one_line(self, name: str, otherwise: str, longest: int) -> str:
        """Return the text of a field that is one line, such as a name."""
        text = self.text(name, otherwise, longest)
        if name in self.values and not text.isprintable() and not _has_control(text):
            self.wrong("text_wrong", "Here is a line break, or another character that can't be seen.", name)
        return text

    def number(self, name: str, otherwise: float) -> float:
        """Return a number; `otherwise` where the file says nothing."""
        text = _text(self.values.get(name))
        if not text:
            return otherwise
        try:
            return float(text)
        except ValueError:
            self.wrong("number_wrong", f"{text!r} is no number.", name)
            return otherwise

    def day(self, name: str, otherwise: date | None) -> date | None:
        """Return a day, None for none; `otherwise` where the file does not say."""
        if name not in self.values:
            return otherwise
        try:
            return read_day(self.values[name])
        except ValueError:
            self.wrong("day_wrong", "A day looks like 2026-11-22.", name)
            return otherwise

    def flag(self, name: str, *, otherwise: bool) -> bool:
        """Return yes or no; `otherwise` where the file says nothing."""
        text = _text(self.values.get(name)).casefold()
        if text and text not in _YES | _NO:
            self.wrong("flag_wrong", f"{text!r} is neither yes nor no.", name)
        return text in _YES if text in _YES | _NO else otherwise

    def items(self, name: str) -> list[Mapping[str, object]] | None:
        """Return a list of objects; None where the file does not say. A table can't hold one."""
        if name not in self.values:
            return None
        sent: Any = self.values[name]
        if not isinstance(sent, list) or not all(isinstance(one, Mapping) for one in sent):  # pyright: ignore[reportUnknownVariableType]  the list is looked at here
            self.wrong("list_wrong", "A list of objects is expected.", name)
            return None
        return sent  # pyright: ignore[reportUnknownVariableType]  looked at above


def read_day(sent: object) -> date | None:
    """Return the day that is written out, None for nothing; ValueError for anything else."""
    if sent is None or sent == "":
        return None
    if not isinstance(sent, str) or not _DAY.fullmatch(sent.strip()):
        raise ValueError(sent)
    return date.fromisoformat(sent.strip())


def read_map_entries(
    file: MapFile, crs: Crs, columns: Sequence[Column], kinds: tuple[str, ...]
) -> tuple[list[Entry], list[Finding]]:
    """Return the features of a map, and what is wrong with them; properties are found by any of their names."""
    findings = list(declared_crs_findings(file.declared_crs, crs))
    if any(not finding.is_warning for finding in findings):
        return [], findings
    names = {alias.casefold(): column.name for column in columns for alias in (column.name, *column.aliases)}
    entries: list[Entry] = []
    for feature in file.features:
        values: dict[str, object] = {}
        headings: dict[str, str] = {}
        others: dict[str, Scalar] = {}
        for heading, value in feature.properties.items():
            name = names.get(heading.casefold())
            if name is not None:
                values[name], headings[name] = value, heading
            elif value is None or isinstance(value, str | int | float | bool):
                others[heading] = value
        entry = Entry(feature.number, None, _text(values.get("code")), values, headings, others, None)
        if feature.geometry is None:
            entry.wrong("shape_wrong", feature.fault or "It has no geometry.")
        else:
            _place(entry, feature.geometry, crs, kinds)
        entries.append(entry)
    return _checked(entries, findings)


def read_point_rows(rows: Sequence[TableRow], crs: Crs) -> tuple[list[Entry], list[Finding]]:
    """Return the rows of a table whose places are in columns `LONGITUDE` and `LATITUDE`, and what is wrong."""
    entries: list[Entry] = []
    for row in rows:
        values = {name: text for name, text in row.cells.items() if name not in {"longitude", "latitude"}}
        entry = Entry(row.line, row.sheet, row.text("code"), values, row.headings, {}, None)
        try:
            point = shapely.Point(float(row.text("longitude")), float(row.text("latitude")))
        except ValueError:
            entry.wrong("number_wrong", "Longitude and latitude are numbers in degrees.", "longitude")
        else:
            _place(entry, point, crs, ("Point",))
        entries.append(entry)
    return _checked(entries, [])


def _place(entry: Entry, shape: BaseGeometry, crs: Crs, kinds: tuple[str, ...]) -> None:
    try:
        entry.shape = read_shape(shape, crs, kinds)
    except GeoError as error:
        entry.wrong(error.code, str(error))


def _checked(entries: list[Entry], findings: list[Finding]) -> tuple[list[Entry], list[Finding]]:
    """Return those with a code of their own."""
    first: dict[str, int] = {}
    for entry in entries:
        if not _CODE.fullmatch(entry.code):
            detail = (
                "A code begins with a letter or a digit; -, _ and . may follow; 64 characters are the most."
            )
            entry.wrong("code_wrong", detail, "code")
        elif entry.code in first:
            entry.wrong("code_twice", f"The code is that of line {first[entry.code]}, too.", "code")
        first.setdefault(entry.code, entry.line)
    return entries, findings


def _has_control(text: str) -> bool:
    return any(ord(character) < ord(" ") and character not in "\n\r\t" for character in text)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
