"""Requests: decided once, and never longer alive than the state of the ticket that they were made in."""

from itertools import product
from uuid import UUID

import pytest

from api.domain.access import Role
from api.domain.lifecycle import State, Step
from api.domain.requests import DECIDERS, Request, RequestKind, RequestState
from tests.domain.example_cases import EARLIER, NOW, STEPS_ON, case_in, take

PERSON = UUID(int=7)
WITH_UNIT = frozenset({State.ASSIGNED, State.IN_PROGRESS, State.SUSPENDED})


def asked(kind: RequestKind, made_in: State, unit_id: int | None = None) -> Request:
    return Request(UUID(int=9), kind, made_in, EARLIER, PERSON, "理由", unit_id)


@pytest.mark.parametrize("row", STEPS_ON, ids=lambda row: f"{row.from_state}-{row.action}-{row.to_state}")
def test_what_is_pending_dies_with_its_state_and_a_call_for_help_with_the_units_turn(row: Step) -> None:
    assert row.from_state is not None
    case = case_in(row.from_state)
    case.requests = [asked(kind, row.from_state, unit_id=2) for kind in RequestKind]
    take(case, row)
    for request in case.requests:
        lives = row.to_state is row.from_state
        if request.kind is RequestKind.HELP:
            lives = lives or row.to_state in WITH_UNIT
        expected = RequestState.PENDING if lives else RequestState.LAPSED
        assert request.state is expected, request.kind
        assert request.decided_at == (None if lives else NOW)
        assert request.decided_by_id is None


def test_a_decided_request_stays_as_it_was_decided_whatever_happens_to_the_ticket() -> None:
    outcomes = (RequestState.GRANTED, RequestState.DENIED, RequestState.LAPSED)
    for outcome, row in product(outcomes, STEPS_ON):
        assert row.from_state is not None
        case = case_in(row.from_state)
        request = asked(RequestKind.VOID, row.from_state)
        request.decide(outcome, EARLIER, PERSON, "同意")
        case.requests = [request]
        take(case, row)
        assert (request.state, request.decided_at, request.decision) == (outcome, EARLIER, "同意")


def test_a_request_is_decided_once() -> None:
    request = asked(RequestKind.EXTENSION, State.IN_PROGRESS)
    assert request.is_pending
    request.decide(RequestState.DENIED, NOW, PERSON, "理由不充分")
    assert not request.is_pending
    assert (request.decided_at, request.decided_by_id) == (NOW, PERSON)
    with pytest.raises(AssertionError, match="decided once"):
        request.decide(RequestState.GRANTED, NOW, PERSON)


def test_a_case_sums_up_what_is_pending_with_help_apart() -> None:
    case = case_in(State.IN_PROGRESS)
    decided = asked(RequestKind.EXTENSION, State.IN_PROGRESS)
    decided.decide(RequestState.DENIED, NOW, PERSON)
    again = asked(RequestKind.EXTENSION, State.IN_PROGRESS)
    void = asked(RequestKind.VOID, State.IN_PROGRESS)
    calls = [asked(RequestKind.HELP, State.ASSIGNED, unit_id) for unit_id in (3, 2)]
    case.requests = [void, decided, *calls, again]
    assert case.pending_kinds == [RequestKind.EXTENSION, RequestKind.VOID]
    assert case.open_helper_ids == [2, 3]
    assert case.pending(RequestKind.EXTENSION) is again
    assert case.pending(RequestKind.SUSPENSION) is None
    calls[0].decide(RequestState.GRANTED, NOW, PERSON)
    assert case.open_helper_ids == [2]


def test_the_side_that_has_agreed_is_known_only_while_an_appeal_is_pending() -> None:
    case = case_in(State.CLOSED)
    assert case.agreed_role is None
    appeal = asked(RequestKind.APPEAL, State.CLOSED)
    case.requests = [appeal]
    assert case.agreed_role is None
    appeal.agreed_role = Role.DISPATCHER
    assert case.agreed_role is Role.DISPATCHER
    appeal.decide(RequestState.GRANTED, NOW, PERSON)
    assert case.agreed_role is None


@pytest.mark.parametrize(("kind", "roles"), DECIDERS.items())
def test_nobody_of_a_unit_and_no_officer_decides(kind: RequestKind, roles: frozenset[Role]) -> None:
    assert roles, kind
    assert roles <= {Role.DISPATCHER, Role.SUPERVISOR}
