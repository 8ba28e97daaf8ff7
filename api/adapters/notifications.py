"""PostgreSQL's LISTEN and NOTIFY, on connections of their own that come back by themselves."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
import structlog
from psycopg import AsyncConnection, conninfo, sql

RETRY_S = 1.0
"""Pause before a lost connection is tried again, and between two looks whether the other notifier has ended."""

log = structlog.get_logger()


async def listen(database_url: str, channel: str) -> AsyncGenerator[str | None]:
    """Yield what is notified on a channel, for ever; None each time that something may have been missed.

    That is at the beginning and whenever the connection was lost and is there again.
    """
    while True:
        try:
            async with await _connection(database_url) as connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield None
                async for notified in connection.notifies():
                    yield notified.payload
        except psycopg.OperationalError as error:
            log.warning("not listening to the database", why=str(error).strip())
        await asyncio.sleep(RETRY_S)


class Notifier:
    """The one that notifies on a channel."""

    def __init__(self, connection: AsyncConnection, channel: str) -> None:
        self._connection = connection
        self._channel = channel

    async def notify(self, payload: str) -> None:
        """Tell all who listen. Raises `psycopg.OperationalError` when the connection is lost."""
        await self._connection.execute("SELECT pg_notify(%s, %s)", (self._channel, payload))


@asynccontextmanager
async def sole_notifier(database_url: str, channel: str, lock: int) -> AsyncGenerator[Notifier]:
    """Wait until nobody else holds the advisory lock, and hold it for the block.

    Whoever held it before may have died a moment ago: PostgreSQL frees the lock with its connection.
    """
    async with await _connection(database_url) as connection:
        while not await _locked(connection, lock):  # noqa: ASYNC110  the other is another process
            await asyncio.sleep(RETRY_S)
        yield Notifier(connection, channel)


async def _locked(connection: AsyncConnection, lock: int) -> bool:
    row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,))).fetchone()
    return row is not None and bool(row[0])


async def _connection(database_url: str) -> AsyncConnection:
    plain = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    # A database that vanished without a word is noticed within half a minute.
    return await AsyncConnection.connect(
        conninfo.make_conninfo(
            plain,
            application_name="gridpatrol-feed",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            connect_timeout=10,
        ),
        autocommit=True,
    )
