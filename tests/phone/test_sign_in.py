"""A phone stays signed in as long as the server lets it, and keeps what it holds when it may not."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from api.settings import DEMO_PASSWORD, Settings
from gridphone import Cut, OthersWorkHeld, Phone, Problem, VersionUnknown, backoff
from tests.conftest import opened_house
from tests.phone.network import Fault, Network, Street, stall, states

OFFICER = "officer01"


async def test_a_phone_stays_signed_in_for_days(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    for _ in range(3):
        street.house.clock.turn(days=3)
        stall(phone)
        await street.exchanged(phone)
    assert states(phone) == ["stored"] * 3
    assert street.network.count("POST", "/v1/auth/token") == 4


async def test_a_refresh_whose_answer_was_lost_does_not_lock_the_phone_out(patient_street: Street) -> None:
    street = patient_street
    phone = await street.phone_of(OFFICER)
    street.house.clock.turn(minutes=20)
    stall(phone)
    street.network.plan("POST", "/v1/auth/token", Fault.ANSWER_LOST, times=2)
    await street.exchanged(phone)
    assert states(phone) == ["stored"]
    street.house.clock.turn(minutes=20)
    street.network.plan("POST", "/v1/auth/token", Fault.ANSWER_LOST, times=6)
    assert (await phone.exchange()).cut is not None
    street.house.clock.turn(seconds=20)
    await street.exchanged(street.open_phone(OFFICER))


async def test_where_the_office_allows_no_repeat_the_phone_asks_for_the_password_and_loses_nothing(
    street: Street,
) -> None:
    phone = await street.phone_of(OFFICER)
    street.house.clock.turn(minutes=20)
    stall(phone, photos=[street.picture()])
    street.network.plan("POST", "/v1/auth/token", Fault.ANSWER_LOST)
    assert (await phone.exchange()).is_sign_in_needed
    arrived = len(street.network.seen)
    assert (await phone.exchange()).is_sign_in_needed
    assert len(street.network.seen) == arrived
    assert states(phone) == ["sent", "sent"]
    await phone.sign_in(OFFICER, DEMO_PASSWORD)
    await street.exchanged(phone)
    assert states(phone) == ["stored", "stored"]


async def test_a_refresh_that_never_arrived_costs_nothing(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    street.house.clock.turn(minutes=14, seconds=30)  # the token is still good for half a minute
    stall(phone)
    street.network.plan("POST", "/v1/auth/token", Fault.NEVER_ARRIVES, times=30)
    await street.exchanged(phone)
    assert states(phone) == ["stored"]


async def test_a_token_that_ended_early_is_refreshed_once(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    facts = {"status": 401, "code": "token_refused", "title": "The token is not valid, or no longer."}
    refused = httpx.Response(401, json=facts, headers={"Content-Type": "application/problem+json"})
    street.network.answer("POST", "/v1/sync", refused)
    stall(phone)
    await street.exchanged(phone)
    assert street.network.count("POST", "/v1/auth/token") == 2
    for _ in range(2):
        street.network.answer("GET", "/v1/changes", refused)
    assert (await phone.exchange()).is_sign_in_needed


async def test_a_lost_phone_that_was_signed_out_from_afar_asks_for_the_password(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone)
    officer = await street.house.caller(OFFICER)
    assert (await officer.delete(f"/v1/devices/device-{OFFICER}")).status_code == 204
    assert (await phone.exchange()).is_sign_in_needed
    assert states(phone) == ["sent"]


async def test_a_wrong_password_and_no_network_are_told_apart(street: Street) -> None:
    phone = street.open_phone(OFFICER)
    with pytest.raises(Problem, match="No account") as refused:
        await phone.sign_in(OFFICER, "guessed")
    assert refused.value.code == "sign_in_refused"
    street.network.is_off = True
    with pytest.raises(Cut):
        await phone.sign_in(OFFICER, DEMO_PASSWORD)
    assert (await phone.exchange()).is_sign_in_needed


async def test_nobodys_work_goes_out_under_anothers_name(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone)
    with pytest.raises(OthersWorkHeld):
        await phone.sign_in("officer02", DEMO_PASSWORD)
    assert phone.username == OFFICER
    await street.exchanged(phone)
    await phone.sign_in("officer02", DEMO_PASSWORD)
    assert (phone.username, phone.items()) == ("officer02", [])


async def test_a_sign_in_of_another_device_is_told_and_the_tickets_still_come(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    phone.close()
    other = Phone(
        street.folder / OFFICER,
        "http://gridpatrol.test",
        "another",
        transport=street.network,
        clock=lambda: street.house.clock.now,
    )
    street.phones[:] = [other]
    stall(other)
    done = await other.exchange()
    assert done.problem is not None
    assert (done.problem["code"], done.is_complete) == ("device_wrong", True)
    assert states(other) == ["sent"]


async def test_a_phone_that_is_too_old_says_so_and_loses_nothing(settings: Settings, tmp_path: Path) -> None:
    async with opened_house(settings.model_copy(update={"min_client_version": "9.1.0"})) as house:
        street = Street(house, tmp_path / "phones", Network(house))
        phone = street.open_phone(OFFICER)
        await phone.sign_in(OFFICER, DEMO_PASSWORD)
        stall(phone)
        done = await phone.exchange()
        assert done.minimum_version == "9.1.0"
        assert states(phone) == ["sent"]
        phone.close()


async def test_the_sign_in_page_of_a_hotel_is_no_answer(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    stall(phone)
    for method, path, status in (("POST", "/v1/sync", 200), ("POST", "/v1/sync", 403), ("GET", "/v1", 200)):
        page = httpx.Response(status, text="<h1>Welcome</h1>", headers={"Content-Type": "text/html"})
        street.network.answer(method, path, page)
        assert (await phone.exchange()).cut == "Somebody else answered in the server's place."
    await street.exchanged(phone)
    assert states(phone) == ["stored"]


async def test_nobody_takes_a_step_on_a_ticket_that_is_not_on_the_phone(street: Street) -> None:
    phone, other = street.open_phone("one"), street.open_phone("other")
    with pytest.raises(VersionUnknown):
        other.step(stall(phone), "accept", photos=[street.picture()])
    assert other.items() == []


def test_pauses_grow_and_are_never_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 0.5)
    assert all(0.5 <= backoff.pause_s(1) <= 1 for _ in range(100))
    assert all(30 <= backoff.pause_s(20) <= 60 for _ in range(100))
    assert len({backoff.pause_s(3) for _ in range(20)}) == 20
    assert backoff.pause_s(1, asked_s=7) >= 7


async def test_what_retry_after_asks_for_is_understood(street: Street) -> None:
    phone = street.open_phone(OFFICER)
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    asked = {"12": (12, 12), "999999": (3600, 3600), in_a_minute: (30, 60), "soon": (0, 0), "": (0, 0)}
    for told, (least, most) in asked.items():
        street.network.answer("POST", "/v1/auth/token", httpx.Response(503, headers={"Retry-After": told}))
        with pytest.raises(Cut) as cut:
            await phone.sign_in(OFFICER, DEMO_PASSWORD)
        assert least <= cut.value.wait_s <= most
