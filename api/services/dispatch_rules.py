"""Store dispatch rules, one at a time or as a complete set: none that ties, can never win, or names nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from api.db import WriteSession
from api.domain.dispatch_changes import (
    RuleSet,
    RuleSetChange,
    RulesRefused,
    compare_rules,
    fingerprint,
    wrong_with_change,
)
from api.domain.dispatch_conflicts import Known
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import VersionConflict
from api.domain.versions import check_version
from api.models import DispatchRule as DispatchRuleRow
from api.queries.dispatch_rules import (
    StoredRule,
    StoredUnit,
    find_units,
    load_known_codes,
    load_rules,
    lock_rules,
)

_BATCH = 1_000
"""Rows in one statement: PostgreSQL takes 65 535 parameters, and a rule has 17."""


@dataclass(frozen=True, slots=True)
class PutRule:
    """What became of a rule that was sent."""

    stored: StoredRule
    is_new: bool


async def put_rule(
    session: WriteSession, rule: DispatchRule, seen_version: int | None, *, is_active: bool
) -> PutRule:
    """Store a rule; what is stored already is not stored again.

    Raises RulesRefused for a rule that ties with another, that can never win, in whose presence another could
    never win, or that names what is not in use; VersionNeeded where an existing one is changed blindly,
    VersionConflict when somebody else was faster, NotFound for a version of a rule that does not exist. A rule
    that is switched off only needs units that exist.
    """
    await lock_rules(session)
    rules = await load_rules(session)
    stored = rules.get(rule.id)
    if stored is not None and (stored.rule, stored.is_active) == (rule, is_active):
        return PutRule(stored, is_new=False)
    check_version("rule", stored.version if stored else None, seen_version, rule=rule.id)
    units = await find_units(session)
    if is_active:
        known = await load_known_codes(session, units)
        others = [one.rule for one in rules.values() if one.is_active and one.rule.id != rule.id]
        wrong = wrong_with_change([*others, rule], {rule.id: ""}, known)
    else:
        wrong = wrong_with_change([rule], {rule.id: ""}, Known(units=units.keys()))
    if wrong:
        raise RulesRefused(wrong)
    version = stored.version + 1 if stored else 1
    row = {**_row(rule, units), "is_active": is_active, "version": version}
    if stored is None:
        await session.execute(insert(DispatchRuleRow).values(**row))
    else:
        await session.execute(update(DispatchRuleRow).where(col(DispatchRuleRow.id) == rule.id).values(**row))
    return PutRule(StoredRule(rule, version, is_active), is_new=stored is None)


async def store_rule_set(
    session: WriteSession, rule_set: RuleSet, *, seen: str | None = None, is_preview: bool = False
) -> RuleSetChange:
    """Store a complete set of rules; those that are not in it are switched off. A preview stores nothing.

    `seen` is the fingerprint of the rules that were in force when the caller looked. Raises VersionConflict where
    they have changed since, and RulesRefused with all that stands against the set.
    """
    if not is_preview:
        await lock_rules(session)
    stored = await load_rules(session)
    in_force = {rule_id: one.rule for rule_id, one in stored.items() if one.is_active}
    if seen is not None and seen != fingerprint(in_force.values()):
        raise VersionConflict("The rules in force are not those that you saw; export them again.")
    units = await find_units(session)
    wrong = rule_set.wrong(await load_known_codes(session, units))
    if wrong:
        raise RulesRefused(wrong)
    change = compare_rules(
        in_force,
        [rule_id for rule_id, one in stored.items() if not one.is_active],
        rule_set.rules,
    )
    if not is_preview:
        touched = {*change.added, *change.changed}
        await _store(session, [rule for rule in rule_set.rules if rule.id in touched], units)
        await _switch_off(session, change.removed)
    return change


async def _store(session: WriteSession, rules: list[DispatchRule], units: Mapping[str, StoredUnit]) -> None:
    """Insert rules; where one with the same id is there it takes the new content, and its next version."""
    rows = [{**_row(rule, units), "is_active": True} for rule in rules]
    for start in range(0, len(rows), _BATCH):
        statement = postgresql.insert(DispatchRuleRow).values(rows[start : start + _BATCH])
        changed: dict[str, Any] = {name: statement.excluded[name] for name in rows[0] if name != "id"}
        changed["version"] = col(DispatchRuleRow.version) + 1
        await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


async def _switch_off(session: WriteSession, rule_ids: Iterable[str]) -> None:
    gone = list(rule_ids)
    if gone:
        await session.execute(
            update(DispatchRuleRow)
            .where(col(DispatchRuleRow.id).in_(gone))
            .values(is_active=False, version=col(DispatchRuleRow.version) + 1)
        )


def _row(rule: DispatchRule, units: Mapping[str, StoredUnit]) -> dict[str, Any]:
    """Return a rule as its table holds it, without its version and whether it counts."""
    return {
        "id": rule.id,
        "name_zh": rule.name_zh,
        "name_en": rule.name_en,
        "category_prefix": rule.category,
        "condition_number": rule.condition,
        "grid_prefix": rule.grid_prefix,
        "source": rule.source,
        "unit_id": units[rule.lead_unit].id,
        "helping_units": list(rule.helping_units),
        "limit_value": rule.limit.value if rule.limit else None,
        "limit_unit": rule.limit.unit if rule.limit else None,
        "priority": rule.priority,
        "order": rule.order,
        "valid_from": rule.valid_from,
        "valid_until": rule.valid_until,
    }
