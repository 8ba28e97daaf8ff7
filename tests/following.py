"""Readers of the feed, as short sentences for tests: they keep what they were told, like a phone does."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import text

from api.db import Database
from tests.conftest import House

_SETTLED = text(
    "SELECT coalesce(bool_and(xid < pg_snapshot_xmin(pg_current_snapshot())), true) FROM ("
    " (SELECT xid FROM ticket_events ORDER BY xid DESC LIMIT 1)"
    " UNION ALL (SELECT xid FROM feed_marks ORDER BY xid DESC LIMIT 1)) AS newest"
)

CHANGING = ("light", "actions", "deadline")
"""Members of a ticket that follow the clock, not a change."""


async def settled(database: Database) -> None:
    """Wait until everything that was committed is settled: other tests write on the same server, too."""
    while True:
        async with database.read() as session:
            if (await session.execute(_SETTLED)).scalar_one():
                return
        await asyncio.sleep(0.01)


def lasting(ticket: dict[str, Any]) -> dict[str, Any]:
    """Return what of a ticket stays as it is until somebody changes it."""
    return {name: value for name, value in ticket.items() if name not in CHANGING}


@dataclass
class Follower:
    """Somebody who follows the feed and holds what it told."""

    house: House
    username: str
    limit: int = 50
    since: str | None = None
    held: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    told: list[tuple[str, int | None]] = field(default_factory=list[tuple[str, int | None]])
    """Every ticket it was told of, with its version; None for those that left."""

    catalogs: list[int] = field(default_factory=list[int])
    restarts: int = 0
    pages: int = 0

    async def ask(self, **query: Any) -> httpx.Response:  # noqa: ANN401  any value of a query
        """Ask for one page; keep nothing."""
        caller = await self.house.caller(self.username)
        return await caller.get("/v1/changes", params={"limit": self.limit} | query)

    async def read(self) -> bool:
        """Read one page and keep it; tell whether that was everything."""
        answer = await self.ask(**({"since": self.since} if self.since else {}))
        if answer.status_code == 410:
            assert answer.json()["code"] == "resync_needed"
            self.held.clear()
            self.since, self.restarts = None, self.restarts + 1
            return False
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= self.limit
        names = [(item["kind"], item["id"]) for item in page["items"]]
        assert len(names) == len(set(names)), "a page names each thing once"
        for item in page["items"]:
            self._keep(item)
        self.since = page["next"]
        self.pages += 1
        return page["complete"]

    def _keep(self, item: dict[str, Any]) -> None:
        if item["kind"] == "reference":
            self.catalogs.append(item["version"])
            return
        self.told.append((item["id"], item["version"]))
        if item["body"] is None:
            self.held.pop(item["id"], None)
        else:
            assert item["version"] == item["body"]["version"]
            self.held[item["id"]] = item["body"]

    async def follow(self) -> "Follower":
        """Read on until there is nothing left to be told."""
        while not await self.read():
            pass
        return self

    async def follow_all(self) -> "Follower":
        """Wait until everything that was committed is settled, then read on until there is nothing left."""
        await settled(self.house.database)
        return await self.follow()

    def news(self) -> list[tuple[str, int | None]]:
        """Return what it was told since it was asked last."""
        told, self.told = self.told, []
        return told


async def fresh(house: House, username: str) -> dict[str, dict[str, Any]]:
    """Return what somebody holds who begins to follow now."""
    return (await Follower(house, username, limit=200).follow()).held
