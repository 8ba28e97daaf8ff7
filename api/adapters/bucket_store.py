"""Files in an S3 bucket, or in whatever else obstore can reach.

Every put says "only if nothing is there" (`If-None-Match: *`), which Amazon, MinIO, Ceph and Garage honour;
a store that does not know that condition is not suited. S3 answers when the object is durable and shows
it whole or not at all, so there is nothing to flush and nothing partial to sweep.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, S3Store

from api.adapters.file_store import (
    CHUNK_BYTES,
    FileMissing,
    KeyTaken,
    OpenFile,
    StoredFile,
    StoreUnavailable,
    check_key,
)

_LISTED_AT_ONCE = 1000

_PATIENCE = timedelta(seconds=10)
"""How long a request is tried again; obstore's own three minutes are longer than any phone waits."""


class BucketStore:
    """A `FileStore` over an object store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def put(self, key: str, data: bytes) -> None:
        """Store `data`; see `FileStore`. Sent in one request, as no other is conditional."""
        check_key(key)
        try:
            with _asked(key):
                await self._objects.put_async(key, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            # Perhaps by us: a request whose answer was lost is sent again.
            if await self.get(key) != data:
                raise KeyTaken(f"another content is stored under {key}") from None
        except FileMissing as error:
            raise StoreUnavailable(f"there is no bucket to store {key} in") from error

    async def get(self, key: str) -> bytes:
        """Return the whole content; see `FileStore`."""
        check_key(key)
        with _asked(key):
            found = await self._objects.get_async(key)
            return bytes(await found.bytes_async())

    async def open(self, key: str) -> OpenFile:
        """Open a file for reading in pieces; see `FileStore`."""
        check_key(key)
        with _asked(key):
            found = await self._objects.get_async(key)

        async def chunks() -> AsyncGenerator[bytes]:
            with _asked(key):
                async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                    yield bytes(chunk)

        return OpenFile(found.meta["size"], chunks())

    async def delete(self, key: str) -> None:
        """Remove a file; see `FileStore`."""
        check_key(key)
        with suppress(FileMissing), _asked(key):  # S3 itself does not even say so
            await self._objects.delete_async(key)

    async def files(self, folder: str | None = None) -> AsyncGenerator[StoredFile]:
        """List files below `folder`; see `FileStore`."""
        prefix = check_key(folder) if folder else None
        with _asked(folder or "files"):
            async for batch in self._objects.list(prefix, chunk_size=_LISTED_AT_ONCE):  # pyright: ignore[reportUnknownMemberType]  another overload needs Arrow
                for found in batch:
                    yield StoredFile(found["path"], found["size"], found["last_modified"])

    async def sweep_partial(self, older_than: datetime) -> int:  # noqa: ARG002  part of the interface
        """Return 0: an object store shows no partial files."""
        return 0


@contextmanager
def _asked(key: str) -> Generator[None]:
    """Say in the store's own words what obstore answers about a key."""
    try:
        yield
    except FileNotFoundError:
        raise FileMissing(f"nothing is stored under {key}") from None
    except AlreadyExistsError:
        raise
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"the store did not answer for {key}: {error}") from error


def open_bucket(url: str) -> BucketStore:
    """Open `s3://bucket/prefix`. Raises `ValueError` if the URL or the environment's settings are malformed.

    Endpoint, region and credentials come from the environment, under the usual names: `AWS_ENDPOINT`,
    `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ALLOW_HTTP`. Nothing is sent yet.
    """
    return BucketStore(S3Store.from_url(url, retry_config={"max_retries": 5, "retry_timeout": _PATIENCE}))
