from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from api.domain.calendar_files import mapping_from_calendar, read_calendars
from api.domain.calendars import CalendarDay, DayKind, WorkCalendar
from tests.domain.example_calendars import ALL

NAMED = [
    WorkCalendar(
        one.code,
        "工作时间",
        "Hours",
        one.time_zone,
        one.weekly,
        list(one.exceptions.values()),
        one.first_on,
        one.last_on,
    )
    for one in ALL
]
LEAST: dict[str, Any] = {
    "code": "city",
    "name_zh": "机关",
    "name_en": "Office",
    "time_zone": "Asia/Shanghai",
    "first_on": date(2026, 1, 1),
    "last_on": date(2026, 12, 31),
    "working_day_minutes": 480,
    "weekly": {"monday": ["08:00-12:00", "14:00-18:00"]},
}


@pytest.mark.parametrize("calendar", NAMED, ids=lambda one: one.code)
def test_a_calendar_that_is_written_is_read_back_the_same(calendar: WorkCalendar) -> None:
    written = yaml.safe_dump({"calendars": [mapping_from_calendar(calendar)]}, allow_unicode=True)
    (again,), findings = read_calendars(yaml.safe_load(written))
    assert findings == []
    assert again.weekly == calendar.weekly
    assert again.exceptions == calendar.exceptions
    assert mapping_from_calendar(again) == mapping_from_calendar(calendar)


def test_days_that_differ_keep_hours_and_names() -> None:
    day = {"on": date(2026, 2, 14), "kind": "makeup_workday", "hours": ["08:00-12:00"], "name_zh": "调休"}
    (calendar,), findings = read_calendars({"calendars": [LEAST | {"days": [day]}]})
    assert findings == []
    assert calendar.exceptions == {
        date(2026, 2, 14): CalendarDay(date(2026, 2, 14), DayKind.MAKEUP_WORKDAY, ((480, 720),), "调休", "")
    }


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"code": "City"}, "code", "field_mistyped"),
        ({"code": 7}, "code", "field_mistyped"),
        ({"name_zh": " "}, "name_zh", "field_mistyped"),
        ({"name_en": "a\nb"}, "name_en", "field_mistyped"),
        ({"name_en": "n" * 101}, "name_en", "field_mistyped"),
        ({"time_zone": "Mars/Base"}, "time_zone", "time_zone_unknown"),
        ({"first_on": "2026-01-01"}, "first_on", "field_mistyped"),
        ({"last_on": date(2025, 1, 1)}, "last_on", "horizon_wrong"),
        ({"working_day_minutes": True}, "working_day_minutes", "field_mistyped"),
        ({"weekly": {"Monday": []}}, "Monday", "field_unknown"),
        ({"weekly": {"monday": ["25:00-26:00"]}}, "0", "hours_wrong"),
        ({"weekly": {"monday": "08:00-12:00"}}, "monday", "field_mistyped"),
        ({"weekly": {}}, "weekly", "calendar_never_open"),
        ({"days": {}}, "days", "field_mistyped"),
        ({"days": [{"on": date(2026, 2, 14)}]}, "kind", "field_missing"),
        ({"days": [{"on": date(2026, 2, 14), "kind": "feast"}]}, "kind", "field_mistyped"),
        ({"days": [{"on": date(2027, 2, 14), "kind": "holiday"}]}, "on", "day_outside_calendar"),
        ({"holidays": []}, "holidays", "field_unknown"),
    ],
)
def test_what_can_not_be_meant_is_told_at_its_field(change: dict[str, Any], column: str, code: str) -> None:
    calendars, (finding,) = read_calendars(
        {"calendars": [LEAST | change]}, {"/calendars/0": 2, "/calendars/0/code": 2}
    )
    assert calendars == []
    assert (finding.code, finding.column, finding.line) == (code, column, 2)


def test_a_file_of_something_else_is_told_as_a_whole() -> None:
    documents: list[Any] = [None, [], {"calendars": {}}, {"calendars": [], "rules": []}, "calendars"]
    for document in documents:
        calendars, (finding,) = read_calendars(document)
        assert (calendars, finding.code, finding.line) == ([], "field_mistyped", 1)


def test_every_wrong_calendar_is_told_and_a_repeated_code_too() -> None:
    calendars, findings = read_calendars({"calendars": [LEAST, LEAST, "x", LEAST | {"time_zone": ""}]})
    assert [one.code for one in calendars] == ["city"]
    assert [one.code for one in findings] == ["code_repeated", "field_mistyped", "code_repeated"]
    assert replace(findings[0], detail="") == replace(findings[2], detail="")
