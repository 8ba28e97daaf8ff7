"""Tickets that wait for a person: why, what is to be done, and sending them on once a rule covers them."""

from typing import Any

import pytest

from api.models import Policy
from tests.conftest import House
from tests.http.rule_editing import RULES, editable, put
from tests.http.side_ways import actions, refused, returned, seen
from tests.http.walking import report, stepped

FRONTAGE: dict[str, Any] = {
    "category": "E0604",
    "lead_unit": "market",
    "name_zh": "门前四包",
    "name_en": "Frontages",
}
RUN = "/v1/dispatch/triage-run"


async def waiting(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a report
    """Return a ticket that no rule covers, in a city that doesn't fall back on anybody."""
    async with house.database.write() as session:
        await session.merge(Policy(key="fallback_to_grid_owner", value=False))
    told: dict[str, Any] = {"category": "E0604", "condition": 1, **changes}
    ticket = await report(house, **told)
    assert (ticket["state"], ticket["triage"]["code"]) == ("filed", "no_rule")
    return ticket


async def run(house: House, username: str = "dispatcher") -> dict[str, Any]:
    answer = await (await house.caller(username)).post(RUN)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(house: House, **query: str) -> list[str]:
    answer = await (await house.caller("dispatcher")).get("/v1/tickets", params=query)
    assert answer.status_code == 200, answer.text
    return [one["number"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("language", "why", "advice"),
    [
        ("zh", "没有匹配的派遣规则", "派遣给责任单位；再有同类案件，请管理员补充派遣规则。"),
        (
            "en",
            "No dispatch rule matches.",
            "Dispatch it to a unit; if there are more like it, an administrator adds a rule.",
        ),
    ],
)
async def test_the_desks_queue_says_why_a_ticket_waits_and_what_is_to_be_done(
    house: House, language: str, why: str, advice: str
) -> None:
    ticket = await waiting(house)
    dispatcher = await house.caller("dispatcher")
    for path in ("/v1/queue", f"/v1/tickets/{ticket['id']}"):
        body = (await dispatcher.get(path, headers={"Accept-Language": language})).json()
        triage = (body["items"][0] if "items" in body else body)["triage"]
        assert triage == {"code": "no_rule", "detail": why, "advice": advice}


async def test_tickets_are_listed_and_counted_by_why_they_wait(house: House) -> None:
    first, second = await waiting(house), await waiting(house)
    await report(house)
    tip = await report(house, "dispatcher")
    assert sorted(await listed(house, triage="no_rule")) == [first["number"], second["number"]]
    assert await listed(house, triage="not_an_officer") == [tip["number"]]
    assert await listed(house, triage="returned") == []
    counted = (
        await (await house.caller("dispatcher")).get(
            "/v1/tickets/counts", params={"by": "triage"}, headers={"Accept-Language": "en"}
        )
    ).json()["items"]
    assert counted == [
        {"key": "no_rule", "name": "No dispatch rule matches.", "count": 2},
        {"key": "not_an_officer", "name": "Not an officer's report: a dispatcher files it.", "count": 1},
        {"key": None, "name": None, "count": 1},
    ]


async def test_a_new_rule_says_how_many_waiting_tickets_it_covers_and_they_are_sent_on(house: House) -> None:
    first, second = await waiting(house), await waiting(house)
    assert await run(house) == {"examined": 2, "sent": 0, "is_complete": True}
    elsewhere = await put(house, FRONTAGE | {"grid_prefix": "990101001016"}, f"{RULES}/elsewhere")
    assert (elsewhere.status_code, elsewhere.json()["waiting_now_covered"]) == (201, 0)
    made = await put(house, FRONTAGE, f"{RULES}/frontages")
    assert (made.status_code, made.json()["waiting_now_covered"]) == (201, 2)
    # Nothing moves before somebody says so.
    assert (await seen(house, "dispatcher", first))["state"] == "filed"
    assert await run(house) == {"examined": 2, "sent": 2, "is_complete": True}
    for ticket in (first, second):
        after = await seen(house, "dispatcher", ticket)
        assert (after["state"], after["unit"]["code"], after["triage"]) == ("assigned", "market", None)
        assert after["dispatch"]["rule_id"] == "frontages"
        assert await actions(house, ticket) == ["report", "file", "dispatch"]
    assert await run(house, "admin") == {"examined": 0, "sent": 0, "is_complete": True}


async def test_a_set_of_rules_says_the_same_even_before_it_is_stored(house: House) -> None:
    await waiting(house)
    admin = await house.caller("admin")
    text = (await admin.get(f"{RULES}.yaml")).text
    text += "- {id: frontages, category: E0604, lead_unit: market, name_zh: 门前, name_en: Frontages}\n"
    for dry_run in ("true", "false"):
        answer = await admin.put(
            RULES, content=text, params={"dry_run": dry_run}, headers={"Content-Type": "application/yaml"}
        )
        assert (answer.status_code, answer.json()["waiting_now_covered"]) == (200, 1), answer.text
    off = await put(house, await editable(house, f"{RULES}/frontages", is_active=False), f"{RULES}/frontages")
    assert (off.status_code, off.json()["waiting_now_covered"]) == (200, 0)


async def test_tickets_that_wait_for_something_else_stay(house: House) -> None:
    ticket = await returned(house, "member-cityscape", await report(house))
    assert await run(house) == {"examined": 0, "sent": 0, "is_complete": True}
    assert (await seen(house, "dispatcher", ticket))["triage"]["code"] == "returned"


async def test_a_ticket_that_somebody_dispatched_meanwhile_is_not_sent_again(house: House) -> None:
    ticket = await waiting(house)
    assert (await put(house, FRONTAGE, f"{RULES}/frontages")).status_code == 201
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="street")
    assert (await run(house))["sent"] == 0
    await refused(house, "dispatcher", ticket, "dispatch", "step_refused", unit="market")
