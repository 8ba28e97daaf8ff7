"""Answers that never end by themselves: server-sent events (WHATWG HTML, 9.2), and readers too slow for them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import structlog
from fastapi import Response
from starlette.types import Receive, Scope, Send

from api.listening import Listener

SLOW_S = 30.0
"""A reader that has not taken what lies in its connection's buffer for so long is dropped."""

RETRY_MS = 3_000
"""How long a client waits before it comes back."""

KEPT_ALIVE = b": still here\n\n"

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy that collected answers would keep events to itself
}

log = structlog.get_logger()


def event(name: str, data: bytes, event_id: str | None = None) -> bytes:
    """Return one event; `data` is JSON without line breaks. An id is what `Last-Event-ID` says later."""
    identified = b"" if event_id is None else b"id: " + event_id.encode() + b"\n"
    return b"event: " + name.encode() + b"\n" + identified + b"data: " + data + b"\n\n"


class EventStream(Response):
    """Sends events as they are made, until there are no more, the reader leaves, or it is too slow.

    There is no buffer here: the next event is made when the last one was taken.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[bytes],
        listener: Listener,
        headers: dict[str, str],
        slow_s: float = SLOW_S,
    ) -> None:
        super().__init__(headers={**headers, **_HEADERS})
        del self.headers["content-length"]
        self._events = events
        self._listener = listener
        self._slow_s = slow_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        del scope
        watching = asyncio.create_task(self._watch(receive))
        try:
            await self._send(send)
        finally:
            self._listener.leave()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, receive: Receive) -> None:
        """End the listener when its reader is gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.end()

    async def _send(self, send: Send) -> None:
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        try:
            async with aclosing(self._events) as events:
                await self._taken(send, start)
                await self._taken(send, _body(f"retry: {RETRY_MS}\n\n".encode()))
                async for made in events:
                    await self._taken(send, _body(made))
                await self._taken(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            # Without the end of the answer the server closes the connection.
            log.info("a slow reader of events was dropped", slow_s=self._slow_s)

    async def _taken(self, send: Send, message: dict[str, Any]) -> None:
        async with asyncio.timeout(self._slow_s):
            await send(message)


def _body(content: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": True}
