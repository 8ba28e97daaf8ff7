"""Whose step is it? What the lifecycle table can't say: whose unit, which officer, in time, how often.

The one function that takes steps and the actions that answers offer both ask `find_refusal`, so that nobody
is offered what would be refused, nor refused what was offered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from api.domain.access import UNIT_ROLES, Role, Viewer
from api.domain.cases import Case, Triage
from api.domain.errors import LimitReached, NotYourStep, Pinned, Refusal, StepRefused, WindowClosed
from api.domain.lifecycle import Action, State, actions_for
from api.domain.policies import Policies
from api.domain.requests import DECIDERS, RequestKind
from api.domain.tasks import RECHECKS, TaskKind


@dataclass(frozen=True, slots=True)
class Party:
    """What decides whether a step is somebody's: the ticket's people, places and times, read or in memory."""

    state: State
    unit_id: int | None
    reporter_id: UUID
    fixed_by_id: UUID | None
    grid_code: str | None
    triage: str | None
    due_at: datetime | None
    rectified_at: datetime | None
    checked_at: datetime | None
    closed_at: datetime | None
    return_until: datetime | None
    returned_unit_ids: list[int]
    is_pinned: bool
    has_appealed: bool
    agreed_role: Role | None
    extension_count: int
    escalation_level: int
    pending_kinds: list[RequestKind]
    open_helper_ids: list[int]
    task_kind: TaskKind | None = None
    task_assignee_id: UUID | None = None


PARTY_FIELDS = tuple(Party.__slots__)
_FACTS = attrgetter(*PARTY_FIELDS)


def party_of(case: Case) -> Party:
    """Return the facts of a case that decide whose step it is."""
    assert case.state is not None  # noqa: S101  only a created ticket can be asked
    return Party(*_FACTS(case))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question whether this person may take a step on this ticket now."""

    party: Party
    viewer: Viewer
    policies: Policies
    now: datetime

    @property
    def is_own(self) -> bool:
        return self.viewer.unit_id is not None and self.viewer.unit_id == self.party.unit_id

    @property
    def is_on_duty(self) -> bool:
        grid = self.party.grid_code
        return grid is not None and any(grid.startswith(own) for own in self.viewer.grid_codes)

    def is_tasked(self, *kinds: TaskKind) -> bool:
        """Tell whether this person was asked to do what a task of one of these kinds is about."""
        party = self.party
        return party.task_kind in kinds and party.task_assignee_id == self.viewer.person_id


_Found = Refusal | None


def find_refusal(
    party: Party, action: Action, viewer: Viewer, policies: Policies, now: datetime
) -> Refusal | None:
    """Say why a step that the table has for this role is refused to this person now; None when it is not.

    NotYourStep when it is somebody else's, WindowClosed when it is too late, LimitReached when it was done
    often enough, Pinned after a ruling, StepRefused when what it would decide is not there.
    """
    rule = _RULES.get(action)
    return rule(_Asked(party, viewer, policies, now)) if rule else None


def offered_actions(party: Party, viewer: Viewer, policies: Policies, now: datetime) -> list[Action]:
    """List what this person may do with the ticket now, in the table's order."""
    return [
        action
        for action in actions_for(party.state, viewer.role, policies.closing)
        if find_refusal(party, action, viewer, policies, now) is None
    ]


def _own_unit(asked: _Asked) -> _Found:
    return None if asked.is_own else NotYourStep("Only the responsible unit takes this step.")


def _own_unit_or_desk(asked: _Asked) -> _Found:
    return _own_unit(asked) if asked.viewer.role in UNIT_ROLES else None


def _officer_of_grid(asked: _Asked) -> _Found:
    if asked.viewer.role is Role.OFFICER and not asked.is_on_duty:
        return NotYourStep("An officer of the ticket's grid does this.")
    return None


def _verify(asked: _Asked) -> _Found:
    if asked.is_tasked(TaskKind.VERIFICATION):
        return None
    return _task_of_another(asked, TaskKind.VERIFICATION) or _officer_of_grid(asked)


