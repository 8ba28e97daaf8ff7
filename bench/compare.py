"""The API beside pgbench: the same SQL, the same database, the same run, turn by turn.

    python -m bench [--tickets N] [--seconds S] [--json]

The SQL is noted while the application serves one request of each kind, so the comparison can't drift from the
code. Absolute figures belong to one machine at one moment; the ratio of two neighbours in time means more.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import subprocess
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import median

from fastapi import FastAPI

from api.deps import Wiring
from api.settings import Settings
from bench import pgbench
from bench.capture import captured
from bench.exemplars import make_exemplars
from bench.jobs import STEPS, STEPS_BY_API, Job, jobs
from bench.load import Load, Measured, drive
from bench.pgbench import Script
from bench.seeding import POOL_FIRST, seed
from bench.serving import Served, serve
from bench.street import bench_street, caller_of, connect, open_app, sign_in

CONNECTIONS = 8
ROUNDS = 3
WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: medians of the rounds."""

    rate: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, rounds: Sequence[Measured]) -> "Side":
        """Sum up rounds."""
        return cls(
            rate=median(one.rate for one in rounds),
            p50_ms=median(one.percentile(50) for one in rounds),
            p99_ms=median(one.percentile(99) for one in rounds),
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """What one job measured. Ratios are API/pgbench, each of two neighbours in time."""

    name: str
    statements: int
    answer_bytes: int
    api: Side
    pgbench: Side
    ratio: float
    ratio_least: float
    ratio_most: float
    api_share: float | None
    """How much of one core the API's process was busy; well below 1 it waited, or others had the core."""
    api_cpu_ms: float | None
    """Processor time of the API's process for one request: the figure that a busy machine spoils least."""
    generator_share: float
    """How much of one core the load generator was busy."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A seeded street, what the application sends for each job, and who is signed in."""

    machine: dict[str, str | int | float]
    scripts: dict[str, Script]
    tokens: dict[str, str]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="The API beside pgbench.")
    parser.add_argument("--tickets", type=int, default=50_000, help="tickets in the table (50000)")
    parser.add_argument("--seconds", type=float, default=6.0, help="seconds for each job and side (6)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    compared: list[Compared] = []
    with bench_street() as settings:
        prepared = asyncio.run(prepare(settings, options.tickets))
        if not options.json:
            _print_head(prepared.machine)
        with serve(settings) as served, _generator() as generator:
            for job in jobs(settings):
                turns = _Turns(job, prepared, settings, served, generator)
                compared.append(turns.run(options.seconds / ROUNDS))
                if not options.json:
                    _print_line(compared[-1])
    if options.json:
        print(json.dumps({"machine": prepared.machine, "jobs": [asdict(one) for one in compared]}, indent=2))
    else:
        _print_foot(compared)


async def prepare(settings: Settings, tickets: int) -> Prepared:
    """Seed the street and note what the application sends for one request of each kind."""
    async with open_app(settings) as app:
        await make_exemplars(app, settings)
        with connect(settings) as connection:
            seed(connection, 1, tickets)
            seed(connection, POOL_FIRST, POOL_FIRST + STEPS - 1, is_pool=True)
        wanted = jobs(settings)
        tokens = {username: await sign_in(app, username) for username in {job.username for job in wanted}}
        wiring: Wiring = app.state.wiring
        options = await pgbench.session_options(wiring.database.engine)
        scripts = {job.name: await _script(app, job, tokens[job.username], options) for job in wanted}
    machine = {**_machine(), **pgbench.server_facts(settings), "tickets": tickets + STEPS}
    return Prepared(machine, scripts, tokens)


async def _script(app: FastAPI, job: Job, token: str, options: str) -> Script:
    wiring: Wiring = app.state.wiring
    sample = job.sample
    async with caller_of(app, token) as caller:
        (
            await caller.get("/v1/lifecycle")
        ).raise_for_status()  # loads the reference data, as every first request
        with captured(wiring.database.engine) as transaction:
            answer = await caller.request(sample.method, sample.path, json=sample.body)
    if answer.status_code != sample.status:
        raise RuntimeError(f"{job.name}: {answer.status_code} {answer.text}")
    return pgbench.write_script(transaction, job.varying, options)


class _Turns:
    """One job, measured by turns: the API, then pgbench, and again."""

    def __init__(
        self, job: Job, prepared: Prepared, settings: Settings, served: Served, generator: Executor
    ) -> None:
        self._job, self._script = job, prepared.scripts[job.name]
        self._settings, self._served, self._generator = settings, served, generator
        token = prepared.tokens[job.username]
        self._requests = [request.as_bytes(token) for request in job.load]
        self._done = 0
        # Jobs that can be done once for each prepared row are counted instead of timed.
        self._each = (
            (STEPS - STEPS_BY_API) // CONNECTIONS // (ROUNDS + 1) if "turn" in job.varying.start else None
        )

    def run(self, seconds: float) -> Compared:
        """Warm both sides up, then let them take turns."""
        self._api(WARM_UP_S)
        self._pgbench(0, WARM_UP_S)
        api: list[Measured] = []
        database: list[Measured] = []
        shares: list[float] = []
        cpu_ms: list[float] = []
        for turn in range(1, ROUNDS + 1):
            before = self._served.busy_s()
            api.append(self._api(seconds))
            after = self._served.busy_s()
            if before is not None and after is not None:
                shares.append((after - before) / api[-1].seconds)
                cpu_ms.append((after - before) / api[-1].count * 1_000)
            database.append(self._pgbench(turn, seconds))
        ratios = sorted(one.rate / other.rate for one, other in zip(api, database, strict=True))
        return Compared(
            name=self._job.name,
            statements=self._script.statements,
            answer_bytes=api[-1].answer_bytes,
            api=Side.of(api),
            pgbench=Side.of(database),
            ratio=median(ratios),
            ratio_least=ratios[0],
            ratio_most=ratios[-1],
            api_share=median(shares) if shares else None,
            api_cpu_ms=median(cpu_ms) if cpu_ms else None,
            generator_share=median(one.own_share for one in api),
        )

    def _api(self, seconds: float) -> Measured:
        repeatable = self._job.is_repeatable
        requests = self._requests if repeatable else self._requests[self._done :]
        load = Load(self._served.port, requests, repeatable, CONNECTIONS, seconds)
        measured = self._generator.submit(drive, load).result()
        self._done += measured.count
        return measured

    def _pgbench(self, turn: int, seconds: float) -> Measured:
        if self._each is None:
            return pgbench.run(self._script, self._settings, connections=CONNECTIONS, seconds=seconds)
        return pgbench.run(
            self._script,
            self._settings,
            connections=CONNECTIONS,
            transactions_each=self._each,
            variables={"done": str(turn * self._each * CONNECTIONS), "clients": str(CONNECTIONS)},
        )


@contextmanager
def _generator() -> Generator[Executor]:
    """Keep one process for the load generator; spawned, so that it carries nothing of ours along."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


def _machine() -> dict[str, str | int | float]:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607  whichever git is installed
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit or "unknown",
        "cores": os.cpu_count() or 1,
        "load_average": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def _print_head(machine: dict[str, str | int | float]) -> None:
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(
        f"One API process (gridpatrol serve), {CONNECTIONS} connections, closed loop, {ROUNDS} rounds by turns,"
        " medians of the rounds."
    )
    print(
        "pgbench sends the statements that the API sent for the same request, prepared, on as many connections."
    )
    print()
    print(f"{'':<20}|{'API':^36}|{'pgbench':^29}|{'API/pgbench':^19}|")
    side = f"{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}"
    print(f"{'':<20}|{side}{'cpu ms':>7}|{side}|{'ratio':>6} {'(range)':<12}| statements, kB")


def _print_line(one: Compared) -> None:
    cpu_ms = f"{one.api_cpu_ms:>7.1f}" if one.api_cpu_ms is not None else f"{'-':>7}"
    spread = f"({one.ratio_least:.2f}-{one.ratio_most:.2f})"
    size = f"{one.statements}, {one.answer_bytes / 1_000:.1f}"
    sides = f"{_side(one.api)}{cpu_ms}|{_side(one.pgbench)}"
    print(f"{one.name:<20}|{sides}|{one.ratio:>6.2f} {spread:<12}| {size}", flush=True)


def _side(side: Side) -> str:
    return f"{side.rate:>11.0f}{side.p50_ms:>9.1f}{side.p99_ms:>9.1f}"


def _print_foot(compared: Sequence[Compared]) -> None:
    print()
    busy = [one.api_share for one in compared if one.api_share is not None]
    if busy:
        print(f"The API's process kept {min(busy):.0%} to {max(busy):.0%} of one core busy", end="; ")
    shares = [one.generator_share for one in compared]
    print(
        f"the load generator (blocking sockets, a process of its own) {min(shares):.0%} to {max(shares):.0%}."
    )
