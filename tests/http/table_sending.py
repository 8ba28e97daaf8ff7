"""Send tables to the imports of units and people."""

from typing import Any

import httpx

from api.adapters.spreadsheets import XLSX, write_csv, write_workbook
from tests.conftest import House

CSV = "text/csv"


async def send(
    house: House,
    path: str,
    content: bytes,
    *,
    query: str = "",
    content_type: str = CSV,
    username: str = "admin",
) -> httpx.Response:
    """Send a file."""
    caller = await house.caller(username)
    headers = {"Content-Type": content_type, "Accept-Language": "en"}
    return await caller.post(f"{path}?{query}", content=content, headers=headers)


async def send_rows(house: House, path: str, *rows: tuple[str, ...], query: str = "") -> httpx.Response:
    """Send a table as CSV."""
    return await send(house, path, write_csv(rows), query=query)


async def send_workbook(house: House, path: str, *rows: tuple[str, ...], query: str = "") -> httpx.Response:
    """Send a table as a workbook."""
    return await send(house, path, write_workbook([("表", rows)]), query=query, content_type=XLSX)


def faults(answer: httpx.Response) -> list[tuple[str, int | None, str | None]]:
    """Return what is wrong with a file that was refused, short."""
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["code"]) == (422, "import_refused"), answer.text
    return [(one["code"], one.get("line"), one.get("column")) for one in told["errors"]]
