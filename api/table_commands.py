"""The commands `import` and `export` for tables of units and people."""

# ruff: noqa: PLC0415  imports are inside the commands, so that each loads only what it runs

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from api.domain.imports import Imported, ImportRefused
from api.file_commands import exporting, importing, say, told
from api.settings import load_settings

__all__ = ["exporting", "importing"]

TableIn = Annotated[Path, typer.Argument(metavar="FILE", help="A workbook (.xlsx), or CSV.")]
TableOut = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]", help="The file to write, .xlsx or CSV; without it, CSV to standard output."
    ),
]
Encoding = Annotated[str, typer.Option(help="Of CSV, such as gb18030.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what would change.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what changed for a script.")]


@importing.command("units")
def import_units(
    path: TableIn, *, encoding: Encoding = "utf-8", dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Take over units from a table; what it does not have stays as it is."""
    from api import table_files

    taken = table_files.import_unit_table(load_settings(), path, encoding, is_dry_run=dry_run)
    _import(path, taken, "units", as_json=as_json)


@importing.command("people")
def import_people(
    path: TableIn,
    *,
    new_passwords: Annotated[
        Path | None,
        typer.Option(metavar="OUT.csv", help="Give new accounts passwords of chance, and write them here."),
    ] = None,
    encoding: Encoding = "utf-8",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take over people from a table; what it does not have stays as it is.

    Without --new-passwords nobody signs in to a new account until an administrator gives it a password.
    """
    from rich.console import Console

    from api import table_files

    taken = table_files.import_person_table(
        load_settings(),
        path,
        encoding,
        is_dry_run=dry_run,
        new_passwords=new_passwords,
        console=None if as_json else Console(stderr=True),
    )
    _import(path, taken, "people", as_json=as_json)


@exporting.command("units")
def export_units(path: TableOut = None) -> None:
    """Write all units as a table; importing it again changes nothing."""
    from api import table_files

    _write(path, asyncio.run(table_files.export_unit_table(load_settings(), path)))


@exporting.command("people")
def export_people(path: TableOut = None) -> None:
    """Write everybody as a table, with phone numbers and without passwords; importing it again changes nothing."""
    from api import table_files
    from api.adapters.private_files import write_private

    _write(path, asyncio.run(table_files.export_person_table(load_settings(), path)), write_private)
    print("gridpatrol: this table has personal data: names and phone numbers.", file=sys.stderr)  # noqa: T201  this is a command


def _import(path: Path, taking: Coroutine[Any, Any, Imported], noun: str, *, as_json: bool) -> None:
    from api.schemas.imports import import_shown

    try:
        imported = asyncio.run(taking)
        findings = imported.findings
    except ImportRefused as refused:
        imported, findings = None, refused.findings
    except OSError as unreadable:
        raise typer.Exit(say(unreadable, 1)) from unreadable
    if imported is not None and as_json:
        typer.echo(json.dumps(import_shown(imported).model_dump(), ensure_ascii=False, indent=2))
    for finding in () if as_json and imported is not None else findings:
        print(told(path, finding), file=sys.stderr)  # noqa: T201  this is a command
    if imported is None or imported.faults:
        raise typer.Exit(1)
    if not as_json:
        change = imported.change
        typer.echo(
            f"{len(change.added)} {noun} added, {len(change.changed)} changed, {change.unchanged} unchanged."
            + (" Nothing was stored." if imported.is_preview else "")
        )


def _write(
    path: Path | None, written: bytes, write: Callable[[Path, bytes], object] = Path.write_bytes
) -> None:
    if path is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    try:
        write(path, written)
    except OSError as unwritable:
        raise typer.Exit(say(unwritable, 1)) from unwritable
