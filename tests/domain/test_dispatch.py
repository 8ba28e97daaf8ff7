from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.domain.calendars import NaiveInstant
from api.domain.dispatch import Aspect, Decision, Matter, Outcome, Reason, RuleIndex, choose
from api.domain.dispatch_rules import DispatchRule
from tests.domain.example_rules import (
    GRID,
    MOST_SPECIFIC_FIRST,
    NOON,
    RANDOM_CASES,
    covers,
    decide,
    matter,
    random_rules,
    rank,
    rule,
)


@pytest.mark.parametrize("first", range(len(MOST_SPECIFIC_FIRST)))
def test_of_the_rules_that_cover_a_case_the_most_specific_wins(first: int) -> None:
    candidates = MOST_SPECIFIC_FIRST[first:]
    decision = decide(*reversed(candidates))
    assert decision.rule is candidates[0]
    assert [one.rule for one in decision.considered] == list(candidates)


def test_a_rule_does_not_cover_another_class_condition_or_grid() -> None:
    decision = decide(
        rule("a", "E0405"),
        rule("b", "P"),
        rule("c", "E0406", condition=2),
        rule("d", grid_prefix="990101001004"),
        rule("e", grid_prefix=GRID + "9"),
    )
    assert decision == Decision(None, None, Reason.NO_RULE, ())


def test_a_place_outside_all_grids_is_covered_by_rules_for_everywhere_only() -> None:
    decision = decide(
        rule("here", grid_prefix="9"), rule("everywhere", unit="street"), of=matter(grid_code=None)
    )
    assert decision.unit == "street"


def test_a_case_without_condition_is_not_covered_by_a_rule_for_one() -> None:
    decision = decide(rule("one", "E0406", condition=1), rule("all", "E0406"), of=matter(condition=None))
    assert decision.rule is not None
    assert decision.rule.id == "all"


def test_grid_codes_of_any_length_and_pattern_work() -> None:
    decision = decide(
        rule("a", grid_prefix="TX-0"), rule("b", grid_prefix="TX-0042"), of=matter(grid_code="TX-00421")
    )
    assert decision.rule is not None
    assert decision.rule.id == "b"


def test_validity_includes_its_start_and_excludes_its_end() -> None:
    limited = rule(valid_from=NOON, valid_until=NOON + timedelta(hours=1))
    moment = timedelta(microseconds=1)
    outcomes = [
        decide(limited, of=matter(at=at)).considered[0].outcome
        for at in (NOON - moment, NOON, NOON + timedelta(hours=1) - moment, NOON + timedelta(hours=1))
    ]
    assert outcomes == [Outcome.NOT_YET_VALID, Outcome.CHOSEN, Outcome.CHOSEN, Outcome.NO_LONGER_VALID]


def test_validity_is_compared_as_instants_even_where_a_clock_is_set_back() -> None:
    # 2026-10-25 02:30 happens twice in Berlin; by wall clock the second would lie before 02:45 of the first.
    berlin = ZoneInfo("Europe/Berlin")
    ended = rule(valid_until=datetime(2026, 10, 25, 2, 45, tzinfo=berlin))
    decision = decide(ended, of=matter(at=datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin)))
    assert decision.considered[0].outcome is Outcome.NO_LONGER_VALID


def test_a_case_without_utc_offset_is_refused() -> None:
    with pytest.raises(NaiveInstant):
        matter(at=datetime(2026, 11, 22))  # noqa: DTZ001  the point of the test


def test_the_decision_names_what_the_winner_beat_it_by_and_why_each_other_lost() -> None:
    decision = decide(
        rule("winner", "E0406"),
        rule("loser", "E04"),
        rule("hotline", "E0406", source="hotline"),
        rule("old", "E0406", order=-1, valid_until=NOON),
    )
    assert {one.rule_id: (one.outcome, one.why) for one in decision.considered} == {
        "hotline": (Outcome.OTHER_SOURCE, None),
        "old": (Outcome.NO_LONGER_VALID, None),
        "winner": (Outcome.CHOSEN, Aspect.REACH),
        "loser": (Outcome.LESS_SPECIFIC, Aspect.REACH),
    }


@settings(max_examples=400)
@given(random_rules(), st.lists(RANDOM_CASES, min_size=1, max_size=8))
def test_choosing_equals_reading_all_rules_one_by_one(rules: list[DispatchRule], cases: list[Matter]) -> None:
    index = RuleIndex(rules)
    for one in cases:
        matching = [candidate for candidate in rules if covers(candidate, one)]
        decision = choose(index, one, fallback_unit="street")
        if not matching:
            assert (decision.rule, decision.unit, decision.reason) == (None, "street", Reason.FALLBACK)
            continue
        best = max(rank(candidate) for candidate in matching)
        assert decision.rule in [candidate for candidate in matching if rank(candidate) == best]
        assert decision.rule is not None
        assert decision.unit == decision.rule.lead_unit
        live = {Outcome.CHOSEN, Outcome.LESS_SPECIFIC}
        assert sorted(c.rule_id for c in decision.considered if c.outcome in live) == sorted(
            m.id for m in matching
        )
