"""When would it be due, and why: the worked examples of the office, over HTTP."""

from itertools import pairwise
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from api.models import Calendar, Unit
from tests.conftest import House


async def explain(client: httpx.AsyncClient, **query: str) -> httpx.Response:
    return await client.get("/v1/deadlines/explain", params=query)


async def told(house: House, **query: str) -> dict[str, Any]:
    answer = await explain(await house.caller("dispatcher"), **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("condition", "start", "due_at"),
    [
        # 4 working hours, 2 working days, 2 urgent hours.
        ("P0101-2", "2026-09-30T16:00:00+08:00", "2026-10-08T10:00:00+08:00"),
        ("P0101-3", "2026-02-12T17:00:00+08:00", "2026-02-14T17:00:00+08:00"),
        ("P0101-1", "2026-02-16T23:30:00+08:00", "2026-02-17T01:30:00+08:00"),
    ],
)
async def test_the_due_time_counts_holidays_and_make_up_days(
    shared_house: House, condition: str, start: str, due_at: str
) -> None:
    assert (await told(shared_house, condition=condition, start=start))["due_at"] == due_at


async def test_segments_tile_the_time_and_add_up_to_the_limit(shared_house: House) -> None:
    body = await told(shared_house, condition="P0101-2", start="2026-02-13T17:00:00+08:00")
    segments = body["segments"]
    assert segments[0]["start_at"] == body["start_at"]
    assert segments[-1]["stop_at"] == body["due_at"]
    assert all(one["stop_at"] == other["start_at"] for one, other in pairwise(segments))
    assert sum(one["counted_s"] for one in segments) == 4 * 3600
    assert {"why": "makeup_workday", "name": "春节调休上班"}.items() <= segments[-1].items()
    assert body["limit"] == {"value": 4, "unit": "working_hour", "text": "4工作时"}
    assert body["start_at"] < body["yellow_at"] < body["due_at"]


async def test_a_person_can_read_why(shared_house: House) -> None:
    dispatcher = await shared_house.caller("dispatcher")
    query = {"condition": "P0101-2", "start": "2026-02-13T17:00:00+08:00"}
    english = await dispatcher.get("/v1/deadlines/explain", params=query, headers={"Accept-Language": "en"})
    assert "Sat 14 Feb is a make-up day" in english.json()["explanation"]
    assert "调休上班" in (await told(shared_house, **query))["explanation"]


async def test_milestones_have_due_times_of_their_own_and_the_last_is_the_due_time(
    shared_house: House,
) -> None:
    catalog = (await (await shared_house.caller("dispatcher")).get("/v1/catalog")).json()
    codes = [one["code"] for kind in catalog["classes"] for one in kind["conditions"] if one["milestones"]]
    body = await told(shared_house, condition=codes[0], start="2026-03-02T09:00:00+08:00")
    due_times = [milestone["due_at"] for milestone in body["milestones"]]
    assert due_times == sorted(due_times)
    assert due_times[-1] == body["due_at"]


async def test_without_a_start_it_starts_now(shared_house: House) -> None:
    body = await told(shared_house, condition="P0101-1")
    assert body["start_at"] == "2026-11-23T09:30:00+08:00"
    assert body["due_at"] == "2026-11-23T11:30:00+08:00"


async def test_the_calendar_is_the_one_named_else_the_units_else_the_offices(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(
            update(Unit).where(col(Unit.code) == "cityscape").values(calendar_code="patrol")
        )
    at_the_desk = await told(house, condition="P0101-2")
    member = await house.caller("member-cityscape")
    in_the_unit = (await explain(member, condition="P0101-2")).json()
    named = (await explain(member, condition="P0101-2", calendar="always")).json()
    codes = [body["calendar"]["code"] for body in (at_the_desk, in_the_unit, named)]
    assert codes == ["city", "patrol", "always"]
    assert at_the_desk["due_at"] != in_the_unit["due_at"]


async def test_a_plus_that_was_not_escaped_is_understood(shared_house: House) -> None:
    dispatcher = await shared_house.caller("dispatcher")
    path = "/v1/deadlines/explain?condition=P0101-1&start=2026-02-16T23:30:00+08:00"
    assert (await dispatcher.get(path)).json()["due_at"] == "2026-02-17T01:30:00+08:00"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({}, "/query/condition"),
        ({"condition": "P0101"}, "/query/condition"),
        ({"condition": "P0101-9"}, "/query/condition"),
        ({"condition": "P9999-1"}, "/query/condition"),
        ({"condition": "\x00"}, "/query/condition"),
        ({"condition": "P0101-1", "start": "2026-02-16T23:30:00"}, "/query/start"),
        ({"condition": "P0101-1", "start": "1795324897"}, "/query/start"),
        ({"condition": "P0101-1", "start": "2026-02-16"}, "/query/start"),
        ({"condition": "P0101-1", "start": "2026-02-30T09:00:00+08:00"}, "/query/start"),
        ({"condition": "P0101-1", "start": "2026-02-16 08:00"}, "/query/start"),
        ({"condition": "P0101-1", "start": "0001-01-01T00:00:00+14:00"}, "/query/start"),
        ({"condition": "P0101-1", "start": "9999-12-31T23:59:59-12:00"}, "/query/start"),
        ({"condition": "P0101-2", "start": "2023-12-31T09:00:00+08:00"}, "/query/start"),
        ({"condition": "P0101-2", "start": "2026-12-31T17:00:00+08:00"}, "/query/start"),
        ({"condition": "P0101-1", "calendar": "lunar"}, "/query/calendar"),
    ],
)
async def test_what_can_not_be_worked_out_is_refused(
    shared_house: House, query: dict[str, str], pointer: str
) -> None:
    answer = await explain(await shared_house.caller("dispatcher"), **query)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_start_past_the_calendar_names_the_last_day(shared_house: House) -> None:
    answer = await explain(
        await shared_house.caller("dispatcher"), condition="P0101-2", start="2026-12-31T17:00:00+08:00"
    )
    assert answer.json()["code"] == "past_calendar_horizon"
    assert answer.json()["last_on"] == "2026-12-31"


async def test_a_calendar_that_has_run_out_is_for_the_office_to_put_right(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(
            update(Calendar).where(col(Calendar.code) == "city").values(last_on=house.clock.now.date())
        )
    house.clock.turn(hours=8)
    answer = await explain(await house.caller("dispatcher"), condition="P0101-3")
    assert (answer.status_code, answer.json()["code"]) == (409, "past_calendar_horizon")
