"""People as a table: what an office keeps of them in a spreadsheet, in and out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from api.domain.access import ROLE_NAMES, Role
from api.domain.errors import FieldWrong
from api.domain.imports import Finding
from api.domain.people import (
    DUTIES_MAX,
    OFFICER_NUMBER_MAX,
    PERSON_NAME_MAX,
    POST_MAX,
    USERNAME_MAX,
    USERNAME_PATTERN,
    Duty,
    PersonDraft,
    check_duties,
    check_unit_of,
)
from api.domain.phones import PHONE_MAX, PHONE_PATTERN
from api.domain.reference import GridFacts, UnitFacts
from api.domain.table_cells import RowReader, code_named, keyed_rows
from api.domain.tables import Column, TableRow, yes_or_no
from api.domain.units import UNIT_NAME_MAX

COLUMNS = (
    Column("username", ("用户名", "账号", "登录名"), is_required=True),
    Column("name", ("姓名",)),
    Column("role", ("角色",)),
    Column("unit", ("单位", "所属单位", "单位编码")),
    Column("phone", ("电话", "手机", "手机号", "联系电话")),
    Column("officer_number", ("工号",)),
    Column("post", ("职务", "岗位")),
    Column("grids", ("网格", "责任网格", "网格编码")),
    Column("phone_public", ("公示电话", "电话公示")),
    Column("valid_until", ("有效期", "有效期至")),
    Column("is_active", ("启用", "在用")),
)

_POSTS = {
    Role.OFFICER: ("信息采集员", "采集员", "监督员"),
    Role.DISPATCHER: ("受理员", "值班长", "坐席员"),
    Role.UNIT_MEMBER: ("经办人", "单位经办人"),
    Role.UNIT_LEAD: ("单位负责人",),
    Role.SUPERVISOR: ("督查", "督导员"),
    Role.ADMINISTRATOR: ("管理员",),
}
"""What offices also call the roles (GB/T 30428)."""

_ROLES = {role.value: role for role in Role} | {
    name.casefold(): role for role, names in ROLE_NAMES.items() for name in (*names, *_POSTS.get(role, ()))
}
_PARTED = re.compile(r"[\s,;、，；]+")


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """What a row says of a person: `said` are members of a draft, those that the table has a column for.

    `grids` are codes, None where the table has no such column. `public` is whether residents may see her phone number,
    or the codes of the grids where they may; None leaves that as it is. `unit` is as written: a code or a name.
    """

    row: TableRow
    username: str
    said: Mapping[str, Any]
    grids: tuple[str, ...] | None
    public: bool | frozenset[str] | None

    def finding(self, code: str, detail: str, field: str | None = None) -> Finding:
        """Return a fault of this row."""
        return self.row.finding(code, detail, field, key=self.username)


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """A person as she should be, after the row that says so; her unit is there."""

    entry: PersonEntry
    draft: PersonDraft
    unit: UnitFacts | None


def read_people(rows: list[TableRow]) -> tuple[list[PersonEntry], list[Finding]]:
    """Read the rows of a table, and what is wrong with them as far as they alone can tell."""
    findings: list[Finding] = []
    told = f"A user name has small letters a-z, digits, . - and _, at most {USERNAME_MAX}."
    readers = keyed_rows(rows, "username", _is_username, told, findings)
    return [_entry(reader) for reader in readers], findings


def plan_people(
    entries: Sequence[PersonEntry],
    stored: Mapping[str, PersonDraft],
    number_owners: Mapping[str, str],
    units: Mapping[str, UnitFacts],
    grids: Mapping[str, GridFacts],
    today: date,
) -> tuple[list[PlannedPerson], list[Finding]]:
    """Return all people of a table as they should be, in its order, and what is wrong with them.

    `stored` are those of them who are there already, `number_owners` who has an officer number that the table names,
    `units` and `grids` those of the office by code. The grids of a row replace the duties that are not over: a duty on
    a grid that the row names stays as it is, other grids begin today.
    """
    findings: list[Finding] = []
    names = {code: unit.name_zh for code, unit in units.items()}
    planned: list[PlannedPerson] = []
    for entry in entries:
        one = _planned(entry, stored.get(entry.username), names, units, grids, today, findings)
        if one is not None:
            planned.append(one)
    findings += _repeated_numbers(planned, number_owners)
    return planned, findings


def person_rows(people: Iterable[PersonDraft]) -> list[list[str]]:
    """Write people as the rows of a table, with its headings, in their order; `read_people` reads them back."""
    return [[column.name for column in COLUMNS], *map(_row, people)]


def _is_username(text: str) -> bool:
    return len(text) <= USERNAME_MAX and re.fullmatch(USERNAME_PATTERN, text) is not None


def _entry(reader: RowReader) -> PersonEntry:
    reader.line("name", PERSON_NAME_MAX, is_needed=True)
    reader.choice("role", _ROLES)
    reader.line("unit", UNIT_NAME_MAX)
    reader.matched("phone", PHONE_PATTERN, PHONE_MAX, "Write a phone number as 13812345678.")
    reader.line("officer_number", OFFICER_NUMBER_MAX)
    reader.line("post", POST_MAX)
    reader.day("valid_until")
    reader.truth("is_active")
    row = reader.row
    grids = tuple(dict.fromkeys(_parted(row.text("grids")))) if row.has("grids") else None
    if grids is not None and len(grids) > DUTIES_MAX:
        reader.wrong("grids", "cell_too_long", f"One person has at most {DUTIES_MAX} grids.")
    public: bool | frozenset[str] | None = yes_or_no(row.text("phone_public"))
    if public is None and row.text("phone_public"):
        public = frozenset(_parted(row.text("phone_public")))
    return PersonEntry(row, reader.key, dict(reader.said), grids, public)


def _planned(
    entry: PersonEntry,
    stored: PersonDraft | None,
    names: Mapping[str, str],
    units: Mapping[str, UnitFacts],
    grids: Mapping[str, GridFacts],
    today: date,
    findings: list[Finding],
) -> PlannedPerson | None:
    """Return the person as she should be, None where that can't be said."""
    said = dict(entry.said)
    before = len(findings)
    if said.get("unit") is not None:
        code = code_named(said["unit"], names)
        if code is None:
            findings.append(entry.finding("unit_unknown", f"There is no unit {said['unit']}.", "unit"))
        said["unit"] = code
    if stored is None:
        findings += [
            entry.finding("cell_needed", f"{entry.username} is new: it needs this.", name)
            for name in ("name", "role")
            if name not in said
        ]
    said["duties"] = _duties(entry, stored.duties if stored else (), grids, today, findings)
    if len(findings) > before:
        return None
    fresh: dict[str, Any] = {
        "unit": None,
        "phone": None,
        "officer_number": None,
        "post": None,
        "valid_until": None,
        "is_active": True,
    }
    draft = replace(stored, **said) if stored else PersonDraft(username=entry.username, **{**fresh, **said})
    if draft == stored:
        # What has come true since, such as a unit that was closed, is no fault of a row that changes nothing.
        return PlannedPerson(entry, draft, units.get(draft.unit) if draft.unit else None)
    held = {duty.grid for duty in stored.duties} if stored else set[str]()
    try:
        # Whoever is on duty in a grid that ended stays so until somebody takes the duty away.
        check_duties(draft, {*grids, *held} if held - grids.keys() else grids)
        return PlannedPerson(entry, draft, check_unit_of(draft, units))
    except FieldWrong as wrong:
        field = "unit" if wrong.pointer == "/unit" else "grids"
        findings.append(entry.finding(wrong.field_code, wrong.detail, field))
        return None


