"""Grids from files: taken whole or not at all, with versions; what was filed before stays where it was."""

import copy
from typing import Any

import pytest
import shapely
from shapely.geometry import mapping, shape
from sqlalchemy import func, select, update
from sqlmodel import col

from api.domain.geo import Place
from api.domain.reference import Reference
from api.models import Grid, GridPerson, KeptChange, Person, Ticket, Unit
from api.queries.reference import load_reference
from api.settings import Settings
from tests.conftest import SHANGHAI, House, opened_house
from tests.http.grid_editing import (
    COMMUNITY,
    GEOJSON,
    IMPORT,
    Features,
    features,
    inside,
    read,
    send,
    sent,
    split,
)
from tests.http.walking import report, stepped

GRID = f"{COMMUNITY}002"
WEST, EAST = f"{COMMUNITY}801", f"{COMMUNITY}802"


async def grid_rows(house: House) -> list[tuple[Any, ...]]:
    """Return all versions of all grids as stored, apart from their areas."""
    columns = (
        *(col(Grid.id), col(Grid.code), col(Grid.version), col(Grid.valid_from), col(Grid.valid_to)),
        *(col(Grid.name_zh), col(Grid.parent_id), col(Grid.unit_id), col(Grid.replaced_by)),
    )
    async with house.database.read() as session:
        return [tuple(row) for row in await session.execute(select(*columns).order_by(col(Grid.id)))]


async def stored_grid_id(house: House, ticket: dict[str, Any]) -> int | None:
    async with house.database.read() as session:
        chosen = select(col(Ticket.grid_id)).where(col(Ticket.id) == ticket["id"])
        return (await session.execute(chosen)).scalar_one()


async def present_reference(house: House) -> Reference:
    async with house.database.snapshot() as session:
        return await load_reference(session, SHANGHAI)


async def put_on_duty(house: House, username: str, code: str) -> None:
    """Give an officer this grid and no other."""
    async with house.database.write() as session:
        person = select(col(Person.id)).where(col(Person.username) == username).scalar_subquery()
        grid = select(col(Grid.id)).where(col(Grid.code) == code).scalar_subquery()
        await session.execute(
            update(GridPerson).where(col(GridPerson.person_id) == person).values(grid_id=grid)
        )


def kinds(told: list[dict[str, Any]]) -> set[str]:
    return {one["code"] for one in told}


async def test_what_was_exported_changes_nothing_when_it_comes_in_again(house: House) -> None:
    before = await grid_rows(house)
    answer = await sent(house, await features(house))
    assert (answer["added"], answer["changed"], answer["removed"]) == ([], [], [])
    assert answer["unchanged"] == len(before)
    assert await grid_rows(house) == before


async def test_a_grid_that_is_split_ends_and_names_its_heirs(house: House) -> None:
    found = split(await features(house), GRID)
    dry = await sent(house, found, dry_run=True)
    assert (dry["is_preview"], dry["is_acceptable"]) == (True, True)
    assert (dry["added"], dry["removed"], dry["changed"]) == ([WEST, EAST], [GRID], [])
    assert (await read(house, f"/v1/grids/{GRID}"))["code"] == GRID
    answer = await sent(house, found)
    assert {**dry, "is_preview": False} == answer
    spot = inside(found, EAST)
    located = await read(house, f"/v1/grids/locate?longitude={spot['longitude']}&latitude={spot['latitude']}")
    assert (located["grid"]["code"], located["grid"]["name"]) == (EAST, "New Grid 802")
    assert located["unit"]["code"] == "street"
    gone = await (await house.caller("admin")).get(f"/v1/grids/{GRID}")
    assert gone.status_code == 404
    assert sorted(gone.json()["replaced_by"]) == [WEST, EAST]
    (version,) = (await read(house, f"/v1/grids/{GRID}/versions"))["items"]
    assert sorted(version["replaced_by"]) == [WEST, EAST]
    assert version["valid_to"] == (await read(house, f"/v1/grids/{WEST}/versions"))["items"][0]["valid_from"]
    again = await sent(house, found)
    assert (again["added"], again["removed"], again["unchanged"]) == ([], [], len(found))


