"""Units (责任单位) as a table: what an office keeps of them in a spreadsheet, in and out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from api.domain.imports import Finding
from api.domain.phones import PHONE_MAX, PHONE_PATTERN
from api.domain.table_cells import RowReader, code_named, keyed_rows
from api.domain.tables import Column, TableRow
from api.domain.units import UNIT_NAME_MAX, UnitDraft, UnitKind, is_unit_code

COLUMNS = (
    Column("code", ("编码", "单位编码", "单位代码", "代码"), is_required=True),
    Column("name_zh", ("单位名称", "名称", "单位", "name")),
    Column("name_en", ("英文名称",)),
    Column("kind", ("类型", "单位类型")),
    Column("parent", ("上级单位", "上级", "上级单位编码")),
    Column("phone", ("电话", "联系电话")),
    Column("calendar", ("日历", "工作日历")),
    Column("is_fallback", ("兜底", "属地兜底")),
    Column("is_active", ("启用", "在用")),
    Column("hand_over_to", ("移交单位", "接办单位")),
)

_KINDS = {
    "bureau": UnitKind.BUREAU,
    "street": UnitKind.STREET,
    "enterprise": UnitKind.ENTERPRISE,
    "部门": UnitKind.BUREAU,
    "街道": UnitKind.STREET,
    "乡镇": UnitKind.STREET,
    "企业": UnitKind.ENTERPRISE,
}


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """What a row says of a unit: `said` are members of a draft, those that the table has a column for.

    `parent` and `successor` are as written: codes or names. `successor` takes over the work of a unit that is closed.
    """

    row: TableRow
    code: str
    said: Mapping[str, Any]
    successor: str | None

    def finding(self, code: str, detail: str, field: str | None = None) -> Finding:
        """Return a fault of this row."""
        return self.row.finding(code, detail, field, key=self.code)


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """A unit as it should be, after the row that says so."""

    entry: UnitEntry
    draft: UnitDraft
    successor: str | None


def read_units(rows: list[TableRow]) -> tuple[list[UnitEntry], list[Finding]]:
    """Read the rows of a table, and what is wrong with them as far as they alone can tell."""
    findings: list[Finding] = []
    told = "A code has small letters a-z, digits, - and _, at most 40."
    readers = keyed_rows(rows, "code", is_unit_code, told, findings)
    return [_entry(reader) for reader in readers], findings


def plan_units(
    entries: Sequence[UnitEntry], stored: Mapping[str, UnitDraft], calendars: Collection[str]
) -> tuple[list[PlannedUnit], list[Finding]]:
    """Return all units of a table as they should be, in its order, and what is wrong with them.

    A parent may stand anywhere in the table, or among the stored units; loops are told at every row that is in one.
    """
    findings: list[Finding] = []
    names = {code: unit.name_zh for code, unit in stored.items()} | {
        entry.code: entry.said["name_zh"] for entry in entries if "name_zh" in entry.said
    }
    drafts = dict(stored)
    planned: list[PlannedUnit] = []
    for entry in entries:
        draft = _draft(entry, stored.get(entry.code), names, calendars, findings)
        if draft is not None:
            drafts[entry.code] = draft
            successor = _successor(entry, draft, names, findings)
            planned.append(PlannedUnit(entry, draft, successor))
    findings += [
        one.entry.finding("unit_loop", "A unit can't be below itself.", "parent")
        for one in planned
        if _is_below_itself(one.draft.code, drafts)
    ]
    return planned, findings


def unit_rows(units: Iterable[UnitDraft]) -> list[list[str]]:
    """Write units as the rows of a table, with its headings, by code; `read_units` reads them back."""
    columns = [column.name for column in COLUMNS if column.name != "hand_over_to"]
    rows = [columns]
    for unit in sorted(units, key=lambda one: one.code):
        cells = asdict(unit)
        rows.append([_shown(cells[name]) for name in columns])
    return rows


def _entry(reader: RowReader) -> UnitEntry:
    reader.line("name_zh", UNIT_NAME_MAX, is_needed=True)
    reader.line("name_en", UNIT_NAME_MAX, is_needed=True)
    reader.choice("kind", _KINDS)
    reader.line("parent", UNIT_NAME_MAX)
    reader.matched("phone", PHONE_PATTERN, PHONE_MAX, "Write a phone number as 010-12345678.")
    reader.line("calendar", UNIT_NAME_MAX)
    reader.truth("is_fallback")
    reader.truth("is_active")
    reader.line("hand_over_to", UNIT_NAME_MAX)
    said = dict(reader.said)
    if said.get("calendar") is None:
        said.pop("calendar", None)
    return UnitEntry(reader.row, reader.key, said, said.pop("hand_over_to", None))


def _draft(
    entry: UnitEntry,
    stored: UnitDraft | None,
    names: Mapping[str, str],
    calendars: Collection[str],
    findings: list[Finding],
) -> UnitDraft | None:
    """Return the unit as it should be, None where that can't be said."""
    said = dict(entry.said)
    before = len(findings)
    if said.get("parent") is not None:
        parent = code_named(said["parent"], names)
        if parent is None:
            findings.append(entry.finding("unit_unknown", f"There is no unit {said['parent']}.", "parent"))
        said["parent"] = parent
    if "calendar" in said and said["calendar"] not in calendars:
        findings.append(
            entry.finding("calendar_unknown", f"There is no calendar {said['calendar']}.", "calendar")
        )
    if stored is not None:
        return replace(stored, **said) if len(findings) == before else None
    if "calendar" not in said and len(calendars) == 1:
        said["calendar"] = next(iter(calendars))
    findings += [
        entry.finding("cell_needed", f"{entry.code} is new: it needs this.", name)
        for name in ("name_zh", "kind", "calendar")
        if name not in said
    ]
    if len(findings) > before:
        return None
    fresh: dict[str, Any] = dict(parent=None, phone=None, is_fallback=False, is_active=True)  # noqa: C408  members
    return UnitDraft(code=entry.code, **{"name_en": said["name_zh"], **fresh, **said})


def _successor(
    entry: UnitEntry, draft: UnitDraft, names: Mapping[str, str], findings: list[Finding]
) -> str | None:
    if entry.successor is None:
        return None
    if draft.is_active:
        findings.append(
            entry.finding(
                "hand_over_unexpected", "Only a unit that is closed down hands its work over.", "hand_over_to"
            )
        )
        return None
    code = code_named(entry.successor, names)
    if code is None:
        findings.append(entry.finding("unit_unknown", f"There is no unit {entry.successor}.", "hand_over_to"))
    return code


def _is_below_itself(code: str, drafts: Mapping[str, UnitDraft]) -> bool:
    seen: set[str] = set()
    at = drafts[code].parent
    while at is not None and at not in seen:
        if at == code:
            return True
        seen.add(at)
        at = drafts[at].parent if at in drafts else None
    return False


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case _:
            return str(value)
