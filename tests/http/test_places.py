"""Places: read by everybody, made and changed by administrators, with who is paired and who signed."""

from copy import deepcopy
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.models import KeptChange, SignerReading
from tests.conftest import House
from tests.http.place_editing import MARKET, PATH, put, read, sent_back
from tests.http.walking import report


async def test_the_street_has_places_of_many_types(shared_house: House) -> None:
    items = (await read(shared_house, "/v1/places", "officer01", limit=200))["items"]
    assert [one["code"] for one in items] == sorted(one["code"] for one in items)
    assert len(items) >= 40
    assert len({one["type"] for one in items}) >= 12
    types = (await read(shared_house, "/v1/place-types", "officer01"))["items"]
    assert {one["type"] for one in items} <= {one["code"] for one in types}


async def test_pages_follow_each_other_without_gaps(shared_house: House) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await read(shared_house, "/v1/places", limit=7, **cursor)
        found += [one["code"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == [one["code"] for one in (await read(shared_house, "/v1/places", limit=200))["items"]]
    officer = await shared_house.caller("officer01")
    other = await officer.get("/v1/places", params={"limit": 7, "type": "school", **cursor})
    assert (other.status_code, other.json()["code"]) == (422, "cursor_wrong")


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"type": "school"}, {"school-huaiyin1", "school-huaiyin2"}),
        ({"unit": "greening"}, {"park-huaiyin", "square-renmin"}),
        ({"paired_unit": "greening"}, {"compound-heping"}),
        ({"paired_unit": "sanitation"}, set[str]()),
        ({"q": "红旗"}, {"compound-hongqi"}),
        ({"q": "hongqi DORM"}, {"compound-hongqi"}),
        ({"active": "false"}, set[str]()),
        ({"bbox": "0,0,1,1"}, set[str]()),
        ({"near": "0,0,100"}, set[str]()),
    ],
)
async def test_places_are_found_by_what_they_are(
    shared_house: House, query: dict[str, str], codes: set[str]
) -> None:
    assert {one["code"] for one in (await read(shared_house, "/v1/places", **query))["items"]} == codes


