"""The life of an upload apart from its bytes: begun, given up, expired, and swept up after."""

import logging
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Text, cast, delete, func, insert, not_, select, update
from sqlmodel import col

from api.adapters.files import FileStore, StoredFile
from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.errors import IdTaken, NotFound
from api.domain.policies import Policies
from api.domain.uploads import check_quota, read_metadata, upload_of
from api.models import Upload, UploadPart
from api.queries.photos import StoredPhoto, find_photo
from api.queries.uploads import StoredUpload, count_open_uploads, find_upload, is_alive, parts_in_use
from api.services.declared_photos import check_captured_at
from api.services.evidence import lock_photos
from api.services.photos import ORPHAN_AGE, SWEPT_AT_ONCE, PhotoRequest

PURGED_AT_ONCE = 200

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """An upload as it was announced; `told` are the words in which the photo was described."""

    photo: PhotoRequest
    length_bytes: int
    told: str
    sha256: str | None = None
    """The file's, if the phone told it."""

    def is_about(self, photo: StoredPhoto, viewer: Viewer) -> bool:
        """Tell whether this announces the very photo that is stored, as far as can be told without its bytes."""
        return (
            photo.uploaded_by_id == viewer.person_id
            and photo.size_bytes == self.length_bytes
            and photo.request_sha256 == self.photo.sha256(photo.sha256)
            and self.sha256 in {None, photo.sha256}
        )


@dataclass(frozen=True, slots=True)
class OpenedUpload:
    """Where an upload goes on: `upload` is None when its photo is stored already."""

    upload: StoredUpload | None
    is_new: bool


async def open_upload(
    database: Database,
    files: FileStore,
    viewer: Viewer,
    request: UploadRequest,
    policies: Policies,
    now: datetime,
) -> OpenedUpload:
    """Begin an upload, or find the one that was begun with the same words; it goes over to this sign-in.

    Raises IdTaken when the id stands for another photo or is somebody else's, TooManyUploads, and what
    `receive_photo` would refuse that can be known beforehand (FieldWrong, GeoError).
    """
    await check_captured_at(database, viewer, request.photo.captured_at, now)
    request.photo.place()
    photo_id, stale = request.photo.id, list[str]()
    async with database.write() as session:
        # One at a time for each person, or many at once would each see room for itself; then for each photo.
        person = func.hashtextextended(cast(str(viewer.person_id), Text), 2)
        await session.execute(select(func.pg_advisory_xact_lock(person)))
        await lock_photos(session, [photo_id])
        photo = await find_photo(session, photo_id)
        if photo is not None:
            if not request.is_about(photo, viewer):
                raise IdTaken("This photo id was used before with another content.", photo=photo_id)
            return OpenedUpload(None, is_new=False)
        upload = await find_upload(session, viewer, photo_id, now)
        if upload is not None:
            _check_alike(upload, request)
            await session.execute(
                update(Upload).where(col(Upload.id) == photo_id).values(sign_in_id=viewer.session_id)
            )
            return OpenedUpload(upload, is_new=False)
        stale = await _remove(session, [photo_id], now)
        check_quota(await count_open_uploads(session, viewer.person_id, now), request.length_bytes, policies)
        await _insert(session, viewer, request, now, now + timedelta(hours=policies.upload_ttl_hours))
        upload = await find_upload(session, viewer, photo_id, now)
    await delete_files(files, stale)
    if upload is None:
        raise NotFound("Your sign-in has ended meanwhile.")
    return OpenedUpload(upload, is_new=True)


def _check_alike(upload: StoredUpload, request: UploadRequest) -> None:
    same_words = read_metadata(upload.told) == read_metadata(request.told)
    if upload.length_bytes != request.length_bytes or not same_words:
        raise IdTaken("An upload with this photo id has begun with another content.", photo=upload.id)


async def _remove(session: WriteSession, upload_ids: Iterable[UUID], now: datetime) -> list[str]:
    """Delete those of these uploads that go on no more, whoever's; return the keys of their files.

    Raises IdTaken for one that goes on: it is somebody else's.
    """
    chosen = select(col(Upload.id), is_alive(now)).where(col(Upload.id).in_(upload_ids)).with_for_update()
    found = (await session.execute(chosen)).all()
    if any(alive for _, alive in found):
        raise IdTaken("This photo id is in use.")
    return await _delete(session, [upload_id for upload_id, _ in found])


async def _insert(
    session: WriteSession, viewer: Viewer, request: UploadRequest, now: datetime, expires_at: datetime
) -> None:
    await session.execute(
        insert(Upload).values(
            id=request.photo.id,
            person_id=viewer.person_id,
            sign_in_id=viewer.session_id,
            length_bytes=request.length_bytes,
            received_bytes=0,
            told=request.told,
            created_at=now,
            expires_at=expires_at,
        )
    )


async def drop_upload(database: Database, files: FileStore, viewer: Viewer, upload_id: UUID) -> bool:
    """Remove an upload of the viewer with its bytes, rows first; tell whether there was one."""
    async with database.write() as session:
        mine = select(col(Upload.id)).where(
            col(Upload.id) == upload_id, col(Upload.person_id) == viewer.person_id
        )
        found = (await session.execute(mine.with_for_update())).scalars().all()
        keys = await _delete(session, found)
    await delete_files(files, keys)
    return bool(found)


async def _delete(session: WriteSession, upload_ids: Iterable[UUID]) -> list[str]:
    """Delete uploads; return the keys of their files, which are removed when this is committed."""
    ids = list(upload_ids)
    parts = delete(UploadPart).where(col(UploadPart.upload_id).in_(ids)).returning(col(UploadPart.file_key))
    keys = list((await session.execute(parts)).scalars())
    await session.execute(delete(Upload).where(col(Upload.id).in_(ids)))
    return keys


async def delete_files(files: FileStore, keys: Iterable[str]) -> None:
    """Remove files that no row names any more. A kill in between leaves orphans, which the sweep finds."""
    for key in keys:
        await files.delete(key)


async def purge_uploads(database: Database, files: FileStore, now: datetime) -> int:
    """Remove uploads that were never finished in time and those of sign-ins that have ended; return how many."""
    purged = 0
    while True:
        async with database.write() as session:
            over = (
                select(col(Upload.id))
                .where(not_(is_alive(now)))
                .limit(PURGED_AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            ids = (await session.execute(over)).scalars().all()
            keys = await _delete(session, ids)
        await delete_files(files, keys)
        purged += len(ids)
        if len(ids) < PURGED_AT_ONCE:
            break
    if purged:
        logger.info("removed %d uploads that were not finished", purged)
    return purged


async def sweep_orphan_parts(database: Database, files: FileStore, now: datetime) -> int:
    """Remove files of uploads that no row names and that are older than `ORPHAN_AGE`; return how many.

    A part's row is written while the request lasts that brought it, which is an hour at most.
    """
    swept = 0
    old: list[StoredFile] = []
    async with aclosing(files.files("uploads")) as listed:
        async for file in listed:
            if file.modified_at < now - ORPHAN_AGE:
                old.append(file)
            if len(old) == SWEPT_AT_ONCE:
                swept += await _sweep(database, files, old)
                old.clear()
    return swept + await _sweep(database, files, old)


async def _sweep(database: Database, files: FileStore, old: Iterable[StoredFile]) -> int:
    found = {file.key: upload_id for file in old if (upload_id := upload_of(file.key)) is not None}
    if not found:
        return 0
    async with database.read() as session:
        in_use = await parts_in_use(session, set(found.values()))
    orphans = found.keys() - in_use
    await delete_files(files, orphans)
    return len(orphans)
