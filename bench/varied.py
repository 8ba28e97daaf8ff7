"""Reports as they come in from a street, no two alike: for measuring what answers about them weigh."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from api.services.demo_draws import PATROL_HOURS, Draws, Scenery
from api.services.demo_files import read_street

_SEEN = (
    "行人只好绕行机动车道",
    "已经影响通行，附近居民多次反映",
    "面积约两平方米",
    "夜间没有照明，容易绊倒",
    "昨天清理过，今天又有",
    "有异味，靠近小学门口",
    "商户称今天下午自行处理",
    "",
)
_STREETS = ("槐荫大街", "钟楼东街", "书院胡同", "文庙西巷", "菜市口南街", "水井胡同")


def varied_reports(
    now: datetime, zone: ZoneInfo, count: int, seed: int = 1
) -> list[tuple[UUID, dict[str, Any]]]:
    """Return ids and bodies of reports of the demo street's classes all over it, from the last two days."""
    street, random = read_street(), Random(seed)
    office = next(calendar for calendar in street.calendars if calendar.code == "city")
    draws = Draws(Scenery(street.catalogue, street.grids, office, now, zone))
    reports: list[tuple[UUID, dict[str, Any]]] = []
    for _ in range(count):
        plot = draws.plot(draws.moment(PATROL_HOURS), draws.condition())
        seen_at = now - timedelta(microseconds=random.randrange(60_000_000, 2 * 86_400_000_000))
        body: dict[str, Any] = {
            "category": plot.condition.category_code,
            "condition": plot.condition.number,
            "description": f"{plot.condition.condition_zh}，{random.choice(_SEEN)}".rstrip("，"),
            "observed_at": seen_at.isoformat(),
            "place": {
                "longitude": plot.spot.place.longitude,
                "latitude": plot.spot.place.latitude,
                "crs": "wgs84",
                "accuracy_m": round(random.uniform(3, 25), 1),
            },
            "address": f"{random.choice(_STREETS)}{random.randint(1, 180)}号{random.choice(('', '门前', '对面'))}",
        }
        reports.append((UUID(int=random.getrandbits(128), version=4), body))
    return reports


def batch_of(reports: Sequence[tuple[UUID, dict[str, Any]]], device: str) -> dict[str, Any]:
    """Return reports as a phone sends them in one go."""
    items = [
        {"kind": "report", "id": str(report_id), "made_at": body["observed_at"], "body": body}
        for report_id, body in reports
    ]
    return {"device_id": device, "items": items}


async def file_reports(
    officer: httpx.AsyncClient, reports: Sequence[tuple[UUID, dict[str, Any]]], device: str
) -> None:
    """File reports, which must all be taken."""
    answer = await officer.post("/v1/sync", json=batch_of(reports, device))
    answer.raise_for_status()
    refused = [result["problem"] for result in answer.json()["results"] if result["problem"]]
    assert not refused, refused[:2]  # noqa: S101  else nothing is measured
