from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings

from api.domain.dispatch import Matter, RuleIndex, choose
from api.domain.dispatch_conflicts import ConflictKind, Known, conflicts
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import FieldWrong
from tests.domain.example_rules import INSTANTS, NOON, SOURCES, covers, random_rules, rank, rule


def kinds(
    *rules: DispatchRule, known: Known | None = None
) -> list[tuple[ConflictKind, str, tuple[str, ...]]]:
    return [(found.kind, found.rule_id, found.other_rule_ids) for found in conflicts(rules, known)]


def test_two_rules_for_the_same_cases_with_the_same_order_are_a_tie_that_names_both() -> None:
    found = conflicts([rule("one", "E04"), rule("two", "E04", unit="market")])
    assert [(c.kind, c.rule_id, c.other_rule_ids) for c in found] == [(ConflictKind.TIE, "two", ("one",))]
    assert '"Rule two"' in found[0].detail_en
    assert '"Rule one"' in found[0].detail_en
    assert "“规则one”" in found[0].detail_zh


def test_rules_that_follow_each_other_in_time_are_no_tie() -> None:
    assert kinds(rule("old", valid_until=NOON), rule("new", valid_from=NOON)) == []


def test_a_temporary_rule_may_stand_before_a_lasting_one() -> None:
    assert kinds(rule("festival", order=-1, valid_until=NOON), rule("lasting")) == []


def test_a_rule_that_others_before_it_cover_all_the_time_is_never_chosen() -> None:
    assert kinds(
        rule("before", order=-1, valid_until=NOON), rule("after", order=-2, valid_from=NOON), rule("idle")
    ) == [(ConflictKind.NEVER_CHOSEN, "idle", ("after", "before"))]


def test_only_rules_that_hold_during_its_validity_are_named_as_being_in_the_way() -> None:
    assert kinds(
        rule("later", order=-2, valid_from=NOON), rule("before", order=-1), rule("idle", valid_until=NOON)
    ) == [(ConflictKind.NEVER_CHOSEN, "idle", ("before",))]


def test_a_moment_left_open_keeps_a_rule_alive() -> None:
    gap = NOON + timedelta(microseconds=1)
    assert kinds(rule("a", order=-1, valid_until=NOON), rule("b", order=-2, valid_from=gap), rule("c")) == []


def test_an_id_that_is_used_twice_is_named() -> None:
    assert kinds(rule("same", "E04"), rule("same", "E05")) == [(ConflictKind.ID_REPEATED, "same", ())]


def test_rules_that_can_never_match_are_named() -> None:
    known = Known(
        categories={"E0406", "P0101"},
        conditions={"E0406-1", "P0101-1"},
        grids={"990101001003", "990101001004"},
        sources={"officer", "hotline"},
        units={"cityscape"},
    )
    assert kinds(
        rule("fine", "E0406", condition=1, grid_prefix="990101001004", source="hotline"),
        rule("class", "E0407"),
        rule("major", "E05"),
        rule("condition", "E0406", condition=2),
        rule("grid", grid_prefix="990101002"),
        rule("longer-grid", grid_prefix="990101001003001"),
        rule("source", source="pigeon"),
        rule("unit", "P", unit="navy"),
        known=known,
    ) == [
        (ConflictKind.CATEGORY_UNKNOWN, "class", ()),
        (ConflictKind.CATEGORY_UNKNOWN, "major", ()),
        (ConflictKind.CONDITION_UNKNOWN, "condition", ()),
        (ConflictKind.GRID_UNKNOWN, "grid", ()),
        (ConflictKind.GRID_UNKNOWN, "longer-grid", ()),
        (ConflictKind.SOURCE_UNKNOWN, "source", ()),
        (ConflictKind.UNIT_UNKNOWN, "unit", ()),
    ]


def test_without_any_grid_even_a_rule_for_everywhere_can_never_match() -> None:
    assert kinds(rule("all"), known=Known(categories=())) == [(ConflictKind.CATEGORY_UNKNOWN, "all", ())]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"category": "E4"}, "/category", "not_a_category"),
        ({"category": "e0406"}, "/category", "not_a_category"),
        ({"category": "E0４06"}, "/category", "not_a_category"),
        ({"category": "E04", "condition": 1}, "/condition", "needs_category"),
        ({"category": "E0406", "condition": 0}, "/condition", "out_of_range"),
        ({"grid_prefix": "9901 "}, "/grid_prefix", "not_a_grid_prefix"),
        ({"grid_prefix": "9" * 21}, "/grid_prefix", "not_a_grid_prefix"),
        ({"lead_unit": ""}, "/lead_unit", "not_an_identifier"),
        ({"lead_unit": "u" * 41}, "/lead_unit", "not_an_identifier"),
        ({"source": "Hotline"}, "/source", "not_an_identifier"),
        ({"priority": "top"}, "/priority", "not_a_priority"),
        ({"helping_units": ("cityscape",)}, "/helping_units", "leads_already"),
        ({"helping_units": ("water", "water")}, "/helping_units", "repeated"),
        ({"order": 1_000_001}, "/order", "out_of_range"),
        ({"name_zh": "\x00"}, "/name_zh", "not_a_name"),
        ({"name_en": " "}, "/name_en", "not_a_name"),
        ({"valid_from": datetime(2026, 1, 1)}, "/valid_from", "naive_instant"),  # noqa: DTZ001
        ({"valid_from": NOON, "valid_until": NOON}, "/valid_until", "ends_before_start"),
        ({"valid_from": NOON.replace(year=202)}, "/valid_from", "out_of_range"),
        ({"valid_until": NOON.replace(year=9999)}, "/valid_until", "out_of_range"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_its_field(
    change: dict[str, object], pointer: str, code: str
) -> None:
    with pytest.raises(FieldWrong) as refused:
        replace(rule(), **change)  # pyright: ignore[reportArgumentType]  wrong values are the point
    assert (refused.value.pointer, refused.value.field_code) == (pointer, code)


@settings(max_examples=400)
@given(random_rules())
def test_a_tie_is_reported_exactly_when_some_case_has_two_best_rules(rules: list[DispatchRule]) -> None:
    reported = {
        frozenset((conflict.rule_id, other))
        for conflict in conflicts(rules)
        if conflict.kind is ConflictKind.TIE
        for other in conflict.other_rule_ids
    }
    tied = {
        frozenset((one.id, other.id))
        for one in rules
        for other in rules
        if one is not other and rank(one) == rank(other) and share_a_case(one, other)
    }
    assert reported == tied


def share_a_case(one: DispatchRule, other: DispatchRule) -> bool:
    # Built from the rules themselves, so that a case exists whenever one can: the longer of both prefixes.
    category = max(one.category, other.category, key=len).ljust(1, "E").ljust(5, "0")
    return any(
        covers(one, of) and covers(other, of)
        for source in SOURCES
        for at in INSTANTS
        for condition in (1, 2)
        for of in [
            Matter(category, condition, max(one.grid_prefix, other.grid_prefix, key=len), source, at),
        ]
    )


@settings(max_examples=200)
@given(random_rules())
def test_a_rule_reported_as_never_chosen_is_never_chosen(rules: list[DispatchRule]) -> None:
    never = {c.rule_id for c in conflicts(rules) if c.kind is ConflictKind.NEVER_CHOSEN}
    index = RuleIndex(rules)
    for one in rules:
        category = one.category.ljust(1, "E").ljust(5, "0")
        for at in INSTANTS:
            of = Matter(category, one.condition, one.grid_prefix, one.source or "citizen", at)
            decision = choose(index, of)
            if decision.rule is one:
                assert one.id not in never
