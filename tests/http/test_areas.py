"""Areas: read by everybody with who is on them, made and changed by administrators; a day that is short shows."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.models import KeptChange
from tests.conftest import House
from tests.http.place_editing import AREA_PATH, GROUND, put, read, sent_back

TRIANGLE = {
    "type": "Polygon",
    "coordinates": [[[116.40, 39.91], [116.41, 39.91], [116.41, 39.92], [116.40, 39.91]]],
}


async def test_the_street_has_areas_one_of_them_short_of_people(shared_house: House) -> None:
    items = (await read(shared_house, "/v1/areas", "officer01"))["items"]
    assert [one["code"] for one in items] == ["station-coach", "station-forecourt", "station-railway"]
    today = items[0]["on"]
    short = (await read(shared_house, "/v1/areas", "officer01", short_on=today))["items"]
    assert [one["code"] for one in short] == ["station-forecourt"]
    assert (short[0]["minimum_staff"], short[0]["staffed"], short[0]["is_short"]) == (5, 2, True)
    owned = (await read(shared_house, "/v1/areas", kind="ownership", unit="traffic"))["items"]
    assert [one["code"] for one in owned] == ["station-coach"]
    assert (await read(shared_house, "/v1/areas", active="false"))["items"] == []


async def test_pages_follow_each_other(shared_house: House) -> None:
    first = await read(shared_house, "/v1/areas", limit=2)
    second = await read(shared_house, "/v1/areas", limit=2, cursor=first["next"])
    assert [one["code"] for one in first["items"] + second["items"]] == [
        "station-coach",
        "station-forecourt",
        "station-railway",
    ]
    assert second["next"] is None
    caller = await shared_house.caller("admin")
    for query in ({"unit": "nobody"}, {"cursor": "x"}, {"cursor": first["next"], "kind": "ownership"}):
        assert (await caller.get("/v1/areas", params=query)).status_code == 422


async def test_maps_get_geojson_and_nobody_is_sent_the_same_again(shared_house: House) -> None:
    officer = await shared_house.caller("officer01")
    for path in ("/v1/areas", "/v1/areas/station-coach"):
        for accept in ("application/json", "application/geo+json"):
            answer = await officer.get(path, headers={"Accept": accept})
            assert answer.headers["content-type"].startswith(accept)
            headers = {"Accept": accept, "If-None-Match": answer.headers["etag"]}
            assert (await officer.get(path, headers=headers)).status_code == 304
    feature = (
        await officer.get("/v1/areas/station-coach", headers={"Accept": "application/geo+json"})
    ).json()
    assert (feature["id"], feature["geometry"]["type"]) == ("station-coach", "MultiPolygon")


async def test_an_area_is_made_changed_and_shown_with_its_people(house: House) -> None:
    made = await put(house, GROUND, AREA_PATH)
    assert (made.status_code, made.json()["version"]) == (201, 1), made.text
    assert (await put(house, GROUND, AREA_PATH)).status_code == 200
    shown = await read(house, AREA_PATH, "officer01")
    assert [one["person"] for one in shown["people"]] == ["officer01", "officer02"]
    body = sent_back(shown, GROUND, task="清理占道经营")
    changed = await put(house, body, AREA_PATH)
    assert (changed.status_code, changed.json()["version"]) == (200, 2), changed.text
    again = await put(house, body, AREA_PATH)
    assert (again.status_code, again.json()["version"]) == (200, 2)


async def test_a_unit_does_not_learn_which_officers_are_on_an_area(house: House) -> None:
    await put(house, GROUND, AREA_PATH)
    people = (await read(house, AREA_PATH, "member-cityscape"))["people"]
    assert [(one["person"], one["name"], one["role"]) for one in people] == [(None, None, "officer")] * 2


@pytest.mark.parametrize(
    ("on", "staffed", "is_short", "in_force"),
    [
        ("2026-11-19", 0, False, False),
        ("2026-11-20", 1, True, True),
        ("2026-11-22", 2, False, True),
        ("2026-11-24", 2, False, True),
        ("2026-11-25", 1, True, True),
        ("2026-11-30", 1, True, True),
        ("2026-12-01", 1, False, False),
    ],
)
async def test_a_day_is_short_when_fewer_people_are_there_than_are_needed(
    house: House, on: str, staffed: int, *, is_short: bool, in_force: bool
) -> None:
    await put(house, GROUND, AREA_PATH)
    shown = await read(house, AREA_PATH, "officer01", on=on)
    assert (shown["staffed"], shown["is_short"], shown["in_force"]) == (staffed, is_short, in_force)
    short = (await read(house, "/v1/areas", "officer01", short_on=on))["items"]
    assert ("segment-1" in {one["code"] for one in short}) is is_short


async def test_who_left_the_office_is_on_no_area(house: House) -> None:
    await put(house, GROUND, AREA_PATH)
    admin = await house.caller("admin")
    person = (await admin.get("/v1/people/officer02")).json()
    names = (
        "version",
        "name",
        "role",
        "unit",
        "phone",
        "officer_number",
        "grids",
        "valid_until",
        "is_active",
    )
    body: dict[str, Any] = {name: person[name] for name in names} | {"is_active": False, "grids": []}
    left = await admin.put("/v1/people/officer02", json=body)
    assert left.status_code == 200, left.text
    assert (await read(house, AREA_PATH, on="2026-11-24"))["staffed"] == 1


async def test_a_change_needs_the_version_that_was_seen(house: House) -> None:
    await put(house, GROUND, AREA_PATH)
    changed = GROUND | {"task": "别的"}
    assert (await put(house, changed, AREA_PATH)).status_code == 428
    stale = await put(house, changed | {"version": 3}, AREA_PATH)
    assert (stale.status_code, stale.json()["version"]) == (409, 1)
    etag = (await (await house.caller("admin")).get(AREA_PATH)).headers["etag"]
    assert (await put(house, changed, AREA_PATH, headers={"If-Match": etag})).status_code == 200
    assert (await put(house, GROUND | {"version": 1}, "/v1/areas/nowhere")).status_code == 404
    assert (await (await house.caller("admin")).get("/v1/areas/nowhere")).status_code == 404


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown unit": ({"unit": "nobody"}, "/unit", "unit_unknown"),
    "an unknown person": (
        {"people": [{"person": "nobody", "from_on": "2026-11-20"}]},
        "/people/0/person",
        "person_unknown",
    ),
    "a person twice on a day": (
        {
            "people": [
                {"person": "officer01", "from_on": "2026-11-20"},
                {"person": "officer01", "from_on": "2026-11-25", "to_on": "2026-11-26"},
            ]
        },
        "/people/1",
        "duty_repeated",
    ),
    "a duty that ends before it begins": (
        {"people": [{"person": "officer01", "from_on": "2026-11-20", "to_on": "2026-11-19"}]},
        "/people/0/to_on",
        "ends_before_it_begins",
    ),
    "a span that ends before it begins": (
        {"valid_from": "2026-11-20", "valid_to": "2026-11-19"},
        "/valid_to",
        "ends_before_it_begins",
    ),
    "a hole that cuts the outline": (
        {
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    TRIANGLE["coordinates"][0],
                    [[116.405, 39.90], [116.406, 39.90], [116.406, 39.913], [116.405, 39.90]],
                ],
            }
        },
        "/geometry",
        "shape_wrong",
    ),
}


@pytest.mark.parametrize("what", WRONG)
async def test_an_area_that_can_not_be_meant_is_refused_with_the_field(house: House, what: str) -> None:
    change, pointer, code = WRONG[what]
    answer = await put(house, GROUND | change, AREA_PATH)
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(
    "change",
    [
        {"geometry": {"type": "Point", "coordinates": [116.4, 39.9]}},
        {"kind": "castle"},
        {"minimum_staff": -1},
        {"people": [{"person": "officer01", "from_on": "yesterday"}]},
    ],
)
async def test_what_is_not_of_its_shape_is_refused(house: House, change: dict[str, Any]) -> None:
    assert (await put(house, GROUND | change, AREA_PATH)).status_code == 422


async def test_what_was_changed_is_kept(house: House) -> None:
    await put(house, GROUND, AREA_PATH)
    await put(house, GROUND | {"version": 1, "geometry": TRIANGLE}, AREA_PATH)
    async with house.database.read() as session:
        statement = select(KeptChange).where(col(KeptChange.code) == "segment-1").order_by(col(KeptChange.id))
        first, second = (await session.execute(statement)).scalars().all()
    assert (first.noun, first.before, (first.after or {})["minimum_staff"]) == ("area", None, 2)
    assert (second.before or {})["area_m2"] != (second.after or {})["area_m2"]
    assert (second.before or {})["people"] == (second.after or {})["people"]
