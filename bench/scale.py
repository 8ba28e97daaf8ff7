"""Do pages and counts stay as fast while tickets pile up? Time in the database, for ever more tickets.

    python -m bench scale [--sizes 10000 200000 2000000] [--times N] [--json]

The statements are the application's own, noted from real requests and run under EXPLAIN ANALYZE: planning plus
execution, without the network and without Python. One ticket in five is open at every size, so open ones grow
along; in earnest their number stays about the same while closed ones pile up.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection

from api.deps import Wiring
from api.settings import Settings
from bench.capture import Statement, captured
from bench.exemplars import FINDER, make_exemplars
from bench.seeding import seed
from bench.street import bench_street, caller_of, connect, open_app, sign_in

QUESTIONS = (
    ("queue of a unit, 50", "member-cityscape", "/v1/queue?limit=50"),
    ("queue of an officer, 50", FINDER, "/v1/queue?limit=50"),
    ("queue of a dispatcher, 50", "dispatcher", "/v1/queue?limit=50"),
    ("overdue, 50", "supervisor", "/v1/overdue?limit=50"),
    ("overdue of a community, 50", "supervisor", "/v1/overdue?limit=50&grid=990101001001"),
    ("tickets, 200", "supervisor", "/v1/tickets?limit=200"),
    ("newest tickets, 50", "supervisor", "/v1/tickets?order=-filed_at"),
    ("own counters of a unit", "member-cityscape", "/v1/me"),
    ("overdue summary by unit", "supervisor", "/v1/overdue/summary?by=unit"),
    ("count by light of a unit", "member-cityscape", "/v1/tickets/counts?by=light"),
)
"""Who asks what. The last statement of each is the one that grows, if any does; the others ask who it is."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How long one question took in the database at each size."""

    question: str
    median_ms: list[float]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench scale", description="Latency by number of tickets."
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 200_000], help="(10000 200000)")
    parser.add_argument("--times", type=int, default=15, help="how often each question is asked (15)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    sizes = sorted(set(options.sizes))
    with bench_street() as settings:
        answered = asyncio.run(_measure(settings, sizes, options.times))
    if options.json:
        median_ms = {one.question: one.median_ms for one in answered}
        print(json.dumps({"tickets": sizes, "median_ms": median_ms}, indent=2))
        return
    print(f"{'median ms in the database':<28}" + "".join(f"{size:>12,}" for size in sizes) + "   last/first")
    for one in answered:
        figures = "".join(f"{figure:>12.2f}" for figure in one.median_ms)
        print(f"{one.question:<28}{figures}{one.median_ms[-1] / one.median_ms[0]:>13.1f}")


async def _measure(settings: Settings, sizes: Sequence[int], times: int) -> list[Answered]:
    answered = [Answered(question, []) for question, _, _ in QUESTIONS]
    async with open_app(settings) as app:
        await make_exemplars(app, settings)
        tokens = {username: await sign_in(app, username) for username in {one[1] for one in QUESTIONS}}
        present = 0
        for size in sizes:
            with connect(settings) as connection:
                seed(connection, present + 1, size)
            present = size
            for one, (_, username, path) in zip(answered, QUESTIONS, strict=True):
                one.median_ms.append(await _ask(app, tokens[username], path, times))
    return answered


async def _ask(app: FastAPI, token: str, path: str, times: int) -> float:
    """Return the median time of the request's slowest statement in ms."""
    wiring: Wiring = app.state.wiring
    async with caller_of(app, token) as caller:
        (
            await caller.get("/v1/lifecycle")
        ).raise_for_status()  # loads the reference data, as every first request
        with captured(wiring.database.engine) as transaction:
            (await caller.get(path)).raise_for_status()
    async with wiring.database.engine.connect() as connection:
        runs = [[await _explain(connection, one) for _ in range(times)] for one in transaction.statements]
    return max(median(run) for run in runs)


async def _explain(connection: AsyncConnection, statement: Statement) -> float:
    explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement.sql}"
    plan: Any = (await connection.exec_driver_sql(explained, dict(statement.rows[0]))).scalar_one()
    return plan[0]["Planning Time"] + plan[0]["Execution Time"]
