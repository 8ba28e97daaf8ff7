"""The commands `gridpatrol config`: an office's whole configuration as a folder of files."""

# ruff: noqa: PLC0415  imports are inside the commands, so that each loads only what it runs

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.file_commands import say, told
from api.settings import load_settings

if TYPE_CHECKING:
    from api.configuration.parts import PartTold

DIFFERENT, REFUSED = 1, 2
"""Exit codes, as diff has them."""

_SHOWN_MAX = 20
"""Codes that are named of one kind of change; how many there are is always told."""

config = typer.Typer(
    help="The whole configuration as a folder of files: calendars, policies, units, classes, grids, areas, "
    "places, rules.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what differs for a script.")]


@config.command("export")
def export_configuration(
    folder: Folder,
    *,
    people: Annotated[
        bool, typer.Option("--people", help="People too, with phone numbers, without passwords.")
    ] = False,
) -> None:
    """Write the configuration in force into a folder, so that a city can keep it in git."""
    from api.configuration.folders import export_folder

    try:
        written = asyncio.run(export_folder(load_settings(), folder, has_people=people))
    except OSError as unwritable:
        raise typer.Exit(say(unwritable, REFUSED)) from unwritable
    for path in written:
        typer.echo(path)


@config.command("diff")
def compare_configuration(folder: Folder, *, as_json: AsJson = False) -> None:
    """Tell what `apply` would change, and change nothing; exit with 1 when something would."""
    if _apply(folder, is_trial=True, as_json=as_json):
        raise typer.Exit(DIFFERENT)


@config.command("apply")
def apply_configuration(folder: Folder, *, as_json: AsJson = False) -> None:
    """Make the configuration that of a folder, whole or not at all; applied again it changes nothing.

    Parts without a file stay as they are. Units, people, calendars and types of places that a file lacks stay, too;
    grids, classes, areas, places and rules that it lacks end.
    """
    _apply(folder, is_trial=False, as_json=as_json)


def _apply(folder: Path, *, is_trial: bool, as_json: bool) -> bool:
    """Apply a folder or try to, print what became of it, and tell whether anything is different."""
    from api.configuration.folders import FolderRefused, apply_folder

    try:
        done = asyncio.run(apply_folder(load_settings(), folder, is_trial=is_trial))
    except FolderRefused as refused:
        for finding in refused.findings:
            print(told(refused.path, finding), file=sys.stderr)  # noqa: T201  this is a command
        raise typer.Exit(REFUSED) from refused
    except OSError as unreadable:
        raise typer.Exit(say(unreadable, REFUSED)) from unreadable
    for one in done:
        for finding in one.imported.warnings:
            print(told(folder / one.part.file, finding), file=sys.stderr)  # noqa: T201  this is a command
    if as_json:
        typer.echo(json.dumps(_as_json(done, is_trial=is_trial), ensure_ascii=False, indent=2))
    else:
        _print(done, is_trial=is_trial)
    return any(one.is_different for one in done)


def _print(done: "Sequence[PartTold]", *, is_trial: bool) -> None:
    for one in done:
        for what in ("added", "changed", "removed"):
            codes: Sequence[str] = getattr(one.change, what)
            if codes:
                more = f" and {len(codes) - _SHOWN_MAX} more" if len(codes) > _SHOWN_MAX else ""
                typer.echo(f"{one.part.name}: {what} {len(codes)}: {', '.join(codes[:_SHOWN_MAX])}{more}")
    if not any(one.is_different for one in done):
        typer.echo("Nothing differs.")
    elif is_trial:
        typer.echo("Nothing was stored.")


def _as_json(done: "Sequence[PartTold]", *, is_trial: bool) -> dict[str, Any]:
    return {
        "is_trial": is_trial,
        "is_different": any(one.is_different for one in done),
        "parts": [
            {
                "name": one.part.name,
                "file": one.part.file,
                "added": list(one.change.added),
                "changed": list(one.change.changed),
                "removed": list(one.change.removed),
                "unchanged": one.change.unchanged,
            }
            for one in done
        ],
    }
