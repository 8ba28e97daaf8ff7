"""The commands `import` and `export` for places, their types, and areas."""

# ruff: noqa: PLC0415  imports are inside the commands, so that each loads only what it runs

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from api.domain.geo import Crs
from api.domain.imports import Imported, ImportRefused
from api.file_commands import say, told
from api.settings import load_settings
from api.table_commands import exporting, importing

__all__ = ["exporting", "importing"]

MapIn = Annotated[Path, typer.Argument(metavar="FILE", help=".geojson, .json, .gpkg, .zip or .shp.")]
PlacesIn = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help=".geojson, .json, .gpkg, .zip, .shp; or .xlsx, .csv with longitude and latitude."
    ),
]
GeojsonOut = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="The file to write; without it, standard output.")
]
CrsGiven = Annotated[Crs, typer.Option("--crs", help="The coordinate system of the file.")]
Layer = Annotated[str | None, typer.Option(help="The layer of a GeoPackage that has several.")]
Encoding = Annotated[str | None, typer.Option(help="Of the file's text, such as gb18030.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what would change.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what changed for a script.")]


@importing.command("places")
def import_places(
    path: PlacesIn,
    *,
    crs: CrsGiven,
    complete: Annotated[
        bool, typer.Option("--complete", help="The file has all places: what it lacks is given up.")
    ] = False,
    layer: Layer = None,
    encoding: Encoding = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take over places from a map or a table; what it does not say of a place stays as it is."""
    from api import feature_files

    source = feature_files.FeatureSource(path, crs, complete, layer, encoding)
    taken = feature_files.import_place_file(load_settings(), source, is_dry_run=dry_run)
    _import(path, taken, "places", as_json=as_json)


@importing.command("areas")
def import_areas(
    path: MapIn,
    *,
    crs: CrsGiven,
    complete: Annotated[
        bool, typer.Option("--complete", help="The map has all areas: what it lacks is switched off.")
    ] = False,
    layer: Layer = None,
    encoding: Encoding = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take over areas from a map; what it does not say of an area stays as it is."""
    from api import feature_files

    source = feature_files.FeatureSource(path, crs, complete, layer, encoding)
    taken = feature_files.import_area_file(load_settings(), source, is_dry_run=dry_run)
    _import(path, taken, "areas", as_json=as_json)


@importing.command("place-types")
def import_place_types(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook (.xlsx), or CSV.")],
    *,
    encoding: Encoding = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take over types of places from a table; those that it does not have stay."""
    from api import feature_files

    taken = feature_files.import_place_types(load_settings(), path, encoding or "utf-8", is_dry_run=dry_run)
    _import(path, taken, "types", as_json=as_json)


@exporting.command("places")
def export_places(path: GeojsonOut = None) -> None:
    """Write all places as GeoJSON, without the phones of those who signed for them."""
    from api import feature_files

    _export(feature_files.export_places(load_settings()), path)


@exporting.command("areas")
def export_areas(path: GeojsonOut = None) -> None:
    """Write all areas as GeoJSON."""
    from api import feature_files

    _export(feature_files.export_areas(load_settings()), path)


def _import(path: Path, taken: Coroutine[Any, Any, Imported], noun: str, *, as_json: bool) -> None:
    from api.schemas.imports import import_shown

    try:
        imported = asyncio.run(taken)
    except ImportRefused as refused:
        for finding in refused.findings:
            print(told(path, finding), file=sys.stderr)  # noqa: T201  this is a command
        raise typer.Exit(1) from refused
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
            f"{len(change.added)} {noun} added, {len(change.changed)} changed, {len(change.removed)} no longer "
            f"in use, {change.unchanged} unchanged." + (" Nothing was stored." if imported.is_preview else "")
        )


def _export(written: Coroutine[Any, Any, bytes], path: Path | None) -> None:
    content = asyncio.run(written)
    if path is None:
        sys.stdout.buffer.write(content)
        return
    try:
        path.write_bytes(content)
    except OSError as unwritable:
        raise typer.Exit(say(unwritable, 1)) from unwritable
