"""A case under the hands of everybody at once: whatever people try, in whatever order, the rules of the house hold."""

# ruff: noqa: D102  a rule's name is its sentence, as a test's is

from datetime import UTC, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from api.domain.access import UNIT_ROLES, Role, Viewer
from api.domain.errors import NotYourStep, Refusal, StepRefused
from api.domain.geo import Place
from api.domain.history import GENESIS, Head, first_break
from api.domain.ledger import Term, Timekeeping
from api.domain.lifecycle import ENDS, STAGE_OF, Action, Clock, State, Step, find_step
from api.domain.limits import Limit, LimitUnit
from api.domain.policies import Policies
from api.domain.reports import Priority, Source
from api.domain.tickets import (
    BY_SYSTEM,
    By,
    Case,
    Told,
    advance,
    offered_actions,
    party_of,
    refuse_others,
)
from tests.domain.example_calendars import CHINA, china

GRID = "990101001001001"
MORNING = china("2026-03-09 08:00")
TIMEKEEPING = Timekeeping({CHINA.code: CHINA}, 0.8)
TERMS = {
    Clock.INTAKE: Term(Limit(15, LimitUnit.WORKING_MINUTE), CHINA.code),
    Clock.DISPATCH: Term(Limit(15, LimitUnit.WORKING_MINUTE), CHINA.code),
    Clock.SIGN_FOR: Term(Limit(60, LimitUnit.WORKING_MINUTE), CHINA.code),
    Clock.RECTIFICATION: Term(Limit(1, LimitUnit.WORKING_DAY), CHINA.code),
    Clock.CHECK: Term(Limit(120, LimitUnit.WORKING_MINUTE), CHINA.code),
}
CHECKS = frozenset({Action.PASS_CHECK, Action.FAIL_CHECK})


def person(number: int, role: Role, *, unit_id: int | None = None, grids: tuple[str, ...] = ()) -> Viewer:
    return Viewer(UUID(int=number), UUID(int=number), f"p{number}", "", role, unit_id, grids)


PEOPLE = (
    person(1, Role.OFFICER, grids=(GRID[:12],)),
    person(2, Role.OFFICER, grids=(GRID[:12],)),
    person(3, Role.OFFICER, grids=("990101001002",)),
    person(4, Role.DISPATCHER),
    person(5, Role.SUPERVISOR),
    person(6, Role.UNIT_MEMBER, unit_id=1),
    person(7, Role.UNIT_LEAD, unit_id=1),
    person(8, Role.UNIT_MEMBER, unit_id=2),
    person(9, Role.ADMINISTRATOR),
)
REPORTERS = tuple(one for one in PEOPLE if one.role in {Role.OFFICER, Role.DISPATCHER, Role.SUPERVISOR})
BY_ID = {one.person_id: one for one in PEOPLE}


