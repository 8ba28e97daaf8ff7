"""What people on patrol do, as short sentences for tests: start a shift, walk, pause, stop, check in."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from api.domain.geo import metres_per_degree
from tests.conftest import House

EAST_M, NORTH_M = metres_per_degree(39.915)


async def started(house: House, username: str = "officer01", **more: Any) -> str:  # noqa: ANN401  any member
    """Start a shift now; return its id."""
    shift = str(uuid4())
    answer = await start(house, shift, username, **more)
    assert answer.status_code == 201, answer.text
    return shift


async def start(
    house: House,
    shift: str,
    username: str = "officer01",
    **more: Any,  # noqa: ANN401  any member
) -> httpx.Response:
    """Start a shift now, or when it is said; return the answer."""
    body = {"started_at": house.clock.now.isoformat(), **more}
    return await (await house.caller(username)).put(f"/v1/shifts/{shift}", json=body)


async def shift_step(
    house: House, shift: str, action: str, username: str = "officer01", at: datetime | None = None
) -> httpx.Response:
    """Do something to a shift now, or when it is said."""
    body = {"action": action, "at": (at or house.clock.now).isoformat()}
    return await (await house.caller(username)).post(f"/v1/shifts/{shift}/steps", json=body)


def at_metres(east_m: float, north_m: float) -> tuple[float, float]:
    """Return longitude and latitude, from a corner of four demo grids (see the demo street)."""
    return 116.404 + east_m / EAST_M, 39.915 + north_m / NORTH_M


def walked(
    began: datetime, corners: Sequence[tuple[float, float]], *, pace_m_s: float = 1.25, every_s: float = 10.0
) -> list[dict[str, Any]]:
    """Return the points of a walk through corners in metres (see `at_metres`)."""
    points = [point(began, *corners[0])]
    seconds = 0.0
    for index in range(1, len(corners)):
        (x, y), (to_x, to_y) = corners[index - 1], corners[index]
        length_m = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
        steps = max(1, round(length_m / pace_m_s / every_s))
        for step in range(1, steps + 1):
            seconds += length_m / pace_m_s / steps
            share = step / steps
            at = began + timedelta(seconds=seconds)
            points.append(point(at, x + (to_x - x) * share, y + (to_y - y) * share))
    return points


def point(at: datetime, east_m: float = 0, north_m: float = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a point as phones send it."""
    longitude, latitude = at_metres(east_m, north_m)
    return {"at": at.isoformat(), "longitude": longitude, "latitude": latitude, "accuracy_m": 6.0, **more}


async def send(
    house: House,
    shift: str,
    points: Iterable[dict[str, Any]],
    username: str = "officer01",
    batch: str | None = None,
    **more: Any,  # noqa: ANN401  any member
) -> httpx.Response:
    """Send points of a shift; return the answer."""
    body = {"shift": shift, "crs": "wgs84", "points": list(points), **more}
    return await (await house.caller(username)).put(f"/v1/tracks/{batch or uuid4()}", json=body)


async def sent(
    house: House, shift: str, points: Iterable[dict[str, Any]], username: str = "officer01"
) -> Any:  # noqa: ANN401  JSON
    """Send points that must be taken; return what became of them."""
    answer = await send(house, shift, points, username)
    assert answer.status_code == 201, answer.text
    return answer.json()


def flaws(counted: list[dict[str, Any]]) -> dict[str, int]:
    """Return what was left out, by flaw."""
    assert all(one["text"] for one in counted)
    return {one["flaw"]: one["count"] for one in counted}


async def made(house: House, code: str = "gate", **more: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Make a checkpoint at the corner from which tests measure."""
    longitude, latitude = at_metres(0, 0)
    body = {
        "name_zh": "东门",
        "name_en": "East gate",
        "longitude": longitude,
        "latitude": latitude,
        "ways": ["geofence", "qr", "nfc"],
        **more,
    }
    answer = await (await house.caller("admin")).put(f"/v1/checkpoints/{code}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def here(east_m: float = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a place so many metres east of that corner, as phones tell it with a check-in."""
    longitude, latitude = at_metres(east_m, 0)
    return {"longitude": longitude, "latitude": latitude, "crs": "wgs84", "accuracy_m": 8.0, **more}


async def check_in(
    house: House,
    username: str = "officer01",
    checkpoint: str = "gate",
    way: str = "geofence",
    key: str | None = None,
    **more: Any,  # noqa: ANN401  any member
) -> httpx.Response:
    """Check in now, at that corner; return the answer."""
    body = {"checkpoint": checkpoint, "way": way, "at": house.clock.now.isoformat(), "place": here(), **more}
    return await (await house.caller(username)).put(f"/v1/check-ins/{key or uuid4()}", json=body)
