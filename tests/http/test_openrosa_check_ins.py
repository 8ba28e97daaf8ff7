"""Check-ins by ODK Collect: on the spot, by code or by place, judged for the time at which they were made."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.domain.forms import FormKind
from tests.collecting import collect, filled, problem_of, reported, said, send, version_of, xml_part
from tests.conftest import SHANGHAI, House
from tests.http.patrolling import at_metres
from tests.http.test_posts import check_in, code_of, made

GATE = at_metres(0, 0)


def there(east_m: float = 0, accuracy: str = "8.5") -> str:
    """Return a place as Collect writes it, so far from the gate."""
    longitude, latitude = at_metres(east_m, 0)
    return f"{latitude} {longitude} 12.0 {accuracy}"


def noted(at: datetime) -> str:
    """Return a time as Collect writes it."""
    return at.astimezone(SHANGHAI).isoformat(timespec="milliseconds")


def by_place(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any answer
    return {
        "way": "geofence",
        "checkpoint": "gate",
        "place": there(),
        "fixed_at": noted(house.clock.now),
        **changes,
    }


def by_code(house: House, code: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any answer
    now = house.clock.now
    return {
        "way": "qr",
        "place": there(),
        "code": code,
        "fixed_at": noted(now - timedelta(seconds=30)),
        "scanned_at": noted(now),
        **changes,
    }


async def checked_in(
    phone: httpx.AsyncClient, fields: dict[str, Any], instance: UUID | None = None
) -> httpx.Response:
    version = await version_of(phone, FormKind.CHECK_IN)
    return await send(phone, xml_part(filled(FormKind.CHECK_IN, version, fields, instance=instance)))


async def kept(house: House, username: str = "officer01") -> list[dict[str, Any]]:
    return (await (await house.caller(username)).get("/v1/check-ins")).json()["items"]


async def offered(house: House, username: str) -> list[str]:
    phone = await collect(house, username)
    answer = await phone.get("/openrosa/forms/gridpatrol_checkin/media/checkpoints.csv")
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in csv.DictReader(io.StringIO(answer.text))]


async def test_a_code_is_scanned_on_the_spot(house: House) -> None:
    await made(house)
    phone, instance = await collect(house), uuid4()
    answer = await checked_in(phone, by_code(house, await code_of(house)), instance)
    assert (answer.status_code, said(answer)) == (201, ("submit_success", "已签到：东门。"))
    [one] = await kept(house)
    assert (one["id"], one["checkpoint"], one["way"]) == (str(instance), "gate", "qr")
    assert datetime.fromisoformat(one["at"]) == house.clock.now
    assert one["distance_m"] == pytest.approx(0, abs=0.1)


async def test_a_checkpoint_is_chosen_and_confirmed_by_the_place(house: House) -> None:
    await made(house)
    phone = await collect(house)
    phone.headers["Accept-Language"] = "en"
    # Somebody who chose the code first, and changed her mind: the phone keeps that she scanned.
    fields = by_place(house, place=there(30), scanned_at=noted(house.clock.now - timedelta(hours=2)))
    answer = await checked_in(phone, fields)
    assert (answer.status_code, said(answer)[1]) == (201, "Checked in: East gate.")
    [one] = await kept(house)
    assert (one["way"], datetime.fromisoformat(one["at"])) == ("geofence", house.clock.now)
    assert one["distance_m"] == pytest.approx(30, abs=0.5)


async def test_the_same_again_is_the_same_success_whatever_has_changed_since(house: House) -> None:
    stored = await made(house)
    phone, instance = await collect(house), uuid4()
    fields = by_code(house, await code_of(house))
    first = await checked_in(phone, fields, instance)
    house.clock.turn(days=5)
    body = {key: stored[key] for key in ("name_zh", "name_en", "longitude", "latitude", "ways", "version")}
    admin = await house.caller("admin")
    gone = await admin.put("/v1/checkpoints/gate", json=body | {"is_active": False})
    assert gone.status_code == 200, gone.text
    again = await checked_in(phone, fields, instance)
    assert (again.status_code, said(again)) == (201, said(first))
    assert len(await kept(house)) == 1


async def test_other_answers_under_the_same_instance_are_a_conflict(house: House) -> None:
    await made(house)
    phone, instance = await collect(house), uuid4()
    await checked_in(phone, by_place(house), instance)
    other = by_place(house, place=there(1))
    assert problem_of(await checked_in(phone, other, instance)) == (409, "id_taken")
    assert problem_of(await send(phone, xml_part(await reported(phone, instance)))) == (409, "id_taken")
    stranger = await collect(house, "officer02")
    assert problem_of(await checked_in(stranger, by_place(house), instance)) == (409, "id_taken")
    direct = await check_in(house, key=str(instance))
    assert (direct.status_code, direct.json()["code"]) == (409, "id_taken")
    [one] = await kept(house)
    assert one["distance_m"] == pytest.approx(0, abs=0.1)


async def test_the_id_of_a_report_is_no_id_of_a_check_in(house: House) -> None:
    await made(house)
    phone, instance = await collect(house), uuid4()
    assert (await send(phone, xml_part(await reported(phone, instance)))).status_code == 201
    assert problem_of(await checked_in(phone, by_place(house), instance)) == (409, "id_taken")
    assert await kept(house) == []


async def test_a_code_is_judged_for_the_time_at_which_it_was_scanned(house: House) -> None:
    await made(house, rotation_s=60)
    phone, fields = await collect(house), by_code(house, await code_of(house))
    house.clock.turn(hours=20)  # no network until the next morning
    answer = await checked_in(phone, fields)
    assert answer.status_code == 201, answer.text
    [one] = await kept(house)
    assert datetime.fromisoformat(one["at"]) == house.clock.now - timedelta(hours=20)
    assert datetime.fromisoformat(one["received_at"]) == house.clock.now


async def test_what_is_told_too_late_is_refused(house: House) -> None:
    await made(house)
    phone, fields = await collect(house), by_code(house, await code_of(house))
    house.clock.turn(hours=73)
    assert problem_of(await checked_in(phone, fields)) == (422, "time_too_early")


async def test_codes_of_yesterday_of_another_place_and_of_nobody_are_refused(house: House) -> None:
    await made(house)
    longitude, latitude = at_metres(2_000, 0)
    await made(house, "bridge", longitude=longitude, latitude=latitude)
    phone = await collect(house)
    today, elsewhere = await code_of(house), await code_of(house, "bridge")
    for code, problem in (
        (elsewhere, (422, "place_too_far")),
        (today[:-1] + "x", (422, "code_forged")),
        (today.replace(".gate.", ".bridge."), (422, "code_forged")),
        (today.replace(".gate.", ".none."), (404, "not_found")),
        (today.replace("GPQ1", "GPN1"), (422, "code_unreadable")),
        ("https://example.cn", (422, "code_unreadable")),
        ("GPQ1.不.1.x", (422, "invalid")),
        ("x" * 201, (422, "code_unreadable")),
        (None, (422, "missing")),
    ):
        answer = await checked_in(phone, by_code(house, today) | {"code": code})
        assert problem_of(answer) == problem, code
    chosen = by_code(house, today, checkpoint="bridge")
    assert problem_of(await checked_in(phone, chosen)) == (422, "code_elsewhere")
    house.clock.turn(days=1)
    assert problem_of(await checked_in(phone, by_code(house, today))) == (422, "code_expired")
    assert await kept(house) == []


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"place": there(500)}, "place_too_far", "from the checkpoint"),
        ({"place": there(accuracy="0.0")}, "place_mock", "/place"),
        ({"place": f"{GATE[1]} {GATE[0]}"}, "place_mock", "/place"),
        ({"place": None}, "missing", "place"),
        ({"place": "nan nan 0 0"}, "geopoint_wrong", "/place"),
        ({"way": None}, "missing", "way"),
        ({"way": "nfc"}, "choice_unknown", "/way"),
        ({"checkpoint": None}, "missing", "checkpoint"),
        ({"checkpoint": "none"}, "not_found", "checkpoint"),
        ({"checkpoint": "gate house"}, "invalid", "/checkpoint"),
        ({"checkpoint": "screen"}, "way_not_here", "/way"),
        ({"fixed_at": None}, "missing", "fixed_at"),
        ({"fixed_at": "2026-11-23T09:28:00.000"}, "invalid", "/fixed_at"),
        ({"fixed_at": "2026-11-24T09:28:00.000+08:00"}, "time_in_future", "future"),
        ({"scanned_at": "just now"}, "invalid", "/scanned_at"),
        ({"note": "东门没人"}, "field_unknown", "/note"),
    ],
)
async def test_what_can_t_be_right_is_refused_by_name(
    house: House, changes: dict[str, Any], code: str, word: str
) -> None:
    await made(house)
    await made(house, "screen", ways=["qr"])
    phone, instance = await collect(house), uuid4()
    answer = await checked_in(phone, by_place(house, **changes), instance)
    assert problem_of(answer)[1] == code, answer.text
    assert word in said(answer)[1]
    right = await checked_in(phone, by_place(house), instance)
    assert right.status_code == 201, "what was refused left something behind"


async def test_whoever_scans_a_photograph_and_walks_there_later_has_confirmed_nothing(house: House) -> None:
    await made(house)
    phone, now = await collect(house), house.clock.now
    fields = by_code(house, await code_of(house), fixed_at=noted(now))
    sent_on = fields | {"scanned_at": noted(now - timedelta(hours=1))}
    assert problem_of(await checked_in(phone, sent_on)) == (422, "place_old")
    assert problem_of(await checked_in(phone, fields | {"scanned_at": None})) == (422, "missing")
    assert (await checked_in(phone, fields)).status_code == 201


async def test_an_officer_is_offered_the_checkpoints_of_her_grids_and_of_her_roster(house: House) -> None:
    longitude, latitude = at_metres(40, 40)
    inside = {"longitude": longitude, "latitude": latitude}
    outside = {"longitude": 116.39, "latitude": 39.80}
    for code, more in (
        ("gate", inside),
        ("screen", inside | {"ways": ["qr"]}),
        ("closed", inside | {"is_active": False}),
        ("bridge", outside | {"staff_min": 1}),
    ):
        await made(house, code, **more)
    codes = {username: await offered(house, username) for username in ("officer01", "officer03")}
    assert sorted(codes.values()) == [[], ["gate"]], codes
    slot = {"post": "bridge", "from": "09:30", "to": "11:00"}
    supervisor = await house.caller("supervisor")
    for username, before in codes.items():
        stored = await supervisor.put(
            "/v1/rosters/2026-11-23", json={"slots": [slot | {"people": [username]}]}
        )
        assert stored.status_code == 200, stored.text
        assert await offered(house, username) == ["bridge", *before]
    house.clock.turn(hours=3)
    assert {username: await offered(house, username) for username in codes} == codes
