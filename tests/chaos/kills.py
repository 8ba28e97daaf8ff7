"""The city under attack: API processes, worker and PostgreSQL as they run in an office, killed again and again.

Whatever ends is started again after a moment, but never in an order that anybody planned. Only processes that were
started here are killed, each by its own id.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path

import httpx

from api.settings import PREFIX, Settings
from tests.chaos.services import Service, children_of
from tests.chaos.street import chaos_settings, environment_of, fill
from tests.faults.serving import free_port

API_PROCESSES = 2
READY_S = 300
PAUSE = (0.1, 0.8)
"""Between two kills, after everything runs again: in the time that the city took to start, so that a slow machine gets
some work done in between, too."""

AT_ONCE = 0.25
"""How often the next one is killed while the last one is still down."""


LONGER_S = 300


class Kill(StrEnum):
    """Who is killed, and how."""

    API = "api"
    WORKER = "worker"
    POSTGRES = "postgres"
    """The postmaster and all its children at one moment, as the out-of-memory killer or a container's end does."""
    POSTMASTER = "postmaster"
    """Only the postmaster: its children go on for a moment with what they were doing."""
    BACKEND = "backend"
    """One session's process: the postmaster ends all others and recovers."""
    IMMEDIATE = "immediate_shutdown"


class CityDown(Exception):  # noqa: N818  a finding
    """The city did not come back."""


class City:
    """What runs, and how often it was killed."""

    def __init__(self, home: Path, settings: Settings, keeper: Service, seed: int) -> None:
        self.settings = settings
        self.kills: Counter[str] = Counter({kind.value: 0 for kind in Kill})
        self.addresses = [("127.0.0.1", free_port()) for _ in range(API_PROCESSES)]
        self._home, self._keeper = home, keeper
        self._random = random.Random(seed)
        self._started_in_s = 0.0
        environment = environment_of(settings)
        logs = home / "logs"
        self._apis = [
            Service(
                f"api-{number}",
                ["api.cli", "serve"],
                environment | {f"{PREFIX}PORT": str(port)},
                logs,
            )
            for number, (_, port) in enumerate(self.addresses, 1)
        ]
        self._worker = Service("worker", ["api.cli", "worker"], environment, logs)

    @property
    def ended_by_themselves(self) -> dict[str, int]:
        """Return how often a part ended without having been killed."""
        services = (*self._apis, self._worker, self._keeper)
        return {service.name: service.ended_by_itself for service in services if service.ended_by_itself}

    async def start(self) -> None:
        """Start API and worker; return when everything answers."""
        began = time.monotonic()
        for service in (*self._apis, self._worker):
            service.start(self._random)
        await self.ready()
        self._started_in_s = time.monotonic() - began

    async def stop(self) -> None:
        """End everything that was started."""
        await asyncio.gather(*(service.stop() for service in (*self._apis, self._worker)))
        await self._keeper.stop()

    async def ready(self) -> None:
        """Wait until every part runs and every API process says that it is ready; raises CityDown."""
        try:
            async with asyncio.timeout(READY_S), httpx.AsyncClient(timeout=5, trust_env=False) as client:
                await self._keeper.running()
                await self._worker.running()
                for host, port in self.addresses:
                    while not await _is_ready(client, f"http://{host}:{port}"):  # noqa: ASYNC110  another process
                        await asyncio.sleep(0.1)
        except TimeoutError:
            raise CityDown(f"not ready within {READY_S} s; logs are in {self._home / 'logs'}") from None

    async def rage(self, until: float, is_enough: Callable[[], bool]) -> None:
        """Kill one thing after the other until `time.monotonic()` is there, each kind at least once, and it is enough.

        The last two are waited for in vain at most `LONGER_S` long.
        """
        kinds = list(Kill)
        self._random.shuffle(kinds)
        while (now := time.monotonic()) < until or ((kinds or not is_enough()) and now < until + LONGER_S):
            await asyncio.sleep(self._random.uniform(*PAUSE) * self._started_in_s)
            kind = kinds[-1] if kinds else self._random.choice(list(Kill))
            if self._kill(kind):
                self.kills[kind] += 1
                del kinds[-1:]
            if self._random.random() >= AT_ONCE:
                await self.ready()

    def _kill(self, kind: Kill) -> bool:
        """Kill; tell whether there was anybody to kill."""
        match kind:
            case Kill.API:
                self._random.choice(self._apis).kill()
                return True
            case Kill.WORKER:
                self._worker.kill()
                return True
            case Kill.POSTGRES | Kill.POSTMASTER | Kill.IMMEDIATE | Kill.BACKEND:
                return self._kill_postgres(kind)

    def _kill_postgres(self, kind: Kill) -> bool:
        try:
            pid = int((self._home / "postgres/data/postmaster.pid").read_text().split()[0])
            is_ours = str(self._home).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, IndexError):
            return False  # it is down already
        if not is_ours:
            return False
        children = children_of(pid)
        if kind is Kill.BACKEND:
            sessions = [child for child, command in children.items() if b"[local]" in command]
            return bool(sessions) and _send(self._random.choice(sessions), signal.SIGKILL)
        is_killed = _send(pid, signal.SIGQUIT if kind is Kill.IMMEDIATE else signal.SIGKILL)
        if kind is Kill.POSTGRES:
            for child in children:
                _send(child, signal.SIGKILL)
        self._keeper.kill()  # it starts the next one
        return is_killed


def _send(pid: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


async def _is_ready(client: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(f"{address}/readyz")).is_success
    except httpx.TransportError:
        return False


@asynccontextmanager
async def city(home: Path, seed: int) -> AsyncGenerator[City]:
    """Build a city in this folder and let it run until the block ends; the folder stays."""
    (home / "logs").mkdir()
    url = await _prepare(home)
    keeper = Service("keeper", ["tests.chaos.keeper", str(home)], {}, home / "logs", stops_on_eof=True)
    built = City(home, chaos_settings(home, url), keeper, seed)
    keeper.start(random.Random(seed))
    try:
        await keeper.running()
        await built.start()
        yield built
    finally:
        await built.stop()


async def _prepare(home: Path) -> str:
    """Make the cluster and the street in it, without fsync while nothing is at stake; return the database's URL."""
    hasty = Service(
        "first", ["tests.chaos.keeper", str(home), "--hasty"], {}, home / "logs", stops_on_eof=True
    )
    hasty.start(random.Random(0))
    try:
        await asyncio.wait_for(hasty.running(), READY_S)
        url = hasty.said.decode().strip()
        await fill(chaos_settings(home, url))
    finally:
        await hasty.stop()
    return url
