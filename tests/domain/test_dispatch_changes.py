"""Complete sets of rules: what they do to those in force, and that a file says what the rules say."""

from dataclasses import replace
from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from api.domain.dispatch_changes import RuleSet, compare_rules, fingerprint
from api.domain.dispatch_conflicts import Known
from api.domain.dispatch_files import mapping_from_rule, rule_from_mapping
from api.domain.dispatch_hours import WeeklyHours
from api.domain.dispatch_rules import DispatchRule
from api.domain.limits import Limit, LimitUnit
from tests.domain.example_rules import NOON, SUNDAY_EVENING, ZONE, random_rules, rule

FULL = replace(
    rule("full", "E0406", condition=1, grid_prefix="0601", source="hotline", order=-3, valid_from=NOON),
    helping_units=("water", "power"),
    limit=Limit(4, LimitUnit.WORKING_HOUR),
    priority="high",
    valid_until=NOON + timedelta(days=3),
    hours=(SUNDAY_EVENING, WeeklyHours((1, 3), 22 * 60, 24 * 60)),
)


@given(random_rules())
def test_a_file_says_what_the_rules_say(rules: list[DispatchRule]) -> None:
    for one in (*rules, FULL):
        assert rule_from_mapping(mapping_from_rule(one)) == one


@given(random_rules(), random_rules(), st.sets(st.integers(0, 9)))
def test_after_a_change_exactly_the_set_is_in_force(
    before: list[DispatchRule], after: list[DispatchRule], off: set[int]
) -> None:
    stored = {one.id: one for one in before}
    switched_off = {rule_id for number, rule_id in enumerate(stored) if number in off}
    in_force = {rule_id: one for rule_id, one in stored.items() if rule_id not in switched_off}
    wanted = {one.id: one for one in after}
    change = compare_rules(in_force, switched_off, wanted.values())
    assert not {*change.added} & stored.keys()
    result = {rule_id: one for rule_id, one in in_force.items() if rule_id not in change.removed}
    result |= {rule_id: wanted[rule_id] for rule_id in (*change.added, *change.changed)}
    assert result == wanted
    assert len(change.added) + len(change.changed) + change.unchanged == len(wanted)
    again = compare_rules(wanted, (), wanted.values())
    assert (again.added, again.changed, again.removed, again.unchanged) == ((), (), (), len(wanted))


@given(random_rules())
def test_a_fingerprint_goes_by_what_the_rules_say_and_not_by_their_order(rules: list[DispatchRule]) -> None:
    assert fingerprint(rules[::-1]) == fingerprint(rules)
    assert fingerprint([*rules, FULL]) != fingerprint(rules)


def test_a_fingerprint_does_not_go_by_the_zone_in_which_an_instant_is_written() -> None:
    elsewhere = replace(FULL, valid_from=NOON.astimezone(timezone(timedelta(hours=-3))))
    assert fingerprint([elsewhere]) == fingerprint([FULL])


def test_what_is_wrong_is_told_at_the_line_of_the_value_or_of_what_is_around_it() -> None:
    rules = (rule("one", "E04"), rule("two", "E04"))
    lines = {"/rules": 1, "/rules/0": 2, "/rules/1": 5, "/rules/1/category": 6}
    wrong = RuleSet(rules, lines).wrong(Known(categories={"P0101"}), ZONE)
    assert [(one.pointer, one.line) for one in wrong] == [
        ("/rules/0/category", 2),
        ("/rules/1/order", 5),
        ("/rules/1/category", 6),
    ]
