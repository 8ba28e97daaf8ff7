"""What each row of the table makes of a ticket: its clocks, its event, and what it still waits for."""

from datetime import timedelta

import pytest

from api.domain.cases import Triage
from api.domain.history import first_break
from api.domain.lifecycle import ENDS, RUNNING_IN, TABLE, Action, Clock, State, Step
from api.domain.tickets import BY_SYSTEM, advance
from tests.domain.example_cases import NOW, STEPS_ON, TIMEKEEPING, case_in, take

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("row", STEPS_ON, ids=lambda row: f"{row.from_state}-{row.action}-{row.to_state}")
def test_each_row_leaves_the_clocks_of_its_state_running_and_writes_one_event(row: Step) -> None:
    assert row.from_state is not None
    case = case_in(row.from_state)
    take(case, row)
    running = [one.clock for one in case.ledger.stretches if one.stopped_at is None]
    assert sorted(running) == sorted(RUNNING_IN.get(row.to_state, ()))
    ((event, _, sha256),) = case.new_events
    assert (event.action, event.from_state, event.to_state) == (row.action, row.from_state, row.to_state)
    assert first_break([(event, sha256)]) is None
    assert (case.version, case.history_count, case.updated_at) == (1, 1, NOW)


def test_an_ended_ticket_waits_for_nobody_and_a_rectified_one_not_for_a_due_time() -> None:
    for row in STEPS_ON:
        assert row.from_state is not None
        case = case_in(row.from_state)
        case.triage = Triage.NO_DEADLINE
        take(case, row)
        if row.to_state in ENDS or row.to_state is State.RECTIFIED:
            assert case.triage is None, row.action


def test_a_suspension_ends_on_the_agreed_day_however_late_somebody_notices() -> None:
    (resume,) = (row for row in TABLE if row.action is Action.RESUME)
    for agreed in (NOW - HOUR, NOW):
        case = case_in(State.SUSPENDED)
        advance(case, resume, BY_SYSTEM, NOW, terms={}, timekeeping=TIMEKEEPING, since=agreed)
        resumed = case.ledger.running(Clock.RECTIFICATION)
        assert resumed is not None
        assert resumed.started_at == agreed
        assert (case.suspended_until, case.updated_at) == (None, NOW)
