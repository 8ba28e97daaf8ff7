"""Steps that came too late, with what their person has to know to decide anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gridphone.items import OutboxItem


@dataclass(frozen=True, slots=True)
class Conflict:
    """A step that was not taken because something else was true than the phone believed."""

    item_id: UUID
    ticket_id: UUID
    action: str
    made_at: datetime
    detail: str
    believed_version: int | None
    """The version that the person saw; none where the step was made on top of another one of this phone."""

    state: str | None
    version: int | None
    """What is true now; none where the ticket has left the person's sight."""

    actions: list[str]
    """What the person may do instead."""

    changes: list[dict[str, Any]]
    """Who did what meanwhile: `version`, `action`, `at`, `role`, `name`."""


def conflict_of(item: OutboxItem) -> Conflict | None:
    """Return the conflict that an item ended in; None where it was refused for another reason, or not at all."""
    problem = item.problem
    if item.state != "refused" or item.kind != "step" or item.ticket_id is None or problem is None:
        return None
    # Of a ticket that has left the person's sight (`not_found`) the server tells nothing more.
    if "believed" not in problem and problem["code"] != "not_found":
        return None
    return Conflict(
        item_id=item.id,
        ticket_id=item.ticket_id,
        action=item.body["action"],
        made_at=item.made_at,
        detail=problem.get("detail", ""),
        believed_version=item.body.get("version"),
        state=problem.get("state"),
        version=problem.get("version"),
        actions=problem.get("actions", []),
        changes=problem.get("changes", []),
    )
