"""What is near me: own tasks, open tickets, places that nobody saw this week; the nearest first, and no more."""

from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import House
from tests.http.patrolling import check_in, made, point, sent, started
from tests.http.place_editing import MARKET, put
from tests.http.tasking import asked, task_of
from tests.http.walking import CHECKER, FINDER, UNIT, rectified, report

HERE = {"longitude": 116.404, "latitude": 39.915}


async def nearby(house: House, username: str, **query: str | float) -> dict[str, Any]:
    """Return what is around somebody."""
    answer = await (await house.caller(username)).get("/v1/nearby", params={**HERE, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def place(longitude: float, latitude: float = 39.915) -> dict[str, Any]:
    return {"longitude": longitude, "latitude": latitude, "crs": "wgs84", "accuracy_m": 5}


async def test_tickets_come_in_the_order_of_their_distance_and_only_within_it(house: House) -> None:
    filed = [await report(house, place=place(longitude)) for longitude in (116.4050, 116.4042, 116.4046)]
    found = (await nearby(house, FINDER))["tickets"]
    assert [one["id"] for one in found] == [filed[1]["id"], filed[2]["id"], filed[0]["id"]]
    assert [round(one["distance_m"]) for one in found] == [17, 51, 85]
    assert [one["id"] for one in (await nearby(house, FINDER, within_m=60))["tickets"]] == [
        filed[1]["id"],
        filed[2]["id"],
    ]
    assert len((await nearby(house, FINDER, limit=1))["tickets"]) == 1


async def test_the_same_spot_in_another_system_is_the_same_spot(house: House) -> None:
    await report(house)
    wgs = await nearby(house, FINDER)
    gcj = await nearby(house, FINDER, longitude=116.41024449916938, latitude=39.91640428150164, crs="gcj02")
    (one,), (other,) = wgs["tickets"], gcj["tickets"]
    assert abs(one["distance_m"] - other["distance_m"]) < 0.5


async def test_own_tasks_come_first_however_far_away_and_are_not_told_twice(house: House) -> None:
    ticket = await rectified(house)
    username = await asked(house, ticket)
    around = await nearby(house, username, longitude=116.5, latitude=39.9, within_m=10)
    (task,) = around["tasks"]
    assert (task["id"], around["tickets"]) == ((await task_of(house, ticket))["id"], [])
    assert task["distance_m"] > 8_000
    assert [one["id"] for one in (await nearby(house, CHECKER))["tickets"]] == [ticket["id"]]
    assert (await nearby(house, username))["tickets"] == []


async def test_each_caller_gets_what_the_policy_lets_her_see(house: House) -> None:
    ticket = await report(house)
    for username in (FINDER, CHECKER, f"member-{UNIT}", "dispatcher", "supervisor", "admin"):
        assert [one["id"] for one in (await nearby(house, username))["tickets"]] == [ticket["id"]], username
    for username in ("officer32", "member-sanitation", "lead-water"):
        assert (await nearby(house, username))["tickets"] == [], username


async def test_a_place_is_listed_until_an_officer_reports_something_there(house: House) -> None:
    await put(house, MARKET)
    listed = {one["code"]: one for one in (await nearby(house, FINDER, within_m=20_000, limit=50))["places"]}
    assert listed["market-chenguang"]["seen_at"] is None
    found = (await nearby(house, FINDER, within_m=20_000, limit=50))["places"]
    distances = [one["distance_m"] for one in found]
    assert distances == sorted(distances)
    assert len(found) > 1
    ticket = await report(house)
    assert ticket["at_place"]["code"] == "market-chenguang"
    codes = [one["code"] for one in (await nearby(house, FINDER, within_m=20_000, limit=50))["places"]]
    assert "market-chenguang" not in codes
    house.clock.now += timedelta(days=7, minutes=3)
    again = (await nearby(house, FINDER, within_m=20_000, limit=50))["places"]
    assert {one["code"]: one["seen_at"] for one in again}["market-chenguang"] is not None


async def test_a_place_is_seen_by_a_check_in_and_by_a_track_that_a_plan_asks_for(house: House) -> None:
    async def unseen() -> set[str]:
        found = (await nearby(house, FINDER, within_m=20_000, limit=50))["places"]
        return {one["code"] for one in found}

    schools = {"school-huaiyin1", "school-huaiyin2"}
    assert schools <= await unseen()
    await made(house, place="school-huaiyin2")
    assert (await check_in(house)).status_code == 201
    assert schools & await unseen() == {"school-huaiyin1"}
    plan = {
        "name_zh": "学校",
        "name_en": "Schools",
        "place_type": "school",
        "buffer_m": 200,
        "period": "week",
        "from_on": "2026-01-01",
    }
    supervisor = await house.caller("supervisor")
    assert (await supervisor.put("/v1/patrols/plans/schools", json=plan)).status_code == 201
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=10)
    beside = {"longitude": 116.4001, "latitude": 39.9135}
    await sent(house, shift, [point(began + timedelta(seconds=10 * n)) | beside for n in range(10)])
    assert not schools & await unseen()


async def test_a_tip_of_a_resident_is_no_visit_of_an_officer(house: House) -> None:
    await put(house, MARKET)
    await report(house, "dispatcher", source="citizen")
    codes = [one["code"] for one in (await nearby(house, FINDER))["places"]]
    assert "market-chenguang" in codes


async def test_units_are_not_told_where_officers_were_not(house: House) -> None:
    await put(house, MARKET)
    for username in (f"member-{UNIT}", f"lead-{UNIT}"):
        around = await nearby(house, username)
        assert (around["places"], around["tasks"]) == ([], [])


async def test_what_was_given_up_is_not_nearby(house: House) -> None:
    await put(house, MARKET | {"is_active": False})
    assert "market-chenguang" not in [one["code"] for one in (await nearby(house, FINDER))["places"]]


async def test_unchanged_is_unchanged(house: House) -> None:
    await report(house)
    caller = await house.caller(FINDER)
    first = await caller.get("/v1/nearby", params=HERE)
    again = await caller.get("/v1/nearby", params=HERE, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"longitude": 116.4},
        {**HERE, "latitude": "NaN"},
        {**HERE, "latitude": 91},
        {**HERE, "crs": "mars"},
        {**HERE, "within_m": 0},
        {**HERE, "within_m": 20_001},
        {**HERE, "limit": 51},
        {**HERE, "limit": 0},
        {**HERE, "radius": 100},
    ],
)
async def test_nonsense_is_refused(shared_house: House, query: dict[str, Any]) -> None:
    answer = await (await shared_house.caller(FINDER)).get("/v1/nearby", params=query)
    assert answer.status_code == 422, answer.text
