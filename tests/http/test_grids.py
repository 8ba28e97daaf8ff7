"""Grids as lists, one by one, and by place; for programs and for maps."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import select, update
from sqlmodel import col

from api.models import GridPerson, Person, Unit
from tests.conftest import MONDAY_MORNING, House

GEOJSON = {"Accept": "application/geo+json"}
IN_THE_STREET = {"longitude": 116.404, "latitude": 39.915}
FAR_AWAY = {"longitude": 116.0, "latitude": 39.0}


async def walk(client: httpx.AsyncClient, **filters: str | int) -> list[dict[str, Any]]:
    """Read a list to its end."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/v1/grids", params={**filters, **cursor})).json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_pages_hold_every_grid_once_in_the_order_of_codes(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    codes = [grid["code"] for grid in await walk(officer, limit=7)]
    assert codes == sorted(set(codes))
    assert len([code for code in codes if len(code) == 15]) == 105
    assert codes == [grid["code"] for grid in await walk(officer, limit=200)]


async def test_a_list_may_be_of_one_level_or_one_parent(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    communities = await walk(officer, level="community")
    assert len(communities) == 16
    children = await walk(officer, parent=communities[0]["code"], limit=2)
    assert children
    assert {grid["parent"] for grid in children} == {communities[0]["code"]}
    assert await walk(officer, parent=communities[0]["code"], level="district") == []


async def test_a_grid_without_an_owner_shows_that_of_the_grid_around_it(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    unit_grids = await walk(officer, level="unit_grid", limit=200)
    assert {grid["unit"]["code"] for grid in unit_grids} == {"street"}
    assert (await officer.get("/v1/grids/9901")).json()["unit"] is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("level=village", "invalid"),
        ("parent=990101001999", "grid_unknown"),
        ("parent=a%00b", "invalid"),
        ("limit=0", "invalid"),
        ("limit=1000000000", "invalid"),
        ("cursor=nonsense!", "cursor_wrong"),
        ("cursor=WyJhIl0", "cursor_wrong"),
        ("cursor=MTI", "cursor_wrong"),
        ("parnet=9901", "query_unknown"),
        ("level=city&level=street", "query_repeated"),
    ],
)
async def test_what_a_list_can_not_mean_is_refused(shared_house: House, query: str, code: str) -> None:
    answer = await (await shared_house.caller("officer01")).get(f"/v1/grids?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_cursor_is_good_for_its_own_list_only(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    cursor = (await officer.get("/v1/grids?limit=1")).json()["next"]
    answer = await officer.get("/v1/grids", params={"level": "unit_grid", "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_wrong")


async def test_maps_get_areas_with_longitude_first(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    answer = await officer.get("/v1/grids?level=unit_grid&limit=3", headers=GEOJSON)
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert body["type"] == "FeatureCollection"
    assert body["next"]
    for feature in body["features"]:
        assert feature["type"] == "Feature"
        assert feature["id"] == feature["properties"]["code"]
        assert "crs" not in feature["geometry"]
        area = shape(feature["geometry"])
        assert area.is_valid
        west, south, east, north = area.bounds
        assert 116.3 < west < east < 116.5
        assert 39.8 < south < north < 40.0
        assert all(polygon.exterior.is_ccw for polygon in getattr(area, "geoms", [area]))


async def test_the_form_is_part_of_what_a_tag_stands_for(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    for path in ("/v1/grids", "/v1/grids/990101001", "/v1/grids/locate?longitude=116.404&latitude=39.915"):
        plain, areas = await officer.get(path), await officer.get(path, headers=GEOJSON)
        assert plain.headers["etag"] != areas.headers["etag"]
        assert "Accept" in plain.headers["vary"].split(", ")
        for form, answer in ((None, plain), (GEOJSON["Accept"], areas)):
            headers = {"If-None-Match": answer.headers["etag"], "Accept": form or "*/*"}
            again = await officer.get(path, headers=headers)
            assert (again.status_code, again.content) == (304, b"")


async def test_a_grid_shows_what_is_around_it_in_it_and_who_is_responsible(shared_house: House) -> None:
    body = (await (await shared_house.caller("officer01")).get("/v1/grids/990101001001")).json()
    assert [grid["level"] for grid in body["path"]] == ["city", "district", "street", "community"]
    assert body["path"][-1]["code"] == body["code"] == "990101001001"
    assert body["children"]
    assert all(child["code"].startswith("990101001001") for child in body["children"])
    assert [(one["officer_number"], one["phone"]) for one in body["people"]] == [
        ("WG0001", "19900000101"),
        ("WG0002", "19900000102"),
    ]


async def test_who_is_responsible_for_a_community_is_so_for_each_grid_in_it(shared_house: House) -> None:
    body = (await (await shared_house.caller("officer01")).get("/v1/grids/990101001001001")).json()
    assert {(one["grid"], one["officer_number"]) for one in body["people"]} == {
        ("990101001001", "WG0001"),
        ("990101001001", "WG0002"),
    }
    assert body["children"] == []


async def test_units_are_not_told_which_officer_it_is(shared_house: House) -> None:
    dispatcher, member = (
        await shared_house.caller("dispatcher"),
        await shared_house.caller("member-cityscape"),
    )
    for path in ("/v1/grids/990101001001", "/v1/grids/locate?longitude=116.404&latitude=39.915"):
        told = await dispatcher.get(path)
        withheld = await member.get(path, headers={"If-None-Match": told.headers["etag"]})
        assert withheld.status_code == 200
        assert len(withheld.json()["people"]) == len(told.json()["people"]) == 2
        for one in withheld.json()["people"]:
            assert (one["role"], one["name"], one["officer_number"], one["phone"]) == (
                "officer",
                None,
                None,
                None,
            )


async def test_a_phone_is_shown_only_where_the_office_released_it(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(update(GridPerson).values(is_phone_public=False))
    body = (await (await house.caller("dispatcher")).get("/v1/grids/990101001001")).json()
    assert [one["phone"] for one in body["people"]] == [None, None]
    assert body["people"][0]["name"]


async def test_duties_that_have_not_begun_or_are_over_are_not_shown(house: House) -> None:
    today = MONDAY_MORNING.date()
    async with house.database.write() as session:
        numbers = {"WG0001": (date(2020, 1, 1), today - timedelta(days=1)), "WG0002": (today, today)}
        for number, (from_on, to_on) in numbers.items():
            person = select(col(Person.id)).where(col(Person.officer_number) == number).scalar_subquery()
            await session.execute(
                update(GridPerson)
                .where(col(GridPerson.person_id) == person)
                .values(from_on=from_on, to_on=to_on)
            )
    dispatcher = await house.caller("dispatcher")
    shown = (await dispatcher.get("/v1/grids/990101001001")).json()["people"]
    assert [one["officer_number"] for one in shown] == ["WG0002"]
    house.clock.turn(days=1)
    assert (await dispatcher.get("/v1/grids/990101001001")).json()["people"] == []


async def test_people_who_left_are_not_shown(house: House) -> None:
    dispatcher = await house.caller("dispatcher")
    tag = (await dispatcher.get("/v1/grids/990101001001")).headers["etag"]
    async with house.database.write() as session:
        await session.execute(
            update(Person).where(col(Person.officer_number) == "WG0001").values(is_active=False)
        )
    answer = await dispatcher.get("/v1/grids/990101001001", headers={"If-None-Match": tag})
    assert [one["officer_number"] for one in answer.json()["people"]] == ["WG0002"]


async def test_a_unit_that_was_closed_down_owns_nothing(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(update(Unit).where(col(Unit.code) == "street").values(is_active=False))
    assert (await (await house.caller("dispatcher")).get("/v1/grids/990101001001")).json()["unit"] is None


@pytest.mark.parametrize("code", ["990101001999", "1", "ABC"])
async def test_a_grid_that_is_not_there_is_not_found(shared_house: House, code: str) -> None:
    answer = await (await shared_house.caller("officer01")).get(f"/v1/grids/{code}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("code", ["%00", "9" * 41, "99 01", "中文", "9901%27--"])
async def test_what_is_no_code_at_all_is_refused(shared_house: House, code: str) -> None:
    assert (await (await shared_house.caller("officer01")).get(f"/v1/grids/{code}")).status_code == 422


async def test_one_grid_as_a_map_has_it_is_a_feature(shared_house: House) -> None:
    answer = await (await shared_house.caller("officer01")).get("/v1/grids/990101001", headers=GEOJSON)
    body = answer.json()
    assert (body["type"], body["id"]) == ("Feature", "990101001")
    assert body["properties"]["name"]
    assert shape(body["geometry"]).contains(shapely.Point(116.404, 39.915))


@pytest.mark.parametrize(
    ("longitude", "latitude", "crs"),
    [
        (116.404, 39.915, "wgs84"),
        (116.404, 39.915, "cgcs2000"),
        (116.41024449916938, 39.91640428150164, "gcj02"),
        (116.41662724378733, 39.922699552216216, "bd09"),
    ],
)
async def test_a_place_is_found_in_every_coordinate_system(
    shared_house: House, longitude: float, latitude: float, crs: str
) -> None:
    officer = await shared_house.caller("officer01")
    query = {"longitude": longitude, "latitude": latitude, "crs": crs}
    body = (await officer.get("/v1/grids/locate", params=query)).json()
    assert body["reason"] == "inside"
    assert body["distance_m"] == 0
    assert [grid["level"] for grid in body["path"]] == [
        "city",
        "district",
        "street",
        "community",
        "unit_grid",
    ]
    assert body["grid"] == body["path"][-1]
    assert body["grid"]["code"] == "990101001001004"
    assert body["unit"]["code"] == "street"
    assert {one["officer_number"] for one in body["people"]} == {"WG0001", "WG0002"}
    assert body["place"]["crs"] == "wgs84"
    assert body["place"]["longitude"] == pytest.approx(116.404, abs=1e-7)


async def just_outside(client: httpx.AsyncClient, metres: float) -> dict[str, float]:
    """Return a place so far south of the street's southernmost point."""
    street = shape((await client.get("/v1/grids/990101001", headers=GEOJSON)).json()["geometry"])
    lowest = min(shapely.get_coordinates(street).tolist(), key=lambda point: point[1])
    return {"longitude": lowest[0], "latitude": lowest[1] - metres / 111_000}


async def test_a_place_just_outside_belongs_to_the_nearest_grid(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    body = (await officer.get("/v1/grids/locate", params=await just_outside(officer, 30))).json()
    assert body["reason"] == "nearest"
    assert body["distance_m"] == pytest.approx(30, abs=1)
    assert body["grid"]
    assert "30" in body["explanation"]


async def test_a_poor_fix_is_looked_for_farther_around(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    place = await just_outside(officer, 120)
    assert (await officer.get("/v1/grids/locate", params=place)).json()["reason"] == "outside_grids"
    poor = await officer.get("/v1/grids/locate", params={**place, "accuracy_m": 150})
    assert poor.json()["reason"] == "nearest"


async def test_a_place_outside_all_grids_is_no_error_and_says_why(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    answer = await officer.get("/v1/grids/locate", params=FAR_AWAY, headers={"Accept-Language": "en"})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["grid"], body["path"], body["unit"], body["people"]) == (None, [], None, [])
    assert (body["reason"], body["distance_m"]) == ("outside_grids", None)
    assert body["explanation"] == "The place is in no grid, and none is within 50 m."


async def test_a_map_gets_the_chain_of_grids_around_a_place(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    body = (await officer.get("/v1/grids/locate", params=IN_THE_STREET, headers=GEOJSON)).json()
    assert [feature["properties"]["level"] for feature in body["features"]][-1] == "unit_grid"
    here = shapely.Point(IN_THE_STREET["longitude"], IN_THE_STREET["latitude"])
    assert all(shape(feature["geometry"]).covers(here) for feature in body["features"])
    assert body["reason"] == "inside"
    empty = (await officer.get("/v1/grids/locate", params=FAR_AWAY, headers=GEOJSON)).json()
    assert empty["features"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("latitude=39.9", "/query/longitude"),
        ("longitude=116.4", "/query/latitude"),
        ("longitude=nan&latitude=39.9", "/query/longitude"),
        ("longitude=116.4&latitude=inf", "/query/latitude"),
        ("longitude=181&latitude=39.9", "/query/longitude"),
        ("longitude=116.4&latitude=-90.1", "/query/latitude"),
        ("longitude=east&latitude=39.9", "/query/longitude"),
        ("longitude=116.4&latitude=39.9&crs=epsg:3857", "/query/crs"),
        ("longitude=116.4&latitude=39.9&crs=GCJ02", "/query/crs"),
        ("longitude=116.4&latitude=39.9&accuracy_m=-1", "/query/accuracy_m"),
        ("longitude=116.4&latitude=39.9&accuracy_m=nan", "/query/accuracy_m"),
    ],
)
async def test_a_place_that_is_none_is_refused(shared_house: House, query: str, pointer: str) -> None:
    answer = await (await shared_house.caller("officer01")).get(f"/v1/grids/locate?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
