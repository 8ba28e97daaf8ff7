"""What the worker does on its rounds, as short sentences for tests; and what it left in the database."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from api.db import Database
from api.domain.reference import Reference
from api.models import metadata
from api.queries.reference import load_reference
from api.services.escalations import escalate_overdue
from api.services.messages import deliver_notices
from api.services.notices import raise_notices
from api.services.resumption import resume_suspended
from tests.conftest import House
from tests.http.walking import accepted, stepped

COVER: dict[str, Any] = {"category": "P0101", "condition": 2}
"""A broken manhole cover: four working hours for the water bureau, so due on Monday at 15:30 and yellow at 14:42."""


Sweep = Callable[[Database, Reference, datetime], Awaitable[int]]
"""What a worker does when an instant has come."""


async def rules_of(database: Database) -> Reference:
    """Return the reference data as a worker loads them."""
    async with database.snapshot() as session:
        return await load_reference(session, ZoneInfo("Asia/Shanghai"))


async def resumed(house: House) -> int:
    """Resume what is due; return how many."""
    return await resume_suspended(house.database, await rules_of(house.database), house.clock.now)


async def escalated(house: House) -> int:
    """Let what is due climb a rung; return how many."""
    return await escalate_overdue(house.database, await rules_of(house.database), house.clock.now)


async def raised(house: House) -> int:
    """Raise notices; return how many are new."""
    return await raise_notices(house.database, await rules_of(house.database), house.clock.now)


async def delivered(house: House) -> int:
    """Deliver notices; return how many messages that made."""
    return await deliver_notices(house.database, await rules_of(house.database), house.clock.now)


async def told(house: House) -> int:
    """Raise and deliver, as a worker does again and again; return how many messages that made."""
    await raised(house)
    return await delivered(house)


async def kept(database: Database, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table in the order they came."""
    found = metadata.tables[table]
    async with database.read() as session:
        rows = await session.execute(select(found).order_by(found.c.id))
        return [dict(row) for row in rows.mappings()]


async def levels(house: House) -> list[tuple[str, int]]:
    """Return level and rung of every notice there is."""
    return [(row["level"], row["rung"]) for row in await kept(house.database, "notices")]


async def heard(house: House, username: str, language: str = "en") -> list[str]:
    """Return the texts of a person's messages, the newest first."""
    return [message["text"] for message in await messages(house, username, language)]


async def messages(house: House, username: str, language: str = "en") -> list[dict[str, Any]]:
    """Return a person's messages, the newest first."""
    caller = await house.caller(username)
    answer = await caller.get("/v1/notices", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def ticket_now(house: House, ticket: dict[str, Any]) -> dict[str, Any]:
    """Return the ticket as it stands."""
    return (await (await house.caller("supervisor")).get(f"/v1/tickets/{ticket['id']}")).json()


async def suspended(house: House, until: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a report
    """Return a ticket that was suspended until then."""
    ticket = await accepted(house, **changes)
    member = f"member-{ticket['unit']['code']}"
    ticket = await stepped(house, member, ticket, "request_suspension", reason="等待材料", until=until)
    return await stepped(house, "dispatcher", ticket, "grant_suspension")


async def copies_of(house: House, ticket: dict[str, Any], count: int) -> None:
    """Store copies of a ticket with its clocks, as many as it takes for several batches."""
    async with house.database.write() as session:
        columns = (
            await session.execute(
                text(
                    "SELECT string_agg(column_name, ', ') FROM information_schema.columns"
                    " WHERE table_name = 'tickets' AND column_name NOT IN ('id', 'number')"
                )
            )
        ).scalar_one()
        of_clock = (
            "clock, cycle, unit_id, extensions, started_at, started_by, stopped_at, stopped_by, calendar_code,"
            " limit_value, limit_unit, milestones, due_at, yellow_at"
        )
        await session.execute(
            text(
                f"WITH made AS (INSERT INTO tickets (id, number, {columns})"  # noqa: S608  names of columns
                f" SELECT gen_random_uuid(), number || '-' || n, {columns}"
                " FROM tickets, generate_series(1, :count) AS n WHERE tickets.id = :id RETURNING id)"
                f" INSERT INTO ticket_clocks (ticket_id, {of_clock})"
                f" SELECT made.id, {of_clock} FROM made, ticket_clocks WHERE ticket_clocks.ticket_id = :id"
                " ORDER BY made.id, ticket_clocks.id"
            ),
            {"count": count, "id": ticket["id"]},
        )
