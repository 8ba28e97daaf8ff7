"""Tokens of a device, with which ODK Collect signs in: what they open, and when they end."""

from api.services.device_tokens import NOTED_EVERY
from tests.collecting import collect, problem_of, set_up
from tests.conftest import House
from tests.http.walking import FINDER


async def test_a_password_does_not_open_what_is_for_tokens(house: House) -> None:
    async with house.client() as stranger:
        for auth in ((FINDER, "gridpatrol-demo"), ("officer02", (await set_up(house))["token"]), ("", "")):
            answer = await stranger.get("/openrosa/formList", auth=auth)
            assert problem_of(answer) == (401, "token_refused")
            assert 'Basic realm="GridPatrol"' in answer.headers["www-authenticate"]
        asked = await stranger.head("/openrosa/submission")
        assert (asked.status_code, asked.content) == (401, b"")


async def test_a_token_opens_nothing_else(house: House) -> None:
    token = (await set_up(house))["token"]
    async with house.client(token) as thief:
        for address in ("/v1/me", "/openrosa/formList"):
            assert (await thief.get(address)).status_code == 401
        answer = await thief.post(
            "/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": token}
        )
        assert answer.status_code == 401


async def test_setting_up_anew_ends_the_token_before_and_signing_the_device_out_ends_both(
    house: House,
) -> None:
    old = await collect(house)
    new = await collect(house)
    other = await collect(house, device="phone-2")
    assert (await old.get("/openrosa/formList")).status_code == 401
    assert (await new.get("/openrosa/formList")).status_code == 200
    officer = await house.caller(FINDER)
    listed = {one["id"]: one["name"] for one in (await officer.get("/v1/devices")).json()["items"]}
    assert listed.items() >= {("phone-1", "ODK Collect"), ("phone-2", "ODK Collect")}
    assert (await officer.delete("/v1/devices/phone-1")).status_code == 204
    assert (await new.get("/openrosa/formList")).status_code == 401
    assert (await other.get("/openrosa/formList")).status_code == 200


async def test_a_token_lives_as_long_as_it_is_used(house: House) -> None:
    phone, idle = await collect(house), await collect(house, device="drawer")
    for _ in range(4):
        house.clock.turn(days=20)
        assert (await phone.get("/openrosa/formList")).status_code == 200
    assert (await idle.get("/openrosa/formList")).status_code == 401
    house.clock.turn(seconds=NOTED_EVERY.total_seconds() / 2)
    assert (await phone.get("/openrosa/formList")).status_code == 200
