"""The phone's own copy of the tickets that its person may see, as the feed told them.

There may be two copies for a while: a whole one, which is shown, and a new one which is being filled because the feed
had to begin anew. When the new one is whole it takes the old one's place in one transaction, so nobody ever looks at
half a copy. Each copy has its own cursor, which is written together with what the page told: a phone that is killed in
between goes on exactly where it stopped.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gridphone.store import Store

_WHOLE = "(SELECT max(number) FROM mirrors WHERE is_whole)"


@dataclass(frozen=True, slots=True)
class MirrorTicket:
    """A ticket as the feed told it last."""

    id: UUID
    version: int
    body: dict[str, Any]


class Mirror:
    """The copies in the phone's file."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tickets(self) -> list[MirrorTicket]:
        """Return the tickets, most urgent first."""
        query = (
            f"SELECT id, version, body FROM mirror_tickets WHERE mirror = {_WHOLE}"  # noqa: S608  a constant
            " ORDER BY json_extract(body, '$.due_at') IS NULL, json_extract(body, '$.due_at'), id"
        )
        return [
            MirrorTicket(UUID(row["id"]), row["version"], json.loads(row["body"]))
            for row in self._store.rows(query)
        ]

    def version_of(self, ticket_id: UUID) -> int | None:
        """Return the version at which the person sees a ticket; None: not at all."""
        row = self._store.row(
            f"SELECT version FROM mirror_tickets WHERE mirror = {_WHOLE} AND id = ?",  # noqa: S608  a constant
            str(ticket_id),
        )
        return row["version"] if row else None

    @property
    def cursor(self) -> str | None:
        """Where the feed goes on, for the copy that is being written; None: at its beginning."""
        row = self._store.row("SELECT cursor FROM mirrors ORDER BY number DESC LIMIT 1")
        return row["cursor"] if row else None

    @property
    def is_whole(self) -> bool:
        """Whether the copy that is being written is the one that is shown."""
        row = self._store.row("SELECT is_whole FROM mirrors ORDER BY number DESC LIMIT 1")
        return row is not None and bool(row["is_whole"])

    def keep(self, items: Iterable[dict[str, Any]], cursor: str, *, is_complete: bool) -> int:
        """Write what a page told and the cursor behind it, in one transaction; return how many tickets it met."""
        met = 0
        with self._store.transaction():
            number = self._written()
            for item in items:
                if item["kind"] == "ticket":
                    self._keep_ticket(number, item)
                    met += 1
            self._store.write("UPDATE mirrors SET cursor = ? WHERE number = ?", cursor, number)
            if is_complete:
                self._store.write("UPDATE mirrors SET is_whole = 1 WHERE number = ?", number)
                self._store.write("DELETE FROM mirrors WHERE number < ?", number)
        return met

    def _written(self) -> int:
        row = self._store.row("SELECT max(number) AS number FROM mirrors")
        if row is None or row["number"] is None:
            self._store.write("INSERT INTO mirrors (number) VALUES (1)")
            return 1
        return row["number"]

    def _keep_ticket(self, number: int, item: dict[str, Any]) -> None:
        if item["body"] is None:  # it has left the person's sight, so it must not stay on the phone either
            self._store.write("DELETE FROM mirror_tickets WHERE mirror = ? AND id = ?", number, item["id"])
            return
        self._store.write(
            "INSERT OR REPLACE INTO mirror_tickets (mirror, id, version, body) VALUES (?, ?, ?, ?)",
            number,
            item["id"],
            item["version"],
            json.dumps(item["body"], ensure_ascii=False),
        )

    def begin_anew(self) -> None:
        """Begin a new copy, at the feed's beginning. A whole one stays and is shown until the new one is whole."""
        with self._store.transaction():
            self._store.write("DELETE FROM mirrors WHERE NOT is_whole")
            self._store.write("INSERT INTO mirrors (number) SELECT coalesce(max(number), 0) + 1 FROM mirrors")

    def forget_all(self) -> None:
        """Forget everything: the phone gets another owner."""
        self._store.write("DELETE FROM mirrors")
