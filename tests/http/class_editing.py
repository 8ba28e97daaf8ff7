"""What an administrator does with classes, as short sentences for tests: read one, change it, send it back; a file."""

import io
from collections.abc import Sequence
from typing import Any

import httpx
from openpyxl import Workbook

from api.adapters.spreadsheets import XLSX
from tests.conftest import House

CLASSES = "/v1/catalog/classes"
COVER, STALL = f"{CLASSES}/P0101", f"{CLASSES}/E0406"
VERSIONS = "/v1/catalog/versions"
CHANGES = "/v1/reference/changes"
HEADINGS = (
    "大类代码",
    "大类名称",
    "小类代码",
    "小类名称",
    "立案条件",
    "结案条件",
    "处置时限",
    "即查即改",
    "处置后照片",
)
NEW_ROW = ("90", "其他", "1", "违规投放", "发现投放", "清走", "4工作时", "是", "是")

NEW: dict[str, Any] = {
    "version": None,
    "scheme": "local",
    "major_zh": "其他",
    "major_en": "Others",
    "minor_zh": "违规投放",
    "minor_en": "Dumping",
    "conditions": [
        {
            "number": 1,
            "condition_zh": "发现投放",
            "condition_en": "Seen",
            "closing_zh": "清走",
            "closing_en": "Taken away",
            "limit": {"value": 4, "unit": "working_hour"},
            "milestones": [],
            "after_photo": True,
            "self_fix": True,
            "is_active": True,
        }
    ],
    "questions": None,
    "is_active": True,
}


async def read(house: House, path: str, username: str = "admin") -> Any:  # noqa: ANN401  any answer
    answer = await (await house.caller(username)).get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(
    house: House, body: dict[str, Any], path: str = f"{CLASSES}/E9001", headers: dict[str, str] | None = None
) -> httpx.Response:
    return await (await house.caller("admin")).put(
        path, json=body, headers={"Accept-Language": "en", **(headers or {})}
    )


async def editable(house: House, path: str = COVER, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a class as it can be sent back, with changes."""
    shown = await read(house, path)
    for one in shown["conditions"]:
        del one["code"], one["limit"]["text"]
        for step in one["milestones"]:
            del step["limit"]["text"]
    return {name: value for name, value in shown.items() if name not in {"code", "name", "kind"}} | changes


async def stored(house: House, path: str = COVER, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Change a class; return it as it is then."""
    answer = await put(house, await editable(house, path, **changes), path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def retired(house: House, path: str, number: int) -> dict[str, Any]:
    """Retire one condition of a class."""
    body = await editable(house, path)
    for one in body["conditions"]:
        one["is_active"] = one["is_active"] and one["number"] != number
    return await stored(house, path, conditions=body["conditions"])


async def send(
    house: House, content: bytes | str, media_type: str = XLSX, username: str = "admin", **query: str
) -> httpx.Response:
    caller = await house.caller(username)
    sent = content.encode() if isinstance(content, str) else content
    return await caller.post(
        "/v1/catalog/import", content=sent, params=query, headers={"Content-Type": media_type}
    )


def workbook(
    *rows: Sequence[object],
    sheet: str = "事件",
    headings: Sequence[object] = HEADINGS,
    merged: Sequence[str] = (),
) -> bytes:
    """Return a workbook as an office might save it."""
    book = Workbook()
    active = book.active
    assert active is not None
    active.title = sheet
    for row in (headings, *rows):
        active.append(list(row))  # pyright: ignore[reportUnknownMemberType]  the library leaves the row open
    for area in merged:
        active.merge_cells(area)  # pyright: ignore[reportUnknownMemberType]  the library leaves it open
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def faults(answer: httpx.Response) -> list[tuple[str | None, int | None, str | None, str]]:
    """Return sheet, line, column and code of all that was wrong with a file that was refused or looked at."""
    told = answer.json()
    found = told["faults"] if answer.status_code == 200 else told["errors"]
    return [(one.get("sheet"), one.get("line"), one.get("column"), one["code"]) for one in found]
