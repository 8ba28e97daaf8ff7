"""Complete sets of dispatch rules as files: out, into git, and in again; whole or not at all."""

from typing import Any

import httpx
import orjson
import pytest
import yaml

from tests.conftest import House
from tests.http.rule_editing import MARKET_DAY, RULES, editable, put, read, sent_to, wrong

FILE = "/v1/dispatch/rules.yaml"
YAML = {"Content-Type": "application/yaml"}
LEAST = "- {id: all, lead_unit: street, name_zh: 全部, name_en: Everything}\n"


async def exported(house: House, username: str = "dispatcher") -> str:
    answer = await (await house.caller(username)).get(FILE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/yaml"), answer.text
    return answer.text


async def send(
    house: House, content: str | bytes, headers: dict[str, str] | None = None, **query: str
) -> httpx.Response:
    admin = await house.caller("admin")
    return await admin.put(RULES, content=content, headers=YAML | (headers or {}), params=query)


def rules_in(text: str) -> list[dict[str, Any]]:
    return yaml.safe_load(text)["rules"]


def file_of(rules: list[dict[str, Any]]) -> str:
    return yaml.safe_dump({"rules": rules}, allow_unicode=True, sort_keys=False)


async def test_what_was_exported_changes_nothing_when_it_comes_back(house: House) -> None:
    before = (await read(house, "/v1/catalog"))["version"]
    text = await exported(house)
    answer = await send(house, text)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "is_preview": False,
        "added": [],
        "changed": [],
        "removed": [],
        "unchanged": len(rules_in(text)),
        "waiting_now_covered": 0,
    }
    assert await exported(house, "admin") == text
    assert (await read(house, "/v1/catalog"))["version"] == before


async def test_every_field_of_a_rule_survives_the_way_through_a_file(house: House) -> None:
    assert (await put(house, MARKET_DAY)).status_code == 201
    shown = await read(house, f"{RULES}/market-day")
    text = await exported(house)
    assert (
        await put(house, await editable(house, f"{RULES}/market-day", is_active=False), f"{RULES}/market-day")
    ).status_code == 200
    assert "market-day" not in await exported(house)
    answer = await send(house, text)
    assert answer.json()["changed"] == ["market-day"]
    assert await read(house, f"{RULES}/market-day") == shown | {"version": 3}


async def test_a_file_adds_changes_and_switches_off_in_one_go(house: House) -> None:
    rules = rules_in(await exported(house))
    gone = next(one for one in rules if one["id"] == "p0137-row-dark")
    rules.remove(gone)
    next(one for one in rules if one["id"] == "e0406")["lead_unit"] = "market"
    rules.append(
        {"id": "new", "category": "E0604", "lead_unit": "street", "name_zh": "门前", "name_en": "Fronts"}
    )
    told = {
        "added": ["new"],
        "changed": ["e0406"],
        "removed": ["p0137-row-dark"],
        "unchanged": len(rules) - 2,
        "waiting_now_covered": 0,
    }
    preview = await send(house, file_of(rules), dry_run="true")
    assert preview.json() == {"is_preview": True, **told}
    assert await sent_to(house) == "cityscape"
    answer = await send(house, file_of(rules))
    assert answer.json() == {"is_preview": False, **told}
    assert await sent_to(house) == "market"
    assert [
        one["version"] for one in [await read(house, f"{RULES}/{name}") for name in ("new", "e0406")]
    ] == [1, 2]
    off = await read(house, f"{RULES}/p0137-row-dark")
    assert (off["is_active"], off["version"]) == (False, 2)
    back = await send(house, file_of([*rules, gone]))
    assert back.json()["changed"] == ["p0137-row-dark"]


