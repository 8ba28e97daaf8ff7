"""GET /v1/notices: what a person was told, in her language, with no ticket that she does not see."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import House
from tests.http.walking import accepted, photo, report, stepped
from tests.sweeping import COVER, heard, messages, told

DUE = "2026-11-23T15:30:00+08:00"


async def overdue(house: House, count: int = 1) -> list[dict[str, Any]]:
    """Return overdue covers of which the water bureau was told, one by one."""
    tickets = [await accepted(house, **COVER) for _ in range(count)]
    house.clock.now = datetime.fromisoformat(DUE)
    house.clock.turn(seconds=1)
    assert await told(house) == count
    return tickets


async def test_a_message_names_its_ticket_its_level_and_when_it_was_due(house: House) -> None:
    (ticket,) = await overdue(house)
    (message,) = await messages(house, "member-water")
    assert message == {
        "id": message["id"],
        "at": "2026-11-23T07:30:01Z",
        "level": "overdue",
        "level_name": "overdue",
        "text": f"Ticket {ticket['number']} is overdue (rectification).",
        "is_digest": False,
        "count": 1,
        "tickets": [
            {
                "id": ticket["id"],
                "number": ticket["number"],
                "due_at": "2026-11-23T07:30:00Z",
                "level": "overdue",
                "rung": 0,
                "stage": "rectification",
            }
        ],
    }


async def test_a_message_speaks_the_callers_language(house: House) -> None:
    (ticket,) = await overdue(house)
    member = await house.caller("member-water")
    answer = await member.get("/v1/notices")
    assert answer.headers["content-language"] == "zh"
    assert answer.json()["items"][0]["text"] == f"案卷{ticket['number']}的处置已经超期。"
    assert answer.json()["items"][0]["level_name"] == "超期"


async def test_pages_run_from_the_newest_to_the_oldest_and_end(house: House) -> None:
    await overdue(house, 4)
    member, seen, cursor = await house.caller("member-water"), list[str](), None
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await member.get("/v1/notices", params=query)).json()
        seen += [message["id"] for message in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [message["id"] for message in await messages(house, "member-water")]
    assert seen == sorted(seen, key=int, reverse=True)
    assert len(set(seen)) == 4


async def test_a_cursor_is_good_for_its_owner_only(house: House) -> None:
    await overdue(house, 2)
    member, other = await house.caller("member-water"), await house.caller("lead-water")
    cursor = (await member.get("/v1/notices?limit=1")).json()["next"]
    answer = await other.get("/v1/notices", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "cursor_wrong")


async def test_who_has_the_present_answer_is_not_sent_it_again(house: House) -> None:
    await overdue(house)
    member = await house.caller("member-water")
    etag = (await member.get("/v1/notices")).headers["etag"]
    assert (await member.get("/v1/notices", headers={"If-None-Match": etag})).status_code == 304


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "level=overdue"])
async def test_a_query_that_is_not_meant_is_refused(shared_house: House, query: str) -> None:
    member = await shared_house.caller("member-water")
    assert (await member.get(f"/v1/notices?{query}")).status_code == 422


async def test_a_ticket_that_went_to_another_unit_leaves_its_first_units_messages(house: House) -> None:
    tickets = [await accepted(house, **COVER) for _ in range(5)]
    gone = tickets[0]
    house.clock.now = datetime.fromisoformat("2026-11-23T14:43:00+08:00")
    assert await told(house) == 1
    async with house.database.write() as session:  # the window to return it has closed long ago
        await session.execute(text("UPDATE tickets SET return_until = NULL"))
    evidence = await photo(house, "member-water", "evidence")
    gone = await stepped(house, "member-water", gone, "return", reason="非我单位", photos=[evidence])
    await stepped(house, "dispatcher", gone, "dispatch", unit="municipal")
    (message,) = await messages(house, "member-water")
    assert message["text"] == "4 notices: 4 near due."
    assert gone["id"] not in [ticket["id"] for ticket in message["tickets"]]


async def test_a_message_with_nothing_left_to_see_is_left_out(house: House) -> None:
    (ticket,) = await overdue(house)
    async with house.database.write() as session:
        moved = "UPDATE tickets SET unit_id = (SELECT id FROM units WHERE code = 'municipal')"
        await session.execute(text(moved))
    assert await heard(house, "member-water") == []
    assert await heard(house, "member-municipal") == []  # nobody told this unit
    assert ticket["state"] == "in_progress"


async def test_nobody_hears_what_was_told_to_others(house: House) -> None:
    await overdue(house)
    tip = await report(house, "dispatcher", **COVER)
    house.clock.turn(hours=1)
    await told(house)
    assert len(await heard(house, "member-water")) == 1
    assert await heard(house, "dispatcher") == [f"Ticket {tip['number']} is overdue (intake)."]
    for username in ("officer01", "supervisor", "admin", "member-cityscape"):
        assert await heard(house, username) == []


async def test_no_message_has_personal_data(house: House) -> None:
    await overdue(house)
    (message,) = await messages(house, "member-water", "zh")
    assert message["tickets"][0].keys() == {"id", "number", "due_at", "level", "rung", "stage"}
