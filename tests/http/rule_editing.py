"""What an administrator does with dispatch rules, as short sentences for tests: read one, change it, send it back."""

from typing import Any

import httpx

from tests.conftest import House

RULES = "/v1/dispatch/rules"
STALLS = f"{RULES}/e0406"
COMPUTED = ("id", "name", "covers", "broken")
"""Members that a rule is shown with and that are not sent back."""

MARKET_DAY: dict[str, Any] = {
    "category": "E0406",
    "condition": 1,
    "grid_prefix": "990101001",
    "source": "hotline",
    "lead_unit": "market",
    "helping_units": ["cityscape", "traffic"],
    "limit": {"value": 4, "unit": "working_hour"},
    "priority": "high",
    "order": -10,
    "valid_from": "2026-11-01T00:00:00+08:00",
    "valid_until": "2026-12-01T00:00:00+08:00",
    "name_zh": "赶集日占道经营",
    "name_en": "Stalls on market days",
}


async def read(house: House, path: str = RULES, username: str = "admin", language: str = "en") -> Any:  # noqa: ANN401
    answer = await (await house.caller(username)).get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def put(
    house: House,
    body: dict[str, Any],
    path: str = f"{RULES}/market-day",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    return await (await house.caller("admin")).put(
        path, json=body, headers={"Accept-Language": "en", **(headers or {})}
    )


async def editable(house: House, path: str = STALLS, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """Return a rule as it can be sent back, with changes."""
    shown = await read(house, path)
    return {name: value for name, value in shown.items() if name not in COMPUTED} | changes


async def sent_to(house: House, category: str = "E0406", grid: str = "990101001001004", **query: str) -> str:
    """Return the unit that would get such a case now."""
    answer = await (await house.caller("dispatcher")).get(
        "/v1/dispatch/explain", params={"category": category, "grid": grid, **query}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["unit"]["code"]


def as_read(answer: httpx.Response) -> dict[str, Any]:
    """Return a rule as its next read shows it, from the answer of the change."""
    return {name: value for name, value in answer.json().items() if name != "waiting_now_covered"}


def wrong(answer: httpx.Response) -> list[tuple[str, str]]:
    """Return pointers and codes of what was refused."""
    assert answer.status_code == 422, answer.text
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]
