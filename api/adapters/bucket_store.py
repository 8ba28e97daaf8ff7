"""Files in an S3 bucket, or in whatever else obstore can reach.

Every put says "only if nothing is there" (`If-None-Match: *`), which Amazon, MinIO, Ceph and Garage honour;
a store that does not know that condition is not suited. S3 answers when the object is durable and shows
it whole or not at all, so there is nothing to flush and nothing partial to sweep.
"""

from collections.abc import AsyncGenerator
from datetime import datetime

from obstore.exceptions import AlreadyExistsError
from obstore.store import ObjectStore, S3Store

from api.adapters.file_store import CHUNK_BYTES, FileMissing, KeyTaken, OpenFile, StoredFile, check_key

_LISTED_AT_ONCE = 1000


class BucketStore:
    """A `FileStore` over an object store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def put(self, key: str, data: bytes) -> None:
        """Store `data`; see `FileStore`. Sent in one request, as no other is conditional."""
        try:
            await self._objects.put_async(check_key(key), data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            # Perhaps by us: a request whose answer was lost is sent again.
            if await self.get(key) != data:
                raise KeyTaken(f"another content is stored under {key}") from None

    async def get(self, key: str) -> bytes:
        """Return the whole content; see `FileStore`."""
        try:
            found = await self._objects.get_async(check_key(key))
        except FileNotFoundError:
            raise FileMissing(f"nothing is stored under {key}") from None
        return bytes(await found.bytes_async())

    async def open(self, key: str) -> OpenFile:
        """Open a file for reading in pieces; see `FileStore`."""
        try:
            found = await self._objects.get_async(check_key(key))
        except FileNotFoundError:
            raise FileMissing(f"nothing is stored under {key}") from None

        async def chunks() -> AsyncGenerator[bytes]:
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

        return OpenFile(found.meta["size"], chunks())

    async def delete(self, key: str) -> None:
        """Remove a file; see `FileStore`."""
        try:
            await self._objects.delete_async(check_key(key))
        except FileNotFoundError:
            return  # S3 itself does not even say so

    async def files(self, folder: str | None = None) -> AsyncGenerator[StoredFile]:
        """List files below `folder`; see `FileStore`."""
        prefix = check_key(folder) if folder else None
        async for batch in self._objects.list(prefix, chunk_size=_LISTED_AT_ONCE):  # pyright: ignore[reportUnknownMemberType]  another overload needs Arrow
            for found in batch:
                yield StoredFile(found["path"], found["size"], found["last_modified"])

    async def sweep_partial(self, older_than: datetime) -> int:  # noqa: ARG002  part of the interface
        """Return 0: an object store shows no partial files."""
        return 0


def open_bucket(url: str) -> BucketStore:
    """Open `s3://bucket/prefix`. Raises `ValueError` if the URL or the environment's settings are malformed.

    Endpoint, region and credentials come from the environment, under the usual names: `AWS_ENDPOINT`,
    `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ALLOW_HTTP`. Nothing is sent yet.
    """
    return BucketStore(S3Store.from_url(url))
