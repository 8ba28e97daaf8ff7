"""A change of the dispatch rules tried out on the past: counts, examples with reasons, and nothing stored."""

from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import event, update

from api.domain.dispatch_replay import Replay, with_changed_rules
from api.models import Ticket
from api.queries.past_cases import replay_past_cases
from api.queries.reference import load_reference
from tests.conftest import House
from tests.http.rule_editing import MARKET_DAY, read, sent_to, wrong
from tests.http.walking import rectified, report

PATH = "/v1/dispatch/dry-run"
TO_MARKET: dict[str, Any] = {
    "id": "e0406",
    "category": "E0406",
    "lead_unit": "market",
    "name_zh": "占道经营",
    "name_en": "Street vending",
}


async def replay(house: House, username: str = "supervisor", **body: Any) -> httpx.Response:  # noqa: ANN401  any member
    caller = await house.caller(username)
    return await caller.post(PATH, json=body, headers={"Accept-Language": "en"})


async def replayed(house: House, **body: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    answer = await replay(house, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_changed_rule_says_which_tickets_would_have_gone_elsewhere_and_why(house: House) -> None:
    older = await report(house)
    house.clock.turn(hours=1)
    newer = await rectified(house)
    await report(house, category="E0110")
    told = await replayed(house, rules=[TO_MARKET])
    assert {name: told[name] for name in ("days", "examined", "elsewhere", "is_complete")} == {
        "days": 30,
        "examined": 3,
        "elsewhere": 2,
        "is_complete": True,
    }
    assert [
        (one["unit_before"]["code"], one["unit_after"]["code"], one["count"]) for one in told["moves"]
    ] == [("cityscape", "market", 2)]
    assert [one["number"] for one in told["examples"]] == [newer["number"], older["number"]]
    example = told["examples"][0]
    assert (example["category"], example["condition"], example["source"]) == ("E0406", 1, "officer")
    assert (example["unit_before"]["code"], example["unit_after"]["code"]) == ("cityscape", "market")
    assert example["explanation_before"].startswith('Rule "')
    assert example["explanation_after"].startswith(
        'Rule "Street vending" (class E0406, everywhere) sends it to '
    )


async def test_nothing_is_stored(house: House) -> None:
    ticket = await report(house)
    version = (await read(house, "/v1/catalog"))["version"]
    await replayed(house, rules=[TO_MARKET])
    assert await sent_to(house) == "cityscape"
    assert (await read(house, "/v1/catalog"))["version"] == version
    assert (await read(house, f"/v1/tickets/{ticket['id']}"))["unit"]["code"] == "cityscape"


async def test_a_rule_that_is_switched_off_leaves_its_cases_to_the_next(house: House) -> None:
    await report(house)
    assert (await replayed(house, deactivate=["e0406"]))[
        "elsewhere"
    ] == 0  # the major class goes to the same unit
    told = await replayed(house, deactivate=["e0406", "e04"])
    assert [one["unit_after"]["code"] for one in told["moves"]] == ["street"]
    assert "属地兜底" in told["examples"][0]["explanation_after"]


async def test_cases_that_nobody_would_get_are_told_as_such(house: House) -> None:
    await report(house)
    async with house.database.write() as session:
        # A place outside all grids has no owner to fall back on.
        await session.execute(update(Ticket).values(grid_code=None, grid_id=None))
    told = await replayed(house, deactivate=["e0406", "e04"])
    assert [(one["unit_before"]["code"], one["unit_after"], one["count"]) for one in told["moves"]] == [
        ("cityscape", None, 1)
    ]
    assert told["examples"][0]["grid"] is None


async def test_rules_count_as_they_would_have_when_the_ticket_was_filed(house: House) -> None:
    await report(house)
    later = {**TO_MARKET, "id": "later", "order": -1, "valid_from": "2026-11-23T10:00:00+08:00"}
    assert (await replayed(house, rules=[later]))["elsewhere"] == 0
    house.clock.turn(hours=1)
    await report(house)
    assert (await replayed(house, rules=[later]))["elsewhere"] == 1


async def test_only_tickets_of_the_last_days_are_looked_at(house: House) -> None:
    await report(house)
    house.clock.turn(days=3)
    await report(house)
    assert (await replayed(house, rules=[TO_MARKET], days=2))["examined"] == 1
    assert (await replayed(house, rules=[TO_MARKET], days=4))["examined"] == 2
    assert (await replayed(house))["elsewhere"] == 0


async def test_a_replay_is_bounded_says_so_and_asks_once_for_each_batch(house: House) -> None:
    for _ in range(5):
        house.clock.turn(minutes=5)
        await report(house)
    asked: list[str] = []
    event.listen(
        house.database.engine.sync_engine, "before_cursor_execute", lambda *found: asked.append(found[2])
    )
    async with house.database.snapshot() as session:
        present = await load_reference(session, ZoneInfo("Asia/Shanghai"))
    changed = with_changed_rules(present, [], ["e0406"])
    for bound, complete, statements in ((3, False, 2), (5, True, 2), (100, True, 1)):
        found = Replay(present, changed)
        async with house.database.read() as session:
            asked.clear()
            await replay_past_cases(session, found, house.clock.now.replace(year=2020), bound)
        assert (found.examined, found.is_complete, len(asked)) == (min(bound, 5), complete, statements)


WRONG: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "no days": ({"days": 0}, [("/days", "greater_than_equal")]),
    "too many days": ({"days": 91}, [("/days", "less_than_equal")]),
    "an unknown field": ({"put": []}, [("/put", "extra_forbidden")]),
    "a rule without id": ({"rules": [MARKET_DAY]}, [("/rules/0/id", "missing")]),
    "a rule that makes no sense": (
        {"rules": [TO_MARKET, {**MARKET_DAY, "id": "x", "helping_units": ["market"]}]},
        [("/rules/1/helping_units", "leads_already")],
    ),
    "a unit that does not exist": (
        {"rules": [{**TO_MARKET, "lead_unit": "navy"}]},
        [("/rules/0/lead_unit", "unit_unknown")],
    ),
    "a tie": ({"rules": [{**TO_MARKET, "id": "rival"}]}, [("/rules/0/order", "tie")]),
    "a tie among those sent": (
        {"rules": [{**MARKET_DAY, "id": "one"}, {**MARKET_DAY, "id": "two"}]},
        [("/rules/1/order", "tie")],
    ),
    "a rule twice": ({"rules": [TO_MARKET, TO_MARKET]}, [("/rules/1/id", "id_repeated")]),
    "a rule put and switched off": (
        {"rules": [TO_MARKET], "deactivate": ["e0406"]},
        [("/deactivate/0", "id_repeated")],
    ),
    "a rule that is not there": ({"deactivate": ["e04", "nobodys"]}, [("/deactivate/1", "rule_unknown")]),
    "an id that is none": ({"deactivate": ["E04"]}, [("/deactivate/0", "string_pattern_mismatch")]),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_change_that_could_not_be_stored_is_refused(shared_house: House, name: str) -> None:
    body, expected = WRONG[name]
    assert wrong(await replay(shared_house, **body)) == expected
