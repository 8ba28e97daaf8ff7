"""One ticket of each kind and state, made by walking the real way: what the many others are copied from."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from api.domain.lifecycle import State
from api.settings import Settings
from bench.street import caller_of, connect, sign_in

FINDER, CHECKER = "officer01", "officer02"
"""Two officers of the same grids: who finds does not check."""

CLASSES = ("E0406", "P0101", "P0111", "P0127", "P0206", "E0101")
"""Classes whose tickets wait for their unit: condition 1 of each, with limits of hours and of days."""

PHOTOLESS = (("E0128", 1), ("E0301", 1), ("E0402", 3))
"""Classes and conditions in which photos prove nothing (noise), so that no picture stands in the way."""

QUEUE_CLASS, STEP_CLASS = "E0406", "P0101"
"""Classes of two different units: one's queue is read, the other's tickets are accepted."""

_WALK = (
    (State.IN_PROGRESS, "accept", ""),
    (State.RECTIFIED, "rectify", "已处置"),
    (State.CLOSED, "pass_check", ""),
)


def report_body(category: str, condition: int | None, longitude: float, latitude: float) -> dict[str, Any]:
    """Return a report as a phone sends it, without photos."""
    return {
        "category": category,
        "condition": condition,
        "description": "水果摊占用人行道，行人绕行机动车道。",
        "observed_at": (datetime.now(UTC) - timedelta(minutes=2)).isoformat(),
        "place": {"longitude": longitude, "latitude": latitude, "crs": "wgs84", "accuracy_m": 8.5},
        "address": "示范街道 12 号门前",
    }


async def make_exemplars(app: FastAPI, settings: Settings) -> None:
    """File tickets and bring them to the states that a district's tickets are in."""
    with connect(settings) as connection:
        row = connection.execute(
            "SELECT ST_X(p), ST_Y(p) FROM grids, ST_PointOnSurface(geometry) AS p"
            " WHERE level = 'unit_grid' AND code LIKE (SELECT min(code) || '%' FROM grids"
            " WHERE level = 'community') LIMIT 1"
        ).fetchone()
    assert row is not None, "the street has grids"  # noqa: S101  else nothing can be measured
    async with _Street.open(app, row[0], row[1]) as street:
        for category in CLASSES:
            await street.walk(category, 1, State.ASSIGNED)
            await street.walk(category, 1, State.IN_PROGRESS)
        # Without a condition the desk has to look first.
        await street.walk(STEP_CLASS, None, State.REPORTED)
        for category, condition in PHOTOLESS:
            await street.walk(category, condition, State.RECTIFIED)
            await street.walk(category, condition, State.CLOSED)


class _Street:
    """The people of the street, signed in."""

    def __init__(self, app: FastAPI, clients: AsyncExitStack, longitude: float, latitude: float) -> None:
        self._app, self._clients = app, clients
        self._place = longitude, latitude
        self._callers: dict[str, httpx.AsyncClient] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, app: FastAPI, longitude: float, latitude: float) -> "AsyncGenerator[_Street]":
        """Open the street around one place."""
        async with AsyncExitStack() as clients:
            yield cls(app, clients, longitude, latitude)

    async def walk(self, category: str, condition: int | None, until: State) -> None:
        """File a report and take its ticket as far as `until`."""
        body = report_body(category, condition, *self._place)
        finder = await self._caller(FINDER)
        ticket = _read(await finder.put(f"/v1/reports/{uuid4()}", json=body))["ticket"]
        for state, action, note in _WALK:
            if ticket["state"] == until:
                return
            username = CHECKER if action == "pass_check" else f"member-{ticket['unit']['code']}"
            caller = await self._caller(username)
            step = {"action": action, "version": ticket["version"], "note": note}
            ticket = _read(await caller.post(f"/v1/tickets/{ticket['id']}/steps", json=step))
            assert ticket["state"] == state, ticket  # noqa: S101  else the walk is not the lifecycle's
        assert ticket["state"] == until, ticket  # noqa: S101  the same

    async def _caller(self, username: str) -> httpx.AsyncClient:
        if username not in self._callers:
            client = caller_of(self._app, await sign_in(self._app, username))
            self._callers[username] = await self._clients.enter_async_context(client)
        return self._callers[username]


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.text}")
    return answer.json()
