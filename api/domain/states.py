"""The states of a ticket, the clocks that run in them, and what they are called."""

from enum import StrEnum


class State(StrEnum):
    """Where a ticket stands (see domain terms in `STATE_NAMES`)."""

    REPORTED = "reported"
    VERIFYING = "verifying"
    FILED = "filed"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    RECTIFIED = "rectified"
    CLOSED = "closed"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    VOIDED = "voided"
    MERGED = "merged"


STATE_NAMES: dict[State, tuple[str, str]] = {
    State.REPORTED: ("待受理", "reported"),
    State.VERIFYING: ("核实中", "being verified"),
    State.FILED: ("待派遣", "filed"),
    State.ASSIGNED: ("待签收", "assigned"),
    State.IN_PROGRESS: ("处置中", "in progress"),
    State.RECTIFIED: ("待核查", "rectified"),
    State.CLOSED: ("结案", "closed"),
    State.REJECTED: ("不予立案", "rejected"),
    State.SUSPENDED: ("挂账", "suspended"),
    State.VOIDED: ("作废", "voided"),
    State.MERGED: ("并案", "merged"),
}
"""Names for people: (zh, en)."""

ENDS = frozenset({State.CLOSED, State.REJECTED, State.VOIDED, State.MERGED})
"""Nobody owes the ticket anything more; a closed one may be reopened."""

OPEN = frozenset(State) - ENDS


class Clock(StrEnum):
    """The clocks of a ticket (计时): each counts one stage, `total` the whole life."""

    INTAKE = "intake"
    VERIFICATION = "verification"
    DISPATCH = "dispatch"
    SIGN_FOR = "sign_for"
    RECTIFICATION = "rectification"
    CHECK = "check"
    TOTAL = "total"


STAGE_OF: dict[State, Clock] = {
    State.REPORTED: Clock.INTAKE,
    State.VERIFYING: Clock.VERIFICATION,
    State.FILED: Clock.DISPATCH,
    State.ASSIGNED: Clock.RECTIFICATION,
    State.IN_PROGRESS: Clock.RECTIFICATION,
    State.RECTIFIED: Clock.CHECK,
}
"""Whose turn it is: the clock whose due time is the ticket's `due_at` in that state.

A suspended ticket has none: no clock but the total runs. Its `due_at` is what the rectification's will be
when the ticket resumes on the day that was agreed.
"""

CLOCK_OF: dict[State, Clock] = {**STAGE_OF, State.SUSPENDED: Clock.RECTIFICATION}
"""The clock that each open state's due time comes from: a suspended ticket keeps that of its rectification."""

RUNNING_IN: dict[State, tuple[Clock, ...]] = {
    State.REPORTED: (Clock.INTAKE, Clock.TOTAL),
    State.VERIFYING: (Clock.VERIFICATION, Clock.TOTAL),
    State.FILED: (Clock.DISPATCH, Clock.TOTAL),
    State.ASSIGNED: (Clock.SIGN_FOR, Clock.RECTIFICATION, Clock.TOTAL),
    State.IN_PROGRESS: (Clock.RECTIFICATION, Clock.TOTAL),
    State.RECTIFIED: (Clock.CHECK, Clock.TOTAL),
    State.SUSPENDED: (Clock.TOTAL,),
}
"""The clocks that run in each open state; at an end none does."""
