"""What is wrong with a set of dispatch rules as a whole: ties, and rules that can never get a case.

Looked for when rules are saved, so that choosing never has to guess. Single rules check themselves.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from api.domain.dispatch_hours import comes_between, difference, intersection, union
from api.domain.dispatch_rules import Area, DispatchRule

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_FOREVER = datetime.max.replace(tzinfo=UTC)


class ConflictKind(StrEnum):
    """What is wrong."""

    ID_REPEATED = "id_repeated"
    TIE = "tie"
    NEVER_CHOSEN = "never_chosen"
    HOURS_NEVER = "hours_never"
    CATEGORY_UNKNOWN = "category_unknown"
    CONDITION_UNKNOWN = "condition_unknown"
    GRID_UNKNOWN = "grid_unknown"
    PLACE_UNKNOWN = "place_unknown"
    AREA_UNKNOWN = "area_unknown"
    PLACE_TYPE_UNKNOWN = "place_type_unknown"
    SOURCE_UNKNOWN = "source_unknown"
    UNIT_UNKNOWN = "unit_unknown"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A rule that must not be saved like this, those it collides with, and a sentence in two languages.

    `pointer` names the field of the rule that would have to be another.
    """

    kind: ConflictKind
    rule_id: str
    other_rule_ids: tuple[str, ...]
    detail_zh: str
    detail_en: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Known:
    """The codes that are in use. `conditions` are written `P0101-2`; what is `None` is not checked."""

    categories: Collection[str] | None = None
    conditions: Collection[str] | None = None
    grids: Collection[str] | None = None
    places: Collection[str] | None = None
    areas: Collection[str] | None = None
    place_types: Collection[str] | None = None
    sources: Collection[str] | None = None
    units: Collection[str] | None = None


def conflicts(rules: Iterable[DispatchRule], zone: ZoneInfo, known: Known | None = None) -> list[Conflict]:
    """Return everything that stands against saving these rules, in their order; empty when all is well.

    Two rules tie when some case is covered by both at the same moment and neither is more specific. A rule is
    never chosen when rules before it, by naming hours or by explicit order, cover the same cases during its whole
    validity and hours. Hours are those of `zone`, the city's; moments are compared exactly, over changes of clocks.
    """
    rules = tuple(rules)
    found = [
        *_repeated_ids(rules),
        *_never_within_hours(rules, zone),
        *_collisions(rules, zone),
        *unknown_codes(rules, known or Known()),
    ]
    position = {rule.id: number for number, rule in reversed(list(enumerate(rules)))}
    return sorted(found, key=lambda conflict: position[conflict.rule_id])


def _repeated_ids(rules: Sequence[DispatchRule]) -> Iterator[Conflict]:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            yield Conflict(
                ConflictKind.ID_REPEATED,
                rule.id,
                (),
                f"规则编号{rule.id}出现了不止一次。",
                f"The rule id {rule.id} is used more than once.",
                "/id",
            )
        seen.add(rule.id)


def _never_within_hours(rules: Iterable[DispatchRule], zone: ZoneInfo) -> Iterator[Conflict]:
    for rule in rules:
        if rule.hours and not comes_between(rule.week, _starts(rule), _ends(rule), zone):
            yield Conflict(
                ConflictKind.HOURS_NEVER,
                rule.id,
                (),
                f"规则“{rule.name_zh}”的有效期内没有它的适用时段，因此永远轮不到。",
                f'Rule "{rule.name_en}" never counts: none of its hours come during its validity.',
                "/hours",
            )


def _collisions(rules: Sequence[DispatchRule], zone: ZoneInfo) -> Iterator[Conflict]:
    """Compare rules for the same where, class, condition and source: only they may lack a winner.

    Any others part in specificity, or name different prefixes of equal length, places or types, and no case has both,
    or different areas, one of which is smaller.
    """
    alike: defaultdict[tuple[tuple[Area, str], str, str | None], list[DispatchRule]] = defaultdict(list)
    for rule in rules:
        alike[rule.where, rule.subject, rule.source].append(rule)
    for group in alike.values():
        if len(group) > 1:
            group.sort(key=lambda rule: (_turn(rule), _starts(rule)))
            for number, rule in enumerate(group):
                yield from _collision(rule, group[:number], zone)


def _collision(rule: DispatchRule, earlier: Sequence[DispatchRule], zone: ZoneInfo) -> Iterator[Conflict]:
    """Compare one rule with those before it by turn and start."""
    overlapping = [other for other in earlier if _meet(other, rule, zone)]
    tied = tuple(other for other in overlapping if _turn(other) == _turn(rule))
    if tied:
        yield Conflict(
            ConflictKind.TIE,
            rule.id,
            tuple(other.id for other in tied),
            f"规则“{rule.name_zh}”与{_listed_zh(tied)}适用于同样的案件、同样的时间，"
            "且顺序号相同，分不出先后：请改顺序号、有效期或适用时段。",
            f'Rule "{rule.name_en}" covers the same cases at the same time as {_listed_en(tied)}, '
            "with the same order, so neither wins: change an order, a validity or hours.",
            "/order",
        )
        return
    if overlapping and _cover(overlapping, rule, zone):
        yield Conflict(
            ConflictKind.NEVER_CHOSEN,
            rule.id,
            tuple(other.id for other in overlapping),
            f"规则“{rule.name_zh}”永远轮不到：{_listed_zh(overlapping)}适用于同样的案件，排在前面，"
            "并且占满了它的有效期和时段。",
            f'Rule "{rule.name_en}" is never chosen: its whole validity and hours are filled by '
            f"{_listed_en(overlapping)}, for the same cases and before it.",
            "/order",
        )


