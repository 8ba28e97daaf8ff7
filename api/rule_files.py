"""Dispatch rules from and into files: wiring for the commands `import rules` and `export rules`."""

from pathlib import Path

from api import clock
from api.adapters.yaml_documents import read_yaml, write_yaml
from api.db import Database
from api.domain.dispatch_changes import RuleSet, RuleSetChange
from api.domain.dispatch_files import mapping_from_rule, read_rule_set
from api.queries.dispatch_rules import load_rules_in_force
from api.services.dispatch_rules import Editor, store_rule_set
from api.settings import Settings


def read_rules(path: Path) -> RuleSet:
    """Read the complete set of rules of a YAML file.

    Raises OSError for a file that can't be read, YamlUnreadable for one that is not YAML, and RulesRefused with
    every rule that is none and its line.
    """
    document = read_yaml(path.read_bytes())
    return read_rule_set(document.value, document.lines)


async def import_rules(settings: Settings, rule_set: RuleSet, *, is_dry_run: bool) -> RuleSetChange:
    """Store a complete set of rules, or only say what that would change.

    Raises RulesRefused with all that stands against it.
    """
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.write() as session:
            by = Editor(None, clock.now(), settings.zone)
            return await store_rule_set(session, rule_set, by, is_preview=is_dry_run)
    finally:
        await database.close()


async def export_rules(settings: Settings) -> str:
    """Return the rules in force as YAML, by id."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.read() as session:
            rules = await load_rules_in_force(session)
    finally:
        await database.close()
    return write_yaml({"rules": [mapping_from_rule(rule) for rule in rules]})
