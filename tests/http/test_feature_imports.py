"""Places and areas from files: all of them or none, every fault told, the same file again changes nothing."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import House
from tests.http.place_editing import AREA_PATH, GROUND, MARKET, PATH, put, read

DEMO = Path(__file__).parents[2] / "api" / "data" / "demo"
GEOJSON = "application/geo+json"


def feature(code: str | None, geometry: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:  # noqa: ANN401  any property
    place = geometry or {"type": "Point", "coordinates": [116.401, 39.912]}
    return {"type": "Feature", "properties": {"code": code, **properties}, "geometry": place}


def shop(code: str = "shop-1", **properties: Any) -> dict[str, Any]:  # noqa: ANN401  any property
    named: dict[str, Any] = {"type": "shop", "name_zh": "小卖部"} | properties
    return feature(code, None, **named)


async def sent(
    house: House,
    content: list[dict[str, Any]] | bytes,
    path: str = "/v1/places/import",
    *,
    media_type: str = GEOJSON,
    **query: Any,  # noqa: ANN401  any parameter
) -> httpx.Response:
    """Send features, or a file of another type, as the administrator."""
    if isinstance(content, list):
        content = json.dumps({"type": "FeatureCollection", "features": content}).encode()
    return await (await house.caller("admin")).post(
        path, params={"crs": "wgs84", **query}, content=content, headers={"Content-Type": media_type}
    )


async def test_new_places_are_stored_once_with_what_else_is_noted_of_them(house: House) -> None:
    features = [shop(stalls=3), shop("shop-2", name_en="Kiosk", unit="market", reach_m=12.5)]
    preview = await sent(house, features, dry_run=True)
    assert preview.status_code == 200, preview.text
    assert (preview.json()["added"], preview.json()["is_preview"]) == (["shop-1", "shop-2"], True)
    assert (await (await house.caller("admin")).get("/v1/places/shop-1")).status_code == 404
    taken = await sent(house, features)
    assert taken.json()["added"] == ["shop-1", "shop-2"]
    again = await sent(house, features)
    assert (again.json()["added"], again.json()["changed"], again.json()["unchanged"]) == ([], [], 2)
    shown = await read(house, "/v1/places/shop-1")
    assert (shown["attributes"], shown["reach_m"], shown["version"]) == ({"stalls": 3}, 30, 1)
    assert (await read(house, "/v1/places/shop-2"))["unit"] == "market"


async def test_what_the_file_does_not_say_stays_and_null_takes_it_away(house: House) -> None:
    await put(house, MARKET)
    geometry = MARKET["geometry"]
    moved = await sent(house, [feature("market-chenguang", geometry, address="别处")])
    assert moved.json()["changed"] == ["market-chenguang"], moved.text
    shown = await read(house, PATH)
    assert (shown["address"], shown["unit"], len(shown["pairings"])) == ("别处", "market", 2)
    assert shown["agreements"][0]["signer_phone_masked"] == "138****1234"
    await sent(house, [feature("market-chenguang", geometry, unit=None, pairings=[])])
    shown = await read(house, PATH)
    assert (shown["address"], shown["unit"], shown["pairings"]) == ("别处", None, [])


async def test_the_files_of_the_demo_street_change_nothing(house: House) -> None:
    for noun, count in {"places": 41, "areas": 3}.items():
        content = (DEMO / f"{noun}.geojson").read_bytes()
        answer = await sent(house, content, f"/v1/{noun}/import", complete=True)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["added"], told["changed"], told["removed"]) == ([], [], [])
        assert told["unchanged"] == count


async def test_places_that_a_complete_file_lacks_are_given_up(house: House) -> None:
    assert (await sent(house, [shop()])).json()["removed"] == []
    answer = await sent(house, [shop()], complete=True)
    assert len(answer.json()["removed"]) == 41
    active = await read(house, "/v1/places", active="true")
    assert [one["code"] for one in active["items"]] == ["shop-1"]
    assert len((await read(house, "/v1/places", active="false", limit=200))["items"]) == 41


async def test_coordinates_are_converted(house: House) -> None:
    point = {"type": "Point", "coordinates": [116.41024, 39.91640]}
    answer = await sent(house, [shop() | {"geometry": point}], crs="gcj02")
    assert answer.status_code == 200, answer.text
    shown = await read(house, "/v1/places/shop-1")
    assert shown["geometry"]["coordinates"] == pytest.approx([116.404, 39.915], abs=1e-5)


CSV = "编码,类型,名称,地址,责任单位,经度,纬度\r\nshop-1,shop,小卖部,槐荫街1号,market,116.401,39.912\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
async def test_a_table_with_longitude_and_latitude_is_taken_too(house: House, encoding: str) -> None:
    content = CSV.encode(encoding)
    answer = await sent(house, content, media_type="text/csv", encoding=encoding)
    assert answer.json().get("added") == ["shop-1"], answer.text
    again = await sent(house, content, media_type="text/csv", encoding=encoding)
    assert again.json()["unchanged"] == 1
    shown = await read(house, "/v1/places/shop-1")
    assert (shown["name_zh"], shown["address"], shown["unit"]) == ("小卖部", "槐荫街1号", "market")


WRONG: dict[str, tuple[list[dict[str, Any]], list[tuple[int | None, str]]]] = {
    "a code twice": ([shop(), shop()], [(2, "code_twice")]),
    "codes that are none": ([shop(""), shop("a b"), feature(None)], [(1, "code_wrong"), (2, "code_wrong")]),
    "no type and no name": ([feature("x")], [(1, "value_missing"), (1, "value_missing")]),
    "an unknown type": ([shop(), shop("b", type="castle")], [(2, "place_type_unknown")]),
    "an unknown unit": ([shop(unit="nobody")], [(1, "unit_unknown")]),
    "no geometry": ([shop() | {"geometry": None}], [(1, "shape_wrong")]),
    "a shape that crosses itself": (
        [
            shop()
            | {
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[116, 39], [117, 40], [117, 39], [116, 40], [116, 39]]],
                }
            }
        ],
        [(1, "shape_wrong")],
    ),
    "latitude first": (
        [shop() | {"geometry": {"type": "Point", "coordinates": [39.912, 116.401]}}],
        [(1, "shape_wrong")],
    ),
    "numbers that are none": ([shop(reach_m="far")], [(1, "number_wrong")]),
    "a reach too far": ([shop(reach_m=501)], [(1, "reach_wrong")]),
    "neither yes nor no": ([shop(is_active="perhaps")], [(1, "flag_wrong")]),
    "a name too long": ([shop(name_zh="长" * 101)], [(1, "text_too_long")]),
    "a name of two lines": ([shop(name_zh="商\n场")], [(1, "text_wrong")]),
    "attributes in attributes": ([shop(attributes={"a": {}})], [(1, "attributes_wrong")]),
    "pairings that are none": (
        [shop(pairings="water"), shop("b", pairings=[{"unit": "water"}])],
        [(1, "list_wrong"), (2, "pairing_wrong")],
    ),
    "agreements that are none": (
        [shop(agreements=[{"kind": "five", "signer_name": "x", "signed_on": "2026-01-01"}])],
        [(1, "agreement_wrong")],
    ),
    "a day that is none": (
        [shop(pairings=[{"unit": "water", "from_on": "2026-02-30"}])],
        [(1, "pairing_wrong")],
    ),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_file_with_a_fault_changes_nothing_and_tells_them_all(house: House, what: str) -> None:
    features, faults = WRONG[what]
    for dry_run in (True, False):
        answer = await sent(house, [*features, shop("shop-ok")], dry_run=dry_run)
        told = answer.json()
        if dry_run:
            assert answer.status_code == 200, answer.text
            assert not told["is_acceptable"]
            found = [(one["line"], one["code"]) for one in told["faults"]]
        else:
            assert (answer.status_code, told["code"]) == (422, "import_refused"), answer.text
            found = [(one.get("line"), one["code"]) for one in told["errors"]]
        assert found[: len(faults)] == faults
    assert (await (await house.caller("admin")).get("/v1/places/shop-ok")).status_code == 404


async def test_faults_of_a_table_name_line_and_heading(house: House) -> None:
    content = CSV.replace("116.401", "east").encode()
    answer = await sent(house, content, media_type="text/csv")
    (fault,) = answer.json()["errors"]
    assert (fault["line"], fault["column"], fault["code"]) == (2, "经度", "number_wrong")
    headless = await sent(house, b"a,b\r\n1,2\r\n", media_type="text/csv")
    assert headless.json()["errors"][0]["code"] == "headings_missing"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"type": "Feature"}'])
async def test_what_is_no_map_is_refused(house: House, content: bytes) -> None:
    for noun in ("places", "areas"):
        answer = await sent(house, content, f"/v1/{noun}/import")
        assert (answer.status_code, answer.json()["code"]) == (422, "import_refused"), answer.text


async def test_other_media_types_are_not_taken(house: House) -> None:
    for noun in ("places", "areas"):
        answer = await sent(house, b"x", f"/v1/{noun}/import", media_type="text/plain")
        assert answer.status_code == 415, answer.text
    table = await sent(house, CSV.encode(), "/v1/areas/import", media_type="text/csv")
    assert table.status_code == 415
    caller = await house.caller("admin")
    assert (await caller.post("/v1/places/import", json={"type": "FeatureCollection"})).status_code == 422


async def test_areas_are_taken_with_their_people_and_faults_are_told(house: House) -> None:
    properties = {name: value for name, value in GROUND.items() if name not in {"geometry", "version"}}
    whole = feature("segment-1", GROUND["geometry"], **properties)
    assert (await sent(house, [whole], "/v1/areas/import")).json()["added"] == ["segment-1"]
    again = await sent(house, [whole], "/v1/areas/import")
    assert again.json()["unchanged"] == 1
    assert len((await read(house, AREA_PATH))["people"]) == 2
    sad: dict[str, dict[str, Any]] = {
        "person_unknown": {"people": [{"person": "nobody", "from_on": "2026-11-20"}]},
        "duty_wrong": {"people": [{"person": "officer01"}]},
        "area_kind_unknown": {"kind": "castle"},
        "number_wrong": {"minimum_staff": 1.5},
        "day_wrong": {"valid_from": "20.11.2026"},
        "ends_before_it_begins": {"valid_to": "2020-01-01"},
    }
    for code, change in sad.items():
        wrong = feature("segment-1", GROUND["geometry"], **(properties | change))
        answer = await sent(house, [wrong], "/v1/areas/import")
        assert [one["code"] for one in answer.json()["errors"]] == [code], answer.text
    point = await sent(house, [feature("segment-1", kind="temporary", name_zh="x")], "/v1/areas/import")
    assert point.json()["errors"][0]["code"] == "shape_wrong"
    emptied = await sent(house, [whole], "/v1/areas/import", complete=True)
    assert emptied.json()["removed"] == ["station-coach", "station-forecourt", "station-railway"]
