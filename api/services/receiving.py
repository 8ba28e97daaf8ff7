"""Photos come in: check, keep, store, and give them to the report that waits for them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from anyio import to_thread

from api.adapters.files import FileStore
from api.adapters.image_facts import ImageLimits
from api.adapters.image_processes import process_image_apart
from api.db import Database
from api.domain.access import Viewer
from api.domain.errors import IdTaken
from api.domain.reference import Reference
from api.queries.photos import StoredPhoto, find_photo
from api.services.declared_photos import check_captured_at, refuse_other_bytes
from api.services.evidence import lock_photos
from api.services.photo_arrivals import photo_arrived
from api.services.photos import PhotoRequest, StoredDrawing, drop_files, insert_photo, keep_files


@dataclass(frozen=True, slots=True)
class Received:
    """A stored photo, and whether it was stored just now."""

    photo: StoredPhoto
    is_new: bool


async def receive_photo(  # noqa: PLR0913  a photo's way through the house
    database: Database,
    files: FileStore,
    reference: Reference,
    viewer: Viewer,
    request: PhotoRequest,
    data: bytes,
    now: datetime,
    zone: ZoneInfo,
    limits: ImageLimits,
) -> Received:
    """Store a photo, or find the same one stored before; the report that waits for it gets it.

    `zone` is the camera's where it wrote none. Raises ImageRefused, FieldWrong, GeoError, and IdTaken (the id
    was used for another photo or by somebody else); no row is stored then, and no file that stays. Nor after
    ImageProcessLost: the machine is short of something, and the same photo may be sent again.

    Takes the database rather than a session: decoding and writing to disk take their time, and a transaction
    held meanwhile would keep a connection from others. The row is written when all that is slow is done.
    """
    await check_captured_at(database, viewer, request.captured_at, now)
    request.place()  # refused before the picture is looked at, which costs more
    file_sha256 = await to_thread.run_sync(_sha256, data)
    request_sha256 = request.sha256(file_sha256)
    async with database.read() as session:
        earlier = await find_photo(session, request.id)
        if earlier is None:
            await refuse_other_bytes(session, viewer, request.id, file_sha256)
    if earlier is not None:
        return Received(_the_same(earlier, viewer, request_sha256), is_new=False)
    image = await process_image_apart(
        data, declared_type=request.declared_type, default_zone=zone, limits=limits
    )
    folder = await keep_files(files, request.id, data, image)
    try:
        async with database.write() as session:
            # Held until the end of the transaction: a report that names this photo is either here and is found, or
            # waits and then finds the photo.
            await lock_photos(session, [request.id])
            await refuse_other_bytes(session, viewer, request.id, file_sha256)  # announced while we decoded
            drawn = StoredDrawing(image.facts, image.print, folder)
            weights = reference.policies.signal_weights
            is_new = await insert_photo(session, viewer, request, drawn, weights, now)
            if is_new:
                await photo_arrived(session, reference, request.id, viewer.person_id, now)
            stored = await find_photo(session, request.id)
    except IdTaken:
        await drop_files(files, folder)
        raise
    assert stored is not None  # noqa: S101  just inserted, or in the way of it
    if not is_new:
        # The same id came twice at once and the other was faster. After an error nothing is removed: a commit
        # may have succeeded without our learning of it, and the sweep can tell.
        await drop_files(files, folder)
    return Received(_the_same(stored, viewer, request_sha256), is_new)


def _the_same(stored: StoredPhoto, viewer: Viewer, request_sha256: str) -> StoredPhoto:
    """Return the photo if it is what the viewer sends; else the id is taken."""
    if stored.uploaded_by_id != viewer.person_id or stored.request_sha256 != request_sha256:
        raise IdTaken("This photo id was used before with another content.", photo=stored.id)
    return stored


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