def _task_of_another(asked: _Asked, kind: TaskKind) -> _Found:
    """Refuse officers what somebody else was asked to do, where the city holds them to it."""
    party = asked.party
    is_bound = asked.policies.only_assignees_check and asked.viewer.role is Role.OFFICER
    if is_bound and party.task_kind is kind and party.task_assignee_id is not None:
        return NotYourStep("Another officer was asked to do this.", task=kind)
    return None


def _check(asked: _Asked) -> _Found:
    """Whoever finds, fixes and checks are three different people (监管分离).

    Where staff is short the reporter is asked to check: the task says so, and its reasons what had to be given up.
    """
    party, viewer = asked.party, asked.viewer
    if viewer.person_id == party.fixed_by_id:
        return NotYourStep("Whoever fixed it can't check it.")
    if asked.is_tasked(TaskKind.CHECK):
        return None
    if viewer.person_id == party.reporter_id and not asked.policies.checker_may_be_reporter:
        return NotYourStep("Another officer than the reporter checks the repair.")
    return _task_of_another(asked, TaskKind.CHECK) or _officer_of_grid(asked)


def _close(asked: _Asked) -> _Found:
    return None if asked.party.checked_at else NotYourStep("The repair has not been checked yet.")


def _dispatch(asked: _Asked) -> _Found:
    """Whoever received a return can't push past it: a contested ticket needs a ruling."""
    if asked.party.triage == Triage.ADJUDICATION:
        return StepRefused(
            "A second unit returned this ticket; a ruling decides whose it is.", possible=[Action.RULE]
        )
    return None


def _ruling(asked: _Asked) -> _Found:
    if not asked.party.returned_unit_ids:
        return StepRefused("Nobody returned this ticket: dispatch it.", possible=[Action.DISPATCH])
    return None


def _return(asked: _Asked) -> _Found:
    party, policies = asked.party, asked.policies
    if not asked.is_own:
        return _own_unit(asked)
    if party.is_pinned:
        return Pinned("A ruling made your unit responsible; the ticket can't be returned.")
    if party.returned_unit_ids.count(party.unit_id or 0) >= policies.returns_per_unit_max:
        return LimitReached(
            "Your unit returned this ticket before.", returns_per_unit_max=policies.returns_per_unit_max
        )
    if party.return_until is not None and asked.now > party.return_until:
        return WindowClosed("The time to return this ticket has passed.", return_until=party.return_until)
    return None


def _rectify(asked: _Asked) -> _Found:
    if not asked.is_own:
        return _own_unit(asked)
    if asked.party.open_helper_ids:
        return StepRefused("Helping units have neither answered nor been excused.")
    return None


def _request_extension(asked: _Asked) -> _Found:
    party = asked.party
    if not asked.is_own:
        return _own_unit(asked)
    if party.due_at is not None and asked.now >= party.due_at:
        return WindowClosed("More time is asked for before the due time.", due_at=party.due_at)
    if party.extension_count >= asked.policies.extensions_max:
        return LimitReached(
            "The limit was extended as often as it may be.", extensions_max=asked.policies.extensions_max
        )
    return _not_asked_before(asked, RequestKind.EXTENSION)


def _request_suspension(asked: _Asked) -> _Found:
    return _own_unit(asked) or _not_asked_before(asked, RequestKind.SUSPENSION)


def _void(asked: _Asked) -> _Found:
    return _not_asked_before(asked, RequestKind.VOID)


def _not_asked_before(asked: _Asked, kind: RequestKind) -> _Found:
    if kind in asked.party.pending_kinds:
        return StepRefused(f"A request for this ({kind}) is pending already.", pending=kind)
    return None


def _decides(kind: RequestKind) -> Callable[[_Asked], _Found]:
    def rule(asked: _Asked) -> _Found:
        if kind not in asked.party.pending_kinds:
            return StepRefused(f"No request ({kind}) is pending.", pending=asked.party.pending_kinds)
        return None

    return rule


def _grant_appeal(asked: _Asked) -> _Found:
    refusal = _decides(RequestKind.APPEAL)(asked)
    if refusal is None and asked.party.agreed_role == asked.viewer.role:
        others = sorted(DECIDERS[RequestKind.APPEAL] - {asked.viewer.role})
        return NotYourStep("Your side has agreed; the other has to agree, too.", roles=others)
    return refusal


