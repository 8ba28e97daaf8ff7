"""Several workers at the same tickets: each resumes, climbs and is told of once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from api.db import Database
from api.services.escalations import escalate_overdue
from api.services.messages import deliver_notices
from api.services.notices import raise_notices
from api.services.resumption import resume_suspended
from tests.conftest import House
from tests.http.walking import accepted, step
from tests.sweeping import COVER, Sweep, copies_of, kept, raised, rules_of, suspended, ticket_now

WORKERS = 4
LATE = "2026-11-23T17:30:00+08:00"
"""Two hours after a cover is due: overdue, and time for the first rung."""


@pytest.fixture
async def workers(street_url: str) -> AsyncIterator[list[Database]]:
    """Return the connections of several workers on the house's database."""
    databases = [Database(street_url, pool_size=2) for _ in range(WORKERS)]
    yield databases
    for database in databases:
        await database.close()


async def at_once(house: House, workers: list[Database], sweep: Sweep) -> int:
    """Let all workers do the same at the same time; return what they did together."""
    rules = await rules_of(house.database)
    done = await asyncio.gather(*(sweep(database, rules, house.clock.now) for database in workers))
    return sum(done)


async def actions_of(house: House) -> Counter[str]:
    """Count the events of all tickets by their action."""
    return Counter(event["action"] for event in await kept(house.database, "ticket_events"))


async def test_a_ticket_resumes_once_however_many_workers_see_that_its_day_has_come(
    house: House, workers: list[Database]
) -> None:
    tickets = [await suspended(house, "2026-11-23T16:00:00+08:00", **COVER) for _ in range(6)]
    house.clock.now = datetime.fromisoformat(LATE)
    assert await at_once(house, workers, resume_suspended) == len(tickets)
    assert (await actions_of(house))["resume"] == len(tickets)
    for ticket in tickets:
        assert (await ticket_now(house, ticket))["version"] == ticket["version"] + 1


async def test_a_ticket_climbs_one_rung_once_and_its_notice_is_one(
    house: House, workers: list[Database]
) -> None:
    tickets = [await accepted(house, **COVER) for _ in range(6)]
    house.clock.now = datetime.fromisoformat(LATE)
    assert await at_once(house, workers, escalate_overdue) == len(tickets)
    assert (await actions_of(house))["escalate"] == len(tickets)
    notices = await kept(house.database, "notices")
    assert Counter(row["ticket_id"] for row in notices).most_common(1)[0][1] == 1
    assert len(notices) == len(tickets)


async def test_a_person_and_the_worker_at_one_ticket_are_not_two_resumptions(
    house: House, workers: list[Database]
) -> None:
    ticket = await suspended(house, "2026-11-23T16:00:00+08:00", **COVER)
    house.clock.now = datetime.fromisoformat(LATE)
    answer, swept = await asyncio.gather(
        step(house, "member-water", ticket, "resume"), at_once(house, workers, resume_suspended)
    )
    assert (answer.status_code == 200) + swept == 1
    assert answer.status_code in {200, 409}
    assert (await actions_of(house))["resume"] == 1


async def test_of_many_workers_each_notice_is_raised_by_one(house: House, workers: list[Database]) -> None:
    await copies_of(house, await accepted(house, **COVER), 1_200)
    house.clock.now = datetime.fromisoformat(LATE)
    assert await at_once(house, workers, raise_notices) == 1_201
    rows = await kept(house.database, "notices")
    assert len({row["ticket_id"] for row in rows}) == len(rows) == 1_201


async def test_many_workers_tell_each_notice_once_and_do_not_tear_a_digest_apart(
    house: House, workers: list[Database]
) -> None:
    await copies_of(house, await accepted(house, **COVER), 40)
    await copies_of(house, await accepted(house), 30)
    house.clock.now = datetime.fromisoformat(LATE)
    await raised(house)
    assert await at_once(house, workers, deliver_notices) == 2
    sent = await kept(house.database, "messages")
    assert sorted((row["is_digest"], row["notice_count"]) for row in sent) == [(True, 31), (True, 41)]
    assert all(row["message_id"] is not None for row in await kept(house.database, "notices"))


async def test_workers_that_raise_and_deliver_beside_each_other_tell_everything_once(
    house: House, workers: list[Database]
) -> None:
    await copies_of(house, await accepted(house, **COVER), 700)
    house.clock.now = datetime.fromisoformat(LATE)
    rules = await rules_of(house.database)

    async def rounds(database: Database) -> None:
        for _ in range(3):
            await raise_notices(database, rules, house.clock.now)
            await deliver_notices(database, rules, house.clock.now)

    await asyncio.gather(*(rounds(database) for database in workers))
    notices, sent = await kept(house.database, "notices"), await kept(house.database, "messages")
    assert len({row["ticket_id"] for row in notices}) == len(notices) == 701
    told = Counter(row["message_id"] for row in notices)
    assert {row["id"]: row["notice_count"] for row in sent} == told
