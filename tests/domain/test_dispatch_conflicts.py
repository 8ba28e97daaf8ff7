from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from api.domain.dispatch import Matter, RuleIndex, choose
from api.domain.dispatch_conflicts import ConflictKind, Known, conflicts, faults
from api.domain.dispatch_hours import WeeklyHours
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import FieldWrong
from tests.domain.example_rules import (
    AREAS,
    NOON,
    PLACES,
    SOURCES,
    SUNDAY_EVENING,
    ZONE,
    covers,
    matter,
    random_rules,
    rank,
    rule,
)


def kinds(
    *rules: DispatchRule, known: Known | None = None
) -> list[tuple[ConflictKind, str, tuple[str, ...]]]:
    return [(found.kind, found.rule_id, found.other_rule_ids) for found in conflicts(rules, ZONE, known)]


def test_two_rules_for_the_same_cases_with_the_same_order_are_a_tie_that_names_both() -> None:
    found = conflicts([rule("one", "E04"), rule("two", "E04", unit="market")], ZONE)
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
        places={"market-3"},
        areas={"stalls"},
        place_types={"market"},
        units={"cityscape"},
    )
    assert kinds(
        rule("fine", "E0406", condition=1, grid_prefix="990101001004", source="hotline"),
        rule("class", "E0407"),
        rule("major", "E05"),
        rule("condition", "E0406", condition=2),
        rule("grid", grid_prefix="990101002"),
        rule("longer-grid", grid_prefix="990101001003001"),
        rule("place", place="market-4"),
        rule("fine-place", place="market-3"),
        rule("area", area="festival"),
        rule("fine-area", area="stalls"),
        rule("type", place_type="school"),
        rule("fine-type", place_type="market"),
        rule("source", source="pigeon"),
        rule("unit", "P", unit="navy"),
        known=known,
    ) == [
        (ConflictKind.CATEGORY_UNKNOWN, "class", ()),
        (ConflictKind.CATEGORY_UNKNOWN, "major", ()),
        (ConflictKind.CONDITION_UNKNOWN, "condition", ()),
        (ConflictKind.GRID_UNKNOWN, "grid", ()),
        (ConflictKind.GRID_UNKNOWN, "longer-grid", ()),
        (ConflictKind.PLACE_UNKNOWN, "place", ()),
        (ConflictKind.AREA_UNKNOWN, "area", ()),
        (ConflictKind.PLACE_TYPE_UNKNOWN, "type", ()),
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
        ({"place": "market 3"}, "/place", "not_a_code"),
        ({"area": ""}, "/area", "not_a_code"),
        ({"place_type": "m" * 65}, "/place_type", "not_a_code"),
        ({"place": "market-3", "grid_prefix": "99"}, "/grid_prefix", "where_given_twice"),
        ({"area": "stalls", "place_type": "market"}, "/place_type", "where_given_twice"),
        ({"hours": (SUNDAY_EVENING,) * 29}, "/hours", "too_many"),
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
        for conflict in conflicts(rules, ZONE)
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
    place = one.place or other.place
    return any(
        covers(one, of) and covers(other, of)
        for source in SOURCES
        for at in WEEKS_AROUND
        for condition in (1, 2)
        for of in [
            matter(
                category,
                condition,
                max(one.grid_prefix, other.grid_prefix, key=len),
                source,
                at,
                place=place,
                place_type=PLACES[place] if place else one.place_type or other.place_type,
                areas=AREAS,
            ),
        ]
    )


@settings(max_examples=200)
@given(random_rules())
def test_a_rule_reported_as_never_chosen_is_never_chosen(rules: list[DispatchRule]) -> None:
    never = {c.rule_id for c in conflicts(rules, ZONE) if c.kind in NEVER}
    index = RuleIndex(rules, ZONE)
    for one in rules:
        for of in cases_of(one):
            if choose(index, of).rule is one:
                assert one.id not in never


@settings(max_examples=200)
@given(random_rules())
def test_a_rule_not_reported_has_a_moment_at_which_none_alike_is_before_it(rules: list[DispatchRule]) -> None:
    reported = {c.rule_id for c in conflicts(rules, ZONE) if c.kind in {*NEVER, ConflictKind.TIE}}
    for one in rules:
        alike = [
            other
            for other in rules
            if (other.where, other.subject, other.source) == (one.where, one.subject, one.source)
        ]
        index = RuleIndex(alike, ZONE)
        assert one.id in reported or any(choose(index, of).rule is one for of in cases_of(one))


NEVER = {ConflictKind.NEVER_CHOSEN, ConflictKind.HOURS_NEVER}
WEEKS_AROUND = [NOON + timedelta(hours=6 * sixths) for sixths in range(-32, 64)]
"""More than a week before and two after: every hour that rules name comes in and around their validity."""


def cases_of(one: DispatchRule) -> Iterator[Matter]:
    """Yield cases at many instants that the rule covers if it counts then."""
    category = one.category.ljust(1, "E").ljust(5, "0")
    kind = PLACES[one.place] if one.place else one.place_type
    areas = (one.area,) if one.area else ()
    source = one.source or "citizen"
    for at in WEEKS_AROUND:
        yield matter(
            category,
            one.condition,
            one.grid_prefix,
            source,
            at,
            place=one.place,
            place_type=kind,
            areas=areas,
        )


def test_rules_for_different_hours_are_no_tie() -> None:
    days, nights = WeeklyHours((6, 7), 6 * 60, 22 * 60), WeeklyHours((6, 7), 22 * 60, 6 * 60)
    assert kinds(rule("days", hours=(days,)), rule("nights", hours=(nights,))) == []
    long_nights = replace(nights, starts=21 * 60)
    assert kinds(rule("days", hours=(days,)), rule("nights", hours=(long_nights,))) == [
        (ConflictKind.TIE, "nights", ("days",))
    ]


def test_a_night_that_goes_on_into_monday_ties_with_a_monday_morning() -> None:
    sunday_night, monday = WeeklyHours((7,), 23 * 60, 60), WeeklyHours((1,), 0, 30)
    assert kinds(rule("night", hours=(sunday_night,)), rule("monday", hours=(monday,))) == [
        (ConflictKind.TIE, "monday", ("night",))
    ]


def test_a_rule_that_names_hours_stands_before_one_that_does_not_whatever_their_order() -> None:
    whole_week = WeeklyHours((1, 2, 3, 4, 5, 6, 7), 0, 24 * 60)
    assert kinds(rule("plain"), rule("evening", hours=(SUNDAY_EVENING,), order=7)) == []
    assert kinds(rule("plain", order=-1), rule("always", hours=(whole_week,), order=7)) == [
        (ConflictKind.NEVER_CHOSEN, "plain", ("always",))
    ]


def test_hours_are_filled_by_several_rules_together_only_if_none_is_left_open() -> None:
    first, second = WeeklyHours((7,), 18 * 60, 20 * 60), WeeklyHours((7,), 20 * 60, 22 * 60)
    evening = rule("evening", hours=(SUNDAY_EVENING,))
    others = rule("first", hours=(first,), order=-1), rule("second", hours=(second,), order=-2)
    assert kinds(evening, *others) == [(ConflictKind.NEVER_CHOSEN, "evening", ("second", "first"))]
    late = replace(others[1], hours=(replace(second, starts=20 * 60 + 1),))
    assert kinds(evening, others[0], late) == []


def test_hours_that_do_not_come_while_both_rules_are_valid_are_no_tie() -> None:
    # From Monday to Wednesday there is no Sunday evening.
    until_wednesday = rule("old", hours=(SUNDAY_EVENING,), valid_until=NOON + timedelta(days=3))
    from_monday = rule("new", hours=(SUNDAY_EVENING,), valid_from=NOON + timedelta(days=1))
    assert kinds(until_wednesday, from_monday) == []
    from_sunday = replace(from_monday, valid_from=NOON + timedelta(hours=1, minutes=59))
    assert kinds(until_wednesday, from_sunday) == [(ConflictKind.TIE, "new", ("old",))]
    # The evening ends two hours after noon in UTC, and hours are half-open.
    assert kinds(until_wednesday, replace(from_monday, valid_from=NOON + timedelta(hours=2))) == []


def test_a_rule_none_of_whose_hours_come_during_its_validity_is_named() -> None:
    limited = rule("never", hours=(SUNDAY_EVENING,), valid_from=NOON + timedelta(hours=2))
    assert kinds(replace(limited, valid_until=NOON + timedelta(days=6))) == [
        (ConflictKind.HOURS_NEVER, "never", ())
    ]
    assert kinds(replace(limited, valid_until=NOON + timedelta(days=7))) == []


def test_an_hour_that_the_clock_skips_does_not_come() -> None:
    # On 29 March 2026 Berlin's clocks go from 02:00 to 03:00.
    berlin = ZoneInfo("Europe/Berlin")
    skipped = rule(
        "skipped",
        hours=(WeeklyHours((7,), 120, 180),),
        valid_from=datetime(2026, 3, 28, tzinfo=berlin),
        valid_until=datetime(2026, 3, 30, tzinfo=berlin),
    )
    assert [one.kind for one in conflicts([skipped], berlin)] == [ConflictKind.HOURS_NEVER]
    assert conflicts([replace(skipped, hours=(WeeklyHours((7,), 120, 181),))], berlin) == []
    assert conflicts([skipped], ZONE) == []


def test_rules_for_different_places_areas_and_types_never_tie() -> None:
    assert (
        kinds(
            rule("a", place="market-3"),
            rule("b", place="market-4"),
            rule("c", area="market-3"),
            rule("d", area="stalls"),
            rule("e", place_type="market"),
            rule("f", place_type="market-3"),
            rule("g", grid_prefix="market-3"),
            rule("h"),
        )
        == []
    )
    assert kinds(rule("a", area="stalls"), rule("b", area="stalls")) == [(ConflictKind.TIE, "b", ("a",))]


KNOWN = Known(categories={"E0406"}, places={"market-3"}, areas=(), place_types=(), units={"cityscape"})


@pytest.mark.parametrize(
    ("one", "kinds_found"),
    [
        (rule(), []),
        (rule(place="market-3", valid_until=NOON + timedelta(microseconds=1)), []),
        (rule(valid_until=NOON), [ConflictKind.ENDED]),
        (rule(category="P"), [ConflictKind.CATEGORY_UNKNOWN]),
        (rule(area="stalls", unit="navy"), [ConflictKind.AREA_UNKNOWN, ConflictKind.UNIT_UNKNOWN]),
    ],
)
def test_a_rule_that_can_not_win_any_more_says_why(
    one: DispatchRule, kinds_found: list[ConflictKind]
) -> None:
    found = faults(one, KNOWN, NOON)
    assert [fault.kind for fault in found] == kinds_found
    assert all(fault.detail_zh and fault.detail_en for fault in found)
