"""A case under the hands of everybody at once: whatever people try, in whatever order, the rules of the house hold."""

# ruff: noqa: D102  a rule's name is its sentence, as a test's is

from collections.abc import Sequence
from datetime import UTC, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis.stateful import invariant

from api.domain.access import UNIT_ROLES, Role
from api.domain.cases import Case, Triage
from api.domain.deadlines import Interval, due_from_ledger, remaining, yellow_from_ledger
from api.domain.evidence import Purpose
from api.domain.history import GENESIS, Event, Head, first_break
from api.domain.ledger import DueTimes, Stretch, Term
from api.domain.lifecycle import ENDS, OPEN, RUNNING_IN, Action, Clock, State
from api.domain.limits import Limit
from api.domain.recomputation import recompute
from api.domain.requests import RequestKind, RequestState
from api.domain.states import CLOCK_OF
from tests.domain.case_walk import PURPOSES, CaseWalk
from tests.domain.example_office import BY_ID

CHECKS = frozenset({Action.PASS_CHECK, Action.FAIL_CHECK})
WITH_UNIT = frozenset({State.ASSIGNED, State.IN_PROGRESS})
SENDING = frozenset({Action.DISPATCH, Action.RULE, Action.REDISPATCH})
CHECK_PHOTOS = frozenset({Purpose.CHECK, Purpose.EVIDENCE})
HOUR = timedelta(hours=1)


def events_of(case: Case) -> list[Event]:
    return [event for event, _, _ in case.new_events]


def shown_by(event: Event) -> set[Purpose]:
    return {PURPOSES[photo_id] for photo_id in event.photo_ids}


def cycles(case: Case) -> list[list[Stretch]]:
    """Return the stretches of each cycle of each clock, oldest first."""
    named = dict.fromkeys((one.clock, one.cycle) for one in case.ledger.stretches)
    return [[one for one in case.ledger.stretches if (one.clock, one.cycle) == name] for name in named]


def rectifications(case: Case) -> list[Stretch]:
    return [one for one in case.ledger.stretches if one.clock is Clock.RECTIFICATION]


def as_it_ran(stretches: Sequence[Stretch]) -> list[Interval]:
    """Return the intervals of a cycle as they were when its last stretch began: that one runs."""
    *earlier, last = stretches
    return [*(Interval(one.started_at, one.stopped_at) for one in earlier), Interval(last.started_at)]


def limits_of(term: Term) -> list[Limit]:
    return [milestone.limit for milestone in term.milestones] or [term.limit]


