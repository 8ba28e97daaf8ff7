"""Where the API's time goes: a sampled profile of one kind of request, served in this process.

    python -m bench hotspots [--job "overdue page of 50"] [--requests N]

A timer of the process's own processor time looks at the stack a thousand times a second. Unlike a tracing profiler
that makes neither short functions dearer nor greenlets, in which SQLAlchemy runs the driver, unreadable.
"""

import argparse
import asyncio
import signal
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import greenlet
from fastapi import FastAPI

from api.settings import Settings
from bench.exemplars import make_exemplars
from bench.jobs import STEPS, Job, Request, jobs
from bench.seeding import POOL_FIRST, seed
from bench.street import bench_street, connect, open_app, sign_in

INTERVAL_S = 0.001
LINES = 25
TICKETS = 5_000
_WARM_UP = 50

_OUTSIDE = ("starlette/", "fastapi/routing.APIRouter", "bench/")
"""Where a stack leaves what belongs to one operation; what lies further out is the same for each sample."""


@dataclass(slots=True)
class Samples:
    """Samples by function."""

    itself: Counter[str] = field(default_factory=Counter[str])
    """Where the processor was."""

    ours: Counter[str] = field(default_factory=Counter[str])
    """Functions of the application, with what they call."""
    count: int = 0

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """Note the present stack, from the innermost function to the handler of the request."""
        self.count += 1
        names: dict[str, None] = {}
        for one in _stack(frame):
            name = _name(one)
            if name.startswith(_OUTSIDE):
                break
            names[name] = None
        if names:
            self.itself[next(iter(names))] += 1
        self.ours.update(name for name in names if name.startswith("api/"))


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames from the innermost on; those of a greenlet go on where its parent waits for it."""
    current = greenlet.getcurrent()
    while frame is not None:
        yield frame
        frame = frame.f_back
        if frame is None and current.parent is not None:
            current = current.parent
            frame = current.gr_frame


_FOLDERS = tuple(
    f"{folder}/" for folder in (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path.cwd()))
)


def main(arguments: Sequence[str]) -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench hotspots", description="Where the API's time goes."
    )
    parser.add_argument("--job", help="one kind of request; default: each")
    parser.add_argument("--requests", type=int, default=1_000, help="requests of each kind (1000)")
    options = parser.parse_args(arguments)
    with bench_street() as settings:
        asyncio.run(_profile(settings, options.job, options.requests))


async def _profile(settings: Settings, wanted: str | None, requests: int) -> None:
    async with open_app(settings) as app:
        await make_exemplars(app, settings)
        with connect(settings) as connection:
            seed(connection, 1, TICKETS)
            seed(connection, POOL_FIRST, POOL_FIRST + STEPS - 1, is_pool=True)
        for job in jobs(settings):
            if wanted in {None, job.name}:
                await _sample(app, job, await sign_in(app, job.username), requests)


async def _sample(app: FastAPI, job: Job, token: str, requests: int) -> None:
    load = list(job.load[:1]) * (requests + _WARM_UP) if job.is_repeatable else list(job.load)
    for request in load[:_WARM_UP]:
        await _serve(app, request, token)
    samples = Samples()
    measured = load[_WARM_UP : _WARM_UP + requests]
    previous = signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    busy = time.process_time()
    try:
        for request in measured:
            await _serve(app, request, token)
    finally:
        busy = time.process_time() - busy
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    print(f"\n{job.name}: {busy / len(measured) * 1_000:.2f} ms of processor time a request")
    for title, counts in (
        ("any function, by itself", samples.itself),
        ("ours, with what they call", samples.ours),
    ):
        print(f"  {title}")
        for name, count in counts.most_common(LINES):
            print(f"    {count / samples.count:>6.1%}  {name}")


async def _serve(app: FastAPI, request: Request, token: str) -> None:
    """Hand a request to the application as a server would; raises RuntimeError unless it succeeds."""
    head, _, body = request.as_bytes(token).partition(b"\r\n\r\n")
    lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    path, _, query = request.path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in lines],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status = 0

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(str(message["status"]))

    await app(scope, receive, send)  # type: ignore[arg-type]  ASGI's messages are mappings of anything
    if status != request.status:
        raise RuntimeError(f"{request.method} {request.path}: {status}")


def _name(frame: FrameType) -> str:
    """Return a function's name after its package: `sqlalchemy/orm/session.Session.execute`."""
    code = frame.f_code
    path = code.co_filename.removesuffix(".py")
    for folder in _FOLDERS:
        path = path.removeprefix(folder)
    return f"{path}.{code.co_qualname}"
