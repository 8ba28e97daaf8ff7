"""The network between phones and the API: it loses, delays, doubles, cuts and overtakes whole requests.

What befalls a request is drawn from a seeded generator, and every fault is counted. The proxy outlives the servers
behind it: one that is dead is like a mast that is down.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields
from typing import Any

from tests.chaos.http_messages import (
    LARGEST_HEAD,
    Message,
    is_stream,
    read_answer_body,
    read_head,
    read_request,
    status_of,
)

DELAY_S = (0.05, 1.0)
HELD_S = 1.5
"""How long a request is held back at most for others to overtake it."""

OVERTAKEN_BY = (1, 6)
LATE_S = (0.2, 4.0)
"""When a late copy of a request arrives, after the answer to the first."""

STREAM_S = (0.5, 8.0)
"""How long a stream of events lives that is cut."""

SENT_ONCE = "/v1/auth/token"
"""A refresh token that comes a second time later is in two hands: by design that ends the sign-in."""

_GONE = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely each fault is, from 0 to 1. The first four exclude each other: the phone gets no answer."""

    dropped_requests: float = 0.0
    truncated_requests: float = 0.0
    lost_answers: float = 0.0
    truncated_answers: float = 0.0
    delays: float = 0.0
    held_back: float = 0.0
    doubled_at_once: float = 0.0
    doubled_late: float = 0.0


CALM = Weather()
STORM = Weather(
    dropped_requests=0.04,
    truncated_requests=0.04,
    lost_answers=0.07,
    truncated_answers=0.04,
    delays=0.10,
    held_back=0.10,
    doubled_at_once=0.06,
    doubled_late=0.06,
)
FATES = ("dropped_requests", "truncated_requests", "lost_answers", "truncated_answers")


class Proxy:
    """Passes requests on to one of several servers, as the weather allows; `counts` says what happened."""

    def __init__(self, targets: Sequence[tuple[str, int]], weather: Weather, seed: int) -> None:
        self.weather = weather
        self.counts: Counter[str] = Counter({fault.name: 0 for fault in fields(Weather)})
        self.answers: Counter[str] = Counter()
        """Answers of the servers by their status, whether or not they reached anybody."""

        self._targets = targets
        self._random = random.Random(seed)
        self._passed = 0
        self._passing = asyncio.Condition()
        self._copies: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, which brings one request."""
        # Nobody else holds on to the task of a connection whose phone has gone.
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            request = (await read_request(reader)).closing()
            self.counts["requests"] += 1
            await self._pass_on(request, writer)
        except _GONE:
            pass  # the phone or the server is gone, as they may
        finally:
            self._serving.discard(task)
            writer.transport.abort()

    async def quiet(self) -> None:
        """Wait until every late copy has come and was answered."""
        await asyncio.gather(*self._copies, return_exceptions=True)

    async def close(self) -> None:
        """End all connections."""
        rest = [*self._copies, *self._serving]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _happens(self, fault: str) -> bool:
        if self._random.random() >= getattr(self.weather, fault):
            return False
        self.counts[fault] += 1
        return True

    async def _pass_on(self, request: Message, writer: asyncio.StreamWriter) -> None:
        if self._happens("delays"):
            await asyncio.sleep(self._random.uniform(*DELAY_S))
        if self._happens("held_back"):
            await self._let_others_pass()
        fate = self._fate(request)
        if fate == "dropped_requests":
            return
        if fate == "truncated_requests":
            end = self._random.randrange(len(request.head), len(bytes(request)))
            await self._ask(bytes(request)[:end], self._hang_up)
            return
        if self._happens("doubled_at_once"):
            copies = [self._whole_answer(request), self._whole_answer(request)]
            answers = [one for one in await asyncio.gather(*copies) if one is not None]
            if answers:
                await self._answer(writer, fate, self._random.choice(answers))
        else:
            await self._ask(bytes(request), lambda far: self._relay(request, fate, far, writer))
        await self._note_passed()
        if request.path != SENT_ONCE and self._happens("doubled_late"):
            copy = asyncio.create_task(self._come_late(request, self._random.uniform(*LATE_S)))
            self._copies.add(copy)
            copy.add_done_callback(self._copies.discard)

    def _fate(self, request: Message) -> str | None:
        possible = [fate for fate in FATES if request.body or fate != "truncated_requests"]
        return next(filter(self._happens, possible), None)

    async def _ask(self, content: bytes, then: Callable[[asyncio.StreamReader], Awaitable[None]]) -> None:
        """Open a connection to a server that lives and send this; `then` reads what comes back."""
        for target in self._random.sample(self._targets, len(self._targets)):
            try:
                reader, writer = await asyncio.open_connection(*target, limit=LARGEST_HEAD)
            except OSError:
                continue
            try:
                writer.write(content)
                await writer.drain()
                await then(reader)
            finally:
                writer.transport.abort()
            return
        self.counts["nobody_there"] += 1

    async def _hang_up(self, reader: asyncio.StreamReader) -> None:
        """Let the server have the beginning for a moment only."""
        del reader
        await asyncio.sleep(self._random.uniform(0, 0.1))

    async def _relay(
        self,
        request: Message,
        fate: str | None,
        far: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        head = await read_head(far)
        self.answers[str(status_of(head))] += 1
        if not is_stream(head):
            body = await read_answer_body(far, head, request.method)
            await self._answer(writer, fate, Message(head, body))
            return
        writer.write(head)
        async with asyncio.timeout(self._random.uniform(*STREAM_S) if fate else None):
            while data := await far.read(LARGEST_HEAD):
                writer.write(data)
                await writer.drain()

    async def _whole_answer(self, request: Message) -> Message | None:
        """Return the answer to a request; None when there is none, or it would never end."""
        found: list[Message] = []

        async def read(far: asyncio.StreamReader) -> None:
            head = await read_head(far)
            self.answers[str(status_of(head))] += 1
            if not is_stream(head):
                found.append(Message(head, await read_answer_body(far, head, request.method)))

        with suppress(*_GONE):
            await self._ask(bytes(request), read)
        return found[0] if found else None

    async def _answer(self, writer: asyncio.StreamWriter, fate: str | None, answer: Message) -> None:
        if fate == "lost_answers":
            return
        whole = bytes(answer)
        writer.write(whole[: self._random.randrange(len(whole))] if fate == "truncated_answers" else whole)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def _come_late(self, request: Message, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self._whole_answer(request)

    async def _let_others_pass(self) -> None:
        """Hold a request back until a few of other connections have been answered, or for a moment."""
        until = self._passed + self._random.randint(*OVERTAKEN_BY)
        with suppress(TimeoutError):
            async with asyncio.timeout(HELD_S), self._passing:
                await self._passing.wait_for(lambda: self._passed >= until)

    async def _note_passed(self) -> None:
        async with self._passing:
            self._passed += 1
            self._passing.notify_all()


@asynccontextmanager
async def proxied(
    targets: Sequence[tuple[str, int]], weather: Weather, seed: int
) -> AsyncGenerator[tuple[Proxy, str]]:
    """Listen on loopback in front of these servers; yield the proxy and its address."""
    proxy = Proxy(targets, weather, seed)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=LARGEST_HEAD)
    try:
        yield proxy, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await proxy.close()
