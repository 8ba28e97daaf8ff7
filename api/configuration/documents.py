"""Calendars, policies and dispatch rules: the parts that are kept in YAML."""

from typing import cast

from api.adapters.yaml_documents import YamlDocument, YamlUnreadable, read_yaml, write_yaml
from api.configuration.parts import Moment
from api.db import ReadSession, WriteSession
from api.domain.calendar_files import mapping_from_calendar, read_calendars
from api.domain.dispatch_changes import RulesRefused
from api.domain.dispatch_files import mapping_from_rule, read_rule_set
from api.domain.errors import FieldWrong
from api.domain.imports import Finding, ImportChange, Imported, ImportRefused, require_no_fault
from api.queries.calendars import load_calendars
from api.queries.dispatch_rules import load_rules_in_force
from api.queries.policies import load_policies
from api.services.calendars import store_calendars
from api.services.dispatch_rules import Editor, store_rule_set
from api.services.policies import put_policies


async def export_calendars(session: ReadSession, _: Moment) -> bytes:
    """Write all calendars with the days that differ from their weekday."""
    stored = await load_calendars(session)
    return _written({"calendars": [mapping_from_calendar(one.calendar) for one in stored.values()]})


async def apply_calendars(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the calendars of a file; others stay, since units, stages and tickets count in them."""
    document = _read(content)
    calendars, findings = read_calendars(document.value, document.lines)
    require_no_fault(findings)
    return Imported(await store_calendars(session, calendars, moment.now))


async def export_policies(session: ReadSession, _: Moment) -> bytes:
    """Write every policy, also those that have their default."""
    return _written((await load_policies(session)).as_json())


async def apply_policies(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the policies of a file; what it does not name has its default."""
    document = _read(content)
    values = document.value
    if not isinstance(values, dict):
        raise ImportRefused([Finding("field_mistyped", "A file of policies has their names and values.", 1)])
    named = {str(key): value for key, value in cast("dict[object, object]", values).items()}
    try:
        done = await put_policies(session, named, moment.now, None)
    except FieldWrong as wrong:
        around = wrong.pointer
        while around and around not in document.lines:
            around = around.rpartition("/")[0]
        line, key = document.lines.get(around), wrong.pointer.split("/")[1]
        raise ImportRefused([Finding(wrong.field_code, wrong.detail, line, key=key)]) from wrong
    unchanged = len(done.policies.as_json()) - len(done.changed)
    return Imported(ImportChange(changed=done.changed, unchanged=unchanged))


async def export_rules(session: ReadSession, _: Moment) -> bytes:
    """Write the dispatch rules in force."""
    return _written({"rules": [mapping_from_rule(rule) for rule in await load_rules_in_force(session)]})


async def apply_rules(session: WriteSession, content: bytes, moment: Moment) -> Imported:
    """Store the complete set of rules of a file; what it lacks is switched off."""
    document = _read(content)
    try:
        rule_set = read_rule_set(document.value, document.lines)
        change = await store_rule_set(session, rule_set, Editor(None, moment.now, moment.zone))
    except RulesRefused as refused:
        raise ImportRefused(
            Finding(wrong.code, wrong.detail, wrong.line, column=wrong.pointer.rpartition("/")[2])
            for wrong in refused.wrong
        ) from refused
    return Imported(ImportChange(change.added, change.changed, change.removed, change.unchanged))


def _read(content: bytes) -> YamlDocument:
    try:
        return read_yaml(content)
    except YamlUnreadable as unreadable:
        raise ImportRefused([Finding("unreadable", str(unreadable), unreadable.line)]) from unreadable


def _written(value: object) -> bytes:
    return write_yaml(value).encode()
