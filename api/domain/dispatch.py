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

from api.domain.calendar_errors import NaiveInstant
from api.domain.category_codes import ConditionCode
from api.domain.dispatch_rules import DispatchRule

_CATEGORY_PREFIX_LENGTHS = (5, 3, 1, 0)
"""Lengths of what a rule may name of a class code, most specific first: `E0406`, `E04`, `E`, nothing."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be dispatched: as much of a ticket as rules ask about, whether it exists or is only thought of.

    `grid_code` is `None` for a place outside all grids; only rules for everywhere cover it. `at` is an
    instant with a UTC offset: rules must be in force then.
    """

    category: str
    condition: int | None
    grid_code: str | None
    source: str
    at: datetime

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise NaiveInstant(self.at)


class Outcome(StrEnum):
    """What became of a rule that covers the class and the place of a case."""

    CHOSEN = "chosen"
    LESS_SPECIFIC = "less_specific"
    OTHER_SOURCE = "other_source"
    NOT_YET_VALID = "not_yet_valid"
    NO_LONGER_VALID = "no_longer_valid"


class Aspect(StrEnum):
    """Where two rules part: the first field of `Specificity`, from the left, in which they differ."""

    AREA = "area"
    GRID_LENGTH = "grid_length"
    REACH = "reach"
    NAMES_SOURCE = "names_source"
    PRECEDENCE = "precedence"


# A tuple, because going through the class itself takes longer than the comparisons.
_ASPECTS = tuple(Aspect)


class Reason(StrEnum):
    """On what ground a unit was chosen, or none."""

    RULE = "rule"
    FALLBACK = "fallback"
    NO_RULE = "no_rule"


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
    triage by a dispatcher. `considered` runs from the most to the least specific.
    """

    rule: DispatchRule | None
    unit: str | None
    reason: Reason
    considered: tuple[Considered, ...]


class RuleIndex:
    """Rules laid out so that the few that cover a case are found without looking at the others.

    A case is covered by rules for a prefix of its grid code and for a prefix of its class. Both have few
    prefixes, so the index looks each pair up. Only prefix lengths that rules really use are tried, whatever
    the city's pattern of grid codes. Walking them from long to short yields the rules most specific first.
    """

    def __init__(self, rules: Iterable[DispatchRule]) -> None:
        cells: defaultdict[str, defaultdict[str, list[DispatchRule]]]
        cells = defaultdict(lambda: defaultdict(list))
        self.rules = tuple(rules)
        self.by_id = MappingProxyType({rule.id: rule for rule in self.rules})
        for rule in self.rules:
            cells[rule.grid_prefix][rule.subject].append(rule)
        self._cells = {
            grid_prefix: {subject: _most_specific_first(found) for subject, found in by_subject.items()}
            for grid_prefix, by_subject in cells.items()
        }
        self._grid_prefix_lengths = sorted({len(grid_prefix) for grid_prefix in cells}, reverse=True)

    def covering(self, matter: Matter) -> Iterator[DispatchRule]:
        """Yield the rules that cover the class and the place of a case, most specific first.

        Source and validity are not looked at: a rule that fails there is worth an explanation.
        """
        subjects = [matter.category[:length] for length in _CATEGORY_PREFIX_LENGTHS]
        if matter.condition is not None:
            subjects.insert(0, str(ConditionCode(matter.category, matter.condition)))
        grid_code = matter.grid_code or ""
        for length in self._grid_prefix_lengths:
            if length > len(grid_code):
                continue  # a slice would be the whole code, and stand for a rule of another length
            cell = self._cells.get(grid_code[:length])
            if cell is not None:
                for subject in subjects:
                    yield from cell.get(subject, ())


def choose(index: RuleIndex, matter: Matter, fallback_unit: str | None = None) -> Decision:
    """Decide which unit gets the case.

    `fallback_unit` is the owner of the place (属地兜底) where the office has configured one; it takes what no
    rule covers. Without it the decision names no unit and a dispatcher has to.
    """
    # Python compares two instants of one zone by wall clock, which is wrong where a clock is set back.
    at = matter.at.astimezone(UTC)
    winner: DispatchRule | None = None
    first_beaten: DispatchRule | None = None
    considered: list[Considered] = []
    chosen_number = 0
    for rule in index.covering(matter):
        if rule.source is not None and rule.source != matter.source:
            considered.append(Considered(rule, Outcome.OTHER_SOURCE))
        elif rule.valid_from is not None and at < rule.valid_from:
            considered.append(Considered(rule, Outcome.NOT_YET_VALID))
        elif rule.valid_until is not None and rule.valid_until <= at:
            considered.append(Considered(rule, Outcome.NO_LONGER_VALID))
        elif winner is None:
            winner, chosen_number = rule, len(considered)
            considered.append(Considered(rule, Outcome.CHOSEN))
        else:
            first_beaten = first_beaten or rule
            considered.append(Considered(rule, Outcome.LESS_SPECIFIC, parting(winner, rule)))
    if winner is None:
        reason = Reason.NO_RULE if fallback_unit is None else Reason.FALLBACK
        return Decision(None, fallback_unit, reason, tuple(considered))
    if first_beaten is not None:
        considered[chosen_number] = Considered(winner, Outcome.CHOSEN, parting(winner, first_beaten))
    return Decision(winner, winner.lead_unit, Reason.RULE, tuple(considered))


def parting(one: DispatchRule, other: DispatchRule) -> Aspect | None:
    """Return the aspect in which the specificity of two rules first differs; `None` for a tie."""
    for aspect, mine, theirs in zip(_ASPECTS, one.specificity, other.specificity, strict=True):
        if mine != theirs:
            return aspect
    return None


def _most_specific_first(rules: list[DispatchRule]) -> tuple[DispatchRule, ...]:
    """Sort; ids settle what cannot be saved (a tie), so that even then every process chooses the same."""
    return tuple(
        sorted(sorted(rules, key=lambda rule: rule.id), key=lambda rule: rule.specificity, reverse=True)
    )
