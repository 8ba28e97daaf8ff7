"""Who is responsible here: what anybody is told, and in which forms."""

import re
from datetime import date

import httpx
import pytest
from sqlalchemy import insert, select, update
from sqlmodel import col

from api.models import Grid, GridPerson, Person
from tests.conftest import MONDAY_MORNING, House
from tests.http.public_asking import (
    COMMUNITY,
    ENGLISH,
    FORMS,
    HERE,
    PAGE,
    UNIT_GRID,
    at,
    change_person,
    names,
    shown,
)
from tests.policy.test_statements import counted, told


async def test_anybody_learns_who_is_responsible_where_she_stands(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/v1/public/responsible", params=HERE)
    body = answer.json()
    assert answer.status_code == 200
    assert body["grid"]["code"] == UNIT_GRID
    assert [grid["level"] for grid in body["path"]] == [
        "city",
        "district",
        "street",
        "community",
        "unit_grid",
    ]
    assert body["unit"]["name"]
    assert body["on_duty_in"]["code"] == COMMUNITY
    assert [(one["role"], one["role_name"], one["phone"]) for one in body["people"]] == [
        ("officer", "网格员", "19900000101"),
        ("officer", "网格员", "19900000102"),
    ]
    assert body["explanation"] == "本网格由钟楼社区的人员负责。"
    assert body["on"] == "2026-11-23"
    assert (body["reason"], body["distance_m"]) == ("inside", 0)


@pytest.mark.parametrize(
    ("longitude", "latitude", "crs"),
    [
        (116.404, 39.915, "wgs84"),
        (116.404, 39.915, "cgcs2000"),
        (116.41024449916938, 39.91640428150164, "gcj02"),
        (116.41662724378733, 39.922699552216216, "bd09"),
    ],
)
async def test_a_place_is_found_in_the_coordinates_of_her_map(
    visitor: httpx.AsyncClient, longitude: float, latitude: float, crs: str
) -> None:
    query = {"longitude": longitude, "latitude": latitude, "crs": crs}
    body = (await visitor.get("/v1/public/responsible", params=query)).json()
    assert body["grid"]["code"] == UNIT_GRID


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_place_outside_all_grids_is_told_so_in_a_sentence(
    visitor: httpx.AsyncClient, language: str
) -> None:
    headers = {"Accept-Language": language}
    place = {"longitude": 116.0, "latitude": 39.0}
    answer = await visitor.get("/v1/public/responsible", params=place, headers=headers)
    body = answer.json()
    assert answer.status_code == 200
    assert (body["grid"], body["path"], body["unit"], body["people"]) == (None, [], None, [])
    assert body["on_duty_in"] is None
    assert body["explanation"] == (
        "The place is in no grid, and none is within 50 m."
        if language == "en"
        else "不在任何网格内，50米内也没有网格。"
    )
    page = await visitor.get("/v1/public/responsible", params=place, headers=headers | PAGE)
    assert body["explanation"] in page.text


async def test_a_place_just_outside_is_told_the_nearest_grid_and_how_far_it_is(
    visitor: httpx.AsyncClient, shared_house: House
) -> None:
    supervisor = await shared_house.caller("supervisor")
    street = await supervisor.get("/v1/grids/990101001", headers={"Accept": "application/geo+json"})
    corners = [point for part in street.json()["geometry"]["coordinates"] for ring in part for point in ring]
    longitude, latitude = min(corners, key=lambda point: point[1])
    query = {"longitude": longitude, "latitude": latitude - 30 / 111_000}
    body = (await visitor.get("/v1/public/responsible", params=query)).json()
    assert body["reason"] == "nearest"
    assert body["distance_m"] == pytest.approx(30, abs=1)
    assert re.fullmatch(r"不在任何网格内，归入.+米外最近的网格。本网格由.+的人员负责。", body["explanation"])


async def test_the_people_of_the_grid_itself_go_before_those_around_it(
    house: House, resident: httpx.AsyncClient
) -> None:
    async with house.database.write() as session:
        grid = select(col(Grid.id)).where(col(Grid.code) == UNIT_GRID).scalar_subquery()
        person = select(col(Person.id)).where(col(Person.officer_number) == "WG0007").scalar_subquery()
        await session.execute(
            insert(GridPerson).values(
                grid_id=grid, person_id=person, from_on=date(2026, 1, 1), is_phone_public=False
            )
        )
    body = (await resident.get(f"/v1/public/grids/{UNIT_GRID}")).json()
    assert body["on_duty_in"]["code"] == UNIT_GRID
    assert [person["phone"] for person in body["people"]] == [None]
    assert body["explanation"] == "以下人员负责本网格。"
    assert len(await names(resident, COMMUNITY)) == 2


async def test_with_nobody_on_duty_the_next_wider_grid_answers_and_then_the_unit_alone(
    house: House, resident: httpx.AsyncClient
) -> None:
    async with house.database.write() as session:
        street = select(col(Grid.id)).where(col(Grid.code) == "990101001").scalar_subquery()
        person = select(col(Person.id)).where(col(Person.username) == "lead-street").scalar_subquery()
        await session.execute(
            insert(GridPerson).values(
                grid_id=street, person_id=person, from_on=date(2026, 1, 1), is_phone_public=True
            )
        )
    for number in ("WG0001", "WG0002"):
        await change_person(house, number, is_active=False)
    body = (await resident.get(f"/v1/public/grids/{UNIT_GRID}", headers=ENGLISH)).json()
    assert body["on_duty_in"] == {"code": "990101001", "name": "Huaiyin Subdistrict", "level": "street"}
    assert [person["role_name"] for person in body["people"]] == ["unit lead"]
    assert body["explanation"] == "The people of Huaiyin Subdistrict are responsible for this grid."
    async with house.database.write() as session:
        await session.execute(update(GridPerson).values(to_on=date(2026, 11, 22)))
    body = (await resident.get(f"/v1/public/grids/{UNIT_GRID}", headers=ENGLISH)).json()
    assert (body["people"], body["on_duty_in"]) == ([], None)
    assert body["unit"]["name"]
    assert body["explanation"] == "Nobody is on duty today; please call the responsible unit."
    for form in ("page", "sheet"):
        assert body["explanation"] in await shown(resident, UNIT_GRID, form, **ENGLISH)


@pytest.mark.parametrize(
    ("language", "tag", "words"),
    [
        ("zh-Hans-CN,zh;q=0.9,en;q=0.5", "zh-Hans", ("网格责任公示", "钟楼社区", "网格员", "责任单位")),
        (
            "en-GB",
            "en",
            ("Who is responsible here", "Zhonglou Community", "grid officer", "Responsible unit"),
        ),
        ("fr", "zh-Hans", ("网格责任公示",)),
    ],
)
async def test_pages_speak_the_residents_language(
    visitor: httpx.AsyncClient, language: str, tag: str, words: tuple[str, ...]
) -> None:
    for form in ("page", "sheet"):
        said = await shown(visitor, COMMUNITY, form, **{"Accept-Language": language})
        assert f'<html lang="{tag}">' in said
        assert all(word in said for word in words)


@pytest.mark.parametrize("form", FORMS)
async def test_an_answer_may_be_kept_for_a_minute_and_asked_for_again_by_its_tag(
    visitor: httpx.AsyncClient, form: str
) -> None:
    address, headers = at(COMMUNITY, form)
    answer = await visitor.get(address, headers=headers)
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert "Accept-Language" in answer.headers["vary"]
    again = await visitor.get(address, headers=headers | {"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "public, max-age=60"
    other = await visitor.get(address, headers=headers | ENGLISH | {"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200


async def test_a_browser_gets_a_page_and_everybody_else_data(visitor: httpx.AsyncClient) -> None:
    tags: set[str] = set()
    for path in ("/v1/public/responsible?longitude=116.404&latitude=39.915", at(COMMUNITY)[0]):
        for accept, media_type in (
            (PAGE["Accept"], "text/html"),
            ("*/*", "application/json"),
            ("application/json", "application/json"),
        ):
            answer = await visitor.get(path, headers={"Accept": accept})
            assert answer.headers["content-type"].split(";")[0] == media_type
            assert "Accept" in answer.headers["vary"].split(", ")
            tags.add(answer.headers["etag"])
    assert len(tags) == 4


@pytest.mark.parametrize("form", ["data", "page", "sheet"])
async def test_whoever_asks_for_the_head_gets_it(visitor: httpx.AsyncClient, form: str) -> None:
    address, headers = at(COMMUNITY, form)
    head, whole = await visitor.head(address, headers=headers), await visitor.get(address, headers=headers)
    assert head.status_code == 200
    assert head.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize("path", ["", "/sheet", "/sheet?children=true"])
@pytest.mark.parametrize("code", ["990101001999", "1", "ABC"])
async def test_a_grid_that_is_not_there_is_not_found(
    visitor: httpx.AsyncClient, code: str, path: str
) -> None:
    answer = await visitor.get(f"/v1/public/grids/{code}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["", "/sheet"])
async def test_a_sheet_that_outlived_its_grid_leads_to_those_that_took_it_over(
    house: House, resident: httpx.AsyncClient, path: str
) -> None:
    async with house.database.write() as session:
        await session.execute(update(Grid).where(col(Grid.code) == UNIT_GRID).values(valid_to=MONDAY_MORNING))
    answer = await resident.get(f"/v1/public/grids/{UNIT_GRID}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_it_is_cheap(house: House, resident: httpx.AsyncClient) -> None:
    located = "/v1/public/responsible?longitude=116.404&latitude=39.915"
    for path, budget in (
        (located, 2),  # the version of the reference data, and who is on duty
        (f"/v1/public/grids/{UNIT_GRID}", 2),
        (f"/v1/public/grids/{COMMUNITY}/sheet", 4),  # and the areas of the grids, and those around them
        (f"/v1/public/grids/{COMMUNITY}/sheet?children=true", 4),
    ):
        await resident.get(path)
        with counted(house) as sent:
            answer = await resident.get(path)
        assert answer.status_code == 200
        assert len(sent) <= budget, told(sent)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("latitude=39.9", "/query/longitude"),
        ("longitude=nan&latitude=39.9", "/query/longitude"),
        ("longitude=181&latitude=39.9", "/query/longitude"),
        ("longitude=116.4&latitude=39.9&crs=epsg:3857", "/query/crs"),
        ("longitude=116.4&latitude=39.9&accuracy_m=-1", "/query/accuracy_m"),
    ],
)
async def test_a_place_that_is_none_is_refused(visitor: httpx.AsyncClient, query: str, pointer: str) -> None:
    answer = await visitor.get(f"/v1/public/responsible?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_grid_that_belongs_to_nobody_says_no_more_than_is_so(visitor: httpx.AsyncClient) -> None:
    body = (await visitor.get("/v1/public/grids/9901", headers=ENGLISH)).json()
    assert (body["unit"], body["people"]) == (None, [])
    assert body["explanation"] == "Nobody is on duty today."
