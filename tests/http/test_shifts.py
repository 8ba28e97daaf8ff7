"""Shifts over HTTP: two at once, two phones, never stopped, past midnight, told late."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select
from sqlmodel import col

from api.models import ShiftEvent, TrackPoint
from api.queries.reference import reference_version
from api.services.shifts import EVENTS_MAX, expire_shifts
from tests.conftest import House
from tests.http.patrolling import flaws, point, sent, shift_step, start, started
from tests.http.syncing import item, statuses, synced


async def expire(house: House) -> int:
    async with house.database.read() as session:
        version = await reference_version(session)
    reference = await house.wiring.references.at(version)
    return await expire_shifts(house.database, reference, house.clock.now)


async def kept(house: House, shift: str) -> int:
    """Count the points that are stored of a shift."""
    async with house.database.read() as session:
        chosen = select(func.count()).select_from(TrackPoint).where(col(TrackPoint.shift_id) == UUID(shift))
        return (await session.execute(chosen)).scalar_one()


async def test_a_shift_is_started_paused_gone_on_with_and_stopped(house: House) -> None:
    shift = await started(house, team="机动一组")
    house.clock.turn(hours=2)
    assert (await shift_step(house, shift, "pause")).json()["state"] == "paused"
    house.clock.turn(hours=1)
    assert (await shift_step(house, shift, "resume")).json()["state"] == "running"
    house.clock.turn(hours=1)
    stopped = (await shift_step(house, shift, "stop")).json()
    assert (stopped["state"], stopped["duty_s"], stopped["ended_by"]) == ("ended", 3 * 3_600, "person")
    assert [event["action"] for event in stopped["events"]] == ["start", "pause", "resume", "stop"]
    assert stopped["team"] == "机动一组"
    officer = await house.caller("officer01")
    assert (await officer.get(f"/v1/shifts/{shift}")).json() == stopped


async def test_a_start_sent_again_is_the_same_and_another_under_its_id_is_refused(house: House) -> None:
    shift, began = str(uuid4()), house.clock.now.isoformat()
    assert (await start(house, shift, started_at=began)).status_code == 201
    house.clock.turn(minutes=1)
    assert (await start(house, shift, started_at=began)).status_code == 200
    other = await start(house, shift, started_at=began, team="二组")
    assert (other.status_code, other.json()["code"]) == (409, "id_taken")
    stolen = await start(house, shift, "officer02", started_at=began)
    assert (stolen.status_code, stolen.json()["code"]) == (409, "id_taken")


async def test_two_shifts_at_once_are_refused_and_the_first_is_named(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=5)
    second = await start(house, str(uuid4()))
    assert (second.status_code, second.json()["code"]) == (409, "shift_running")
    assert second.json()["shift"] == shift
    assert second.json()["started_at"] == began.isoformat().replace("+00:00", "Z")
    assert (await start(house, str(uuid4()), "officer02")).status_code == 201


async def test_a_shift_that_lies_within_another_one_is_refused(house: House) -> None:
    began = house.clock.now
    shift = await started(house)
    house.clock.turn(hours=4)
    await shift_step(house, shift, "stop")
    late = await start(house, str(uuid4()), started_at=(began + timedelta(hours=1)).isoformat())
    assert late.json()["code"] == "shift_running"
    after = await start(house, str(uuid4()), started_at=(began + timedelta(hours=4)).isoformat())
    assert after.status_code == 201


async def test_a_step_sent_again_changes_nothing(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    once = await shift_step(house, shift, "pause")
    house.clock.turn(minutes=1)
    again = await shift_step(house, shift, "pause", at=began + timedelta(hours=1))
    assert (once.json()["version"], again.status_code) == (again.json()["version"], 200)
    twice = await shift_step(house, shift, "pause")
    assert (twice.status_code, twice.json()["code"]) == (409, "shift_step_refused")


async def test_a_shift_that_nobody_stops_ends_by_itself(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=15, minutes=59)
    assert await expire(house) == 0
    house.clock.turn(minutes=1)
    assert await expire(house) == 1
    assert await expire(house) == 0
    officer = await house.caller("officer01")
    ended = (await officer.get(f"/v1/shifts/{shift}")).json()
    assert (ended["state"], ended["ended_by"], ended["duty_s"]) == ("ended", "system", 16 * 3_600)
    # The phone had no network when it was stopped.
    stopped = (await shift_step(house, shift, "stop", at=began + timedelta(hours=8))).json()
    assert (stopped["ended_by"], stopped["duty_s"]) == ("person", 8 * 3_600)


async def test_whoever_forgot_to_stop_can_start_the_next_day_before_the_worker_came_by(house: House) -> None:
    forgotten = await started(house)
    house.clock.turn(hours=24)
    shift = await started(house)
    officer = await house.caller("officer01")
    running = (await officer.get("/v1/shifts?running=true")).json()["items"]
    assert [one["id"] for one in running] == [shift]
    assert (await officer.get(f"/v1/shifts/{forgotten}")).json()["ended_by"] == "system"


async def test_a_shift_past_midnight_belongs_to_the_day_of_its_start(house: House) -> None:
    house.clock.turn(hours=13)  # 22:30 in Shanghai
    shift = await started(house)
    house.clock.turn(hours=7)
    stopped = (await shift_step(house, shift, "stop")).json()
    assert (stopped["started_on"], stopped["duty_s"]) == ("2026-11-23", 7 * 3_600)
    supervisor = await house.caller("supervisor")
    for on, ids in {"2026-11-23": [shift], "2026-11-24": []}.items():
        answer = await supervisor.get(f"/v1/shifts?on={on}&person=officer01")
        assert [one["id"] for one in answer.json()["items"]] == ids


async def test_points_made_in_a_pause_that_is_told_late_are_removed(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    await sent(house, shift, [point(began + timedelta(minutes=minute)) for minute in range(60)])
    await shift_step(house, shift, "pause", at=began + timedelta(minutes=20))
    answer = await shift_step(house, shift, "resume", at=began + timedelta(minutes=40))
    assert (answer.json()["points"], answer.json()["tracked_s"]) == (40, 38 * 60)
    track = (await (await house.caller("officer01")).get("/v1/tracks/days/2026-11-23")).json()
    line, *stops = track["features"]
    passed = line["properties"]["coord_times"]
    minutes = [
        [(datetime.fromisoformat(at) - began) // timedelta(minutes=1) for at in part] for part in passed
    ]
    assert minutes == [list(range(20)), list(range(40, 60))]
    assert [stop["properties"]["stay_s"] for stop in stops] == [19 * 60, 19 * 60]


async def test_points_after_a_stop_that_is_told_late_are_removed(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    await sent(house, shift, [point(began + timedelta(minutes=minute)) for minute in range(60)])
    stopped = (await shift_step(house, shift, "stop", at=began + timedelta(minutes=30))).json()
    assert (stopped["points"], stopped["duty_s"]) == (30, 30 * 60)


@pytest.mark.parametrize("is_stopped", [True, False])
async def test_points_of_a_pause_that_the_end_of_the_shift_found_going_on_are_removed(
    house: House, *, is_stopped: bool
) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    await sent(house, shift, [point(began + timedelta(minutes=minute)) for minute in range(60)])
    await shift_step(house, shift, "pause", at=began + timedelta(minutes=20))
    assert await kept(house, shift) == 60, "the word that the pause is over may be on its way"
    if is_stopped:
        await shift_step(house, shift, "stop")
    else:
        house.clock.turn(hours=15)
        assert await expire(house) == 1
    assert await kept(house, shift) == 20


async def test_times_that_can_not_be_meant_are_refused(house: House) -> None:
    for moved, code in (({"hours": 1}, "time_in_future"), ({"days": -91}, "time_too_early")):
        at = (house.clock.now + timedelta(**moved)).isoformat()
        answer = await start(house, str(uuid4()), started_at=at)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    shift = await started(house)
    early = await shift_step(house, shift, "stop", at=house.clock.now - timedelta(minutes=1))
    assert early.json()["code"] == "shift_step_refused"


async def test_shifts_of_others_are_not_there(house: House) -> None:
    shift = await started(house)
    stranger = await house.caller("officer02")
    assert (await stranger.get(f"/v1/shifts/{shift}")).status_code == 404
    assert (await shift_step(house, shift, "stop", "officer02")).status_code == 404
    # A supervisor sees it, and can't touch it.
    supervisor = await house.caller("supervisor")
    assert (await supervisor.get(f"/v1/shifts/{shift}")).status_code == 200
    assert (await shift_step(house, shift, "stop", "supervisor")).status_code == 404
    assert (await stranger.get("/v1/shifts?person=officer01")).json()["items"] == []


async def test_a_day_of_shifts_gathered_offline_goes_in_one_batch_as_often_as_it_takes(house: House) -> None:
    began = house.clock.now - timedelta(hours=10)
    shift, second = str(uuid4()), str(uuid4())
    items = [
        item(house, "shift", {"shift": shift, "action": "start", "at": began.isoformat()}),
        item(
            house,
            "track",
            {"shift": shift, "crs": "wgs84", "points": [point(began + timedelta(minutes=1))]},
        ),
        item(house, "shift", {"shift": shift, "action": "pause"}, made_at=began + timedelta(hours=2)),
        item(house, "shift", {"shift": shift, "action": "stop"}, made_at=began + timedelta(hours=3)),
        item(house, "shift", {"shift": second, "action": "start"}, made_at=began + timedelta(hours=4)),
        item(house, "shift", {"shift": str(uuid4()), "action": "start"}, made_at=began + timedelta(hours=5)),
        item(house, "shift", {"shift": shift, "action": "dance"}),
        item(house, "track", {"shift": str(uuid4()), "crs": "wgs84", "points": [point(began)]}),
    ]
    results = await synced(house, items)
    assert statuses(results) == [201, 201, 201, 201, 201, 409, 422, 404]
    assert results[1]["body"]["stored"] == 1
    assert results[3]["body"]["state"] == "ended"
    assert results[5]["problem"]["code"] == "shift_running"
    assert statuses(await synced(house, items)) == [200, 200, 200, 200, 200, 409, 422, 404]


async def test_shifts_and_tracks_are_not_for_units(house: House) -> None:
    items = [item(house, "shift", {"shift": str(uuid4()), "action": "start"})]
    (refused,) = await synced(house, items, "member-cityscape")
    assert refused["problem"]["code"] == "role_not_allowed"


async def test_a_pause_told_after_the_longest_shift_is_refused_and_the_system_still_ends_it(
    house: House,
) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=16, seconds=30)  # the worker comes by each minute
    late = await shift_step(house, shift, "pause", at=began + timedelta(hours=16, seconds=20))
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (
        409,
        "shift_step_refused",
        "ended",
    )
    assert await expire(house) == 1
    assert (await start(house, str(uuid4()))).status_code == 201


async def test_a_whole_shift_told_late_while_a_later_one_goes_on_is_kept_with_its_track(house: House) -> None:
    began = house.clock.now
    house.clock.turn(hours=4)
    later, later_at = await started(house), house.clock.now  # on another phone
    house.clock.turn(hours=1)
    early = str(uuid4())
    told = await start(house, early, started_at=began.isoformat())
    assert told.status_code == 201, told.text
    assert (told.json()["ended_by"], told.json()["duty_s"]) == ("system", 4 * 3_600)
    points = [point(began + timedelta(minutes=10 * number)) for number in range(30)]
    kept = await sent(house, early, points)
    assert (kept["stored"], flaws(kept["left_out"])) == (24, {"off_duty": 6})
    # It was stopped before the later one, or at least it was over by then.
    beyond = await shift_step(house, early, "stop", at=later_at + timedelta(minutes=30))
    assert (beyond.status_code, beyond.json()["ended_by"]) == (200, "system")
    stopped = (await shift_step(house, early, "stop", at=began + timedelta(hours=2))).json()
    assert (stopped["ended_by"], stopped["duty_s"], stopped["points"]) == ("person", 2 * 3_600, 12)
    officer = await house.caller("officer01")
    running = (await officer.get("/v1/shifts?running=true")).json()["items"]
    assert [one["id"] for one in running] == [later]


async def test_points_of_a_pause_are_removed_even_where_nothing_came_after_it(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    await sent(house, shift, [point(began + timedelta(minutes=minute)) for minute in range(40)])
    assert (await shift_step(house, shift, "pause", at=began + timedelta(minutes=30))).status_code == 200
    stopped = (await shift_step(house, shift, "stop", at=began + timedelta(minutes=50))).json()
    assert stopped["points"] == 30
    async with house.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(TrackPoint))).scalar_one() == 30


async def test_a_shift_has_a_number_of_pauses_that_people_can_make(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=2)
    rows = [
        {
            "shift_id": shift,
            "action": "pause" if number % 2 else "resume",
            "at": began + timedelta(seconds=number),
            "device_at": began,
            "received_at": began,
        }
        for number in range(1, EVENTS_MAX)
    ]
    async with house.database.write() as session:
        await session.execute(insert(ShiftEvent), rows)
    refused = await shift_step(house, shift, "resume")
    assert refused.json()["code"] == "limit_reached", refused.text
