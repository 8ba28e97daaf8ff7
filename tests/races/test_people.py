"""Administrators at the people, all at once: somebody is always left who can let the others in."""

import asyncio
from collections import Counter
from typing import Any

from tests.conftest import House
from tests.http.test_passwords import signs_in
from tests.http.test_people import PASSWORD, PATH, ZHAO, editable, put, read

AT_ONCE = 6


async def test_two_administrators_who_demote_each_other_at_once_leave_one(house: House) -> None:
    boss: dict[str, Any] = ZHAO | {
        "role": "administrator",
        "officer_number": None,
        "grids": [],
        "password": PASSWORD,
    }
    second, first = "/v1/people/second", "/v1/people/admin"
    assert (await put(house, boss, second)).status_code == 201
    bodies = {
        second: await editable(house, second, role="dispatcher"),
        first: await editable(house, first, is_active=False),
    }
    await house.caller("second")
    answers = await asyncio.gather(
        put(house, bodies[second], second), put(house, bodies[first], first, username="second")
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes in ([200, 409], [200, 403], [200, 401]), "whoever was slower may be none any more"
    left = "admin" if answers[0].status_code == 200 else "second"
    people = (await read(house, "/v1/people?role=administrator&active=true", left))["items"]
    assert [one["username"] for one in people] == [left]


async def test_of_many_changes_at_once_one_is_stored_and_the_others_are_told_the_version(
    house: House,
) -> None:
    await put(house, ZHAO)
    answers = await asyncio.gather(
        *(put(house, ZHAO | {"version": 1, "name": f"赵{number}"}) for number in range(AT_ONCE))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert {answer.json()["version"] for answer in answers} == {2}


async def test_of_many_that_make_the_same_account_one_makes_it_and_the_others_find_it(house: House) -> None:
    answers = await asyncio.gather(*(put(house, ZHAO) for _ in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}


async def test_one_officer_number_goes_to_one_of_two_people_at_once(house: House) -> None:
    answers = await asyncio.gather(put(house, ZHAO), put(house, ZHAO, "/v1/people/qian"))
    assert sorted(answer.status_code for answer in answers) == [201, 422]


async def test_whoever_signs_in_while_her_account_ends_is_out(house: House) -> None:
    await put(house, ZHAO | {"password": PASSWORD})
    body = await editable(house, is_active=False)
    answer, _ = await asyncio.gather(signs_in(house, "zhao", PASSWORD), put(house, body))
    if answer.status_code == 200:
        async with house.client(answer.json()["access_token"]) as zhao:
            assert (await zhao.get("/v1/me")).status_code == 401
            assert (await put(house, await editable(house, is_active=True))).status_code == 200
            assert (await zhao.get("/v1/me")).status_code == 401
    assert (await read(house, PATH))["version"] > 1
