"""The administrator at a desk with a good line: signs lost phones out, hands grids over, and reads what people see."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx

from api.settings import DEMO_PASSWORD

PAGE = 200
PATIENCE_S = 120
_TOLD = ("version", "name", "role", "unit", "phone", "officer_number", "post", "valid_until", "is_active")


class Office:
    """Speaks to the API processes themselves, past the storm."""

    def __init__(self, addresses: Sequence[tuple[str, int]], seed: int) -> None:
        self._addresses = [f"http://{host}:{port}" for host, port in addresses]
        self._random = random.Random(seed)

    async def sign_out(self, username: str, device_id: str) -> bool:
        """Sign a person's phone out; False when the city was down."""
        try:
            async with self._signed_in("admin") as admin:
                answer = await admin.delete(f"/v1/people/{username}/devices/{device_id}")
                return answer.is_success
        except (httpx.TransportError, httpx.HTTPStatusError):
            return False

    async def move(self, username: str, grid: str, today: date) -> bool:
        """Let an officer be on duty in this grid from today on and in no other; False when the city was down."""
        try:
            async with self._signed_in("admin") as admin:
                path = f"/v1/people/{username}"
                person = (await admin.get(path)).raise_for_status().json()
                duty = {"code": grid, "from_on": today.isoformat(), "to_on": None, "is_phone_public": False}
                told = {name: person[name] for name in _TOLD} | {"grids": [duty]}
                return (await admin.put(path, json=told)).is_success
        except (httpx.TransportError, httpx.HTTPStatusError):
            return False

    async def views(self, username: str) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
        """Return what somebody sees who begins to follow the feed now, and in the plain list.

        The first has the tickets by id, the second their versions.
        """
        async with self._signed_in(username) as reader:
            return await _snapshot(reader), await _listed(reader)

    @asynccontextmanager
    async def _signed_in(self, username: str) -> AsyncGenerator[httpx.AsyncClient]:
        address, words = self._random.choice(self._addresses), {"Accept-Language": "en"}
        async with httpx.AsyncClient(base_url=address, headers=words, timeout=PATIENCE_S) as client:
            form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD}
            answer = (await client.post("/v1/auth/token", data=form)).raise_for_status()
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield client


async def _snapshot(reader: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    query: dict[str, str | int] = {"limit": PAGE}
    while True:
        page = (await reader.get("/v1/changes", params=query)).raise_for_status().json()
        for item in page["items"]:
            if item["kind"] == "ticket" and item["body"] is not None:
                found[item["id"]] = item["body"]
        if page["complete"]:
            return found
        query["since"] = page["next"]


async def _listed(reader: httpx.AsyncClient) -> dict[str, int]:
    found: dict[str, int] = {}
    query: dict[str, str | int] = {"limit": PAGE}
    while True:
        page = (await reader.get("/v1/tickets", params=query)).raise_for_status().json()
        found |= {item["id"]: item["version"] for item in page["items"]}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]
