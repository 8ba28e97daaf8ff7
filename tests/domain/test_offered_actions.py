"""What people are offered is what they may do, neither more nor less, whatever the ticket and whoever asks."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from api.domain.access import Viewer
from api.domain.errors import Refusal
from api.domain.lifecycle import Action, State, actions_for, find_step
from api.domain.parties import Party, find_refusal, offered_actions
from api.domain.policies import Policies
from tests.domain.example_parties import (
    AROUND_NOW,
    MEMBER,
    NOW,
    OF_UNITS,
    OPEN_TO_ALL,
    OWN,
    PEOPLE,
    is_own,
    parties,
    random_policies,
)


@given(parties, st.sampled_from(PEOPLE), random_policies, st.sampled_from(AROUND_NOW))
def test_everybody_is_offered_exactly_what_would_not_be_refused(
    party: Party, viewer: Viewer, policies: Policies, now: datetime
) -> None:
    offered = offered_actions(party, viewer, policies, now)
    assert offered == [
        one for one in actions_for(party.state, viewer.role, policies.closing) if one in offered
    ]
    for action in Action:
        try:
            find_step(party.state, action, viewer.role, policies.closing)
        except Refusal:
            is_allowed = False
        else:
            is_allowed = find_refusal(party, action, viewer, policies, now) is None
        assert is_allowed == (action in offered)


@given(parties, st.sampled_from(PEOPLE), random_policies)
def test_what_is_open_to_all_that_the_table_names_is_refused_to_none(
    party: Party, viewer: Viewer, policies: Policies
) -> None:
    for action in OPEN_TO_ALL:
        assert find_refusal(party, action, viewer, policies, NOW) is None


@given(parties, st.sampled_from(OF_UNITS), random_policies)
def test_no_unit_touches_the_ticket_of_another_except_to_help(
    party: Party, viewer: Viewer, policies: Policies
) -> None:
    if is_own(viewer, party.unit_id):
        return
    assert set(offered_actions(party, viewer, policies, NOW)) <= {Action.ANSWER_HELP}


@given(parties, random_policies)
def test_a_unit_without_helpers_is_never_left_without_a_way_on(party: Party, policies: Policies) -> None:
    party = replace(party, unit_id=OWN, open_helper_ids=[])
    way_on = {
        State.ASSIGNED: Action.ACCEPT,
        State.IN_PROGRESS: Action.RECTIFY,
        State.SUSPENDED: Action.RESUME,
    }
    if party.state in way_on:
        assert way_on[party.state] in offered_actions(party, MEMBER, policies, NOW)
