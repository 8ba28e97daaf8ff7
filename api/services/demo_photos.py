"""Photos of the demo street: drawn and stored ahead, as uploads are, while the tickets' deeds go on."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, to_thread

from api.adapters.demo_pictures import demo_picture
from api.adapters.files import FileStore
from api.adapters.images import ProcessedImage, process_image, read_image
from api.domain.evidence import Purpose
from api.domain.geo import Crs, Place
from api.services.photos import PhotoRequest, StoredDrawing, ToldPlace, keep_files

MEDIA_TYPE = "image/jpeg"

_STANDPOINTS = {purpose: number for number, purpose in enumerate(Purpose)}

AT_ONCE = 2
"""Pictures in the making at the same time: drawing takes a core, storing waits for the disk."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo to be drawn: the same scene is the same street from the same place."""

    purpose: Purpose
    scene: int
    is_tidy: bool
    taken_at: datetime
    place: Place
    seen_as: Purpose | None = None
    """Taken from where pictures of this purpose are; None for where those of its own are."""

    @property
    def standpoint(self) -> Purpose:
        """From where it was taken."""
        return self.seen_as or self.purpose


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture whose files are durable: all that its row is made from."""

    request: PhotoRequest
    drawing: StoredDrawing


class Studio:
    """Draws and stores pictures ahead of the deeds that need them; the rows are written with those."""

    def __init__(self, files: FileStore, zone: ZoneInfo) -> None:
        self._files, self._zone = files, zone
        self._tasks: set[asyncio.Task[StoredPicture]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._threads = CapacityLimiter(AT_ONCE)
        # Copies hold pixels only, so all photos of a scene from one spot have the same; some 50 kB each.
        self._drawn: dict[tuple[int, bool, Purpose], ProcessedImage] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop what is still in the making: after an error nobody will ask for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def order(self, photo_id: UUID, picture: Picture) -> asyncio.Task[StoredPicture]:
        """Begin a picture; it may be awaited when it is needed."""
        task = asyncio.create_task(self._store(photo_id, picture))
        self._tasks.add(task)
        return task

    async def _store(self, photo_id: UUID, picture: Picture) -> StoredPicture:
        async with self._places:
            data, image = await to_thread.run_sync(self._draw, picture, limiter=self._threads)
            folder = await keep_files(self._files, photo_id, data, image)
        place = ToldPlace(picture.place.longitude, picture.place.latitude, Crs.WGS84)
        request = PhotoRequest(photo_id, picture.purpose, MEDIA_TYPE, picture.taken_at, place)
        return StoredPicture(request, StoredDrawing(image.facts, image.print, folder))

    def _draw(self, picture: Picture) -> tuple[bytes, ProcessedImage]:
        data = demo_picture(
            picture.scene,
            taken_at=picture.taken_at.astimezone(self._zone),
            longitude=picture.place.longitude,
            latitude=picture.place.latitude,
            tidy=picture.is_tidy,
            # Nobody stands twice on the very same spot.
            standpoint=_STANDPOINTS[picture.standpoint],
        )
        key = picture.scene, picture.is_tidy, picture.standpoint
        drawn = self._drawn.get(key)
        if drawn is None:
            drawn = process_image(data, declared_type=MEDIA_TYPE, default_zone=self._zone)
            self._drawn[key] = drawn
        facts = read_image(data, declared_type=MEDIA_TYPE, default_zone=self._zone)
        return data, replace(drawn, facts=facts)
