"""Follows the change feed, page by page or as things happen, and keeps the mirror and the catalogue."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from gridphone.answers import Cut, Problem
from gridphone.mirror import Mirror
from gridphone.service import Service
from gridphone.store import Store

PAGE = 100
_BEGIN_ANEW = {"resync_needed", "cursor_wrong"}
"""The feed can't go on from our cursor: too old, another role, a restored database, another city."""


class Feed:
    """The feed of one person's phone."""

    def __init__(self, store: Store, mirror: Mirror) -> None:
        self._store = store
        self._mirror = mirror

    async def follow(self, service: Service) -> int:
        """Read on until there is nothing more to be told; return how many changes of tickets that were."""
        met = 0
        has_begun_anew = False
        is_complete = False
        while not is_complete:
            try:
                page = await service.changes(self._mirror.cursor, PAGE)
            except Problem as problem:
                if problem.code not in _BEGIN_ANEW or has_begun_anew:
                    raise
                self._mirror.begin_anew()
                has_begun_anew = True  # once in a round; a server that asks for it again is ill
                continue
            is_complete = page["complete"]
            met += self._mirror.keep(page["items"], page["next"], is_complete=is_complete)
        return met

    async def ask_for_catalog(self, service: Service) -> None:
        """Fetch the catalogue where it is another than ours; that it is still the same costs a few bytes."""
        etag, body = await service.catalog(self._store.fact("catalog_etag"))
        if body is not None:
            self._store.note(catalog=body, catalog_etag=etag)

    async def listen(self, service: Service) -> None:
        """Keep what happens as it is told, until the stream ends.

        Events of one page come one by one, and only the last one has an id, the cursor behind the page. What came
        without an id is therefore held back: kept alone it would be told again, and that is all that could happen, but
        a page that a phone has half is half a truth.
        """
        cursor = self._mirror.cursor
        if cursor is None or not self._mirror.is_whole:
            raise Cut("There is no whole mirror that the stream could go on from.")
        page: list[dict[str, Any]] = []
        async with service.events(cursor) as lines:
            async for event in read_events(lines):
                if event.name == "resync":
                    return  # the next exchange begins anew, with pages
                if event.name == "change":
                    page.append(json.loads(event.data))
                if event.id:
                    self._mirror.keep(page, event.id, is_complete=True)
                    if any(item["kind"] == "reference" for item in page):
                        await self.ask_for_catalog(service)
                    page.clear()


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    id: str
    data: str


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """Read server-sent events (WHATWG HTML, 9.2.6), as far as this server uses them; one that is cut is dropped."""
    said: dict[str, str] = {}
    async for line in lines:
        if line == "":
            if "data" in said:
                yield Event(said.get("event", "message"), said.get("id", ""), said["data"])
            said = {}
        elif not line.startswith(":"):  # a comment keeps the connection alive
            name, _, value = line.partition(":")
            said[name] = value.removeprefix(" ")
