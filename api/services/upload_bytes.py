"""The bytes of an upload: kept in parts as they come, and made a photo when the last one is there.

Nothing is locked while bytes come in, however slowly: a part is stored first, durably, and then counted by
one statement that holds only while the upload stands where the part begins. Of two requests that send bytes
for the same offset one is counted, the other learns where the upload stands. What was stored and never
counted is an orphan, and swept.
"""

import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from anyio import to_thread
from sqlalchemy import delete, insert, update
from sqlmodel import col

from api.adapters.files import FileMissing, FileStore
from api.adapters.image_facts import ImageLimits
from api.adapters.image_refusals import ImageRefused
from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.errors import ChecksumMismatch, FileLost, NotFound, OffsetConflict, Refusal, UploadTooLarge
from api.domain.geo import GeoError
from api.domain.reference import Reference
from api.domain.uploads import PART_BYTES, Checksum, Part, part_key, parts_to_merge
from api.models import Upload, UploadPart
from api.queries.photos import StoredPhoto, find_photo
from api.queries.uploads import StoredUpload, find_upload, holds, is_alive
from api.services.receiving import receive_photo
from api.services.uploads import UploadRequest, delete_files, drop_upload

logger = logging.getLogger(__name__)


class BrokenOff(Exception):  # noqa: N818  what networks do, not a fault
    """Raised by a stream of bytes whose sender went away or stood still before the end."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Where uploads are kept, and for whom."""

    database: Database
    files: FileStore
    viewer: Viewer


async def standing(upkeep: Upkeep, upload_id: UUID, now: datetime) -> StoredUpload | StoredPhoto:
    """Return an upload of the viewer as it stands, or the photo that it has become; NotFound for neither."""
    async with upkeep.database.read() as session:
        upload = await find_upload(session, upkeep.viewer, upload_id, now)
        photo = await find_photo(session, upload_id)
    is_mine = photo is not None and photo.uploaded_by_id == upkeep.viewer.person_id
    # Else a photo of another size came in another way under this id; the upload will be refused at its end.
    if photo is not None and is_mine and (upload is None or upload.length_bytes == photo.size_bytes):
        return photo
    if upload is None:
        raise NotFound("There is no such upload.", upload=upload_id)
    return upload


@dataclass(slots=True)
class _Parts:
    """The parts of an upload while more of them come; `fresh` ones are stored and not counted yet."""

    upkeep: Upkeep
    upload: StoredUpload
    all: list[Part]
    counted_to: int
    fresh: list[Part] = field(default_factory=list[Part])
    merged: list[Part] = field(default_factory=list[Part])

    @property
    def end(self) -> int:
        return self.all[-1].end if self.all else 0

    async def put(self, data: bytes) -> None:
        """Store a part durably, with the small ones before it in one.

        Those before it are counted ones: whatever came in this request fills whole parts, up to its last.
        """
        count = parts_to_merge(self.all, len(data))
        small = self.all[len(self.all) - count :]
        start = small[0].start if small else self.end
        files = self.upkeep.files
        content = b"".join([await files.get(part.file_key) for part in small]) + data
        part = Part(start, len(content), part_key(self.upload.id, start, uuid4()))
        await files.put(part.file_key, content)
        self.merged += small
        self.fresh.append(part)
        self.all[len(self.all) - count :] = [part]

    async def count(self, now: datetime) -> None:
        """Count what was put, in one short transaction; OffsetConflict when the upload stands elsewhere."""
        if not self.fresh:
            return
        async with self.upkeep.database.write() as session:
            is_counted = await self._count(session, now)
        if not is_counted:
            raise await _elsewhere(self.upkeep, self.upload.id, now)
        merged, self.fresh, self.merged, self.counted_to = self.merged, [], [], self.end
        await delete_files(self.upkeep.files, (part.file_key for part in merged))

    async def _count(self, session: WriteSession, now: datetime) -> bool:
        viewer = self.upkeep.viewer
        move = (
            update(Upload)
            .where(
                col(Upload.id) == self.upload.id,
                col(Upload.person_id) == viewer.person_id,
                col(Upload.received_bytes) == self.counted_to,
                is_alive(now),
                holds(viewer.session_id),  # a phone that was lost may be sending still
            )
            .values(received_bytes=self.end, sign_in_id=viewer.session_id)
            .returning(col(Upload.id))
        )
        if (await session.execute(move)).one_or_none() is None:
            return False
        mine = col(UploadPart.upload_id) == self.upload.id
        replaced = col(UploadPart.start_byte) >= self.fresh[0].start
        await session.execute(delete(UploadPart).where(mine, replaced))
        rows = [
            {
                "upload_id": self.upload.id,
                "start_byte": part.start,
                "size_bytes": part.size_bytes,
                "file_key": part.file_key,
            }
            for part in self.fresh
        ]
        await session.execute(insert(UploadPart), rows)
        return True

    async def forget(self) -> None:
        """Remove what was put and not counted."""
        await delete_files(self.upkeep.files, (part.file_key for part in self.fresh))
        self.fresh.clear()


