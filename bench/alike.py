"""How long it takes to find the same picture among millions.

    python -m bench alike [--photos N] [--json]

Fills `photo_prints` with random hashes (of whose bits half are set, as the method makes them), then asks for copies
that differ in 0 to 7 bits, each with the statement of the house, and looks whether each was found. Real hashes crowd
more than random ones: the number of rows looked at is told beside the time.
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from api.db import Database
from api.domain.pictures import FOUND_BITS
from api.queries.photo_stories import select_alike
from api.settings import Settings
from bench.street import bench_street, connect

ASKED = 80
LOOK_BITS = 10

# Beside the hashes nothing of a photo matters here, hence no rows of photos.
_FILL = """
ALTER TABLE photo_prints DROP CONSTRAINT fk_photo_prints_photo_id;
INSERT INTO photo_prints (photo_id, phash)
SELECT gen_random_uuid(), ('x' || substr(md5(n::text), 1, 16))::bit(64)::bigint FROM generate_series(1, {photos}) AS n;
ANALYZE photo_prints;
"""


async def measure(settings: Settings) -> dict[str, Any]:
    """Ask for copies of stored pictures."""
    database = Database(settings.required_database_url)
    chosen = text("SELECT photo_id, phash FROM photo_prints TABLESAMPLE BERNOULLI (1) LIMIT :asked")
    counted = text("SELECT pg_size_pretty(pg_indexes_size('photo_prints'))")
    times: list[float] = []
    rows: list[int] = []
    found = 0
    draw = random.Random(1)
    async with database.read() as session:
        targets: list[tuple[UUID, int]] = [
            (row.photo_id, row.phash) for row in await session.execute(chosen, {"asked": ASKED})
        ]
        indexes = (await session.execute(counted)).scalar_one()
        for number, (photo_id, phash) in enumerate(targets):
            for bit in draw.sample(range(63), number % (FOUND_BITS + 1)):
                phash ^= 1 << bit  # noqa: PLW2901  that is the copy
            started = time.perf_counter()
            ids = (await session.execute(select_alike(phash, LOOK_BITS))).scalars().all()
            times.append(time.perf_counter() - started)
            found += photo_id in ids
        plan: Any = None
        for _, phash in targets[:5]:
            compiled = select_alike(phash, LOOK_BITS).compile(
                dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
            )
            plan = (
                await session.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}".replace(":", r"\:")))
            ).scalar()
            rows.append(_rows_looked_at(plan[0]["Plan"]))
    await database.close()
    return {
        "asked": len(targets),
        "found": found,
        "median_ms": round(1000 * statistics.median(times), 1),
        "worst_ms": round(1000 * max(times), 1),
        "rows_looked_at": round(statistics.median(rows)),
        "indexes": indexes,
    }


def _rows_looked_at(plan: dict[str, Any]) -> int:
    """Return how many rows a plan read from the table, wanted or not."""
    if plan["Node Type"] in {"Bitmap Heap Scan", "Seq Scan", "Index Scan"}:
        return plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    return sum(_rows_looked_at(child) for child in plan.get("Plans", ()))


def main(arguments: Sequence[str]) -> None:
    """Measure as the command line asks."""
    parser = argparse.ArgumentParser(prog="bench alike", description=__doc__)
    parser.add_argument("--photos", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found: dict[int, dict[str, Any]] = {}
    for photos in options.photos:
        with bench_street() as settings:
            with connect(settings) as connection:
                connection.execute(_FILL.format(photos=photos).encode())
            found[photos] = asyncio.run(measure(settings))
        if not options.json:
            print(f"{photos:>10} photos: {found[photos]}", flush=True)
    if options.json:
        print(json.dumps(found))
