"""The worker process: wiring only."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from api import clock
from api.adapters.files import FileStore, open_store
from api.adapters.jobs import Reconciler, job_app, register
from api.db import Database, WriteSession
from api.domain.reference import Reference
from api.logs import configure_logs
from api.queries.calendars import find_short_calendars
from api.queries.reference import ReferenceCache, reference_version
from api.relay import relay_changes
from api.services.accounts import purge_expired_sign_ins
from api.services.declared_photos import purge_declared
from api.services.escalations import escalate_overdue
from api.services.feed import purge_marks
from api.services.idempotency import purge_keys
from api.services.messages import deliver_notices
from api.services.notices import raise_notices
from api.services.photos import sweep_orphan_files
from api.services.resumption import resume_suspended
from api.services.shifts import expire_shifts
from api.services.signal_examinations import examine
from api.services.sync_release import release_overlooked
from api.services.task_tending import tend_tasks
from api.services.track_purge import purge_tracks
from api.services.tracks import measure_stale_shifts
from api.services.uploads import purge_uploads, sweep_orphan_parts
from api.services.waiting_items import expire_waiting, purge_waiting
from api.settings import Settings

GRACE_S = 5.0
"""How long a job may go on after SIGTERM. Reconcilers are idempotent: one cut short is repeated."""

Purge = Callable[[WriteSession, datetime], Awaitable[int]]
"""Removes, or ends, one batch of what has expired, in a transaction of its own; returns how many, 0 at the end."""

Sweep = Callable[[Database, Reference, datetime], Awaitable[int]]
"""Does to tickets or notices what an instant asks for, by the rules of the city; returns how many it met."""

log = structlog.get_logger()


def reconcilers(database: Database, files: FileStore, zone: ZoneInfo) -> tuple[Reconciler, ...]:
    """Return the periodic jobs of this installation; `zone` is the city's."""

    async def sweep_files(now: datetime) -> None:
        await sweep_orphan_files(database, files, now)
        await sweep_orphan_parts(database, files, now)

    async def drop_uploads(now: datetime) -> None:
        await purge_uploads(database, files, now)

    async def warn_of_calendars(now: datetime) -> None:
        async with database.read() as session:
            for seen in await find_short_calendars(session, now):
                log.warning(
                    "load the next year's holidays", calendar=seen.calendar.code, days_left=seen.days_left
                )

    async def release(database: Database, reference: Reference, now: datetime) -> int:
        return await release_overlooked(database, reference, now, zone)

    async def look_for_signals(database: Database, reference: Reference, now: datetime) -> int:
        return await examine(database, files, reference, now)

    async def measure(database: Database, reference: Reference, now: datetime) -> int:
        return await measure_stale_shifts(database, reference, zone, now)

    references = ReferenceCache(database, zone)

    def with_reference(sweep: Sweep) -> Callable[[datetime], Awaitable[None]]:
        """Hand a sweep the reference data that are in force when it begins."""

        async def run(now: datetime) -> None:
            async with database.read() as session:
                version = await reference_version(session)
            await sweep(database, await references.at(version), now)

        return run

    return (
        # What came due is found within a minute; each of these is one look at an index when there is nothing.
        Reconciler("resume_suspended", "* * * * * */20", with_reference(resume_suspended)),
        Reconciler("escalate_overdue", "* * * * * */30", with_reference(escalate_overdue)),
        Reconciler("raise_notices", "* * * * * */20", with_reference(raise_notices)),
        Reconciler("deliver_notices", "* * * * * */20", with_reference(deliver_notices)),
        Reconciler("tend_tasks", "* * * * * */30", with_reference(tend_tasks)),
        Reconciler("release_waiting", "* * * * * */30", with_reference(release)),
        Reconciler("examine_for_signals", "* * * * * */10", with_reference(look_for_signals)),
        Reconciler("expire_waiting", "* * * * *", _until_none_is_left(database, expire_waiting)),
        Reconciler("expire_shifts", "* * * * *", with_reference(expire_shifts)),
        Reconciler("measure_shifts", "* * * * * */30", with_reference(measure)),
        Reconciler("purge_tracks", "30 18 * * *", with_reference(purge_tracks)),
        # Once a night: a sweep reads the name of every file, and an orphan costs nothing but its space.
        Reconciler("sweep_orphan_files", "20 3 * * *", sweep_files),
        # Often, for the bytes of a phone that was lost.
        Reconciler("purge_uploads", "*/5 * * * *", drop_uploads),
        Reconciler("purge_what_expired", "40 * * * *", _until_none_is_left(database, *_PURGES)),
        # In UTC, as all of these: in the morning of the office's day.
        Reconciler("warn_of_calendars", "10 1 * * *", warn_of_calendars),
    )


_PURGES: tuple[Purge, ...] = (
    purge_expired_sign_ins,
    purge_keys,
    purge_waiting,
    purge_declared,
    purge_marks,
)


def _until_none_is_left(database: Database, *batches: Purge) -> Callable[[datetime], Awaitable[None]]:
    async def run(now: datetime) -> None:
        for batch in batches:
            while await _purged(database, batch, now):
                pass  # until a batch finds nothing

    return run


async def _purged(database: Database, batch: Purge, now: datetime) -> int:
    async with database.write() as session:
        return await batch(session, now)


def run_worker(settings: Settings) -> None:
    """Run jobs until SIGINT or SIGTERM; running jobs get a few seconds to finish."""
    configure_logs(settings)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    database = Database(settings.required_database_url, pool_size=2)
    periodic = reconcilers(database, open_store(settings.files_location), settings.zone)
    app = job_app(settings.required_database_url)
    register(app, periodic, clock.now)
    async with app.open_async():
        log.info("worker started", periodic=[reconciler.name for reconciler in periodic])
        relaying = asyncio.create_task(relay_changes(database, settings.required_database_url))
        await app.run_worker_async(
            concurrency=4,
            delete_jobs="successful",  # what was done stands in the data; failed jobs stay to be looked at
            shutdown_graceful_timeout=GRACE_S,
        )
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying
    await database.close()
    log.info("worker stopped")