async def test_the_same_set_may_come_as_json(house: House) -> None:
    rules = (await read(house, f"{RULES}?limit=200"))["items"]
    sent = [
        {
            "id": one["id"],
            **{
                key: value
                for key, value in one.items()
                if key not in {"id", "version", "is_active", "name", "covers", "broken"}
            },
        }
        for one in rules
    ]
    answer = await send(house, orjson.dumps({"rules": sent}), {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["unchanged"]) == (200, len(rules)), answer.text


async def test_an_empty_set_switches_everything_off(house: House) -> None:
    answer = await send(house, "rules: []\n")
    assert answer.json()["unchanged"] == 0
    assert answer.json()["removed"]
    assert rules_in(await exported(house)) == []


async def test_whoever_exported_before_somebody_changed_a_rule_is_told(house: House) -> None:
    admin = await house.caller("admin")
    answer = await admin.get(FILE)
    etag, text = answer.headers["etag"], answer.text
    assert (await admin.get(FILE, headers={"If-None-Match": etag})).status_code == 304
    assert (await put(house, await editable(house, order=3), f"{RULES}/e0406")).status_code == 200
    late = await send(house, text, {"If-Match": etag})
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict")
    assert wrong(await send(house, text, {"If-Match": '"3"'})) == [("/header/if-match", "if_match_wrong")]
    present = (await admin.get(FILE)).headers["etag"]
    assert (await send(house, text, {"If-Match": present})).status_code == 200


UNREADABLE = {
    "text that is no YAML": ("rules:\n- id: a\n\tlead_unit: street\n", 3),
    "an alias": (f"rules:\n{LEAST}- &a {{id: x}}\n- *a\n", 4),
    "a key that is there twice": ("rules:\n- id: a\n  order: 1\n  order: 2\n", 4),
    "a second document": ("rules: []\n---\nrules: []\n", 2),
    "a bomb of brackets": ("rules: " + "[" * 1000, 1),
    "Python in disguise": ("rules:\n- !!python/object/apply:os.system ['true']\n", 2),
    "GBK": ("rules:\n- name_zh: 占道\n".encode("gbk"), 2),
    "a day that does not exist": ("rules:\n- valid_from: 2026-13-45\n", None),
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_can_not_be_read_is_refused_with_its_line(shared_house: House, name: str) -> None:
    content, line = UNREADABLE[name]
    answer = await send(shared_house, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable"), answer.text
    assert answer.json().get("line") == line


WRONG = {
    "nothing": ("", [("/rules", "field_mistyped", None)]),
    "a bare list": (LEAST, [("/rules", "field_mistyped", 1)]),
    "something beside the rules": ("rules: []\nversion: 1\n", [("/version", "field_unknown", 2)]),
    "a rule that is a word": ("rules:\n- all\n", [("/rules/0", "field_mistyped", 2)]),
    "a grid as a number": (
        f"rules:\n{LEAST}- id: a\n  grid_prefix: 990101\n  lead_unit: street\n  name_zh: 名\n  name_en: A\n",
        [("/rules/1/grid_prefix", "field_mistyped", 4)],
    ),
    "a misspelt field": (
        "rules:\n- id: a\n  lead/unit: street\n",
        [("/rules/0/lead~1unit", "field_unknown", 3)],
    ),
    "a rule for nobody": (
        "rules:\n- id: a\n  name_zh: 名\n  name_en: A\n",
        [("/rules/0/lead_unit", "field_missing", 2)],
    ),
    "an id in capitals": (
        f"rules:\n{LEAST.replace('all', 'All')}",
        [("/rules/0/id", "not_an_identifier", 2)],
    ),
    "a time without offset": (
        "rules:\n- {id: a, lead_unit: street, name_zh: 名, name_en: A, valid_from: 2026-10-01T00:00:00}\n",
        [("/rules/0/valid_from", "naive_instant", 2)],
    ),
    "an id twice": (f"rules:\n{LEAST}{LEAST}", [("/rules/1/id", "id_repeated", 3)]),
    "a tie and a unit that does not exist": (
        f"rules:\n{LEAST}{LEAST.replace('all', 'rival')}{LEAST.replace('all', 'third').replace('street', 'navy')}",
        [
            ("/rules/1/order", "tie", 3),
            ("/rules/2/order", "tie", 4),
            ("/rules/2/lead_unit", "unit_unknown", 4),
        ],
    ),
    "several rules": (
        f"rules:\n- {{id: a}}\n{LEAST}- {{id: b}}\n",
        [("/rules/0/lead_unit", "field_missing", 2), ("/rules/2/lead_unit", "field_missing", 4)],
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_every_wrong_rule_is_told_with_its_line_and_nothing_is_stored(
    shared_house: House, name: str
) -> None:
    content, expected = WRONG[name]
    before = await exported(shared_house)
    answer = await send(shared_house, content)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "rules_refused"), answer.text
    assert [(one["pointer"], one["code"], one.get("line")) for one in told["errors"]] == expected
    assert told["wrong"] == len(expected)
    assert await exported(shared_house) == before


async def test_a_preview_refuses_what_storing_would(shared_house: House) -> None:
    answer = await send(shared_house, f"rules:\n{LEAST}{LEAST}", dry_run="true")
    assert wrong(answer) == [("/rules/1/id", "id_repeated")]


async def test_more_rules_than_any_office_has_are_refused(shared_house: House) -> None:
    answer = await send(shared_house, "rules:\n" + "- {}\n" * 10_001)
    assert wrong(answer) == [("/rules", "too_many")]


async def test_other_media_types_are_refused(shared_house: House) -> None:
    answer = await send(shared_house, "rules: []", {"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")
    broken = await send(shared_house, "{", {"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (400, "unreadable")


async def test_a_file_beyond_the_bound_is_refused(shared_house: House) -> None:
    answer = await send(shared_house, b"#" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
