"""Dispatch rules that can't be meant, or not beside the others: refused at their field, and nothing is stored."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from api.models import Category, Unit
from tests.conftest import House
from tests.http.rule_editing import MARKET_DAY, RULES, STALLS, editable, put, read, sent_to, wrong

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "half a major class": ({"category": "E040"}, "/category", "string_pattern_mismatch"),
    "a class in small letters": ({"category": "e0406"}, "/category", "string_pattern_mismatch"),
    "a class as a number": ({"category": 406}, "/category", "string_type"),
    "a class that does not exist": ({"category": "E0499"}, "/category", "category_unknown"),
    "a major class without classes": (
        {"category": "E77", "condition": None},
        "/category",
        "category_unknown",
    ),
    "a condition of a whole major class": ({"category": "E04"}, "/condition", "needs_category"),
    "a condition that the class does not have": ({"condition": 9}, "/condition", "condition_unknown"),
    "a condition without number": ({"condition": 0}, "/condition", "greater_than_equal"),
    "a grid that does not exist": ({"grid_prefix": "110101"}, "/grid_prefix", "grid_unknown"),
    "a prefix longer than its grid": (
        {"grid_prefix": "9901010010010041"},
        "/grid_prefix",
        "grid_unknown",
    ),
    "a pattern instead of a prefix": ({"grid_prefix": "9901%"}, "/grid_prefix", "string_pattern_mismatch"),
    "a source that nothing comes from": ({"source": "pigeon"}, "/source", "enum"),
    "a unit that does not exist": ({"lead_unit": "navy"}, "/lead_unit", "unit_unknown"),
    "a rule for nobody": ({"lead_unit": ""}, "/lead_unit", "string_pattern_mismatch"),
    "a helper that does not exist": (
        {"helping_units": ["water", "navy"]},
        "/helping_units/1",
        "unit_unknown",
    ),
    "a unit that helps itself": ({"helping_units": ["market"]}, "/helping_units", "leads_already"),
    "a helper named twice": ({"helping_units": ["water", "water"]}, "/helping_units", "repeated"),
    "a limit without unit": ({"limit": {"value": 4}}, "/limit/unit", "missing"),
    "a limit of nothing": (
        {"limit": {"value": 0, "unit": "working_day"}},
        "/limit/value",
        "greater_than_equal",
    ),
    "a limit in weeks": ({"limit": {"value": 1, "unit": "week"}}, "/limit/unit", "enum"),
    "a priority above all": ({"priority": "top"}, "/priority", "enum"),
    "an order beyond all bounds": ({"order": 10**9}, "/order", "less_than_equal"),
    "an instant without offset": ({"valid_from": "2026-11-01T00:00:00"}, "/valid_from", "timezone_aware"),
    "an instant as a number": ({"valid_from": 1_700_000_000}, "/valid_from", "value_error"),
    "an instant before all time": (
        {"valid_from": "0001-01-01T00:00:00+08:00"},
        "/valid_from",
        "out_of_range",
    ),
    "an instant after all time": (
        {"valid_until": "9999-12-31T23:59:59-08:00"},
        "/valid_until",
        "out_of_range",
    ),
    "an end before the beginning": (
        {"valid_until": "2026-10-01T00:00:00+08:00"},
        "/valid_until",
        "ends_before_start",
    ),
    "a name that is empty": ({"name_zh": ""}, "/name_zh", "string_too_short"),
    "a name of spaces": ({"name_zh": " "}, "/name_zh", "not_a_name"),
    "a name with a NUL": ({"name_en": "a\x00b"}, "/name_en", "value_error"),
    "a name with a line break": ({"name_en": "a\nb"}, "/name_en", "not_a_name"),
    "a version below zero": ({"version": -1}, "/version", "greater_than_equal"),
    "a field that only answers have": ({"covers": ""}, "/covers", "extra_forbidden"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_can_not_be_meant_is_refused_at_its_field(shared_house: House, name: str) -> None:
    change, pointer, code = WRONG[name]
    answer = await put(shared_house, MARKET_DAY | change, f"{RULES}/never-made")
    assert wrong(answer) == [(pointer, code)]
    admin = await shared_house.caller("admin")
    assert (await admin.get(f"{RULES}/never-made")).status_code == 404


@pytest.mark.parametrize("rule_id", ["Stalls", "-stalls", "a" * 65, "a%20b", "%E6%91%8A"])
async def test_an_id_that_no_file_could_have_is_refused(shared_house: House, rule_id: str) -> None:
    assert [at for at, _ in wrong(await put(shared_house, MARKET_DAY, f"{RULES}/{rule_id}"))] == [
        "/path/rule_id"
    ]


async def test_several_wrong_codes_are_told_together(shared_house: House) -> None:
    answer = await put(shared_house, MARKET_DAY | {"grid_prefix": "1", "lead_unit": "navy"})
    assert wrong(answer) == [("/grid_prefix", "grid_unknown"), ("/lead_unit", "unit_unknown")]
    told = answer.json()
    assert (told["code"], told["wrong"]) == ("rules_refused", 2)
    assert told["errors"][1]["detail"] == 'Rule "Stalls on market days" names unit navy, and none is in use.'
    assert "单位navy" in told["errors"][1]["detail_zh"]


async def test_a_tie_is_refused_and_the_other_rule_is_named(house: House) -> None:
    assert (await put(house, MARKET_DAY)).status_code == 201
    # Told at the rule that is sent, whichever of the two is older or begins first.
    for valid_from in ("2026-10-01T00:00:00+08:00", "2026-11-15T00:00:00+08:00"):
        answer = await put(
            house, MARKET_DAY | {"valid_from": valid_from, "lead_unit": "street"}, f"{RULES}/rival"
        )
        assert wrong(answer) == [("/order", "tie")]
        assert answer.json()["errors"][0]["rules"] == ["market-day"]
        assert "Stalls on market days" in answer.json()["errors"][0]["detail"]
    after = {"valid_from": MARKET_DAY["valid_until"], "valid_until": None}
    assert (await put(house, MARKET_DAY | after, f"{RULES}/rival")).status_code == 201


async def test_a_rule_that_can_never_win_is_refused(house: House) -> None:
    answer = await put(house, {**await editable(house, version=None), "order": 1}, f"{RULES}/idle")
    assert wrong(answer) == [("/order", "never_chosen")]
    assert answer.json()["errors"][0]["rules"] == ["e0406"]


async def test_a_rule_in_whose_presence_another_could_never_win_is_refused(house: House) -> None:
    answer = await put(house, {**await editable(house, version=None), "order": -1}, f"{RULES}/usurper")
    assert wrong(answer) == [("/order", "never_chosen")]
    assert answer.json()["errors"][0]["rules"] == ["e0406"]
    assert await sent_to(house) == "cityscape"


async def test_a_rule_that_is_switched_off_stands_in_nobodys_way(house: House) -> None:
    assert (await put(house, await editable(house, is_active=False), STALLS)).status_code == 200
    rival = {**await editable(house, version=None), "is_active": True}
    assert (await put(house, rival, f"{RULES}/rival")).status_code == 201
    again = await put(house, await editable(house, is_active=True), STALLS)
    assert wrong(again) == [("/order", "tie")]
    assert again.json()["errors"][0]["rules"] == ["rival"]


async def test_a_class_that_was_retired_can_not_be_named_but_its_rules_can_be_switched_off(
    house: House,
) -> None:
    async with house.database.write() as session:
        retire = update(Category).where(col(Category.code) == "E0406").values(is_active=False)
        await session.execute(retire)
    changed = await put(house, await editable(house, order=3), STALLS)
    assert wrong(changed) == [("/category", "category_unknown")]
    # What is wrong with one rule is not held against another.
    assert (
        await put(house, await editable(house, f"{RULES}/e04", order=3), f"{RULES}/e04")
    ).status_code == 200
    assert (await put(house, await editable(house, is_active=False), STALLS)).status_code == 200


async def test_a_unit_that_was_closed_down_gets_no_new_rules(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(update(Unit).where(col(Unit.code) == "market").values(is_active=False))
    assert wrong(await put(house, MARKET_DAY)) == [("/lead_unit", "unit_unknown")]
    off = MARKET_DAY | {"is_active": False}
    assert (await put(house, off)).status_code == 201
    assert wrong(await put(house, off | {"version": 1, "lead_unit": "navy"})) == [
        ("/lead_unit", "unit_unknown")
    ]


async def test_what_is_refused_leaves_nothing(house: House) -> None:
    before = await read(house, f"{RULES}?limit=200")
    version = (await read(house, "/v1/catalog"))["version"]
    for change, *_ in WRONG.values():
        await put(house, MARKET_DAY | change, f"{RULES}/never-made")
    assert await read(house, f"{RULES}?limit=200") == before
    assert (await read(house, "/v1/catalog"))["version"] == version
