"""Devices: where one is signed in, a lost phone signed out from afar, and apps that are too old."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from api.models import PersonEvent
from api.services.uploads import purge_uploads
from api.settings import DEMO_PASSWORD, Settings
from tests.conftest import House, opened_house
from tests.example_photos import assert_problem, street_picture
from tests.example_uploads import begin, begun, offset_of, send

PHONE = {"device_id": "phone-1/α ?", "device_name": "Grid phone"}


async def signed_in(
    house: House, username: str = "officer01", **device: str
) -> tuple[httpx.AsyncClient, str]:
    """Sign in with a password on this device; return the client and its refresh token."""
    form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD, **device}
    async with house.client() as stranger:
        answer = await stranger.post("/v1/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    client = house.client(answer.json()["access_token"])
    house.callers[f"{username} {len(house.callers)}"] = client
    return client, answer.json()["refresh_token"]


def address(device: str, of: str | None = None) -> str:
    """Return the address of a device."""
    return f"/v1{f'/people/{of}' if of else ''}/devices/{quote(device, safe='')}"


async def test_devices_are_listed_with_the_one_that_asks_and_what_is_on_its_way(house: House) -> None:
    first, _ = await signed_in(house, **PHONE)
    house.clock.turn(minutes=5)
    phone, _ = await signed_in(house, **PHONE)
    desk, _ = await signed_in(house)
    await begun(phone, uuid4(), 10)
    await begun(first, uuid4(), 10)
    listed = (await phone.get("/v1/devices")).json()["items"]
    by_name = {one["name"]: one for one in listed}
    assert len(listed) == 2
    told = by_name["Grid phone"]
    assert (told["id"], told["is_current"], told["pending_uploads"]) == ("phone-1/α ?", True, 2)
    assert told["since"] < told["used_at"]
    assert by_name[None]["is_current"] is False
    assert (await desk.delete(address(by_name[None]["id"]))).status_code == 204
    assert (await desk.get("/v1/devices")).status_code == 401


async def test_a_lost_phone_is_signed_out_at_once_and_its_uploads_end(house: House) -> None:
    picture = street_picture(taken_at=house.clock.now)
    phone, refresh_token = await signed_in(house, **PHONE)
    desk, _ = await signed_in(house, device_id="desk")
    photo_id = uuid4()
    await begun(phone, photo_id, len(picture))
    await send(phone, photo_id, 0, picture[:1000])
    assert await offset_of(desk, photo_id) == 1000
    for _ in range(2):  # its answer was lost: again it is as good
        assert (await desk.delete(address(PHONE["device_id"]))).status_code == 204
    assert_problem(await send(phone, photo_id, 1000, picture[1000:]), 401, "token_refused")
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **PHONE}
    async with house.client() as stranger:
        refused = await stranger.post("/v1/auth/token", data=form)
    assert_problem(refused, 401, "token_refused")
    assert await offset_of(desk, photo_id) is None
    assert len((await desk.get("/v1/devices")).json()["items"]) == 1
    assert await purge_uploads(house.database, house.wiring.files, house.clock.now) == 1
    assert [file.key async for file in house.wiring.files.files("uploads")] == []
    # Found again, or another phone: the photo is sent from its beginning.
    found, _ = await signed_in(house, **PHONE)
    assert (await begin(found, photo_id, len(picture), content=picture)).status_code == 201


async def test_what_a_lost_phone_is_just_sending_is_not_taken(house: House) -> None:
    phone, _ = await signed_in(house, **PHONE)
    desk, _ = await signed_in(house, device_id="desk")
    photo_id, is_lost = uuid4(), asyncio.Event()
    await begun(phone, photo_id, 100)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"x" * 10
        await is_lost.wait()

    sending = asyncio.create_task(send(phone, photo_id, 0, slowly()))
    await asyncio.sleep(0.2)
    await desk.delete(address(PHONE["device_id"]))
    is_lost.set()
    assert_problem(await sending, 404, "not_found")
    assert [file.key async for file in house.wiring.files.files("uploads")] == []


async def test_an_upload_that_another_device_goes_on_with_is_that_devices(house: House) -> None:
    old, _ = await signed_in(house, device_id="old")
    new, _ = await signed_in(house, device_id="new")
    photo_id = uuid4()
    await begun(old, photo_id, 100)
    await send(old, photo_id, 0, b"x" * 10)
    assert (await begin(new, photo_id, 100)).headers["upload-offset"] == "10"
    await new.delete(address("old"))
    assert await offset_of(new, photo_id) == 10


async def test_a_device_of_somebody_else_is_none(house: House) -> None:
    await signed_in(house, "officer02", **PHONE)
    officer, _ = await signed_in(house)
    assert_problem(await officer.delete(address(PHONE["device_id"])), 404, "not_found")
    assert (await (await house.caller("officer02")).get("/v1/devices")).json()["items"]


async def test_an_administrator_signs_a_device_out_and_that_is_kept_once(house: House) -> None:
    phone, _ = await signed_in(house, **PHONE)
    admin = await house.caller("admin")
    listed = (await admin.get("/v1/people/officer01/devices")).json()["items"]
    assert [(one["id"], one["is_current"]) for one in listed] == [(PHONE["device_id"], False)]
    for _ in range(2):
        assert (await admin.delete(address(PHONE["device_id"], "officer01"))).status_code == 204
    assert (await phone.get("/v1/me")).status_code == 401
    async with house.database.read() as session:
        kept = (await session.execute(select(col(PersonEvent.deed), col(PersonEvent.facts)))).all()
    assert [tuple(one) for one in kept] == [("device_revoked", {"device": PHONE["device_id"]})]
    assert_problem(await admin.get("/v1/people/nobody/devices"), 404, "not_found")
    assert_problem(await admin.delete(address("none", "nobody")), 404, "not_found")


async def test_an_app_that_is_too_old_is_told_the_minimum_wherever_one_signs_in_first(
    settings: Settings,
) -> None:
    strict = settings.model_copy(update={"min_client_version": "2.1.0"})
    async with opened_house(strict) as house:
        phone, refresh_token = await signed_in(house, **PHONE)
        assert (await phone.get("/v1/client")).json() == {"minimum": "2.1.0", "server": house.app.version}
        phone.headers["Client-Version"] = "2.0.9"
        for path in ("/v1/me", "/v1/queue", "/v1/devices"):
            refused = await phone.get(path)
            assert_problem(refused, 426, "client_too_old")
            assert (refused.json()["minimum"], refused.headers["upgrade"]) == (
                "2.1.0",
                "gridpatrol-client/2.1.0",
            )
        assert_problem(await begin(phone, uuid4(), 10), 426, "client_too_old")
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **PHONE}
        for answer in (
            await phone.get("/v1/client"),
            await phone.get("/readyz"),
            await phone.options("/v1/uploads"),
            await phone.post("/v1/auth/token", data=form),
        ):
            assert answer.status_code in {200, 204}
        for version in ("2.1.0", "3.0.0-rc.1"):
            phone.headers["Client-Version"] = version
            assert (await phone.get("/v1/me")).status_code == 200
        phone.headers["Client-Version"] = "two"
        assert_problem(await phone.get("/v1/me"), 422, "client_version_wrong")


async def test_without_a_minimum_every_app_is_served(house: House) -> None:
    async with house.client() as stranger:
        assert (await stranger.get("/v1/client")).json()["minimum"] is None
    phone, _ = await signed_in(house)
    assert (await phone.get("/v1/me", headers={"Client-Version": "0.0.1"})).status_code == 200


@pytest.mark.parametrize("device", ["x" * 101, "a\x01b"])
async def test_what_is_no_device_id_is_refused(house: House, device: str) -> None:
    officer = await house.caller("officer01")
    assert (await officer.delete(address(device))).status_code == 422