def _duties(
    entry: PersonEntry,
    held: Sequence[Duty],
    grids: Mapping[str, GridFacts],
    today: date,
    findings: list[Finding],
) -> tuple[Duty, ...]:
    on = {duty.grid for duty in held}
    codes = entry.grids if entry.grids is not None else tuple(on)
    public = entry.public
    unknown = [code for code in codes if code not in grids and code not in on]
    if unknown:
        findings.append(
            entry.finding("grid_unknown", f"There is no grid {', '.join(unknown[:10])}.", "grids")
        )
    if isinstance(public, frozenset) and not public <= set(codes):
        strange = ", ".join(sorted(public - set(codes))[:10])
        findings.append(
            entry.finding(
                "cell_wrong", f"Write 是, 否, or grids of this row; {strange} is none.", "phone_public"
            )
        )
    duties = [
        replace(duty, is_phone_public=_is_public(public, duty.grid, otherwise=duty.is_phone_public))
        for duty in held
        if duty.grid in codes
    ]
    duties += [
        Duty(code, today, None, _is_public(public, code, otherwise=False)) for code in codes if code not in on
    ]
    return tuple(sorted(duties, key=lambda duty: (duty.grid, duty.from_on)))


def _is_public(public: bool | frozenset[str] | None, grid: str, *, otherwise: bool) -> bool:  # noqa: FBT001  as a cell says it
    if public is None:
        return otherwise
    return public if isinstance(public, bool) else grid in public


def _repeated_numbers(planned: Sequence[PlannedPerson], owners: Mapping[str, str]) -> list[Finding]:
    """Tell officer numbers that two people would have, of the table or of those whom it does not name."""
    named = {one.draft.username for one in planned}
    taken = {number: owner for number, owner in owners.items() if owner not in named}
    findings: list[Finding] = []
    for one in planned:
        number = one.draft.officer_number
        if number is None:
            continue
        owner = taken.setdefault(number, one.draft.username)
        if owner != one.draft.username:
            findings.append(
                one.entry.finding(
                    "officer_number_taken", f"{owner} has the number {number}.", "officer_number"
                )
            )
    return findings


def _parted(text: str) -> list[str]:
    return [part for part in _PARTED.split(text) if part]


def _row(person: PersonDraft) -> list[str]:
    return [
        person.username,
        person.name,
        person.role.value,
        person.unit or "",
        person.phone or "",
        person.officer_number or "",
        person.post or "",
        " ".join(dict.fromkeys(duty.grid for duty in person.duties)),
        _public_cell(person.duties),
        person.valid_until.isoformat() if person.valid_until else "",
        "是" if person.is_active else "否",
    ]


def _public_cell(duties: Sequence[Duty]) -> str:
    public = {duty.grid for duty in duties if duty.is_phone_public}
    others = {duty.grid for duty in duties if not duty.is_phone_public}
    if not public:
        return "否" if others else ""
    if not others:
        return "是"
    # Of two duties on one grid, one public and one not, no cell can tell: an empty one leaves them as they are.
    return "" if public & others else " ".join(sorted(public))
