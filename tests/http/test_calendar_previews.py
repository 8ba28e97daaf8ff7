"""Whom a change of a calendar would meet: counted before it is stored, and nobody's ticket moved unasked."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text

from api.models import Ticket
from api.queries.calendars import find_affected
from tests.conftest import House
from tests.http.calendar_editing import CITY, NIGHT, PATH, editable, explained, put, read, with_holiday
from tests.http.walking import UNIT, report


async def counted_in_the_city(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a report
    """Report a broken manhole cover: its unit has four working hours in the city's calendar."""
    ticket = await report(house, category="P0101", condition=2, **changes)
    assert ticket["deadline"]["rule"].endswith("working_hour city"), ticket["deadline"]
    return ticket


async def test_a_preview_says_which_tickets_would_be_due_when_and_stores_nothing(house: House) -> None:
    ticket = await counted_in_the_city(house)
    await report(house)  # two urgent hours: the calendar does not matter
    body = with_holiday(await editable(house), "2026-11-23")
    answer = await put(house, body, f"{PATH}?dry_run=true")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["is_preview"], told["version"]) == (True, 1)
    assert "etag" not in answer.headers
    affected = told["affected"]
    examples = affected.pop("examples")
    assert affected == {
        "examined": 2,
        "changed": 1,
        "later": 1,
        "earlier": 0,
        "unknown": 0,
        "is_complete": True,
    }
    assert [(one["ticket"], one["number"], one["due_at"]) for one in examples] == [
        (ticket["id"], ticket["number"], ticket["due_at"])
    ]
    assert (await read(house))["version"] == 1
    stored = (await put(house, body)).json()
    assert stored["affected"]["examples"] == examples
    due_at = datetime.fromisoformat((await explained(house))["due_at"])
    assert datetime.fromisoformat(examples[0]["new_due_at"]) == due_at.astimezone(UTC)


async def test_tickets_keep_their_due_times_when_a_calendar_changes(house: House) -> None:
    ticket = await counted_in_the_city(house)
    told = (await put(house, with_holiday(await editable(house), "2026-11-23"))).json()
    assert told["affected"]["changed"] == 1
    after = await read(house, f"/v1/tickets/{ticket['id']}", "dispatcher")
    assert (after["due_at"], after["version"]) == (ticket["due_at"], ticket["version"])


async def test_longer_hours_bring_due_times_forward(house: House) -> None:
    await counted_in_the_city(house)
    body = await editable(house, weekly=[["08:00-18:00"]] * 5 + [[], []])
    affected = (await put(house, body, f"{PATH}?dry_run=true")).json()["affected"]
    assert (affected["changed"], affected["earlier"]) == (1, 1)


async def test_tickets_that_a_calendar_would_end_before_are_unknown(house: House) -> None:
    house.clock.turn(hours=8)
    await counted_in_the_city(house)
    body = await editable(house, last_on="2026-11-23")
    body["days"] = [day for day in body["days"] if day["on"] <= "2026-11-23"]
    affected = (await put(house, body, f"{PATH}?dry_run=true")).json()["affected"]
    assert (affected["changed"], affected["unknown"], affected["later"]) == (1, 1, 0)
    assert affected["examples"][0]["new_due_at"] is None


async def test_a_change_of_names_meets_no_ticket(house: House) -> None:
    await counted_in_the_city(house)
    affected = (await put(house, await editable(house, name_zh="机关"))).json()["affected"]
    assert (affected["examined"], affected["changed"], affected["examples"]) == (1, 0, [])


async def test_a_preview_shows_twenty_tickets_and_says_when_it_did_not_look_at_all(house: House) -> None:
    for number in range(22):
        place = {"longitude": 116.40 + number / 10_000, "latitude": 39.91, "crs": "wgs84"}
        await counted_in_the_city(house, place=place)
    body = with_holiday(await editable(house), "2026-11-23")
    affected = (await put(house, body)).json()["affected"]
    assert (affected["changed"], len(affected["examples"]), affected["is_complete"]) == (22, 20, True)
    async with house.database.read() as session:
        reference = await house.wiring.references.at(10**9)
        some = await find_affected(session, reference.calendars[CITY], reference.timekeeping, 21)
        all_of_them = await find_affected(session, reference.calendars[CITY], reference.timekeeping, 22)
    assert (some.examined, some.is_complete) == (21, False)
    assert (all_of_them.examined, all_of_them.is_complete) == (22, True)


async def test_closed_tickets_and_clocks_of_other_calendars_are_not_looked_at(house: House) -> None:
    await counted_in_the_city(house)
    assert (await put(house, NIGHT, "/v1/calendars/night")).json()["affected"]["examined"] == 0
    async with house.database.write() as session:
        await session.execute(
            text("UPDATE tickets SET state = 'closed', closed_at = :now"), {"now": house.clock.now}
        )
        assert (await session.execute(select(func.count()).select_from(Ticket))).scalar_one() == 1
    affected = (await put(house, await editable(house), f"{PATH}?dry_run=true")).json()["affected"]
    assert affected["examined"] == 0


async def test_a_new_calendar_can_be_previewed_too(house: House) -> None:
    answer = await put(house, NIGHT, "/v1/calendars/night?dry_run=true")
    assert (answer.status_code, answer.json()["version"]) == (200, 0)
    assert (await (await house.caller("admin")).get("/v1/calendars/night")).status_code == 404


async def test_a_unit_that_is_moved_to_another_calendar_counts_in_it_from_the_next_ticket_on(
    house: House,
) -> None:
    assert (await put(house, NIGHT, "/v1/calendars/night")).status_code == 201
    async with house.database.write() as session:
        await session.execute(
            text("UPDATE units SET calendar_code = 'night' WHERE code = :unit"), {"unit": UNIT}
        )
    ticket = await report(house)
    assert ticket["deadline"]["rule"].endswith(" night")
