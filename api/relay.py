"""The worker's relay: tells the API's processes that the feed has news. Nothing on a request's way notifies."""

import asyncio

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from api.adapters.notifications import RETRY_S, Notifier, sole_notifier
from api.db import Database
from api.domain.feed import BEGINNING
from api.listening import CHANNEL, Batch
from api.queries.feed import newest_settled

PERIOD_S = 0.25
"""Between two looks at the newest settled row: an index is asked, nothing is read."""

LOCK = 0x6772_6964_6665_6564
"""Advisory lock (the letters "gridfeed"): of several workers one relays, and another goes on when it ends."""

log = structlog.get_logger()


async def relay_changes(database: Database, database_url: str) -> None:
    """Notify of what was settled, once for each batch, until it is cancelled."""
    while True:
        try:
            async with sole_notifier(database_url, CHANNEL, LOCK) as notifier:
                await _relay(database, notifier)
        except (psycopg.OperationalError, DBAPIError) as error:
            log.warning("the feed's listeners are not told of changes", why=str(error).strip())
        await asyncio.sleep(RETRY_S)


async def _relay(database: Database, notifier: Notifier) -> None:
    # What was settled while nobody relayed is unknown here; the empty payload lets every listener look.
    told, told_version = BEGINNING, -1
    while True:
        async with database.read() as session:
            newest, version = await newest_settled(session)
        if told_version < 0:
            await notifier.notify("")
        elif newest > told or version != told_version:
            await notifier.notify(Batch(told, newest, version).write())
        told, told_version = newest, version
        await asyncio.sleep(PERIOD_S)