def _answer_help(asked: _Asked) -> _Found:
    if asked.viewer.unit_id not in asked.party.open_helper_ids:
        return NotYourStep("Only a unit that was called for help answers the call.")
    return None


def _excuse_help(asked: _Asked) -> _Found:
    refusal = _own_unit_or_desk(asked)
    if refusal is None and not asked.party.open_helper_ids:
        return StepRefused("No helping unit is to be excused.")
    return refusal


def _appeal(asked: _Asked) -> _Found:
    party = asked.party
    if not asked.is_own:
        return _own_unit(asked)
    if party.has_appealed:
        return LimitReached("Your unit appealed before.")
    if party.due_at is None or party.rectified_at is None or party.rectified_at <= party.due_at:
        return StepRefused(
            "The ticket was rectified in time; there is nothing to appeal.", due_at=party.due_at
        )
    return None


def _recheck(asked: _Asked) -> _Found:
    """复查: only where somebody was asked to look again; whoever fixed it sees nothing new."""
    party, viewer = asked.party, asked.viewer
    if party.task_kind not in RECHECKS:
        return StepRefused("Nobody was asked to look at this ticket again.", possible=[Action.REOPEN])
    if viewer.person_id == party.fixed_by_id:
        return NotYourStep("Whoever fixed it can't check it.")
    if viewer.role is Role.OFFICER and not asked.is_tasked(*RECHECKS):
        return NotYourStep("Another officer was asked to do this.", task=party.task_kind)
    return None


def _reopen(asked: _Asked) -> _Found:
    party, viewer = asked.party, asked.viewer
    if asked.is_tasked(*RECHECKS):
        return None  # asked to look again, however long ago it was closed
    if viewer.role is Role.OFFICER and viewer.person_id != party.reporter_id and not asked.is_on_duty:
        return NotYourStep("An officer of the ticket's grid, or its reporter, reopens it.")
    days = timedelta(days=asked.policies.reopen_max_days)
    if party.closed_at is not None and asked.now > party.closed_at + days:
        until = party.closed_at + days
        return WindowClosed("It was closed too long ago: report it anew.", reopen_until=until)
    return None


def _escalate(asked: _Asked) -> _Found:
    highest = len(asked.policies.escalation_ladder)
    if not asked.is_own:
        return _own_unit(asked)
    if asked.party.escalation_level >= highest:
        return LimitReached("The ticket stands on the highest rung.", level=highest)
    return None


_RULES: dict[Action, Callable[[_Asked], _Found]] = {
    Action.ANSWER_VERIFICATION: _verify,
    Action.DISPATCH: _dispatch,
    Action.RULE: _ruling,
    Action.ACCEPT: _own_unit,
    Action.HAND_OVER: _own_unit,
    Action.RETURN: _return,
    Action.ASK_HELP: _own_unit_or_desk,
    Action.ANSWER_HELP: _answer_help,
    Action.EXCUSE_HELP: _excuse_help,
    Action.RECTIFY: _rectify,
    Action.REQUEST_EXTENSION: _request_extension,
    Action.GRANT_EXTENSION: _decides(RequestKind.EXTENSION),
    Action.DENY_EXTENSION: _decides(RequestKind.EXTENSION),
    Action.REQUEST_SUSPENSION: _request_suspension,
    Action.GRANT_SUSPENSION: _decides(RequestKind.SUSPENSION),
    Action.DENY_SUSPENSION: _decides(RequestKind.SUSPENSION),
    Action.RESUME: _own_unit_or_desk,
    Action.PASS_CHECK: _check,
    Action.FAIL_CHECK: _check,
    Action.CLOSE: _close,
    Action.APPEAL: _appeal,
    Action.GRANT_APPEAL: _grant_appeal,
    Action.DENY_APPEAL: _decides(RequestKind.APPEAL),
    Action.RECHECK: _recheck,
    Action.REOPEN: _reopen,
    Action.VOID: _void,
    Action.GRANT_VOID: _decides(RequestKind.VOID),
    Action.DENY_VOID: _decides(RequestKind.VOID),
    Action.ESCALATE: _escalate,
}
"""What each action asks beyond the table. The others are open to all that the table names."""
