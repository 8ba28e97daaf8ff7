"""Store the roster of a day, whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, text
from sqlmodel import col

from api.db import WriteSession
from api.domain.errors import FieldWrong
from api.domain.kept_changes import KeptChange, Noun
from api.models import RosterSlot
from api.queries.posts import SlotRow, find_people_ids, find_posts, find_slots
from api.services.kept_changes import keep_changes


@dataclass(frozen=True, slots=True)
class RosterDraft:
    """The slots of a day as they are meant."""

    on: date
    slots: Sequence[SlotRow]


async def put_roster(session: WriteSession, by_id: UUID, draft: RosterDraft, now: datetime) -> None:
    """Store the roster of a day: what it leaves out is gone. Raises FieldWrong.

    `checkpoint_unknown`: no post in use; `person_unknown`; `on_roster_twice`: somebody is at two posts at once.
    """
    # Two rosters of one day take turns; there may be no row to lock.
    await session.execute(text("LOCK TABLE roster_slots IN SHARE ROW EXCLUSIVE MODE"))
    posts = {stored.draft.code for stored in await find_posts(session)}
    people = await find_people_ids(session, {name for slot in draft.slots for name in slot.people})
    for number, slot in enumerate(draft.slots):
        if slot.post not in posts:
            raise FieldWrong(f"/slots/{number}/post", "checkpoint_unknown", "There is no such post in use.")
        for place, name in enumerate(slot.people):
            if name not in people:
                raise FieldWrong(
                    f"/slots/{number}/people/{place}", "person_unknown", "There is nobody of this name."
                )
    _refuse_two_places(draft.slots)
    before = await find_slots(session, draft.on, draft.on)
    await session.execute(delete(RosterSlot).where(col(RosterSlot.on_date) == draft.on))
    rows = [
        {
            "post": slot.post,
            "on_date": draft.on,
            "starts_at": slot.starts_at,
            "stops_at": slot.stops_at,
            "people_ids": [people[name] for name in slot.people],
            "staff_min": slot.staff_min,
        }
        for slot in draft.slots
    ]
    if rows:
        await session.execute(insert(RosterSlot), rows)
    change = KeptChange(Noun.ROSTER, draft.on.isoformat(), _told(before), _told(draft.slots))
    await keep_changes(session, [change], by_id, now)


def _refuse_two_places(slots: Sequence[SlotRow]) -> None:
    by_person: dict[str, list[tuple[datetime, datetime]]] = {}
    for number, slot in enumerate(slots):
        for name in slot.people:
            spans = by_person.setdefault(name, [])
            if any(start < slot.stops_at and slot.starts_at < stop for start, stop in spans):
                raise FieldWrong(
                    f"/slots/{number}/people",
                    "on_roster_twice",
                    "Nobody is at two posts at once.",
                    person=name,
                )
            spans.append((slot.starts_at, slot.stops_at))


def _told(slots: Sequence[SlotRow]) -> dict[str, Any]:
    return {
        "slots": [
            {
                "post": slot.post,
                "starts_at": slot.starts_at.isoformat(),
                "stops_at": slot.stops_at.isoformat(),
                "people": list(slot.people),
                "staff_min": slot.staff_min,
            }
            for slot in slots
        ]
    }
