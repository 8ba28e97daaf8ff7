"""Passwords: given by administrators, changed by whoever knows the old one, shown to nobody."""

import logging

import httpx
import pytest

from api.settings import DEMO_PASSWORD
from tests.conftest import House
from tests.http.test_people import PASSWORD, PATH, ZHAO, events, put

OWN = "/v1/me/password"


async def signs_in(house: House, username: str, password: str) -> httpx.Response:
    async with house.client() as phone:
        form = {"grant_type": "password", "username": username, "password": password}
        return await phone.post("/v1/auth/token", data=form)


async def test_without_a_password_nobody_signs_in_and_with_the_first_one_she_does(house: House) -> None:
    await put(house, ZHAO)
    assert (await signs_in(house, "zhao", PASSWORD)).status_code == 401
    given = await put(house, {"password": PASSWORD}, f"{PATH}/password")
    assert (given.status_code, given.content) == (204, b"")
    assert (await signs_in(house, "zhao", PASSWORD)).status_code == 200
    assert [deed for deed, _ in await events(house)] == ["created", "password_set"]


async def test_a_new_account_that_is_sent_twice_with_its_password_is_made_once(house: House) -> None:
    first = await put(house, ZHAO | {"password": PASSWORD})
    again = await put(house, ZHAO | {"password": PASSWORD})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["has_password"] is True
    other = await put(house, ZHAO | {"password": "another-long-one"})
    assert (other.status_code, other.json()["code"]) == (422, "password_elsewhere")
    assert (await signs_in(house, "zhao", PASSWORD)).status_code == 200


async def test_a_password_that_is_given_ends_all_sign_ins_and_forgets_failed_attempts(house: House) -> None:
    officer = await house.caller("officer01")
    answers = [await signs_in(house, "officer01", "wrong") for _ in range(6)]
    assert answers[-1].status_code == 429
    assert (await put(house, {"password": PASSWORD}, "/v1/people/officer01/password")).status_code == 204
    assert (await officer.get("/v1/me")).status_code == 401


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"password": "short"}, "/password", "password_weak"),
        ({"password": ""}, "/password", "string_too_short"),
        ({"password": None}, "/password", "string_type"),
        ({}, "/password", "missing"),
    ],
)
async def test_a_password_that_is_none_is_refused(
    house: House, body: dict[str, str], pointer: str, code: str
) -> None:
    answer = await put(house, body, "/v1/people/officer01/password")
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_nobody_gets_no_password(house: House) -> None:
    answer = await put(house, {"password": PASSWORD}, "/v1/people/nobody/password")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_who_changes_the_own_password_stays_signed_in_here_and_nowhere_else(house: House) -> None:
    here = await house.caller("officer01")
    house.callers.pop("officer01")
    elsewhere = await house.caller("officer01")
    body = {"old_password": DEMO_PASSWORD, "new_password": PASSWORD}
    answer = await here.put(OWN, json=body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await here.get("/v1/me")).status_code == 200
    assert (await elsewhere.get("/v1/me")).status_code == 401
    assert (await signs_in(house, "officer01", DEMO_PASSWORD)).status_code == 401
    assert (await signs_in(house, "officer01", PASSWORD)).status_code == 200
    assert await events(house, "officer01") == [("password_set", {})]
    await here.aclose()


WRONG = {
    "a wrong old one": ("not mine at all", PASSWORD, "/old_password", "password_wrong"),
    "no other": (DEMO_PASSWORD, DEMO_PASSWORD, "/new_password", "password_same"),
    "a short one": (DEMO_PASSWORD, "short", "/new_password", "password_weak"),
    "one with the user name": (DEMO_PASSWORD, "i-am-officer01", "/new_password", "password_weak"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_change_that_is_none_is_refused(house: House, name: str) -> None:
    old, new, pointer, code = WRONG[name]
    officer = await house.caller("officer01")
    answer = await officer.put(OWN, json={"old_password": old, "new_password": new})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert old not in answer.text
    assert new not in answer.text


async def test_whoever_guesses_the_old_password_has_to_wait(house: House) -> None:
    officer = await house.caller("officer01")
    answers = [
        await officer.put(OWN, json={"old_password": f"guess {number}", "new_password": PASSWORD})
        for number in range(6)
    ]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    right = await officer.put(OWN, json={"old_password": DEMO_PASSWORD, "new_password": PASSWORD})
    assert right.status_code == 429


async def test_no_password_is_in_an_answer_or_a_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        await put(house, ZHAO | {"password": PASSWORD}),
        await put(house, ZHAO | {"password": PASSWORD, "role": "king"}),
        await put(house, {"password": PASSWORD + "!"}, f"{PATH}/password"),
        await put(house, {"password": [PASSWORD]}, f"{PATH}/password"),
        await put(house, {"old_password": PASSWORD, "new_password": PASSWORD + "?"}, OWN),
        await (await house.caller("admin")).get(PATH),
    ]
    assert not [answer.text for answer in answers if PASSWORD in answer.text]
    assert PASSWORD not in caplog.text
    assert "argon2" not in "".join(answer.text for answer in answers)
