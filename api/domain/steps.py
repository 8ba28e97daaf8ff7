"""The steps of a ticket's life, one row each: from, action, to, who, needs, effect on clocks and requests."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from api.domain.access import UNIT_ROLES, Role
from api.domain.actions import Action, Need
from api.domain.requests import DECIDERS, RequestKind
from api.domain.states import OPEN, RUNNING_IN, STAGE_OF, Clock, State


class Closing(StrEnum):
    """Who strikes a ticket off (policy): the passed check itself, or a dispatcher at the desk after it."""

    WITH_CHECK = "with_check"
    AT_DESK = "at_desk"


class _Nobody(StrEnum):
    SYSTEM = "system"


SYSTEM = _Nobody.SYSTEM
Actor = Role | _Nobody
"""Who takes a step: a person's role, or the system itself."""

Actors = frozenset[Actor]
Needs = frozenset[Need]


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table.

    `from_state` None: the step creates the ticket. `stops` and `starts` are the clocks the step touches;
    a clock that is started again in the same cycle goes on from what was used. `restarts` begin a new
    cycle with the full limit, `extends` grants a running clock its original limit once more. `asks` makes a
    request, `grants` and `denies` decide the one that is pending. `when` limits the row to one closing policy.
    """

    action: Action
    from_state: State | None
    to_state: State
    by: Actors
    needs: Needs = frozenset()
    stops: tuple[Clock, ...] = ()
    starts: tuple[Clock, ...] = ()
    restarts: tuple[Clock, ...] = ()
    extends: Clock | None = None
    asks: RequestKind | None = None
    grants: RequestKind | None = None
    denies: RequestKind | None = None
    when: Closing | None = None


_OFFICER: Actors = frozenset({Role.OFFICER})
_DISPATCHER: Actors = frozenset({Role.DISPATCHER})
_SUPERVISOR: Actors = frozenset({Role.SUPERVISOR})
_DISPATCHER_OR_SYSTEM: Actors = frozenset({Role.DISPATCHER, SYSTEM})
_REPORTERS: Actors = frozenset({Role.OFFICER, Role.DISPATCHER, Role.SUPERVISOR})
_UNIT: Actors = frozenset(UNIT_ROLES)
_LEAD: Actors = frozenset({Role.UNIT_LEAD})
_LEAD_OR_DISPATCHER: Actors = frozenset({Role.UNIT_LEAD, Role.DISPATCHER})
_OFFICER_OR_SUPERVISOR: Actors = frozenset({Role.OFFICER, Role.SUPERVISOR})
_SYSTEM: Actors = frozenset({SYSTEM})

_REASON: Needs = frozenset({Need.REASON})
_WITH_UNIT = (State.ASSIGNED, State.IN_PROGRESS)

HANDLED = (State.IN_PROGRESS, State.SUSPENDED, State.RECTIFIED)
"""Where a ticket has somebody who handles it."""


def _deciders(kind: RequestKind) -> Actors:
    return frozenset(DECIDERS[kind])


def _intake() -> Iterable[Step]:
    """受理、核实、立案."""
    yield Step(Action.REPORT, None, State.REPORTED, _REPORTERS, restarts=(Clock.TOTAL, Clock.INTAKE))
    proof = frozenset({Need.CONDITION, Need.BEFORE_PHOTO, Need.AFTER_PHOTO})
    yield Step(Action.SELF_FIX, None, State.CLOSED, _OFFICER, needs=proof)
    yield Step(
        Action.ASK_VERIFICATION,
        State.REPORTED,
        State.VERIFYING,
        _DISPATCHER,
        needs=frozenset({Need.GRID}),
        stops=(Clock.INTAKE,),
        restarts=(Clock.VERIFICATION,),
    )
    yield Step(
        Action.ANSWER_VERIFICATION,
        State.VERIFYING,
        State.REPORTED,
        _OFFICER,
        needs=frozenset({Need.PHOTO}),
        stops=(Clock.VERIFICATION,),
        starts=(Clock.INTAKE,),
    )
    for state, by in ((State.REPORTED, _DISPATCHER_OR_SYSTEM), (State.VERIFYING, _DISPATCHER)):
        clock = STAGE_OF[state]
        yield Step(
            Action.FILE,
            state,
            State.FILED,
            by,
            needs=frozenset({Need.CONDITION}),
            stops=(clock,),
            restarts=(Clock.DISPATCH,),
        )
        yield Step(
            Action.REJECT, state, State.REJECTED, _DISPATCHER, needs=_REASON, stops=(clock, Clock.TOTAL)
        )


def _dispatch() -> Iterable[Step]:
    """派遣、指定管辖、签收、回退."""
    for action, by, needs in (
        (Action.DISPATCH, _DISPATCHER_OR_SYSTEM, frozenset({Need.UNIT})),
        (Action.RULE, _DISPATCHER, frozenset({Need.UNIT, Need.REASON})),
    ):
        yield Step(
            action,
            State.FILED,
            State.ASSIGNED,
            by,
            needs=needs,
            stops=(Clock.DISPATCH,),
            restarts=(Clock.SIGN_FOR, Clock.RECTIFICATION),
        )
    yield Step(Action.ACCEPT, State.ASSIGNED, State.IN_PROGRESS, _UNIT, stops=(Clock.SIGN_FOR,))
    for state in _WITH_UNIT:
        yield Step(
            Action.RETURN,
            state,
            State.FILED,
            _UNIT,
            needs=frozenset({Need.REASON, Need.PHOTO}),
            stops=tuple(clock for clock in RUNNING_IN[state] if clock is not Clock.TOTAL),
            restarts=(Clock.DISPATCH,),
        )


def _rectification() -> Iterable[Step]:
    """处置: by the responsible unit and its helpers."""
    here = State.IN_PROGRESS
    yield Step(Action.HAND_OVER, here, here, _LEAD, needs=frozenset({Need.HANDLER}))
    for state in HANDLED:
        # Its handler left: the ticket is nobody's until the lead names another.
        yield Step(Action.HAND_OVER, state, state, _SYSTEM)
    for state in _WITH_UNIT:
        yield Step(
            Action.ASK_HELP,
            state,
            state,
            _LEAD_OR_DISPATCHER,
            needs=frozenset({Need.UNIT, Need.REASON}),
            asks=RequestKind.HELP,
        )
        yield Step(
            Action.ANSWER_HELP, state, state, _UNIT, needs=frozenset({Need.NOTE}), grants=RequestKind.HELP
        )
        yield Step(
            Action.EXCUSE_HELP,
            state,
            state,
            _LEAD_OR_DISPATCHER,
            needs=frozenset({Need.UNIT, Need.REASON}),
            denies=RequestKind.HELP,
        )
    yield Step(
        Action.RECTIFY,
        here,
        State.RECTIFIED,
        _UNIT,
        needs=frozenset({Need.NOTE, Need.AFTER_PHOTO}),
        stops=(Clock.RECTIFICATION,),
        restarts=(Clock.CHECK,),
    )


def _more_time() -> Iterable[Step]:
    """延期、挂账."""
    here, paused = State.IN_PROGRESS, State.SUSPENDED
    kind = RequestKind.EXTENSION
    yield Step(Action.REQUEST_EXTENSION, here, here, _UNIT, needs=_REASON, asks=kind)
    yield Step(Action.GRANT_EXTENSION, here, here, _deciders(kind), extends=Clock.RECTIFICATION, grants=kind)
    yield Step(Action.DENY_EXTENSION, here, here, _deciders(kind), needs=_REASON, denies=kind)
    kind = RequestKind.SUSPENSION
    yield Step(
        Action.REQUEST_SUSPENSION,
        here,
        here,
        _UNIT,
        needs=frozenset({Need.REASON, Need.UNTIL}),
        asks=kind,
    )
    yield Step(
        Action.GRANT_SUSPENSION, here, paused, _deciders(kind), stops=(Clock.RECTIFICATION,), grants=kind
    )
    yield Step(Action.DENY_SUSPENSION, here, here, _deciders(kind), needs=_REASON, denies=kind)
    yield Step(
        Action.RESUME,
        paused,
        here,
        frozenset({Role.DISPATCHER, SYSTEM}) | _UNIT,
        starts=(Clock.RECTIFICATION,),
    )


def _taking_over() -> Iterable[Step]:
    """接办: a unit was closed down, and another takes what it had to do."""
    for state in (*_WITH_UNIT, State.SUSPENDED):
        yield Step(
            Action.REASSIGN,
            state,
            State.ASSIGNED,
            _SYSTEM,
            stops=tuple(clock for clock in RUNNING_IN[state] if clock is not Clock.TOTAL),
            restarts=(Clock.SIGN_FOR, Clock.RECTIFICATION),
        )
        yield Step(Action.REASSIGN_HELP, state, state, _SYSTEM)


def _correction() -> Iterable[Step]:
    """更正、改派: class or place turned out to be another, and the rules may choose another unit."""
    needs = frozenset({Need.REASON, Need.CORRECTION})
    for state in (State.FILED, *_WITH_UNIT):
        yield Step(Action.CORRECT, state, state, _DISPATCHER, needs=needs)
    for state in _WITH_UNIT:
        stops = tuple(clock for clock in RUNNING_IN[state] if clock is not Clock.TOTAL)
        yield Step(
            Action.REDISPATCH,
            state,
            State.ASSIGNED,
            _SYSTEM,
            stops=stops,
            restarts=(Clock.SIGN_FOR, Clock.RECTIFICATION),
        )
        yield Step(Action.RECALL, state, State.FILED, _SYSTEM, stops=stops, restarts=(Clock.DISPATCH,))


def _check() -> Iterable[Step]:
    """核查、返工、结案."""
    here, by = State.RECTIFIED, _OFFICER_OR_SUPERVISOR
    ends = (Clock.CHECK, Clock.TOTAL)
    proof = frozenset({Need.CHECK_PHOTO})
    yield Step(Action.PASS_CHECK, here, State.CLOSED, by, needs=proof, stops=ends, when=Closing.WITH_CHECK)
    yield Step(Action.PASS_CHECK, here, here, by, needs=proof, when=Closing.AT_DESK)
    yield Step(
        Action.FAIL_CHECK,
        here,
        State.IN_PROGRESS,
        by,
        needs=proof | _REASON,
        stops=(Clock.CHECK,),
        starts=(Clock.RECTIFICATION,),
    )
    yield Step(
        Action.CLOSE,
        here,
        State.CLOSED,
        _DISPATCHER,
        needs=frozenset({Need.CHECKED}),
        stops=ends,
        when=Closing.AT_DESK,
    )


def _afterwards() -> Iterable[Step]:
    """申诉、复查、反弹: what may still happen to a closed ticket."""
    here, kind = State.CLOSED, RequestKind.APPEAL
    yield Step(Action.APPEAL, here, here, _UNIT, needs=_REASON, asks=kind)
    yield Step(Action.GRANT_APPEAL, here, here, _deciders(kind), grants=kind)
    yield Step(Action.DENY_APPEAL, here, here, _deciders(kind), needs=_REASON, denies=kind)
    yield Step(Action.RECHECK, here, here, _OFFICER_OR_SUPERVISOR, needs=frozenset({Need.CHECK_PHOTO}))
    yield Step(
        Action.REOPEN,
        here,
        State.FILED,
        _OFFICER_OR_SUPERVISOR,
        needs=frozenset({Need.PHOTO, Need.REASON}),
        restarts=(Clock.TOTAL, Clock.DISPATCH),
    )


def _any_time() -> Iterable[Step]:
    """并案、作废、催办、督办、上报: in every open state."""
    for here in (state for state in State if state in OPEN):
        clocks, kind = RUNNING_IN[here], RequestKind.VOID
        yield Step(
            Action.MERGE, here, State.MERGED, _DISPATCHER, needs=frozenset({Need.MASTER}), stops=clocks
        )
        yield Step(Action.ABSORB, here, here, _SYSTEM)
        yield Step(Action.VOID, here, here, _DISPATCHER, needs=_REASON, asks=kind)
        yield Step(Action.GRANT_VOID, here, State.VOIDED, _deciders(kind), stops=clocks, grants=kind)
        yield Step(Action.DENY_VOID, here, here, _deciders(kind), needs=_REASON, denies=kind)
        yield Step(Action.URGE, here, here, _SUPERVISOR, needs=frozenset({Need.NOTE}))
        yield Step(Action.SUPERVISE, here, here, _SUPERVISOR, needs=frozenset({Need.NOTE}))
        yield Step(Action.ESCALATE, here, here, _UNIT, needs=_REASON)
        yield Step(Action.ESCALATE, here, here, _SYSTEM)
        yield Step(Action.RECOMPUTE, here, here, _SYSTEM)


TABLE: tuple[Step, ...] = (
    *_intake(),
    *_dispatch(),
    *_rectification(),
    *_more_time(),
    *_taking_over(),
    *_correction(),
    *_check(),
    *_afterwards(),
    *_any_time(),
)
