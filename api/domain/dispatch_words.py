"""Says in a sentence why a case went where it went, in Chinese and in English."""

from collections.abc import Mapping
from types import MappingProxyType

from api.domain.dispatch import Aspect, Considered, Decision, Outcome, Reason
from api.domain.dispatch_hours import describe_hours
from api.domain.dispatch_rules import Area, DispatchRule
from api.domain.limits import Language

_NO_NAMES: Mapping[str, str] = MappingProxyType({})


def explain(decision: Decision, language: Language, unit_names: Mapping[str, str] = _NO_NAMES) -> str:
    """Name the rule that decided and what put it before the next, or say that none did and what follows.

    `unit_names` are by unit code and in the same language; a unit that is missing there is shown by its code.
    """
    match decision.reason:
        case Reason.RULE:
            return _rule_sentence(decision, language, unit_names)
        case Reason.SIGNER:
            return _signer_sentence(decision, language, unit_names)
        case Reason.NO_RULE:
            if language == "zh":
                return f"没有规则适用{_near_misses(decision, language)}，也没有设置兜底单位，转派遣员研判。"
            return (
                f"No rule matched{_near_misses(decision, language)} and no unit is set to fall back on; "
                "a dispatcher decides (triage)."
            )
        case _:
            near, taken = _near_misses(decision, language), _fallback(decision, language)
            return (
                f"没有规则适用{near}，{taken}。" if language == "zh" else f"No rule matched{near}; {taken}."
            )


def _signer_sentence(decision: Decision, language: Language, unit_names: Mapping[str, str]) -> str:
    """Say who answers for the place by an agreement."""
    assert decision.fallback is not None  # noqa: S101  the ground of such a decision
    unit = unit_names.get(decision.fallback.unit, decision.fallback.unit)
    if language == "zh":
        return f"点位“{decision.fallback.name_zh}”签有门前责任书，先由签订单位{unit}承办。"
    return (
        f'{unit} signed the frontage agreement of "{decision.fallback.name_en}" and gets it first (门前三包).'
    )


def _fallback(decision: Decision, language: Language) -> str:
    """Say who takes what no rule covers, and on what ground."""
    name_zh = f"“{decision.fallback.name_zh}”" if decision.fallback and decision.fallback.name_zh else ""
    name_en = f' "{decision.fallback.name_en}"' if decision.fallback and decision.fallback.name_en else ""
    match decision.reason:
        case Reason.PLACE_UNIT:
            zh, en = (
                f"由点位{name_zh}的责任单位承办",
                f"the unit responsible for the place{name_en} takes it (点位责任单位)",
            )
        case Reason.AREA_OWNER:
            zh, en = (
                f"由权属片区{name_zh}的权属单位承办",
                f"the owner of the area{name_en} takes it (权属单位)",
            )
        case _:
            zh, en = "按属地兜底由网格所属单位承办", "the grid's owning street takes it (属地兜底)"
    return _pick((zh, en), language)


def explain_considered(considered: Considered, language: Language) -> str:
    """Say what became of one rule that was looked at."""
    zh, en = _OUTCOMES[considered.outcome]
    said = zh if language == "zh" else en
    if considered.why is None:
        return said
    said_why = _lost if considered.outcome is Outcome.LESS_SPECIFIC else _won
    return f"{said}{'：' if language == 'zh' else ': '}{said_why(considered.rule, considered.why, language)}"


