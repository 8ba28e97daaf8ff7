"""Which unit gets a case (派遣): the most specific rule that covers it, or the fallback, or nobody.

What "most specific" means stands in `api.domain.dispatch_rules.Specificity` and nowhere else. The answer
carries every rule that was looked at, so that "why did this come to us?" has an answer
(`api.domain.dispatch_words`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from api.domain.calendar_errors import NaiveInstant
from api.domain.category_codes import ConditionCode
from api.domain.dispatch_hours import minute_of_week
from api.domain.dispatch_rules import Area, DispatchRule

_CATEGORY_PREFIX_LENGTHS = (5, 3, 1, 0)
"""Lengths of what a rule may name of a class code, most specific first: `E0406`, `E04`, `E`, nothing."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be dispatched: as much of a ticket as rules ask about, whether it exists or is only thought of.

    `grid_code` is `None` outside all grids; no rule for a grid covers it then. `at` is an instant with a UTC offset:
    rules must be in force then, and count at that hour. `place` is the code of a known place (点位) and `place_type`
    its type; `areas` are the codes of the areas drawn around it, the smallest first and equal ones by code.
    """

    category: str
    condition: int | None
    grid_code: str | None
    source: str
    at: datetime
    place: str | None = None
    place_type: str | None = None
    areas: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise NaiveInstant(self.at)


class Outcome(StrEnum):
    """What became of a rule that covers the class and the place of a case."""

    CHOSEN = "chosen"
    LESS_SPECIFIC = "less_specific"
    AFTER_SIGNER = "after_signer"
    OTHER_SOURCE = "other_source"
    NOT_YET_VALID = "not_yet_valid"
    NO_LONGER_VALID = "no_longer_valid"
    OUTSIDE_HOURS = "outside_hours"


class Aspect(StrEnum):
    """Where two rules part: the first step of the order in `Specificity` in which they differ."""

    AREA = "area"
    GRID_LENGTH = "grid_length"
    AREA_SIZE = "area_size"
    REACH = "reach"
    NAMES_SOURCE = "names_source"
    NAMES_HOURS = "names_hours"
    PRECEDENCE = "precedence"


# A tuple, because going through the class itself takes longer than the comparisons.
_FIELDS = tuple(enumerate(aspect for aspect in Aspect if aspect is not Aspect.AREA_SIZE))
"""The aspects that are fields of `Specificity`, by their position."""


class Reason(StrEnum):
    """On what ground a unit was chosen, or none."""

    RULE = "rule"
    SIGNER = "signer"
    PLACE_UNIT = "place_unit"
    AREA_OWNER = "area_owner"
    FALLBACK = "fallback"
    NO_RULE = "no_rule"


class Fallback(NamedTuple):
    """Who takes a case without a rule: the unit, on what ground, and the name of the place or area in two languages."""

    unit: str
    reason: Reason = Reason.FALLBACK
    name_zh: str = ""
    name_en: str = ""


class Considered(NamedTuple):
    """A rule that covers the class and the place of a case, and what became of it.

    `why` is the aspect in which a less specific rule lost against the chosen one; for the chosen rule it is
    the aspect in which it beat the next, `None` when no other was left. Otherwise the outcome says it all.
    """

    rule: DispatchRule
    outcome: Outcome
    why: Aspect | None = None

    @property
    def rule_id(self) -> str:
        """The rule's id."""
        return self.rule.id


@dataclass(frozen=True, slots=True)
class Decision:
    """The unit that gets a case and why.

    `rule` is set exactly when `reason` is `RULE`; `unit` is `None` exactly when it is `NO_RULE`, which means
    triage by a dispatcher; otherwise `fallback` says whose ground it is. `considered` runs from the most to the least
    specific.
    """

    rule: DispatchRule | None
    unit: str | None
    reason: Reason
    considered: tuple[Considered, ...]
    fallback: Fallback | None = None


