"""Programs that are started again whenever they have ended, as systemd does it; and killed without a word."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from api.adapters.processes import tied_to_us

ROOT = Path(__file__).parents[2]
DOWN_S = (0.0, 1.5)
"""How long a program stays away after it ended."""

STOP_S = 40


class Service:
    """One program of ours: `python -m MODULE ARGUMENTS`, with a log of its own.

    `ended_by_itself` counts the ends that nobody asked for. A `stops_on_eof` program ends in order when its input
    does; all others are simply killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        logs: Path,
        *,
        stops_on_eof: bool = False,
    ) -> None:
        self.name = name
        self.ended_by_itself = 0
        self._command = tied_to_us([sys.executable, "-m", *command], signal.SIGKILL)
        others = {
            name: value for name, value in os.environ.items() if not name.startswith(("PG", "GRIDPATROL_"))
        }
        self._environment = {**others, **environment}
        self._log = logs / f"{name}.log"
        self._stops_on_eof = stops_on_eof
        self._process: Process | None = None
        self._runs = asyncio.Event()
        self._killed = False
        self._keeping: asyncio.Task[None] | None = None
        self.said = b""
        """The first line that a program with an input printed when it was ready."""

    def start(self, down: random.Random) -> None:
        """Start it and keep it running; `down` draws how long it stays away each time."""
        self._keeping = asyncio.create_task(self._keep_running(down))

    async def running(self) -> None:
        """Wait until it runs, or runs again."""
        await self._runs.wait()

    def kill(self) -> None:
        """End it as kill -9 does, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._killed = True
            self._runs.clear()
            self._process.kill()

    async def stop(self) -> None:
        """End it for good."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_S)
        if process.returncode is None:
            process.kill()
            await process.wait()

    async def _keep_running(self, down: random.Random) -> None:
        while True:
            self._killed = False
            process = self._process = await self._spawn()
            if process.stdout is not None:
                self.said = await process.stdout.readline()
            if process.returncode is None:
                self._runs.set()
            await process.wait()
            self._runs.clear()
            if not self._killed:
                self.ended_by_itself += 1
            await asyncio.sleep(down.uniform(*DOWN_S))

    async def _spawn(self) -> Process:
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE if self._stops_on_eof else DEVNULL,
                stdout=PIPE if self._stops_on_eof else log,
                stderr=log,
                cwd=ROOT,
                env=self._environment,
            )


def children_of(pid: int) -> dict[int, bytes]:
    """Return the children of a process, each with its command line."""
    found: dict[int, bytes] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended since the listing
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found[int(process.name)] = (process / "cmdline").read_bytes()
    return found
