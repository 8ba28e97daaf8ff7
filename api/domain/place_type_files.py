"""Types of places from tables."""

import re
from typing import Final

from api.domain.imports import Finding
from api.domain.places import PlaceType
from api.domain.tables import Column, TableRow

COLUMNS: Final = (
    Column("code", ("编码", "类型编码"), is_required=True),
    Column("name_zh", ("名称", "类型名称", "中文名称"), is_required=True),
    Column("name_en", ("英文名称",)),
)

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_NAME_MAX: Final = 100


def read_place_types(rows: list[TableRow]) -> tuple[list[PlaceType], list[Finding]]:
    """Return the types of a table, all of them in use, and what is wrong with it."""
    types: dict[str, PlaceType] = {}
    findings: list[Finding] = []
    for row in rows:
        code, name_zh = row.text("code"), row.text("name_zh")
        name_en = row.text("name_en") or name_zh
        if not _CODE.fullmatch(code):
            detail = "A code has small letters, digits, - and _, 40 at most."
            findings.append(row.finding("code_wrong", detail, "code", key=code))
        elif code in types:
            findings.append(row.finding("code_twice", "Another line has this code, too.", "code", key=code))
        elif not name_zh or max(len(name_zh), len(name_en)) > _NAME_MAX:
            detail = f"A type has a name of {_NAME_MAX} characters at most."
            findings.append(row.finding("name_wrong", detail, "name_zh", key=code))
        else:
            types[code] = PlaceType(code, name_zh, name_en)
    return list(types.values()), findings
