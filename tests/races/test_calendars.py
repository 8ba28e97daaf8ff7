"""Two administrators at one calendar: one wins, the other learns the present version, nothing is mixed."""

import asyncio
from collections import Counter
from typing import Any

import httpx

from tests.conftest import House

CALENDAR: dict[str, Any] = {
    "name_zh": "夜班",
    "name_en": "Nights",
    "time_zone": "Asia/Shanghai",
    "working_day_minutes": 480,
    "weekly": [["00:00-08:00"]] * 7,
    "first_on": "2026-01-01",
    "last_on": "2027-12-31",
    "days": [],
}
PATH = "/v1/calendars/night"
AT_ONCE = 12


async def put_at_once(house: House, bodies: list[dict[str, Any]]) -> list[httpx.Response]:
    """Let the administrator send all of them at the same time."""
    admin = await house.caller("admin")
    return await asyncio.gather(*(admin.put(PATH, json=body) for body in bodies))


async def test_of_many_changes_at_once_one_is_stored_and_the_others_are_told_the_version(
    house: House,
) -> None:
    admin = await house.caller("admin")
    assert (await admin.put(PATH, json=CALENDAR)).status_code == 201
    bodies: list[dict[str, Any]] = [
        {
            **CALENDAR,
            "version": 1,
            "days": [{"on": f"2027-01-{day + 1:02d}", "kind": "holiday", "ranges": []}],
            "name_en": f"Nights {day}",
        }
        for day in range(AT_ONCE)
    ]
    answers = await put_at_once(house, bodies)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert {answer.json()["version"] for answer in answers} == {2}
    winner = bodies[[answer.status_code for answer in answers].index(200)]
    shown = (await admin.get(PATH)).json()
    assert shown["name_en"] == winner["name_en"]
    assert [day["on"] for day in shown["days"]] == [winner["days"][0]["on"]]
    versions = (await admin.get(f"{PATH}/versions")).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]


async def test_of_many_that_make_the_same_calendar_one_makes_it_and_the_others_find_it(house: House) -> None:
    answers = await put_at_once(house, [CALENDAR] * AT_ONCE)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}
    assert {answer.json()["version"] for answer in answers} == {1}


async def test_of_two_that_make_different_calendars_with_one_code_one_wins(house: House) -> None:
    new = {**CALENDAR, "version": 0}
    answers = await put_at_once(house, [new, {**new, "name_en": "Other nights"}])
    assert sorted(answer.status_code for answer in answers) == [201, 409]
