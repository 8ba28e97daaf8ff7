"""Sheets for the wall: one page for each grid, with map, people and code."""

import re

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from api.adapters.qr_codes import qr_svg
from api.settings import Settings
from tests.conftest import House, opened_house
from tests.http.public_asking import COMMUNITY, UNIT_GRID, names, shown


async def test_a_sheet_is_one_page_with_map_people_unit_and_code(visitor: httpx.AsyncClient) -> None:
    said = await shown(visitor, COMMUNITY, "sheet")
    assert said.count('<section class="sheet">') == 1
    assert "@page { size: A4" in said
    for word in ("钟楼社区", COMMUNITY, "槐荫街道", "19900000101", "19900000102", "打印日期 2026-11-23"):
        assert word in said
    assert said.count('class="within"') == len(re.findall(r"钟楼社区第\d+网格", said))
    assert said.count('class="around"') >= 4
    assert re.search(r">\d+ m</text>", said)
    assert "北</text>" in said
    assert qr_svg(f"http://127.0.0.1:8000/v1/public/grids/{COMMUNITY}") in said


async def test_the_code_never_leads_to_where_the_caller_says_that_we_are(visitor: httpx.AsyncClient) -> None:
    plain = await shown(visitor, COMMUNITY, "sheet")
    assert plain == await shown(visitor, COMMUNITY, "sheet", Host="evil.example")


async def test_the_code_leads_to_the_public_address(settings: Settings) -> None:
    named = settings.model_copy(update={"public_url": "https://grids.example.cn/patrol"})
    async with opened_house(named) as house, house.client() as resident:
        said = await shown(resident, COMMUNITY, "sheet")
    assert qr_svg(f"https://grids.example.cn/patrol/v1/public/grids/{COMMUNITY}") in said


async def test_without_a_public_address_a_sheet_has_no_code_and_says_which_setting_is_missing(
    settings: Settings,
) -> None:
    real = Settings(
        token_key=SecretStr("kq3Zr8vX1nT6yB0wLs5Jd9HgPf2McAe7"),
        database_url=settings.database_url
        and settings.database_url.replace("postgresql+psycopg", "postgresql"),
        home=settings.home,
    )
    async with opened_house(real) as house, house.client() as resident:
        said = await shown(resident, COMMUNITY, "sheet")
    assert 'class="qr"' not in said
    assert "GRIDPATROL_PUBLIC_URL" in said


async def test_a_community_is_printed_with_a_page_for_each_grid_in_it(visitor: httpx.AsyncClient) -> None:
    said = await shown(visitor, COMMUNITY, "sheets")
    codes = re.findall(rf'<span class="code">({COMMUNITY}\d+)</span>', said)
    assert codes == [f"{COMMUNITY}{number:03}" for number in range(1, len(codes) + 1)]
    assert said.count('<section class="sheet">') == len(codes) > 4
    assert "?children=true" not in said
    rest = await visitor.get(f"/v1/public/grids/{COMMUNITY}/sheet?children=true&after={codes[3]}")
    assert re.findall(rf'<span class="code">({COMMUNITY}\d+)</span>', rest.text) == codes[4:]


@pytest.mark.parametrize("query", ["children=true", f"children=true&after={UNIT_GRID}"])
async def test_where_no_grid_is_in_it_there_is_nothing_to_print(
    visitor: httpx.AsyncClient, query: str
) -> None:
    answer = await visitor.get(f"/v1/public/grids/{UNIT_GRID}/sheet?{query}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_large_area_is_printed_in_parts(house: House, resident: httpx.AsyncClient) -> None:
    async with house.database.write() as session:
        await session.execute(
            text(
                "INSERT INTO grids (code, level, name_zh, name_en, parent_id, unit_id, geometry, valid_from)"
                " SELECT parent.code || number, 'unit_grid', '格' || number, 'Grid ' || number, parent.id, NULL,"
                " parent.geometry, parent.valid_from"
                " FROM grids AS parent, generate_series(101, 160) AS number WHERE parent.code = :code"
            ),
            {"code": COMMUNITY},
        )
    first = await shown(resident, COMMUNITY, "sheets")
    assert first.count('<section class="sheet">') == 60
    (after,) = re.findall(r"\?children=true&amp;after=(\d+)", first)
    rest = await resident.get(f"/v1/public/grids/{COMMUNITY}/sheet?children=true&after={after}")
    printed = [
        *re.findall(rf"code\">({COMMUNITY}\d+)<", first),
        *re.findall(rf"code\">({COMMUNITY}\d+)<", rest.text),
    ]
    assert len(printed) == len(set(printed)) > 60
    assert "&amp;after=" not in rest.text


async def test_more_people_than_a_wall_can_bear_are_left_to_the_code(
    house: House, resident: httpx.AsyncClient
) -> None:
    async with house.database.write() as session:
        await session.execute(
            text(
                "INSERT INTO grid_people (grid_id, person_id, from_on, is_phone_public)"
                " SELECT grids.id, people.id, date '2026-01-01', true FROM grids, people"
                " WHERE grids.code = :code AND officer_number BETWEEN 'WG0010' AND 'WG0018'"
            ),
            {"code": COMMUNITY},
        )
    assert len(await names(resident)) == 11
    said = await shown(resident, COMMUNITY, "sheet")
    assert said.count("<li>") == 8
    assert "另有3人，请扫码查看。" in said