class LifeOfACase(RuleBasedStateMachine):
    """One case; `now` only ever goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.case: Case
        self.policies: Policies
        self.now = MORNING

    @initialize(
        reporter=st.sampled_from(REPORTERS),
        is_self_fix=st.integers(0, 9).map(lambda number: number == 0),
        grid_code=st.sampled_from((GRID, None)),
        close_after_check=st.booleans(),
        checker_may_be_reporter=st.booleans(),
    )
    def begin(
        self,
        reporter: Viewer,
        grid_code: str | None,
        *,
        is_self_fix: bool,
        close_after_check: bool,
        checker_may_be_reporter: bool,
    ) -> None:
        self.policies = Policies(
            close_after_check=close_after_check, checker_may_be_reporter=checker_may_be_reporter
        )
        self.case = Case(
            id=UUID(int=100),
            category="E0406",
            place=Place(116.404, 39.915),
            reporter_id=reporter.person_id,
            source=Source.OFFICER,
            priority=Priority.NORMAL,
            observed_at=MORNING,
            reported_at=MORNING,
            grid_code=grid_code,
        )
        action = Action.SELF_FIX if is_self_fix and reporter.role is Role.OFFICER else Action.REPORT
        self.take(find_step(None, action, reporter.role, self.policies.closing), By.viewer(reporter))

    @rule(who=st.sampled_from(PEOPLE), action=st.sampled_from(Action), minutes=st.integers(0, 1_500))
    def somebody_tries_something(self, who: Viewer, action: Action, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        party = party_of(self.case)
        offered = offered_actions(party, who, self.policies)
        try:
            step = find_step(self.case.state, action, who.role, self.policies.closing)
            refuse_others(party, action, who, self.policies)
        except (StepRefused, NotYourStep) as refused:
            self.refused(action, offered, refused)
        else:
            assert action in offered
            self.take(step, By.viewer(who))

    @precondition(lambda self: self.case.state not in ENDS)
    @rule(data=st.data(), minutes=st.integers(0, 1_500))
    def somebody_does_what_is_offered(self, data: st.DataObject, minutes: int) -> None:
        party = party_of(self.case)
        choices = [(who, one) for who in PEOPLE for one in offered_actions(party, who, self.policies)]
        if choices:
            who, action = data.draw(st.sampled_from(choices))
            self.somebody_tries_something(who, action, minutes)

    @precondition(lambda self: self.case.state in {State.REPORTED, State.FILED})
    @rule()
    def the_system_files_or_dispatches(self) -> None:
        action = Action.FILE if self.case.state is State.REPORTED else Action.DISPATCH
        self.take(find_step(self.case.state, action, BY_SYSTEM.role, self.policies.closing), BY_SYSTEM)

    def refused(self, action: Action, offered: list[Action], refusal: Refusal) -> None:
        assert action not in offered
        assert refusal.facts["state"] is self.case.state

    def take(self, step: Step, by: By) -> None:
        """Advance the case; what a step changes besides is what its caller sets."""
        if step.action is Action.DISPATCH:
            self.case.unit_id = 1
        if step.action in {Action.RECTIFY, Action.SELF_FIX}:
            self.case.fixed_by_id = by.person_id
            self.case.is_self_fixed = step.action is Action.SELF_FIX
        if step.action in {Action.RECTIFY, Action.FAIL_CHECK}:
            self.case.checked_at = None
        if step.action is Action.PASS_CHECK:
            self.case.checked_at = self.now
        terms = {clock: TERMS[clock] for clock in step.restarts if clock in TERMS}
        told = Told(note="", facts={"by": by.role})
        advance(self.case, step, by, self.now, terms=terms, timekeeping=TIMEKEEPING, told=told)

    @invariant()
    def version_and_history_count_its_events_and_the_chain_holds(self) -> None:
        case = self.case
        assert case.version == case.history_count == len(case.new_events)
        chain = [(event, sha256) for event, _, sha256 in case.new_events]
        assert first_break(chain, Head(case.history_count, case.history_sha256)) is None
        assert [previous for _, previous, _ in case.new_events] == [
            GENESIS,
            *(sha256 for _, sha256 in chain[:-1]),
        ]

    @invariant()
    def its_events_follow_each_other_from_state_to_state_and_in_time(self) -> None:
        state, at = None, MORNING
        for event, _, _ in self.case.new_events:
            assert event.from_state == state
            assert event.at >= at
            state, at = event.to_state, event.at
        assert self.case.state == state
        assert self.case.updated_at == at

    @invariant()
    def closed_means_rectified_and_then_checked_by_somebody_else_or_fixed_on_the_spot(self) -> None:
        case = self.case
        assert (case.closed_at is not None) == (case.state is State.CLOSED)
        if case.state is not State.CLOSED or case.is_self_fixed:
            return
        events = [event for event, _, _ in case.new_events]
        rectified = max(n for n, event in enumerate(events) if event.action == Action.RECTIFY)
        after = events[rectified + 1 :]
        assert after[0].action == Action.PASS_CHECK
        assert after[0].actor_id not in {None, events[rectified].actor_id}

    @invariant()
    def whoever_checks_has_not_fixed_nor_by_policy_reported_it(self) -> None:
        for event, _, _ in self.case.new_events:
            if event.action in CHECKS:
                assert event.actor_id is not None
                checker = BY_ID[event.actor_id]
                assert checker.role not in UNIT_ROLES
                if not self.policies.checker_may_be_reporter:
                    assert event.actor_id != self.case.reporter_id
                if checker.role is Role.OFFICER:
                    assert (self.case.grid_code or "").startswith(checker.grid_codes)
                    assert self.case.grid_code

    @invariant()
    def only_the_responsible_unit_works_on_it(self) -> None:
        for event, _, _ in self.case.new_events:
            if event.actor_role in UNIT_ROLES:
                assert event.actor_id is not None
                assert BY_ID[event.actor_id].unit_id == self.case.unit_id == 1

    @invariant()
    def it_is_due_by_the_clock_of_its_stage_and_by_no_other(self) -> None:
        case = self.case
        running = [stretch for stretch in case.ledger.stretches if stretch.stopped_at is None]
        clocks = [stretch.clock for stretch in running]
        assert len(clocks) == len(set(clocks))
        if case.state in ENDS:
            assert not running
            expected = case.ledger.latest(Clock.RECTIFICATION)
        else:
            assert case.state is not None
            assert {STAGE_OF[case.state], Clock.TOTAL} <= set(clocks)
            expected = case.ledger.running(STAGE_OF[case.state])
            assert expected is not None
            assert expected.due_at is not None
        due = (expected.due_at, expected.yellow_at) if expected else (None, None)
        assert (case.due_at, case.yellow_at) == due

    @invariant()
    def rework_gives_the_unit_no_new_limit(self) -> None:
        stretches = [one for one in self.case.ledger.stretches if one.clock is Clock.RECTIFICATION]
        assert {stretch.cycle for stretch in stretches} <= {1}
        fails = sum(event.action == Action.FAIL_CHECK for event, _, _ in self.case.new_events)
        assert len(stretches) in {0, fails + 1}

    @invariant()
    def all_instants_are_in_one_order_of_time(self) -> None:
        for stretch in self.case.ledger.stretches:
            stopped_at = stretch.stopped_at or self.now
            assert stretch.started_at.astimezone(UTC) <= stopped_at.astimezone(UTC) <= self.now


TestLifeOfACase = LifeOfACase.TestCase
TestLifeOfACase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
