"""The hash chain of a ticket's events: whoever changes one must change all that follow.

Each event's hash is SHA-256 over the hash before it and the event's own content in one canonical form
(JSON, sorted keys, no spaces, UTF-8, instants in UTC with microseconds). The first event hangs on `GENESIS`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

GENESIS = "0" * 64
"""What the first event of every ticket hangs on."""


@dataclass(frozen=True, slots=True)
class Event:
    """One step as it was taken: who, in which role, when by server and by device, with what."""

    ticket_id: UUID
    seq: int
    action: str
    from_state: str | None
    to_state: str
    actor_id: UUID | None
    actor_role: str
    at: datetime
    device_at: datetime | None = None
    note: str = ""
    photo_ids: tuple[UUID, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def sha256_of(event: Event, previous_sha256: str) -> str:
    """Return the hex hash of an event that hangs on the one before it."""
    content = {
        "previous": previous_sha256,
        "ticket_id": str(event.ticket_id),
        "seq": event.seq,
        "action": event.action,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "actor_id": str(event.actor_id) if event.actor_id else None,
        "actor_role": event.actor_role,
        "at": _instant(event.at),
        "device_at": _instant(event.device_at),
        "note": event.note,
        "photo_ids": [str(photo_id) for photo_id in event.photo_ids],
        "facts": event.facts,
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends, as the ticket itself remembers it: events cut off at the end show here alone."""

    count: int
    sha256: str


def first_break(chain: Iterable[tuple[Event, str]], head: Head | None = None) -> int | None:
    """Return the `seq` of the first event that does not fit, or None when all do.

    `chain` holds each event with the hash recorded for it, in the order of `seq`, which counts from 1
    without gaps. With the ticket's `head` the last event must be the one that the ticket remembers; the
    first event that is missing or too many is returned then.
    """
    previous, count = GENESIS, 0
    for count, (event, recorded) in enumerate(chain, start=1):
        if event.seq != count or sha256_of(event, previous) != recorded:
            return count
        if head is not None and count > head.count:
            return count
        previous = recorded
    if head is not None and (count, previous) != (head.count, head.sha256):
        return count + 1 if count < head.count else count
    return None
