"""Rules by place, type of place, drawn area and hour: who wins, who falls back, and what becomes of broken rules."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from api.models import Area, Place, Policy
from tests.conftest import House
from tests.http.rule_editing import RULES, put, read, wrong
from tests.http.rule_places import MARKET, MARKETS, POINT, QUARTER, ROW, build_market
from tests.http.walking import report

NIGHTS = {"days": [1, 2, 3, 4, 5, 6, 7], "from": "22:00", "to": "06:00"}


def stalls(unit: str = "market", **where: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a rule for street vending."""
    return {"category": "E0406", "lead_unit": unit, "name_zh": "占道", "name_en": "Stalls", **where}


async def make(house: House, rule_id: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await put(house, body, f"{RULES}/{rule_id}")
    assert answer.status_code == 201, answer.text
    return answer.json()


async def told(house: House, **query: str) -> dict[str, Any]:
    answer = await (await house.caller("dispatcher")).get(
        "/v1/dispatch/explain",
        params={"category": "E0406", **(POINT if "grid" not in query else {}), **query},
        headers={"Accept-Language": "en"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_place_stands_before_a_grid_that_before_an_area_that_before_a_type(house: House) -> None:
    await build_market(house)
    expected = ["e0406", "by-type", "by-quarter", "by-row", "by-grid", "by-place"]
    wheres = (
        {"place_type": MARKETS},
        {"area": QUARTER},
        {"area": ROW},
        {"grid_prefix": "990101001"},
        {"place": MARKET},
    )
    for number, (rule_id, where) in enumerate(zip(expected[1:], wheres, strict=True)):
        await make(house, rule_id, stalls(**where))
        body = await told(house)
        assert [one["rule"]["id"] for one in body["considered"]] == [*expected[number + 1 :: -1], "e04"]
        assert body["unit"]["code"] == "market"
    body = await told(house)
    assert (body["place"]["code"], body["place_type"]["code"]) == (MARKET, MARKETS)
    assert [area["code"] for area in body["areas"]] == [ROW, QUARTER]
    why = {one["rule"]["id"]: (one["why"], one["explanation"]) for one in body["considered"]}
    assert why["by-place"] == ("area", "was chosen: it names a place")
    assert why["by-grid"] == ("area", "was outranked: it only names a grid")
    assert why["by-quarter"] == ("area", "was outranked: it only names an area")
    assert why["by-type"] == ("area", "was outranked: it only names a type of place")
    assert why["e0406"] == ("area", "was outranked: it is for everywhere")


async def test_of_two_areas_the_smaller_wins_and_one_that_has_ended_does_not_count(house: House) -> None:
    await build_market(house, row_until=date(2026, 11, 23))
    await make(house, "small", stalls("market", area=ROW, order=9))
    await make(house, "large", stalls("traffic", area=QUARTER))
    body = await told(house)
    assert body["rule"]["id"] == "small"
    assert [(one["rule"]["id"], one["why"]) for one in body["considered"]][:2] == [
        ("small", "area_size"),
        ("large", "area_size"),
    ]
    # Its last day is the city's: until midnight in Shanghai.
    assert (await told(house, at="2026-11-23T23:59:59+08:00"))["rule"]["id"] == "small"
    tomorrow = await told(house, at="2026-11-24T00:00:00+08:00")
    assert (tomorrow["rule"]["id"], [area["code"] for area in tomorrow["areas"]]) == ("large", [QUARTER])


async def test_a_grid_alone_lies_in_no_area_and_a_place_may_be_named_with_it(house: House) -> None:
    await build_market(house)
    await make(house, "by-row", stalls(area=ROW))
    await make(house, "by-place", stalls("traffic", place=MARKET))
    grid = "990101001001004"
    assert (await told(house, grid=grid))["rule"]["id"] == "e0406"
    named = await told(house, grid=grid, place=MARKET)
    assert (named["rule"]["id"], named["place"]["code"], named["areas"]) == ("by-place", MARKET, [])
    answer = await (await house.caller("dispatcher")).get(
        "/v1/dispatch/explain", params={"category": "E0406", "grid": grid, "place": "nowhere"}
    )
    assert wrong(answer) == [("/query/place", "place_unknown")]


async def test_a_rule_counts_within_its_hours_and_says_so_outside_of_them(house: House) -> None:
    made = await make(house, "nights", stalls(hours=[NIGHTS]))
    assert made["hours"] == [NIGHTS]
    assert made["covers"] == "class E0406, everywhere, daily 22:00-06:00 (next day)"
    by_day = await told(house)
    assert by_day["rule"]["id"] == "e0406"
    assert [(one["rule"]["id"], one["outcome"]) for one in by_day["considered"]][:2] == [
        ("nights", "outside_hours"),
        ("e0406", "chosen"),
    ]
    assert by_day["considered"][0]["explanation"] == "is for other hours"
    for at, chosen in (
        ("2026-11-23T21:59:59+08:00", "e0406"),
        ("2026-11-23T22:00:00+08:00", "nights"),
        ("2026-11-24T05:59:59+08:00", "nights"),
        ("2026-11-23T22:00:00Z", "e0406"),
    ):
        body = await told(house, at=at)
        assert body["rule"]["id"] == chosen, at
    assert (await told(house, at="2026-11-24T00:00:00+08:00"))["considered"][0]["why"] == "names_hours"


async def test_a_ticket_goes_by_its_place_its_areas_and_the_hour(house: House) -> None:
    await build_market(house)
    await make(house, "by-place", stalls("market", place=MARKET))
    await make(house, "by-place-at-night", stalls("traffic", place=MARKET, hours=[NIGHTS]))
    await make(house, "by-row", stalls("power", area=ROW, condition=1))
    by_day = await report(house)
    assert (by_day["unit"]["code"], by_day["dispatch"]["rule_id"]) == ("market", "by-place")
    house.clock.turn(hours=13)
    by_night = await report(house)
    assert (by_night["unit"]["code"], by_night["dispatch"]["rule_id"]) == ("traffic", "by-place-at-night")


async def test_rules_of_the_same_rank_tie_only_where_their_hours_meet(house: House) -> None:
    await build_market(house)
    await make(house, "nights", stalls(area=ROW, hours=[NIGHTS]))
    late = {"days": [5], "from": "20:00", "to": "23:00"}
    answer = await put(house, stalls("power", area=ROW, hours=[late]), f"{RULES}/late")
    assert wrong(answer) == [("/order", "tie")]
    assert answer.json()["errors"][0]["rules"] == ["nights"]
    evening = {"days": [5], "from": "20:00", "to": "22:00"}
    await make(house, "evening", stalls("power", area=ROW, hours=[evening]))
    await make(house, "elsewhere", stalls("power", area=QUARTER, hours=[NIGHTS]))
    answer = await put(house, stalls("water", area=ROW, order=1, hours=[evening]), f"{RULES}/idle")
    assert wrong(answer) == [("/order", "never_chosen")]
    days = {"valid_from": "2026-11-23T00:00:00+08:00", "valid_until": "2026-11-25T00:00:00+08:00"}
    answer = await put(house, stalls("water", area=ROW, hours=[evening], **days), f"{RULES}/never")
    assert wrong(answer) == [("/hours", "hours_never")]


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a place that does not exist": ({"place": "t-mall"}, "/place", "place_unknown"),
    "an area that nobody drew": ({"area": "t-mall"}, "/area", "area_unknown"),
    "a type that does not exist": ({"place_type": "t-malls"}, "/place_type", "place_type_unknown"),
    "a place that can't be one": ({"place": "a b"}, "/place", "string_pattern_mismatch"),
    "a place and a grid": ({"place": "a", "grid_prefix": "99"}, "/grid_prefix", "where_given_twice"),
    "a day after Sunday": ({"hours": [NIGHTS | {"days": [8]}]}, "/hours/0/days/0", "less_than_equal"),
    "a day twice": ({"hours": [NIGHTS | {"days": [1, 1]}]}, "/hours/0/days", "days_wrong"),
    "no day": ({"hours": [NIGHTS | {"days": []}]}, "/hours/0/days", "too_short"),
    "a time of no clock": ({"hours": [NIGHTS | {"to": "25:00"}]}, "/hours/0/to", "string_pattern_mismatch"),
    "hours of nothing": ({"hours": [NIGHTS | {"to": "22:00"}]}, "/hours/0/to", "hours_empty"),
    "hours from 24:00": ({"hours": [NIGHTS | {"from": "24:00"}]}, "/hours/0/from", "time_wrong"),
    "hours without end": ({"hours": [{"days": [1], "from": "08:00"}]}, "/hours/0/to", "missing"),
    "more hours than a week has": ({"hours": [NIGHTS] * 29}, "/hours", "too_long"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_can_not_be_meant_is_refused_at_its_field(shared_house: House, name: str) -> None:
    change, pointer, code = WRONG[name]
    assert wrong(await put(shared_house, stalls(**change), f"{RULES}/never-made")) == [(pointer, code)]


async def test_rules_are_found_by_place_area_and_type_and_survive_a_file(house: House) -> None:
    await build_market(house)
    await make(
        house, "by-place", stalls(place=MARKET, hours=[NIGHTS, {"days": [7], "from": "00:00", "to": "24:00"}])
    )
    await make(house, "by-row", stalls(area=ROW))
    await make(house, "by-type", stalls(place_type=MARKETS))
    for query, expected in (
        (f"place={MARKET}", ["by-place"]),
        (f"area={ROW}", ["by-row"]),
        (f"place_type={MARKETS}", ["by-type"]),
        (f"area={QUARTER}", []),
    ):
        assert [one["id"] for one in (await read(house, f"{RULES}?{query}"))["items"]] == expected
    admin = await house.caller("admin")
    text = (await admin.get(f"{RULES}.yaml")).text
    answer = await admin.put(RULES, content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["added"], answer.json()["changed"], answer.json()["removed"]) == ([], [], [])


async def test_a_rule_whose_place_was_given_up_is_listed_as_broken_and_says_why(house: House) -> None:
    await build_market(house)
    await make(house, "by-place", stalls(place=MARKET))
    await make(house, "by-row", stalls(area=ROW))
    assert (await read(house, f"{RULES}?is_broken=true"))["items"] == []
    whole = await read(house, f"{RULES}?is_broken=false&limit=1")
    async with house.database.write() as session:
        await session.execute(update(Place).where(col(Place.code) == MARKET).values(is_active=False))
        await session.execute(update(Area).where(col(Area.code) == ROW).values(is_active=False))
    broken = (await read(house, f"{RULES}?is_broken=true"))["items"]
    assert [one["id"] for one in broken] == ["by-place", "by-row"]
    assert [(fault["pointer"], fault["code"]) for one in broken for fault in one["broken"]] == [
        ("/place", "place_unknown"),
        ("/area", "area_unknown"),
    ]
    # A cursor goes on although the rules behind the list are others by now.
    assert (await read(house, f"{RULES}?is_broken=false&limit=1&cursor={whole['next']}"))["items"]
    assert "t-market" in broken[0]["broken"][0]["detail"]
    sound = {one["id"] for one in (await read(house, f"{RULES}?is_broken=false&limit=200"))["items"]}
    assert "e0406" in sound
    assert not sound & {"by-place", "by-row"}
    off = {name: value for name, value in broken[0].items() if name not in {"id", "name", "covers", "broken"}}
    answer = await put(house, off | {"is_active": False}, f"{RULES}/by-place")
    assert (answer.status_code, answer.json()["broken"]) == (200, [])
    assert (await told(house))["rule"]["id"] == "e0406"


async def test_a_rule_whose_validity_is_over_is_broken(house: House) -> None:
    await make(
        house, "brief", stalls("market", grid_prefix="990101", valid_until="2026-11-23T10:00:00+08:00")
    )
    assert (await read(house, f"{RULES}?is_broken=true"))["items"] == []
    house.clock.turn(hours=1)
    broken = (await read(house, f"{RULES}?is_broken=true"))["items"]
    assert [(one["id"], one["broken"][0]["code"]) for one in broken] == [("brief", "ended")]


async def test_what_no_rule_covers_goes_to_the_place_then_to_the_owner_of_the_area_then_to_the_grid(
    house: House,
) -> None:
    await build_market(house, market_unit="market", row_unit="property")
    for policy, reason, unit, words in (
        (None, "place_unit", "market", 'responsible for the place "Test market"'),
        ("fallback_to_place_unit", "area_owner", "property", 'owner of the area "Area t-row"'),
        ("fallback_to_area_owner", "fallback", "street", "属地兜底"),
        ("fallback_to_grid_owner", "no_rule", None, "triage"),
    ):
        if policy is not None:
            async with house.database.write() as session:
                await session.merge(Policy(key=policy, value=False))
        body = await told(house, category="E0604")
        assert (body["reason"], body["unit"]["code"] if body["unit"] else None) == (reason, unit)
        assert words in body["explanation"]


async def test_a_change_of_rules_is_tried_out_with_the_places_and_areas_of_past_tickets(house: House) -> None:
    await build_market(house)
    await report(house)
    admin = await house.caller("admin")
    tried: tuple[tuple[dict[str, Any], int], ...] = (
        ({"place": MARKET}, 1),
        ({"area": ROW}, 1),
        ({"place_type": MARKETS}, 1),
        ({"place": MARKET, "hours": [NIGHTS]}, 0),
    )
    for where, moved in tried:
        answer = await admin.post("/v1/dispatch/dry-run", json={"rules": [{"id": "new", **stalls(**where)}]})
        assert (answer.status_code, answer.json()["elsewhere"]) == (200, moved), answer.text


async def test_what_a_rule_was_before_is_kept(house: House) -> None:
    await build_market(house)
    made = await make(house, "by-place", stalls(place=MARKET, valid_until="2027-01-01T00:00:00+08:00"))
    body = stalls("traffic", area=ROW, version=made["version"])
    assert (await put(house, body, f"{RULES}/by-place")).status_code == 200
    admin = await house.caller("admin")
    answer = await admin.get("/v1/reference/changes", params={"noun": "rule", "code": "by-place"})
    assert answer.status_code == 200, answer.text
    newest, oldest = answer.json()["items"]
    assert oldest["before"] is None
    assert oldest["after"]["valid_until"] == "2026-12-31T16:00:00+00:00"
    assert (newest["before"]["place"], newest["after"]["area"]) == (MARKET, ROW)
    assert newest["after"]["is_active"] is True
