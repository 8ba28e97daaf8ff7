"""Tables in the body of a request: a workbook or CSV, as its media type says."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from anyio import to_thread
from fastapi import Query, Request

from api.adapters.spreadsheets import XLSX, SpreadsheetUnreadable, read_csv, read_workbook
from api.domain.errors import NotJson
from api.domain.imports import Finding
from api.domain.tables import Column, TableRow, read_table, sheet_to_read

CSV = "text/csv"

TABLE_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            XLSX: {"schema": {"type": "string", "format": "binary"}},
            CSV: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
"""For the `openapi_extra` of operations that take a table."""

DryRun = Annotated[bool, Query(description="Store nothing; tell what is wrong and what would change.")]
Encoding = Annotated[
    Literal["utf-8", "gb18030", "gbk", "gb2312"],
    Query(description="Of CSV; a byte order mark of UTF-8 wins."),
]


Entry = TypeVar("Entry")
Read = tuple[list[Entry], list[Finding]]
"""What a table says, and what is wrong with it."""

ReadRows = Callable[[list[TableRow]], tuple[list[Entry], list[Finding]]]
"""Reads the rows of one kind of table."""


async def read_table_body(
    request: Request, encoding: str, columns: Sequence[Column], read_rows: ReadRows[Entry]
) -> Read[Entry]:
    """Return what the table in a request's body says, and what is wrong with it; NotJson for another media type.

    The body is read here: call this when it is known who is calling.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (XLSX, CSV):
        raise NotJson(f"Send the table as {XLSX} or {CSV}.")
    content = await request.body()
    return await to_thread.run_sync(
        read_table_file, content, None if media_type == XLSX else encoding, columns, read_rows
    )


def read_table_file(
    content: bytes, encoding: str | None, columns: Sequence[Column], read_rows: ReadRows[Entry]
) -> Read[Entry]:
    """Return what a table says, and what is wrong with it; `encoding` is that of CSV, None for a workbook.

    Of a workbook the first sheet with text in it is read.
    """
    try:
        sheets = read_workbook(content) if encoding is None else (read_csv(content, encoding),)
    except SpreadsheetUnreadable as unreadable:
        return [], list(unreadable.findings)
    sheet, ignored = sheet_to_read(sheets)
    rows, wrong = read_table(sheet.rows, columns, sheet=sheet.name or None)
    entries, findings = read_rows(rows)
    return entries, [*ignored, *wrong, *findings]
