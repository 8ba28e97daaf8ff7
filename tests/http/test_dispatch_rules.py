"""Dispatch rules: read by the desk, maintained by administrators, live at once on every process."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.settings import Settings
from tests.conftest import House, opened_house
from tests.http.rule_editing import MARKET_DAY, RULES, STALLS, as_read, editable, put, read, sent_to, wrong


async def listed(house: House, **query: Any) -> list[str]:  # noqa: ANN401  any parameter
    answer = await (await house.caller("dispatcher")).get(RULES, params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_the_desk_reads_a_rule_as_it_is_maintained(shared_house: House) -> None:
    for username in ("dispatcher", "supervisor", "admin"):
        shown = await read(shared_house, f"{RULES}/p0137-row-dark", username)
        assert shown == {
            "id": "p0137-row-dark",
            "version": 1,
            "is_active": True,
            "name": "Row of street lamps dark",
            "covers": "condition P0137-2, everywhere",
            "broken": [],
            "category": "P0137",
            "condition": 2,
            "place": None,
            "grid_prefix": "",
            "area": None,
            "place_type": None,
            "source": None,
            "lead_unit": "power",
            "helping_units": [],
            "limit": None,
            "priority": None,
            "order": 0,
            "valid_from": None,
            "valid_until": None,
            "hours": [],
            "name_zh": "路灯连片不亮",
            "name_en": "Row of street lamps dark",
        }


async def test_names_speak_the_callers_language(shared_house: House) -> None:
    shown = await read(shared_house, STALLS, language="zh")
    assert (shown["name"], shown["covers"]) == (shown["name_zh"], "类别E0406，不限区域")


async def test_pages_of_rules_together_are_all_rules_by_id(shared_house: House) -> None:
    dispatcher = await shared_house.caller("dispatcher")
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await dispatcher.get(RULES, params={"limit": 7, **cursor})).json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == sorted(found)
    assert found == await listed(shared_house)
    assert len(found) == len(set(found)) > 7


async def test_rules_are_found_by_unit_class_and_grid(shared_house: House) -> None:
    everything = (await read(shared_house, f"{RULES}?limit=200"))["items"]
    assert await listed(shared_house, unit="telecom") == [
        one["id"] for one in everything if "telecom" in (one["lead_unit"], *one["helping_units"])
    ]
    assert await listed(shared_house, category="E04") == [
        one["id"] for one in everything if one["category"].startswith("E04")
    ]
    in_the_third = await listed(shared_house, grid="990101001003")
    assert in_the_third == [one["id"] for one in everything if one["grid_prefix"].startswith("990101001003")]
    assert in_the_third
    assert await listed(shared_house, category="E04", unit="water") == []
    assert await listed(shared_house, is_active=False) == []


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"unit": "navy"}, "/query/unit", "unit_unknown"),
        ({"category": "E4"}, "/query/category", "string_pattern_mismatch"),
        ({"grid": "99%"}, "/query/grid", "string_pattern_mismatch"),
        ({"is_active": "maybe"}, "/query/is_active", "bool_parsing"),
        ({"cursor": "bm8"}, "/query/cursor", "cursor_wrong"),
        ({"active": "true"}, "/query/active", "query_unknown"),
    ],
)
async def test_a_filter_that_can_not_be_meant_is_refused(
    shared_house: House, query: dict[str, str], pointer: str, code: str
) -> None:
    answer = await (await shared_house.caller("dispatcher")).get(RULES, params=query)
    assert wrong(answer) == [(pointer, code)]


async def test_a_cursor_of_another_list_is_refused(shared_house: House) -> None:
    dispatcher = await shared_house.caller("dispatcher")
    cursor = (await dispatcher.get(RULES, params={"limit": 1})).json()["next"]
    answer = await dispatcher.get(RULES, params={"limit": 1, "category": "E", "cursor": cursor})
    assert wrong(answer) == [("/query/cursor", "cursor_wrong")]


async def test_who_has_the_present_rules_is_not_sent_them_again(shared_house: House) -> None:
    supervisor = await shared_house.caller("supervisor")
    for path in (RULES, STALLS):
        etag = (await supervisor.get(path)).headers["etag"]
        assert (await supervisor.get(path, headers={"If-None-Match": etag})).status_code == 304


async def test_a_rule_that_is_not_there_is_not_found(house: House) -> None:
    admin = await house.caller("admin")
    assert (await admin.get(f"{RULES}/nobodys")).status_code == 404
    answer = await put(house, MARKET_DAY | {"version": 1}, f"{RULES}/nobodys")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_new_rule_is_made_without_a_version_and_read_back_as_it_was_sent(house: House) -> None:
    for version, path in ((None, f"{RULES}/market-day"), (0, f"{RULES}/other-day")):
        grid = "990101001" if version is None else "990101001001"
        body = MARKET_DAY | {"version": version, "grid_prefix": grid}
        answer = await put(house, body, path)
        assert (answer.status_code, answer.json()["version"]) == (201, 1), answer.text
        again = await put(house, body, path)
        assert (again.status_code, again.json()) == (200, answer.json())
        shown = await read(house, path)
        instants = {"valid_from", "valid_until"}
        assert {name: shown[name] for name in body.keys() - instants - {"version"}} == {
            name: body[name] for name in body.keys() - instants - {"version"}
        }
        for name in instants:
            assert datetime.fromisoformat(shown[name]) == datetime.fromisoformat(MARKET_DAY[name])


async def test_a_change_counts_at_once(house: House) -> None:
    assert await sent_to(house) == "cityscape"
    answer = await put(house, await editable(house, lead_unit="market"), STALLS)
    assert (answer.status_code, answer.json()["version"]) == (200, 2), answer.text
    assert await sent_to(house) == "market"
    assert await read(house, STALLS) == as_read(answer)


async def test_a_change_counts_in_another_process_at_its_next_request(
    house: House, settings: Settings
) -> None:
    async with opened_house(settings) as other:
        assert await sent_to(other) == "cityscape"
        assert (await put(house, await editable(house, lead_unit="market"), STALLS)).status_code == 200
        assert await sent_to(other) == "market"


async def test_a_rule_that_is_switched_off_stays_and_does_not_count(house: House) -> None:
    answer = await put(house, await editable(house, is_active=False), STALLS)
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert await listed(house, is_active=False) == ["e0406"]
    assert "e0406" not in await listed(house, is_active=True)
    explained = await read(house, "/v1/dispatch/explain?category=E0406&grid=990101001001004")
    assert explained["rule"]["id"] == "e04"
    on = await put(house, await editable(house, is_active=True), STALLS)
    assert (on.status_code, on.json()["version"]) == (200, 3)


async def test_the_same_content_again_changes_nothing_not_even_the_snapshot(house: House) -> None:
    body = await editable(house, order=5)
    first = await put(house, body, STALLS)
    before = (await read(house, "/v1/catalog"))["version"]
    again = await put(house, body, STALLS)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await read(house, "/v1/catalog"))["version"] == before


async def test_the_same_instant_written_otherwise_is_the_same_content(house: House) -> None:
    await put(house, MARKET_DAY)
    at = datetime.fromisoformat(MARKET_DAY["valid_from"]).astimezone(UTC).isoformat()
    again = await put(house, MARKET_DAY | {"valid_from": at})
    assert (again.status_code, again.json()["version"]) == (200, 1)


async def test_the_answer_of_a_change_has_the_etag_of_the_next_read(house: House) -> None:
    answer = await put(house, MARKET_DAY)
    admin = await house.caller("admin")
    present = await admin.get(f"{RULES}/market-day", headers={"Accept-Language": "en"})
    assert answer.headers["etag"] == present.headers["etag"]
    assert answer.headers["etag"].startswith('"1.')


async def test_whoever_was_slower_learns_the_present_version(house: House) -> None:
    body = await editable(house)
    assert (await put(house, body | {"order": 1}, STALLS)).status_code == 200
    for stale in (1, 3, 0):
        answer = await put(house, body | {"order": 2, "version": stale}, STALLS)
        told = answer.json()
        assert (answer.status_code, told["code"], told["version"]) == (409, "version_conflict", 2)
    assert (await read(house, STALLS))["order"] == 1


async def test_a_version_is_needed_in_the_body_or_by_if_match(house: House) -> None:
    etag = (await (await house.caller("admin")).get(STALLS)).headers["etag"]
    body = await editable(house, version=None, order=1)
    assert (await put(house, body, STALLS)).status_code == 428
    contradicting = await put(house, body | {"version": 4}, STALLS, headers={"If-Match": etag})
    assert wrong(contradicting) == [("/version", "version_contradicts")]
    weak = await put(house, body, STALLS, headers={"If-Match": f"W/{etag}"})
    assert wrong(weak) == [("/header/if-match", "if_match_wrong")]
    assert (await put(house, body, STALLS, headers={"If-Match": etag})).status_code == 200
