"""A killed upload leaves no row without its files, and what it leaves of files is swept."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from api import clock
from api.services.evidence import lock_photos
from api.services.photos import sweep_orphan_files
from tests.conftest import MONDAY_MORNING, House
from tests.example_photos import kept, put_photo, street_picture

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("upload_photos.py")
LONG_AFTER = timedelta(days=2)


@asynccontextmanager
async def uploader(house: House, *photo_ids: UUID) -> AsyncGenerator[Process]:
    """Start a process that uploads into the house's database and folder; it is killed at the end."""
    settings = house.wiring.settings
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        settings.required_database_url,
        str(settings.home / "files"),
        *map(str, photo_ids),
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def somebody_waits(house: House) -> None:
    """Return when a transaction waits for an advisory lock."""
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with asyncio.timeout(60):
        while True:
            async with house.database.read() as session:
                if (await session.execute(query)).scalar_one():
                    return
            await asyncio.sleep(0.05)


async def test_killed_between_its_files_and_its_row_an_upload_leaves_only_files_and_these_are_swept(
    house: House,
) -> None:
    photo_id, files = uuid4(), house.wiring.files
    async with house.database.write() as session:
        # With the photo's lock in our hands the process can do everything but write the row.
        await lock_photos(session, [photo_id])
        async with uploader(house, photo_id) as process:
            await somebody_waits(house)
            process.kill()
            await process.wait()
    left = await kept(house.database, files)
    assert left.folders == {}
    assert len(left.keys) == 3

    # The phone, which got no answer, sends its photo again.
    officer = await house.caller("officer01")
    answer = await put_photo(officer, photo_id, street_picture(0, taken_at=MONDAY_MORNING))
    assert answer.status_code == 201
    assert await sweep_orphan_files(house.database, files, clock.now()) == 0
    assert await sweep_orphan_files(house.database, files, clock.now() + LONG_AFTER) == 3
    now = await kept(house.database, files)
    assert now.folders.keys() == {photo_id}
    assert now.keys == now.needed()
    assert not now.keys & left.keys


async def test_killed_at_any_moment_uploads_leave_no_row_without_its_files_and_no_promise_is_broken(
    house: House,
) -> None:
    files, promised = house.wiring.files, set[UUID]()
    for _ in range(3):
        async with uploader(house) as process:
            assert process.stdout is not None
            first = await asyncio.wait_for(process.stdout.readline(), 60)
            await asyncio.sleep(random.uniform(0.2, 0.8))
            process.kill()
            said = first + await process.stdout.read()
        promised |= {UUID(line) for line in said.decode().split("\n")[:-1]}
        now = await kept(house.database, files)
        assert now.is_whole()
        assert promised <= now.folders.keys()
    await sweep_orphan_files(house.database, files, clock.now() + LONG_AFTER)
    now = await kept(house.database, files)
    assert now.keys == now.needed()
    assert promised <= now.folders.keys()
    assert list((house.wiring.settings.home / "files" / ".partial").iterdir()) == []
