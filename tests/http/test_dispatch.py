"""Which unit would get it, and why no other."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from api.models import DispatchRule, Policy, Unit
from tests.conftest import House

IN_THE_STREET = {"longitude": "116.41024449916938", "latitude": "39.91640428150164", "crs": "gcj02"}


async def explain(client: httpx.AsyncClient, **query: str) -> httpx.Response:
    return await client.get("/v1/dispatch/explain", params=query)


async def told(house: House, **query: str) -> dict[str, Any]:
    answer = await explain(await house.caller("dispatcher"), **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_most_specific_rule_wins_and_the_others_say_why_they_did_not(shared_house: House) -> None:
    body = await told(shared_house, category="E0406", **IN_THE_STREET)
    assert (body["reason"], body["unit"]["code"], body["rule"]["id"]) == ("rule", "cityscape", "e0406")
    assert body["grid"]["code"] == "990101001001004"
    assert [(one["rule"]["id"], one["outcome"]) for one in body["considered"]] == [
        ("e0406", "chosen"),
        ("e04", "less_specific"),
    ]
    assert all(one["explanation"] for one in body["considered"])


async def test_a_rule_for_a_grid_names_those_who_help(shared_house: House) -> None:
    body = await told(shared_house, category="E0110", grid="990101001003001")
    assert body["unit"]["code"] == "property"
    assert [unit["code"] for unit in body["rule"]["helping_units"]] == ["sanitation"]
    assert "协办" in body["explanation"]


async def test_what_no_rule_covers_goes_to_the_owner_of_the_grid(shared_house: House) -> None:
    body = await told(shared_house, category="E0604", grid="990101001001001")
    assert (body["reason"], body["unit"]["code"], body["rule"]) == ("fallback", "street", None)


async def test_or_to_nobody_where_the_city_does_not_fall_back(house: House) -> None:
    async with house.database.write() as session:
        await session.merge(Policy(key="fallback_to_grid_owner", value=False))
    body = await told(house, category="E0604", grid="990101001001001")
    assert (body["reason"], body["unit"]) == ("no_rule", None)
    assert "研判" in body["explanation"]


async def test_outside_all_grids_only_rules_for_everywhere_count(shared_house: House) -> None:
    body = await told(shared_house, category="E0604", longitude="116", latitude="39")
    assert (body["grid"], body["reason"], body["unit"]) == (None, "no_rule", None)
    assert (await told(shared_house, category="E0406", longitude="116", latitude="39"))["unit"][
        "code"
    ] == "cityscape"


async def test_rules_for_another_source_or_another_time_are_told_as_near_misses(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(
            update(DispatchRule).where(col(DispatchRule.id) == "e0406").values(source="hotline")
        )
    body = await told(house, category="E0406", **IN_THE_STREET)
    assert body["rule"]["id"] == "e04"
    assert body["considered"][0]["outcome"] == "other_source"
    by_phone = await told(house, category="E0406", source="hotline", **IN_THE_STREET)
    assert by_phone["rule"]["id"] == "e0406"


async def test_a_rule_is_in_force_at_the_instant_that_is_asked_for(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(
            update(DispatchRule).where(col(DispatchRule.id) == "e0406").values(valid_from=house.clock.now)
        )
    now = await told(house, category="E0406", **IN_THE_STREET)
    before = await told(house, category="E0406", at="2026-11-23T09:29:59+08:00", **IN_THE_STREET)
    assert (now["rule"]["id"], before["rule"]["id"]) == ("e0406", "e04")
    assert before["considered"][0]["outcome"] == "not_yet_valid"


async def test_what_is_explained_is_what_happens(house: House) -> None:
    explained = await told(house, category="P0101", condition="2", **IN_THE_STREET)
    officer = await house.caller("officer01")
    place = {"longitude": 116.41024449916938, "latitude": 39.91640428150164, "crs": "gcj02"}
    report = {
        "category": "P0101",
        "condition": 2,
        "description": "盖面缺损",
        "observed_at": "2026-11-23T09:28:00+08:00",
        "place": {**place, "accuracy_m": 5},
    }
    filed = await officer.put("/v1/reports/0199c1f0-0000-7000-8000-000000000001", json=report)
    ticket = filed.json()["ticket"]
    assert ticket["unit"]["code"] == explained["unit"]["code"]
    assert ticket["dispatch"]["rule_id"] == explained["rule"]["id"]


async def test_a_helping_unit_that_was_closed_down_keeps_its_name(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(update(Unit).where(col(Unit.code) == "sanitation").values(is_active=False))
    body = await told(house, category="E0110", grid="990101001003001")
    assert body["rule"]["helping_units"][0]["name"] == "环境卫生管理所"


@pytest.mark.parametrize("username", ["officer01", "member-cityscape", "lead-cityscape"])
async def test_rules_are_for_the_desk_to_read(shared_house: House, username: str) -> None:
    answer = await explain(await shared_house.caller(username), category="E0406", grid="990101001001001")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"grid": "9901"}, "/query/category"),
        ({"category": "E0406"}, "/query/longitude"),
        ({"category": "E0406", "longitude": "116.4"}, "/query/latitude"),
        ({"category": "E0406", "grid": "9901", "longitude": "116.4"}, "/query/grid"),
        ({"category": "E0406", "grid": "990101001999"}, "/query/grid"),
        ({"category": "E04", "grid": "9901"}, "/query/category"),
        ({"category": "E9999", "grid": "9901"}, "/query/category"),
        ({"category": "E0406", "grid": "9901", "condition": "98"}, "/query/condition"),
        ({"category": "E0406", "grid": "9901", "condition": "0"}, "/query/condition"),
        ({"category": "E0406", "grid": "9901", "source": "rumour"}, "/query/source"),
        ({"category": "E0406", "grid": "9901", "at": "2026-11-23T09:30:00"}, "/query/at"),
        ({"category": "E0406", "grid": "9901", "at": "9999-12-31T23:59:59Z"}, "/query/at"),
        ({"category": "E0406", "grid": "9901", "at": "0001-01-01T00:00:00+08:00"}, "/query/at"),
        ({"category": "E0406", "longitude": "nan", "latitude": "39.9"}, "/query/longitude"),
        ({"category": "E0406", "longitude": "116.4", "latitude": "39.9", "crs": "local"}, "/query/crs"),
    ],
)
async def test_a_case_that_is_none_is_refused(
    shared_house: House, query: dict[str, str], pointer: str
) -> None:
    answer = await explain(await shared_house.caller("dispatcher"), **query)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
