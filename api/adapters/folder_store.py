"""Files in a folder, written so that neither a kill nor a power cut leaves half of one.

A file is written under `.partial/`, flushed to the disk, and only then linked to its name: a link fails if
the name exists, where a rename would overwrite. Then the folders that gained a name are flushed too,
without which a power cut may lose the name of a file whose content was safe. Needs a file system with
hard links, which every usual one of Linux has.
"""

import os
import stat
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import uuid4

import anyio
from anyio import to_thread

from api.adapters.file_store import CHUNK_BYTES, FileMissing, KeyTaken, OpenFile, StoredFile, check_key

_PARTIAL = ".partial"
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_LISTED_AT_ONCE = 500
_ATTEMPTS = 10


class FolderStore:
    """A `FileStore` in a folder of this machine, readable by its owner only.

    Several processes may use one folder. All disk work happens in threads.
    """

    def __init__(self, root: Path) -> None:
        """Make the folder if it is missing. Raises `OSError` if that or writing in it is not possible."""
        root.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self._root = root.resolve()
        self._partial = self._root / _PARTIAL
        self._partial.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        _sync_folder(self._root)

    async def put(self, key: str, data: bytes) -> None:
        """Store `data` durably; see `FileStore`."""
        await to_thread.run_sync(self._put, check_key(key), data)

    async def get(self, key: str) -> bytes:
        """Return the whole content; see `FileStore`."""
        return await to_thread.run_sync(self._get, check_key(key))

    async def open(self, key: str) -> OpenFile:
        """Open a file for reading in pieces; see `FileStore`."""
        size = await to_thread.run_sync(self._size, check_key(key))
        # Opened with the first piece: an answer that is never sent holds nothing.
        return OpenFile(size, _chunks(self._root / key))

    async def delete(self, key: str) -> None:
        """Remove a file and the folders that it leaves empty; see `FileStore`."""
        await to_thread.run_sync(self._delete, check_key(key))

    async def files(self, folder: str | None = None) -> AsyncGenerator[StoredFile]:
        """List files below `folder`; see `FileStore`."""
        start = self._root / check_key(folder) if folder else self._root
        entries = self._walk(start)
        try:
            while batch := await to_thread.run_sync(lambda: list(islice(entries, _LISTED_AT_ONCE))):
                for entry in batch:
                    yield entry
        finally:
            entries.close()  # with it the open folders, when the listing was not read to its end

    async def sweep_partial(self, older_than: datetime) -> int:
        """Remove what killed writers left; see `FileStore`.

        `older_than` must leave living writers their time: an hour is ample.
        """
        return await to_thread.run_sync(self._sweep_partial, older_than.timestamp())

    def _put(self, key: str, data: bytes) -> None:
        path = self._root / key
        folders = [folder for folder in path.parents if folder.is_relative_to(self._root)]
        with self._written(data) as draft:
            for _ in range(_ATTEMPTS):
                try:
                    for folder in reversed(folders):
                        with suppress(FileExistsError):
                            folder.mkdir(mode=_FOLDER_MODE)
                    _link(draft, path, data)
                    break
                except FileNotFoundError:
                    continue  # a removal was faster: it took the empty folder, or the file to compare with
            else:
                raise OSError(f"{path} keeps disappearing while it is written")
        # Also when another writer made a folder or the file itself: it may have been killed before its
        # flush, and what this call promises must not depend on that.
        for folder in folders:
            _sync_folder(folder)

    @contextmanager
    def _written(self, data: bytes) -> Generator[Path]:
        """Hold `data` flushed in a file without its final name, which is gone afterwards."""
        draft = self._partial / uuid4().hex
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            yield draft
        finally:
            draft.unlink(missing_ok=True)

    def _size(self, key: str) -> int:
        try:
            facts = (self._root / key).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise FileMissing(f"nothing is stored under {key}") from None
        if not stat.S_ISREG(facts.st_mode):
            raise FileMissing(f"nothing is stored under {key}")
        return facts.st_size

    def _get(self, key: str) -> bytes:
        try:
            return (self._root / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise FileMissing(f"nothing is stored under {key}") from None

    def _delete(self, key: str) -> None:
        path = self._root / key
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink()
        with suppress(OSError):  # not empty, or gone already: either ends the climb
            for folder in path.parents:
                if folder == self._root:
                    break
                folder.rmdir()

    def _walk(self, folder: Path) -> Generator[StoredFile]:
        """Yield depth first: at most one open folder for each level, whatever the number of files."""
        try:
            entries = os.scandir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        with entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):
                        facts = entry.stat(follow_symlinks=False)
                        key = Path(entry.path).relative_to(self._root).as_posix()
                        yield StoredFile(key, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))

    def _sweep_partial(self, older_than_s: float) -> int:
        swept = 0
        with os.scandir(self._partial) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # its writer lives and has just finished
                    if entry.stat(follow_symlinks=False).st_mtime < older_than_s:
                        Path(entry.path).unlink()
                        swept += 1
        return swept


def _link(draft: Path, path: Path, data: bytes) -> None:
    """Give a draft its name. Raises `KeyTaken` if the name, or a folder on its way, means something else."""
    try:
        os.link(draft, path)
    except FileExistsError:
        if path.is_dir() or path.read_bytes() != data:
            raise KeyTaken(f"another content is stored under {path.name}") from None
    except NotADirectoryError:
        raise KeyTaken(f"a file is stored where {path.name} needs a folder") from None


async def _chunks(path: Path) -> AsyncGenerator[bytes]:
    async with await anyio.open_file(path, "rb", buffering=0) as file:
        while chunk := await file.read(CHUNK_BYTES):
            yield chunk


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
