"""Whole HTTP/1.1 messages off a connection: as much of the protocol as a proxy needs that acts on requests."""

import asyncio
from dataclasses import dataclass

LARGEST_HEAD = 65_536
_NO_CONTENT, _UNCHANGED, _FIRST_FINAL = 204, 304, 200


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer as it was sent; `body` still has its chunked encoding, if any."""

    head: bytes
    body: bytes

    @property
    def first_line(self) -> str:
        """Return the request line, or the status line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1")

    @property
    def method(self) -> str:
        """Return a request's method."""
        return self.first_line.split()[0]

    @property
    def path(self) -> str:
        """Return a request's path without its query."""
        return self.first_line.split()[1].partition("?")[0]

    def __bytes__(self) -> bytes:
        """Return all of it."""
        return self.head + self.body

    def closing(self) -> "Message":
        """Return a request that asks for one answer only, so that a connection serves one request."""
        lines = [
            line
            for line in self.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
            if not line.lower().startswith(b"connection:")
        ]
        return Message(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n", self.body)


async def read_request(reader: asyncio.StreamReader) -> Message:
    """Read a whole request; raises IncompleteReadError when the phone hangs up before its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    return Message(head, await _read_body(reader, _headers(head), until_end=False))


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """Read the head of the final answer; raises IncompleteReadError when the server dies before."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        if status_of(head) >= _FIRST_FINAL:
            return head


async def read_answer_body(reader: asyncio.StreamReader, head: bytes, method: str) -> bytes:
    """Read the body that follows this head; raises IncompleteReadError when the server dies before its end."""
    if method == "HEAD" or status_of(head) in {_NO_CONTENT, _UNCHANGED}:
        return b""
    return await _read_body(reader, _headers(head), until_end=True)


def status_of(head: bytes) -> int:
    """Return the status of an answer."""
    return int(head.split(b" ", 2)[1])


def is_stream(head: bytes) -> bool:
    """Tell an answer that goes on for ever: server-sent events."""
    return _headers(head).get("content-type", "").startswith("text/event-stream")


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in head.split(b"\r\n")[1:] if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str], *, until_end: bool) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read() if until_end else b""


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    read: list[bytes] = []
    while True:
        size = await reader.readuntil(b"\r\n")
        length = int(size.split(b";")[0], 16)
        read += [size, await reader.readexactly(length + 2)]
        if length == 0:
            return b"".join(read)
