"""Says in a sentence why a case went where it went, in Chinese and in English."""

from collections.abc import Mapping
from types import MappingProxyType

from api.domain.dispatch import Aspect, Considered, Decision, Outcome, Reason
from api.domain.dispatch_rules import DispatchRule
from api.domain.limits import Language

_NO_NAMES: Mapping[str, str] = MappingProxyType({})


def explain(decision: Decision, language: Language, unit_names: Mapping[str, str] = _NO_NAMES) -> str:
    """Name the rule that decided and what put it before the next, or say that none did and what follows.

    `unit_names` are by unit code and in the same language; a unit that is missing there is shown by its code.
    """
    match decision.reason:
        case Reason.RULE:
            return _rule_sentence(decision, language, unit_names)
        case Reason.FALLBACK:
            if language == "zh":
                return f"没有规则适用{_near_misses(decision, language)}，按属地兜底由网格所属单位承办。"
            return (
                f"No rule matched{_near_misses(decision, language)}; "
                "the grid's owning street takes it (属地兜底)."
            )
        case Reason.NO_RULE:
            if language == "zh":
                return f"没有规则适用{_near_misses(decision, language)}，也没有设置兜底单位，转派遣员研判。"
            return (
                f"No rule matched{_near_misses(decision, language)} and no unit is set to fall back on; "
                "a dispatcher decides (triage)."
            )


def explain_considered(considered: Considered, language: Language) -> str:
    """Say what became of one rule that was looked at."""
    zh, en = _OUTCOMES[considered.outcome]
    said = zh if language == "zh" else en
    if considered.why is None:
        return said
    words = _LOST if considered.outcome is Outcome.LESS_SPECIFIC else _WON
    return f"{said}{'：' if language == 'zh' else ': '}{_pick(words[considered.why], language)}"


def describe(rule: DispatchRule, language: Language) -> str:
    """Write what a rule covers: its class, place and source."""
    zh = language == "zh"
    parts: list[str] = []
    if rule.condition is not None:
        parts.append(f"立案条件{rule.subject}" if zh else f"condition {rule.subject}")
    elif rule.category:
        parts.append(f"类别{rule.category}" if zh else f"class {rule.category}")
    else:
        parts.append("所有类别" if zh else "all classes")
    if rule.grid_prefix:
        parts.append(f"网格{rule.grid_prefix}" if zh else f"grid {rule.grid_prefix}")
    else:
        parts.append("不限区域" if zh else "everywhere")
    if rule.source is not None:
        parts.append(f"来源{rule.source}" if zh else f"source {rule.source}")
    return ("，" if zh else ", ").join(parts)


def _rule_sentence(decision: Decision, language: Language, unit_names: Mapping[str, str]) -> str:
    """Write the sentence for a rule that won; the next one is named when there was a choice."""
    live = [one for one in decision.considered if one.outcome in {Outcome.CHOSEN, Outcome.LESS_SPECIFIC}]
    chosen = live[0]
    rule = chosen.rule
    lead, *helping = [unit_names.get(unit, unit) for unit in (rule.lead_unit, *rule.helping_units)]
    if language == "zh":
        said = f"按规则“{rule.name_zh}”（{describe(rule, language)}）由{lead}承办"
        said += f"，{'、'.join(helping)}协办" if helping else ""
        if chosen.why is None:
            return said + "。"
        return f"{said}；它先于“{live[1].rule.name_zh}”：{_pick(_WON[chosen.why], language)}。"
    said = f'Rule "{rule.name_en}" ({describe(rule, language)}) sends it to {lead}'
    said += f", helped by {', '.join(helping)}" if helping else ""
    if chosen.why is None:
        return said + "."
    return f'{said}; it goes before "{live[1].rule.name_en}": {_pick(_WON[chosen.why], language)}.'


def _near_misses(decision: Decision, language: Language) -> str:
    """Name the rules for this class and place that failed on source or time: they surprise people most."""
    if not decision.considered:
        return ""
    if language == "zh":
        named = "；".join(
            f"“{one.rule.name_zh}”{explain_considered(one, language)}" for one in decision.considered
        )
        return f"（{named}）"
    named = "; ".join(
        f'"{one.rule.name_en}" {explain_considered(one, language)}' for one in decision.considered
    )
    return f" ({named})"


def _pick(pair: tuple[str, str], language: Language) -> str:
    return pair[0] if language == "zh" else pair[1]


_OUTCOMES = {
    Outcome.CHOSEN: ("采用", "was chosen"),
    Outcome.LESS_SPECIFIC: ("未采用", "was outranked"),
    Outcome.OTHER_SOURCE: ("只用于别的来源", "is for another source"),
    Outcome.NOT_YET_VALID: ("尚未生效", "is not yet in force"),
    Outcome.NO_LONGER_VALID: ("已经失效", "is no longer in force"),
}

_WON = {
    Aspect.AREA: ("它指定了网格", "it names a grid"),
    Aspect.GRID_LENGTH: ("它指定的网格更小", "it names a smaller grid"),
    Aspect.REACH: ("它指定的类别更细", "it is more exact about the class"),
    Aspect.NAMES_SOURCE: ("它指定了来源", "it names the source"),
    Aspect.PRECEDENCE: ("它的顺序在前", "it comes first by order"),
}

_LOST = {
    Aspect.AREA: ("它没有指定网格", "it names no grid"),
    Aspect.GRID_LENGTH: ("它指定的网格更大", "it names a larger grid"),
    Aspect.REACH: ("它指定的类别较粗", "it is less exact about the class"),
    Aspect.NAMES_SOURCE: ("它没有指定来源", "it names no source"),
    Aspect.PRECEDENCE: ("它的顺序在后", "it comes later by order"),
}
