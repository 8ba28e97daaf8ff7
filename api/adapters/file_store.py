"""What a store of files promises, whatever lies behind it.

A key is an opaque path such as `photos/ab/cd/<uuid>/original` and names one content for ever: putting the
same again succeeds, putting another is refused. What `put` returned from is durable, so a database row that
is written afterwards always finds its file. A file whose row was never written is an orphan: `files` shows
it with its age and `delete` removes it.
"""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MAX_KEY = 200
"""Longest key in characters: what the column that holds one takes."""

CHUNK_BYTES = 256 * 1024
"""Size of the pieces in which files are written and read."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_KEY = re.compile(rf"{_NAME}(?:/{_NAME})*")


class FileMissing(LookupError):  # noqa: N818  the usual answer to a key of long ago
    """Nothing is stored under this key."""


class KeyTaken(Exception):  # noqa: N818  the store refuses; it did not fail
    """Another content is stored under this key, and stays."""


class KeyMalformed(ValueError):  # noqa: N818  the same
    """A key is names of letters, digits, `.`, `_` and `-`, joined by `/`; no name starts with a dot."""


class StoreUnavailable(OSError):  # noqa: N818  what networks do, not a fault of ours
    """The store can't be reached, or refuses to work: later it may, and nothing is half stored."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One entry of a listing."""

    key: str
    size_bytes: int
    modified_at: datetime
    """When it was stored; aware, UTC, by the clock of the store."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file ready to be sent: it exists, and its size is known before the first byte."""

    size_bytes: int
    chunks: AsyncGenerator[bytes]
    """To be read once, in order. Close it (`aclose`) when it is not read to its end."""


class FileStore(Protocol):
    """What every store can do. All methods raise `KeyMalformed` for what is no key.

    A store that can't be reached, read or written raises `OSError`; one behind a network `StoreUnavailable`,
    which callers are told as "try again later".
    """

    async def put(self, key: str, data: bytes) -> None:
        """Store `data` durably. The same again is a success; other content raises `KeyTaken`."""
        ...

    async def get(self, key: str) -> bytes:
        """Return the whole content, or raise `FileMissing`."""
        ...

    async def open(self, key: str) -> OpenFile:
        """Open a file for reading in pieces, or raise `FileMissing`."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a file. Nothing there is a success, so that a removal can be repeated."""
        ...

    def files(self, folder: str | None = None) -> AsyncGenerator[StoredFile]:
        """List the files whose keys begin with `folder` and a slash, in no order, never holding them all.

        Files that come or go meanwhile may or may not be listed; all others are listed once.
        """
        ...

    async def sweep_partial(self, older_than: datetime) -> int:
        """Remove what writers left behind that were killed before `older_than`; return how many pieces."""
        ...


def check_key(key: str) -> str:
    """Return `key` if it is one, else raise `KeyMalformed`.

    As no name starts with a dot, a key can neither climb out of a folder nor meet what the store keeps
    there for itself.
    """
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise KeyMalformed(f"not a key: {key[:MAX_KEY]!r}")
    return key
