"""A case under the hands of everybody at once: one step after another, as the services themselves take them.

The services' own takers run here, on a case in memory: what a step changes is theirs to know. Most need no
database, so there is none; what the few that do (`hand_over`, `merge`, `escalate`) change is done by hand.
"""

# ruff: noqa: D102  a rule's name is its sentence, as a test's is

from collections.abc import Awaitable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from api.domain.access import Role, Viewer
from api.domain.calendars import CalendarError, WorkCalendar
from api.domain.cases import Case, Triage
from api.domain.catalogue import Condition
from api.domain.errors import NotYourStep, Refusal, StepRefused
from api.domain.evidence import PhotoFacts, Purpose
from api.domain.geo import Place
from api.domain.lifecycle import Action, Closing, State, Step, find_step
from api.domain.parties import find_refusal, offered_actions, party_of
from api.domain.policies import Policies
from api.domain.reference import Reference
from api.domain.reports import Priority, Source
from api.domain.tickets import BY_SYSTEM, NOTHING_TOLD, By, Told, advance
from api.services import steps_desk, steps_dispatch, steps_intake, steps_repair, steps_requests
from api.services.dispatch import stage_terms
from api.services.taking import StepRequest, Taker, Taking
from tests.domain import example_office
from tests.domain.example_office import CATEGORY_IDS, CONDITIONS, GRID, OTHER_GRID, PEOPLE, REPORTERS

SELDOM = 13
"""A number in the middle: drawn numbers are small or round more often than not."""

NO_DATABASE: Any = None
"""A taker that needs one would fail here, and loudly."""

TAKERS: dict[Action, Taker] = {
    **steps_intake.TAKERS,
    **steps_dispatch.TAKERS,
    **steps_repair.TAKERS,
    **steps_requests.TAKERS,
    **steps_desk.TAKERS,
}
ASIDE = frozenset({Action.REJECT, Action.MERGE, Action.GRANT_VOID}) | frozenset(
    {Action.URGE, Action.SUPERVISE, Action.ESCALATE, Action.VOID, Action.ASK_HELP, Action.HAND_OVER}
)
"""Steps that end everything or lead nowhere: offered now and then only, or no walk would get far."""

FULL_HANDS = tuple(
    PhotoFacts(UUID(int=number), purpose, 800, 600, None, datetime.min)  # noqa: DTZ901  nobody looks at it
    for number, purpose in enumerate(Purpose, start=1)
)
PURPOSES = {photo.id: photo.purpose for photo in FULL_HANDS}

minutes = st.sampled_from((0, 1, 15, 60, 60, 240, 480, 1_440, 4_320, 20_160)) | st.integers(0, 90)


def finish(taking: Awaitable[None]) -> None:
    """Run a taker to its end; without a database it has nothing to wait for."""
    assert [*taking.__await__()] == []