async def test_places_are_found_by_where_they_are(shared_house: House) -> None:
    school = await read(shared_house, "/v1/places/school-huaiyin1")
    longitude, latitude = school["place"]["longitude"], school["place"]["latitude"]
    near = await read(shared_house, "/v1/places", near=f"{longitude},{latitude},1")
    assert [one["code"] for one in near["items"]] == ["school-huaiyin1"]
    box = f"{longitude - 1e-5},{latitude - 1e-5},{longitude + 1e-5},{latitude + 1e-5}"
    assert [one["code"] for one in (await read(shared_house, "/v1/places", bbox=box))["items"]] == [
        "school-huaiyin1"
    ]
    inside = await read(shared_house, "/v1/places", grid="990101001004", limit=200)
    assert "school-huaiyin1" in {one["code"] for one in inside["items"]}
    assert len(inside["items"]) < 40


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"type": "castle"}, "place_type_unknown"),
        ({"unit": "nobody"}, "unit_unknown"),
        ({"paired_unit": "nobody"}, "unit_unknown"),
        ({"near": "1,2"}, "near_wrong"),
        ({"bbox": "5,0,1,1"}, "bbox_wrong"),
        ({"cursor": "nonsense"}, "cursor_wrong"),
    ],
)
async def test_a_filter_that_can_not_be_meant_is_refused(
    shared_house: House, query: dict[str, str], code: str
) -> None:
    answer = await (await shared_house.caller("officer01")).get("/v1/places", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


async def test_maps_get_geojson_with_shapes(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    answer = await officer.get("/v1/places?limit=3", headers={"Accept": "application/geo+json"})
    assert answer.headers["content-type"] == "application/geo+json"
    body = answer.json()
    assert (body["type"], len(body["features"])) == ("FeatureCollection", 3)
    assert body["next"]
    one = await officer.get("/v1/places/road-renmin", headers={"Accept": "application/geo+json"})
    assert one.json()["geometry"]["type"] == "LineString"
    assert one.json()["properties"]["type"] == "main_road"
    assert "geometry" not in one.json()["properties"]


async def test_who_has_the_present_places_is_not_sent_them_again(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    for path in ("/v1/places", "/v1/places/road-renmin", "/v1/place-types"):
        for accept in ("application/json", "application/geo+json"):
            etag = (await officer.get(path, headers={"Accept": accept})).headers["etag"]
            again = await officer.get(path, headers={"Accept": accept, "If-None-Match": etag})
            assert again.status_code == 304, path


async def test_a_place_is_made_changed_and_shown_with_its_history(house: House) -> None:
    answer = await put(house, MARKET)
    assert (answer.status_code, answer.json()["version"]) == (201, 1), answer.text
    assert (await put(house, MARKET)).status_code == 200
    shown = await read(house, PATH, "officer01")
    assert shown["name"] == "Chenguang Morning Market"
    assert shown["attributes"] == MARKET["attributes"]
    assert [one["unit"] for one in shown["pairings"]] == ["telecom", "water"]
    assert shown["geometry"] == MARKET["geometry"]
    body = sent_back(shown, MARKET, address="晨光路2号")
    changed = await put(house, body)
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    again = await put(house, body)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    listed = await read(house, "/v1/places", q="晨光早市")
    assert [one["unit"] for one in listed["items"][0]["paired"]] == ["water"]


async def test_what_was_read_can_be_sent_back_unchanged_in_every_coordinate_system(house: House) -> None:
    sent = MARKET | {
        "crs": "gcj02",
        "geometry": {
            "type": "Point",
            "coordinates": [
                116.41024,
                39.91640,
            ],
        },
    }
    made = await put(house, sent | {"reach_m": None})
    assert made.status_code == 201, made.text
    assert made.json()["reach_m"] == 30
    shown = await read(house, PATH)
    assert shown["geometry"]["coordinates"] == pytest.approx([116.404, 39.915], abs=1e-5)
    again = await put(house, sent_back(shown, MARKET))
    assert (again.status_code, again.json()["version"]) == (200, 1), again.text


async def test_a_change_needs_the_version_that_was_seen(house: House) -> None:
    await put(house, MARKET)
    changed = MARKET | {"address": "别处"}
    assert (await put(house, changed)).status_code == 428
    stale = await put(house, changed | {"version": 7})
    assert (stale.status_code, stale.json()["version"]) == (409, 1)
    etag = (await (await house.caller("admin")).get(PATH)).headers["etag"]
    assert (await put(house, changed, headers={"If-Match": etag})).status_code == 200
    unknown = await put(house, MARKET | {"version": 1}, "/v1/places/nowhere")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    missing = await (await house.caller("admin")).get("/v1/places/nowhere")
    assert missing.status_code == 404


def ring(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


BOW_TIE = ring((116.40, 39.91), (116.41, 39.92), (116.41, 39.91), (116.40, 39.92))
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name of two lines": ({"name_en": "Mall\nNorth"}, "/name_en", "value_error"),
    "an unknown type": ({"type": "castle"}, "/type", "place_type_unknown"),
    "an unknown unit": ({"unit": "nobody"}, "/unit", "unit_unknown"),
    "a shape that crosses itself": ({"geometry": BOW_TIE}, "/geometry", "shape_wrong"),
    "a shape round half the earth": (
        {"geometry": ring((0, 0), (170, 0), (170, 10), (0, 10))},
        "/geometry",
        "shape_wrong",
    ),
    "a ring that does not close": (
        {"geometry": {"type": "Polygon", "coordinates": [[[116, 39], [117, 39], [117, 40], [116, 40]]]}},
        "/geometry",
        "shape_wrong",
    ),
    "too many vertices": (
        {
            "geometry": {
                "type": "MultiLineString",
                "coordinates": [[[116.4, 39.9 + n * 1e-7] for n in range(10_001)] for _ in range(2)],
            }
        },
        "/geometry",
        "shape_wrong",
    ),
    "a pairing with nobody": (
        {"pairings": [{"from_on": "2026-01-01"}]},
        "/pairings/0",
        "pairing_empty",
    ),
    "a pairing that ends before it begins": (
        {"pairings": [{"unit": "water", "from_on": "2026-02-01", "to_on": "2026-01-01"}]},
        "/pairings/0/to_on",
        "ends_before_it_begins",
    ),
    "a pairing with an unknown unit": (
        {"pairings": [{"unit": "water", "from_on": "2026-02-01"}, {"unit": "x", "from_on": "2020-01-01"}]},
        "/pairings/1/unit",
        "unit_unknown",
    ),
    "an agreement on no class": (
        {"agreements": [MARKET["agreements"][0] | {"categories": ["P99"]}]},
        "/agreements/0/categories/0",
        "category_unknown",
    ),
    "an agreement that ends before it begins": (
        {"agreements": [MARKET["agreements"][0] | {"until_on": "2020-01-01"}]},
        "/agreements/0/until_on",
        "ends_before_it_begins",
    ),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_place_that_can_not_be_meant_is_refused_with_the_field(house: House, what: str) -> None:
    change, pointer, code = WRONG[what]
    answer = await put(house, MARKET | change)
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert (await (await house.caller("admin")).get(PATH)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"geometry": {"type": "GeometryCollection", "geometries": []}},
        {"geometry": {"type": "Point", "coordinates": [200, 39]}},
        {"geometry": {"type": "Point", "coordinates": [116]}},
        {"crs": "epsg:3857"},
        {"reach_m": 501},
        {"attributes": {"nested": {}}},
        {"attributes": {"long": "x" * 501}},
        {"attributes": {str(number): number for number in range(51)}},
        {"agreements": [MARKET["agreements"][0] | {"signer_phone": "not a phone"}]},
        {"surprise": 1},
    ],
)
async def test_what_is_not_of_its_shape_is_refused(house: House, change: dict[str, Any]) -> None:
    answer = await put(house, MARKET | change)
    assert answer.status_code == 422, answer.text


async def test_phones_of_signers_are_masked_and_reading_them_is_kept(house: House) -> None:
    await put(house, MARKET)
    for username in ("officer01", "member-cityscape", "dispatcher", "admin"):
        caller = await house.caller(username)
        answer = await caller.get(PATH)
        assert "13800001234" not in answer.text
        assert answer.json()["agreements"][0]["signer_phone_masked"] == "138****1234"
        allowed = username in {"dispatcher", "admin"}
        signers = await caller.get(f"{PATH}/signers")
        assert signers.status_code == (200 if allowed else 403), signers.text
    dispatcher = await house.caller("dispatcher")
    (signer,) = (await dispatcher.get(f"{PATH}/signers")).json()["items"]
    assert (signer["phone"], signer["in_force"]) == ("13800001234", True)
    assert (await dispatcher.get("/v1/places/nowhere/signers")).status_code == 404
    async with house.database.read() as session:
        readings = (await session.execute(select(col(SignerReading.place_code)))).scalars().all()
    assert readings == ["market-chenguang"] * 3


async def test_a_phone_that_is_left_out_stays_and_null_takes_it_away(house: House) -> None:
    await put(house, MARKET)
    shown = await read(house, PATH)
    kept = await put(house, sent_back(shown, MARKET, address="别处"))
    assert kept.json()["agreements"][0]["signer_phone_masked"] == "138****1234"
    body = sent_back(kept.json(), MARKET)
    body["agreements"][0]["signer_phone"] = None
    gone = await put(house, body)
    assert gone.json()["agreements"][0]["signer_phone_masked"] is None


async def test_what_was_changed_is_kept_without_the_phone(house: House) -> None:
    await put(house, MARKET)
    moved = deepcopy(MARKET) | {"version": 1, "geometry": {"type": "Point", "coordinates": [116.404, 39.915]}}
    await put(house, moved)
    async with house.database.read() as session:
        statement = (
            select(KeptChange).where(col(KeptChange.code) == "market-chenguang").order_by(col(KeptChange.id))
        )
        first, second = (await session.execute(statement)).scalars().all()
    assert (first.noun, first.before) == ("place", None)
    assert (second.before or {})["shape"] == "Polygon"
    assert (second.after or {})["shape"] == "Point"
    assert "13800001234" not in f"{first.after}{second.before}{second.after}"
    supervisor = await house.caller("supervisor")
    told = await supervisor.get("/v1/reference/changes", params={"noun": "place", "code": "market-chenguang"})
    assert len(told.json()["items"]) == 2


async def test_open_tickets_are_counted_as_far_as_one_sees_them(house: House) -> None:
    await put(house, MARKET)
    await report(house)
    for username, count in {"dispatcher": 1, "officer01": 1, "officer32": 0, "member-sanitation": 0}.items():
        assert (await read(house, PATH, username))["open_tickets"] == count, username
        listed = (await read(house, "/v1/places", username, q="晨光早市"))["items"]
        assert [one["open_tickets"] for one in listed] == [count], username
