"""Coverage over HTTP: which grids and roads were really seen, by day, for whom."""

from datetime import timedelta

import pytest
import shapely
from sqlalchemy import func, select
from sqlmodel import col

from api.domain.geo import metres_per_degree
from api.models import Grid
from tests.conftest import House
from tests.http.patrolling import EAST_M, NORTH_M, point, sent, started, walked

ON = "from_on=2026-11-23"


async def middle_of(house: House, code: str) -> tuple[float, float]:
    """Return the middle of a grid, in metres as tests walk."""
    place = func.ST_PointOnSurface(Grid.geometry)
    async with house.database.read() as session:
        chosen = select(func.ST_X(place), func.ST_Y(place)).where(col(Grid.code) == code)
        x, y = (await session.execute(chosen)).one()
    return (x - 116.404) * EAST_M, (y - 39.915) * NORTH_M


async def some_grids(house: House) -> list[str]:
    officer = await house.caller("officer01")
    return [one["code"] for one in (await officer.get(f"/v1/patrols/coverage?{ON}")).json()["items"]]


async def test_a_grid_is_entered_when_somebody_was_inside_long_enough(house: House) -> None:
    first, second, *rest = await some_grids(house)
    assert rest
    shift, began = await started(house), house.clock.now
    house.clock.turn(minutes=30)
    here, there = await middle_of(house, first), await middle_of(house, second)
    standing = [point(began + timedelta(seconds=10 * n), *here) for n in range(7)]
    moment = [point(began + timedelta(minutes=20, seconds=5 * n), *there) for n in range(5)]
    await sent(house, shift, [*standing, *moment])
    officer = await house.caller("officer01")
    items = (await officer.get(f"/v1/patrols/coverage?{ON}")).json()["items"]
    by_code = {one["code"]: one for one in items}
    assert by_code[first]["is_entered"] is True
    assert (by_code[first]["dwell_s"], by_code[first]["visits"], by_code[first]["people"]) == (60, 1, 1)
    assert (by_code[second]["is_entered"], by_code[second]["dwell_s"]) == (False, 20)
    assert not any(by_code[code]["is_entered"] for code in rest)
    entered = (await officer.get(f"/v1/patrols/coverage?{ON}&entered=true")).json()["items"]
    assert [one["code"] for one in entered] == [first]
    summary = (await officer.get(f"/v1/patrols/coverage/summary?{ON}")).json()
    assert (summary["grids"], summary["grids_entered"]) == (len(by_code), 1)
    assert summary["grid_share"] == pytest.approx(1 / len(by_code))
    after = (await officer.get("/v1/patrols/coverage/summary?from_on=2026-11-24&to_on=2026-11-25")).json()
    assert after["grids_entered"] == 0


async def test_an_officer_sees_the_coverage_of_the_own_grids_and_the_desk_of_all(house: House) -> None:
    own = await some_grids(house)
    dispatcher = await house.caller("dispatcher")
    summary = (await dispatcher.get(f"/v1/patrols/coverage/summary?{ON}")).json()
    assert summary["grids"] == 105 > len(own)
    codes: list[str] = []
    cursor = ""
    while True:
        page = (await dispatcher.get(f"/v1/patrols/coverage?{ON}&limit=40{cursor}")).json()
        codes += [one["code"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(codes) == 105
    assert codes == sorted(set(codes))
    part = (await dispatcher.get(f"/v1/patrols/coverage?{ON}&grid={own[0][:12]}")).json()["items"]
    assert [one["code"] for one in part] == [code for code in codes if code.startswith(own[0][:12])]


async def test_a_night_patrol_counts_on_the_day_on_which_it_saw_the_grid(house: House) -> None:
    first, second, *_ = await some_grids(house)
    house.clock.turn(hours=14)  # 23:30
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=2)
    here, there = await middle_of(house, first), await middle_of(house, second)
    before = [point(began + timedelta(seconds=10 * n), *here) for n in range(10)]
    after = [point(began + timedelta(hours=1, seconds=10 * n), *there) for n in range(10)]
    await sent(house, shift, [*before, *after])
    officer = await house.caller("officer01")
    for on, codes in {"2026-11-23": [first], "2026-11-24": [second]}.items():
        answer = await officer.get(f"/v1/patrols/coverage?from_on={on}&entered=true")
        assert [one["code"] for one in answer.json()["items"]] == codes


async def test_the_stretches_of_a_road_that_were_walked_are_told(house: House) -> None:
    async with house.database.read() as session:
        road = (await house.wiring.references.at(1)).roads["road-renmin"]
        assert session
    corners = [
        ((x - 116.404) * EAST_M, (y - 39.915) * NORTH_M) for x, y in shapely.get_coordinates(road).tolist()
    ]
    shift, began = await started(house), house.clock.now
    house.clock.turn(hours=1)
    await sent(house, shift, walked(began, corners))
    officer = await house.caller("officer01")
    roads = {one["code"]: one for one in (await officer.get(f"/v1/patrols/roads?{ON}")).json()["items"]}
    gone = roads["road-renmin"]
    assert gone["entered"] == list(range(gone["stretches"]))
    assert (gone["share"], gone["shifts"]) == (1, 1)
    assert roads["road-jianshe"]["entered"] == []
    summary = (await officer.get(f"/v1/patrols/coverage/summary?{ON}")).json()
    assert summary["stretches_entered"] >= gone["stretches"]
    page = (await officer.get(f"/v1/patrols/roads?{ON}&limit=2")).json()
    assert len(page["items"]) == 2
    assert page["next"] is not None


async def test_days_that_are_none_are_refused(house: House) -> None:
    officer = await house.caller("officer01")
    for query in ("from_on=2026-11-23&to_on=2026-11-22", "from_on=2026-11-23&to_on=2028-11-23"):
        answer = await officer.get(f"/v1/patrols/coverage?{query}")
        assert answer.json()["errors"][0]["code"] == "period_wrong", query


def test_the_tests_measure_as_the_house_does() -> None:
    assert metres_per_degree(39.915) == (EAST_M, NORTH_M)