class LifeOfACase(CaseWalk):
    """What holds for each case after each step, and between any two."""

    def taken(self, before: Case, action: Action) -> None:
        """Look at the step that was just taken; the other rules look at the case as it stands."""
        case, earlier = self.case, before
        event = case.new_events[len(earlier.new_events)][0]
        self.a_unit_works_on_its_own_tickets_and_helps_where_it_was_called(event, earlier)
        self.what_a_unit_has_used_stays_used_and_only_another_begins_anew(earlier)
        self.the_level_of_escalation_never_falls_while_the_unit_has_the_ticket(earlier)
        if action in SENDING:
            assert event.action == Action.RULE or earlier.triage is not Triage.ADJUDICATION
            assert case.unit_id not in earlier.returned_unit_ids or event.action == Action.RULE
        if action is Action.RETURN:
            assert not earlier.is_pinned
            others = set(earlier.returned_unit_ids) - {earlier.unit_id}
            assert case.triage is (Triage.ADJUDICATION if others else Triage.RETURNED)
            assert case.unit_id == earlier.unit_id, "the first unit keeps it until another has it"
        if action in {Action.APPEAL, Action.GRANT_APPEAL, Action.DENY_APPEAL}:
            assert (case.due_at, case.rectified_at) == (earlier.due_at, earlier.rectified_at)
        if action is Action.REOPEN:
            assert not case.is_exempt
            assert case.closed_at is case.rectified_at is case.checked_at is None
        if action is Action.RESUME:
            resumed = case.ledger.running(Clock.RECTIFICATION)
            assert resumed is not None
            assert earlier.suspended_until is not None
            # By itself on the agreed day, however late somebody notices; by a person at once, but not later.
            assert resumed.started_at == min(event.at, earlier.suspended_until)
            if event.at >= earlier.suspended_until:
                assert (case.due_at, case.yellow_at) == (earlier.due_at, earlier.yellow_at)

    def a_unit_works_on_its_own_tickets_and_helps_where_it_was_called(
        self, event: Event, earlier: Case
    ) -> None:
        if event.actor_role in UNIT_ROLES:
            assert event.actor_id is not None
            unit_id = BY_ID[event.actor_id].unit_id
            helps = event.action == Action.ANSWER_HELP
            assert unit_id in earlier.open_helper_ids if helps else unit_id == earlier.unit_id

    def what_a_unit_has_used_stays_used_and_only_another_begins_anew(self, earlier: Case) -> None:
        was, now = earlier.ledger.latest(Clock.RECTIFICATION), self.case.ledger.latest(Clock.RECTIFICATION)
        if now is None or len(rectifications(self.case)) == len(rectifications(earlier)):
            return
        if now.started_by in SENDING:
            was = self.returned_in_this_life(earlier)
        if was is None:
            assert now.cycle == 1 + max((one.cycle for one in rectifications(earlier)), default=0)
            assert (now.extensions, self.case.extension_count, self.case.escalation_level) == (0, 0, 0)
        else:
            assert (now.cycle, now.term, now.unit_id) == (was.cycle, was.term, was.unit_id)
            assert now.extensions == was.extensions + (now.started_by == Action.GRANT_EXTENSION)

    def returned_in_this_life(self, earlier: Case) -> Stretch | None:
        """Return where the turn of the unit that has the ticket now ended, if it had it since it was filed."""
        assert self.case.filed_at is not None
        own = [one for one in rectifications(earlier) if one.unit_id == self.case.unit_id]
        if own and own[-1].stopped_by == Action.RETURN and own[-1].started_at >= self.case.filed_at:
            return own[-1]
        return None

    def the_level_of_escalation_never_falls_while_the_unit_has_the_ticket(self, earlier: Case) -> None:
        was, now = earlier.ledger.latest(Clock.RECTIFICATION), self.case.ledger.latest(Clock.RECTIFICATION)
        if was is not None and now is not None and was.cycle == now.cycle:
            assert self.case.escalation_level >= earlier.escalation_level
        assert self.case.escalation_level <= len(self.policies.escalation_ladder)

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
        state, at = None, self.case.reported_at
        for event in events_of(self.case):
            assert event.from_state == state
            assert event.at >= at
            state, at = event.to_state, event.at
        assert self.case.state == state
        assert self.case.updated_at == at

    @invariant()
    def closed_means_rectified_and_then_checked_by_somebody_else_each_with_its_photo(self) -> None:
        case = self.case
        assert (case.closed_at is not None) == (case.state is State.CLOSED)
        if case.state is not State.CLOSED or case.is_self_fixed:
            return
        events = events_of(case)
        rectified = max(n for n, event in enumerate(events) if event.action == Action.RECTIFY)
        repair, *after = events[rectified:]
        check = next(event for event in after if event.action in CHECKS)
        assert all(event.action != Action.FAIL_CHECK for event in after)
        assert check.actor_id not in {None, repair.actor_id}
        assert case.condition is not None
        if case.condition.after_photo:
            assert Purpose.AFTER in shown_by(repair)
            assert shown_by(check) & CHECK_PHOTOS

    @invariant()
    def whoever_checks_has_not_fixed_nor_by_policy_reported_it(self) -> None:
        for event in events_of(self.case):
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
    def exactly_the_clocks_of_its_state_run_and_their_stretches_never_overlap(self) -> None:
        case = self.case
        assert case.state is not None
        running = [one.clock for one in case.ledger.stretches if one.stopped_at is None]
        assert sorted(running) == sorted(RUNNING_IN.get(case.state, ()))
        for clock in Clock:
            stretches = [one for one in case.ledger.stretches if one.clock is clock]
            for one, following in pairwise(stretches):
                assert one.stopped_at is not None
                assert one.started_at <= one.stopped_at <= following.started_at <= self.now

    @invariant()
    def each_due_time_can_be_computed_again_from_the_ledger(self) -> None:
        for stretches in cycles(self.case):
            assert self.computed_again(stretches) == DueTimes(stretches[-1].due_at, stretches[-1].yellow_at)

    def computed_again(self, stretches: Sequence[Stretch]) -> DueTimes:
        """Compute when a cycle is due from its intervals alone; unknown where a calendar ends too soon."""
        last = stretches[-1]
        if last.due_at is None or last.term is None:
            return DueTimes(None, None)
        calendar, intervals = self.reference.calendars[last.term.calendar_code], as_it_ran(stretches)
        found: list[tuple[object, object]] = []
        for limit in limits_of(last.term):
            due = due_from_ledger(intervals, limit, calendar, last.extensions)
            yellow = yellow_from_ledger(
                intervals, limit, calendar, last.extensions, yellow_share=self.policies.light_yellow_share
            )
            assert due is not None
            assert yellow is not None
            found.append((due.astimezone(UTC), yellow.astimezone(UTC)))
        return DueTimes(*max(found))  # pyright: ignore[reportArgumentType]  two instants each

    @invariant()
    def it_is_due_when_the_clock_of_its_stage_is_and_nothing_is_left_to_recompute(self) -> None:
        case = self.case
        assert case.state is not None
        if case.state in ENDS:
            last = case.ledger.latest(Clock.RECTIFICATION)
            expected = (last.due_at, last.yellow_at) if last else (None, None)
            assert (case.due_at, case.yellow_at) == expected
            return
        assert recompute(case, None, self.reference.timekeeping) is None
        stretches = case.ledger.cycle(CLOCK_OF[case.state])
        if case.state is State.SUSPENDED:
            assert case.suspended_until is not None
            stretches = [*stretches, self.on_the_agreed_day(stretches[-1])]
        assert self.computed_again(stretches) == DueTimes(case.due_at, case.yellow_at)

    def on_the_agreed_day(self, paused: Stretch) -> Stretch:
        until, case = self.case.suspended_until, self.case
        assert until is not None
        begin = max(until, paused.stopped_at or until)
        return Stretch(
            paused.clock,
            paused.cycle,
            begin,
            Action.RESUME,
            paused.term,
            paused.unit_id,
            paused.extensions,
            due_at=case.due_at,
        )

    @invariant()
    def what_was_worked_until_the_due_time_is_what_was_granted(self) -> None:
        for stretches in cycles(self.case):
            last = stretches[-1]
            if last.term is None or last.due_at is None:
                continue
            calendar, intervals = self.reference.calendars[last.term.calendar_code], as_it_ran(stretches)
            # Compared in UTC: of a wall time that is shown twice Python holds no two zones equal.
            left = [
                remaining(intervals, limit, calendar, last.due_at, last.extensions)
                for limit in limits_of(last.term)
                if (due := due_from_ledger(intervals, limit, calendar, last.extensions)) is not None
                and due.astimezone(UTC) == last.due_at
            ]
            assert left
            assert not any(left)

    @invariant()
    def neither_a_pause_nor_rework_changes_what_remains(self) -> None:
        for stretches in cycles(self.case):
            for count, (one, following) in enumerate(pairwise(stretches), start=1):
                if one.term is None or one.due_at is None or following.due_at is None:
                    continue
                calendar = self.reference.calendars[one.term.calendar_code]
                assert one.stopped_at is not None
                if calendar.ends_before(following.started_at):
                    continue
                paused = [Interval(each.started_at, each.stopped_at) for each in stretches[:count]]
                resumed = [*paused, Interval(following.started_at)]
                for limit in limits_of(one.term):
                    left = remaining(paused, limit, calendar, one.stopped_at)
                    assert remaining(resumed, limit, calendar, following.started_at) == left

    @invariant()
    def a_request_is_pending_in_the_state_it_was_made_in_and_help_while_the_unit_has_the_ticket(self) -> None:
        for request in self.case.requests:
            if request.kind is RequestKind.HELP:
                assert not request.is_pending or self.case.state in {*WITH_UNIT, State.SUSPENDED}
            else:
                assert not request.is_pending or request.made_in is self.case.state
            assert (request.decided_at is None) == request.is_pending
            decided = request.state in {RequestState.GRANTED, RequestState.DENIED}
            assert (request.decided_by_id is not None) == decided
        pending = self.case.pending_kinds
        assert len(pending) == len(set(pending))

    @invariant()
    def more_time_was_granted_as_often_as_it_says_and_not_more_often_than_it_may_be(self) -> None:
        last = self.case.ledger.latest(Clock.RECTIFICATION)
        assert self.case.extension_count == (last.extensions if last else 0)
        assert self.case.extension_count <= self.policies.extensions_max

    @invariant()
    def a_suspended_ticket_has_an_end_and_no_other_has(self) -> None:
        assert (self.case.suspended_until is not None) == (self.case.state is State.SUSPENDED)

    @invariant()
    def only_a_unit_that_is_late_or_may_be_is_escalated_and_nobody_waits_for_an_unknown_due_time(
        self,
    ) -> None:
        case = self.case
        if case.state in WITH_UNIT:
            assert (case.triage is Triage.NO_DEADLINE) == (case.due_at is None)
        if case.triage is Triage.NO_DEADLINE:
            assert case.state in {State.FILED, *WITH_UNIT, State.SUSPENDED}
        if case.escalates_at is not None:
            assert case.state in WITH_UNIT
            assert case.due_at is not None
            assert case.escalates_at > case.due_at
            assert case.escalation_level < len(self.policies.escalation_ladder)

    @invariant()
    def the_explanation_names_the_due_time_that_it_explains(self) -> None:
        case = self.case
        last = case.ledger.latest(Clock.RECTIFICATION)
        if case.state in {*WITH_UNIT, State.SUSPENDED} and case.due_at and last and last.term:
            due = self.reference.calendars[last.term.calendar_code].local(case.due_at)
            assert case.due_explanation is not None
            for words in case.due_explanation.values():
                assert f"{due:%H:%M}" in words

    @invariant()
    def nobody_is_waited_for_after_an_end(self) -> None:
        assert self.case.state in OPEN or self.case.triage is None

    @invariant()
    def lateness_is_excused_only_by_both_sides(self) -> None:
        if self.case.is_exempt:
            grants = [event for event in events_of(self.case) if event.action == Action.GRANT_APPEAL]
            assert {event.actor_role for event in grants[-2:]} == {Role.DISPATCHER, Role.SUPERVISOR}


TestLifeOfACase = LifeOfACase.TestCase
TestLifeOfACase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
