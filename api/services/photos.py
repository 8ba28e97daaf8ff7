"""Keep photos: files first, durably, and only then the row that speaks of them."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.adapters.files import FileStore, StoredFile
from api.adapters.image_facts import ImageFacts, ProcessedImage
from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.evidence import Purpose
from api.domain.geo import Crs, Place, to_wgs84
from api.domain.photos import STORED, Variant, folder_for, folder_of, key_in
from api.domain.pictures import PicturePrint
from api.domain.signal_photos import photo_signals
from api.domain.signals import with_weights
from api.models import OriginalReading, Photo, PhotoPrint
from api.queries.geometry import point
from api.queries.photos import folders_in_use, is_known_file

ORPHAN_AGE = timedelta(hours=24)
"""Age from which a file without a row is an orphan. Between file and row lie seconds, so this leaves room
for clocks that differ and for an operator who restores a database and its files one after the other."""

PARTIAL_AGE = timedelta(hours=1)
"""Age from which what a killed writer left behind is removed; no write of one file takes minutes."""

SWEPT_AT_ONCE = 500

CAMERA_LENGTH = 200
"""Characters kept of maker and model, as many as the column takes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToldPlace:
    """A place in the phone's own coordinates."""

    longitude: float
    latitude: float
    crs: Crs


@dataclass(frozen=True, slots=True)
class PhotoRequest:
    """A photo as it was sent, apart from its bytes."""

    id: UUID
    purpose: Purpose
    declared_type: str | None = None
    captured_at: datetime | None = None
    captured_place: ToldPlace | None = None

    def sha256(self, file_sha256: str) -> str:
        """Return a hash by which the same photo is known again: the same file, told of in the same way."""
        at = self.captured_at.astimezone(UTC) if self.captured_at else None
        content = (file_sha256, self.purpose.value, at, self.captured_place)
        return hashlib.sha256(repr(content).encode()).hexdigest()

    def place(self) -> Place | None:
        """Return where the phone was, in WGS-84; raises GeoError for what is no place."""
        told = self.captured_place
        return to_wgs84(told.longitude, told.latitude, told.crs) if told else None


@dataclass(frozen=True, slots=True)
class StoredDrawing:
    """A picture whose files are durable, in their folder: all that its row is made from, beside the request."""

    facts: ImageFacts
    print: PicturePrint
    folder: str


async def keep_files(files: FileStore, photo_id: UUID, data: bytes, image: ProcessedImage) -> str:
    """Store the original and its copies durably, in a folder of this attempt's own; return the folder."""
    folder = folder_for(photo_id, image.facts.sha256, uuid4())
    # The original last: where it lies, its copies lie too.
    for variant, content in (
        (Variant.THUMB, image.thumb),
        (Variant.SCREEN, image.screen),
        (Variant.ORIGINAL, data),
    ):
        await files.put(key_in(folder, variant), content)
    return folder


async def drop_files(files: FileStore, folder: str) -> None:
    """Remove the files of an attempt that came to nothing; only for a folder that no row can name any more."""
    for variant in STORED:
        await files.delete(key_in(folder, variant))


async def insert_photo(
    session: WriteSession,
    viewer: Viewer,
    request: PhotoRequest,
    drawn: StoredDrawing,
    weights: Mapping[str, float],
    now: datetime,
) -> bool:
    """Write the row of a photo whose files are durable; False when the id is taken, perhaps by the same photo.

    `weights` are those of its signals (`Policies.signal_weights`). The caller holds the photo's lock
    (`services.evidence.lock_photos`).
    """
    facts = drawn.facts
    # Two copies of one file that arrive together under different ids would not see each other otherwise.
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(cast(facts.sha256, Text), 1)))
    )
    found = photo_signals(
        is_known_file=await is_known_file(session, facts.sha256, request.id),
        software=facts.software,
        taken_at=facts.taken_at,
        now=now,
    )
    signals = with_weights(found, weights)
    camera = " ".join(filter(None, (facts.make, facts.model)))[:CAMERA_LENGTH]
    statement = (
        insert(Photo)
        .values(
            id=request.id,
            uploaded_by_id=viewer.person_id,
            purpose=request.purpose,
            request_sha256=request.sha256(facts.sha256),
            sha256=facts.sha256,
            media_type=facts.media_type,
            size_bytes=facts.size_bytes,
            width=facts.width,
            height=facts.height,
            file_key=drawn.folder,
            captured_at=request.captured_at,
            captured_place=_point(request.place()),
            taken_at=facts.taken_at,
            taken_place=_point(facts.place),
            camera=camera or None,
            software=facts.software,
            received_at=now,
            signals=[signal.as_json() for signal in signals],
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(Photo.id))
    )
    if (await session.execute(statement)).scalar_one_or_none() is None:
        return False
    await insert_print(session, request.id, drawn.print)
    return True


async def insert_print(session: WriteSession, photo_id: UUID, found: PicturePrint) -> None:
    """Keep what a photo's picture is known again by."""
    row = {"photo_id": photo_id, "phash": found.phash, "sketch": found.sketch}
    await session.execute(insert(PhotoPrint).values(row).on_conflict_do_nothing(index_elements=["photo_id"]))


async def note_original_reading(database: Database, photo_id: UUID, viewer: Viewer, now: datetime) -> None:
    """Write down, for good, that this person fetches the original of a photo; called before the first byte."""
    async with database.write() as session:
        reading = {"photo_id": photo_id, "person_id": viewer.person_id, "at": now}
        await session.execute(insert(OriginalReading).values(reading))


async def sweep_orphan_files(database: Database, files: FileStore, now: datetime) -> int:
    """Remove photo files whose row was never written, and what killed writers left; return how many files.

    A file goes when it is older than `ORPHAN_AGE` and no photo's row names its folder. Each attempt to store
    a photo has a folder of its own and ends, well or not, within minutes; so no row can appear for a file of
    that age, and sweeps may run beside uploads and beside each other.
    """
    await files.sweep_partial(now - PARTIAL_AGE)
    swept = 0
    old: list[StoredFile] = []
    async with aclosing(files.files("photos")) as listed:
        async for file in listed:
            if file.modified_at < now - ORPHAN_AGE:
                old.append(file)
            if len(old) == SWEPT_AT_ONCE:
                swept += await _sweep(database, files, old)
                old.clear()
    swept += await _sweep(database, files, old)
    if swept:
        logger.info("removed %d files of photos that were never stored", swept)
    return swept


async def _sweep(database: Database, files: FileStore, old: Iterable[StoredFile]) -> int:
    """Remove those of these files that belong to no photo; what is no photo's file by its name is left alone."""
    found = {file.key: where for file in old if (where := folder_of(file.key)) is not None}
    if not found:
        return 0
    async with database.read() as session:
        in_use = await folders_in_use(session, {photo_id for photo_id, _ in found.values()})
    orphans = [key for key, (_, folder) in found.items() if folder not in in_use]
    for key in orphans:
        await files.delete(key)
    return len(orphans)


def _point(place: Place | None) -> ColumnElement[object] | None:
    if place is None:
        return None
    return point(place.longitude, place.latitude)