async def test_each_change_is_kept_with_who_made_it(house: House) -> None:
    await sent(house, split(await features(house), GRID))
    changes = (await read(house, "/v1/reference/changes?noun=grid&limit=10"))["items"]
    by_code = {change["code"]: change for change in changes[:3]}
    assert by_code.keys() == {GRID, WEST, EAST}
    assert by_code[GRID]["after"] is None
    assert by_code[WEST]["before"] is None
    assert by_code[WEST]["after"]["area_m2"] > 0
    async with house.database.read() as session:
        admin = select(col(Person.id)).where(col(Person.username) == "admin").scalar_subquery()
        mine = select(func.count()).select_from(KeptChange).where(col(KeptChange.by_id) == admin)
        assert (await session.execute(mine)).scalar_one() == 3


async def test_a_corrected_border_makes_a_version_of_both_neighbours_and_of_nothing_else(
    house: House,
) -> None:
    before = await features(house)
    codes = [code for code in before if code.startswith(COMMUNITY) and len(code) == 15]
    areas = {code: shape(before[code]["geometry"]) for code in codes}
    first = codes[0]
    second = next(
        code for code in codes[1:] if shapely.intersection(areas[first], areas[code]).length > 0.0005
    )
    # A strip along their common line goes from the one to the other.
    strip = shapely.intersection(areas[first].buffer(0.00005), areas[second])
    moved = copy.deepcopy({code: before[code] for code in (first, second)})
    moved[first]["geometry"] = mapping(shapely.union(areas[first], strip))
    moved[second]["geometry"] = mapping(shapely.difference(areas[second], strip))
    house.clock.turn(hours=1)
    answer = await sent(house, moved, complete=False)
    assert (answer["changed"], answer["added"], answer["removed"]) == ([first, second], [], [])
    assert answer["gap_count"] == answer["sliver_count"]
    newer, older = (await read(house, f"/v1/grids/{first}/versions"))["items"]
    assert (newer["version"], older["version"]) == (2, 1)
    assert older["valid_to"] == newer["valid_from"]
    assert (newer["valid_to"], older["replaced_by"]) == (None, [])
    assert newer["area_m2"] > older["area_m2"]
    assert len((await read(house, f"/v1/grids/{COMMUNITY}/versions"))["items"]) == 1
    assert (await sent(house, moved, complete=False))["unchanged"] == 2


async def test_children_and_people_stay_with_a_grid_that_gets_another_name(house: House) -> None:
    found = await features(house)
    path = f"/v1/grids/{COMMUNITY}"
    before = await read(house, path)
    found[COMMUNITY]["properties"]["name_en"] = "Bell Tower"
    assert (await sent(house, {COMMUNITY: found[COMMUNITY]}, complete=False))["changed"] == [COMMUNITY]
    after = await read(house, path)
    assert after["name"] == "Bell Tower"
    assert (after["children"], after["people"], after["parent"]) == (
        before["children"],
        before["people"],
        before["parent"],
    )
    (mine,) = (await read(house, "/v1/me", "officer01"))["grids"]
    assert mine == {"code": COMMUNITY, "name": "Bell Tower"}
    unit_grid = await read(house, f"/v1/grids/{GRID}")
    assert [step["name"] for step in unit_grid["path"]][-2] == "Bell Tower"
    person = await read(house, "/v1/people/officer01")
    assert [duty["code"] for duty in person["grids"]] == [COMMUNITY]


