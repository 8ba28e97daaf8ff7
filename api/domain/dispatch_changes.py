"""A change of the dispatch rules: what stands against it, and what it would do to those that are in force."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from api.domain.dispatch_conflicts import Conflict, ConflictKind, Known, conflicts
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import Refusal

WRONG_TOLD_MAX = 100
"""A file can be wrong in every line; whoever mends it begins with the first."""


@dataclass(frozen=True, slots=True)
class WrongRule:
    """One thing that stands against a rule, at its field; `rules` names the others that it collides with.

    `line` is where a file has it, counted from 1. `detail_zh` is there where the sentence exists in Chinese.
    """

    pointer: str
    code: str
    detail: str
    detail_zh: str | None = None
    rules: tuple[str, ...] = ()
    line: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as a member of `errors`, without what is not there."""
        told: dict[str, Any] = {"pointer": self.pointer, "code": self.code, "detail": self.detail}
        if self.detail_zh is not None:
            told["detail_zh"] = self.detail_zh
        if self.rules:
            told["rules"] = list(self.rules)
        if self.line is not None:
            told["line"] = self.line
        return told


class RulesRefused(Refusal):
    """These dispatch rules can't be meant, or not beside the others."""

    code = "rules_refused"

    def __init__(self, wrong: Sequence[WrongRule]) -> None:
        """Tell the first things that are wrong, and how many there are."""
        first = wrong[0]
        super().__init__(
            first.detail if len(wrong) == 1 else f"{len(wrong)} things are wrong; the first: {first.detail}",
            errors=[one.as_json() for one in wrong[:WRONG_TOLD_MAX]],
            wrong=len(wrong),
        )
        self.wrong = tuple(wrong)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A complete set of rules as somebody sent it; `lines` says where a file has the value at a pointer."""

    rules: tuple[DispatchRule, ...]
    lines: Mapping[str, int] = field(default_factory=dict[str, int])

    def wrong(self, known: Known, zone: ZoneInfo) -> list[WrongRule]:
        """Return all that stands against the set; empty when it can be stored. `zone` is the city's."""
        pointers: dict[str, str] = {}
        repeated: list[WrongRule] = []
        for number, rule in enumerate(self.rules):
            pointer = f"/rules/{number}"
            if pointers.setdefault(rule.id, pointer) != pointer:
                said = f"The rule id {rule.id} is used more than once."
                repeated.append(WrongRule(f"{pointer}/id", ConflictKind.ID_REPEATED.value, said))
        return located(repeated or wrong_with_change(self.rules, pointers, known, zone), self.lines)


def located(wrong: Iterable[WrongRule], lines: Mapping[str, int]) -> list[WrongRule]:
    """Say where a file has what is wrong: the line of the value, or of the nearest thing around it."""
    found: list[WrongRule] = []
    for one in wrong:
        around = one.pointer
        while around and around not in lines:
            around = around.rpartition("/")[0]
        found.append(replace(one, line=lines.get(around)))
    return found


def wrong_with_change(
    rules: Iterable[DispatchRule], changed: Mapping[str, str], known: Known, zone: ZoneInfo
) -> list[WrongRule]:
    """Return what stands against a change; `rules` are all that would be in force after it.

    `changed` has the pointer of each changed rule by its id. What is wrong with rules that stay as they are, such
    as a class that was retired since, is not held against a change of others.
    """
    return [wrong for conflict in conflicts(rules, zone, known) for wrong in _told(conflict, changed)]


def _told(conflict: Conflict, changed: Mapping[str, str]) -> Iterator[WrongRule]:
    """Tell a conflict at the changed rule: at its own or, if that stays as it is, at those that run into it."""
    involved = (conflict.rule_id, *conflict.other_rule_ids)
    blamed = [conflict.rule_id] if conflict.rule_id in changed else conflict.other_rule_ids
    for rule_id in blamed:
        if rule_id in changed:
            yield WrongRule(
                changed[rule_id] + conflict.pointer,
                conflict.kind.value,
                conflict.detail_en,
                conflict.detail_zh,
                tuple(other for other in involved if other != rule_id),
            )


def fingerprint(rules: Iterable[DispatchRule]) -> str:
    """Return a digest of what these rules say, whatever their order and the zones of their instants."""
    written = sorted(repr(replace(rule, **_instants(rule))) for rule in rules)
    return sha256("\n".join(written).encode()).hexdigest()[:32]


def _instants(rule: DispatchRule) -> dict[str, Any]:
    return {
        "valid_from": rule.valid_from.astimezone(UTC) if rule.valid_from else None,
        "valid_until": rule.valid_until.astimezone(UTC) if rule.valid_until else None,
    }


@dataclass(frozen=True, slots=True)
class RuleSetChange:
    """What a complete set of rules would do to those that are in force; ids in the order of the set.

    `changed` also has rules that were switched off before. `removed` are those that the set no longer has.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def compare_rules(
    in_force: Mapping[str, DispatchRule], switched_off: Iterable[str], rules: Iterable[DispatchRule]
) -> RuleSetChange:
    """Hold a complete set of rules, each with an id of its own, against those in force."""
    off = frozenset(switched_off)
    added: list[str] = []
    changed: list[str] = []
    kept: set[str] = set()
    unchanged = 0
    for rule in rules:
        before = in_force.get(rule.id)
        kept.add(rule.id)
        if before == rule:
            unchanged += 1
        elif before is not None or rule.id in off:
            changed.append(rule.id)
        else:
            added.append(rule.id)
    removed = tuple(sorted(rule_id for rule_id in in_force if rule_id not in kept))
    return RuleSetChange(tuple(added), tuple(changed), removed, unchanged)
