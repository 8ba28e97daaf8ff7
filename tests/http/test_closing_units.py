"""A unit that is closed down: what depends on it is named, what it works on goes to another, at once and whole."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import House
from tests.http.side_ways import returned
from tests.http.test_units import DEPOT, editable, put, read
from tests.http.walking import accepted, photo, report, step, stepped

CITYSCAPE = "/v1/units/cityscape"


async def idle(house: House, code: str = "cityscape") -> None:
    """Take a unit's rules and grids away, as an administrator does before it is closed down."""
    async with house.database.write() as session:
        for statement in (
            "UPDATE dispatch_rules SET is_active = false FROM units WHERE units.id = unit_id AND code = :code",
            "UPDATE grids SET unit_id = NULL FROM units WHERE units.id = unit_id AND units.code = :code",
        ):
            await session.execute(text(statement), {"code": code})


async def seen(house: House, ticket: dict[str, Any], username: str = "dispatcher") -> dict[str, Any]:
    return await read(house, f"/v1/tickets/{ticket['id']}", username)


async def history(house: House, ticket: dict[str, Any]) -> list[dict[str, Any]]:
    told = await read(house, f"/v1/tickets/{ticket['id']}/history?verify=true", "dispatcher")
    assert told["verified"] is True
    return told["items"]


async def closed_down(house: House, heir: str = "street") -> Any:  # noqa: ANN401  the answer's JSON
    answer = await put(house, await editable(house, CITYSCAPE, is_active=False, hand_over_to=heir), CITYSCAPE)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_depends_on_a_unit_is_named_and_nothing_changes(house: House) -> None:
    await report(house)
    for heir in (None, "street"):
        body = await editable(house, CITYSCAPE, is_active=False, hand_over_to=heir)
        answer = await put(house, body, CITYSCAPE)
        told = answer.json()
        assert (answer.status_code, told["code"], told["tickets"]) == (409, "unit_in_use", 1)
        assert told["rules"]
    assert (await read(house, CITYSCAPE))["version"] == 1


async def test_a_unit_that_owns_grids_stays(house: House) -> None:
    answer = await put(house, await editable(house, "/v1/units/street", is_active=False), "/v1/units/street")
    assert (answer.status_code, answer.json()["code"]) == (409, "unit_in_use")
    assert answer.json()["grids"]


async def test_open_tickets_need_somebody_who_takes_them(house: House) -> None:
    await idle_after_reporting(house)
    answer = await put(house, await editable(house, CITYSCAPE, is_active=False), CITYSCAPE)
    assert (answer.status_code, answer.json()["tickets"], answer.json()["rules"]) == (409, 1, [])


async def idle_after_reporting(house: House) -> dict[str, Any]:
    ticket = await report(house)
    assert ticket["unit"]["code"] == "cityscape"
    await idle(house)
    return ticket


@pytest.mark.parametrize(
    ("heir", "code"),
    [("nowhere", "unit_unknown"), ("cityscape", "unit_is_closing"), ("depot", "unit_unknown")],
)
async def test_only_another_unit_at_work_can_take_over(house: House, heir: str, code: str) -> None:
    await put(house, DEPOT | {"is_active": False})
    await idle_after_reporting(house)
    body = await editable(house, CITYSCAPE, is_active=False, hand_over_to=heir)
    answer = await put(house, body, CITYSCAPE)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == "/hand_over_to"


async def test_assigned_and_accepted_tickets_go_to_the_other_unit_with_a_full_limit(house: House) -> None:
    tickets = [await report(house), await accepted(house, description="又一处")]
    await idle(house)
    house.clock.turn(hours=1)
    done = await closed_down(house)
    assert (done["handed_over_tickets"], done["handed_over_calls"], done["is_active"]) == (2, 0, False)
    for ticket in tickets:
        now = await seen(house, ticket)
        assert (now["state"], now["unit"]["code"]) == ("assigned", "street")
        assert datetime.fromisoformat(now["due_at"]) > datetime.fromisoformat(ticket["due_at"])
        last = (await history(house, ticket))[-1]
        assert (last["action"], last["actor"]["id"]) == ("reassign", None)
        assert last["facts"]["from_unit"] == "cityscape"
        assert last["facts"]["unit"] == "street"
        assert last["facts"]["by"] == "admin"
        assert (await step(house, "member-cityscape", now, "accept")).status_code == 404
        await stepped(house, "member-street", now, "accept")