async def test_an_open_ticket_keeps_its_ended_grid_and_a_new_one_gets_the_new(house: House) -> None:
    before = await features(house)
    await put_on_duty(house, "officer01", GRID)
    after = split(before, GRID)
    place = {**inside(after, EAST), "crs": "wgs84", "accuracy_m": 5.0}
    old = await report(house, place=place)
    assert old["grid"]["code"] == GRID
    row_id = await stored_grid_id(house, old)
    answer = await sent(house, after)
    assert kinds(answer["warnings"]) >= {"grid_people_left", "grid_tickets_left"}
    shown = await read(house, f"/v1/tickets/{old['id']}", "officer01")
    assert (shown["grid"]["code"], shown["grid"]["name"]) == (GRID, "Zhonglou Grid 2")
    assert len(shown["grid"]["path"]) == 5
    listed = await read(house, f"/v1/tickets?grid={GRID}", "officer01")
    assert [one["id"] for one in listed["items"]] == [old["id"]]
    counted = await read(house, "/v1/tickets/counts?by=grid")
    assert {"key": GRID, "name": "Zhonglou Grid 2", "count": 1} in counted["items"]
    accepted = await stepped(house, f"member-{old['unit']['code']}", shown, "accept")
    assert accepted["grid"]["code"] == GRID
    assert await stored_grid_id(house, old) == row_id
    new = await report(house, "officer02", place=place)
    assert (new["grid"]["code"], new["grid"]["name"]) == (EAST, "新网格802")
    assert await stored_grid_id(house, new) != row_id


async def test_a_ticket_keeps_the_version_that_it_was_filed_in(house: House) -> None:
    found = await features(house)
    ticket = await report(house, place={**inside(found, GRID), "crs": "wgs84", "accuracy_m": 5.0})
    row_id = await stored_grid_id(house, ticket)
    found[GRID]["properties"]["name_en"] = "Corrected"
    await sent(house, {GRID: found[GRID]}, complete=False)
    await stepped(house, f"member-{ticket['unit']['code']}", ticket, "accept")
    assert (await read(house, f"/v1/tickets/{ticket['id']}"))["grid"]["name"] == "Corrected"
    assert await stored_grid_id(house, ticket) == row_id


async def test_what_no_rule_covers_in_an_ended_grid_falls_to_its_last_owner(house: House) -> None:
    await sent(house, split(await features(house), GRID))
    reference = await present_reference(house)
    assert GRID in reference.ended_grids
    unit = reference.fallback_unit(GRID)
    assert unit is not None
    assert unit.code == "street"


async def test_an_officer_keeps_the_duty_on_an_ended_grid_until_it_is_taken_away(house: House) -> None:
    await put_on_duty(house, "officer01", GRID)
    await sent(house, split(await features(house), GRID))
    admin = await house.caller("admin")
    shown = await read(house, "/v1/people/officer01")
    computed = ("id", "username", "role_name", "phone_masked", "has_password")
    body = {name: value for name, value in shown.items() if name not in computed}
    assert [duty["code"] for duty in body["grids"]] == [GRID]
    kept = await admin.put("/v1/people/officer01", json=body | {"name": "新名"})
    assert kept.status_code == 200, kept.text
    taken = {**body["grids"][0], "code": WEST}
    moved = await admin.put(
        "/v1/people/officer01", json=body | {"grids": [taken], "version": kept.json()["version"]}
    )
    assert moved.status_code == 200, moved.text
    back = await admin.put("/v1/people/officer01", json=body | {"version": moved.json()["version"]})
    assert (back.status_code, back.json()["errors"][0]["code"]) == (422, "grid_unknown")


