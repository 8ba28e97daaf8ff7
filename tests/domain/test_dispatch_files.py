from datetime import UTC, datetime

import pytest
import yaml

from api.domain.dispatch_files import rule_from_mapping, rules_from_list
from api.domain.dispatch_hours import WeeklyHours
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import FieldWrong
from api.domain.limits import Limit, LimitUnit

NIGHT: dict[str, object] = {"days": [5, 6], "from": "22:00", "to": "06:00"}
LEAST: dict[str, object] = {"id": "r", "lead_unit": "street", "name_zh": "兜底", "name_en": "All"}


def test_a_rule_with_every_field_is_read_from_yaml() -> None:
    text = """
    - id: street-vending
      category: E0406
      condition: 1
      grid_prefix: "990101001"
      source: hotline
      lead_unit: cityscape
      helping_units: [traffic]
      limit: {value: 4, unit: working_hour}
      priority: high
      order: -10
      valid_from: 2026-10-01T00:00:00+08:00
      valid_until: 2026-10-09T00:00:00+08:00
      hours:
        - {days: [6, 5], from: "22:00", to: "06:00"}
        - {days: [7], from: "18:00", to: "00:00"}
      name_zh: 占道经营
      name_en: Street vending
    """
    assert rules_from_list(yaml.safe_load(text)) == (
        DispatchRule(
            id="street-vending",
            category="E0406",
            condition=1,
            grid_prefix="990101001",
            source="hotline",
            lead_unit="cityscape",
            helping_units=("traffic",),
            limit=Limit(4, LimitUnit.WORKING_HOUR),
            priority="high",
            order=-10,
            valid_from=datetime(2026, 9, 30, 16, tzinfo=UTC),
            valid_until=datetime(2026, 10, 8, 16, tzinfo=UTC),
            hours=(WeeklyHours((5, 6), 1320, 360), WeeklyHours((7,), 1080, 1440)),
            name_zh="占道经营",
            name_en="Street vending",
        ),
    )


def test_what_is_left_out_or_null_is_left_open() -> None:
    bare = rule_from_mapping(LEAST)
    nulls = {"condition": None, "source": None, "limit": None, "priority": None, "valid_from": None}
    nulls |= {"place": None, "area": None, "place_type": None}
    assert bare == rule_from_mapping({**LEAST, **nulls})
    assert (bare.category, bare.grid_prefix, bare.helping_units, bare.order) == ("", "", (), 0)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"unit": "street"}, "/0/unit", "field_unknown"),
        ({"grid_prefix": 990101001}, "/0/grid_prefix", "field_mistyped"),
        ({"condition": True}, "/0/condition", "field_mistyped"),
        ({"condition": "1"}, "/0/condition", "field_mistyped"),
        ({"helping_units": "traffic"}, "/0/helping_units", "field_mistyped"),
        ({"helping_units": [1]}, "/0/helping_units", "field_mistyped"),
        ({"limit": 4}, "/0/limit", "field_mistyped"),
        ({"limit": {"value": 0, "unit": "working_day"}}, "/0/limit", "field_mistyped"),
        ({"limit": {"value": 1, "unit": "week"}}, "/0/limit", "field_mistyped"),
        ({"limit": {"value": 1, "unit": "working_day", "more": 1}}, "/0/limit", "field_mistyped"),
        ({"valid_from": "soon"}, "/0/valid_from", "field_mistyped"),
        ({"valid_from": "2026-10-01T00:00:00"}, "/0/valid_from", "naive_instant"),
        ({"category": "X"}, "/0/category", "not_a_category"),
        ({"place": 3}, "/0/place", "field_mistyped"),
        ({"place": "market-3", "area": "stalls"}, "/0/area", "where_given_twice"),
        ({"hours": dict[str, object]()}, "/0/hours", "field_mistyped"),
        ({"hours": [NIGHT] * 29}, "/0/hours", "too_many"),
        ({"hours": [NIGHT, "always"]}, "/0/hours/1", "field_mistyped"),
        ({"hours": [{**NIGHT, "until": "x"}]}, "/0/hours/0", "field_mistyped"),
        ({"hours": [{**NIGHT, "days": 5}]}, "/0/hours/0/days", "field_mistyped"),
        ({"hours": [{**NIGHT, "days": ["5"]}]}, "/0/hours/0/days", "field_mistyped"),
        ({"hours": [{**NIGHT, "days": [True]}]}, "/0/hours/0/days", "field_mistyped"),
        ({"hours": [{**NIGHT, "days": list[int]()}]}, "/0/hours/0/days", "days_wrong"),
        ({"hours": [{**NIGHT, "days": [0]}]}, "/0/hours/0/days", "days_wrong"),
        ({"hours": [{**NIGHT, "days": [1, 1]}]}, "/0/hours/0/days", "days_wrong"),
        ({"hours": [{**NIGHT, "from": 1320}]}, "/0/hours/0/from", "field_mistyped"),
        ({"hours": [{**NIGHT, "from": "24:00"}]}, "/0/hours/0/from", "time_wrong"),
        ({"hours": [{**NIGHT, "to": "6:00"}]}, "/0/hours/0/to", "time_wrong"),
        ({"hours": [{**NIGHT, "to": "25:00"}]}, "/0/hours/0/to", "time_wrong"),
        ({"hours": [{**NIGHT, "to": "06:00\n"}]}, "/0/hours/0/to", "time_wrong"),
        ({"hours": [{**NIGHT, "to": "22:00"}]}, "/0/hours/0/to", "hours_empty"),
    ],
)
def test_a_wrong_field_is_refused_with_its_place_in_the_file(
    change: dict[str, object], pointer: str, code: str
) -> None:
    with pytest.raises(FieldWrong) as refused:
        rules_from_list([{**LEAST, **change}])
    assert (refused.value.pointer, refused.value.field_code) == (pointer, code)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(FieldWrong) as refused:
        rules_from_list([LEAST, {"id": "x", "lead_unit": "street", "name_zh": "名"}])
    assert (refused.value.pointer, refused.value.field_code) == ("/1/name_en", "field_missing")


@pytest.mark.parametrize("entries", [None, {}, "rules", [None], ["r"]])
def test_what_is_not_a_list_of_rules_is_refused(entries: object) -> None:
    with pytest.raises(FieldWrong):
        rules_from_list(entries)
