"""Two administrators at the dispatch rules: one wins, the other learns why not, and no two rules ever tie."""

import asyncio
from collections import Counter
from typing import Any

from tests.conftest import House

RULES = "/v1/dispatch/rules"
RULE: dict[str, Any] = {
    "category": "E0406",
    "grid_prefix": "990101001001",
    "lead_unit": "market",
    "name_zh": "占道经营",
    "name_en": "Vending",
}
AT_ONCE = 12


async def test_of_many_changes_of_one_rule_at_once_one_is_stored(house: House) -> None:
    admin = await house.caller("admin")
    assert (await admin.put(f"{RULES}/stalls", json=RULE)).status_code == 201
    answers = await asyncio.gather(
        *(
            admin.put(f"{RULES}/stalls", json={**RULE, "version": 1, "order": order + 1})
            for order in range(AT_ONCE)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    assert {answer.json()["version"] for answer in answers} == {2}
    winner = [answer.status_code for answer in answers].index(200)
    assert (await admin.get(f"{RULES}/stalls")).json()["order"] == winner + 1


async def test_of_many_that_make_the_same_rule_one_makes_it_and_the_others_find_it(house: House) -> None:
    admin = await house.caller("admin")
    answers = await asyncio.gather(*(admin.put(f"{RULES}/stalls", json=RULE) for _ in range(AT_ONCE)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: AT_ONCE - 1}


async def test_of_rules_that_tie_and_are_made_at_once_one_is_stored(house: House) -> None:
    admin = await house.caller("admin")
    answers = await asyncio.gather(
        *(admin.put(f"{RULES}/stalls-{number}", json=RULE) for number in range(AT_ONCE))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: AT_ONCE - 1}
    winner = f"stalls-{[answer.status_code for answer in answers].index(201)}"
    refused = [answer.json() for answer in answers if answer.status_code == 422]
    assert {(one["errors"][0]["code"], *one["errors"][0]["rules"]) for one in refused} == {("tie", winner)}
