"""Upload photos as an officer until killed; started by the tests as a process of its own.

Arguments: database URL, files folder, and the ids to use; without ids new ones for ever. Says each id once its
photo is stored, which is when a phone would be told so.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from api import clock
from api.adapters.folder_store import FolderStore
from api.adapters.images import DEFAULT_LIMITS
from api.db import Database
from api.domain.access import Role, Viewer
from api.domain.evidence import Purpose
from api.models import Person
from api.queries.reference import load_reference
from api.services.photos import PhotoRequest
from api.services.receiving import receive_photo
from tests.example_photos import street_picture


async def upload(database_url: str, folder: str, photo_ids: Iterator[UUID]) -> None:
    """Store a photo under each id."""
    database, files = Database(database_url), FolderStore(Path(folder))
    async with database.snapshot() as session:
        reference = await load_reference(session, ZoneInfo("Asia/Shanghai"))
        chosen = select(col(Person.id)).where(col(Person.username) == "officer01")
        person_id = (await session.execute(chosen)).scalar_one()
    viewer = Viewer(person_id, uuid4(), "officer01", "", Role.OFFICER, None, ())
    for number, photo_id in enumerate(photo_ids):
        now = clock.now()
        await receive_photo(
            database,
            files,
            reference,
            viewer,
            PhotoRequest(photo_id, Purpose.BEFORE),
            street_picture(number, taken_at=now),
            now,
            ZoneInfo("Asia/Shanghai"),
            DEFAULT_LIMITS,
        )
        print(photo_id, flush=True)  # noqa: T201  what the test reads


if __name__ == "__main__":
    _, url, where, *ids = sys.argv
    asyncio.run(upload(url, where, (UUID(one) for one in ids) if ids else iter(uuid4, None)))
