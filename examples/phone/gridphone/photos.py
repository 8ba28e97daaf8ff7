"""The pictures that the phone still has to bring to the server, as files."""

import os
import time
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

_LEFT_BEHIND_S = 3600


class PhotoFolder:
    """A folder of pictures, each under its photo's id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, photo_id: UUID, picture: bytes) -> None:
        """Write a picture so that it is there, and whole, whatever happens to the phone after this returns."""
        unfinished = self._folder / f"{photo_id}.part"
        with unfinished.open("wb") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path(photo_id))
        folder = os.open(
            self._folder, os.O_RDONLY
        )  # the name lies in the folder, which has to be written too
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def size_bytes(self, photo_id: UUID) -> int:
        """Return the size of a picture; FileNotFoundError when somebody has removed it."""
        return self._path(photo_id).stat().st_size

    def read(self, photo_id: UUID, offset: int, size_bytes: int) -> bytes:
        """Return a piece of a picture; FileNotFoundError as above."""
        with self._path(photo_id).open("rb") as file:
            file.seek(offset)
            return file.read(size_bytes)

    def drop(self, photo_id: UUID) -> None:
        """Remove a picture, if it is there."""
        self._path(photo_id).unlink(missing_ok=True)

    def sweep(self, wanted: Collection[UUID]) -> None:
        """Remove what a killed app left behind: pictures that nothing in the outbox speaks of.

        Only old ones: another process may just have written a picture and be about to write down why.
        """
        names = {str(photo_id) for photo_id in wanted}
        for file in self._folder.iterdir():
            if file.name not in names and file.stat().st_mtime < time.time() - _LEFT_BEHIND_S:
                file.unlink(missing_ok=True)

    def _path(self, photo_id: UUID) -> Path:
        return self._folder / str(photo_id)
