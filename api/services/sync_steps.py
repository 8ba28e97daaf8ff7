"""A step that a phone sent: taken now, or as soon as what it stands on is here."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.device_clock import DeviceClock
from api.domain.errors import FieldWrong, VersionNeeded
from api.domain.lifecycle import Action
from api.domain.reference import Reference
from api.queries.sync import find_version_after, ticket_exists
from api.services.taking import StepRequest
from api.services.tickets import take_step


@dataclass(frozen=True, slots=True)
class StepItem:
    """A step with the id that the phone gave it; `after_id` is the item that it was made on top of."""

    id: UUID
    ticket_id: UUID
    after_id: UUID | None
    request: StepRequest

    def check(self) -> None:
        """Refuse a step that says neither or both of which version it was made on, and which step."""
        if self.after_id is None and self.request.version is None:
            raise VersionNeeded("Name the version that you saw, or the item that this was made after.")
        if self.after_id is not None and self.request.version is not None:
            raise FieldWrong("/after", "version_contradicts", "A step has a version or comes after another.")


async def try_step(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer,
    item: StepItem,
    clock: DeviceClock,
    now: datetime,
) -> bool | UUID:
    """Take a step; False when it had been taken before; the id of what it has to wait for, if so.

    Raises what `take_step` raises. What was made after another step is a conflict when somebody else took one
    between. The caller holds the ticket's name, so that nothing can come between looking and waiting.
    """
    if not await ticket_exists(session, item.ticket_id):
        return item.ticket_id
    request = item.request
    if item.after_id is not None:
        version = await find_version_after(session, viewer.person_id, item.ticket_id, item.after_id)
        if version is None:
            return item.after_id
        request = replace(request, version=version)
    return await take_step(
        session, reference, viewer, item.ticket_id, request, now, key=str(item.id), clock=clock
    )


def request_as_json(request: StepRequest) -> dict[str, Any]:
    """Return a request as a waiting item keeps it: what says nothing is left out."""
    told = ((one.name, getattr(request, one.name), one.default) for one in fields(request))
    return {name: _as_json(value) for name, value, default in told if value != default}


def _as_json(value: object) -> object:
    match value:
        case StrEnum():
            return value.value
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case tuple():
            return [_as_json(member) for member in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return value


def request_from_json(kept: Mapping[str, Any]) -> StepRequest:
    """Read what `request_as_json` wrote."""
    read: dict[str, Any] = dict(kept)
    read["action"] = Action(kept["action"])
    read.setdefault("version", None)
    if "photo_ids" in kept:
        read["photo_ids"] = tuple(map(UUID, kept["photo_ids"]))
    if "helpers" in kept:
        read["helpers"] = tuple(kept["helpers"])
    for name in ("device_at", "until"):
        if kept.get(name) is not None:
            read[name] = datetime.fromisoformat(kept[name])
    return StepRequest(**read)
