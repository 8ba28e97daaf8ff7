from dataclasses import replace
from itertools import pairwise

import pytest

from api.domain.dispatch import Fallback, Reason
from api.domain.dispatch_hours import WeeklyHours
from api.domain.dispatch_words import describe, explain, explain_considered
from api.domain.limits import Language
from tests.domain.example_rules import AT_THE_MARKET, MOST_SPECIFIC_FIRST, SUNDAY_EVENING, decide, rule


def test_the_explanation_names_the_winner_and_why_it_beat_the_next() -> None:
    decision = decide(
        rule("compound", "E0406", grid_prefix="990101001003", unit="property"),
        rule("street", "E0406", condition=1),
    )
    assert explain(decision, "en", {"property": "Property Ltd"}) == (
        'Rule "Rule compound" (class E0406, grid 990101001003) sends it to Property Ltd; '
        'it goes before "Rule street": it names a grid.'
    )
    assert explain(decision, "zh", {"property": "物业公司"}) == (
        "按规则“规则compound”（类别E0406，网格990101001003）由物业公司承办；它先于“规则street”：它指定了网格。"
    )


def test_a_rule_without_rivals_is_explained_without_a_comparison() -> None:
    decision = decide(replace(rule("all", source="officer"), helping_units=("water", "power")))
    assert explain(decision, "en") == (
        'Rule "Rule all" (all classes, everywhere, source officer) sends it to cityscape, '
        "helped by water, power."
    )
    assert explain(decision, "zh") == (
        "按规则“规则all”（所有类别，不限区域，来源officer）由cityscape承办，water、power协办。"
    )


def test_the_fallback_is_explained_with_the_rules_that_just_missed() -> None:
    decision = decide(rule("calls", "E04", source="hotline"), fallback=Fallback("street"))
    assert explain(decision, "en") == (
        'No rule matched ("Rule calls" is for another source); the grid\'s owning street takes it (属地兜底).'
    )
    assert explain(decision, "zh") == (
        "没有规则适用（“规则calls”只用于别的来源），按属地兜底由网格所属单位承办。"
    )


def test_whoever_is_responsible_for_the_place_is_told_by_its_name() -> None:
    at_place = decide(fallback=Fallback("market", Reason.PLACE_UNIT, "三号市场", "Market No. 3"))
    assert explain(at_place, "en") == (
        'No rule matched; the unit responsible for the place "Market No. 3" takes it (点位责任单位).'
    )
    assert explain(at_place, "zh") == "没有规则适用，由点位“三号市场”的责任单位承办。"
    in_area = decide(fallback=Fallback("railway", Reason.AREA_OWNER, "铁路用地", "Railway land"))
    assert explain(in_area, "en") == (
        'No rule matched; the owner of the area "Railway land" takes it (权属单位).'
    )
    assert explain(in_area, "zh") == "没有规则适用，由权属片区“铁路用地”的权属单位承办。"


def test_what_a_rule_covers_is_written_with_its_place_and_hours() -> None:
    nights = WeeklyHours((1, 2, 3, 5), 22 * 60, 6 * 60)
    assert describe(rule(place="market-3", hours=(nights, SUNDAY_EVENING)), "en") == (
        "all classes, place market-3, Mon-Wed, Fri 22:00-06:00 (next day) and Sun 18:00-22:00"
    )
    assert describe(rule(area="stalls", hours=(nights,)), "zh") == (
        "所有类别，片区stalls，周一至周三、周五22:00—次日06:00"
    )
    every_day = WeeklyHours((1, 2, 3, 4, 5, 6, 7), 0, 24 * 60)
    assert describe(rule("r", "E04", place_type="market", hours=(every_day,)), "en") == (
        "class E04, type of place market, daily 00:00-24:00"
    )


def test_a_rule_that_missed_by_the_hour_is_named() -> None:
    decision = decide(rule("nights", hours=(WeeklyHours((1,), 0, 60),)), fallback=Fallback("street"))
    assert '"Rule nights" is for other hours' in explain(decision, "en")
    assert "不在适用时段" in explain(decision, "zh")


def test_triage_is_explained() -> None:
    assert explain(decide(), "en") == (
        "No rule matched and no unit is set to fall back on; a dispatcher decides (triage)."
    )
    assert explain(decide(), "zh") == "没有规则适用，也没有设置兜底单位，转派遣员研判。"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_pair_of_neighbours_has_its_own_words(language: Language) -> None:
    for first, second in pairwise(MOST_SPECIFIC_FIRST):
        decision = decide(first, second, of=AT_THE_MARKET)
        won, lost = (explain_considered(one, language) for one in decision.considered)
        assert won != lost
        assert won.split(": ")[-1].split("：")[-1] in explain(decision, language)
