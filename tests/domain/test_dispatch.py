from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.domain.calendars import NaiveInstant
from api.domain.dispatch import Aspect, Decision, Fallback, Matter, Outcome, Reason, RuleIndex, choose
from api.domain.dispatch_hours import WeeklyHours
from api.domain.dispatch_rules import DispatchRule
from tests.domain.example_rules import (
    AT_THE_MARKET,
    GRID,
    MOST_SPECIFIC_FIRST,
    NOON,
    RANDOM_CASES,
    SUNDAY_EVENING,
    ZONE,
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
    decision = decide(*reversed(candidates), of=AT_THE_MARKET)
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


def test_a_rule_for_a_place_an_area_or_a_type_covers_no_case_that_is_elsewhere() -> None:
    rules = (rule("place", place="market-3"), rule("area", area="stalls"), rule("type", place_type="market"))
    assert decide(*rules).considered == ()
    elsewhere = matter(place="school-1", place_type="school", areas=("school-way",))
    assert decide(*rules, of=elsewhere).considered == ()


def test_of_two_areas_around_a_place_the_smaller_wins_whatever_the_class_and_the_order() -> None:
    small, large = rule("small", area="stalls", order=5), rule("large", "E0406", condition=1, area="festival")
    decision = decide(large, small, of=AT_THE_MARKET)
    assert [(one.rule_id, one.why) for one in decision.considered] == [
        ("small", Aspect.AREA_SIZE),
        ("large", Aspect.AREA_SIZE),
    ]


def test_a_rule_counts_only_within_its_hours_by_the_citys_clock() -> None:
    evening = rule("evening", hours=(SUNDAY_EVENING,))
    outcomes = {
        hours: decide(evening, of=matter(at=NOON + timedelta(hours=hours, seconds=seconds)))
        .considered[0]
        .outcome
        for hours, seconds in ((-3, 3599), (-2, 0), (1, 3599), (2, 0), (24, 0))
    }
    assert outcomes == {
        -3: Outcome.OUTSIDE_HOURS,
        -2: Outcome.CHOSEN,
        1: Outcome.CHOSEN,
        2: Outcome.OUTSIDE_HOURS,
        24: Outcome.OUTSIDE_HOURS,
    }


def test_hours_are_those_of_the_wall_clock_on_both_sides_of_a_change_of_clocks() -> None:
    # Berlin's clocks show 02:00 to 03:00 twice on 25 October 2026, in UTC from midnight to 02:00.
    berlin = ZoneInfo("Europe/Berlin")
    index = RuleIndex([rule(hours=(WeeklyHours((7,), 120, 180),))], berlin)
    found = [
        choose(index, matter(at=datetime(2026, 10, 24, 23, 30, tzinfo=UTC) + timedelta(hours=hours))).rule
        for hours in range(4)
    ]
    assert [one is not None for one in found] == [False, True, True, False]


@pytest.mark.parametrize("reason", [Reason.FALLBACK, Reason.PLACE_UNIT, Reason.AREA_OWNER])
def test_what_no_rule_covers_falls_back_and_the_decision_says_on_whom(reason: Reason) -> None:
    decision = decide(fallback=Fallback("street", reason))
    assert (decision.rule, decision.unit, decision.reason) == (None, "street", reason)


def test_a_signer_goes_before_all_rules_but_those_for_its_place() -> None:
    signer = Fallback("shop", Reason.SIGNER, "水果店", "Fruit shop")
    here = rule("here", "E", place="shop-1", source="hotline")
    index = RuleIndex([rule("class", "E0406"), rule("all"), here], ZONE)
    decision = choose(index, matter(place="shop-1"), Fallback("street"), signer)
    assert (decision.rule, decision.unit, decision.reason) == (None, "shop", Reason.SIGNER)
    assert {one.rule_id: one.outcome for one in decision.considered} == {
        "here": Outcome.OTHER_SOURCE,
        "class": Outcome.AFTER_SIGNER,
        "all": Outcome.AFTER_SIGNER,
    }
    decision = choose(index, matter(place="shop-1", source="hotline"), Fallback("street"), signer)
    assert decision.rule is here
    assert decision.considered[1].outcome is Outcome.LESS_SPECIFIC


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
    index = RuleIndex(rules, ZONE)
    for one in cases:
        matching = [candidate for candidate in rules if covers(candidate, one)]
        decision = choose(index, one, Fallback("street"))
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
