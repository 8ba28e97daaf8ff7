"""A stream of events towards a server that takes them slowly, or loses its reader."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from api.event_streams import EventStream, event
from api.listening import Listener

SCOPE: dict[str, Any] = {"type": "http"}


def listener() -> Listener:
    return Listener(set())


class Endless:
    """Events without end, and whether they were cleared up."""

    def __init__(self) -> None:
        self.made = 0
        self.is_closed = False

    async def events(self, waiting: Listener) -> AsyncGenerator[bytes]:
        """Yield events until the listener is over."""
        try:
            while not waiting.is_over:
                self.made += 1
                yield event("change", b"{}", str(self.made))
                await asyncio.sleep(0)
        finally:
            self.is_closed = True


async def never() -> dict[str, Any]:
    """Stand for a reader that stays."""
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_reader_that_takes_nothing_any_more_is_dropped_and_nothing_piles_up() -> None:
    endless, waiting, taken = Endless(), listener(), 0

    async def send(_message: dict[str, Any]) -> None:
        nonlocal taken
        taken += 1
        if taken > 5:
            await asyncio.Event().wait()  # the connection's buffer is full and stays so

    stream = EventStream(endless.events(waiting), waiting, {}, slow_s=0.05)
    async with asyncio.timeout(5):
        await stream(SCOPE, never, send)  # pyright: ignore[reportArgumentType]  ASGI's messages are mappings
    assert endless.is_closed
    assert endless.made == 4, "no event is made before the last one was taken"


async def test_a_reader_that_leaves_ends_its_listener() -> None:
    endless, waiting = Endless(), listener()

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.disconnect"}

    async def send(_message: dict[str, Any]) -> None:
        await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await EventStream(endless.events(waiting), waiting, {})(SCOPE, receive, send)  # pyright: ignore[reportArgumentType]  the same
    assert waiting.is_over
    assert endless.is_closed


@pytest.mark.parametrize("event_id", [None, "7"])
def test_an_event_is_written_as_browsers_read_it(event_id: str | None) -> None:
    written = event("change", b'{"a":1}', event_id).decode()
    assert written.endswith("\n\n")
    lines = written.strip().splitlines()
    assert lines == ["event: change", *(["id: 7"] if event_id else []), 'data: {"a":1}']
