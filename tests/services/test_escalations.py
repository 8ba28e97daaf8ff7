"""Overdue tickets climb the ladder, rung by rung, each with its event and its notice."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, text

from api.models import metadata
from tests.conftest import House
from tests.http.walking import accepted, photo, rectified, step, stepped
from tests.sweeping import COVER, delivered, escalated, heard, kept, suspended, ticket_now

DUE = "2026-11-23T15:30:00+08:00"
RUNGS = {
    1: ("2026-11-23T17:30:00+08:00", "unit_lead"),
    2: ("2026-11-24T15:30:00+08:00", "parent_unit"),
    3: ("2026-11-26T15:30:00+08:00", "supervisor"),
    4: ("2026-11-30T15:30:00+08:00", "listed_order"),
}
"""When a cover that is due on Monday at 15:30 climbs: after 2 working hours, then 1, 3 and 5 working days."""

WASTE = {"category": "E0110", "condition": 1}
"""Household waste: four working hours for the sanitation office, which stands below the cityscape bureau."""


def turn_to(house: House, instant: str, *, seconds: float = 0) -> None:
    house.clock.now = datetime.fromisoformat(instant)
    house.clock.turn(seconds=seconds)


async def climbs(house: House, ticket: dict[str, Any]) -> list[tuple[int, str]]:
    """Return level and answerer of each time the ticket climbed, from its history, which must verify."""
    supervisor = await house.caller("supervisor")
    history = (await supervisor.get(f"/v1/tickets/{ticket['id']}/history?verify=true")).json()
    assert history["verified"] is True
    steps = [one for one in history["items"] if one["action"] == "escalate"]
    return [(one["facts"]["level"], one["facts"]["answers"]) for one in steps]


async def test_an_overdue_ticket_climbs_each_rung_at_its_time_and_no_rung_twice(house: House) -> None:
    ticket = await accepted(house, **COVER)
    for level, (instant, _) in RUNGS.items():
        turn_to(house, instant, seconds=-1)
        assert await escalated(house) == 0
        turn_to(house, instant)
        assert await escalated(house) == 1
        assert await escalated(house) == 0
        assert (await ticket_now(house, ticket))["escalation_level"] == level
    assert await climbs(house, ticket) == [(level, answers) for level, (_, answers) in RUNGS.items()]
    turn_to(house, "2026-12-24T12:00:00+08:00")
    assert await escalated(house) == 0


async def test_a_worker_that_slept_for_a_week_takes_one_rung_a_run_until_the_level_is_right(
    house: House,
) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, RUNGS[3][0], seconds=60)
    assert [await escalated(house) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert (await ticket_now(house, ticket))["escalation_level"] == 3


async def test_each_rung_is_told_once_to_who_has_to_answer(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    assert ticket["unit"]["code"] == "sanitation"
    for instant, _ in RUNGS.values():
        turn_to(house, instant)
        await escalated(house)
        await delivered(house)
    said = [
        f"Ticket {ticket['number']} was escalated to level {level}: please answer for it." for level in RUNGS
    ]
    assert await heard(house, "lead-sanitation") == [said[0]]
    assert await heard(house, "lead-cityscape") == [said[1]]
    assert await heard(house, "supervisor") == [said[3], said[2]]
    for username in ("member-sanitation", "member-cityscape", "lead-water", "dispatcher", "officer01"):
        assert await heard(house, username) == []
    keys = [
        (row["clock"], row["cycle"], row["level"], row["rung"])
        for row in await kept(house.database, "notices")
    ]
    assert keys == [("rectification", 1, "escalated", level) for level in RUNGS]


async def test_the_unit_above_sees_what_it_has_to_answer_for_and_not_before(house: House) -> None:
    ticket = await accepted(house, **WASTE)
    lead, member = await house.caller("lead-cityscape"), await house.caller("member-cityscape")
    path = f"/v1/tickets/{ticket['id']}"
    assert (await lead.get(path)).status_code == 404
    turn_to(house, RUNGS[1][0])
    await escalated(house)
    assert (await lead.get(path)).status_code == 200
    assert [one["id"] for one in (await lead.get("/v1/tickets")).json()["items"]] == [ticket["id"]]
    assert (await member.get(path)).status_code == 404
    refused = await step(house, "lead-cityscape", await ticket_now(house, ticket), "rectify", note="不是我的")
    assert refused.status_code == 403


async def test_a_unit_that_escalates_by_itself_is_one_rung_up_and_the_ladder_goes_on_from_there(
    house: House,
) -> None:
    ticket = await accepted(house, **COVER)
    ticket = await stepped(house, "member-water", ticket, "escalate", reason="管线权属不清")
    assert ticket["escalation_level"] == 1
    await delivered(house)
    assert len(await heard(house, "lead-water")) == 1
    turn_to(house, RUNGS[1][0])
    assert await escalated(house) == 0  # the first rung was taken already
    turn_to(house, RUNGS[2][0])
    assert await escalated(house) == 1
    assert await climbs(house, ticket) == [(1, "unit_lead"), (2, "parent_unit")]


async def test_another_unit_begins_at_the_foot_of_the_ladder(house: House) -> None:
    ticket = await accepted(house, **COVER)
    # An urgent escalation first, so that there is a level to be forgotten.
    ticket = await stepped(house, "member-water", ticket, "escalate", reason="管线权属不清")
    evidence = await photo(house, "member-water", "evidence")
    ticket = await stepped(house, "member-water", ticket, "return", reason="非我单位", photos=[evidence])
    ticket = await stepped(house, "dispatcher", ticket, "dispatch", unit="municipal")
    assert ticket["escalation_level"] == 0
    ticket = await stepped(house, "member-municipal", ticket, "accept")
    turn_to(house, RUNGS[1][0])
    assert await escalated(house) == 1
    rows = await kept(house.database, "notices")
    assert [(row["cycle"], row["rung"]) for row in rows] == [(1, 1), (2, 1)]


async def test_what_was_rectified_or_suspended_in_time_does_not_climb(house: House) -> None:
    done = await rectified(house, **COVER)
    waits = await suspended(house, "2026-12-20T10:00:00+08:00", **COVER)
    turn_to(house, "2026-12-01T12:00:00+08:00")
    assert await escalated(house) == 0
    for ticket in (done, waits):
        assert (await ticket_now(house, ticket))["escalation_level"] == 0


async def test_where_the_next_rung_lies_past_the_calendars_end_the_ticket_stays_and_nothing_breaks(
    house: House,
) -> None:
    turn_to(house, "2026-12-30T09:30:00+08:00")
    ticket = await accepted(house, **COVER)
    turn_to(house, "2026-12-30T17:30:00+08:00")
    assert await escalated(house) == 1
    turn_to(house, "2027-01-20T12:00:00+08:00")
    assert [await escalated(house), await escalated(house)] == [1, 0]
    assert (await ticket_now(house, ticket))["escalation_level"] == 2


async def test_a_ladder_that_was_made_shorter_leaves_tickets_where_they_stand(house: House) -> None:
    ticket = await accepted(house, **COVER)
    turn_to(house, RUNGS[1][0])
    assert await escalated(house) == 1
    policies = metadata.tables["policies"]
    ladder = [{"answers": "unit_lead", "after": {"value": 2, "unit": "working_hour"}}]
    async with house.database.write() as session:
        await session.execute(text("DELETE FROM policies WHERE key = 'escalation_ladder'"))
        await session.execute(insert(policies).values(key="escalation_ladder", value=ladder))
    turn_to(house, RUNGS[4][0])
    assert await escalated(house) == 0
    assert (await ticket_now(house, ticket))["escalation_level"] == 1
    rows = await kept(house.database, "tickets")
    assert [row["escalates_at"] for row in rows] == [None]
