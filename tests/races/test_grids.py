"""Two administrators with a file of grids each: one after the other, and the second meets what the first made."""

import asyncio
import copy
from collections import Counter

from sqlalchemy import func, select
from sqlmodel import col

from api.models import Grid
from tests.conftest import House
from tests.http.grid_editing import COMMUNITY, features, inside, read, send, split
from tests.http.walking import report

GRID = f"{COMMUNITY}002"


async def test_of_two_that_send_the_same_file_one_stores_it_and_the_other_finds_it(house: House) -> None:
    found = split(await features(house), GRID)
    answers = await asyncio.gather(*(send(house, found.values()) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Counter(len(answer.json()["added"]) for answer in answers) == {2: 1, 0: 1}


async def test_two_corrections_at_once_are_two_versions_and_none_is_lost(house: House) -> None:
    found = await features(house)
    files = [copy.deepcopy(found[GRID]) for _ in range(4)]
    for number, feature in enumerate(files):
        feature["properties"]["name_en"] = f"Name {number}"
    answers = await asyncio.gather(*(send(house, [feature], complete=False) for feature in files))
    assert [answer.status_code for answer in answers] == [200] * 4
    versions = (await read(house, f"/v1/grids/{GRID}/versions"))["items"]
    assert [one["version"] for one in versions] == [5, 4, 3, 2, 1]
    assert {one["name"] for one in versions[:-1]} == {f"Name {number}" for number in range(4)}
    async with house.database.read() as session:
        in_force = select(func.count()).where(col(Grid.code) == GRID, col(Grid.valid_to).is_(None))
        assert (await session.execute(in_force.select_from(Grid))).scalar_one() == 1


async def test_reports_go_on_while_the_grids_change_under_them(house: House) -> None:
    before = await features(house)
    after = split(before, GRID)
    place = {**inside(before, GRID), "crs": "wgs84", "accuracy_m": 5.0}

    async def change() -> None:
        for found in (after, before, after):
            assert (await send(house, found.values())).status_code == 200

    changing = asyncio.create_task(change())
    tickets = [await report(house, place=place) for _ in range(12)]
    await changing
    halves = {f"{COMMUNITY}801", f"{COMMUNITY}802"}
    assert {ticket["grid"]["code"] for ticket in tickets} <= {GRID, *halves}
    assert (await report(house, place=place))["grid"]["code"] in halves
