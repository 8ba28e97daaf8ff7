"""The lifecycle of a ticket is a table: from, action, to, who, needs, effect on the clocks.

Everything that asks "may this happen?" asks this table: the one function that takes steps, the actions
offered in every answer, `GET /v1/lifecycle`, and the diagram in the docs. A new step is a new row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from api.domain.access import Role
from api.domain.errors import NotYourStep, StepRefused


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
OPEN = frozenset(State) - ENDS


class Action(StrEnum):
    """What can be done to a ticket."""

    REPORT = "report"
    SELF_FIX = "self_fix"
    FILE = "file"
    REJECT = "reject"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    HAND_OVER = "hand_over"
    RECTIFY = "rectify"
    PASS_CHECK = "pass_check"  # noqa: S105  a step, not a password
    FAIL_CHECK = "fail_check"
    CLOSE = "close"


ACTION_NAMES: dict[Action, tuple[str, str]] = {
    Action.REPORT: ("上报", "report"),
    Action.SELF_FIX: ("即查即改", "fix on the spot"),
    Action.FILE: ("立案", "file"),
    Action.REJECT: ("不予立案", "reject"),
    Action.DISPATCH: ("派遣", "dispatch"),
    Action.ACCEPT: ("签收", "accept"),
    Action.HAND_OVER: ("转办", "hand over"),
    Action.RECTIFY: ("处置反馈", "rectify"),
    Action.PASS_CHECK: ("核查通过", "pass the check"),
    Action.FAIL_CHECK: ("返工", "fail the check"),
    Action.CLOSE: ("结案", "close"),
}
"""Names for people: (zh, en)."""


class Need(StrEnum):
    """What a step must bring along."""

    NOTE = "note"
    REASON = "reason"
    CONDITION = "condition"
    UNIT = "unit"
    HANDLER = "handler"
    BEFORE_PHOTO = "before_photo"
    AFTER_PHOTO = "after_photo"
    CHECK_PHOTO = "check_photo"
    CHECKED = "checked"


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
"""Whose turn it is: the clock whose due time is the ticket's `due_at` in that state."""


class Closing(StrEnum):
    """Who strikes a ticket off (policy): the passed check itself, or a dispatcher at the desk after it."""

    WITH_CHECK = "with_check"
    AT_DESK = "at_desk"


class _Nobody(StrEnum):
    SYSTEM = "system"


SYSTEM = _Nobody.SYSTEM
Actor = Role | _Nobody
"""Who takes a step: a person's role, or the system itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table.

    `from_state` None: the step creates the ticket. `stops` and `starts` are the clocks the step touches;
    a clock that is started again in the same cycle goes on from what was used. `restarts` begin a new
    cycle with the full limit. `when` limits the row to one closing policy.
    """

    action: Action
    from_state: State | None
    to_state: State
    by: frozenset[Actor]
    needs: frozenset[Need] = frozenset()
    stops: tuple[Clock, ...] = ()
    starts: tuple[Clock, ...] = ()
    restarts: tuple[Clock, ...] = ()
    when: Closing | None = None


_OFFICER = frozenset[Actor]({Role.OFFICER})
_DISPATCHER = frozenset[Actor]({Role.DISPATCHER})
_DISPATCHER_OR_SYSTEM = frozenset[Actor]({Role.DISPATCHER, SYSTEM})
_REPORTERS = frozenset[Actor]({Role.OFFICER, Role.DISPATCHER, Role.SUPERVISOR})
_UNIT = frozenset[Actor]({Role.UNIT_MEMBER, Role.UNIT_LEAD})
_CHECKERS = frozenset[Actor]({Role.OFFICER, Role.SUPERVISOR})

