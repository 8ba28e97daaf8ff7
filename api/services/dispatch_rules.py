"""Store dispatch rules, one at a time or as a complete set: none that ties, can never win, or names nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

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
from api.domain.dispatch_files import mapping_from_rule
from api.domain.dispatch_rules import DispatchRule
from api.domain.errors import VersionConflict
from api.domain.kept_changes import KeptChange, Noun
from api.domain.versions import check_version
from api.models import DispatchRule as DispatchRuleRow
from api.queries.dispatch_rules import (
    StoredRule,
    StoredUnit,
    find_units,
    load_ever_known,
    load_known_codes,
    load_rules,
    lock_rules,
)
from api.services.kept_changes import keep_changes

_BATCH = 1_000
"""Rows in one statement: PostgreSQL takes 65 535 parameters, and a rule has 21."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes rules and when, `person_id` None being the command line, and the city's time zone."""

    person_id: UUID | None
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class PutRule:
    """What became of a rule that was sent."""

    stored: StoredRule
    is_new: bool


async def put_rule(
    session: WriteSession,
    rule: DispatchRule,
    seen_version: int | None,
    by: Editor,
    *,
    is_active: bool,
) -> PutRule:
    """Store a rule, and keep what it was; what is stored already is not stored again.

    Raises RulesRefused for a rule that ties with another, that can never win, in whose presence another could
    never win, or that names what is not in use; VersionNeeded where an existing one is changed blindly,
    VersionConflict when somebody else was faster, NotFound for a version of a rule that does not exist. A rule
    that is switched off only needs units, a place, an area and a type that exist, or did once.
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
        wrong = wrong_with_change([*others, rule], {rule.id: ""}, known, by.zone)
    else:
        wrong = wrong_with_change([rule], {rule.id: ""}, await load_ever_known(session, units), by.zone)
    if wrong:
        raise RulesRefused(wrong)
    version = stored.version + 1 if stored else 1
    row = {**_row(rule, units), "is_active": is_active, "version": version}
    if stored is None:
        await session.execute(insert(DispatchRuleRow).values(**row))
    else:
        await session.execute(update(DispatchRuleRow).where(col(DispatchRuleRow.id) == rule.id).values(**row))
    kept = KeptChange(
        Noun.RULE,
        rule.id,
        _told(stored.rule, is_active=stored.is_active) if stored else None,
        _told(rule, is_active=is_active),
    )
    await keep_changes(session, [kept], by.person_id, by.now)
    return PutRule(StoredRule(rule, version, is_active), is_new=stored is None)


async def store_rule_set(
    session: WriteSession,
    rule_set: RuleSet,
    by: Editor,
    *,
    seen: str | None = None,
    is_preview: bool = False,
) -> RuleSetChange:
    """Store a complete set of rules; those that are not in it are switched off, and what they were is kept.

    A preview stores nothing.

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
    wrong = rule_set.wrong(await load_known_codes(session, units), by.zone)
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
        after = {rule.id: rule for rule in rule_set.rules}
        await keep_changes(session, _kept(change, stored, after), by.person_id, by.now)
    return change


def _kept(
    change: RuleSetChange, before: Mapping[str, StoredRule], after: Mapping[str, DispatchRule]
) -> list[KeptChange]:
    kept: list[KeptChange] = []
    for rule_id in (*change.added, *change.changed, *change.removed):
        old, new = before.get(rule_id), after.get(rule_id)
        told = _told(old.rule, is_active=old.is_active) if old else None
        if new is not None:
            kept.append(KeptChange(Noun.RULE, rule_id, told, _told(new, is_active=True)))
        elif old is not None:
            kept.append(KeptChange(Noun.RULE, rule_id, told, _told(old.rule, is_active=False)))
    return kept


def _told(rule: DispatchRule, *, is_active: bool) -> dict[str, Any]:
    """Return a rule as files have it, in plain JSON, and whether it counts."""
    written = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in mapping_from_rule(rule).items()
    }
    return {**written, "is_active": is_active}


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
        "place_code": rule.place,
        "grid_prefix": rule.grid_prefix,
        "area_code": rule.area,
        "place_type": rule.place_type,
        "source": rule.source,
        "unit_id": units[rule.lead_unit].id,
        "helping_units": list(rule.helping_units),
        "limit_value": rule.limit.value if rule.limit else None,
        "limit_unit": rule.limit.unit if rule.limit else None,
        "priority": rule.priority,
        "order": rule.order,
        "valid_from": rule.valid_from,
        "valid_until": rule.valid_until,
        "hours": [one.as_json() for one in rule.hours],
    }
