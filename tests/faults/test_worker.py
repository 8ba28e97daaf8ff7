"""The worker as a process on a real database: runs on time, never twice at once, ends and dies well."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from api.adapters.embedded import private_cluster
from api.adapters.jobs import HEARTLESS_S, apply_job_schema
from api.adapters.processes import Push, end

WORKER = """
import asyncio, sys
from api import clock
from api.adapters.jobs import Reconciler, job_app, register

async def tick(now):
    print("tick", now.isoformat(), flush=True)

async def nap(now):
    print("nap", flush=True)
    await asyncio.sleep(float(sys.argv[2]))
    print("awake", flush=True)

async def work():
    app = job_app(sys.argv[1])
    register(app, (Reconciler("tick", "* * * * * */1", tick), Reconciler("nap", "* * * * * */1", nap)), clock.now)
    async with app.open_async():
        await app.run_worker_async(concurrency=4, delete_jobs="successful", shutdown_graceful_timeout=2)

asyncio.run(work())
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with private_cluster(tmp_path_factory.mktemp("home"), durable=False) as cluster:
        url = cluster.create_database("jobs")
        apply_job_schema(url)
        yield url


@contextmanager
def worker_on(url: str, nap_s: float) -> Generator[tuple[subprocess.Popen[bytes], Iterator[str]]]:
    command = [sys.executable, "-c", WORKER, url, str(nap_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603  our own program
    assert process.stdout
    with process.stdout as output:
        try:
            yield process, (line.decode().strip() for line in output)
        finally:
            end(process, Push(signal.SIGTERM, 20))


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(question.encode()).fetchall()


def test_the_queues_tables_are_made_once_and_stay_apart_from_ours(url: str) -> None:
    before = ask(url, "SELECT * FROM jobs.applied_step ORDER BY name")
    apply_job_schema(url)
    assert ask(url, "SELECT * FROM jobs.applied_step ORDER BY name") == before
    assert ask(url, "SELECT to_regclass('public.procrastinate_jobs')") == [(None,)]


def test_a_step_that_came_with_a_later_release_is_applied(url: str) -> None:
    last = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
    assert ask(url, f"DELETE FROM jobs.applied_step WHERE name = '{last}' RETURNING name") == [(last,)]  # noqa: S608  a constant
    apply_job_schema(url)
    assert ask(url, f"SELECT count(*) FROM jobs.applied_step WHERE name = '{last}'") == [(1,)]  # noqa: S608  the same


def test_runs_do_not_overlap_and_a_worker_that_is_asked_to_stop_stops_within_seconds(url: str) -> None:
    with worker_on(url, nap_s=60) as (process, lines):
        seen: list[str] = []
        while sum(line.startswith("tick") for line in seen) < 4:
            seen.append(next(lines))
        started = time.monotonic()
        process.terminate()
        seen += lines
        assert process.wait(20) == 0
        assert time.monotonic() - started < 10
    assert seen.count("nap") == 1
    assert "awake" not in seen


def test_what_a_killed_worker_was_doing_is_freed(url: str) -> None:
    with worker_on(url, nap_s=60) as (process, lines):
        while next(lines) != "nap":
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with worker_on(url, nap_s=0) as (_, lines):
        ask(
            url,
            "UPDATE jobs.procrastinate_workers SET last_heartbeat = now() - interval '1 day' RETURNING id",
        )
        deadline = time.monotonic() + HEARTLESS_S + 60
        for line in lines:
            if line == "awake":
                break
            assert time.monotonic() < deadline, "the lock of the killed run was never freed"
