"""What a phone sends in one go: kinds of things, what becomes of each, and the order of what waits.

Things may come late, twice and in any order. A step on a ticket whose report is still to come waits for it, and so
does one that was made on top of another step (`after`). Whatever the order of arrival, the outcome is that of the
straight order: nothing is taken before what it stands on, and of what may go on the oldest goes first.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ItemKind(StrEnum):
    """What a phone can send."""

    REPORT = "report"
    STEP = "step"
    PHOTO = "photo"
    SHIFT = "shift"
    TRACK = "track"
    CHECKIN = "checkin"


class WaitState(StrEnum):
    """How it stands with something that waits, or waited in vain."""

    WAITING = "waiting"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Wait:
    """What something waits for: its ticket or, where that is here, the item that it was made after."""

    waits_for: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: done now or before, waiting, or refused; `error` says why.

    `error` is a refusal of the domain or what else the single operation would have raised. `ticket_id` is the ticket
    that the item was about, as far as it is known.
    """

    is_new: bool = False
    ticket_id: UUID | None = None
    wait: Wait | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Waiter:
    """A step that waits: `after_id` is the item of the same person that it was made on top of."""

    id: UUID
    person_id: UUID
    after_id: UUID | None
    made_at: datetime


def next_ready(waiters: Iterable[Waiter], done: Collection[tuple[UUID, UUID]]) -> Waiter | None:
    """Return who may go on, the oldest first; None when everybody waits for something that is not done.

    `done` holds (person, item). The ticket of all of them is there.
    """
    ready = [one for one in waiters if one.after_id is None or (one.person_id, one.after_id) in done]
    return min(ready, key=lambda one: (one.made_at, one.id), default=None)


def cycle_through(item_id: UUID, after: Mapping[UUID, UUID]) -> tuple[UUID, ...]:
    """Return the items that wait for each other in a circle through `item_id`, itself first; nothing without one.

    `after` says for each item which one it was made after.
    """
    path = [item_id]
    seen = {item_id}
    while (following := after.get(path[-1])) is not None:
        if following == item_id:
            return tuple(path)
        if following in seen:
            return ()  # a circle further on, which is not this item's
        seen.add(following)
        path.append(following)
    return ()
