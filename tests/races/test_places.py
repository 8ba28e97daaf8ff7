"""Several administrators at the places and areas: one wins, the others are told; reporting goes on meanwhile."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import House
from tests.http.place_editing import AREA_PATH, GROUND, MARKET, PATH, put, read
from tests.http.walking import FINDER, stall

AT_ONCE = 8
BOTH = pytest.mark.parametrize(("body", "path"), [(MARKET, PATH), (GROUND, AREA_PATH)])


@BOTH
async def test_of_many_changes_at_once_one_is_stored_and_the_others_are_told_the_version(
    house: House, body: dict[str, Any], path: str
) -> None:
    await put(house, body, path)
    bodies: list[dict[str, Any]] = [
        body | {"version": 1, "name_en": f"Number {number}"} for number in range(AT_ONCE)
    ]
    answers = await asyncio.gather(*(put(house, one, path) for one in bodies))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert {answer.json()["version"] for answer in answers} == {2}


@BOTH
async def test_of_many_that_make_the_same_one_makes_it_and_the_others_find_it(
    house: House, body: dict[str, Any], path: str
) -> None:
    answers = await asyncio.gather(*(put(house, body, path) for _ in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}


async def test_reports_are_filed_at_a_place_while_it_is_changed(house: House) -> None:
    await put(house, MARKET)
    officer = await house.caller(FINDER)
    reports = [
        officer.put(
            f"/v1/reports/{uuid4()}", json=stall(house, description=f"{number}", at_place="market-chenguang")
        )
        for number in range(AT_ONCE)
    ]
    changed, *filed = await asyncio.gather(put(house, MARKET | {"version": 1, "address": "别处"}), *reports)
    assert changed.status_code == 200, changed.text
    assert {answer.status_code for answer in filed} == {201}
    assert (await read(house, PATH))["open_tickets"] == AT_ONCE