def describe(rule: DispatchRule, language: Language) -> str:
    """Write what a rule covers: its class, place, source and hours."""
    zh = language == "zh"
    parts: list[str] = []
    if rule.condition is not None:
        parts.append(f"立案条件{rule.subject}" if zh else f"condition {rule.subject}")
    elif rule.category:
        parts.append(f"类别{rule.category}" if zh else f"class {rule.category}")
    else:
        parts.append("所有类别" if zh else "all classes")
    area, code = rule.where
    parts.append(_pick(_WHERE[area], language) + ("" if zh or not code else " ") + code)
    if rule.source is not None:
        parts.append(f"来源{rule.source}" if zh else f"source {rule.source}")
    if rule.hours:
        parts.append(describe_hours(rule.hours, language))
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
        return f"{said}；它先于“{live[1].rule.name_zh}”：{_won(rule, chosen.why, language)}。"
    said = f'Rule "{rule.name_en}" ({describe(rule, language)}) sends it to {lead}'
    said += f", helped by {', '.join(helping)}" if helping else ""
    if chosen.why is None:
        return said + "."
    return f'{said}; it goes before "{live[1].rule.name_en}": {_won(rule, chosen.why, language)}.'


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


def _won(rule: DispatchRule, why: Aspect, language: Language) -> str:
    if why is Aspect.AREA:
        return _pick(_NAMES_WHERE[rule.where[0]], language)
    return _pick(_WON[why], language)


def _lost(rule: DispatchRule, why: Aspect, language: Language) -> str:
    if why is Aspect.AREA:
        area = rule.where[0]
        if area is Area.ANYWHERE:
            return _pick(_NAMES_WHERE[area], language)
        zh, en = _WHERE[area]
        return _pick((f"它只指定了{zh}", f"it only names {_ARTICLES[area]} {en}"), language)
    return _pick(_LOST[why], language)


_OUTCOMES = {
    Outcome.CHOSEN: ("采用", "was chosen"),
    Outcome.LESS_SPECIFIC: ("未采用", "was outranked"),
    Outcome.AFTER_SIGNER: ("排在责任书签订单位之后", "comes after the signer of the frontage agreement"),
    Outcome.OTHER_SOURCE: ("只用于别的来源", "is for another source"),
    Outcome.NOT_YET_VALID: ("尚未生效", "is not yet in force"),
    Outcome.NO_LONGER_VALID: ("已经失效", "is no longer in force"),
    Outcome.OUTSIDE_HOURS: ("不在适用时段", "is for other hours"),
}

_WHERE = {
    Area.PLACE: ("点位", "place"),
    Area.GRID: ("网格", "grid"),
    Area.DRAWN: ("片区", "area"),
    Area.PLACE_TYPE: ("点位类型", "type of place"),
    Area.ANYWHERE: ("不限区域", "everywhere"),
}
_ARTICLES = {Area.PLACE: "a", Area.GRID: "a", Area.DRAWN: "an", Area.PLACE_TYPE: "a"}

_NAMES_WHERE = {
    Area.PLACE: ("它指定了点位", "it names a place"),
    Area.GRID: ("它指定了网格", "it names a grid"),
    Area.DRAWN: ("它指定了片区", "it names an area"),
    Area.PLACE_TYPE: ("它指定了点位类型", "it names a type of place"),
    Area.ANYWHERE: ("它没有指定区域", "it is for everywhere"),
}

_WON = {
    Aspect.GRID_LENGTH: ("它指定的网格更小", "it names a smaller grid"),
    Aspect.AREA_SIZE: ("它指定的片区更小", "it names a smaller area"),
    Aspect.REACH: ("它指定的类别更细", "it is more exact about the class"),
    Aspect.NAMES_SOURCE: ("它指定了来源", "it names the source"),
    Aspect.NAMES_HOURS: ("它指定了时段", "it names the hours"),
    Aspect.PRECEDENCE: ("它的顺序在前", "it comes first by order"),
}

_LOST = {
    Aspect.GRID_LENGTH: ("它指定的网格更大", "it names a larger grid"),
    Aspect.AREA_SIZE: ("它指定的片区更大", "it names a larger area"),
    Aspect.REACH: ("它指定的类别较粗", "it is less exact about the class"),
    Aspect.NAMES_SOURCE: ("它没有指定来源", "it names no source"),
    Aspect.NAMES_HOURS: ("它没有指定时段", "it names no hours"),
    Aspect.PRECEDENCE: ("它的顺序在后", "it comes later by order"),
}
