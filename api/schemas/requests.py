"""Requests on tickets, on the wire."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.domain.access import Role
from api.domain.lifecycle import State
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.requests import REQUEST_NAMES, Request, RequestKind, RequestState
from api.language import name_in
from api.schemas.base import Named, Output


class RequestShown(Output):
    """What somebody asked for on a ticket, and what became of it."""

    id: UUID
    kind: RequestKind
    name: str
    state: RequestState
    made_in: State = Field(description="The ticket's state when it was made; it lapses with that state.")
    unit: Named | None = Field(description="The unit that asks; for help, the one that is asked.")
    reason: str
    until: datetime | None = Field(description="How long a suspension is to last.")
    asked_at: datetime
    agreed: Role | None = Field(description="Who has agreed already, where two have to.")
    decided_at: datetime | None
    decision: str


def requests_shown(
    requests: Sequence[Request], reference: Reference, language: Language
) -> list[RequestShown]:
    """Show requests, oldest first."""
    return [_shown(request, reference, language) for request in requests]


def _shown(request: Request, reference: Reference, language: Language) -> RequestShown:
    unit = reference.units[request.unit_id] if request.unit_id is not None else None
    return RequestShown(
        id=request.id,
        kind=request.kind,
        name=name_in(language, *REQUEST_NAMES[request.kind]),
        state=request.state,
        made_in=request.made_in,
        unit=Named(code=unit.code, name=name_in(language, unit.name_zh, unit.name_en)) if unit else None,
        reason=request.reason,
        until=request.until,
        asked_at=request.asked_at,
        agreed=request.agreed_role,
        decided_at=request.decided_at,
        decision=request.decision,
    )
