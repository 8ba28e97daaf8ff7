"""A ticket's history on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from api.domain.access import Role, Viewer
from api.domain.lifecycle import ACTION_NAMES, Action, State
from api.domain.limits import Language
from api.language import name_in
from api.queries.histories import EventFacts
from api.schemas.base import Output
from api.schemas.tickets import PersonShown, person_shown


class EventShown(Output):
    """One step of a ticket's history."""

    seq: int
    action: str
    action_name: str
    from_state: State | None
    to_state: State
    actor: PersonShown
    at: datetime
    device_at: datetime | None
    note: str
    photos: list[UUID]
    facts: dict[str, Any]
    sha256: str


class History(Output):
    """A ticket's events, oldest first. `verified` is null unless asked for by ?verify=true."""

    items: list[EventShown]
    verified: bool | None
    broken_at: int | None


def event_shown(facts: EventFacts, viewer: Viewer, language: Language) -> EventShown:
    """Show one event; a unit doesn't learn which officer took a step."""
    event = facts.event
    role = Role(event.actor_role) if event.actor_role in set(Role) else None
    return EventShown(
        seq=event.seq,
        action=event.action,
        action_name=name_in(language, *ACTION_NAMES[Action(event.action)]),
        from_state=event.from_state,
        to_state=event.to_state,
        actor=person_shown(viewer, event.actor_id, facts.actor_name, role),
        at=event.at,
        device_at=event.device_at,
        note=event.note,
        photos=event.photo_ids,
        facts=event.facts,
        sha256=event.sha256,
    )
