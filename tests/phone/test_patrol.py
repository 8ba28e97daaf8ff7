"""Shifts, tracks and check-ins on a phone: recorded without a network, and there once when there is one."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.models import TrackPoint
from gridphone import NoSuchShift, OthersWorkHeld, Phone
from tests.http.patrolling import EAST_M
from tests.phone.network import Fault, Street, stall, states

OFFICER = "officer01"
LONGITUDE, LATITUDE = 116.404, 39.915


def walk(street: Street, phone: Phone, points: int) -> list[datetime]:
    """Walk east for so long, one point each ten seconds; return the times of those that were kept."""
    kept: list[datetime] = []
    for number in range(points):
        street.house.clock.turn(seconds=10)
        if phone.patrol.keep_point(LONGITUDE + 13 * number / EAST_M, LATITUDE, accuracy_m=6.0):
            kept.append(street.house.clock.now)
    return kept


async def stored(street: Street, shift: UUID) -> list[datetime]:
    """Return the times of the points that the server has of a shift."""
    async with street.house.database.read() as session:
        chosen = select(col(TrackPoint.at)).where(col(TrackPoint.shift_id) == shift)
        return list(await session.scalars(chosen.order_by(col(TrackPoint.at))))


async def shown(street: Street, shift: UUID) -> dict[str, Any]:
    """Return a shift as the server shows it."""
    return (await (await street.house.caller(OFFICER)).get(f"/v1/shifts/{shift}")).json()


async def test_a_shift_without_a_network_is_there_afterwards_with_its_pause_and_its_track(
    street: Street,
) -> None:
    phone = await street.phone_of(OFFICER)
    street.network.is_off = True
    shift = phone.patrol.start(team="机动一组")
    walked = walk(street, phone, 12)
    street.house.clock.turn(seconds=1)
    phone.patrol.step("pause")
    assert walk(street, phone, 6) == [], "nothing is recorded in a pause"
    phone.patrol.step("resume")
    walked += walk(street, phone, 6)
    street.house.clock.turn(seconds=1)
    phone.patrol.step("stop")
    assert walk(street, phone, 1) == []
    assert (await phone.exchange()).cut is not None
    assert phone.patrol.points_held() == 18
    street.network.is_off = False
    await street.exchanged(phone)
    assert states(phone) == ["stored"] * 5
    assert phone.patrol.points_held() == 0
    assert await stored(street, shift) == walked
    told = await shown(street, shift)
    assert [event["action"] for event in told["events"]] == ["start", "pause", "resume", "stop"]
    assert (told["points"], told["team"], told["ended_by"]) == (18, "机动一组", "person")


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("points", [30, 700])
async def test_points_that_go_again_and_again_are_stored_once(
    street: Street, fault: Fault, points: int
) -> None:
    phone = await street.phone_of(OFFICER)
    shift = phone.patrol.start()
    await street.exchanged(phone)
    walked = walk(street, phone, points)
    # A long track goes by itself.
    way = ("POST", "/v1/sync") if points < 100 else ("PUT", "/v1/tracks/")
    for _ in range(2):
        street.network.plan(*way, fault)
        assert (await phone.exchange()).cut is not None
        street.house.clock.turn(seconds=10)
    await street.exchanged(phone)
    assert street.network.count(*way) > 0
    assert await stored(street, shift) == walked
    assert (states(phone, "track"), phone.patrol.points_held()) == (["stored"], 0)
    # The phone's location service tells points again that it told before: they make another batch.
    again = walked[-1]
    assert phone.patrol.keep_point(LONGITUDE, LATITUDE, at=again)
    assert not phone.patrol.keep_point(LONGITUDE, LATITUDE, at=again)
    await street.exchanged(phone)
    assert states(phone, "track") == ["stored"] * 2
    assert await stored(street, shift) == walked


async def test_a_batch_is_the_same_after_the_app_was_killed(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    shift = phone.patrol.start()
    walked = walk(street, phone, 5)
    await street.exchanged(phone)
    walked += walk(street, phone, 5)
    street.network.plan("POST", "/v1/sync", Fault.ANSWER_LOST)
    await phone.exchange()
    walked += walk(street, phone, 5)
    phone.close()
    phone = street.open_phone(OFFICER)
    await street.exchanged(phone)
    assert states(phone, "track") == ["stored"] * 3
    assert await stored(street, shift) == walked


async def test_a_phone_holds_a_coarser_track_rather_than_too_much(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridphone.patrol.POINTS_MAX", 40)
    phone = await street.phone_of(OFFICER)
    street.network.is_off = True
    shift = phone.patrol.start()
    walked = walk(street, phone, 200)
    assert phone.patrol.points_held() <= 40
    street.network.is_off = False
    await street.exchanged(phone)
    kept = await stored(street, shift)
    assert 20 <= len(kept) <= 40
    assert (kept[0], kept[-1]) == (walked[0], walked[-1])
    gaps = [later - earlier for earlier, later in pairwise(kept)]
    assert max(gaps) <= timedelta(seconds=240), "a coarse track, and no hole in it"


async def test_the_second_phone_of_a_person_goes_on_under_the_shift_of_the_first(street: Street) -> None:
    first, second = await street.phone_of(OFFICER), await street.phone_of(OFFICER, "second")
    street.network.is_off = True
    shift = first.patrol.start()
    street.house.clock.turn(seconds=5)
    late = second.patrol.start()
    walked = walk(street, second, 4)
    street.network.is_off = False
    await street.exchanged(first, second)
    assert [item.problem["code"] for item in second.items() if item.problem] == ["shift_running"]
    held = second.patrol.shift
    assert held is not None
    assert (held.id, held.runs_as, held.state) == (late, shift, "running")
    assert await stored(street, shift) == walked
    second.patrol.step("stop")
    await street.exchanged(second, first)
    assert (await shown(street, shift))["state"] == "ended"
    assert first.patrol.shift is None, "the first phone hears that it is over"
    assert not first.patrol.keep_point(LONGITUDE, LATITUDE)


async def test_a_shift_that_another_phone_paused_records_nothing_here(street: Street) -> None:
    first, second = await street.phone_of(OFFICER), await street.phone_of(OFFICER, "second")
    first.patrol.start()
    await street.exchanged(first)
    second.patrol.start()
    await street.exchanged(second)
    street.house.clock.turn(minutes=1)
    second.patrol.step("pause")
    await street.exchanged(second, first)
    assert first.patrol.shift is not None
    assert first.patrol.shift.state == "paused"
    assert walk(street, first, 2) == []
    first.patrol.step("resume")
    assert len(walk(street, first, 2)) == 2
    await street.exchanged(first)
    assert states(first, "shift") == ["stored"] * 2


async def test_what_happens_to_a_shift_goes_in_its_order_and_before_its_track(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    shift = phone.patrol.start(at=street.house.clock.now + timedelta(minutes=20))  # a wrong clock
    walked = walk(street, phone, 3)
    street.house.clock.turn(minutes=1)
    phone.patrol.step("pause")
    await phone.exchange()
    assert states(phone) == ["held", "held"], "the start is not to be meant yet, and the pause is after it"
    assert phone.patrol.points_held() == len(walked) == 3
    assert phone.patrol.shift is not None
    assert phone.patrol.shift.id == shift
    street.house.clock.turn(minutes=20)
    await street.exchanged(phone)
    assert states(phone, "shift") == ["stored", "refused"], "a pause before its shift began"


async def test_points_of_a_start_that_is_refused_for_good_are_not_kept(street: Street) -> None:
    phone = await street.phone_of("member-cityscape")
    phone.patrol.start()
    assert len(walk(street, phone, 3)) == 3
    phone.patrol.step("pause")
    await street.exchanged(phone)
    assert states(phone) == ["refused", "refused"]
    assert (phone.patrol.shift, phone.patrol.points_held()) == (None, 0)


async def test_there_is_one_shift_at_a_time_and_nothing_happens_without_one(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    with pytest.raises(NoSuchShift):
        phone.patrol.step("stop")
    phone.patrol.start()
    with pytest.raises(NoSuchShift):
        phone.patrol.start()
    street.house.clock.turn(seconds=1)
    phone.patrol.step("pause")
    with pytest.raises(NoSuchShift):
        phone.patrol.step("pause")
    assert len(phone.items()) == 2


async def test_a_phone_with_points_of_somebody_is_not_handed_over(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    phone.patrol.start()
    await street.exchanged(phone)
    walk(street, phone, 1)
    with pytest.raises(OthersWorkHeld):
        await phone.sign_in("officer02", "gridpatrol-demo")
    await street.exchanged(phone)
    await phone.sign_in("officer02", "gridpatrol-demo")
    assert (phone.patrol.shift, phone.items()) == (None, [])


async def test_a_report_does_not_wait_for_a_long_track(street: Street) -> None:
    phone = await street.phone_of(OFFICER)
    phone.patrol.start()
    await street.exchanged(phone)
    walk(street, phone, 700)
    stall(phone)
    street.network.plan("PUT", "/v1/tracks/", Fault.NEVER_ARRIVES)
    assert (await phone.exchange()).cut is not None
    assert (states(phone, "report"), states(phone, "track")) == (["stored"], ["sent"])
    assert (await phone.exchange()).is_complete, (
        "nor do tickets, if it is the track that does not get through"
    )
    assert states(phone, "track") == ["sent"]
    street.house.clock.turn(seconds=10)
    await street.exchanged(phone)
    assert states(phone, "track") == ["stored"]


async def checkpoint(street: Street) -> str:
    """Make a checkpoint; return what its sheet of the day shows."""
    admin = await street.house.caller("admin")
    body = {"name_zh": "东门", "name_en": "East gate", "longitude": LONGITUDE, "latitude": LATITUDE}
    answer = await admin.put("/v1/checkpoints/gate", json={**body, "ways": ["geofence", "qr"]})
    assert answer.status_code == 201, answer.text
    return (await admin.get("/v1/checkpoints/gate/code")).json()["code"]


async def test_check_ins_count_for_when_they_were_made_and_once(street: Street) -> None:
    code = await checkpoint(street)
    phone = await street.phone_of(OFFICER)
    here = (LONGITUDE, LATITUDE)
    phone.patrol.check_in("gate", "geofence", place=here, accuracy_m=8.0)
    by_code = phone.patrol.check_in("gate", "qr", place=here, code=code)
    phone.patrol.check_in("gate", "qr", place=here, code="GPQ1.gate.1.somebody-else-made-it")
    made_at = street.house.clock.now
    street.house.clock.turn(hours=20)  # no network until the next morning
    street.network.plan("POST", "/v1/sync", Fault.ANSWER_LOST)
    await phone.exchange()
    await phone.sign_in(OFFICER, "gridpatrol-demo")
    await street.exchanged(phone)
    assert states(phone) == ["stored", "stored", "refused"]
    listed = (await (await street.house.caller(OFFICER)).get("/v1/check-ins")).json()["items"]
    assert len(listed) == 2
    assert {datetime.fromisoformat(one["at"]) for one in listed} == {made_at}
    assert str(by_code) in {one["id"] for one in listed}
