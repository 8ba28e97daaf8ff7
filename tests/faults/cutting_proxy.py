"""A network that breaks off: passes bytes on and cuts each connection after some ten thousand of them.

As a program: `python tests/faults/cutting_proxy.py 127.0.0.1:8000` prints the address at which it listens.
"""

import asyncio
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

FEWEST, MOST = 20_000, 200_000
"""Bytes after which a connection is cut, one way or the other."""


class CuttingProxy:
    """Counts its cuts; after `cuts_max` of them it passes everything on."""

    def __init__(self, target: tuple[str, int], cuts_max: int = 1_000_000) -> None:
        self.cuts = 0
        self._target, self._cuts_max = target, cuts_max

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, until it is cut or over."""
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        allowed = random.randint(FEWEST, MOST) if self.cuts < self._cuts_max else sys.maxsize
        ways = [
            asyncio.create_task(self._pass_on(reader, far_writer, allowed)),
            asyncio.create_task(self._pass_on(far_reader, writer, allowed)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for one in (writer, far_writer):
            one.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: int
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(min(65_536, allowed)):
                writer.write(data)
                await writer.drain()
                allowed -= len(data)
                if allowed <= 0:
                    self.cuts += 1
                    return


@asynccontextmanager
async def cutting_proxy(host: str, port: int, cuts_max: int) -> AsyncGenerator[tuple[CuttingProxy, str]]:
    """Listen on loopback in front of a server; yield the proxy and its address."""
    proxy = CuttingProxy((host, port), cuts_max)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        yield proxy, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _run(target: str) -> None:
    host, _, port = target.rpartition(":")
    async with cutting_proxy(host, int(port), 1_000_000) as (_, address):
        print(address, flush=True)  # noqa: T201  a program's answer
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(sys.argv[1]))
