"""Reads calendars from plain mappings, as YAML gives them, and writes them so that they are read back the same.

calendars:
  - code: city
    name_zh: 机关工作时间
    name_en: Office hours
    time_zone: Asia/Shanghai
    first_on: 2024-01-01
    last_on: 2026-12-31
    working_day_minutes: 480
    weekly:                       # a day that is left out is closed
      monday: ["08:00-12:00", "14:00-18:00"]
    days:                         # those that differ from their weekday
      - {on: 2026-02-14, kind: makeup_workday, hours: ["08:00-12:00", "14:00-18:00"], name_zh: 春节调休上班}
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import cast

from api.domain.calendar_drafts import CalendarDraft, DraftDay, write_hours
from api.domain.calendars import CalendarDay, DayKind, WorkCalendar
from api.domain.errors import FieldWrong
from api.domain.imports import Finding

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_NO_LINES: Mapping[str, int] = MappingProxyType({})
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_TEXT_LENGTH_MAX = 100
_TEXTS = ("code", "name_zh", "name_en", "time_zone")
_NEEDED = {*_TEXTS, "first_on", "last_on", "working_day_minutes", "weekly"}
_MEMBERS = _NEEDED | {"days"}
_DAY_NEEDED = {"on", "kind"}
_DAY_MEMBERS = _DAY_NEEDED | {"hours", "name_zh", "name_en"}


def read_calendars(
    document: object, lines: Mapping[str, int] = _NO_LINES
) -> tuple[list[WorkCalendar], list[Finding]]:
    """Read a document with the one member `calendars`; what can't be meant is among the findings, with its line.

    `lines` says where a file has what is at a JSON pointer.
    """
    calendars: list[WorkCalendar] = []
    findings: list[Finding] = []
    members = cast("dict[object, object]", document) if isinstance(document, dict) else {}
    entries = members.get("calendars")
    if set(members) != {"calendars"} or not isinstance(entries, list):
        said = "A file of calendars has the list `calendars` and nothing else."
        return [], [Finding("field_mistyped", said, line=1)]
    seen: set[str] = set()
    for number, entry in enumerate(cast("list[object]", entries)):
        pointer = f"/calendars/{number}"
        try:
            calendar = _draft(entry, seen).checked()
        except FieldWrong as wrong:
            findings.append(_finding(pointer + wrong.pointer, wrong, lines))
            continue
        seen.add(calendar.code)
        calendars.append(calendar)
    return calendars, findings


def mapping_from_calendar(calendar: WorkCalendar) -> dict[str, object]:
    """Return a calendar as `read_calendars` reads it; closed weekdays are left out."""
    written: dict[str, object] = {
        "code": calendar.code,
        "name_zh": calendar.name_zh,
        "name_en": calendar.name_en,
        "time_zone": calendar.time_zone,
        "first_on": calendar.first_on,
        "last_on": calendar.last_on,
        "working_day_minutes": calendar.working_day_minutes,
        "weekly": {
            day: write_hours(ranges) for day, ranges in zip(WEEKDAYS, calendar.weekly, strict=True) if ranges
        },
    }
    days = [_written_day(on, day) for on, day in sorted(calendar.exceptions.items())]
    return written | ({"days": days} if days else {})


def _written_day(on: date, day: CalendarDay) -> dict[str, object]:
    written: dict[str, object] = {"on": on, "kind": day.kind.value}
    if day.ranges:
        written["hours"] = write_hours(day.ranges)
    return written | {name: value for name in ("name_zh", "name_en") if (value := getattr(day, name))}


def _finding(pointer: str, wrong: FieldWrong, lines: Mapping[str, int]) -> Finding:
    around = pointer
    while around and around not in lines:
        around = around.rpartition("/")[0]
    return Finding(wrong.field_code, wrong.detail, line=lines.get(around), column=pointer.rpartition("/")[2])


def _draft(entry: object, seen: Collection[str]) -> CalendarDraft:
    members = _members(entry, "", _NEEDED, _MEMBERS)
    texts = {name: _text(members[name], f"/{name}") for name in _TEXTS}
    if not _CODE.fullmatch(texts["code"]):
        raise _mistyped("/code", "A code of at most 40 small letters, digits, - and _")
    if texts["code"] in seen:
        raise FieldWrong("/code", "code_repeated", f"Calendar {texts['code']} is there twice.")
    for name in ("name_zh", "name_en"):
        if not texts[name].strip():
            raise _mistyped(f"/{name}", "A name")
    days = members.get("days", [])
    if not isinstance(days, list):
        raise _mistyped("/days", "A list of days")
    return CalendarDraft(
        **texts,
        working_day_minutes=_minutes(members["working_day_minutes"]),
        weekly=_weekly(members["weekly"]),
        first_on=_day(members["first_on"], "/first_on"),
        last_on=_day(members["last_on"], "/last_on"),
        days=[_draft_day(day, f"/days/{number}") for number, day in enumerate(cast("list[object]", days))],
    )


def _draft_day(entry: object, pointer: str) -> DraftDay:
    members = _members(entry, pointer, _DAY_NEEDED, _DAY_MEMBERS)
    kind = members["kind"]
    if not isinstance(kind, str) or kind not in set(DayKind):
        raise _mistyped(f"{pointer}/kind", f"One of {', '.join(DayKind)}")
    return DraftDay(
        on=_day(members["on"], f"{pointer}/on"),
        kind=DayKind(kind),
        hours=_hours(members.get("hours", []), f"{pointer}/hours"),
        name_zh=_text(members.get("name_zh", ""), f"{pointer}/name_zh"),
        name_en=_text(members.get("name_en", ""), f"{pointer}/name_en"),
    )


def _weekly(value: object) -> list[Sequence[str]]:
    members = _members(value, "/weekly", set(), set(WEEKDAYS))
    return [_hours(members.get(day, []), f"/weekly/{day}") for day in WEEKDAYS]


def _members(value: object, pointer: str, needed: Iterable[str], known: set[str]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _mistyped(pointer, "Named fields")
    members = {str(name): member for name, member in cast("dict[object, object]", value).items()}
    for name in members:
        if name not in known:
            raise FieldWrong(f"{pointer}/{name}", "field_unknown", "There is no such field.")
    for name in sorted(needed):
        if name not in members:
            raise FieldWrong(f"{pointer}/{name}", "field_missing", "This field is needed.")
    return members


def _text(value: object, pointer: str) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_LENGTH_MAX or not value.isprintable():
        raise _mistyped(pointer, f"Printable text of at most {_TEXT_LENGTH_MAX} characters")
    return value


def _minutes(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _mistyped("/working_day_minutes", "A whole number of minutes")
    return value


def _day(value: object, pointer: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _mistyped(pointer, "A day such as 2026-11-22")
    return value


def _hours(value: object, pointer: str) -> list[str]:
    if not isinstance(value, list):
        raise _mistyped(pointer, "A list of hours such as 08:00-12:00")
    return [_text(one, pointer) for one in cast("list[object]", value)]


def _mistyped(pointer: str, expected: str) -> FieldWrong:
    return FieldWrong(pointer, "field_mistyped", f"{expected} is expected.")
