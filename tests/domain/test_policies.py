import json
import math
from dataclasses import fields

import pytest

from api.domain.errors import FieldWrong
from api.domain.escalation import Answerer, Rung
from api.domain.limits import Limit, LimitUnit
from api.domain.policies import Policies
from api.domain.policy_values import StageLimit
from api.domain.signals import DEFAULT_WEIGHTS


def test_without_data_the_defaults_hold() -> None:
    assert Policies.from_mapping({}) == Policies()


def test_every_policy_can_be_set_and_read_back() -> None:
    given: dict[str, object] = {
        "duplicate_radius_m": 80,
        "grid_tolerance_m": 10.5,
        "grid_tolerance_max_m": 10.5,
        "grid_sliver_m2": 0,
        "place_reach_m": 500,
        "grid_code_pattern": "2+2+2+3+3+2",
        "officers_per_grid_min": 1,
        "light_yellow_share": 1,
        "due_soon_s": 0,
        "intake_limit": {"minutes": 5, "calendar": "city"},
        "verification_limit": {"minutes": 5, "calendar": "city"},
        "dispatch_limit": {"minutes": 5, "calendar": "city"},
        "sign_for_limit": {"minutes": 5, "calendar": "city"},
        "check_limit": {"minutes": 5, "calendar": "night-shift"},
        "return_window": {"value": 1, "unit": "working_day"},
        "returns_per_unit_max": 0,
        "extensions_max": 0,
        "suspension_max_days": 1,
        "reopen_max_days": 0,
        "feed_days": 14,
        "calendar_warning_days": 30,
        "escalation_ladder": [
            {"answers": "supervisor", "after": {"value": 1, "unit": "working_hour"}},
            {"answers": "listed_order", "after": {"value": 2, "unit": "calendar_day"}},
        ],
        "digest_from": 2,
        "urgent_notices_at_once": False,
        "number_template": "{sequence}",
        "close_after_check": False,
        "signers_first": False,
        "fallback_to_place_unit": False,
        "fallback_to_area_owner": False,
        "fallback_to_grid_owner": False,
        "redispatch_on_correction": False,
        "checker_may_be_reporter": True,
        "only_assignees_check": False,
        "checker_load_m": 0,
        "checker_rotation_m": 250.5,
        "checker_rotation_days": 0,
        "position_minutes": 0,
        "task_attempts_max": 1,
        "second_check_share": 1,
        "look_back_share": 0,
        "look_back_days": 60,
        "look_back_within_days": 1,
        "waiting_hours": 24,
        "public_responsibility": False,
        "upload_ttl_hours": 12,
        "uploads_open_max": 20,
        "uploads_open_max_mb": 100,
        "signal_weights": {**DEFAULT_WEIGHTS, "accuracy_zero": 0},
        "photo_reach_m": 50,
        "photo_age_max_hours": 48,
        "photo_same_bits": 4,
        "photo_look_bits": 8,
        "photo_memory_days": 30,
        "speed_max_kmh": 90,
        "fixes_alike_from": 8,
        "fixes_memory_days": 7,
        "shift_hours_max": 12,
        "office_calendar": "night-shift",
        "track_days": 30,
        "track_accuracy_max_m": 60,
        "track_speed_max_kmh": 80,
        "track_jitter_m": 30,
        "track_spike_s": 30,
        "track_gap_s": 120,
        "track_step_m": 10,
        "stop_radius_m": 30,
        "stop_min_s": 600,
        "coverage_dwell_s": 60,
        "visit_gap_s": 600,
        "road_stretch_m": 100,
        "road_reach_m": 15,
        "road_share": 0.5,
        "passed_within_m": 40,
        "position_fresh_s": 300,
        "code_grace_s": 30,
        "checkin_late_hours": 24,
        "post_early_s": 600,
        "post_grace_s": 60,
    }
    assert set(given) == {field.name for field in fields(Policies)}
    policies = Policies.from_mapping(given)
    assert policies.check_limit == StageLimit(5, "night-shift")
    assert policies.return_window == Limit(1, LimitUnit.WORKING_DAY)
    assert policies.escalation_ladder == (
        Rung(Answerer.SUPERVISOR, Limit(1, LimitUnit.WORKING_HOUR)),
        Rung(Answerer.LISTED_ORDER, Limit(2, LimitUnit.CALENDAR_DAY)),
    )
    assert isinstance(policies.duplicate_radius_m, float)
    assert set(policies.calendars().values()) == {"city", "night-shift"}
    defaults = Policies()
    assert all(getattr(policies, name) != getattr(defaults, name) for name in given)


