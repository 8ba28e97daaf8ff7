"""The worker process: wiring only."""

import asyncio
from datetime import datetime

import structlog

from api import clock
from api.adapters.files import FileStore, open_store
from api.adapters.jobs import Reconciler, job_app, register
from api.db import Database
from api.logs import configure_logs
from api.services.photos import sweep_orphan_files
from api.settings import Settings

GRACE_S = 5.0
"""How long a job may go on after SIGTERM. Reconcilers are idempotent: one cut short is repeated."""

log = structlog.get_logger()


def reconcilers(database: Database, files: FileStore) -> tuple[Reconciler, ...]:
    """Return the periodic jobs of this installation."""

    async def sweep_files(now: datetime) -> None:
        await sweep_orphan_files(database, files, now)

    # Once a night: a sweep reads the name of every file, and an orphan costs nothing but its space.
    return (Reconciler("sweep_orphan_files", "20 3 * * *", sweep_files),)


def run_worker(settings: Settings) -> None:
    """Run jobs until SIGINT or SIGTERM; running jobs get a few seconds to finish."""
    configure_logs(settings)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    database = Database(settings.required_database_url, pool_size=2)
    periodic = reconcilers(database, open_store(settings.files_location))
    app = job_app(settings.required_database_url)
    register(app, periodic, clock.now)
    async with app.open_async():
        log.info("worker started", periodic=[reconciler.name for reconciler in periodic])
        await app.run_worker_async(
            concurrency=4,
            delete_jobs="successful",  # what was done stands in the data; failed jobs stay to be looked at
            shutdown_graceful_timeout=GRACE_S,
        )
    await database.close()
    log.info("worker stopped")
