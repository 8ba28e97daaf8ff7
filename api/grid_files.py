"""Grids from and into files: wiring for the commands `import grids` and `export grids`."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api import clock
from api.adapters.map_files import MapUnreadable, read_map_path
from api.db import Database
from api.domain.geo import Crs
from api.domain.grid_drafts import Bounds
from api.domain.grid_files import (
    GridFile,
    grid_feature,
    read_grid_file,
    unreadable_grid_file,
)
from api.domain.grids import CodePattern
from api.domain.policies import Policies
from api.queries.grid_versions import find_bounds, find_grids_in_force, lock_grids
from api.queries.policies import load_policies
from api.schemas.geojson import collection
from api.services.grids import GridPlan, plan_import, store_plan
from api.settings import Settings


@dataclass(frozen=True, slots=True)
class GridSource:
    """A file of grids and how it is meant."""

    path: Path
    crs: Crs
    is_complete: bool = False
    allow_gaps: bool = False
    layer: str | None = None
    encoding: str | None = None


async def import_grids(
    settings: Settings,
    source: GridSource,
    console: Console | None,
    *,
    is_dry_run: bool,
) -> GridPlan:
    """Store the grids of a file, or only say what that would change; a console shows how far it is.

    A file with a fault changes nothing: the plan has the findings. Raises OSError for a file that can't be read.
    """
    database = Database(settings.required_database_url, pool_size=1)
    now = clock.now()
    try:
        with _stage(console, "reading"):
            async with database.read() as session:
                policies, bounds = await load_policies(session), await find_bounds(session)
            file = await asyncio.to_thread(_read, source, policies, bounds)
        async with database.trial() if is_dry_run else database.write() as session:
            with _stage(console, "checking"):
                await lock_grids(session)
                plan = await plan_import(
                    session,
                    file,
                    is_complete=source.is_complete,
                    allow_gaps=source.allow_gaps,
                    today=settings.today(now),
                )
            if not is_dry_run and not plan.imported(is_preview=False).faults:
                with _stage(console, "storing"):
                    await store_plan(session, plan, now=now, by_id=None)
    finally:
        await database.close()
    return plan


def write_faults(plan: GridPlan, path: Path) -> None:
    """Write the places where grids don't fit together as GeoJSON; raises OSError."""
    path.write_bytes(orjson.dumps(collection(plan.faults_drawn())))


async def export_grids(settings: Settings) -> bytes:
    """Return the grids in force as GeoJSON, by code: importing them again (as wgs84) changes nothing."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.read() as session:
            grids = await find_grids_in_force(session)
    finally:
        await database.close()
    features = [grid_feature(grids[code].draft) for code in sorted(grids)]
    # A feature on each line: so kept in git, a change is the line of its grid.
    lines = b",\n".join(map(orjson.dumps, features))
    return b'{"type":"FeatureCollection","features":[\n' + lines + b"\n]}\n"


def _read(source: GridSource, policies: Policies, bounds: Bounds | None) -> GridFile:
    try:
        file = read_map_path(source.path, source.layer, source.encoding)
    except MapUnreadable as unreadable:
        return unreadable_grid_file(unreadable.findings)
    return read_grid_file(file, source.crs, CodePattern.parse(policies.grid_code_pattern), bounds)


@contextmanager
def _stage(console: Console | None, name: str) -> Generator[None]:
    """Show on a console, where somebody watches one, what goes on and for how long."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    is_watched = console is not None and console.is_terminal
    with Progress(*columns, console=console, disable=not is_watched) as progress:
        task = progress.add_task(name, total=1)
        yield
        progress.advance(task)
