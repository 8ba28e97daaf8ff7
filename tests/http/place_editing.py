"""Places and areas as tests send them: a market on the demo street, and an owner's ground."""

from typing import Any

import httpx

from tests.conftest import House

MARKET: dict[str, Any] = {
    "version": None,
    "type": "market",
    "name_zh": "晨光早市",
    "name_en": "Chenguang Morning Market",
    "address": "晨光路1号",
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [
                [116.4039, 39.9149],
                [116.4041, 39.9149],
                [116.4041, 39.9151],
                [116.4039, 39.9151],
                [116.4039, 39.9149],
            ]
        ],
    },
    "reach_m": 0.0,
    "unit": "market",
    "attributes": {"stalls": 40, "covered": True, "opens": "05:00", "rent": 12.5, "note": None},
    "is_active": True,
    "pairings": [
        {"unit": "water", "leader": "", "contact": "周书记", "from_on": "2026-01-01", "to_on": None},
        {
            "unit": "telecom",
            "leader": "孙经理",
            "contact": "",
            "from_on": "2025-01-01",
            "to_on": "2025-12-31",
        },
    ],
    "agreements": [
        {
            "kind": "three",
            "signer_name": "刘建国",
            "signer_phone": "13800001234",
            "signer_unit": None,
            "categories": ["E04"],
            "duties": ["包卫生", "包秩序"],
            "signed_on": "2026-02-01",
            "until_on": None,
        }
    ],
}
"""Around the place of the example report."""

PATH = "/v1/places/market-chenguang"

GROUND: dict[str, Any] = {
    "version": None,
    "kind": "temporary",
    "name_zh": "站前段",
    "name_en": "Forecourt segment",
    "geometry": {
        "type": "MultiPolygon",
        "coordinates": [
            [[[116.403, 39.914], [116.405, 39.914], [116.405, 39.916], [116.403, 39.916], [116.403, 39.914]]]
        ],
    },
    "unit": "street",
    "leader": "冯主任",
    "task": "每日带班",
    "valid_from": "2026-11-20",
    "valid_to": "2026-11-30",
    "minimum_staff": 2,
    "is_active": True,
    "people": [
        {"person": "officer01", "from_on": "2026-11-20", "to_on": "2026-11-24"},
        {"person": "officer02", "from_on": "2026-11-22", "to_on": None},
    ],
}
AREA_PATH = "/v1/areas/segment-1"


async def read(house: House, path: str, username: str = "admin", **query: Any) -> Any:  # noqa: ANN401  any answer
    """Return what somebody is shown."""
    answer = await (await house.caller(username)).get(path, params=query, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(
    house: House,
    body: dict[str, Any],
    path: str = PATH,
    *,
    username: str = "admin",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Send a place or an area."""
    caller = await house.caller(username)
    return await caller.put(path, json=body, headers={"Accept-Language": "en", **(headers or {})})


def sent_back(shown: dict[str, Any], like: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return what was shown as it can be sent back, with changes."""
    body = {name: value for name, value in shown.items() if name in like} | changes
    for agreement in body.get("agreements", []):
        agreement.pop("signer_phone_masked", None)
    for person in body.get("people", []):
        for name in ("name", "role"):
            person.pop(name, None)
    return body
