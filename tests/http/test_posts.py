"""Checkpoints, check-ins, rosters and plans over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.queries.reference import reference_version
from api.services.track_purge import purge_tracks
from api.services.tracks import measure_stale_shifts
from tests.conftest import House
from tests.http.patrolling import check_in, here, made, point, sent, started
from tests.http.syncing import item, statuses, synced
from tests.http.tasking import policies
from tests.sweeping import rules_of

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def code_of(house: House, checkpoint: str = "gate", query: str = "way=qr") -> str:
    answer = await (await house.caller("supervisor")).get(f"/v1/checkpoints/{checkpoint}/code?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["code"]


def why(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    return answer.json()["errors"][0]["code"]


async def test_a_checkpoint_is_confirmed_by_geofence_code_and_tag(house: House) -> None:
    await made(house)
    key = str(uuid4())
    once = await check_in(house, key=key)
    assert (once.status_code, once.json()["distance_m"]) == (201, pytest.approx(0, abs=0.1))
    again = await check_in(house, key=key)
    assert (again.status_code, again.json()) == (200, once.json())
    other = await check_in(house, key=key, way="nfc", code="x", tag="04A2B3C4")
    assert (other.status_code, other.json()["code"]) == (409, "id_taken")
    assert (await check_in(house, way="qr", code=await code_of(house))).status_code == 201
    tag = await code_of(house, query="way=nfc&tag=04a2b3c4")
    by_tag = await check_in(house, way="nfc", code=tag, tag="04A2B3C4", place=None)
    assert (by_tag.status_code, by_tag.json()["distance_m"]) == (201, None)
    officer, stranger = await house.caller("officer01"), await house.caller("officer02")
    assert len((await officer.get("/v1/check-ins?on=2026-11-23")).json()["items"]) == 3
    assert (await stranger.get("/v1/check-ins")).json()["items"] == []


async def test_each_wrong_check_in_says_why(house: House) -> None:
    await made(house)
    await made(house, "bridge")
    await made(house, "gatehouse", ways=["qr"])
    today = await code_of(house)
    assert why(await check_in(house, way="qr", code=await code_of(house, "bridge"))) == "code_elsewhere"
    assert why(await check_in(house, way="qr", code=today[:-1] + "x")) == "code_forged"
    assert why(await check_in(house, way="qr", code="hello")) == "code_unreadable"
    assert why(await check_in(house, way="qr")) == "missing"
    assert why(await check_in(house, checkpoint="gatehouse")) == "way_not_here"
    assert why(await check_in(house, place=here(500))) == "place_too_far"
    # A code that was photographed and sent on: it counts, but not from there.
    assert why(await check_in(house, way="qr", code=today, place=here(500))) == "place_too_far"
    assert why(await check_in(house, place=here(mocked=True))) == "place_mock"
    assert why(await check_in(house, place=None)) == "place_missing"
    copied = await code_of(house, query="way=nfc&tag=04a2b3c4")
    assert why(await check_in(house, way="nfc", code=copied, tag="04FFFFFF")) == "code_forged"
    house.clock.turn(days=1)
    assert why(await check_in(house, way="qr", code=today)) == "code_expired"
    assert (await check_in(house, checkpoint="none")).status_code == 404


async def test_a_code_says_in_utc_how_long_it_counts_whatever_zone_was_asked_for(house: House) -> None:
    await made(house)
    supervisor = await house.caller("supervisor")
    sheet = await supervisor.get(
        "/v1/checkpoints/gate/code", params={"way": "qr", "at": "2026-11-24T08:00:00+08:00"}
    )
    assert sheet.json()["from_at"] == "2026-11-23T16:00:00Z"
    assert sheet.json()["until_at"] == "2026-11-24T16:00:00Z"


async def test_check_ins_come_by_sync_with_the_time_at_which_they_were_made(house: House) -> None:
    await made(house)
    code = await code_of(house)
    made_at = house.clock.now
    house.clock.turn(hours=20)  # no network until the next morning
    body = {"checkpoint": "gate", "way": "qr", "code": code, "place": here()}
    items = [item(house, "checkin", body, made_at=made_at), item(house, "checkin", {**body, "code": "x"})]
    results = await synced(house, items)
    assert statuses(results) == [201, 422]
    assert statuses(await synced(house, items)) == [200, 422]


async def test_a_roster_shows_who_came_and_where_nobody_is_now_and_afterwards(house: House) -> None:
    await made(house, staff_min=2)
    await made(house, "bridge", staff_min=1)
    supervisor = await house.caller("supervisor")
    slots = [
        {"post": "gate", "from": "09:30", "to": "11:00", "people": ["officer01", "officer02"], "staff_min": 2}
    ]
    stored = await supervisor.put("/v1/rosters/2026-11-23", json={"slots": slots})
    assert stored.status_code == 200, stored.text
    assert stored.json()["short"] == [{"post": "bridge", "lacks": 1}]
    house.clock.turn(minutes=10)
    now = (await supervisor.get("/v1/rosters/2026-11-23")).json()
    assert (now["unmanned"], now["slots"][0]["is_unmanned"]) == (["gate"], True)
    assert (await check_in(house)).status_code == 201
    now = (await supervisor.get("/v1/rosters/2026-11-23")).json()
    assert now["unmanned"] == []
    assert [one["presence"] for one in now["slots"][0]["people"]] == ["late", "missing"]
    house.clock.turn(hours=3)
    after = (await supervisor.get("/v1/rosters/2026-11-23")).json()
    assert [one["presence"] for one in after["slots"][0]["people"]] == ["late", "absent"]
    days = (await supervisor.get("/v1/rosters?from_on=2026-11-23&to_on=2026-11-24")).json()["items"]
    assert (days[0]["late"], days[0]["absent"], days[0]["unmanned_slots"]) == (1, 1, 0)
    assert [one["post"] for one in days[1]["short"]] == ["bridge", "gate"]


async def test_an_officer_reads_when_she_is_where_and_nothing_of_others(house: House) -> None:
    await made(house, staff_min=2)
    await made(house, "bridge", staff_min=1)
    slots = [
        {
            "post": "gate",
            "from": "09:30",
            "to": "11:00",
            "people": ["officer01", "officer02"],
            "staff_min": 2,
        },
        {"post": "bridge", "from": "12:00", "to": "14:00", "people": ["officer02"]},
    ]
    await (await house.caller("supervisor")).put("/v1/rosters/2026-11-23", json={"slots": slots})
    assert (await check_in(house, "officer02")).status_code == 201
    own = (await (await house.caller("officer01")).get("/v1/rosters/2026-11-23")).json()
    assert [(one["post"], [person["person"] for person in one["people"]]) for one in own["slots"]] == [
        ("gate", ["officer01"])
    ]
    assert (own["short"], own["unmanned"]) == ([], [])
    free = (await (await house.caller("officer03")).get("/v1/rosters/2026-11-23")).json()
    assert free["slots"] == []


async def test_a_roster_that_can_not_be_meant_is_refused(house: House) -> None:
    await made(house, staff_min=1)
    supervisor = await house.caller("supervisor")
    slot = {"post": "gate", "from": "22:00", "to": "06:00", "people": ["officer01"]}
    for slots, code in (
        ([slot | {"post": "none"}], "checkpoint_unknown"),
        ([slot | {"people": ["nobody"]}], "person_unknown"),
        ([slot, slot], "on_roster_twice"),
        ([slot | {"people": ["officer01", "officer01"]}], "on_roster_twice"),
        ([slot | {"to": "22:00"}], "hours_empty"),
    ):
        assert why(await supervisor.put("/v1/rosters/2026-11-23", json={"slots": slots})) == code
    night = (await supervisor.put("/v1/rosters/2026-11-23", json={"slots": [slot]})).json()["slots"][0]
    assert night["stops_at"] > night["starts_at"]


async def test_schools_are_to_be_seen_twice_a_week_and_a_missed_round_is_shown_as_missed(
    house: House,
) -> None:
    supervisor = await house.caller("supervisor")
    plan = {
        "name_zh": "校园周边每周两查",
        "name_en": "Around schools",
        "place_type": "school",
        "buffer_m": 200,
        "times": 2,
        "period": "week",
        "from_on": "2026-01-01",
        "checklist": ["200米内无网吧"],
    }
    answer = await supervisor.put("/v1/patrols/plans/schools", json=plan)
    assert answer.status_code == 201, answer.text
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=2)
    # 150 m north of the first school, twice, half an hour apart.
    beside = {"longitude": 116.4001, "latitude": 39.9135}
    standing = [
        point(began + timedelta(minutes=minute, seconds=10 * n)) | beside
        for minute in (0, 40)
        for n in range(10)
    ]
    await sent(house, shift, standing)
    rounds = (await supervisor.get("/v1/patrols/rounds?from_on=2026-11-23&plan=schools")).json()["items"]
    by_code = {one["code"]: one for one in rounds}
    assert (by_code["school-huaiyin1"]["done"], by_code["school-huaiyin1"]["status"]) == (2, "done")
    assert (by_code["school-huaiyin2"]["done"], by_code["school-huaiyin2"]["status"]) == (0, "open")
    assert by_code["school-huaiyin2"]["until"] == "2026-11-29T16:00:00Z"
    house.clock.turn(days=7)
    missed = (await supervisor.get("/v1/patrols/rounds?from_on=2026-11-23&status=missed")).json()["items"]
    assert [one["code"] for one in missed] == ["school-huaiyin2"]
    (standing_of,) = (await supervisor.get("/v1/patrols/rounds/summary?from_on=2026-11-23")).json()["items"]
    assert (standing_of["rounds"], standing_of["done"], standing_of["missed"]) == (2, 1, 1)
    assert standing_of["off_hours_share"] == 0


async def test_a_plan_has_versions_and_refuses_what_does_not_exist(house: House) -> None:
    supervisor = await house.caller("supervisor")
    plan: dict[str, Any] = {"name_zh": "路", "name_en": "Roads", "period": "day", "from_on": "2026-01-01"}
    for more, code in (
        ({}, "missing"),
        ({"places": ["none"]}, "place_unknown"),
        ({"place_type": "none"}, "place_type_unknown"),
        ({"grids": ["77"]}, "grid_unknown"),
        ({"grids": ["99"], "to_on": "2025-01-01"}, "period_wrong"),
    ):
        assert why(await supervisor.put("/v1/patrols/plans/roads", json=plan | more)) == code
    plan["grids"] = ["99"]
    assert (await supervisor.put("/v1/patrols/plans/roads", json=plan)).status_code == 201
    assert (await supervisor.put("/v1/patrols/plans/roads", json=plan)).status_code == 200
    changed = await supervisor.put("/v1/patrols/plans/roads", json=plan | {"times": 2})
    assert changed.status_code == 428
    changed = await supervisor.put("/v1/patrols/plans/roads", json=plan | {"times": 2, "version": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    kept = (await supervisor.get("/v1/reference/changes?noun=patrol_plan")).json()["items"]
    assert len(kept) == 2


GRIDS = {"name_zh": "网格", "name_en": "Grids", "period": "day", "from_on": "2026-01-01", "dwell_min_s": 30}


async def rounds_of_day(house: House, on: str) -> dict[str, dict[str, Any]]:
    supervisor = await house.caller("supervisor")
    answer = await supervisor.get(f"/v1/patrols/rounds?from_on={on}&limit=200")
    assert answer.status_code == 200, answer.text
    return {one["code"]: one for one in answer.json()["items"]}


async def test_a_later_change_of_a_plan_does_not_change_what_was_done_before(house: House) -> None:
    supervisor = await house.caller("supervisor")
    path = "/v1/patrols/plans/gate"
    plan = GRIDS | {"place_type": "school", "buffer_m": 200}
    assert (await supervisor.put(path, json=plan)).status_code == 201
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=2)
    beside = {"longitude": 116.4001, "latitude": 39.9135}
    await sent(house, shift, [point(began + timedelta(seconds=10 * n)) | beside for n in range(10)])
    done = (await rounds_of_day(house, "2026-11-23"))["school-huaiyin1"]
    assert (done["needed"], done["done"], done["status"]) == (1, 1, "done")
    house.clock.turn(days=1)
    # More often, and from a smaller distance; and the shift is measured anew by that.
    changed = await supervisor.put(path, json=plan | {"times": 3, "buffer_m": 10, "version": 1})
    assert changed.status_code == 200, changed.text
    await measured(house)
    assert (await rounds_of_day(house, "2026-11-23"))["school-huaiyin1"] == done
    today = (await rounds_of_day(house, "2026-11-24"))["school-huaiyin1"]
    assert (today["needed"], today["status"]) == (3, "open")
    # Given up, it asks for nothing from today on.
    gone = await supervisor.put(path, json=plan | {"is_active": False, "version": 2})
    assert gone.status_code == 200, gone.text
    await measured(house)
    assert (await rounds_of_day(house, "2026-11-23"))["school-huaiyin1"] == done
    assert await rounds_of_day(house, "2026-11-24") == {}


async def measured(house: House) -> None:
    """Let the worker measure what has to be measured anew."""
    async with house.database.read() as session:
        version = await reference_version(session)
    reference = await house.wiring.references.at(version)
    await measure_stale_shifts(house.database, reference, SHANGHAI, house.clock.now)


async def test_a_check_in_made_five_times_in_a_row_is_one_visit(house: House) -> None:
    supervisor = await house.caller("supervisor")
    plan = GRIDS | {"places": ["school-huaiyin1"], "times": 3}
    assert (await supervisor.put("/v1/patrols/plans/gate", json=plan)).status_code == 201
    await made(house, place="school-huaiyin1")
    for _ in range(5):
        assert (await check_in(house)).status_code == 201
        house.clock.turn(minutes=1)
    one = (await rounds_of_day(house, "2026-11-23"))["school-huaiyin1"]
    assert (one["done"], one["status"]) == (1, "open")
    assert (await check_in(house, "officer02")).status_code == 201
    house.clock.turn(hours=1)
    assert (await check_in(house)).status_code == 201
    one = (await rounds_of_day(house, "2026-11-23"))["school-huaiyin1"]
    assert (one["done"], one["status"]) == (3, "done")


async def test_rounds_are_of_a_quarter_of_a_year_at_most(house: House) -> None:
    supervisor = await house.caller("supervisor")
    for path in ("rounds", "rounds/summary"):
        days = "from_on=2026-01-01&to_on=2026-06-01"
        assert why(await supervisor.get(f"/v1/patrols/{path}?{days}")) == "period_wrong"


async def test_a_roster_that_is_put_right_afterwards_says_so(house: House) -> None:
    await made(house, staff_min=1)
    supervisor = await house.caller("supervisor")
    slot = {"post": "gate", "from": "09:30", "to": "11:00", "people": ["officer01"]}
    path = "/v1/rosters/2026-11-23"
    planned = (await supervisor.put(path, json={"slots": [slot]})).json()
    assert planned["amended_at"] is None
    house.clock.turn(hours=1)
    swapped = (await supervisor.put(path, json={"slots": [slot | {"people": ["officer02"]}]})).json()
    assert swapped["amended_at"] is None
    house.clock.turn(hours=2)
    # Whose absence was this?
    erased = (await supervisor.put(path, json={"slots": []})).json()
    assert erased["amended_at"] is not None
    assert (await supervisor.get(path)).json()["amended_at"] == erased["amended_at"]
    (last, *_) = (await supervisor.get("/v1/reference/changes?noun=roster")).json()["items"]
    assert last["before"]["slots"][0]["people"] == ["officer02"]


async def test_a_code_is_issued_for_times_at_which_somebody_may_read_it(house: House) -> None:
    await made(house)
    supervisor = await house.caller("supervisor")
    for at, code in {
        "0001-01-01T00:00:00+14:00": "time_too_early",
        "9999-12-31T23:59:59-14:00": "time_in_future",
    }.items():
        answer = await supervisor.get("/v1/checkpoints/gate/code", params={"way": "qr", "at": at})
        assert why(answer) == code
    tomorrow = (house.clock.now + timedelta(days=1)).isoformat()
    assert await code_of(house, query=f"way=qr&at={tomorrow.replace('+', '%2B')}") != await code_of(house)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9999-12-25"])
async def test_days_at_the_ends_of_the_calendar_are_refused_everywhere(shared_house: House, day: str) -> None:
    supervisor = await shared_house.caller("supervisor")
    for path in (
        f"patrols/rounds?from_on={day}",
        f"patrols/rounds/summary?from_on={day}",
        f"patrols/figures?by=day&from_on={day}",
        f"patrols/coverage?from_on={day}",
        f"patrols/roads?from_on={day}",
        f"rosters?from_on={day}",
        f"rosters/{day}",
        f"tracks/days/{day}",
        f"check-ins?on={day}",
        f"shifts?on={day}",
    ):
        answer = await supervisor.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "value_error"), path
    answer = await supervisor.put(f"/v1/rosters/{day}", json={"slots": []})
    assert answer.status_code == 422


async def test_a_plan_made_after_the_purge_leaves_what_was_measured_before(house: House) -> None:
    await policies(house, track_days=2)
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    await sent(house, shift, [point(began + timedelta(seconds=10 * n), 5, 5) for n in range(12)])
    supervisor = await house.caller("supervisor")
    entered = "/v1/patrols/coverage?from_on=2026-11-23&entered=true"
    before = (await supervisor.get(entered)).json()
    assert before["items"]
    house.clock.turn(days=3)
    assert await purge_tracks(house.database, await rules_of(house.database), house.clock.now) == 12
    plan = GRIDS | {"place_type": "school"}
    assert (await supervisor.put("/v1/patrols/plans/schools", json=plan)).status_code == 201
    await measured(house)
    assert (await supervisor.get(entered)).json() == before
    kept = (await supervisor.get(f"/v1/shifts/{shift}")).json()
    assert (kept["points"], kept["tracked_s"]) == (12, 110)
    assert kept["measured_at"] is not None
