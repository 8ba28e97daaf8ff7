"""What a change of the dispatch rules would have meant for cases of the past."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from api.domain.dispatch import Decision, Matter, RuleIndex
from api.domain.dispatch_changes import RulesRefused, WrongRule, wrong_with_change
from api.domain.dispatch_conflicts import ConflictKind
from api.domain.dispatch_decision import decide, known_codes
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import FieldWrong
from api.domain.reference import Reference

EXAMPLES_MAX = 20
"""Cases that are told one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class PastCase:
    """A ticket as it was dispatched; `matter.at` is the instant at which it was filed."""

    ticket_id: UUID
    number: str
    matter: Matter


@dataclass(frozen=True, slots=True)
class Move:
    """A case that would have gone to another unit, or to none."""

    case: PastCase
    before: Decision
    after: Decision


@dataclass(slots=True)
class Replay:
    """Cases decided twice, by the rules of today and by changed ones.

    Held against the rules of today, not against what became of the case: dispatchers and rulings had their say
    in that. `pairs` counts the moves by the units' codes; None stands for nobody.
    """

    present: Reference
    changed: Reference
    examined: int = 0
    pairs: Counter[tuple[str | None, str | None]] = field(
        default_factory=Counter[tuple[str | None, str | None]]
    )
    examples: list[Move] = field(default_factory=list[Move])
    is_complete: bool = True

    def add(self, cases: Iterable[PastCase]) -> None:
        """Decide these cases and count what would have gone elsewhere."""
        for case in cases:
            self.examined += 1
            before, after = decide(self.present, case.matter), decide(self.changed, case.matter)
            if before.unit == after.unit:
                continue
            self.pairs[before.unit, after.unit] += 1
            if len(self.examples) < EXAMPLES_MAX:
                self.examples.append(Move(case, before, after))


def with_changed_rules(
    reference: Reference, rules: Sequence[DispatchRule], switched_off: Sequence[str]
) -> Reference:
    """Return the reference data as they would be with these rules put and those switched off.

    Raises RulesRefused (pointers into `/rules` and `/deactivate`) for rules that could not be stored so, and
    FieldWrong for one to switch off that does not exist.
    """
    in_force = dict(reference.rules.by_id)
    pointers: dict[str, str] = {}
    for number, rule in enumerate(rules):
        _name_once(pointers, rule.id, f"/rules/{number}", "/id")
        in_force[rule.id] = rule
    for number, rule_id in enumerate(switched_off):
        _name_once(pointers, rule_id, f"/deactivate/{number}", "")
        if in_force.pop(rule_id, None) is None:
            raise FieldWrong(f"/deactivate/{number}", "rule_unknown", f"No rule {rule_id!r} is in force.")
    wrong = wrong_with_change(in_force.values(), pointers, known_codes(reference), reference.zone)
    if wrong:
        raise RulesRefused(wrong)
    return replace(reference, rules=RuleIndex(in_force.values(), reference.zone))


def _name_once(pointers: dict[str, str], rule_id: str, pointer: str, member: str) -> None:
    if pointers.setdefault(rule_id, pointer) != pointer:
        said = f"The rule id {rule_id} is used more than once."
        raise RulesRefused([WrongRule(pointer + member, ConflictKind.ID_REPEATED.value, said)])
