"""Calendars that can't be meant: each is refused at its field, and nothing of it is stored."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from api.models import Calendar, CalendarDay, CalendarVersion
from tests.conftest import House
from tests.http.calendar_editing import NIGHT, put, read

MAKEUP = {"on": "2026-12-26", "kind": "makeup_workday", "ranges": ["08:00-12:00"]}
WEEK = NIGHT["weekly"]
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "hours that overlap": (
        {"weekly": [*WEEK[:2], ["08:00-12:00", "11:00-13:00"], *WEEK[3:]]},
        "/weekly/2",
        "hours_wrong",
    ),
    "hours out of order": (
        {"weekly": [["14:00-18:00", "08:00-12:00"], *WEEK[1:]]},
        "/weekly/0",
        "hours_wrong",
    ),
    "hours that run backwards": ({"weekly": [["12:00-08:00"], *WEEK[1:]]}, "/weekly/0", "hours_wrong"),
    "hours of no length": ({"weekly": [*WEEK[:6], ["08:00-08:00"]]}, "/weekly/6", "hours_wrong"),
    "hours past midnight": (
        {"weekly": [["22:00-25:00"], *WEEK[1:]]},
        "/weekly/0/0",
        "string_pattern_mismatch",
    ),
    "hours in words": (
        {"weekly": [*WEEK[:3], ["morning"], *WEEK[4:]]},
        "/weekly/3/0",
        "string_pattern_mismatch",
    ),
    "hours with a line break": (
        {"weekly": [["08:00-12:00\n"], *WEEK[1:]]},
        "/weekly/0/0",
        "string_pattern_mismatch",
    ),
    "a week of six days": ({"weekly": WEEK[:6]}, "/weekly", "too_short"),
    "a week of eight days": ({"weekly": [*WEEK, []]}, "/weekly", "too_long"),
    "a week that is never open": ({"weekly": [[]] * 7, "days": []}, "/weekly", "calendar_never_open"),
    "an unknown time zone": ({"time_zone": "Mars/Olympus"}, "/time_zone", "time_zone_unknown"),
    "a time zone that is a path": ({"time_zone": "../etc/passwd"}, "/time_zone", "time_zone_unknown"),
    "a day listed twice": ({"days": [MAKEUP, MAKEUP]}, "/days/1/on", "day_repeated"),
    "a make-up day that is closed": ({"days": [{**MAKEUP, "ranges": []}]}, "/days/0/ranges", "hours_missing"),
    "a day with hours that overlap": (
        {"days": [MAKEUP, {**MAKEUP, "on": "2026-12-27", "ranges": ["08:00-12:00", "09:00-10:00"]}]},
        "/days/1/ranges",
        "hours_wrong",
    ),
    "a day outside the calendar": (
        {"days": [{**MAKEUP, "on": "2028-01-01"}]},
        "/days/0/on",
        "day_outside_calendar",
    ),
    "a day that does not exist": (
        {"days": [{**MAKEUP, "on": "2027-02-30"}]},
        "/days/0/on",
        "date_from_datetime_parsing",
    ),
    "a day as a number": ({"days": [{**MAKEUP, "on": 1_700_000_000}]}, "/days/0/on", "value_error"),
    "a day of an unknown kind": ({"days": [{**MAKEUP, "kind": "birthday"}]}, "/days/0/kind", "enum"),
    "an end before the beginning": ({"last_on": "2025-12-31"}, "/last_on", "horizon_wrong"),
    "an end on the first day": (
        {"first_on": "2026-11-23", "last_on": "2026-11-23"},
        "/last_on",
        "horizon_wrong",
    ),
    "an end that is past": ({"last_on": "2026-11-22", "days": []}, "/last_on", "horizon_wrong"),
    "a beginning that is still to come": ({"first_on": "2026-11-24"}, "/first_on", "horizon_wrong"),
    "a mistyped year": ({"last_on": "2207-12-31"}, "/last_on", "horizon_wrong"),
    "a beginning before all years": ({"first_on": "0202-01-01"}, "/first_on", "horizon_wrong"),
    "a working day without time": ({"working_day_minutes": 0}, "/working_day_minutes", "greater_than_equal"),
    "a working day of two days": ({"working_day_minutes": 2880}, "/working_day_minutes", "less_than_equal"),
    "a name that is empty": ({"name_en": ""}, "/name_en", "string_too_short"),
    "a name with a NUL": ({"name_zh": "a\x00b"}, "/name_zh", "value_error"),
    "a version below zero": ({"version": -1}, "/version", "greater_than_equal"),
    "a field that only answers have": ({"warning": None}, "/warning", "extra_forbidden"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_can_not_be_meant_is_refused_at_its_field(shared_house: House, name: str) -> None:
    wrong, pointer, code = WRONG[name]
    answer = await put(shared_house, NIGHT | wrong, "/v1/calendars/never-made")
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("code", ["City", "-city", "a" * 41, "a%20b", "%E5%9F%8E"])
async def test_a_code_that_no_policy_could_name_is_refused(shared_house: House, code: str) -> None:
    answer = await put(shared_house, NIGHT, f"/v1/calendars/{code}")
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/path/code"]


async def test_what_is_refused_leaves_nothing(house: House) -> None:
    before = await read(house, "/v1/calendars")
    for wrong, *_ in WRONG.values():
        await put(house, NIGHT | wrong, "/v1/calendars/never-made")
    assert await read(house, "/v1/calendars") == before
    async with house.database.read() as session:
        for code in (col(Calendar.code), col(CalendarVersion.calendar_code), col(CalendarDay.calendar_code)):
            found = select(func.count()).where(code == "never-made")
            assert (await session.execute(found)).scalar_one() == 0
