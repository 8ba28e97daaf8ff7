"""Tracks over HTTP: what is wrong with points is counted, and nobody reads what is not hers to read."""

from datetime import timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from api.domain.access import Role
from api.models import GridPerson, Person, PlacePass, Shift, TrackPoint, TrackReading
from api.queries.reference import reference_version
from api.services.track_purge import purge_tracks
from tests.conftest import House
from tests.http.patrolling import at_metres, flaws, point, send, sent, shift_step, started, walked

DAY = "/v1/tracks/days/2026-11-23"


async def test_a_batch_is_stored_measured_and_told(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    told = await sent(house, shift, walked(began, [(0, 0), (300, 0)]))
    assert (told["points"], told["stored"], told["out_of_order"], told["left_out"]) == (25, 25, 0, [])
    assert told["summary"]["walked_m"] == pytest.approx(300, rel=0.01)
    assert told["summary"]["tracked_s"] == pytest.approx(240)


async def test_the_same_batch_again_changes_nothing_and_another_under_its_id_is_refused(house: House) -> None:
    shift, began, batch = await started(house), house.clock.now, str(uuid4())
    house.clock.turn(minutes=30)
    points = walked(began, [(0, 0), (100, 0)])
    once = await send(house, shift, points, batch=batch)
    again = await send(house, shift, points, batch=batch)
    assert (once.status_code, again.status_code, once.json()) == (201, 200, again.json())
    other = await send(house, shift, points[1:], batch=batch)
    assert (other.status_code, other.json()["code"]) == (409, "id_taken")
    # The same points in other batches, as after a lost answer.
    more = await sent(house, shift, points)
    assert (more["stored"], flaws(more["left_out"])) == (0, {"duplicate": len(points)})


async def test_each_bad_point_is_counted_and_explained_and_the_good_ones_stay(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    good = walked(began, [(0, 0), (100, 0)])
    bad = [
        point(began + timedelta(seconds=1)) | {"longitude": 200.0},
        point(began - timedelta(seconds=1)),
        point(house.clock.now + timedelta(hours=1)),
        point(began),
        point(began + timedelta(seconds=3), is_mock=True),
        point(began + timedelta(seconds=4), accuracy_m=900.0),
        point(began + timedelta(seconds=45), 5_000, 0),
    ]
    told = await sent(house, shift, [*good[::-1], *bad])
    assert flaws(told["left_out"]) == {"outside_earth": 1, "in_future": 1, "off_duty": 1, "duplicate": 1}
    assert flaws(told["summary"]["left_out"]) == {"mock": 1, "inaccurate": 1, "drift_spike": 1}
    assert told["stored"] == len(good) + 3
    assert told["out_of_order"] >= len(good) - 1
    assert told["summary"]["walked_m"] == pytest.approx(100, rel=0.1)


async def test_not_a_number_is_counted_where_a_phone_writes_it_and_refused_where_json_has_none(
    house: House,
) -> None:
    shift, began = await started(house), house.clock.now
    points = [point(began), point(began + timedelta(seconds=5))]
    body = orjson.dumps({"shift": shift, "crs": "wgs84", "points": points}).decode()
    officer = await house.caller("officer01")
    written = body.replace(f'"longitude":{at_metres(0, 0)[0]}', '"longitude":NaN', 1)
    assert "NaN" in written
    answer = await officer.put(
        f"/v1/tracks/{uuid4()}", content=written, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 201, answer.text
    assert (answer.json()["stored"], flaws(answer.json()["left_out"])) == (1, {"not_finite": 1})
    text_for_number = await send(house, shift, [point(began) | {"longitude": "east"}])
    assert text_for_number.status_code == 422
    assert text_for_number.json()["errors"][0]["pointer"] == "/points/0/longitude"


async def test_points_a_kilometre_apart_each_second_walk_nothing(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    told = await sent(house, shift, [point(began + timedelta(seconds=n), 1_000 * n, 0) for n in range(600)])
    assert told["stored"] == 600
    assert flaws(told["summary"]["left_out"]) == {"teleport": 599}
    assert told["summary"]["walked_m"] == 0


async def test_two_phones_of_one_person_share_her_shift_and_one_of_them_is_believed(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    await sent(house, shift, walked(began, [(0, 0), (500, 0)], every_s=5))
    drawer = [point(began + timedelta(seconds=n), 4_000, 4_000) for n in range(1, 400, 20)]
    told = (await send(house, shift, drawer, device_id="second")).json()
    assert told["stored"] == 20
    assert told["summary"]["walked_m"] == pytest.approx(500, rel=0.03)  # the last metres are less than a step
    left_out = flaws(told["summary"]["left_out"])
    assert sum(left_out.values()) == 20
    assert left_out.keys() <= {"drift_spike", "teleport"}


async def test_a_million_points_in_one_request_are_refused_clearly(house: House) -> None:
    shift, began = await started(house), house.clock.now
    too_many = await send(house, shift, [point(began)] * 10_001)
    assert (too_many.status_code, too_many.json()["errors"][0]["pointer"]) == (422, "/points")
    officer = await house.caller("officer01")
    one = orjson.dumps(point(began))
    body = b'{"shift": "%s", "crs": "wgs84", "points": [%s]}' % (
        shift.encode(),
        b",".join([one] * 1_000_000),
    )
    answer = await officer.put(
        f"/v1/tracks/{uuid4()}", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    empty = await send(house, shift, [])
    assert empty.status_code == 422


async def test_a_wrong_clock_is_put_right_by_what_the_phone_says_the_time_is(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=10)
    fast = timedelta(hours=3)
    points = [point(began + fast + timedelta(minutes=minute)) for minute in range(10)]
    told = (await send(house, shift, points, sent_at=(house.clock.now + fast).isoformat())).json()
    assert (told["stored"], told["left_out"]) == (10, [])


async def test_tracks_are_of_ones_own_shift_alone(house: House) -> None:
    shift = await started(house)
    for username in ("officer02", "supervisor"):
        answer = await send(house, shift, [point(house.clock.now)], username)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_days_track_has_lines_and_stops(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    walk = walked(began, [(0, 0), (250, 0)])
    standing = [point(began + timedelta(seconds=200 + 10 * n), 250, 0) for n in range(1, 61)]
    await sent(house, shift, [*walk, *standing])
    officer = await house.caller("officer01")
    answer = await officer.get(DAY)
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "no-store"
    track = answer.json()
    line, stop = track["features"]
    assert (line["geometry"]["type"], stop["geometry"]["type"]) == ("MultiLineString", "Point")
    assert line["properties"]["walked_m"] == pytest.approx(250, rel=0.05)
    assert len(line["geometry"]["coordinates"][0]) == len(line["properties"]["coord_times"][0]) == 81
    assert 590 <= stop["properties"]["stay_s"] <= 640
    assert stop["properties"]["grid"] is not None
    assert stop["geometry"]["coordinates"] == pytest.approx(at_metres(249, 0), abs=2e-5)
    assert track["person"]["username"] == "officer01"
    assert (await officer.get("/v1/tracks/days/2026-11-22")).json()["features"] == []


async def readings(house: House) -> list[tuple[UUID, UUID]]:
    async with house.database.read() as session:
        rows = await session.execute(select(col(TrackReading.person_id), col(TrackReading.by_id)))
        return [(row[0], row[1]) for row in rows]


async def test_reading_anothers_track_is_kept_and_she_sees_it(house: House) -> None:
    await started(house)
    supervisor, officer = await house.caller("supervisor"), await house.caller("officer01")
    assert (await officer.get(DAY)).status_code == 200
    assert await readings(house) == []
    assert (await supervisor.get(f"{DAY}?person=officer01")).status_code == 200
    assert len(await readings(house)) == 1
    (seen,) = (await officer.get("/v1/tracks/readings")).json()["items"]
    assert (seen["by"], seen["person"], seen["on"]) == ("supervisor", "officer01", "2026-11-23")
    assert (await (await house.caller("officer02")).get("/v1/tracks/readings")).json()["items"] == []
    # What was read can't be unsaid.
    with pytest.raises(DBAPIError, match="never changed"):
        async with house.database.write() as session:
            await session.execute(text("DELETE FROM track_readings"))


async def test_seeing_where_somebody_is_is_kept_once_a_day_and_she_sees_it(house: House) -> None:
    shift, _ = await started(house), await started(house, "officer02")
    await sent(house, shift, [point(house.clock.now)])
    supervisor, officer = await house.caller("supervisor"), await house.caller("officer01")
    for _ in range(3):
        assert (await supervisor.get("/v1/tracks/positions")).status_code == 200
        house.clock.turn(minutes=1)
    (seen,) = (await officer.get("/v1/tracks/readings")).json()["items"]
    assert (seen["by"], seen["on"], seen["is_live"]) == ("supervisor", "2026-11-23", True)
    # Of officer02 nobody knows where she is.
    assert (await (await house.caller("officer02")).get("/v1/tracks/readings")).json()["items"] == []
    assert (await supervisor.get(f"{DAY}?person=officer01")).status_code == 200
    kinds = [one["is_live"] for one in (await officer.get("/v1/tracks/readings")).json()["items"]]
    assert kinds == [False, True]
    house.clock.turn(hours=15)  # the next day
    assert (await supervisor.get("/v1/tracks/positions")).status_code == 200
    assert len((await officer.get("/v1/tracks/readings")).json()["items"]) == 3


@pytest.mark.parametrize(
    ("username", "status"),
    [
        ("officer02", 404),
        ("officer32", 404),
        ("dispatcher", 403),
        ("member-cityscape", 403),
        ("lead-cityscape", 403),
        ("admin", 403),
    ],
)
async def test_nobody_but_her_supervisors_reads_where_an_officer_is_and_was(
    house: House, username: str, status: int
) -> None:
    shift = await started(house)
    await sent(house, shift, [point(house.clock.now)])
    stranger = await house.caller(username)
    for path in (f"{DAY}?person=officer01", f"/v1/shifts/{shift}"):
        assert (await stranger.get(path)).status_code == status, path
    assert (await stranger.get("/v1/tracks/positions")).status_code == 403
    longitude, latitude = at_metres(0, 0)
    for path in (
        "/v1/tracks/readings",
        "/v1/shifts",
        "/v1/shifts?person=officer01",
        "/v1/check-ins",
        "/v1/patrols/coverage?from_on=2026-11-23",
        "/v1/patrols/figures?by=officer&from_on=2026-11-23",
        "/v1/patrols/figures/rows?by=officer&key=officer01&figure=shifts&from_on=2026-11-23",
        "/v1/rosters/2026-11-23",
        "/v1/signals",
        "/v1/changes",
    ):
        answer = await stranger.get(path)
        assert shift not in answer.text, path
        assert "officer01" not in answer.text, path
        assert str(longitude) not in answer.text, path
        assert str(latitude) not in answer.text, path
    assert await readings(house) == []


async def test_a_supervisor_sees_where_those_on_duty_are_and_no_longer_than_they_are(house: House) -> None:
    shift, began = await started(house, team="一组"), house.clock.now
    await started(house, "officer02")
    await sent(house, shift, [point(began, 30, 20, battery_share=0.4)])
    house.clock.turn(minutes=5)
    supervisor = await house.caller("supervisor")
    first, second = (await supervisor.get("/v1/tracks/positions")).json()["items"]
    assert (first["person"]["username"], first["team"], first["age_s"]) == ("officer01", "一组", 300)
    assert first["grid"] is not None
    assert first["battery_share"] == pytest.approx(0.4)
    assert (first["place"]["longitude"], first["place"]["latitude"]) == pytest.approx(at_metres(30, 20))
    assert first["is_old"] is False
    assert (second["place"], second["is_old"]) == (None, True)
    house.clock.turn(minutes=6)
    (one, _) = (await supervisor.get("/v1/tracks/positions")).json()["items"]
    assert one["is_old"] is True
    await shift_step(house, shift, "stop")
    left = (await supervisor.get("/v1/tracks/positions")).json()["items"]
    assert [one["person"]["username"] for one in left] == ["officer02"]
    page = (await supervisor.get("/v1/tracks/positions?limit=1")).json()
    assert (len(page["items"]), page["next"]) == (1, None)


async def test_a_supervisor_of_some_grids_sees_the_officers_of_those_alone(house: House) -> None:
    async with house.database.write() as session:
        supervisor_id = (
            await session.execute(select(col(Person.id)).where(col(Person.username) == "supervisor"))
        ).scalar_one()
        duty = (
            select(col(GridPerson.grid_id))
            .join(Person, col(Person.id) == col(GridPerson.person_id))
            .where(col(Person.username) == "officer32", col(Person.role) == Role.OFFICER)
        )
        grid_id = (await session.execute(duty)).scalars().all()[0]
        since = house.clock.now.date() - timedelta(days=1)
        session.add(GridPerson(grid_id=grid_id, person_id=supervisor_id, from_on=since))
    shifts = {username: await started(house, username) for username in ("officer01", "officer32")}
    supervisor = await house.caller("supervisor")
    rows = "patrols/figures/rows?by=officer&key=officer01&figure=shifts&from_on=2026-11-23"
    for path in ("shifts?person=officer01", rows):
        assert (await supervisor.get(f"/v1/{path}")).json()["items"] == [], path
    assert [one["id"] for one in (await supervisor.get("/v1/shifts")).json()["items"]] == [
        shifts["officer32"]
    ]
    assert (await supervisor.get(f"/v1/shifts/{shifts['officer01']}")).status_code == 404
    by_officer = (await supervisor.get("/v1/patrols/figures?by=officer&from_on=2026-11-23")).json()["items"]
    assert [one["key"] for one in by_officer if one["shifts"]] == ["officer32"]
    seen = (await supervisor.get("/v1/tracks/positions")).json()["items"]
    assert [one["person"]["username"] for one in seen] == ["officer32"]
    assert (await supervisor.get(f"{DAY}?person=officer01")).status_code == 404
    assert (await supervisor.get(f"{DAY}?person=officer32")).status_code == 200


async def test_points_are_purged_by_policy_and_what_they_came_to_stays(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    await sent(house, shift, walked(began, [(0, 0), (300, 0)]))
    await shift_step(house, shift, "stop")
    supervisor = await house.caller("supervisor")
    covered = "/v1/patrols/coverage?from_on=2026-11-23&entered=true"
    before = (await supervisor.get(covered)).json()
    house.clock.turn(days=91)
    async with house.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(PlacePass))).scalar_one() > 0
        version = await reference_version(session)
    reference = await house.wiring.references.at(version)
    assert await purge_tracks(house.database, reference, house.clock.now) == 25
    assert await purge_tracks(house.database, reference, house.clock.now) == 0
    async with house.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(TrackPoint))).scalar_one() == 0
        assert (await session.execute(select(func.count()).select_from(PlacePass))).scalar_one() == 0
        assert (await session.execute(select(col(Shift.last_at), col(Shift.last_longitude)))).one() == (
            None,
            None,
        )
    assert before["items"]
    assert (await supervisor.get(covered)).json() == before
    assert (await supervisor.get(f"/v1/shifts/{shift}")).json()["walked_m"] == pytest.approx(300, rel=0.01)

    late = await sent(house, shift, walked(began + timedelta(minutes=10), [(0, 0), (100, 0)]))
    assert (late["stored"], set(flaws(late["left_out"]))) == (0, {"too_old"})
    assert late["summary"]["walked_m"] == pytest.approx(300, rel=0.01)


async def test_a_stop_told_after_the_first_points_were_purged_leaves_what_was_measured(house: House) -> None:
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    await sent(house, shift, walked(began, [(0, 0), (300, 0)]))
    stopped_at = house.clock.now - timedelta(minutes=29)
    house.clock.turn(days=91)
    assert (await shift_step(house, shift, "stop", at=stopped_at)).status_code == 200
    told = (await (await house.caller("officer01")).get(f"/v1/shifts/{shift}")).json()
    assert told["walked_m"] == pytest.approx(300, rel=0.01)


async def test_points_before_the_purge_are_not_touched_by_it(house: House) -> None:
    shift = await started(house)
    await sent(house, shift, [point(house.clock.now)])
    async with house.database.write() as session:
        await session.execute(update(Shift).values(team="x"))
        version = await reference_version(session)
    reference = await house.wiring.references.at(version)
    assert await purge_tracks(house.database, reference, house.clock.now + timedelta(days=89)) == 0