@pytest.mark.parametrize(
    ("key", "value", "pointer", "code"),
    [
        ("duplicate_radius", 50, "/duplicate_radius", "policy_unknown"),
        ("duplicate_radius_m", "50", "/duplicate_radius_m", "policy_mistyped"),
        ("duplicate_radius_m", True, "/duplicate_radius_m", "policy_mistyped"),
        ("duplicate_radius_m", None, "/duplicate_radius_m", "policy_mistyped"),
        ("duplicate_radius_m", -1, "/duplicate_radius_m", "policy_out_of_range"),
        ("duplicate_radius_m", math.nan, "/duplicate_radius_m", "policy_out_of_range"),
        ("duplicate_radius_m", math.inf, "/duplicate_radius_m", "policy_out_of_range"),
        ("light_yellow_share", 80, "/light_yellow_share", "policy_out_of_range"),
        ("light_yellow_share", 0, "/light_yellow_share", "policy_out_of_range"),
        ("due_soon_s", 1.5, "/due_soon_s", "policy_mistyped"),
        ("extensions_max", -1, "/extensions_max", "policy_out_of_range"),
        ("suspension_max_days", 10**30, "/suspension_max_days", "policy_out_of_range"),
        ("close_after_check", 1, "/close_after_check", "policy_mistyped"),
        ("intake_limit", 15, "/intake_limit", "policy_mistyped"),
        ("intake_limit", {"minutes": 15}, "/intake_limit", "policy_mistyped"),
        (
            "intake_limit",
            {"minutes": 0, "calendar": "x"},
            "/intake_limit/minutes",
            "policy_out_of_range",
        ),
        (
            "intake_limit",
            {"minutes": 1, "calendar": "X Y"},
            "/intake_limit/calendar",
            "policy_mistyped",
        ),
        ("return_window", {"value": 1, "unit": "week"}, "/return_window/unit", "policy_mistyped"),
        ("return_window", {"value": 0, "unit": "working_day"}, "/return_window/value", "policy_out_of_range"),
        ("escalation_ladder", {}, "/escalation_ladder", "policy_mistyped"),
        ("escalation_ladder", [{"answers": "mayor"}], "/escalation_ladder/0", "policy_mistyped"),
        (
            "escalation_ladder",
            [{"answers": "mayor", "after": {"value": 1, "unit": "working_day"}}],
            "/escalation_ladder/0/answers",
            "policy_mistyped",
        ),
        (
            "escalation_ladder",
            [{"answers": "supervisor", "after": {"value": 0, "unit": "working_day"}}],
            "/escalation_ladder/0/after/value",
            "policy_out_of_range",
        ),
        (
            "escalation_ladder",
            [{"answers": "supervisor", "after": {"value": 1, "unit": "working_day"}}] * 9,
            "/escalation_ladder",
            "policy_out_of_range",
        ),
        ("digest_from", 1, "/digest_from", "policy_out_of_range"),
        ("urgent_notices_at_once", "yes", "/urgent_notices_at_once", "policy_mistyped"),
        ("grid_code_pattern", 15, "/grid_code_pattern", "policy_mistyped"),
        ("grid_code_pattern", "15", "/grid_code_pattern", "policy_out_of_range"),
        ("grid_code_pattern", "2+2+2+3+3+0", "/grid_code_pattern", "policy_out_of_range"),
        ("officers_per_grid_min", -1, "/officers_per_grid_min", "policy_out_of_range"),
        ("grid_tolerance_max_m", 49, "/grid_tolerance_max_m", "policy_at_odds"),
        ("grid_tolerance_m", 201, "/grid_tolerance_max_m", "policy_at_odds"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_key(key: str, value: object, pointer: str, code: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        Policies.from_mapping({key: value})
    assert (refused.value.pointer, refused.value.field_code) == (pointer, code)


@pytest.mark.parametrize(
    "template",
    [
        "",
        "{category}-{date}",
        "{sequence}{sequence}",
        "{sequence",
        "{sequence:x}",
        "{sequence:999999}",
        "{category.__class__}-{sequence}",
        "{0}-{sequence}",
        "{sequence} ",
        "2026/{sequence}",
        "{sequence}\n",
        "x" * 60 + "{sequence}",
    ],
)
def test_a_template_that_makes_no_usable_number_is_refused(template: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        Policies.from_mapping({"number_template": template})
    assert refused.value.pointer == "/number_template"
    assert refused.value.field_code == "policy_out_of_range"


@pytest.mark.parametrize(
    "template",
    ["{sequence}", "城管〔{date}〕{sequence:04d}号", "{grid}-{sequence:09d}", "{category}{date}{sequence}"],
)
def test_templates_of_other_cities_are_taken(template: str) -> None:
    assert Policies.from_mapping({"number_template": template}).number_template == template


def test_policies_that_are_written_are_read_back_the_same() -> None:
    others = {
        "intake_limit": {"minutes": 7, "calendar": "night"},
        "return_window": {"value": 2, "unit": "urgent_hour"},
        "escalation_ladder": [{"answers": "unit_lead", "after": {"value": 1, "unit": "working_day"}}],
        "close_after_check": False,
        "light_yellow_share": 0.5,
    }
    for policies in (Policies(), Policies.from_mapping(others)):
        written = policies.as_json()
        assert Policies.from_mapping(json.loads(json.dumps(written))) == policies
    assert written.items() >= others.items()
