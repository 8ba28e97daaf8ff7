"""What an administrator does with calendars, as short sentences for tests: read one, change it, send it back."""

from typing import Any

import httpx

from tests.conftest import House

CITY, PATH = "city", "/v1/calendars/city"
COMPUTED = ("code", "name", "holidays_loaded_until", "days_left", "warning")
"""Members that a calendar is shown with and that are not sent back."""

NIGHT: dict[str, Any] = {
    "version": None,
    "name_zh": "水务夜班",
    "name_en": "Water, at night",
    "time_zone": "Asia/Shanghai",
    "working_day_minutes": 480,
    "weekly": [["00:00-06:00", "22:00-24:00"]] * 5 + [[], []],
    "first_on": "2026-01-01",
    "last_on": "2027-12-31",
    "days": [
        {
            "on": "2027-02-06",
            "kind": "holiday",
            "ranges": [],
            "name_zh": "春节",
            "name_en": "Spring Festival",
        },
        {"on": "2027-02-14", "kind": "makeup_workday", "ranges": ["08:00-12:00"]},
    ],
}


async def read(house: House, path: str = PATH, username: str = "admin", language: str = "en") -> Any:  # noqa: ANN401
    answer = await (await house.caller(username)).get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(
    house: House, body: dict[str, Any], path: str = PATH, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await (await house.caller("admin")).put(
        path, json=body, headers={"Accept-Language": "en", **(headers or {})}
    )


async def editable(house: House, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return the city's calendar as it can be sent back, with changes."""
    shown = await read(house)
    return {name: value for name, value in shown.items() if name not in COMPUTED} | changes


def with_holiday(body: dict[str, Any], on: str) -> dict[str, Any]:
    """Return the calendar with one more day off."""
    day: dict[str, Any] = {
        "on": on,
        "kind": "holiday",
        "ranges": [],
        "name_zh": "临时放假",
        "name_en": "Day off",
    }
    return {**body, "days": [*body["days"], day]}


async def explained(house: House) -> dict[str, Any]:
    """Return when four working hours from now are over in the city's calendar."""
    return await read(house, f"/v1/deadlines/explain?condition=P0101-2&calendar={CITY}", "dispatcher")