@dataclass(slots=True)
class _Intake:
    """The bytes of one request on their way into parts; `rest` is what the upload lacks behind them."""

    parts: _Parts
    checksum: Checksum | None
    rest: int
    buffer: bytearray = field(default_factory=bytearray)

    async def read(self, chunks: AsyncIterator[bytes], now: datetime) -> bool:
        """Read to the end, holding a part at most; tell whether it came, or the bytes broke off before it."""
        try:
            async for chunk in chunks:
                await self._add(chunk, now)
        except BrokenOff:
            return self.rest == 0
        return True

    async def _add(self, chunk: bytes, now: datetime) -> None:
        self.rest -= len(chunk)
        if self.rest < 0:
            length = self.parts.upload.length_bytes
            raise UploadTooLarge("These are more bytes than were announced.", length=length)
        if self.checksum is not None:
            self.checksum.update(chunk)
        self.buffer += chunk
        while len(self.buffer) > PART_BYTES:  # never the last byte: it is counted when the photo is stored
            await self.parts.put(bytes(self.buffer[:PART_BYTES]))
            del self.buffer[:PART_BYTES]
            if self.checksum is None:
                await self.parts.count(now)

    async def settle(self, *, is_whole: bool, now: datetime) -> bytes | None:
        """Count what came; return the last bytes of the upload if they are there."""
        if self.checksum is not None and not self.checksum.holds():
            offset = self.parts.counted_to
            if is_whole:
                raise ChecksumMismatch("Send these bytes again.", offset=offset)
            raise OffsetConflict("The bytes broke off: send them again.", offset=offset)
        if self.buffer and self.rest > 0:
            await self.parts.put(bytes(self.buffer))
        await self.parts.count(now)
        if not is_whole:
            raise OffsetConflict("The bytes broke off: go on from here.", offset=self.parts.end)
        return bytes(self.buffer) if self.rest == 0 else None


@dataclass(frozen=True, slots=True)
class Taken:
    """An upload with the bytes that one request brought.

    `tail` are the last ones if they are there, waiting in memory to be made a photo with those before them.
    """

    upload: StoredUpload
    tail: bytes | None


async def take_bytes(
    upkeep: Upkeep,
    upload: StoredUpload,
    chunks: AsyncIterator[bytes],
    checksum: Checksum | None,
    now: datetime,
) -> Taken:
    """Keep bytes that begin where the upload stands; all but the last of them are durable and counted then.

    Memory is bounded by a part, whatever is sent. What breaks off midway is kept as far as it came, unless a
    checksum was promised, which can only be of the whole. Raises OffsetConflict when somebody else was faster
    or the sender stood still, ChecksumMismatch, UploadTooLarge for more bytes than announced, FileLost.
    """
    parts = _Parts(upkeep, upload, list(upload.parts), upload.received_bytes)
    intake = _Intake(parts, checksum, upload.length_bytes - upload.received_bytes)
    try:
        is_whole = await intake.read(chunks, now)
        tail = await intake.settle(is_whole=is_whole, now=now)
    except FileMissing as error:
        raise await _lost(upkeep, upload, parts.counted_to, now) from error
    except Refusal:
        await parts.forget()
        raise
    return Taken(replace(upload, received_bytes=parts.end, parts=tuple(parts.all)), tail)


async def finish_upload(
    upkeep: Upkeep,
    reference: Reference,
    upload: StoredUpload,
    tail: bytes,
    request: UploadRequest,
    now: datetime,
    zone: ZoneInfo,
    limits: ImageLimits,
) -> StoredPhoto:
    """Make an upload whose last bytes are `tail` a photo, as `receive_photo` does, and remove the upload.

    What is refused as a photo (Refusal, ImageRefused, GeoError) is removed as well: the same bytes would be
    refused again. After any other error the upload stands where it stood, and the phone sends the tail again.
    """
    stands = await standing(upkeep, upload.id, now)
    if isinstance(stands, StoredUpload) and stands.received_bytes != upload.received_bytes:
        raise OffsetConflict("Somebody else sent bytes meanwhile.", offset=stands.received_bytes)
    try:
        before = [await upkeep.files.get(part.file_key) for part in upload.parts]
    except FileMissing as error:
        raise await _lost(upkeep, upload, upload.received_bytes, now) from error
    data = b"".join([*before, tail])
    try:
        if request.sha256 not in {None, await to_thread.run_sync(_sha256, data)}:
            raise ChecksumMismatch("The file is not the one that was announced: begin anew.")
        received = await receive_photo(
            upkeep.database, upkeep.files, reference, upkeep.viewer, request.photo, data, now, zone, limits
        )
    except (Refusal, ImageRefused, GeoError):
        await drop_upload(upkeep.database, upkeep.files, upkeep.viewer, upload.id)
        raise
    await drop_upload(upkeep.database, upkeep.files, upkeep.viewer, upload.id)
    return received.photo


async def _elsewhere(upkeep: Upkeep, upload_id: UUID, now: datetime) -> OffsetConflict:
    """Say where an upload stands now; raises NotFound when it is gone."""
    stands = await standing(upkeep, upload_id, now)
    offset = stands.received_bytes if isinstance(stands, StoredUpload) else stands.size_bytes
    return OffsetConflict("The upload stands elsewhere: go on from there.", offset=offset)


async def _lost(upkeep: Upkeep, upload: StoredUpload, counted_to: int, now: datetime) -> Refusal:
    """Say why a part is not there: somebody else moved the upload on, or finished it; or the store lost it."""
    stands = await standing(upkeep, upload.id, now)
    if isinstance(stands, StoredPhoto) or stands.received_bytes != counted_to:
        return await _elsewhere(upkeep, upload.id, now)
    logger.error("bytes of upload %s are missing in the file store", upload.id)
    await drop_upload(upkeep.database, upkeep.files, upkeep.viewer, upload.id)
    return FileLost("The bytes of this upload are lost: begin anew.", upload=upload.id)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
