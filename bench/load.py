"""The load generator: blocking answers on a few kept connections, without a client library in between.

It runs in a process of its own. Requests are bytes made beforehand, so that what is left to do here is to
wait, to read and to look at the clock; how busy that keeps the process is reported with each measurement.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import quantiles

_CHUNK = 1 << 18
_GIVE_UP_S = 30
"""No answer takes that long; a server that died must not hang the bench."""


@dataclass(frozen=True, slots=True)
class Load:
    """A closed loop: each connection sends its next request when it has the answer of the one before."""

    port: int
    requests: Sequence[bytes]
    is_repeatable: bool
    connections: int
    seconds: float
    """The load ends after this time, or earlier when unrepeatable requests run out."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a load measured. `own_share` is how much of one core the one who measured was busy."""

    count: int
    seconds: float
    latencies_ms: Sequence[float]
    own_share: float = 0.0
    answer_bytes: int = 0

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.count / self.seconds

    def percentile(self, percent: int) -> float:
        """Return a percentile of the latencies in ms."""
        return quantiles(self.latencies_ms, n=100, method="inclusive")[percent - 1]


class AnswerWrong(Exception):  # noqa: N818  a fact about the server
    """The server answered something else than success; the text is its answer."""


def drive(load: Load) -> Measured:
    """Send the load and measure. Raises AnswerWrong for any answer that is no success."""
    requests = iter(cycle(load.requests) if load.is_repeatable else load.requests)
    latencies: list[float] = []
    answer_bytes = 0
    with selectors.DefaultSelector() as selector:
        lines = [_Line(load.port) for _ in range(load.connections)]
        began, busy = time.perf_counter(), time.process_time()
        until = began + load.seconds
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        open_lines = sum(line.send_next(requests) for line in lines)
        while open_lines:
            ready = selector.select(_GIVE_UP_S)
            if not ready:
                raise AnswerWrong(f"no answer within {_GIVE_UP_S} s")
            for key, _ in ready:
                line: _Line = key.data
                size = line.read()
                if size is None:
                    continue
                now = time.perf_counter()
                latencies.append((now - line.sent_at) * 1_000)
                answer_bytes = size
                if now >= until or not line.send_next(requests):
                    open_lines -= 1
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        for line in lines:
            line.socket.close()
    return Measured(len(latencies), seconds, latencies, busy / seconds, answer_bytes)


class _Line:
    """One connection and the answer that is coming in on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_GIVE_UP_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._head = b""
        self._missing = 0
        self._size = 0

    def send_next(self, requests: Iterator[bytes]) -> bool:
        """Send one request more; tell whether there was one."""
        request = next(requests, None)
        if request is None:
            return False
        self._head = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)
        return True

    def read(self) -> int | None:
        """Read what has come; return the size of the answer's body when it is complete."""
        chunk = self.socket.recv(_CHUNK)
        if not chunk:
            raise AnswerWrong(f"the server closed the connection after {self._head!r}")
        if b"\r\n\r\n" in self._head:
            self._missing -= len(chunk)
        else:
            self._head += chunk
            head, separator, body = self._head.partition(b"\r\n\r\n")
            if not separator:
                return None
            if not head.startswith(b"HTTP/1.1 2"):
                raise AnswerWrong(self._head.decode(errors="replace"))
            self._size = _content_length(head)
            self._missing = self._size - len(body)
        return None if self._missing else self._size


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise AnswerWrong(f"an answer without a length: {head!r}")
