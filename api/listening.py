"""Who waits for changes in this process, and who of them is woken: one connection listens for all.

A listener has no buffer. Being woken is a flag: it then reads the feed from where it stands, so however slow it is,
nothing piles up for it here.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType

import structlog
from anyio import CapacityLimiter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.adapters.notifications import listen
from api.db import Database
from api.domain.access import Viewer
from api.domain.feed import Audience, Position
from api.queries.feed import find_audience

CHANNEL = "gridpatrol_changes"

READS_AT_ONCE = 4
"""Woken listeners that read at the same time; the pool's other connections are for requests."""

log = structlog.get_logger()


class Listener:
    """Somebody who waits. `viewer` is what it saw as when it read last; before that, everything concerns it."""

    __slots__ = ("_listeners", "_woken", "is_over", "viewer")

    def __init__(self, listeners: "set[Listener]") -> None:
        self.viewer: Viewer | None = None
        self.is_over = False
        self._woken = asyncio.Event()
        self._listeners = listeners
        listeners.add(self)

    def leave(self) -> None:
        """Wait no more."""
        self._listeners.discard(self)

    def wake(self) -> None:
        """Let it look at the feed."""
        self._woken.set()

    def end(self) -> None:
        """Let it go: its reader is gone, or the process is about to be."""
        self.is_over = True
        self._woken.set()

    async def wait(self, patience_s: float) -> bool:
        """Wait until it is woken, but not longer; tell whether it was."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._woken.wait()
        was_woken = self._woken.is_set()
        self._woken.clear()
        return was_woken


class Hub:
    """The listeners of a process."""

    def __init__(self, database: Database, database_url: str) -> None:
        self._database = database
        self._database_url = database_url
        self._listeners: set[Listener] = set()
        self._reference_version = 0
        self.is_open = False
        self.reads = CapacityLimiter(READS_AT_ONCE)

    def join(self) -> Listener:
        """Let somebody listen until it leaves; in a process that does not listen it is over at once."""
        listener = Listener(self._listeners)
        if not self.is_open:
            listener.end()
        return listener

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """Listen to the database during the block; afterwards nobody listens any more."""
        self.is_open = True
        running = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self.stop()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def stop(self) -> None:
        """Let all listeners go, and nobody else begin: the process is asked to end."""
        self.is_open = False
        for listener in self._listeners:
            listener.end()

    async def _run(self) -> None:
        async for payload in listen(self._database_url, CHANNEL):
            batch = None if payload is None else Batch.read(payload)
            if self._listeners:
                await self._wake(batch)

    async def _wake(self, batch: "Batch | None") -> None:
        audience = None
        if batch is not None and batch.reference_version == self._reference_version:
            audience = await self._audience(batch)
        self._reference_version = batch.reference_version if batch else 0
        for listener in self._listeners:
            viewer = listener.viewer
            if audience is None or viewer is None or audience.concerns(viewer):
                listener.wake()

    async def _audience(self, batch: "Batch") -> Audience | None:
        """Return whom a batch concerns; None, so everybody, when that can't be found out now."""
        try:
            async with self._database.read() as session:
                return await find_audience(session, batch.behind, batch.up_to)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("waking every listener: the database did not say whom it concerns", why=str(error))
            return None


class Batch:
    """What one notification is about: the settled rows behind a position up to another."""

    __slots__ = ("behind", "reference_version", "up_to")

    def __init__(self, behind: Position, up_to: Position, reference_version: int) -> None:
        self.behind = behind
        self.up_to = up_to
        self.reference_version = reference_version

    def write(self) -> str:
        """Return the payload."""
        return f"{self.behind.xid} {self.behind.id} {self.up_to.xid} {self.up_to.id} {self.reference_version}"

    @classmethod
    def read(cls, payload: str) -> "Batch | None":
        """Read a payload; None, so that everybody looks, for one that is of another release."""
        try:
            behind_xid, behind_id, xid, row_id, version = map(int, payload.split())
        except ValueError:
            return None
        return cls(Position(behind_xid, behind_id), Position(xid, row_id), version)


@contextmanager
def told_of_signals(stop: Callable[[], None]) -> Generator[None]:
    """Call `stop` in the running loop as soon as a signal asks the process to end, before its handler does.

    The server waits for open answers before it tells the application that it ends; streams never end by
    themselves, so it would wait in vain. Outside the main thread there are no signals to be told of.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)
        handler = former[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in former.items():
        if callable(handler):
            signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in former.items():
            if signal.getsignal(number) is told:
                signal.signal(number, handler)
