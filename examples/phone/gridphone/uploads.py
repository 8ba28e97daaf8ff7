"""Brings photos to the server in pieces, and goes on where it was cut (tus 1.0)."""

import asyncio
from dataclasses import dataclass

from gridphone.answers import Cut, Problem
from gridphone.backoff import pause_s
from gridphone.items import OutboxItem
from gridphone.outbox import Outbox
from gridphone.photos import PhotoFolder
from gridphone.service import Service

PIECE_BYTES = 256 * 1024
SMALLEST_BYTES = 16 * 1024
"""Of one request. A piece that is cut is sent again from its beginning, so each attempt in vain halves it."""

ATTEMPTS = 4
"""In a row and without a byte arriving. Then the network is away, and the next round goes on."""

LONGEST_WAIT_S = 5.0
"""A server that asks for more is left alone until a later round."""

_GONE = {404, 410}
_CONFLICT, _CHECKSUM_MISMATCH = 409, 460


class Uploads:
    """The uploads of one phone."""

    def __init__(self, outbox: Outbox, photos: PhotoFolder) -> None:
        self._outbox = outbox
        self._photos = photos

    async def bring(self, service: Service, photo: OutboxItem) -> None:
        """Send what the server does not have of a photo; when this returns the photo is stored for good.

        Raises Cut after some attempts in vain, Problem when the server does not take the photo, FileNotFoundError when
        the picture is gone.
        """
        size_bytes = self._photos.size_bytes(photo.id)
        upload = _Upload(photo, size_bytes, photo.upload)
        while True:
            try:
                await self._go_on(service, upload)
            except Cut as cut:
                # How much arrived only the server knows: the next attempt asks it.
                upload.failures += 1
                if upload.failures == ATTEMPTS or cut.wait_s > LONGEST_WAIT_S:
                    raise
                await asyncio.sleep(pause_s(upload.failures, cut.wait_s))
            except Problem as problem:
                upload.failures += 1
                if not _can_go_on(problem):
                    raise
                if upload.failures == ATTEMPTS:
                    raise Cut(f"The upload did not get on: {problem}") from problem
                if problem.status in _GONE:  # it took us too long, or ended with an earlier sign-in
                    self._note(upload, None)
                await asyncio.sleep(pause_s(upload.failures))
            else:
                return

    async def _go_on(self, service: Service, upload: "_Upload") -> None:
        """Send piece after piece from where the server says that it stands."""
        if upload.address is None:
            address, offset = await service.begin_upload(upload.size_bytes, _told(upload.photo))
            self._note(upload, address)
        else:
            address = upload.address
            offset = await service.upload_offset(address)
        while offset < upload.size_bytes:
            piece_bytes = max(PIECE_BYTES >> upload.failures, SMALLEST_BYTES)
            piece = self._photos.read(upload.photo.id, offset, piece_bytes)
            offset = await service.append(address, offset, piece)
            upload.failures = 0

    def _note(self, upload: "_Upload", address: str | None) -> None:
        upload.address = address
        self._outbox.note_upload(upload.photo.id, address)


@dataclass(slots=True)
class _Upload:
    """A photo on its way: where to, and how often in a row nothing of it arrived."""

    photo: OutboxItem
    size_bytes: int
    address: str | None
    failures: int = 0


def _told(photo: OutboxItem) -> dict[str, str]:
    """Return what an upload says of its photo, in the same words each time it is begun."""
    said = photo.body
    return {"photo_id": str(photo.id)} | {name: said[name] for name in ("purpose", "sha256", "captured_at")}


def _can_go_on(problem: Problem) -> bool:
    """Tell whether asking for the offset, or beginning anew, helps.

    `offset_conflict`: another of our requests was faster, such as one that we believed lost. A checksum that does not
    match: the bytes were damaged on their way.
    """
    is_elsewhere = problem.status == _CONFLICT and problem.code == "offset_conflict"
    return is_elsewhere or problem.status == _CHECKSUM_MISMATCH or problem.status in _GONE
