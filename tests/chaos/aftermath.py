"""Time, and the worker: what is due is made due, and what is due is done before anybody looks."""

import asyncio
import time
from contextlib import suppress

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from api import clock
from api.db import Database
from api.domain.shifts import ShiftState
from api.models import Shift
from api.queries.reference import load_reference
from api.services.task_tending import tend_tasks
from api.settings import Settings
from tests.chaos.beats import LONGEST_SHIFT

PATIENCE_S = 150
"""The worker ends shifts once a minute; it may just have been killed."""

_WEEKS_PASS = text("UPDATE tasks SET starts_at = now() WHERE state = 'planned' AND starts_at > now()")


async def weeks_pass(settings: Settings) -> None:
    """Let the time of all look-backs that are planned come now; nothing happens while the database is away."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        with suppress(SQLAlchemyError, OSError):
            async with database.write() as session:
                await session.execute(_WEEKS_PASS)
    finally:
        await database.close()


async def let_worker_finish(settings: Settings) -> bool:
    """Wait until the worker has ended the shifts that nobody stopped; tell whether it did.

    Tasks are tended here with the worker's own function, as often as there is something to do: it does so twice a
    minute, and might else begin a planned one while somebody looks.
    """
    database = Database(settings.required_database_url, pool_size=2)
    until = time.monotonic() + PATIENCE_S
    try:
        async with database.snapshot() as session:
            reference = await load_reference(session, settings.zone)
        while await tend_tasks(database, reference, clock.now()):
            pass
        while time.monotonic() < until:
            if not await _is_behind(database):
                return True
            await asyncio.sleep(0.5)
        return False
    finally:
        await database.close()


async def _is_behind(database: Database) -> bool:
    late = col(Shift.started_at) < clock.now() - LONGEST_SHIFT
    behind = (col(Shift.state) != ShiftState.ENDED) & late | col(Shift.measured_at).is_(None)
    async with database.read() as session:
        return (await session.execute(select(col(Shift.id)).where(behind).limit(1))).first() is not None
