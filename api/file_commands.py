"""The commands `gridpatrol import` and `gridpatrol export`: files of an office, in and out."""

# ruff: noqa: PLC0415  imports are inside the commands, so that each loads only what it runs

import asyncio
import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.settings import load_settings

importing = typer.Typer(
    help="Store what an office keeps in files; the same again changes nothing.", no_args_is_help=True
)
exporting = typer.Typer(help="Write files as `import` takes them.", no_args_is_help=True)


def say(refused: Exception, exit_code: int) -> int:
    """Say on standard error why a command ends, a line at a time; return the exit code."""
    for line in str(refused).splitlines():
        print(f"gridpatrol: {line}", file=sys.stderr)  # noqa: T201  this is a command
    return exit_code


@importing.command("rules")
def import_rules(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The complete set of rules, in YAML.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what changed for a script.")] = False,
) -> None:
    """Replace the dispatch rules by those of a file; what it does not have is switched off."""
    from api import rule_files
    from api.adapters.yaml_documents import YamlUnreadable
    from api.domain.dispatch_changes import RulesRefused

    try:
        rule_set = rule_files.read_rules(path)
        change = asyncio.run(rule_files.import_rules(load_settings(), rule_set, is_dry_run=dry_run))
    except RulesRefused as refused:
        for wrong in refused.wrong:
            print(f"{path}:{wrong.line or ''}: {wrong.pointer}: {wrong.detail}", file=sys.stderr)  # noqa: T201  this is a command
        raise typer.Exit(1) from refused
    except (OSError, YamlUnreadable) as unreadable:
        raise typer.Exit(say(unreadable, 1)) from unreadable
    if as_json:
        told = {"is_dry_run": dry_run, **dataclasses.asdict(change)}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for what in ("added", "changed", "removed"):
        for rule_id in getattr(change, what):
            typer.echo(f"{what}: {rule_id}")
    typer.echo(f"{change.unchanged} rules unchanged." + (" Nothing was stored." if dry_run else ""))


@exporting.command("rules")
def export_rules(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file to write; without it, standard output.")
    ] = None,
) -> None:
    """Write the dispatch rules in force as YAML."""
    from api import rule_files

    written = asyncio.run(rule_files.export_rules(load_settings()))
    if path is None:
        typer.echo(written, nl=False)
    else:
        path.write_text(written, "utf-8")
