"""Tickets are computed anew while people work on them: every step is kept, and every due time is today's."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from api.domain.recomputation import Summary
from api.services import recompute
from api.verify import verify_histories
from tests.conftest import House
from tests.http.side_ways import WASTE, actions, at, seen
from tests.http.walking import report, step
from tests.recomputing import limit_of, policy, recomputation, recomputed, special_day

MORNING = (480, 720)
SANITATION = "member-sanitation"
TICKETS = 12


@asynccontextmanager
async def held(house: House, ticket: dict[str, Any]) -> AsyncGenerator[None]:
    """Keep a ticket locked, as a step that takes its time does."""
    async with house.database.write() as session:
        await session.execute(text("SELECT 1 FROM tickets WHERE id = :id FOR UPDATE"), {"id": ticket["id"]})
        yield


async def waiting(house: House, count: int) -> None:
    """Wait until so many transactions of this database wait for a lock."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while True:
            async with house.database.read() as session:
                if (await session.execute(asked)).scalar_one() >= count:
                    return
            await asyncio.sleep(0.01)


async def accepted_in_the_end(house: House, ticket: dict[str, Any]) -> None:
    """Accept a ticket; after a conflict as it is then."""
    while True:
        answer = await step(house, SANITATION, ticket, "accept")
        if answer.status_code == 200:
            return
        assert answer.json()["code"] == "version_conflict", answer.text
        ticket = await seen(house, SANITATION, ticket)


async def test_a_step_that_comes_between_reading_and_locking_is_kept(house: House) -> None:
    ticket = await report(house, **WASTE)
    await special_day(house, "2026-11-23", MORNING)
    summary = Summary()
    async with held(house, ticket):
        accepting = asyncio.create_task(step(house, SANITATION, ticket, "accept"))
        await waiting(house, 1)
        computing = asyncio.create_task(recomputation(house, summary).run())
        await waiting(house, 2)
    assert (await accepting).status_code == 200
    await computing
    now = await seen(house, "supervisor", ticket)
    assert (now["state"], now["version"]) == ("in_progress", ticket["version"] + 2)
    assert at(now["due_at"]) == at("2026-11-24T09:30:00+08:00")
    assert (await actions(house, ticket))[-2:] == ["accept", "recompute"]
    assert (summary.examined, summary.changed, summary.examples[0].state) == (1, 1, "in_progress")


async def test_a_ticket_that_ends_between_reading_and_locking_is_left_alone(house: House) -> None:
    ticket = await report(house, "dispatcher", source="hotline", **WASTE)
    await policy(house, "intake_limit", {"minutes": 30, "calendar": "always"})
    summary = Summary()
    async with held(house, ticket):
        rejecting = asyncio.create_task(step(house, "dispatcher", ticket, "reject", reason="不属实"))
        await waiting(house, 1)
        computing = asyncio.create_task(recomputation(house, summary).run())
        await waiting(house, 2)
    assert (await rejecting).status_code == 200
    await computing
    assert (summary.examined, summary.changed) == (1, 0)
    assert (await actions(house, ticket))[-1] == "reject"


async def test_what_is_changed_between_reading_and_locking_counts_at_once(house: House) -> None:
    ticket = await report(house, **WASTE)
    await special_day(house, "2026-11-23", MORNING)
    async with held(house, ticket):
        computing = asyncio.create_task(recomputed(house))
        await waiting(house, 1)
        await limit_of(house, "E0110", 1, 5, "working_hour")
    assert (await computing).changed == 1
    assert at((await seen(house, "supervisor", ticket))["due_at"]) == at("2026-11-24T10:30:00+08:00")
    assert (await recomputed(house)).changed == 0


async def test_people_work_on_while_all_tickets_are_computed_anew_twice_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recompute, "BATCH", 2)
    tickets = [await report(house, **WASTE) for _ in range(TICKETS)]
    await special_day(house, "2026-11-23", MORNING)
    accepting = [asyncio.create_task(accepted_in_the_end(house, ticket)) for ticket in tickets]
    first, second = await asyncio.gather(recomputed(house), recomputed(house))
    await asyncio.gather(*accepting)
    assert first.changed + second.changed == TICKETS
    for ticket in tickets:
        now = await seen(house, "supervisor", ticket)
        assert (now["state"], at(now["due_at"])) == ("in_progress", at("2026-11-24T09:30:00+08:00"))
        assert sorted(await actions(house, ticket)) == ["accept", "dispatch", "file", "recompute", "report"]
    assert (await verify_histories(house.wiring.settings, None)).broken == []
    assert (await recomputed(house)).changed == 0
