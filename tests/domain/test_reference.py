"""The reference snapshot: which condition is meant, which grids lie above a place, who takes what no rule covers."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.category_codes import Kind
from api.domain.dispatch import RuleIndex
from api.domain.errors import FieldWrong, NotConfigured
from api.domain.grids import GridIndex, GridLevel
from api.domain.lifecycle import Clock, Closing
from api.domain.limits import Limit, LimitUnit
from api.domain.policies import Policies
from api.domain.reference import GridFacts, Reference, UnitFacts
from tests.domain.example_calendars import CHINA

STREET, COMMUNITY, UNIT_GRID = "990101001", "990101001001", "990101001001001"


def category(code: str) -> Category:
    return Category(code, "local", Kind.EVENT, code[1:3], "大类", "major", code[3:], "小类", "minor")


def condition(category_code: str, number: int) -> Condition:
    return Condition(
        category_code=category_code,
        number=number,
        condition_zh="",
        condition_en="",
        closing_zh="",
        closing_en="",
        limit=Limit(number, LimitUnit.WORKING_DAY),
        milestones=(),
        after_photo=True,
        self_fix=False,
    )


def unit(row_id: int, code: str, *, is_fallback: bool = False, is_active: bool = True) -> UnitFacts:
    return UnitFacts(row_id, code, code, code, "bureau", None, None, CHINA.code, is_fallback, is_active)


def grid(code: str, level: GridLevel, parent: str | None, unit_id: int | None = None) -> GridFacts:
    return GridFacts(len(code), code, level, code, code, parent, unit_id)


CONDITIONS = (condition("E0406", 1), condition("E0110", 1), condition("E0110", 2))
RETIRED, RETIRED_CONDITION = category("E0507"), condition("E0507", 1)
OFFICE = Reference(
    version=1,
    catalogue=Catalogue(
        {code: category(code) for code in ("E0406", "E0110")},
        {one.code: one for one in CONDITIONS},
    ),
    category_ids={"E0406": 1, "E0110": 2},
    known_categories={1: category("E0406"), 2: category("E0110"), 3: RETIRED},
    known_conditions=dict(enumerate((*CONDITIONS, RETIRED_CONDITION), start=1)),
    condition_ids={(1, 1): 1, (2, 1): 2, (2, 2): 3, (3, 1): 4},
    units={1: unit(1, "street", is_fallback=True), 2: unit(2, "property")},
    grids={
        STREET: grid(STREET, GridLevel.STREET, None, unit_id=1),
        COMMUNITY: grid(COMMUNITY, GridLevel.COMMUNITY, STREET),
        UNIT_GRID: grid(UNIT_GRID, GridLevel.UNIT_GRID, COMMUNITY, unit_id=2),
    },
    grid_index=GridIndex([]),
    rules=RuleIndex((), ZoneInfo("Asia/Shanghai")),
    calendars={CHINA.code: CHINA},
    policies=Policies(),
)


def test_a_class_with_one_condition_needs_no_number() -> None:
    assert OFFICE.condition("E0406", None, "/condition") == CONDITIONS[0]
    assert OFFICE.condition("E0110", None, "/condition") is None
    assert OFFICE.condition("E0110", 2, "/condition") == CONDITIONS[2]


def test_what_the_catalogue_does_not_have_is_refused_where_it_was_named() -> None:
    with pytest.raises(FieldWrong) as unknown:
        OFFICE.category("E9999", "/category")
    assert (unknown.value.pointer, unknown.value.field_code) == ("/category", "category_unknown")
    with pytest.raises(FieldWrong) as numbered:
        OFFICE.condition("E0110", 3, "/query/condition")
    assert (numbered.value.pointer, numbered.value.field_code) == ("/query/condition", "condition_unknown")
    assert numbered.value.facts["conditions"] == [1, 2]


def test_a_stored_condition_is_found_by_its_id_and_its_id_by_class_and_number() -> None:
    for row_id, one in enumerate((*CONDITIONS, RETIRED_CONDITION), start=1):
        assert OFFICE.condition_by_id(row_id) == one
    assert OFFICE.condition_id(2, CONDITIONS[2]) == 3
    assert OFFICE.condition_id(2, None) is None


def test_a_retired_class_is_known_to_its_tickets_and_refused_for_new_reports() -> None:
    assert OFFICE.known_category(3) == RETIRED
    assert OFFICE.known_condition(3, None, "/condition") == RETIRED_CONDITION
    assert OFFICE.categories_by_code["E0507"] == RETIRED
    with pytest.raises(FieldWrong) as refused:
        OFFICE.category("E0507", "/category")
    assert refused.value.field_code == "category_unknown"


def test_a_class_in_force_has_the_name_of_its_code_whatever_was_retired_later() -> None:
    again = replace(OFFICE, known_categories={**OFFICE.known_categories, 4: replace(RETIRED, code="E0406")})
    assert again.categories_by_code["E0406"] == category("E0406")


def test_a_retired_condition_is_known_to_its_tickets_and_chosen_by_nobody() -> None:
    office = replace(OFFICE, retired_condition_ids=frozenset({2}))
    assert office.condition_by_id(2) == CONDITIONS[1]
    assert office.condition_id(2, CONDITIONS[1]) == 2
    with pytest.raises(FieldWrong) as refused:
        office.condition("E0110", 1, "/condition")
    assert (refused.value.field_code, refused.value.facts["conditions"]) == ("condition_unknown", [2])
    # The one that is left needs no number any more.
    assert office.condition("E0110", None, "/condition") == CONDITIONS[2]


def test_a_calendar_that_the_office_lacks_is_the_offices_to_add() -> None:
    assert OFFICE.calendar(CHINA.code) is CHINA
    with pytest.raises(NotConfigured):
        OFFICE.calendar("night-shift")


def test_the_chain_of_grids_runs_from_the_widest_down() -> None:
    assert [one.code for one in OFFICE.grid_path(UNIT_GRID)] == [STREET, COMMUNITY, UNIT_GRID]
    assert OFFICE.grid_path("990101001001009") == []


def test_the_nearest_owner_that_falls_back_takes_what_no_rule_covers() -> None:
    for code in (UNIT_GRID, COMMUNITY, STREET):
        owner = OFFICE.fallback_unit(code)
        assert owner is not None
        assert owner.code == "street"
    near = replace(OFFICE, units={**OFFICE.units, 2: unit(2, "property", is_fallback=True)})
    owner = near.fallback_unit(UNIT_GRID)
    assert owner is not None
    assert owner.code == "property"


def test_nobody_falls_back_outside_all_grids_or_for_a_closed_unit_or_a_grid_no_longer_in_force() -> None:
    assert OFFICE.fallback_unit(None) is None
    assert OFFICE.fallback_unit("990101001001009") is None
    closed = replace(OFFICE, units={1: unit(1, "street", is_fallback=True, is_active=False), 2: unit(2, "p")})
    assert closed.fallback_unit(UNIT_GRID) is None


def test_units_are_found_by_code_and_policies_by_the_names_of_the_lifecycle() -> None:
    assert OFFICE.units_by_code["property"].id == 2
    assert Policies().closing is Closing.WITH_CHECK
    assert Policies(close_after_check=False).closing is Closing.AT_DESK
    assert OFFICE.timekeeping.calendars == {CHINA.code: CHINA}
    assert OFFICE.timekeeping.yellow_share == OFFICE.policies.light_yellow_share
    assert set(Policies().stage_limits) == set(Clock) - {Clock.RECTIFICATION, Clock.TOTAL}
