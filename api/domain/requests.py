"""Requests (申请): what somebody asks for on a ticket and somebody else decides.

A request has a state of its own and dies with the state of the ticket that it was made in. A call for help
(协办) is a request to another unit: it outlives signing for the ticket and ends with the unit's turn.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.domain.access import Role
from api.domain.states import State


class RequestKind(StrEnum):
    """What is asked for."""

    EXTENSION = "extension"
    SUSPENSION = "suspension"
    VOID = "void"
    APPEAL = "appeal"
    HELP = "help"


REQUEST_NAMES: dict[RequestKind, tuple[str, str]] = {
    RequestKind.EXTENSION: ("延期", "extension"),
    RequestKind.SUSPENSION: ("挂账", "suspension"),
    RequestKind.VOID: ("作废", "void"),
    RequestKind.APPEAL: ("申诉", "appeal"),
    RequestKind.HELP: ("协办", "help"),
}
"""Names for people: (zh, en)."""


class RequestState(StrEnum):
    """How a request stands. `lapsed`: the ticket moved on before anybody decided."""

    PENDING = "pending"
    GRANTED = "granted"
    DENIED = "denied"
    LAPSED = "lapsed"


DECIDERS: dict[RequestKind, frozenset[Role]] = {
    RequestKind.EXTENSION: frozenset({Role.DISPATCHER}),
    RequestKind.SUSPENSION: frozenset({Role.DISPATCHER}),
    RequestKind.VOID: frozenset({Role.SUPERVISOR}),
    RequestKind.APPEAL: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
}
"""Every one of these roles has to agree before a request is granted; any of them may deny it."""


@dataclass(slots=True)
class Request:
    """One request on one ticket.

    `unit_id` is the unit that asks or, for help, the one that is asked. `until` is how long a suspension is
    to last. `agreed_role` is the first of two roles that have to agree (an appeal). `asked_by_id` is None when
    a dispatch rule calls helpers.
    """

    id: UUID
    kind: RequestKind
    made_in: State
    asked_at: datetime
    asked_by_id: UUID | None
    reason: str
    unit_id: int | None = None
    until: datetime | None = None
    state: RequestState = RequestState.PENDING
    agreed_role: Role | None = None
    decided_at: datetime | None = None
    decided_by_id: UUID | None = None
    decision: str = ""
    is_stored: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether it still waits for a decision."""
        return self.state is RequestState.PENDING

    def decide(self, state: RequestState, now: datetime, by_id: UUID | None, decision: str = "") -> None:
        """End the request; a decided one is never decided again."""
        assert self.is_pending, "a request is decided once"  # noqa: S101  callers take pending ones only
        self.state, self.decided_at, self.decided_by_id, self.decision = state, now, by_id, decision
