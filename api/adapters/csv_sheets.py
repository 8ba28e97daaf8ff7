"""CSV in and out, as spreadsheets save and open it."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from api.adapters.cell_texts import CellWrong, is_error, refuse_error, refuse_formula, refuse_long
from api.adapters.workbook_archives import (
    CELLS_MAX,
    COLUMNS_MAX,
    FILE_BYTES_MAX,
    ROWS_MAX,
    SpreadsheetUnreadable,
    too_large,
    unreadable,
)
from api.domain.imports import Finding
from api.domain.sheets import Row, Sheet

ENCODINGS = ("utf-8", "gb18030", "gbk", "gb2312")
"""What the sender of a file may name; the last three are read alike, as the first of them holds the others."""

_RECORD_CHARACTERS_MAX = 1_000_000
_WRONG_MAX = 1_000
_QUOTED = re.compile(r'"[^"]*"')
_DELIMITERS = ",;\t"

_FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
"""What spreadsheets take for the beginning of a formula, or skip in front of one."""


def read_csv(content: bytes, encoding: str = "utf-8") -> Sheet:
    """Read a CSV file: UTF-8 unless the caller says `gb18030` (or gbk, gb2312); a byte order mark wins.

    Cells are parted by commas, semicolons or tabs, as the first line that has any of them shows; line ends of all
    kinds are taken, and cells keep the blanks around their text. One apostrophe in front of what a spreadsheet would
    reckon (`'=1+1`) is taken away, as `write_csv` set it. Raises SpreadsheetUnreadable with the lines for bytes of
    another encoding, quotes without an end, formulas, errors of a spreadsheet, and a file that is too large.
    """
    if len(content) > FILE_BYTES_MAX:
        raise too_large(f"A file has at most {FILE_BYTES_MAX // 2**20} MiB.")
    lines = _Lines(_decoded(content, encoding))
    wrong: list[Finding] = []
    rows = tuple(_rows(lines, wrong))
    if wrong:
        raise SpreadsheetUnreadable(*wrong)
    return Sheet("", rows)


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows as CSV in UTF-8, with the byte order mark by which spreadsheets know it.

    What a spreadsheet would reckon (`=1+1`, `+86 10`, `#N/A`) gets an apostrophe in front, so that a name can't run as
    a formula on the desk of whoever opens the file; `read_csv` takes it away again.
    """
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows([_guarded(text) for text in row] for row in rows)
    return codecs.BOM_UTF8 + written.getvalue().encode()


def _decoded(content: bytes, encoding: str) -> str:
    if encoding.lower() not in ENCODINGS:
        raise unreadable("encoding_unknown", f"The encoding is one of {', '.join(ENCODINGS)}.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise unreadable("encoding_wrong", "This is UTF-16: save it as CSV in UTF-8.", line=1)
    if content.startswith(b"PK\x03\x04"):
        raise unreadable("csv_unreadable", "This is a workbook (.xlsx), not CSV.")
    nul = content.find(b"\0")
    if nul >= 0:
        raise unreadable("csv_unreadable", "There is a NUL byte: this is no text.", _line(content, nul))
    is_utf8 = encoding.lower() == "utf-8" or content.startswith(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8-sig" if is_utf8 else "gb18030")
    except UnicodeDecodeError as error:
        told = (
            "This is not UTF-8. Save the file as CSV UTF-8, or say encoding=gb18030 for one from a Chinese Excel."
            if is_utf8
            else "This is not GB18030."
        )
        raise unreadable("encoding_wrong", told, _line(content, error.start)) from error


def _line(content: bytes, position: int) -> int:
    return len(content[:position].splitlines()) + (
        content[:position].endswith((b"\n", b"\r")) or not position
    )


class _Lines:
    """The lines of a text for the csv module, which would read a record of any length."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line = 0
        self.first = 1
        """The line in which the record begins that is being read."""
        self._record = 0

    def begin_record(self) -> None:
        self.first = self.line + 1
        self._record = 0

    def __iter__(self) -> Iterator[str]:
        for line in io.StringIO(self.text, newline=""):
            self.line += 1
            self._record += len(line)
            if self._record > _RECORD_CHARACTERS_MAX:
                raise too_large(f"A row has at most {_RECORD_CHARACTERS_MAX} characters.", self.first)
            yield line


def _rows(lines: _Lines, wrong: list[Finding]) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=_delimiter(lines.text), strict=True)
    rows = cells = 0
    while True:
        lines.begin_record()
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise unreadable(
                "csv_unreadable", f"Quotes are not closed, or wrong: {error}.", lines.first
            ) from error
        if record is None:
            return
        if len(record) > COLUMNS_MAX:
            raise too_large(f"A sheet has at most {COLUMNS_MAX} columns.", lines.first)
        texts = _texts(record, lines.first, wrong)
        if texts:
            rows += 1
            cells += len(texts)
            if rows > ROWS_MAX or cells > CELLS_MAX:
                raise too_large(f"A file has at most {ROWS_MAX} rows and {CELLS_MAX} cells.", lines.first)
            yield Row(lines.first, texts)


def _texts(record: Sequence[str], line: int, wrong: list[Finding]) -> tuple[str, ...]:
    texts: list[str] = []
    for index, cell in enumerate(record):
        try:
            refuse_formula(cell)
            refuse_error(cell)
            refuse_long(cell)
        except CellWrong as error:
            wrong.append(error.finding(line, index))
            if len(wrong) >= _WRONG_MAX:
                raise SpreadsheetUnreadable(*wrong) from error
        texts.append(_unguarded(cell))
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _delimiter(text: str) -> str:
    for line in io.StringIO(text, newline=""):
        bare = _QUOTED.sub("", line)
        most = max(_DELIMITERS, key=bare.count)
        if most in bare:
            return most
    return ","


def _guarded(text: str) -> str:
    return f"'{text}" if _needs_guard(text) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _needs_guard(text) else text


def _needs_guard(text: str) -> bool:
    # Behind any number of apostrophes: what had one already gets another, and loses just that again.
    bare = text.lstrip("'")
    return bare.startswith(tuple(_FORMULA_STARTS)) or is_error(bare)
