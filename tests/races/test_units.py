"""Two administrators at the units: one wins, and no circle comes of two moves that are each right."""

import asyncio
from collections import Counter
from typing import Any

from tests.conftest import House
from tests.http.test_units import DEPOT, PATH, put, read

AT_ONCE = 8


async def test_of_many_changes_at_once_one_is_stored_and_the_others_are_told_the_version(
    house: House,
) -> None:
    await put(house, DEPOT)
    bodies: list[dict[str, Any]] = [
        DEPOT | {"version": 1, "name_en": f"Depot {number}"} for number in range(AT_ONCE)
    ]
    answers = await asyncio.gather(*(put(house, body) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert {answer.json()["version"] for answer in answers} == {2}


async def test_of_many_that_make_the_same_unit_one_makes_it_and_the_others_find_it(house: House) -> None:
    answers = await asyncio.gather(*(put(house, DEPOT) for _ in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}


async def test_two_units_that_are_put_below_each_other_at_once_make_no_circle(house: House) -> None:
    for path in (PATH, "/v1/units/yard"):
        assert (await put(house, DEPOT | {"parent": None}, path)).status_code == 201
    answers = await asyncio.gather(
        put(house, DEPOT | {"version": 1, "parent": "yard"}),
        put(house, DEPOT | {"version": 1, "parent": "depot"}, "/v1/units/yard"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    parents = {
        one["parent"] for one in (await read(house, "/v1/units"))["items"] if one["code"] in {"depot", "yard"}
    }
    assert None in parents