TABLE: tuple[Step, ...] = (
    Step(Action.REPORT, None, State.REPORTED, _REPORTERS, restarts=(Clock.TOTAL, Clock.INTAKE)),
    Step(
        Action.SELF_FIX,
        None,
        State.CLOSED,
        _OFFICER,
        needs=frozenset({Need.CONDITION, Need.BEFORE_PHOTO, Need.AFTER_PHOTO}),
    ),
    Step(
        Action.FILE,
        State.REPORTED,
        State.FILED,
        _DISPATCHER_OR_SYSTEM,
        needs=frozenset({Need.CONDITION}),
        stops=(Clock.INTAKE,),
        restarts=(Clock.DISPATCH,),
    ),
    Step(
        Action.REJECT,
        State.REPORTED,
        State.REJECTED,
        _DISPATCHER,
        needs=frozenset({Need.REASON}),
        stops=(Clock.INTAKE, Clock.TOTAL),
    ),
    Step(
        Action.DISPATCH,
        State.FILED,
        State.ASSIGNED,
        _DISPATCHER_OR_SYSTEM,
        needs=frozenset({Need.UNIT}),
        stops=(Clock.DISPATCH,),
        restarts=(Clock.SIGN_FOR, Clock.RECTIFICATION),
    ),
    Step(Action.ACCEPT, State.ASSIGNED, State.IN_PROGRESS, _UNIT, stops=(Clock.SIGN_FOR,)),
    Step(
        Action.HAND_OVER,
        State.IN_PROGRESS,
        State.IN_PROGRESS,
        frozenset({Role.UNIT_LEAD}),
        needs=frozenset({Need.HANDLER}),
    ),
    Step(
        Action.RECTIFY,
        State.IN_PROGRESS,
        State.RECTIFIED,
        _UNIT,
        needs=frozenset({Need.NOTE, Need.AFTER_PHOTO}),
        stops=(Clock.RECTIFICATION,),
        restarts=(Clock.CHECK,),
    ),
    Step(
        Action.PASS_CHECK,
        State.RECTIFIED,
        State.CLOSED,
        _CHECKERS,
        needs=frozenset({Need.CHECK_PHOTO}),
        stops=(Clock.CHECK, Clock.TOTAL),
        when=Closing.WITH_CHECK,
    ),
    Step(
        Action.PASS_CHECK,
        State.RECTIFIED,
        State.RECTIFIED,
        _CHECKERS,
        needs=frozenset({Need.CHECK_PHOTO}),
        when=Closing.AT_DESK,
    ),
    Step(
        Action.FAIL_CHECK,
        State.RECTIFIED,
        State.IN_PROGRESS,
        _CHECKERS,
        needs=frozenset({Need.REASON, Need.CHECK_PHOTO}),
        stops=(Clock.CHECK,),
        starts=(Clock.RECTIFICATION,),
    ),
    Step(
        Action.CLOSE,
        State.RECTIFIED,
        State.CLOSED,
        _DISPATCHER,
        needs=frozenset({Need.CHECKED}),
        stops=(Clock.CHECK, Clock.TOTAL),
        when=Closing.AT_DESK,
    ),
)


def rows(closing: Closing) -> Iterable[Step]:
    """Yield the rows that are in force under a closing policy."""
    return (row for row in TABLE if row.when is None or row.when is closing)


def find_step(state: State | None, action: Action, actor: Actor, closing: Closing) -> Step:
    """Return the row for this state, action and actor.

    Raises StepRefused when the action does not exist in this state, NotYourStep when it does but for
    other roles; both name what the caller needs to go on.
    """
    here = [row for row in rows(closing) if row.from_state == state]
    named = [row for row in here if row.action is action]
    if not named:
        raise StepRefused(
            f"{action} is not possible in state {state or 'new'}.",
            action=action,
            state=state,
            possible=sorted({row.action for row in here}),
        )
    for row in named:
        if actor in row.by:
            return row
    raise NotYourStep(
        f"{action} is not for the role {actor}.",
        action=action,
        state=state,
        roles=sorted({str(by) for row in named for by in row.by}),
    )


def actions_for(state: State, actor: Actor, closing: Closing) -> list[Action]:
    """List the actions the table gives this actor in this state, in the table's order."""
    return list(
        dict.fromkeys(row.action for row in rows(closing) if row.from_state == state and actor in row.by)
    )