def broken(found: Features, what: str) -> Features:
    """Return the grids with something wrong."""
    if what == "a gap":
        del found[GRID]
    elif what == "an overlap":
        found[GRID]["geometry"] = mapping(shape(found[GRID]["geometry"]).buffer(0.0002))
    elif what == "a ring that crosses itself":
        west, south, east, north = shape(found[GRID]["geometry"]).bounds
        found[GRID]["geometry"] = {
            "type": "Polygon",
            "coordinates": [[[west, south], [east, north], [east, south], [west, north], [west, south]]],
        }
    elif what == "an unknown unit":
        found[GRID]["properties"]["unit"] = "navy"
    elif what == "a code that is none":
        found[GRID]["properties"]["code"] = "99"
    elif what == "a number for a code":
        found[GRID]["properties"]["code"] = int(GRID)
    elif what == "a code twice":
        found["twin"] = copy.deepcopy(found[GRID])
    elif what == "axes swapped":
        found[GRID]["geometry"] = mapping(
            shapely.transform(shape(found[GRID]["geometry"]), lambda places: places[:, ::-1])
        )
    return found


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("a gap", "grid_gap"),
        ("an overlap", "grid_overlap"),
        ("a ring that crosses itself", "shape_invalid"),
        ("an unknown unit", "unit_unknown"),
        ("a code that is none", "code_wrong"),
        ("a number for a code", "code_not_text"),
        ("a code twice", "code_twice"),
        ("axes swapped", "axes_swapped"),
    ],
)
async def test_a_file_with_a_fault_is_refused_whole(house: House, what: str, code: str) -> None:
    before = await grid_rows(house)
    found = broken(await features(house), what)
    # Something right beside it must not be taken either.
    found[COMMUNITY]["properties"]["name_zh"] = "新名"
    dry = await sent(house, found, dry_run=True)
    assert not dry["is_acceptable"]
    assert code in kinds(dry["faults"])
    refused = await send(house, found.values())
    assert refused.status_code == 422
    body = refused.json()
    assert (body["code"], body["wrong"]) == ("import_refused", dry["fault_count"])
    assert [one["code"] for one in body["errors"]] == [one["code"] for one in dry["faults"]]
    assert await grid_rows(house) == before


async def test_a_dry_run_draws_where_grids_do_not_fit(house: House) -> None:
    found = broken(await features(house), "a gap")
    area = shape(found[COMMUNITY]["geometry"])
    answer = await send(house, found.values(), accept=GEOJSON, dry_run=True)
    assert answer.headers["content-type"] == GEOJSON
    drawn = answer.json()
    assert drawn["type"] == "FeatureCollection"
    gap = max(drawn["features"], key=lambda feature: feature["properties"]["area_m2"])
    assert gap["properties"]["kind"] == "gap"
    assert not gap["properties"]["is_sliver"]
    assert COMMUNITY in gap["properties"]["detail"]
    assert area.covers(shape(gap["geometry"]).representative_point())


async def test_a_dry_run_draws_grids_that_are_not_valid(house: House) -> None:
    found = broken(await features(house), "a ring that crosses itself")
    answer = await send(house, found.values(), accept=GEOJSON, dry_run=True, crs="cgcs2000")
    (drawn,) = (one for one in answer.json()["features"] if one["properties"]["kind"] == "invalid")
    assert drawn["properties"]["codes"] == GRID
    assert "elf-intersection" in drawn["properties"]["detail"]
    assert shape(drawn["geometry"]).equals_exact(shape(found[GRID]["geometry"]), 1e-9)


async def test_gaps_may_be_allowed(house: House) -> None:
    answer = await sent(house, broken(await features(house), "a gap"), allow_gaps=True)
    assert answer["removed"] == [GRID]
    assert "grid_gap" in kinds(answer["warnings"])


async def test_a_code_that_ended_is_not_used_for_another_place(house: House) -> None:
    before = await features(house)
    await sent(house, split(before, GRID))
    other = f"{COMMUNITY}003"
    elsewhere = split(split(before, GRID), other, west="803", east=GRID[-3:])
    refused = await send(house, elsewhere.values())
    assert refused.status_code == 422
    assert [(one["code"], one["key"]) for one in refused.json()["errors"]] == [("grid_code_ended", GRID)]
    restored = await sent(house, before)
    assert (restored["added"], restored["removed"]) == ([GRID], [WEST, EAST])
    versions = (await read(house, f"/v1/grids/{GRID}/versions"))["items"]
    assert [one["version"] for one in versions] == [2, 1]
    assert (await read(house, f"/v1/grids/{GRID}"))["code"] == GRID


async def test_versions_of_a_grid_can_be_drawn(house: House) -> None:
    found = await features(house)
    found[GRID]["properties"]["name_en"] = "Corrected"
    await sent(house, found)
    drawn = await read(house, f"/v1/grids/{GRID}/versions", Accept=GEOJSON)
    assert [feature["id"] for feature in drawn["features"]] == [f"{GRID}-2", f"{GRID}-1"]
    assert all(shape(feature["geometry"]).is_valid for feature in drawn["features"])
    nowhere = await (await house.caller("admin")).get(f"/v1/grids/{COMMUNITY}999/versions")
    assert nowhere.status_code == 404