def _turn(rule: DispatchRule) -> tuple[bool, int]:
    """Return what sorts rules for the same where, class, condition and source: the one that wins first."""
    return not rule.hours, rule.order


def _meet(one: DispatchRule, other: DispatchRule, zone: ZoneInfo) -> bool:
    """Tell whether there is a moment at which both rules count."""
    start, stop = max(_starts(one), _starts(other)), min(_ends(one), _ends(other))
    return start < stop and comes_between(intersection(one.week, other.week), start, stop, zone)


def _cover(others: Sequence[DispatchRule], rule: DispatchRule, zone: ZoneInfo) -> bool:
    """Tell whether at every moment at which the rule counts one of the others does."""
    first, last = _starts(rule), _ends(rule)
    turns = {first, last, *(turn for other in others for turn in (_starts(other), _ends(other)))}
    for start, stop in pairwise(sorted(turn for turn in turns if first <= turn <= last)):
        there = union(
            span
            for other in others
            if _starts(other) <= start and stop <= _ends(other)
            for span in other.week
        )
        if comes_between(difference(rule.week, there), start, stop, zone):
            return False
    return True


def _starts(rule: DispatchRule) -> datetime:
    return _ALWAYS if rule.valid_from is None else rule.valid_from.astimezone(UTC)


def _ends(rule: DispatchRule) -> datetime:
    return _FOREVER if rule.valid_until is None else rule.valid_until.astimezone(UTC)


def faults(rule: DispatchRule, known: Known, now: datetime) -> list[Conflict]:
    """Return why a rule that was right when it was saved can't win any more; empty when it can.

    What it names was retired, given up or closed down since, or its validity is over.
    """
    found = list(unknown_codes([rule], known))
    if _ends(rule) <= now:
        found.append(
            Conflict(
                ConflictKind.ENDED,
                rule.id,
                (),
                f"规则“{rule.name_zh}”的有效期已过。",
                f'The validity of rule "{rule.name_en}" is over.',
                "/valid_until",
            )
        )
    return found


def unknown_codes(rules: Iterable[DispatchRule], known: Known) -> Iterator[Conflict]:
    """Name the rules that no case can ever match, or that send cases to a unit that is not there."""
    categories = None if known.categories is None else sorted(known.categories)
    grids = None if known.grids is None else sorted(known.grids)
    for rule in rules:
        if categories is not None and not _begins_some(rule.category, categories):
            yield _unknown(rule, ConflictKind.CATEGORY_UNKNOWN, "/category", rule.category)
        elif (
            rule.condition is not None
            and known.conditions is not None
            and rule.subject not in known.conditions
        ):
            yield _unknown(rule, ConflictKind.CONDITION_UNKNOWN, "/condition", rule.subject)
        if grids is not None and not _begins_some(rule.grid_prefix, grids):
            yield _unknown(rule, ConflictKind.GRID_UNKNOWN, "/grid_prefix", rule.grid_prefix)
        yield from _unknown_where(rule, known)
        if rule.source is not None and known.sources is not None and rule.source not in known.sources:
            yield _unknown(rule, ConflictKind.SOURCE_UNKNOWN, "/source", rule.source)
        if known.units is not None:
            if rule.lead_unit not in known.units:
                yield _unknown(rule, ConflictKind.UNIT_UNKNOWN, "/lead_unit", rule.lead_unit)
            for number, unit in enumerate(rule.helping_units):
                if unit not in known.units:
                    yield _unknown(rule, ConflictKind.UNIT_UNKNOWN, f"/helping_units/{number}", unit)


def _unknown_where(rule: DispatchRule, known: Known) -> Iterator[Conflict]:
    for kind, pointer, code, codes in (
        (ConflictKind.PLACE_UNKNOWN, "/place", rule.place, known.places),
        (ConflictKind.AREA_UNKNOWN, "/area", rule.area, known.areas),
        (ConflictKind.PLACE_TYPE_UNKNOWN, "/place_type", rule.place_type, known.place_types),
    ):
        if code is not None and codes is not None and code not in codes:
            yield _unknown(rule, kind, pointer, code)


def _begins_some(prefix: str, codes_sorted: Sequence[str]) -> bool:
    """Tell whether some code begins with the prefix: the first code not below it does, if any."""
    position = bisect_left(codes_sorted, prefix)
    return position < len(codes_sorted) and codes_sorted[position].startswith(prefix)


_NOUNS = {
    ConflictKind.CATEGORY_UNKNOWN: ("类别", "class"),
    ConflictKind.CONDITION_UNKNOWN: ("立案条件", "filing condition"),
    ConflictKind.GRID_UNKNOWN: ("网格", "grid"),
    ConflictKind.PLACE_UNKNOWN: ("点位", "place"),
    ConflictKind.AREA_UNKNOWN: ("片区", "area"),
    ConflictKind.PLACE_TYPE_UNKNOWN: ("点位类型", "type of place"),
    ConflictKind.SOURCE_UNKNOWN: ("来源", "source"),
    ConflictKind.UNIT_UNKNOWN: ("单位", "unit"),
}


def _unknown(rule: DispatchRule, kind: ConflictKind, pointer: str, code: str) -> Conflict:
    noun_zh, noun_en = _NOUNS[kind]
    return Conflict(
        kind,
        rule.id,
        (),
        f"规则“{rule.name_zh}”所写的{noun_zh}{code}不存在或已停用。",
        f'Rule "{rule.name_en}" names {noun_en} {code}, and none is in use.',
        pointer,
    )


def _listed_zh(rules: Iterable[DispatchRule]) -> str:
    return "、".join(f"“{rule.name_zh}”" for rule in rules)


def _listed_en(rules: Iterable[DispatchRule]) -> str:
    return " and ".join(f'"{rule.name_en}"' for rule in rules)
