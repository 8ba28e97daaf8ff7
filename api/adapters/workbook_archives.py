"""The archive that a workbook is: what it claims to be, and that opening it does no harm.

A workbook is a ZIP file of XML. A few kilobytes can stand for gigabytes in either of them, so that everything is
measured before the library that understands workbooks sees it.
"""

import io
import re
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from xml.parsers import expat

from api.adapters.cell_texts import CellWrong
from api.domain.imports import Finding

FILE_BYTES_MAX = 64 * 2**20
INFLATED_BYTES_MAX = 256 * 2**20
SHEETS_MAX, ROWS_MAX, COLUMNS_MAX = 50, 100_000, 200
CELLS_MAX = 2_000_000
"""In a workbook, those that only have a colour included."""

_MEMBERS_MAX = 10_000
_RATIO_MAX, _RATIO_FROM_BYTES = 200, 16 * 2**20
"""Sheets pack 10 to 50 times; from some size on, more than this is made to do harm."""

_CHUNK = 2**18
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_COLUMN = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
_OLD_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class SpreadsheetUnreadable(Exception):  # noqa: N818  a refusal, like those of the domain
    """The file can't be read, or not without guessing; `findings` tell what is wrong, and where."""

    def __init__(self, *findings: Finding) -> None:
        """Keep the findings, at least one."""
        self.findings = findings
        super().__init__(findings[0].detail)


@dataclass(slots=True)
class _Limits:
    """What has been met in all members of an archive together."""

    inflated: int = 0
    sheets: int = 0
    cells: int = 0


MergedAreas = dict[str, list[str]]
"""References of merged areas (`A2:A5`) by the member of the archive that has them."""


def check_archive(content: bytes) -> MergedAreas:
    """Raise SpreadsheetUnreadable for what is no workbook, protected, or built to do harm; return merged areas."""
    if len(content) > FILE_BYTES_MAX:
        raise too_large(f"A file has at most {FILE_BYTES_MAX // 2**20} MiB.")
    if content.startswith(_OLD_FILE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise unreadable("workbook_protected", "The workbook has a password: save it without one.")
        raise unreadable("workbook_old", "This is an old .xls file: save it as .xlsx.")
    # An archive may name a million members, and reading their list takes gigabytes.
    if content.count(b"PK\x01\x02") > _MEMBERS_MAX:
        raise too_large("The workbook has too many parts.")
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise unreadable("workbook_unreadable", "This is no workbook (.xlsx); a text file is sent as CSV.")
    with broken_as_unreadable(), zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_members(archive.infolist())
        return _check_contents(archive)


def unreadable(
    code: str, detail: str, line: int | None = None, sheet: str | None = None
) -> SpreadsheetUnreadable:
    """Return a refusal of one finding."""
    return SpreadsheetUnreadable(Finding(code, detail, line=line, sheet=sheet))


def too_large(detail: str, line: int | None = None, sheet: str | None = None) -> SpreadsheetUnreadable:
    """Return the refusal of a file that is larger than any office needs."""
    return unreadable("file_too_large", detail, line, sheet)


@contextmanager
def broken_as_unreadable() -> Generator[None]:
    """Turn what the readers of archives and workbooks raise for broken files into SpreadsheetUnreadable."""
    try:
        yield
    except (SpreadsheetUnreadable, CellWrong):
        raise
    # A file can be broken in every way, and the library raises whatever it stumbles over: KeyError, TypeError, ...
    except Exception as error:
        raise unreadable("workbook_unreadable", f"The workbook is broken: {error}") from error


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    names = {member.filename for member in members}
    if any(member.flag_bits & 1 for member in members):
        raise unreadable("workbook_protected", "The workbook has a password: save it without one.")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise unreadable("workbook_macros", "The workbook has macros: save it as .xlsx, without them.")
    if "[Content_Types].xml" not in names or len(names) < len(members):
        raise unreadable("workbook_unreadable", "This archive is no workbook (.xlsx).")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise unreadable(
            "workbook_unreadable", "The workbook is packed in a way that spreadsheets don't use."
        )
    inflated = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if inflated > INFLATED_BYTES_MAX or (inflated > _RATIO_FROM_BYTES and inflated > packed * _RATIO_MAX):
        raise too_large(f"Unpacked, a workbook has at most {INFLATED_BYTES_MAX // 2**20} MiB.")


def _check_contents(archive: zipfile.ZipFile) -> MergedAreas:
    limits = _Limits()
    merged: MergedAreas = {}
    for member in archive.infolist():
        try:
            _Member(member.filename, limits, merged).check(archive)
        except expat.ExpatError:
            # Pictures and settings of printers are no XML. All are tried: nothing says which of them are sheets.
            if member.filename.endswith((".xml", ".rels")):
                raise
    return merged


class _Member:
    """One XML member of the archive, read without building anything."""

    def __init__(self, name: str, limits: _Limits, merged: MergedAreas) -> None:
        self.name = name
        self.limits = limits
        self.merged = merged
        self.row = 0

    def check(self, archive: zipfile.ZipFile) -> None:
        """Inflate and parse it; what is declared may be a lie."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self.refuse_declarations
        parser.StartElementHandler = self.start
        with archive.open(self.name) as inflated:
            while chunk := inflated.read(_CHUNK):
                self.limits.inflated += len(chunk)
                if self.limits.inflated > INFLATED_BYTES_MAX:
                    raise too_large(f"Unpacked, a workbook has at most {INFLATED_BYTES_MAX // 2**20} MiB.")
                parser.Parse(chunk, False)  # noqa: FBT003  expat takes no keywords
        parser.Parse(b"", True)  # noqa: FBT003  the same

    def refuse_declarations(self, *_: object) -> None:
        # Entities are declared there, a few lines of which can stand for gigabytes; no spreadsheet writes any.
        raise unreadable("workbook_unreadable", "The workbook declares XML entities.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not tag.startswith(_MAIN):
            return
        match tag[len(_MAIN) :]:
            case "c":
                self.limits.cells += 1
                column = _COLUMN.fullmatch(attributes.get("r", "A1"))
                if column is None:
                    raise unreadable("workbook_unreadable", "The workbook is broken: a cell has no place.")
                if _index(column[1]) >= COLUMNS_MAX:
                    raise too_large(
                        f"A sheet has at most {COLUMNS_MAX} columns; delete the empty ones.", self.row
                    )
                if self.limits.cells > CELLS_MAX:
                    raise too_large(f"A workbook has at most {CELLS_MAX} cells.")
            case "row":
                self.start_row(attributes.get("r"))
            case "worksheet":
                self.limits.sheets += 1
                if self.limits.sheets > SHEETS_MAX:
                    raise too_large(f"A workbook has at most {SHEETS_MAX} sheets.")
            case "mergeCell":
                self.merged.setdefault(self.name, []).append(attributes["ref"])
            case _:
                pass

    def start_row(self, number: str | None) -> None:
        row = int(number) if number is not None else self.row + 1
        if row <= self.row:
            raise unreadable("workbook_unreadable", "The workbook is broken: its rows are out of order.")
        if row > ROWS_MAX:
            raise too_large(f"A sheet has at most {ROWS_MAX} rows; delete the empty ones below.", row)
        self.row = row


def _index(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
