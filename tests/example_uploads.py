"""Uploads for tests: what a tus client sends, one request at a time."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from uuid import UUID

import httpx

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata(told: Mapping[str, str]) -> str:
    """Return an Upload-Metadata header."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())


def checksum(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    """Return the header that promises these bytes."""
    digest = hashlib.new(algorithm, data).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def url(upload_id: UUID | str) -> str:
    """Return the address of an upload."""
    return f"/v1/uploads/{upload_id}"


async def begin(
    client: httpx.AsyncClient,
    photo_id: UUID | str,
    length: int,
    told: Mapping[str, str] | None = None,
    *,
    content: bytes | None = None,
) -> httpx.Response:
    """Begin an upload; its purpose is `before` unless it is told otherwise."""
    header = metadata({"photo_id": str(photo_id), "purpose": "before", **(told or {})})
    headers = {"Upload-Length": str(length), "Upload-Metadata": header}
    return await client.post(
        "/v1/uploads", headers={**(STREAM if content else TUS), **headers}, content=content
    )


async def send(
    client: httpx.AsyncClient,
    photo_id: UUID | str,
    offset: int,
    content: bytes | AsyncIterator[bytes],
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send bytes."""
    return await client.patch(
        url(photo_id), headers={**STREAM, "Upload-Offset": str(offset), **(headers or {})}, content=content
    )


async def begun(client: httpx.AsyncClient, photo_id: UUID | str, length: int) -> None:
    """Begin an upload that must be new."""
    answer = await begin(client, photo_id, length)
    assert answer.status_code == 201, answer.text


async def offset_of(client: httpx.AsyncClient, photo_id: UUID | str) -> int | None:
    """Return how far an upload has come; None when it is not there."""
    answer = await client.head(url(photo_id), headers=TUS)
    return int(answer.headers["upload-offset"]) if answer.status_code == 200 else None


async def dripping(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Send these pieces one by one, without telling how many bytes there will be."""
    for piece in pieces:
        yield piece
