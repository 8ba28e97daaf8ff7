"""What the phone has made and the server may not have yet.

Each item has its id from the moment it was made and never gets another one: that is how the server knows it again,
however often it comes. So nothing here asks "did that arrive?"; what has no answer is sent once more.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from sqlite3 import Row
from typing import Any
from uuid import UUID

from gridphone.backoff import LONGEST_S
from gridphone.items import Kind, OutboxItem, item_of
from gridphone.store import Store

ITEMS_MAX = 100
BYTES_MAX = 256 * 1024
"""Of one batch. The server takes more, but a small batch is through before the lift door closes."""

TRACK_BYTES_MAX = 64 * 1024
"""A longer track goes by itself, so that a report does not wait for it."""


class Outbox:
    """The items in the phone's file, in the order in which they were made."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        item_id: UUID,
        kind: Kind,
        body: dict[str, Any],
        made_at: datetime,
        *,
        ticket_id: UUID | None = None,
        after: UUID | None = None,
    ) -> None:
        """Put an item behind all others."""
        with self._store.transaction():
            self._store.write(
                "INSERT INTO items (id, kind, ticket, after, body, made_at) VALUES (?, ?, ?, ?, ?, ?)",
                str(item_id),
                kind,
                _text(ticket_id),
                _text(after),
                json.dumps(body, ensure_ascii=False),
                made_at.isoformat(),
            )

    # Looking

    def items(self) -> list[OutboxItem]:
        """Return all items, the oldest first."""
        return [item_of(row) for row in self._store.rows("SELECT * FROM items ORDER BY number")]

    def item(self, item_id: UUID) -> OutboxItem | None:
        """Return one item."""
        row = self._store.row("SELECT * FROM items WHERE id = ?", str(item_id))
        return item_of(row) if row else None

    def made_on_top_of(self, ticket_id: UUID, seen_version: int | None) -> UUID | None:
        """Return the phone's own last item on a ticket that the person saw and the mirror does not show yet.

        The next step is made on top of that one, whatever version it will lead to. `seen_version` is the mirror's. An
        item that is stored counts as well until the mirror has caught up with it.
        """
        row = self._store.row(
            "SELECT id FROM items WHERE ticket = ? AND (state IN ('held', 'sent', 'waiting')"
            " OR (state = 'stored' AND version > ?)) ORDER BY number DESC LIMIT 1",
            str(ticket_id),
            seen_version or 0,
        )
        return UUID(row["id"]) if row else None

    def has_unsent(self) -> bool:
        """Tell whether something has not been answered for good."""
        return self._store.row("SELECT 1 FROM items WHERE state IN ('held', 'sent', 'waiting')") is not None

    def has_due(self, now: datetime) -> bool:
        """Tell whether something would be sent now."""
        waiting = (next(self._next(now), None), self.next_photo(now), self.next_alone(now))
        return any(item is not None for item in waiting)

    def is_under_way(self, kind: Kind) -> bool:
        """Tell whether something of a kind has not been answered for good."""
        query = "SELECT 1 FROM items WHERE kind = ? AND state IN ('held', 'sent', 'waiting')"
        return self._store.row(query, kind) is not None

    def is_before_its_start(self, item: OutboxItem) -> bool:
        """Tell whether something happened to a shift whose start still has to be sent once more."""
        start = self.item(item.after) if item.kind == "shift" and item.after is not None else None
        return start is not None and start.state in {"held", "sent"}

    def tasks_given_up(self) -> set[str]:
        """Return the tasks that were refused or handed over here, unless the server did not take that."""
        query = "SELECT json_extract(body, '$.task') AS task FROM items WHERE kind = 'task' AND state <> 'refused'"
        return {row["task"] for row in self._store.rows(query)}

    def waiting(self) -> list[UUID]:
        """Return the items that wait on the server."""
        return [UUID(row["id"]) for row in self._store.rows("SELECT id FROM items WHERE state = 'waiting'")]

    def photo_ids_to_keep(self) -> set[UUID]:
        """Return the photos whose pictures are still needed."""
        query = "SELECT id FROM items WHERE kind = 'photo' AND state IN ('held', 'sent')"
        return {UUID(row["id"]) for row in self._store.rows(query)}

    # Sending

    def take_batch(self, now: datetime) -> list[OutboxItem]:
        """Return what goes out next, oldest first, and note that it may have arrived from now on.

        A step stays behind until its photos are stored, because the server takes no step without its proof, and so
        does what was made on top of it. Everything else does not wait for them.
        """
        with self._store.transaction():
            batch = list(self._next(now))
            for item in batch:
                self._store.write("UPDATE items SET state = 'sent' WHERE id = ?", str(item.id))
        return batch

    def _next(self, now: datetime) -> Iterator[OutboxItem]:
        # Of photos only their announcements; tasks are given up each by a request of its own.
        which = "state IN ('held', 'sent') AND NOT is_announced AND kind <> 'task'"
        room_items, room_bytes = ITEMS_MAX, BYTES_MAX
        behind: set[UUID] = set()
        for row in self._store.rows(f"SELECT * FROM items WHERE {which} ORDER BY number"):  # noqa: S608  a constant
            item = item_of(row)
            if (
                not _is_due(row, now)
                or item.after in behind
                or (item.kind == "step" and not self._are_stored(item))
            ):
                behind.add(item.id)
                if item.kind == "shift" and item.after is not None:
                    behind.add(item.after)  # what happens to a shift, and its track, goes in its order
                continue
            if item.kind == "track" and len(row["body"]) > TRACK_BYTES_MAX:
                continue
            size_bytes = len(row["body"].encode()) + 200  # what is around it
            if room_items == 0 or (size_bytes > room_bytes and room_items < ITEMS_MAX):
                return
            room_items, room_bytes = room_items - 1, room_bytes - size_bytes
            yield item

    def _are_stored(self, step: OutboxItem) -> bool:
        return all(photo is None or photo.state == "stored" for photo in map(self.item, step.photo_ids))

    def next_photo(self, now: datetime) -> OutboxItem | None:
        """Return the oldest photo that the server knows of and waits for."""
        query = "SELECT * FROM items WHERE is_announced AND state = 'sent' ORDER BY number"
        return next((item_of(row) for row in self._store.rows(query) if _is_due(row, now)), None)

    def next_alone(self, now: datetime) -> OutboxItem | None:
        """Return the oldest item that goes by a request of its own: a long track, or a task that is given up.

        Not a track before what happened to its shift: the server keeps no points of a pause.
        """
        query = (
            "SELECT * FROM items AS one WHERE state IN ('held', 'sent') AND (kind = 'task' OR kind = 'track'"
            " AND length(body) > ? AND NOT EXISTS (SELECT 1 FROM items AS other WHERE other.kind = 'shift'"
            " AND other.after = one.after AND other.state IN ('held', 'sent'))) ORDER BY number"
        )
        rows = self._store.rows(query, TRACK_BYTES_MAX)
        return next((item_of(row) for row in rows if _is_due(row, now)), None)

    def note_sent(self, item_id: UUID) -> None:
        """Note that an item may have arrived from now on."""
        self._store.write("UPDATE items SET state = 'sent' WHERE id = ?", str(item_id))

    def announce(self, photo_id: UUID) -> None:
        """Note that the server knows of a photo and waits for its bytes."""
        self._store.write("UPDATE items SET is_announced = 1 WHERE id = ?", str(photo_id))

    def note_upload(self, photo_id: UUID, upload: str | None) -> None:
        """Note where a photo's bytes go; None: nowhere any more, begin anew."""
        self._store.write("UPDATE items SET upload = ? WHERE id = ?", upload, str(photo_id))

    # What the server said

    def confirm(self, item_id: UUID, now: datetime, version: int | None = None) -> None:
        """Note that the server has it for good; `version` is its ticket's, as far as it was told."""
        self._store.write(
            "UPDATE items SET state = 'stored', problem = NULL, told_at = ?, version = ? WHERE id = ?",
            now.astimezone(UTC).isoformat(),
            version,
            str(item_id),
        )

    def let_wait(self, item_id: UUID) -> None:
        """Note that the server has it and waits for what it was made on top of."""
        self._store.write("UPDATE items SET state = 'waiting', problem = NULL WHERE id = ?", str(item_id))

    def send_again(self, item_id: UUID) -> None:
        """Let an item that waited be sent once more, to learn what became of it."""
        self._store.write("UPDATE items SET state = 'held' WHERE id = ? AND state = 'waiting'", str(item_id))

    def postpone(
        self, item_id: UUID, problem: dict[str, Any], until: datetime, *, is_answered: bool = True
    ) -> None:
        """Note why it did not go now, and not to try it before that time; without an answer it may have arrived."""
        self._store.write(
            "UPDATE items SET state = CASE WHEN is_announced OR NOT ? THEN state ELSE 'held' END, problem = ?,"
            " tries = tries + 1, try_after = ? WHERE id = ?",
            is_answered,
            json.dumps(problem, ensure_ascii=False),
            until.timestamp(),
            str(item_id),
        )

    def refuse(self, item_id: UUID, problem: dict[str, Any]) -> None:
        """Note that the server will never take it, and so nothing that was made on top of it."""
        with self._store.transaction():
            self._store.write(
                "UPDATE items SET state = 'refused', problem = ? WHERE id = ?",
                json.dumps(problem, ensure_ascii=False),
                str(item_id),
            )
            for follower in self._followers(item_id):
                self.refuse(
                    follower, {"code": "after_refused", "detail": "What it was made on top of was refused."}
                )

    def _followers(self, item_id: UUID) -> Sequence[UUID]:
        """Return what can't be taken without this item: steps on top of it, or with it as their proof."""
        rows = self._store.rows(
            "SELECT id FROM items WHERE state IN ('held', 'sent', 'waiting') AND (after = ?1 OR (kind = 'step'"
            " AND EXISTS (SELECT 1 FROM json_each(body, '$.photos') AS photo WHERE photo.value = ?1)))",
            str(item_id),
        )
        return [UUID(row["id"]) for row in rows]

    def forget(self, item_id: UUID) -> None:
        """Forget an item that was refused, after the person has seen that."""
        self._store.write("DELETE FROM items WHERE id = ? AND state = 'refused'", str(item_id))

    def forget_stored(self, before: datetime) -> None:
        """Forget what was confirmed long ago."""
        self._store.write(
            "DELETE FROM items WHERE state = 'stored' AND told_at < ?", before.astimezone(UTC).isoformat()
        )

    def forget_all(self) -> None:
        """Forget everything: the phone gets another owner."""
        self._store.write("DELETE FROM items")


def _is_due(row: Row, now: datetime) -> bool:
    """Tell whether a row's time has come. A clock that was set back must not hold anything for years."""
    return not 0 < row["try_after"] - now.timestamp() <= 2 * LONGEST_S


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
