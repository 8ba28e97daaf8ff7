"""Signals for tests: pictures with known histories, and a look at all that waits for one."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from uuid import uuid4

from PIL import Image, ImageDraw

from api.adapters.demo_pictures import demo_picture
from api.services.signal_examinations import examine
from tests.conftest import House
from tests.sweeping import rules_of


def street(house: House, seed: int = 1, **options: Any) -> bytes:  # noqa: ANN401  of demo_picture
    """Return a street as a phone takes it now, on the spot."""
    told: dict[str, Any] = {
        "taken_at": house.clock.now,
        "longitude": 116.404,
        "latitude": 39.915,
        "tidy": False,
    }
    return demo_picture(seed, **{**told, **options})


def painted_over(picture: bytes) -> bytes:
    """Return a picture with the colour of the pavement over what lies there, saved anew."""
    opened = Image.open(BytesIO(picture)).convert("RGB")
    width, height = opened.size
    ImageDraw.Draw(opened).rectangle(
        (width * 0.3, height * 0.55, width * 0.7, height * 0.75), fill=(176, 170, 162)
    )
    return saved(opened)


def cut(picture: bytes, share: float = 0.85) -> bytes:
    """Return a part of a picture."""
    opened = Image.open(BytesIO(picture)).convert("RGB")
    width, height = opened.size
    left, upper = int(width * 0.05), int(height * 0.08)
    return saved(opened.crop((left, upper, left + int(width * share), upper + int(height * share))))


def saved(picture: Image.Image, quality: int = 70) -> bytes:
    """Return a picture as a JPEG without any trace of a camera."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


async def send_picture(house: House, username: str, purpose: str, data: bytes, **fields: str) -> str:
    """Store a picture; return its id."""
    photo_id = str(uuid4())
    caller = await house.caller(username)
    answer = await caller.put(
        f"/v1/photos/{photo_id}",
        files={"file": ("photo.jpg", data, "image/jpeg")},
        data={"purpose": purpose, **fields},
    )
    assert answer.status_code == 201, answer.text
    return photo_id


async def look(house: House) -> int:
    """Look at all that waits for it, as the worker does; return how many signals are new."""
    return await examine(house.database, house.wiring.files, await rules_of(house.database), house.clock.now)


async def listed(house: House, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401  of the query
    """Return the desk's list, in English, to its end."""
    supervisor = await house.caller("supervisor")
    found: list[dict[str, Any]] = []
    more: Mapping[str, Any] = {}
    while True:
        answer = await supervisor.get(
            "/v1/signals", params={**query, **more}, headers={"Accept-Language": "en"}
        )
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        more = {"cursor": answer.json()["next"]}


async def kinds(house: House, **query: Any) -> list[str]:  # noqa: ANN401  of the query
    """Look, and return the kinds of the signals that are listed."""
    await look(house)
    return sorted(signal["kind"] for signal in await listed(house, **query))
