"""What idle listeners to /v1/events cost one process, and how soon a change reaches those whom it concerns.

    python -m bench listeners [--listeners N] [--json]

One process of the API and one worker, as they run in earnest. Listeners are signed in as the demo's officers, unit
members and desk in turn; each has its own connection. Target: 1 000 idle listeners within 200 MB.
"""

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from api.adapters.processes import Push, end, tied_to_us
from api.settings import PREFIX, Settings
from bench.serving import Served, serve
from bench.street import bench_street, caller_of, open_app, sign_in

IDLE_S = 20.0
AT_ONCE = 50
PEOPLE = ("officer01", "officer05", "member-cityscape", "member-water", "lead-sanitation", "dispatcher")
CONCERNED = {"officer01", "member-cityscape", "dispatcher"}
"""Whom the report of a fruit stall in officer01's grid concerns."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured; memory is resident memory of the API's process."""

    listeners: int
    before_mb: float
    idle_mb: float
    idle_cpu_percent: float
    concerned: int
    told_median_s: float
    told_last_s: float
    after_mb: float


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench listeners", description="Memory of idle listeners, and how soon they are told."
    )
    parser.add_argument("--listeners", type=int, default=1_000, help="connections that listen (1000)")
    parser.add_argument("--json", action="store_true", help="print an object")
    options = parser.parse_args(arguments)
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, max(files, 2 * options.listeners + 200)), most))
    with bench_street() as settings, serve(settings) as served, _worker(settings):
        measured = asyncio.run(_measure(settings, served, options.listeners))
    if options.json:
        print(json.dumps(asdict(measured), indent=2))
        return
    for name, value in asdict(measured).items():
        print(f"{name:<20}{value:>10,.2f}" if isinstance(value, float) else f"{name:<20}{value:>10,}")


async def _measure(settings: Settings, served: Served, count: int) -> Measured:
    async with open_app(settings) as app:
        tokens = {username: await sign_in(app, username) for username in PEOPLE}
        before_mb = _resident_mb(served)
        listeners = [_Listener(PEOPLE[number % len(PEOPLE)]) for number in range(count)]
        for start in range(0, count, AT_ONCE):
            group = listeners[start : start + AT_ONCE]
            await asyncio.gather(*(one.begin(served.port, tokens[one.username]) for one in group))
        await asyncio.sleep(2)
        busy_before, began = served.busy_s() or 0.0, time.monotonic()
        await asyncio.sleep(IDLE_S)
        idle = ((served.busy_s() or 0.0) - busy_before) / (time.monotonic() - began)
        idle_mb = _resident_mb(served)
        concerned = [one for one in listeners if one.username in CONCERNED]
        waiting = [asyncio.create_task(one.told()) for one in concerned]
        async with caller_of(app, tokens["officer01"]) as officer:
            answer = await officer.put(f"/v1/reports/{uuid4()}", json=_stall())
            answer.raise_for_status()
        filed_at = time.monotonic()
        waits = sorted(at - filed_at for at in await asyncio.wait_for(asyncio.gather(*waiting), 120))
        return Measured(
            listeners=count,
            before_mb=before_mb,
            idle_mb=idle_mb,
            idle_cpu_percent=100 * idle,
            concerned=len(concerned),
            told_median_s=waits[len(waits) // 2],
            told_last_s=waits[-1],
            after_mb=_resident_mb(served),
        )


class _Listener:
    """One connection that listens."""

    def __init__(self, username: str) -> None:
        self.username = username
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def begin(self, port: int, token: str) -> None:
        """Connect, and read until everything was told."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._writer.write(head.encode())
        await self._until(b"event: complete")

    async def told(self) -> float:
        """Return when the next change came."""
        return await self._until(b"event: change")

    async def _until(self, wanted: bytes) -> float:
        assert self._reader is not None  # noqa: S101  begun
        while True:
            line = await self._reader.readline()
            if not line:
                raise RuntimeError(f"the stream of {self.username} ended")
            if line.startswith(wanted):
                return time.monotonic()


def _stall() -> dict[str, object]:
    return {
        "category": "E0406",
        "condition": 1,
        "description": "水果摊占用人行道",
        "observed_at": datetime.now(UTC).isoformat(),
        "place": {"longitude": 116.41024, "latitude": 39.91640, "crs": "gcj02", "accuracy_m": 8.5},
    }


def _resident_mb(served: Served) -> float:
    for line in Path(f"/proc/{served.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell the memory of a process")


@contextmanager
def _worker(settings: Settings) -> Generator[None]:
    environment = {
        **os.environ,
        f"{PREFIX}DEMO": "true",
        f"{PREFIX}DATABASE_URL": settings.required_database_url,
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}TOKEN_KEY": settings.token_key.get_secret_value(),
        f"{PREFIX}LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "api.cli", "worker"]
    process = subprocess.Popen(tied_to_us(command, signal.SIGTERM), env=environment)
    try:
        yield
    finally:
        end(process, Push(signal.SIGTERM, 20))
