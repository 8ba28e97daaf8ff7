"""What a morning's work of one phone takes: 200 reports in one batch, beside the same one by one.

    python -m bench.sync [reports]

Both go through the application in this process, without a network. Processor time is this process's; what PostgreSQL
uses comes on top.
"""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from api.settings import Settings
from bench.exemplars import report_body
from bench.street import bench_street, caller_of, open_app, sign_in

TARGET_S = 2.0
ROUNDS = 5


async def _measure(name: str, count: int, run: Callable[[], Awaitable[None]]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        wall, processor = time.perf_counter(), time.process_time()
        await run()
        took, used = time.perf_counter() - wall, time.process_time() - processor
        print(f"{name:<12} {took:6.2f} s, processor {used:5.2f} s: {took / count * 1000:5.1f} ms each")
        best = min(best, took)
    return best


async def _compare(settings: Settings, count: int) -> None:
    async with open_app(settings) as app, caller_of(app, await sign_in(app, "officer01")) as officer:
        alone = await _measure("one by one", count, lambda: _one_by_one(officer, count))
        batch = await _measure("in a batch", count, lambda: _in_a_batch(officer, count))
    verdict = "within" if batch <= TARGET_S else "OVER"
    print(
        f"{count} reports: {batch:.2f} s ({verdict} {TARGET_S} s), {alone / batch:.1f} times faster than one by one"
    )


def _somewhere() -> tuple[float, float]:
    """Return a place on the street: an officer sees the same class at many corners, some of them twice."""
    return 116.404 + random.uniform(-0.004, 0.004), 39.915 + random.uniform(-0.002, 0.002)


async def _one_by_one(officer: httpx.AsyncClient, count: int) -> None:
    for _ in range(count):
        answer = await officer.put(f"/v1/reports/{uuid4()}", json=report_body("E0406", 1, *_somewhere()))
        answer.raise_for_status()


async def _in_a_batch(officer: httpx.AsyncClient, count: int) -> None:
    now = datetime.now(UTC).isoformat()
    items = [
        {
            "kind": "report",
            "id": str(uuid4()),
            "made_at": now,
            "body": report_body("E0406", 1, *_somewhere()),
        }
        for _ in range(count)
    ]
    answer = await officer.post("/v1/sync", json={"device_id": "bench", "sent_at": now, "items": items})
    answer.raise_for_status()
    done = {result["status"] for result in answer.json()["results"]}
    assert done == {201}, done  # noqa: S101  else nothing was measured


def main() -> None:
    """Measure both ways."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with bench_street() as settings:
        asyncio.run(_compare(settings, count))


if __name__ == "__main__":
    main()