async def test_a_grid_may_change_its_owner_and_lose_it(house: House) -> None:
    found = await features(house)
    found[GRID]["properties"]["unit"] = "property"
    assert (await sent(house, found))["changed"] == [GRID]
    assert (await read(house, f"/v1/grids/{GRID}"))["unit"]["code"] == "property"
    versions = (await read(house, f"/v1/grids/{GRID}/versions"))["items"]
    assert [one["unit"] and one["unit"]["code"] for one in versions] == ["property", None]
    bare = copy.deepcopy(found)
    for feature in bare.values():
        del feature["properties"]["unit"]
    assert (await sent(house, bare))["unchanged"] == len(found)
    found[GRID]["properties"]["unit"] = None
    assert (await sent(house, found))["changed"] == [GRID]
    assert (await read(house, f"/v1/grids/{GRID}"))["unit"]["code"] == "street"


async def test_a_unit_that_was_closed_down_gets_no_grids(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(update(Unit).where(col(Unit.code) == "telecom").values(is_active=False))
    found = await features(house)
    found[GRID]["properties"]["unit"] = "telecom"
    refused = await send(house, found.values())
    assert refused.json()["errors"] == [
        {
            "pointer": f"/{list(found).index(GRID) + 1}/unit",
            "code": "unit_unknown",
            "detail": "There is no unit 'telecom' at work.",
            "line": list(found).index(GRID) + 1,
            "column": "unit",
            "key": GRID,
        }
    ]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"crs": None}, "/query/crs"),
        ({"crs": "epsg:4326"}, "/query/crs"),
        ({"encoding": "utf 16"}, "/query/encoding"),
        ({"dryrun": True}, "/query/dryrun"),
    ],
)
async def test_how_a_file_is_meant_must_be_said(
    shared_house: House, query: dict[str, Any], pointer: str
) -> None:
    params = {name: value for name, value in ({"crs": "wgs84"} | query).items() if value is not None}
    answer = await (await shared_house.caller("admin")).post(IMPORT, params=params, json={})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", GEOJSON, 422, "import_refused"),
        (b"", GEOJSON, 422, "import_refused"),
        (b"[1, 2]", "application/json", 422, "import_refused"),
        (b'{"type": "FeatureCollection", "features": []}', GEOJSON, 422, "import_refused"),
        (b"PK\x03\x04 nothing", "application/zip", 422, "import_refused"),
        (b"SQLite format 3\x00 nothing", "application/geopackage+sqlite3", 422, "import_refused"),
        (b"code,name\n1,a\n", "text/csv", 415, "not_json"),
    ],
)
async def test_what_is_no_map_is_refused(
    shared_house: House, content: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await send(shared_house, content, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if status == 422:
        dry = await send(shared_house, content, content_type=content_type, dry_run=True)
        assert (dry.status_code, dry.json()["is_acceptable"]) == (200, False)


@pytest.mark.parametrize("username", ["officer01", "dispatcher", "supervisor", "lead-street"])
async def test_only_administrators_import_grids(shared_house: House, username: str) -> None:
    answer = await send(shared_house, [], username)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(settings: Settings) -> None:
    async with opened_house(settings.model_copy(update={"max_import_bytes": 2048})) as house:
        answer = await send(house, b"x" * 4096)
        assert answer.status_code == 413


async def test_gcj02_is_converted_once_and_the_same_file_again_changes_nothing(house: House) -> None:
    found = await features(house)
    first = await send(house, found.values(), crs="gcj02", dry_run=True)
    moved = first.json()
    assert len(moved["changed"]) == len(found)
    answer = await sent(house, found, crs="gcj02")
    assert (await sent(house, found, crs="gcj02"))["unchanged"] == len(found)
    assert len(answer["changed"]) == len(found)
    reference = await present_reference(house)
    original = shape(found[GRID]["geometry"]).representative_point()
    located = reference.locate(Place(original.x, original.y))
    assert located.code != GRID
