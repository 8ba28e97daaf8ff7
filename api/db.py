"""The database: one engine, one transaction per request, committed before the answer leaves.

Nobody else commits. A read gets a read-only transaction, so a mistake in a query can't write.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NewType

import orjson
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", ReadSession)
"""A write session can be handed to a query; a read session can't be handed to a service that writes."""

_CONNECT_ARGS = {
    # Instants come back in UTC whatever the server's zone is; runaway statements end by themselves. Custom
    # plans only: a generic plan can't see that a state is one of a partial index's, nor where a LIKE's prefix
    # ends, and would read the whole table.
    "options": "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=10s "
    "-c plan_cache_mode=force_custom_plan "
    "-c idle_in_transaction_session_timeout=60s",
    "application_name": "gridpatrol",
}


class Database:
    """The engine and its two kinds of transaction."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            connect_args=_CONNECT_ARGS,
            json_deserializer=orjson.loads,
        )
        # The same pool as for all requests: a page of the feed is read as of one moment and takes no longer.
        self._steady = self.engine.execution_options(
            postgresql_readonly=True, isolation_level="REPEATABLE READ"
        )
        self._readonly = self.engine.execution_options(postgresql_readonly=True)
        # Apart from the pool: whoever needs a snapshot may be holding a pooled connection already, and twenty of
        # them would wait for each other.
        self._apart = create_async_engine(
            url, poolclass=NullPool, connect_args=_CONNECT_ARGS, json_deserializer=orjson.loads
        ).execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadSession]:
        """Open a read-only transaction."""
        async with AsyncSession(self._readonly, expire_on_commit=False) as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def steady(self) -> AsyncGenerator[ReadSession]:
        """Open a read-only transaction in which all statements see the same moment."""
        async with AsyncSession(self._steady, expire_on_commit=False) as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[ReadSession]:
        """Open a read-only transaction in which all statements see the same moment, on a connection of its own."""
        async with AsyncSession(self._apart, expire_on_commit=False) as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[WriteSession]:
        """Open a transaction that commits when the block ends well and rolls back when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield WriteSession(ReadSession(session))
            await session.commit()

    @asynccontextmanager
    async def trial(self) -> AsyncGenerator[WriteSession]:
        """Open a transaction in which changes can be tried: whatever is written is rolled back at the end."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield WriteSession(ReadSession(session))
            await session.rollback()

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        await self._apart.dispose()


@asynccontextmanager
async def savepoint(session: WriteSession) -> AsyncGenerator[None]:
    """Open a part of a transaction: what the block wrote is undone when it raises, and nothing else."""
    async with session.begin_nested():
        yield