class RuleIndex:
    """Rules laid out so that the few that cover a case are found without looking at the others.

    A case is covered by rules that name its place, a prefix of its grid code, one of its areas, its type of place or
    nothing of the kind, and a prefix of its class. Each of these is few, so the index looks every pair up. Only
    lengths of grid prefixes that rules really use are tried, whatever the city's pattern of grid codes. Walking from
    the place to anywhere, from long to short and from small to large yields the rules most specific first.

    `zone` is the city's: by its wall clock the hours of rules are read.
    """

    def __init__(self, rules: Iterable[DispatchRule], zone: ZoneInfo) -> None:
        cells: defaultdict[tuple[Area, str], defaultdict[str, list[DispatchRule]]]
        cells = defaultdict(lambda: defaultdict(list))
        self.rules = tuple(rules)
        self.zone = zone
        self.names_hours = any(rule.hours for rule in self.rules)
        self.by_id = MappingProxyType({rule.id: rule for rule in self.rules})
        for rule in self.rules:
            cells[rule.where][rule.subject].append(rule)
        self._cells: dict[Area, dict[str, _Cell]] = {area: {} for area in Area}
        for (area, code), by_subject in cells.items():
            self._cells[area][code] = {
                subject: _most_specific_first(found) for subject, found in by_subject.items()
            }
        self._grid_prefix_lengths = sorted({len(prefix) for prefix in self._cells[Area.GRID]}, reverse=True)

    def covering(self, matter: Matter) -> list[DispatchRule]:
        """Return the rules that cover the class and the place of a case, most specific first.

        Source, validity and hours are not looked at: a rule that fails there is worth an explanation.
        """
        subjects = [matter.category[:length] for length in _CATEGORY_PREFIX_LENGTHS]
        if matter.condition is not None:
            subjects.insert(0, str(ConditionCode(matter.category, matter.condition)))
        found: list[DispatchRule] = []
        for cell in self._cells_around(matter):
            for subject in subjects:
                if subject in cell:
                    found += cell[subject]
        return found

    def _cells_around(self, matter: Matter) -> Iterator["_Cell"]:
        cells = self._cells
        if matter.place is not None and matter.place in cells[Area.PLACE]:
            yield cells[Area.PLACE][matter.place]
        grid_code, by_prefix = matter.grid_code or "", cells[Area.GRID]
        for length in self._grid_prefix_lengths:
            if length > len(grid_code):
                continue  # a slice would be the whole code, and stand for a rule of another length
            cell = by_prefix.get(grid_code[:length])
            if cell is not None:
                yield cell
        for area in matter.areas:
            cell = cells[Area.DRAWN].get(area)
            if cell is not None:
                yield cell
        if matter.place_type is not None and matter.place_type in cells[Area.PLACE_TYPE]:
            yield cells[Area.PLACE_TYPE][matter.place_type]
        yield from cells[Area.ANYWHERE].values()


def choose(
    index: RuleIndex, matter: Matter, fallback: Fallback | None = None, signer: Fallback | None = None
) -> Decision:
    """Decide which unit gets the case.

    `signer` answers for the place by an agreement: it goes before all rules but those that name this very place.
    `fallback` takes what no rule covers, such as the owner of the grid (属地兜底) where the office has configured one.
    Without either the decision names no unit and a dispatcher has to.
    """
    # Python compares two instants of one zone by wall clock, which is wrong where a clock is set back.
    at = matter.at.astimezone(UTC)
    minute = minute_of_week(at, index.zone) if index.names_hours else 0
    source = matter.source
    winner: DispatchRule | None = None
    first_beaten: DispatchRule | None = None
    considered: list[Considered] = []
    chosen_number = 0
    for rule in index.covering(matter):
        missed = _missed(rule, source, at, minute)
        if missed is not None:
            considered.append(Considered(rule, missed))
        elif signer is not None and winner is None and rule.place is None:
            considered.append(Considered(rule, Outcome.AFTER_SIGNER))
        elif winner is None:
            winner, chosen_number = rule, len(considered)
            considered.append(Considered(rule, Outcome.CHOSEN))
        else:
            first_beaten = first_beaten or rule
            considered.append(Considered(rule, Outcome.LESS_SPECIFIC, parting(winner, rule)))
    if winner is None:
        taker = signer or fallback
        if taker is None:
            return Decision(None, None, Reason.NO_RULE, tuple(considered))
        return Decision(None, taker.unit, taker.reason, tuple(considered), taker)
    if first_beaten is not None:
        considered[chosen_number] = Considered(winner, Outcome.CHOSEN, parting(winner, first_beaten))
    return Decision(winner, winner.lead_unit, Reason.RULE, tuple(considered))


def _missed(rule: DispatchRule, source: str, at: datetime, minute: int) -> Outcome | None:
    """Say why a rule for this class and place does not count for a case; None when it does."""
    if rule.source is not None and rule.source != source:
        return Outcome.OTHER_SOURCE
    if rule.valid_from is not None and at < rule.valid_from:
        return Outcome.NOT_YET_VALID
    if rule.valid_until is not None and rule.valid_until <= at:
        return Outcome.NO_LONGER_VALID
    if rule.hours and not any(start <= minute < stop for start, stop in rule.week):
        return Outcome.OUTSIDE_HOURS
    return None


def parting(one: DispatchRule, other: DispatchRule) -> Aspect | None:
    """Return the aspect in which two rules that cover the same case first differ; `None` for a tie."""
    mine, theirs = one.specificity, other.specificity
    if mine[0] is not theirs[0]:
        return Aspect.AREA  # what most rules differ in, and quicker than to go through them all
    if one.area != other.area:
        return Aspect.AREA_SIZE
    for position, aspect in _FIELDS:
        if mine[position] != theirs[position]:
            return aspect
    return None


_Cell = dict[str, tuple[DispatchRule, ...]]
"""The rules for one place, grid prefix, area or type, by what they are about."""


def _most_specific_first(rules: list[DispatchRule]) -> tuple[DispatchRule, ...]:
    """Sort; ids settle what cannot be saved (a tie), so that even then every process chooses the same."""
    return tuple(
        sorted(sorted(rules, key=lambda rule: rule.id), key=lambda rule: rule.specificity, reverse=True)
    )
