"""The commands `gridpatrol import` and `gridpatrol export`: files of an office, in and out."""

# ruff: noqa: PLC0415  imports are inside the commands, so that each loads only what it runs

import asyncio
import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.domain.geo import Crs
from api.domain.imports import Finding
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


def told(path: Path, finding: Finding) -> str:
    """Say what was found in a file as compilers do: file, line, column, sentence."""
    kind = "warning: " if finding.is_warning else ""
    place = finding.column or finding.key
    where = "".join(f"{name}: " for name in (finding.sheet, place) if name)
    return f"{path}:{finding.line or ''}: {where}{kind}{finding.detail}"


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


@importing.command("grids")
def import_grids(  # noqa: PLR0913  every option of the command
    path: Annotated[Path, typer.Argument(metavar="FILE", help=".geojson, .json, .gpkg, .zip or .shp.")],
    *,
    crs: Annotated[Crs, typer.Option(help="The coordinate system of the file.")],
    complete: Annotated[
        bool, typer.Option("--complete", help="The file has all grids: what it lacks ends.")
    ] = False,
    allow_gaps: Annotated[bool, typer.Option("--allow-gaps", help="Gaps are warnings.")] = False,
    layer: Annotated[str | None, typer.Option(help="The layer of a GeoPackage that has several.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the file's text, such as gb18030.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FAULTS", help="Write where grids don't fit together, as GeoJSON.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what changed for a script.")] = False,
) -> None:
    """Take over grids from a map: new ones, and a new version of each that differs from the one in force."""
    from rich.console import Console

    from api import grid_files
    from api.schemas.grid_imports import grid_import_shown

    source = grid_files.GridSource(path, crs, complete, allow_gaps, layer, encoding)
    console = None if as_json else Console(stderr=True)
    try:
        plan = asyncio.run(grid_files.import_grids(load_settings(), source, console, is_dry_run=dry_run))
        if report is not None:
            grid_files.write_faults(plan, report)
    except OSError as unreadable:
        raise typer.Exit(say(unreadable, 1)) from unreadable
    imported = plan.imported(is_preview=dry_run)
    if as_json:
        typer.echo(
            json.dumps(grid_import_shown(imported, plan.faults).model_dump(), ensure_ascii=False, indent=2)
        )
    for finding in () if as_json else imported.findings:
        print(told(path, finding), file=sys.stderr)  # noqa: T201  this is a command
    if imported.faults:
        raise typer.Exit(1)
    if not as_json:
        change = imported.change
        typer.echo(
            f"{len(change.added)} grids added, {len(change.changed)} changed, {len(change.removed)} ended, "
            f"{change.unchanged} unchanged." + (" Nothing was stored." if dry_run else "")
        )


@importing.command("classes")
def import_classes(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook (.xlsx) or CSV.")],
    *,
    scheme: Annotated[
        str | None, typer.Option(help="Whose numbering the codes follow, where the file does not say.")
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="The file has all classes: what it lacks is retired.")
    ] = False,
    encoding: Annotated[str, typer.Option(help="Of CSV, such as gb18030.")] = "utf-8",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what changed for a script.")] = False,
) -> None:
    """Take over classes and filing conditions from the workbook that offices keep, or from CSV."""
    from api import class_files
    from api.schemas.imports import import_shown

    source = class_files.ClassSource(path, scheme, encoding, complete)
    try:
        imported = asyncio.run(class_files.import_class_file(load_settings(), source, is_dry_run=dry_run))
    except OSError as unreadable:
        raise typer.Exit(say(unreadable, 1)) from unreadable
    if as_json:
        typer.echo(json.dumps(import_shown(imported).model_dump(), ensure_ascii=False, indent=2))
    for finding in () if as_json else imported.findings:
        print(told(path, finding), file=sys.stderr)  # noqa: T201  this is a command
    if imported.faults:
        raise typer.Exit(1)
    if not as_json:
        change = imported.change
        typer.echo(
            f"{len(change.added)} classes and conditions added, {len(change.changed)} changed, "
            f"{len(change.removed)} retired, {change.unchanged} unchanged."
            + (" Nothing was stored." if dry_run else "")
        )


@exporting.command("classes")
def export_classes(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, .xlsx or .csv.")],
) -> None:
    """Write the classes in force; importing them again changes nothing."""
    from api import class_files

    try:
        written = asyncio.run(class_files.export_class_file(load_settings(), path))
    except OSError as unwritable:
        raise typer.Exit(say(unwritable, 1)) from unwritable
    typer.echo(f"{written} classes written.")


@exporting.command("grids")
def export_grids(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file to write; without it, standard output.")
    ] = None,
) -> None:
    """Write the grids in force as GeoJSON."""
    from api import grid_files

    written = asyncio.run(grid_files.export_grids(load_settings()))
    if path is None:
        sys.stdout.buffer.write(written)
    else:
        path.write_bytes(written)


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
