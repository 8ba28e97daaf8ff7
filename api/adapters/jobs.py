"""Jobs in PostgreSQL (procrastinate): their tables, and the periodic jobs that a worker runs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import LiteralString, cast

import procrastinate
import psycopg
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from psycopg import conninfo

SCHEMA = "jobs"
"""PostgreSQL schema of procrastinate's tables: apart from ours, so that migrations see only what is ours."""

SCHEMA_LOCK = 0x6772_6964_6A6F_6273
"""Advisory lock (the letters "gridjobs"): two processes that migrate at once take turns."""


HEARTLESS_S = 30.0
"""Without a heartbeat (one each 10 s) for so long, a worker counts as dead."""

KEPT_HOURS = 30 * 24
"""Failed jobs are kept this long, to be looked at."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """A periodic job that brings the data to where they should be at an instant.

    `run` takes `now` and nothing else, and may run twice, or late, without harm. `cron` has five fields, or
    six with seconds last. A run that takes longer than its period delays the next one; they never overlap,
    however many workers there are.
    """

    name: str
    cron: str
    run: Callable[[datetime], Awaitable[None]]


def job_app(database_url: str) -> procrastinate.App:
    """Return the job application on this database; nothing is connected yet."""
    connector = procrastinate.PsycopgConnector(conninfo=_conninfo(database_url), min_size=1, max_size=4)
    return procrastinate.App(connector=connector)


def register(
    app: procrastinate.App, reconcilers: Sequence[Reconciler], clock: Callable[[], datetime]
) -> None:
    """Make the worker of `app` run the reconcilers when they are due, and tend the queue itself."""
    for reconciler in reconcilers:
        _register(app, reconciler, clock)
    _register_tending(app)


def _register(app: procrastinate.App, reconciler: Reconciler, clock: Callable[[], datetime]) -> None:
    # The lock keeps runs apart; the queueing lock lets one wait at most, so a pause leaves no heap of runs.
    @app.periodic(cron=reconciler.cron)
    @app.task(name=reconciler.name, lock=reconciler.name, queueing_lock=reconciler.name)
    async def _run(timestamp: int) -> None:  # pyright: ignore[reportUnusedFunction]  the decorators keep it
        del timestamp  # the due second; a late run should see the present instead
        await reconciler.run(clock())


def _register_tending(app: procrastinate.App) -> None:
    """Free what a killed worker was doing, and forget what has long ended.

    A killed worker leaves its jobs marked as being done, with their locks: a reconciler would never run
    again. Its heart stops beating, which is how they are told from slow ones. A periodic run is dropped,
    as the next one does its work; any other job is done again.
    """

    @app.periodic(cron="* * * * * */10")
    @app.task(name="free_killed_jobs", queueing_lock="free_killed_jobs")
    async def _free(timestamp: int) -> None:  # pyright: ignore[reportUnusedFunction]  the decorators keep it
        del timestamp
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=HEARTLESS_S):
            if job.queueing_lock:
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
            else:
                await app.job_manager.retry_job(job)

    @app.periodic(cron="17 19 * * *")
    @app.task(name="forget_old_jobs", queueing_lock="forget_old_jobs")
    async def _forget(timestamp: int) -> None:  # pyright: ignore[reportUnusedFunction]  the decorators keep it
        del timestamp
        await app.job_manager.delete_old_jobs(
            nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )


def apply_job_schema(database_url: str) -> None:
    """Bring procrastinate's tables to the installed release; nothing happens when they are.

    The first time takes the whole schema, later times the migrations that were added since, each in a
    transaction of its own because some of them may only be used once they are committed.
    """
    steps = sorted(
        entry.name
        for entry in resources.files("procrastinate.sql").joinpath("migrations").iterdir()
        if entry.name.endswith(".sql")
    )
    with psycopg.connect(_conninfo(database_url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (SCHEMA_LOCK,))
        with connection.transaction():
            connection.execute("CREATE SCHEMA IF NOT EXISTS jobs")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS jobs.applied_step"
                " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            applied = {
                name for (name,) in connection.execute("SELECT name FROM jobs.applied_step").fetchall()
            }
            if not applied:
                connection.execute(SchemaManager.get_schema())
                for step in steps:
                    connection.execute("INSERT INTO jobs.applied_step (name) VALUES (%s)", (step,))
                return
        for step in steps:
            if step in applied:
                continue
            script = resources.files("procrastinate.sql").joinpath("migrations", step).read_text("utf-8")
            with connection.transaction():
                # procrastinate's own text, as trustworthy as its code
                connection.execute(cast("LiteralString", script))
                connection.execute("INSERT INTO jobs.applied_step (name) VALUES (%s)", (step,))


def _conninfo(database_url: str) -> str:
    """Return libpq's form of a SQLAlchemy URL, with our schema first on the search path."""
    given = conninfo.conninfo_to_dict(database_url.replace("postgresql+psycopg://", "postgresql://", 1))
    options = f"{given.get('options') or ''} -c search_path={SCHEMA}".strip()
    return conninfo.make_conninfo("", **{**given, "options": options, "application_name": "gridpatrol-jobs"})
