"""What the office does before the storm: checkpoints with a sheet for each day, and policies that make tasks matter."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx

from tests.chaos.beats import Post

STRICT = {"only_assignees_check": True, "second_check_share": 0.5, "look_back_share": 0.5}
"""Only who was asked checks; every other repair is looked at twice, and again after weeks."""


async def set_policies(admin: httpx.AsyncClient) -> None:
    """Set the policies of a strict city."""
    answer = (await admin.get("/v1/policies")).raise_for_status()
    values = {one["key"]: one["value"] for one in answer.json()["items"]} | STRICT
    changed = await admin.put(
        "/v1/policies", json={"values": values}, headers={"If-Match": answer.headers["etag"]}
    )
    changed.raise_for_status()


async def make_posts(
    admin: httpx.AsyncClient, places: Sequence[tuple[float, float]], now: datetime, zone: ZoneInfo
) -> list[Post]:
    """Make a checkpoint at each of these places; return them with the sheets of today and tomorrow."""
    today = now.astimezone(zone).date()
    found: list[Post] = []
    for number, (longitude, latitude) in enumerate(places, start=1):
        path = f"/v1/checkpoints/post-{number}"
        names = {"name_zh": f"签到点{number}", "name_en": f"Post {number}"}
        where = {"longitude": longitude, "latitude": latitude, "ways": ["geofence", "qr"]}
        (await admin.put(path, json=names | where)).raise_for_status()
        sheets: dict[date, str] = {}
        for on in (today, today + timedelta(days=1)):
            noon = datetime.combine(on, time(12), zone).isoformat()
            answer = (await admin.get(f"{path}/code", params={"at": noon})).raise_for_status()
            sheets[on] = answer.json()["code"]
        found.append(Post(f"post-{number}", longitude, latitude, sheets))
    return found
