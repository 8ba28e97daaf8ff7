"""One thing that was made on this phone, and where it stands.

Each goes its way through these states:

held ──► sent ──► stored            sent: it left the phone and no answer was read. Perhaps the server has it.
  ▲        │ ├──► refused           waiting: the server has it and waits for what it was made on top of.
  └────────┘ └──► waiting           stored: the server's confirmation was read. Never before.

What is refused is kept with its reason until the person has seen it.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Any, Literal
from uuid import UUID

Kind = Literal["report", "step", "photo", "shift", "track", "checkin", "task"]
State = Literal["held", "sent", "waiting", "stored", "refused"]


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """Something that was made on this phone."""

    number: int
    """Its place among all that was made here."""

    id: UUID
    kind: Kind
    ticket_id: UUID | None
    """The ticket that it is about, for a report and a step."""

    after: UUID | None
    """The item that it was made on top of: a step's, or the start of the shift that it is about."""

    body: dict[str, Any]
    made_at: datetime
    state: State
    problem: dict[str, Any] | None
    """Why it was refused, as the server said it; of one that is held: why it has to be tried again."""

    told_at: datetime | None
    """When the server's confirmation was read."""

    tries: int
    is_announced: bool
    upload: str | None

    @property
    def photo_ids(self) -> list[UUID]:
        """The photos that it names."""
        return [UUID(name) for name in self.body.get("photos", ())]

    def as_sent(self) -> dict[str, Any]:
        """Return it as it is sent."""
        made_at = self.made_at.isoformat()
        return {"kind": self.kind, "id": str(self.id), "body": self.body, "made_at": made_at}


def item_of(row: Row) -> OutboxItem:
    """Return the item of a row of the phone's file."""
    return OutboxItem(
        number=row["number"],
        id=UUID(row["id"]),
        kind=row["kind"],
        ticket_id=_uuid(row["ticket"]),
        after=_uuid(row["after"]),
        body=json.loads(row["body"]),
        made_at=datetime.fromisoformat(row["made_at"]),
        state=row["state"],
        problem=json.loads(row["problem"]) if row["problem"] else None,
        told_at=datetime.fromisoformat(row["told_at"]) if row["told_at"] else None,
        tries=row["tries"],
        is_announced=bool(row["is_announced"]),
        upload=row["upload"],
    )


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
