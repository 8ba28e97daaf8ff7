"""What computing all open tickets anew takes: seconds and memory.

    python -m bench recompute [--tickets N] [--json]

Saturday mornings become working time, and the limits that no calendar counts grow, so that every ticket is due at
another time. Each run is the command itself, in a process of its own. Target: 100 000 tickets in 30 s.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from api.settings import PREFIX, Settings
from bench.exemplars import make_exemplars
from bench.seeding import seed
from bench.street import bench_street, connect, open_app

RUNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("dry run", ("--dry-run",)),
    ("run", ()),
    ("run again", ()),
)

_CHANGES = (
    """UPDATE calendars SET weekly = jsonb_set(weekly, '{5}', '[[480, 720]]'), version = version + 1
       WHERE code IN ('city', 'patrol')""",
    "UPDATE conditions SET limit_value = limit_value + 1 WHERE limit_unit LIKE 'urgent%'",
    """INSERT INTO policies (key, value) VALUES
       ('intake_limit', '{"minutes": 20, "calendar": "always"}'),
       ('check_limit', '{"minutes": 180, "calendar": "patrol"}')
       ON CONFLICT (key) DO UPDATE SET value = excluded.value""",
)


@dataclass(frozen=True, slots=True)
class Ran:
    """One run over all tickets; `cpu_s` and `peak_mb` are those of the command's own process."""

    run: str
    tickets: int
    changed: int
    seconds: float
    cpu_s: float
    peak_mb: float


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench recompute", description="Time and memory of computing all open tickets anew."
    )
    parser.add_argument("--tickets", type=int, default=100_000, help="open tickets (100000)")
    parser.add_argument("--json", action="store_true", help="print a list")
    options = parser.parse_args(arguments)
    with bench_street() as settings:
        asyncio.run(_make_exemplars(settings))
        with connect(settings) as connection:
            seed(connection, 1, options.tickets, are_open=True)
            for change in _CHANGES:
                connection.execute(change)
        ran = [_run(settings, name, flags) for name, flags in RUNS]
    if options.json:
        print(json.dumps([asdict(one) for one in ran], indent=2))
        return
    print(f"{'':<12}{'tickets':>10}{'changed':>10}{'seconds':>10}{'cpu s':>10}{'peak MB':>10}")
    for one in ran:
        print(
            f"{one.run:<12}{one.tickets:>10,}{one.changed:>10,}{one.seconds:>10.1f}"
            f"{one.cpu_s:>10.1f}{one.peak_mb:>10.0f}"
        )


async def _make_exemplars(settings: Settings) -> None:
    async with open_app(settings) as app:
        await make_exemplars(app, settings)


def _run(settings: Settings, name: str, flags: Sequence[str]) -> Ran:
    """Run the command; its exit code must be 0."""
    environment = {
        **os.environ,
        f"{PREFIX}DEMO": "true",
        f"{PREFIX}DATABASE_URL": settings.required_database_url,
        f"{PREFIX}HOME": str(settings.home),
    }
    command = [sys.executable, "-m", "api.cli", "recompute", "--json", *flags]
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status != 0:
            raise SystemExit(f"the command failed: {' '.join(command)}")
        output.seek(0)
        summary = json.load(output)
    cpu_s, peak_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    return Ran(name, summary["examined"], summary["changed"], seconds, cpu_s, peak_mb)
