"""The database: one engine, one transaction per request, committed before the answer leaves.

Nobody else commits. A read gets a read-only transaction, so a mistake in a query can't write.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NewType

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", ReadSession)
"""A write session can be handed to a query; a read session can't be handed to a service that writes."""


class Database:
    """The engine and its two kinds of transaction."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=False,
            # Instants come back in UTC whatever the server's zone is; runaway statements end by themselves.
            connect_args={
                # Custom plans only: a generic plan can't see that a state is one of a partial index's, nor
                # where a LIKE's prefix ends, and would read the whole table.
                "options": "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=10s "
                "-c plan_cache_mode=force_custom_plan "
                "-c idle_in_transaction_session_timeout=60s",
                "application_name": "gridpatrol",
            },
        )
        self._readonly = self.engine.execution_options(postgresql_readonly=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a read-only transaction."""
        async with AsyncSession(self._readonly, expire_on_commit=False) as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[ReadSession]:
        """Open a read-only transaction in which all statements see the same moment."""
        engine = self._readonly.execution_options(isolation_level="REPEATABLE READ")
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """Open a transaction that commits when the block ends well and rolls back when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield WriteSession(ReadSession(session))
            await session.commit()

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
