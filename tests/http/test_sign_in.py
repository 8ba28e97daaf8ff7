"""Signing in and out over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import update
from sqlmodel import col

from api.models import Person
from api.settings import DEMO_PASSWORD
from tests.conftest import House

TOKEN = "/v1/auth/token"
REVOKE = "/v1/auth/revoke"
ME = "/v1/me"


@pytest.fixture
async def phone(house: House) -> AsyncIterator[AsyncClient]:
    """Return a client that has not signed in."""
    async with house.client() as client:
        yield client


def password_form(password: str = DEMO_PASSWORD, username: str = "dispatcher", **more: str) -> dict[str, str]:
    return {"grant_type": "password", "username": username, "password": password, **more}


def refresh_form(token: str, **more: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token, **more}


async def signed_in(client: AsyncClient, **more: str) -> dict[str, Any]:
    answer = await client.post(TOKEN, data=password_form(**more))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def me(client: AsyncClient, access_token: str) -> Response:
    return await client.get(ME, headers={"Authorization": f"Bearer {access_token}"})


def assert_problem(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_password_is_exchanged_for_a_pair_of_tokens(phone: AsyncClient) -> None:
    answer = await phone.post(TOKEN, data=password_form())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 900
    assert (await me(phone, tokens["access_token"])).status_code == 200


async def test_the_form_of_the_docs_authorize_box_is_taken(phone: AsyncClient) -> None:
    form = password_form(scope="", client_id="", client_secret="")
    answer = await phone.post(TOKEN, data=form, headers={"Authorization": "Basic Og=="})
    assert answer.status_code == 200


async def test_a_wrong_password_is_refused_as_a_person_and_a_program_understand(phone: AsyncClient) -> None:
    answer = await phone.post(TOKEN, data=password_form("wrong"))
    assert_problem(answer, 401, "sign_in_refused")
    assert answer.json()["error"] == "invalid_grant"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "wrong" not in answer.json()["detail"]


async def test_an_unknown_user_gets_the_same_answer(phone: AsyncClient) -> None:
    known = await phone.post(TOKEN, data=password_form("wrong"))
    unknown = await phone.post(TOKEN, data=password_form("wrong", "nobody"))
    assert known.json() == unknown.json()


async def test_after_five_failures_the_caller_is_told_how_long_to_wait(
    house: House, phone: AsyncClient
) -> None:
    answers = [await phone.post(TOKEN, data=password_form("wrong")) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert_problem(answers[-1], 429, "too_many_attempts")
    assert answers[-1].headers["retry-after"] == "5"
    assert answers[-1].json()["retry_after_s"] == 5
    house.clock.turn(seconds=5)
    await signed_in(phone)


async def test_a_refresh_token_is_exchanged_and_both_access_tokens_work(phone: AsyncClient) -> None:
    first = await signed_in(phone)
    answer = await phone.post(TOKEN, data=refresh_form(first["refresh_token"]))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    second = answer.json()
    assert second["refresh_token"] != first["refresh_token"]
    for tokens in (first, second):
        assert (await me(phone, tokens["access_token"])).status_code == 200


async def test_a_reused_refresh_token_ends_the_sign_in_for_good(phone: AsyncClient) -> None:
    first = await signed_in(phone)
    second = (await phone.post(TOKEN, data=refresh_form(first["refresh_token"]))).json()
    reused = await phone.post(TOKEN, data=refresh_form(first["refresh_token"]))
    assert_problem(reused, 401, "token_refused")
    assert reused.json()["error"] == "invalid_grant"
    assert_problem(await phone.post(TOKEN, data=refresh_form(second["refresh_token"])), 401, "token_refused")
    assert_problem(await me(phone, second["access_token"]), 401, "token_refused")


async def test_a_used_refresh_token_ends_the_sign_in_even_for_the_same_phone(phone: AsyncClient) -> None:
    first = await signed_in(phone, device_id="d-1", device_name="巡查手机")
    form = refresh_form(first["refresh_token"], device_id="d-1")
    second = await phone.post(TOKEN, data=form)
    again = await phone.post(TOKEN, data=form)
    assert_problem(again, 401, "token_refused")
    assert (await me(phone, second.json()["access_token"])).status_code == 401


async def test_where_the_office_allows_it_a_phone_that_missed_the_answer_may_ask_again(
    house: House, phone: AsyncClient
) -> None:
    settings = house.wiring.settings.model_copy(update={"refresh_repeat_s": 30})
    house.app.state.wiring = replace(house.wiring, settings=settings)
    first = await signed_in(phone, device_id="d-1", device_name="巡查手机")
    form = refresh_form(first["refresh_token"], device_id="d-1")
    await phone.post(TOKEN, data=form)
    again = await phone.post(TOKEN, data=form)
    assert again.status_code == 200
    assert (await me(phone, again.json()["access_token"])).status_code == 200


async def test_a_refresh_token_is_bound_to_its_device(phone: AsyncClient) -> None:
    tokens = await signed_in(phone, device_id="d-1")
    other = await phone.post(TOKEN, data=refresh_form(tokens["refresh_token"], device_id="d-2"))
    assert_problem(other, 401, "token_refused")
    assert_problem(await me(phone, tokens["access_token"]), 401, "token_refused")


async def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(phone: AsyncClient) -> None:
    tokens = await signed_in(phone)
    swapped = await phone.post(TOKEN, data=refresh_form(tokens["access_token"]))
    assert_problem(swapped, 401, "token_refused")
    assert_problem(await me(phone, tokens["refresh_token"]), 401, "token_refused")


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
async def test_revoking_either_token_signs_out_at_once(phone: AsyncClient, which: str) -> None:
    tokens = await signed_in(phone)
    form = {"token": tokens[which], "token_type_hint": which}
    answers = [await phone.post(REVOKE, data=form) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 2
    assert_problem(await me(phone, tokens["access_token"]), 401, "token_refused")
    assert_problem(await phone.post(TOKEN, data=refresh_form(tokens["refresh_token"])), 401, "token_refused")


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "名", "\x00"])
async def test_revoking_a_token_that_is_none_is_fine(phone: AsyncClient, token: str) -> None:
    assert (await phone.post(REVOKE, data={"token": token})).status_code == 200


@pytest.mark.parametrize("grant_type", ["client_credentials", "authorization_code", "PASSWORD", "名"])
async def test_another_grant_type_is_not_supported(phone: AsyncClient, grant_type: str) -> None:
    answer = await phone.post(TOKEN, data={"grant_type": grant_type, "username": "a", "password": "b"})
    assert_problem(answer, 400, "unsupported_grant_type")
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({}, "/grant_type"),
        ({"grant_type": "password", "password": "b"}, "/username"),
        ({"grant_type": "password", "username": "a"}, "/password"),
        ({"grant_type": "password", "username": "a", "password": ""}, "/password"),
        ({"grant_type": "refresh_token"}, "/refresh_token"),
        ({"grant_type": "password", "username": "a\x00", "password": "b"}, "/username"),
        ({"grant_type": "password", "username": "a" * 65, "password": "b"}, "/username"),
        ({"grant_type": "password", "username": "a", "password": "b" * 1001}, "/password"),
        ({"grant_type": "password", "username": "a", "password": "b", "device_id": "\x00"}, "/device_id"),
        ({"grant_type": "password", "username": "a", "password": "b", "device_id": "d" * 101}, "/device_id"),
        ({"grant_type": "password", "username": "a", "password": "b", "device_name": "\x00"}, "/device_name"),
        ({"grant_type": "password", "username": "a", "password": "b", "role": "administrator"}, "/role"),
    ],
)
async def test_a_wrong_field_is_named(phone: AsyncClient, form: dict[str, str], pointer: str) -> None:
    answer = await phone.post(TOKEN, data=form)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


async def test_strange_bytes_in_a_password_are_just_a_wrong_password(phone: AsyncClient) -> None:
    for password in (b"%00", b"%ED%A0%80", b"%FF%FE", b"%F0%9F%94%91"):
        body = b"grant_type=password&username=dispatcher&password=" + password
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await phone.post(TOKEN, content=body, headers=headers)
        assert_problem(answer, 401, "sign_in_refused")


async def test_json_is_not_what_oauth_sends(phone: AsyncClient) -> None:
    answer = await phone.post(TOKEN, json=password_form())
    assert answer.status_code in {415, 422}


async def test_a_query_can_not_carry_the_password(phone: AsyncClient) -> None:
    answer = await phone.post(TOKEN, params=password_form())
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic YTpi", "bearer \xff", "Bearer x y"],
)
async def test_without_a_good_token_nobody_is_let_in(phone: AsyncClient, authorization: str) -> None:
    answer = await phone.get(ME, headers={b"Authorization": authorization.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_access_token_dies_of_age(house: House, phone: AsyncClient) -> None:
    tokens = await signed_in(phone)
    house.clock.turn(seconds=tokens["expires_in"])
    answer = await me(phone, tokens["access_token"])
    assert_problem(answer, 401, "token_refused")
    assert "expired" in answer.json()["detail"]


async def test_a_person_who_was_deactivated_is_out_at_once(house: House, phone: AsyncClient) -> None:
    tokens = await signed_in(phone)
    async with house.database.write() as session:
        left = update(Person).where(col(Person.username) == "dispatcher")
        await session.execute(left.values(is_active=False))
    assert_problem(await me(phone, tokens["access_token"]), 401, "token_refused")
    assert_problem(await phone.post(TOKEN, data=refresh_form(tokens["refresh_token"])), 401, "token_refused")


async def test_each_address_has_a_count_of_its_own(house: House, phone: AsyncClient) -> None:
    for number in range(20):
        answer = await phone.post(TOKEN, data=password_form("wrong", f"nobody-{number}"))
        assert answer.status_code == 401
    assert_problem(await phone.post(TOKEN, data=password_form()), 429, "too_many_attempts")
    transport = ASGITransport(house.app, client=("2001:db8::1", 50000))
    async with AsyncClient(transport=transport, base_url="http://gridpatrol.test") as elsewhere:
        await signed_in(elsewhere)
