"""The administrator at a desk with a good line: signs lost phones out, hands grids over, and reads what people see."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date
from typing import Any

import httpx

from api.settings import DEMO_PASSWORD

PAGE = 200
PATIENCE_S = 120
AGAIN_S = 0.5
_TOLD = ("version", "name", "role", "unit", "phone", "officer_number", "post", "valid_until", "is_active")


class _Down(Exception):  # noqa: N818  as it is in a storm
    """The city answers, but can't work."""


class Office:
    """Speaks to the API processes themselves, past the storm."""

    def __init__(self, addresses: Sequence[tuple[str, int]], seed: int) -> None:
        self._addresses = [f"http://{host}:{port}" for host, port in addresses]
        self._random = random.Random(seed)

    async def sign_out(self, username: str, device_id: str) -> None:
        """Sign a person's phone out, if it is signed in."""

        async def do(admin: httpx.AsyncClient) -> httpx.Response:
            return await admin.delete(f"/v1/people/{username}/devices/{device_id}")

        await self._insist(do, {404})

    async def move(self, username: str, grid: str, today: date) -> None:
        """Let an officer be on duty in this grid from today on, and in no other."""

        async def do(admin: httpx.AsyncClient) -> httpx.Response:
            path = f"/v1/people/{username}"
            answer = await admin.get(path)
            if not answer.is_success:
                return answer
            duty = {"code": grid, "from_on": today.isoformat(), "to_on": None, "is_phone_public": False}
            told = {name: answer.json()[name] for name in _TOLD} | {"grids": [duty]}
            return await admin.put(path, json=told)

        # The version is of the time before, when an earlier attempt was done without our learning of it.
        await self._insist(do, {409})

    async def _insist(
        self, do: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]], fair: set[int]
    ) -> None:
        """Do something as the administrator, again and again while the city is down."""
        while True:
            with suppress(httpx.TransportError, _Down):
                async with self.signed_in("admin") as admin:
                    answer = await do(admin)
                    if not answer.is_server_error:
                        if answer.status_code not in fair:
                            answer.raise_for_status()
                        return
            await asyncio.sleep(AGAIN_S)

    async def views(self, username: str) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
        """Return what somebody sees who begins to follow the feed now, and in the plain list.

        The first has the tickets by id, the second their versions.
        """
        async with self.signed_in(username) as reader:
            return await _snapshot(reader), await _listed(reader)

    async def read(self, username: str, path: str, **query: str) -> list[dict[str, Any]]:
        """Return all of a list as somebody reads it."""
        async with self.signed_in(username) as reader:
            return [item async for item in _items(reader, path, query)]

    @asynccontextmanager
    async def signed_in(self, username: str) -> AsyncGenerator[httpx.AsyncClient]:
        """Yield a client with which somebody speaks to one of the API processes."""
        address, words = self._random.choice(self._addresses), {"Accept-Language": "en"}
        async with httpx.AsyncClient(base_url=address, headers=words, timeout=PATIENCE_S) as client:
            form = {"grant_type": "password", "username": username, "password": DEMO_PASSWORD}
            answer = await client.post("/v1/auth/token", data=form)
            if answer.is_server_error:
                raise _Down
            answer.raise_for_status()
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
    return {item["id"]: item["version"] async for item in _items(reader, "/v1/tickets", {})}


async def _items(
    reader: httpx.AsyncClient, path: str, query: Mapping[str, str]
) -> AsyncGenerator[dict[str, Any]]:
    more: dict[str, str | int] = {**query, "limit": PAGE}
    while True:
        page = (await reader.get(path, params=more)).raise_for_status().json()
        for item in page["items"]:
            yield item
        if page["next"] is None:
            return
        more["cursor"] = page["next"]