class CaseWalk(RuleBasedStateMachine):
    """One case; `now` only ever goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.case: Case
        self.reference: Reference
        self.now: datetime

    @property
    def policies(self) -> Policies:
        return self.reference.policies

    @property
    def closing(self) -> Closing:
        return self.policies.closing

    @initialize(
        begin=example_office.begins,
        first=example_office.random_calendar("first"),
        second=example_office.random_calendar("second"),
        policies=example_office.policies,
        reporter=st.sampled_from(REPORTERS),
        grid_code=st.sampled_from((GRID, GRID, OTHER_GRID, None)),
        condition=st.sampled_from(CONDITIONS),
        is_chosen=st.booleans(),
    )
    def somebody_reports(
        self,
        begin: datetime,
        first: WorkCalendar,
        second: WorkCalendar,
        policies: Policies,
        reporter: Viewer,
        grid_code: str | None,
        condition: Condition,
        *,
        is_chosen: bool,
    ) -> None:
        self.now, self.reference = begin, example_office.office(first, second, policies)
        self.case = Case(
            id=UUID(int=100),
            category=condition.category_code,
            category_id=CATEGORY_IDS[condition.category_code],
            condition=condition if is_chosen else None,
            place=Place(116.404, 39.915),
            reporter_id=reporter.person_id,
            source=Source.OFFICER,
            priority=Priority.NORMAL,
            observed_at=begin,
            reported_at=begin,
            grid_code=grid_code,
        )
        if condition.self_fix and is_chosen and reporter.role is Role.OFFICER and grid_code == OTHER_GRID:
            self.fix_on_the_spot(reporter)
            return
        self.take_as(Action.REPORT, By.viewer(reporter))
        if reporter.role is Role.OFFICER and grid_code is not None and is_chosen:
            steps_intake.file_and_send(self.case, condition, self.reference, self.now)
        else:
            self.case.triage = Triage.NOT_AN_OFFICER

    def fix_on_the_spot(self, officer: Viewer) -> None:
        case = self.case
        case.is_self_fixed, case.fixed_by_id = True, officer.person_id
        case.filed_at = case.rectified_at = self.now
        self.take_as(Action.SELF_FIX, By.viewer(officer))

    @rule(data=st.data(), later=minutes, chance=st.integers(0, 19))
    def somebody_does_what_is_offered(self, data: st.DataObject, later: int, chance: int) -> None:
        party = party_of(self.case)
        offers = [
            (who, action)
            for who in PEOPLE
            for action in offered_actions(party, who, self.policies, self.now)
            if chance == SELDOM or action not in ASIDE
        ]
        if offers:
            action = data.draw(st.sampled_from(sorted({action for _, action in offers})))
            who = data.draw(st.sampled_from([who for who, offered in offers if offered is action]))
            self.attempt(who, action, data, later)

    @rule(who=st.sampled_from(PEOPLE), action=st.sampled_from(Action), data=st.data(), later=minutes)
    def somebody_tries_something(self, who: Viewer, action: Action, data: st.DataObject, later: int) -> None:
        self.attempt(who, action, data, later)

    @precondition(lambda self: self.case.state is State.SUSPENDED)
    @rule(late=minutes)
    def the_system_resumes_on_the_agreed_day_however_late(self, late: int) -> None:
        until = self.case.suspended_until
        assert until is not None
        self.now = max(self.now, until + timedelta(minutes=late))
        before = deepcopy(self.case)
        self.take_as(Action.RESUME, BY_SYSTEM, since=until)
        self.taken(before, Action.RESUME)

    @precondition(lambda self: self.case.escalates_at is not None)
    @rule(late=minutes)
    def the_system_escalates_what_is_overdue(self, late: int) -> None:
        assert self.case.escalates_at is not None
        self.now = max(self.now, self.case.escalates_at + timedelta(minutes=late))
        before = deepcopy(self.case)
        steps_desk.escalate(self.case, self.reference, BY_SYSTEM, self.now, NOTHING_TOLD)
        self.taken(before, Action.ESCALATE)

    def attempt(self, who: Viewer, action: Action, data: st.DataObject, later: int) -> None:
        self.now += timedelta(minutes=later)
        party = party_of(self.case)
        offered = offered_actions(party, who, self.policies, self.now)
        try:
            step = find_step(self.case.state, action, who.role, self.closing)
        except (StepRefused, NotYourStep):
            assert action not in offered
            return
        refusal = find_refusal(party, action, who, self.policies, self.now)
        assert (refusal is None) == (action in offered)
        if refusal is None:
            self.take(step, who, self.ask(action, data))

    def ask(self, action: Action, data: st.DataObject) -> StepRequest:
        """Draw what comes along with a step: mostly all that any step needs, now and then too little."""
        is_complete = data.draw(st.integers(0, 19)) != SELDOM
        condition = self.case.condition
        share = data.draw(st.sampled_from((0.5, 0.001, 0.01, 0.1, 1.0, -0.1, 1.1)))
        return StepRequest(
            action=action,
            version=self.case.version,
            note="已处理" if is_complete else data.draw(st.sampled_from(("", "已处理"))),
            reason="理由" if is_complete else "",
            photo_ids=tuple(PURPOSES) if is_complete else (data.draw(st.sampled_from(list(PURPOSES))),),
            category=data.draw(st.sampled_from((None, None, None, "P0101", "E0301"))),
            condition=1 if condition is None else None,
            grid=GRID if self.case.grid_code is None and is_complete else None,
            unit=data.draw(st.sampled_from(("unit1", "unit2", "unit3"))) if is_complete else None,
            helpers=data.draw(st.sampled_from(((), (), ("unit2",), ("unit3",)))),
            handler="p6",
            master="another",
            until=self.now + share * timedelta(days=self.policies.suspension_max_days)
            if is_complete
            else None,
            confirmed=is_complete,
        )

    def take(self, step: Step, who: Viewer, request: StepRequest) -> None:
        """Take a step like `services.tickets.take_step`: a refusal leaves the case as it was."""
        before = deepcopy(self.case)
        photos = tuple(photo for photo in FULL_HANDS if photo.id in request.photo_ids)
        taking = Taking(NO_DATABASE, self.reference, who, self.case, step, request, photos, self.now)
        try:
            self.run(taking)
        except (Refusal, CalendarError):
            self.case = before
        else:
            self.taken(before, step.action)

    def run(self, taking: Taking) -> None:
        action, case = taking.step.action, taking.case
        if action is Action.HAND_OVER:
            taking.require(case.condition, has_handler=True)
            case.handler_id = PEOPLE[5].person_id
            taking.advance(handler="p6")
        elif action is Action.MERGE:
            taking.require(case.condition, has_master=True)
            case.merged_into_id, case.triage = UUID(int=101), None
            taking.advance(master="another")
        elif action is Action.ESCALATE:
            taking.require(case.condition)
            steps_desk.escalate(case, self.reference, taking.by, self.now, taking.told())
        else:
            finish(TAKERS[action](taking))

    def take_as(self, action: Action, by: By, since: datetime | None = None) -> None:
        step = find_step(self.case.state, action, by.role, self.closing)
        advance(
            self.case,
            step,
            by,
            self.now,
            terms=stage_terms(self.reference, self.now, step),
            timekeeping=self.reference.timekeeping,
            told=Told(facts={"by": by.role}),
            since=since,
        )

    def taken(self, before: Case, action: Action) -> None:
        """Look at what one step did; the rules of the house are in `test_case`."""
