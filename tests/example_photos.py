"""Photos for tests: street scenes as phones send them, and what the house keeps of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select
from sqlmodel import col

from api.adapters.demo_pictures import demo_picture
from api.adapters.files import FileStore
from api.db import Database
from api.domain.photos import STORED, key_in
from api.models import Photo

LONGITUDE, LATITUDE = 116.4040, 39.9150


def street_picture(seed: int = 1, *, taken_at: datetime, tidy: bool = False) -> bytes:
    """Return a JPEG of 800 x 600 with the time and the place of a camera."""
    return demo_picture(seed, taken_at=taken_at, longitude=LONGITUDE, latitude=LATITUDE, tidy=tidy)


async def put_photo(
    client: httpx.AsyncClient,
    photo_id: UUID,
    data: bytes,
    *,
    media_type: str = "image/jpeg",
    fields: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send a photo; its purpose is `before` unless the fields say otherwise."""
    return await client.put(
        url(photo_id),
        files={"file": ("IMG_0001", data, media_type)},
        data={"purpose": "before", **(fields or {})},
    )


async def stored(client: httpx.AsyncClient, data: bytes) -> UUID:
    """Store a photo under a new id; return the id."""
    photo_id = uuid4()
    answer = await put_photo(client, photo_id, data)
    assert answer.status_code == 201, answer.text
    return photo_id


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """Fail unless the answer is this problem."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def url(photo_id: UUID, variant: str | None = None) -> str:
    """Return the address of a photo."""
    return f"/v1/photos/{photo_id}" + (f"?variant={variant}" if variant else "")


def report_body(*photo_ids: UUID) -> dict[str, Any]:
    """Return a report of a fruit stall on the pavement, with these photos."""
    return {
        "category": "E0406",
        "condition": 1,
        "description": "水果摊占用人行道",
        "observed_at": "2026-11-23T09:28:00+08:00",
        "place": {"longitude": LONGITUDE, "latitude": LATITUDE, "crs": "wgs84", "accuracy_m": 8.5},
        "photos": [str(photo_id) for photo_id in photo_ids],
    }


@dataclass(frozen=True)
class Kept:
    """Everything that is kept of photos: folders by photo, and all keys in the store."""

    folders: dict[UUID, str]
    keys: set[str]

    def orphans(self) -> set[str]:
        """Return the keys that no row speaks of."""
        return self.keys - self.needed()

    def needed(self) -> set[str]:
        """Return the keys that the rows speak of."""
        return {key_in(folder, variant) for folder in self.folders.values() for variant in STORED}

    def is_whole(self) -> bool:
        """Tell whether every row has all its files."""
        return self.needed() <= self.keys


async def kept(database: Database, files: FileStore) -> Kept:
    """Look up what is kept: rows first, so that a row found must have its files."""
    async with database.read() as session:
        rows = (await session.execute(select(col(Photo.id), col(Photo.file_key)))).all()
    return Kept({row.id: row.file_key for row in rows}, {file.key async for file in files.files()})
