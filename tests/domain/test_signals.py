"""What all signals share: kinds, weights, totals, and who may decide them."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.errors import OwnSignal, SignalSettled, VersionConflict
from api.domain.signals import (
    DEFAULT_WEIGHTS,
    KIND_NAMES,
    STATE_NAMES,
    Signal,
    SignalKind,
    SignalState,
    Standing,
    require_decidable,
    tally,
    total_weight,
    with_weights,
)

WEIGHTS = st.floats(0, 1)
SENDER, REVIEWER = UUID(int=1), UUID(int=2)


def test_every_kind_has_a_weight_and_names_in_both_languages() -> None:
    assert DEFAULT_WEIGHTS.keys() == set(SignalKind) == KIND_NAMES.keys()
    assert all(0 < weight <= 1 for weight in DEFAULT_WEIGHTS.values())
    assert STATE_NAMES.keys() == set(SignalState)
    for zh, en in (*KIND_NAMES.values(), *STATE_NAMES.values()):
        assert not zh.isascii()
        assert en.isascii()
    assert len(set(KIND_NAMES.values())) == len(SignalKind)


def test_totals_are_those_worked_out_by_hand() -> None:
    assert total_weight([]) == 0
    assert total_weight([0.6]) == pytest.approx(0.6)
    assert total_weight([0.8, 0.4]) == pytest.approx(0.88)
    assert total_weight([0.5, 0.5, 0.5]) == pytest.approx(0.875)
    assert total_weight([1, 0.2]) == 1


@given(st.lists(WEIGHTS, max_size=30), WEIGHTS)
def test_a_total_is_between_the_most_telling_and_one_whatever_the_order_and_grows_with_each(
    weights: list[float], more: float
) -> None:
    total = total_weight(weights)
    assert max(weights, default=0) - 1e-9 <= total <= 1
    assert total_weight(weights[::-1]) == total
    assert total_weight([*weights, more]) >= total - 1e-12


@given(st.lists(st.tuples(st.sampled_from(SignalState), WEIGHTS), max_size=30))
def test_what_was_cleared_is_counted_and_weighs_nothing(signals: list[tuple[SignalState, float]]) -> None:
    found = tally(signals)
    assert found.open + found.confirmed + found.cleared == len(signals)
    left = [weight for state, weight in signals if state is not SignalState.CLEARED]
    assert found.total == total_weight(left)
    if found.open + found.confirmed == 0:
        assert found.total == 0


def test_weights_are_the_offices_and_none_is_none() -> None:
    signals = [Signal(kind, DEFAULT_WEIGHTS[kind], "。", ".") for kind in SignalKind]
    assert with_weights(signals, {}) == signals
    weighed = with_weights(signals, {"location_mocked": 0, "far_from_place": 0.1})
    assert {signal.code for signal in weighed} == set(SignalKind) - {SignalKind.LOCATION_MOCKED}
    assert {signal.weight for signal in weighed if signal.code is SignalKind.FAR_FROM_PLACE} == {0.1}


@pytest.mark.parametrize("state", SignalState)
@pytest.mark.parametrize("decision", [SignalState.CONFIRMED, SignalState.CLEARED])
@pytest.mark.parametrize("by_id", [SENDER, REVIEWER])
@pytest.mark.parametrize("seen", [2, 3])
def test_a_decision_is_refused_by_name_or_possible(
    state: SignalState, decision: SignalState, by_id: UUID, seen: int
) -> None:
    standing = Standing(7, SENDER, state, 3)
    expected = (
        OwnSignal
        if by_id == SENDER
        else VersionConflict
        if seen != 3
        else SignalSettled
        if state is decision
        else None
    )
    if expected is None:
        require_decidable(standing, decision, by_id, seen)
        return
    with pytest.raises(expected) as refused:
        require_decidable(standing, decision, by_id, seen)
    if expected is not OwnSignal:
        assert refused.value.facts == {"state": state, "version": 3}
