"""How an office changes its reference data and lets the open tickets be computed anew, as short sentences."""

import json
from typing import Any

from sqlalchemy import text

from api.domain.recomputation import Summary
from api.services.recompute import Batch, Recomputation, examine_tickets
from tests.conftest import House
from tests.sweeping import rules_of


async def changed(house: House, statement: str, **values: Any) -> None:  # noqa: ANN401  any column's
    """Change reference data behind everybody's back."""
    async with house.database.write() as session:
        await session.execute(text(statement), values)


async def special_day(house: House, on: str, *ranges: tuple[int, int], calendar: str = "city") -> None:
    """Give a day other hours, in minutes of the day; none at all close it."""
    await changed(
        house,
        'INSERT INTO calendar_days (calendar_code, "on", kind, ranges, name_zh, name_en)'
        " VALUES (:calendar, CAST(:on AS date), 'special', CAST(:ranges AS jsonb), '特殊', 'Special')",
        calendar=calendar,
        on=on,
        ranges=json.dumps(ranges),
    )


async def loaded_until(house: House, last_on: str, calendar: str = "city") -> None:
    """Let a calendar end on this day."""
    statement = "UPDATE calendars SET last_on = CAST(:last_on AS date) WHERE code = :calendar"
    await changed(house, statement, last_on=last_on, calendar=calendar)


async def limit_of(house: House, category: str, number: int, value: int, unit: str) -> None:
    """Give a filing condition another limit."""
    await changed(
        house,
        "UPDATE conditions SET limit_value = :value, limit_unit = :unit WHERE number = :number"
        " AND category_id IN (SELECT id FROM categories WHERE code = :category)",
        category=category,
        number=number,
        value=value,
        unit=unit,
    )


async def policy(house: House, key: str, value: object) -> None:
    """Set a policy."""
    await changed(
        house,
        "INSERT INTO policies (key, value) VALUES (:key, CAST(:value AS jsonb))"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key=key,
        value=json.dumps(value),
    )


async def recomputed(house: House, calendar: str | None = None) -> Summary:
    """Compute the open tickets anew and store what differs."""
    summary = Summary()
    await recomputation(house, summary, calendar).run()
    return summary


def recomputation(house: House, summary: Summary, calendar: str | None = None) -> Recomputation:
    """Return a run at the house's time that has not begun."""

    def count(batch: Batch) -> None:
        summary.add(batch.examined, batch.moves)

    now = house.clock
    return Recomputation(house.database, house.wiring.references, lambda: now.now, count, calendar)


async def examined(house: House, calendar: str | None = None) -> Summary:
    """Compute the open tickets anew and store nothing."""
    summary, reference = Summary(), await rules_of(house.database)
    async with house.database.snapshot() as session:
        async for batch in examine_tickets(session, reference, house.clock.now, calendar):
            summary.add(batch.examined, batch.moves)
    return summary