async def test_a_suspended_ticket_goes_over_and_is_no_longer_suspended(house: House) -> None:
    ticket = await accepted(house)
    until = (house.clock.now + timedelta(days=3)).isoformat()
    ticket = await stepped(
        house, "member-cityscape", ticket, "request_suspension", reason="等待材料", until=until
    )
    ticket = await stepped(house, "dispatcher", ticket, "grant_suspension")
    await idle(house)
    await closed_down(house)
    now = await seen(house, ticket)
    assert (now["state"], now["unit"]["code"]) == ("assigned", "street")
    assert now["due_at"] is not None


async def test_calls_for_help_go_over_unless_the_other_unit_is_in_it_already(house: House) -> None:
    ticket = await accepted(house, category="E0406")
    ticket = await stepped(house, "lead-cityscape", ticket, "ask_help", unit="water", reason="需冲洗路面")
    other = await accepted(house, description="又一处")
    other = await stepped(house, "lead-cityscape", other, "ask_help", unit="water", reason="需冲洗路面")
    other = await stepped(house, "dispatcher", other, "ask_help", unit="street", reason="需协调商户")
    await idle(house, "water")
    body = await editable(house, "/v1/units/water", is_active=False, hand_over_to="street")
    done = (await put(house, body, "/v1/units/water")).json()
    assert (done["handed_over_tickets"], done["handed_over_calls"]) == (0, 2)
    for called in (ticket, other):
        now = await seen(house, called)
        assert (now["state"], now["unit"]["code"]) == ("in_progress", "cityscape")
        assert now["due_at"] == called["due_at"]
        assert (await history(house, called))[-1]["action"] == "reassign_help"
        await stepped(house, "member-street", now, "answer_help", note="已协助")


async def test_a_helper_that_becomes_responsible_is_no_helper_any_more(house: House) -> None:
    ticket = await accepted(house)
    ticket = await stepped(house, "lead-cityscape", ticket, "ask_help", unit="street", reason="需协调商户")
    await idle(house)
    assert (await closed_down(house))["handed_over_tickets"] == 1
    now = await stepped(house, "member-street", await seen(house, ticket), "accept")
    after = await photo(house, "member-street", "after")
    await stepped(house, "member-street", now, "rectify", note="已清理", photos=[after])


async def test_a_repair_that_waits_for_its_check_keeps_its_unit_open(house: House) -> None:
    ticket = await accepted(house)
    after = await photo(house, "member-cityscape", "after")
    await stepped(house, "member-cityscape", ticket, "rectify", note="已劝离", photos=[after])
    await idle(house)
    body = await editable(house, CITYSCAPE, is_active=False, hand_over_to="street")
    answer = await put(house, body, CITYSCAPE)
    assert (answer.status_code, answer.json()["code"], answer.json()["checks"]) == (409, "unit_in_use", 1)


async def test_what_reached_a_unit_in_the_moment_of_its_closing_is_handed_over_later(house: House) -> None:
    ticket = await idle_after_reporting(house)
    async with house.database.write() as session:
        await session.execute(text("UPDATE units SET is_active = false WHERE code = 'cityscape'"))
    assert (await closed_down(house))["handed_over_tickets"] == 1
    assert (await seen(house, ticket))["unit"]["code"] == "street"


async def test_a_successor_whose_calendar_can_not_tell_the_due_time_takes_nothing(house: House) -> None:
    ticket = await report(house, category="P0101", condition=2)
    unit = ticket["unit"]["code"]
    await idle(house, unit)
    short: dict[str, Any] = {
        "name_zh": "短",
        "name_en": "Short",
        "time_zone": "Asia/Shanghai",
        "working_day_minutes": 480,
        "weekly": [["08:00-08:01"]] * 7,
        "first_on": "2026-01-01",
        "last_on": "2026-11-23",
        "days": [],
    }
    made = await put(house, short, "/v1/calendars/short")
    assert made.status_code == 201, made.text
    await put(house, DEPOT | {"calendar": "short"})
    path = f"/v1/units/{unit}"
    answer = await put(house, await editable(house, path, is_active=False, hand_over_to="depot"), path)
    assert (answer.status_code, answer.json()["code"]) == (409, "past_calendar_horizon")
    assert (await seen(house, ticket))["unit"]["code"] == unit
    assert (await read(house, path))["is_active"] is True


async def test_a_ruling_does_not_pin_the_ticket_to_the_unit_that_takes_over(house: House) -> None:
    ticket = await returned(house, "member-cityscape", await report(house))
    ticket = await stepped(house, "dispatcher", ticket, "rule", unit="cityscape", reason="属市容管理")
    assert (ticket["pinned"], ticket["return_until"]) == (True, None)
    await idle(house)
    await closed_down(house)
    ticket = await seen(house, ticket)
    assert (ticket["unit"]["code"], ticket["pinned"]) == ("street", False)
    assert ticket["return_until"] is not None
    assert "return" in (await seen(house, ticket, "member-street"))["actions"]
