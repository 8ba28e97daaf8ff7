"""The example data agrees with itself: a city that replaces a file sees here what has to fit."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import yaml

from api.domain.access import Role
from api.domain.catalogue import Catalogue
from api.domain.catalogue_csv import read_catalogue
from api.domain.dispatch import Decision, Fallback, Matter, Reason, RuleIndex, choose
from api.domain.dispatch_conflicts import Known, conflicts
from api.domain.dispatch_files import rules_from_list
from api.domain.dispatch_rules import DispatchRule
from api.domain.policies import Policies

DATA = Path(__file__).parents[2] / "api" / "data"

UNIT_CODES = [
    "cityscape",
    "sanitation",
    "municipal",
    "greening",
    "traffic",
    "construction",
    "market",
    "water",
    "power",
    "telecom",
    "street",
    "property",
]
COMMUNITIES = [f"990101001{number:03d}" for number in range(1, 17)]
SOURCES = {"officer", "supervision", "hotline", "citizen", "superior", "media"}
FALLING_BACK = {"E0604", "P0503"}
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def load(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load((DATA / name).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue((DATA / "classes.csv").read_text(encoding="utf-8")).accepted()


@pytest.fixture(scope="module")
def rules() -> tuple[DispatchRule, ...]:
    return rules_from_list(load("demo/rules.yaml")["rules"], "/rules")


def send(
    rules: tuple[DispatchRule, ...],
    category: str,
    *,
    condition: int | None = None,
    grid: str = "990101001001001",
    source: str = "officer",
) -> Decision:
    return choose(RuleIndex(rules, ZONE), Matter(category, condition, grid, source, NOW), Fallback("street"))


def test_the_rules_have_no_conflicts_with_each_other_or_with_the_other_files(
    catalogue: Catalogue, rules: tuple[DispatchRule, ...]
) -> None:
    known = Known(catalogue.categories, catalogue.conditions, COMMUNITIES, sources=SOURCES, units=UNIT_CODES)
    assert conflicts(rules, ZONE, known) == []


def test_every_class_is_sent_by_a_rule_except_those_meant_to_fall_back(
    catalogue: Catalogue, rules: tuple[DispatchRule, ...]
) -> None:
    falling_back: set[str] = set()
    for condition in catalogue.conditions.values():
        for community in COMMUNITIES:
            decision = send(
                rules, condition.category_code, condition=condition.number, grid=f"{community}001"
            )
            if decision.reason is Reason.FALLBACK:
                assert decision.unit == "street"
                falling_back.add(condition.category_code)
    assert falling_back == FALLING_BACK


def test_every_unit_gets_some_class(catalogue: Catalogue, rules: tuple[DispatchRule, ...]) -> None:
    units = {
        send(rules, code, grid=f"{community}001").unit
        for code in catalogue.categories
        for community in COMMUNITIES
    }
    assert units == set(UNIT_CODES)


@pytest.mark.parametrize(
    ("category", "unit"),
    [
        ("E0406", "cityscape"),
        ("P0101", "water"),
        ("P0102", "municipal"),
        ("P0127", "telecom"),
        ("P0130", "power"),
        ("P0137", "municipal"),
        ("P0402", "greening"),
        ("P0217", "traffic"),
        ("E0304", "construction"),
        ("E0498", "market"),
        ("E0112", "sanitation"),
    ],
)
def test_well_known_classes_go_where_people_expect(
    rules: tuple[DispatchRule, ...], category: str, unit: str
) -> None:
    assert send(rules, category).unit == unit


def test_compounds_with_a_property_company_are_sent_to_it(rules: tuple[DispatchRule, ...]) -> None:
    assert send(rules, "E0410", grid="990101001003004").unit == "property"
    assert send(rules, "E0410", grid="990101001004004").unit == "cityscape"
    assert send(rules, "E0406", grid="990101001003004").unit == "cityscape"


def test_noise_that_the_hotline_hears_of_goes_to_the_night_crew(rules: tuple[DispatchRule, ...]) -> None:
    assert send(rules, "E0301", source="hotline").unit == "cityscape"
    assert send(rules, "E0301", source="officer").unit == "construction"


def test_a_row_of_dark_lamps_is_a_matter_of_the_feed(rules: tuple[DispatchRule, ...]) -> None:
    assert send(rules, "P0137", condition=2).unit == "power"
    assert send(rules, "P0137", condition=3).unit == "municipal"


def test_the_policies_of_the_demo_are_the_defaults_but_for_who_may_check() -> None:
    assert Policies.from_mapping(load("demo/policies.yaml")) == replace(
        Policies(), only_assignees_check=False
    )


def test_calendars_that_policies_and_units_name_exist() -> None:
    calendars = {calendar["code"]: calendar for calendar in load("calendars.yaml")["calendars"]}
    assert set(calendars) == {"city", "patrol", "always"}
    used = {unit["calendar_code"] for unit in load("demo/units.yaml")["units"]}
    assert used | Policies().calendar_codes() <= set(calendars)
    for calendar in calendars.values():
        assert calendar["first_on"] <= date(2024, 1, 1)
        assert calendar["last_on"] >= date(2026, 12, 31)


def test_the_units_are_the_twelve_that_accounts_are_made_for() -> None:
    units = load("demo/units.yaml")["units"]
    assert sorted(unit["code"] for unit in units) == sorted(UNIT_CODES)
    assert [unit["code"] for unit in units if unit["is_fallback"]] == ["street"]
    assert {unit["kind"] for unit in units} == {"bureau", "street", "enterprise"}
    # Each parent stands before its children, so that a loader can go from top to bottom.
    seen: set[str | None] = {None}
    for unit in units:
        assert unit["parent"] in seen
        seen.add(unit["code"])


def test_the_accounts_are_those_that_the_interface_promises() -> None:
    people = load("demo/people.yaml")["people"]
    assert sorted(person["username"] for person in people) == sorted(
        ["admin", "dispatcher", "supervisor"]
        + [f"officer{number:02d}" for number in range(1, 33)]
        + [f"{role}-{unit}" for role in ("lead", "member") for unit in UNIT_CODES]
    )
    for key in ("username", "name_zh", "name_en", "phone"):
        assert max(Counter(person[key] for person in people).values()) == 1, key
    for person in people:
        role = Role(person["role"])
        assert (role in {Role.UNIT_LEAD, Role.UNIT_MEMBER}) == ("unit" in person)
        assert (role is Role.OFFICER) == ("grids" in person) == ("officer_number" in person)
        assert person["phone"].startswith("1990000")


def test_each_community_has_two_officers_and_the_first_two_have_the_first() -> None:
    officers = [person for person in load("demo/people.yaml")["people"] if person["role"] == "officer"]
    assert Counter(grid for officer in officers for grid in officer["grids"]) == dict.fromkeys(COMMUNITIES, 2)
    assert {o["username"] for o in officers if o["grids"] == ["990101001001"]} == {"officer01", "officer02"}
    assert len({officer["officer_number"] for officer in officers}) == len(officers)
