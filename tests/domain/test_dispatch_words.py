from dataclasses import replace
from itertools import pairwise

import pytest

from api.domain.dispatch_words import explain, explain_considered
from api.domain.limits import Language
from tests.domain.example_rules import MOST_SPECIFIC_FIRST, decide, rule


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
    decision = decide(rule("calls", "E04", source="hotline"), fallback_unit="street")
    assert explain(decision, "en") == (
        'No rule matched ("Rule calls" is for another source); the grid\'s owning street takes it (属地兜底).'
    )
    assert explain(decision, "zh") == (
        "没有规则适用（“规则calls”只用于别的来源），按属地兜底由网格所属单位承办。"
    )


def test_triage_is_explained() -> None:
    assert explain(decide(), "en") == (
        "No rule matched and no unit is set to fall back on; a dispatcher decides (triage)."
    )
    assert explain(decide(), "zh") == "没有规则适用，也没有设置兜底单位，转派遣员研判。"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_pair_of_neighbours_has_its_own_words(language: Language) -> None:
    for first, second in pairwise(MOST_SPECIFIC_FIRST):
        decision = decide(first, second)
        won, lost = (explain_considered(one, language) for one in decision.considered)
        assert won != lost
        assert won.split(": ")[-1].split("：")[-1] in explain(decision, language)
