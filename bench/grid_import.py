"""What taking over a whole city's grids takes, and what every process then does with them.

    python -m bench grids [--unit-grids N] [--json]

A city of four levels around 10 000 unit grids with bent borders goes into a fresh database: read, checked together,
stored; then the same file again, and once more with ten borders moved. Then 5 000 dispatch rules are added and the
reference data are loaded as each process does after any change. Target: 10 000 grids in 60 s.
"""

import argparse
import asyncio
import gc
import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import shapely

from api.adapters.map_files import MapFormat, read_map
from api.db import Database
from api.domain.geo import Crs
from api.domain.grid_files import GridFile, read_grid_file
from api.domain.grids import CodePattern
from api.domain.policies import Policies
from api.queries.grid_versions import lock_grids
from api.queries.reference import ReferenceCache, reference_version
from api.services.grids import plan_import, store_plan
from api.settings import Settings
from bench.locate import node
from bench.street import bench_street, connect

COMMUNITY_SIDE, STREET_SIDE = 5, 4
"""Unit grids along a side of a community, communities along a side of a street."""

BENDS = 6
MOVED = 10
RULES = 5_000

_RULES = """
INSERT INTO dispatch_rules (
    id, name_zh, name_en, category_prefix, grid_prefix, unit_id, helping_units, "order", is_active
)
SELECT 'bench-' || n, '规则', 'rule', CASE WHEN n %% 2 = 0 THEN 'E04' ELSE 'E02' END, code, u.id, '{}', 0, true
FROM (
    SELECT code, row_number() OVER (ORDER BY code) AS n FROM grids WHERE valid_to IS NULL AND level = 'unit_grid'
) AS g, (SELECT min(id) AS id FROM units) AS u
WHERE n <= %s
"""


_CHANGES = {
    "the start": "SELECT 1",
    "a change of a rule": """UPDATE dispatch_rules SET "order" = 1 WHERE id = 'bench-1'""",
    "a change of a grid": """UPDATE grids SET name_zh = name_zh || '*'
        WHERE id = (SELECT min(id) FROM grids WHERE valid_to IS NULL)""",
}


@dataclass(frozen=True, slots=True)
class Took:
    """How long one part took."""

    part: str
    seconds: float


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench grids", description="What taking over a whole city's grids takes."
    )
    parser.add_argument("--unit-grids", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--json", action="store_true", help="print a list")
    options = parser.parse_args(arguments)
    side = round(options.unit_grids**0.5)
    with bench_street() as settings:
        with connect(settings) as connection:
            _clear(connection)
        took = asyncio.run(_measure(settings, side))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.json:
        print(json.dumps([asdict(one) for one in took], indent=2))
        return
    for one in took:
        print(f"{one.part:<60}{one.seconds:>8.2f} s")
    print(f"{side * side} unit grids; at most {peak_mb:.0f} MB were held")


async def _measure(settings: Settings, side: int) -> list[Took]:
    took: list[Took] = []
    content = orjson.dumps(city(side))
    moved = orjson.dumps(city(side, moved=MOVED))
    database = Database(settings.required_database_url, pool_size=1)
    for name, sent in (("first", content), ("again", content), (f"{MOVED} borders moved", moved)):
        took += await _import(database, settings, name, sent)
    with connect(settings) as connection:
        connection.execute(_RULES, (RULES,))
        references = ReferenceCache(database, settings.zone)
        for name, change in _CHANGES.items():
            connection.execute(change.encode())
            took.append(await _reload(f"reference after {name}", database, references))
    await database.close()
    return took


async def _import(database: Database, settings: Settings, name: str, content: bytes) -> list[Took]:
    now = datetime.now(UTC)
    began = time.perf_counter()
    file = _read(content)
    read = time.perf_counter()
    async with database.write() as session:
        await lock_grids(session)
        plan = await plan_import(session, file, is_complete=True, today=settings.today(now))
        planned = time.perf_counter()
        await store_plan(session, plan, now=now, by_id=None)
    stored = time.perf_counter()
    return [
        Took(f"{name}: read", read - began),
        Took(f"{name}: check", planned - read),
        Took(f"{name}: store", stored - planned),
    ]


def _read(content: bytes) -> GridFile:
    pattern = CodePattern.parse(Policies().grid_code_pattern)
    return read_grid_file(read_map(content, MapFormat.GEOJSON), Crs.WGS84, pattern, None)


async def _reload(name: str, database: Database, references: ReferenceCache) -> Took:
    """Measure what the first request after a change waits for, and how long others stand still at most meanwhile."""
    async with database.read() as session:
        version = await reference_version(session)
    gc.collect()
    began = time.perf_counter()
    loading = asyncio.create_task(references.at(version))
    longest, last = 0.0, began
    while not loading.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await loading
    return Took(f"{name} (others wait {longest * 1000:.0f} ms)", last - began)


def _clear(connection: psycopg.Connection) -> None:
    """Make room for another city: the demo street's own grids, rules and duties go."""
    connection.execute("DELETE FROM dispatch_rules")
    connection.execute("DELETE FROM grid_people")
    connection.execute("DELETE FROM grids")


def city(side: int, moved: int = 0) -> dict[str, Any]:
    """Return a city of so many unit grids along its side, `moved` of them with another border to their neighbour."""
    features: list[dict[str, Any]] = []
    communities = range(0, side, COMMUNITY_SIDE)
    streets = range(0, side, COMMUNITY_SIDE * STREET_SIDE)
    features.append(_feature("990101", "区", _outline(0, 0, side, side, moved)))
    for street, (row, column) in enumerate(_cells(streets), start=1):
        size = COMMUNITY_SIDE * STREET_SIDE
        features.append(
            _feature(_code(row, column)[:9], f"街道{street}", _block(row, column, size, side, moved))
        )
    for row, column in _cells(communities):
        code = _code(row, column)[:12]
        features.append(_feature(code, f"社区{code[-3:]}", _block(row, column, COMMUNITY_SIDE, side, moved)))
    for row, column in _cells(range(side)):
        code = _code(row, column)
        features.append(_feature(code, f"网格{code[-3:]}", _block(row, column, 1, side, moved)))
    return {"type": "FeatureCollection", "features": features}


def _cells(steps: range) -> Iterator[tuple[int, int]]:
    return ((row, column) for row in steps for column in steps)


def _code(row: int, column: int) -> str:
    """Return the code of a unit grid: street, community in it, unit grid in that."""
    size = COMMUNITY_SIDE * STREET_SIDE
    street = row // size * 20 + column // size + 1
    community = row % size // COMMUNITY_SIDE * STREET_SIDE + column % size // COMMUNITY_SIDE + 1
    unit = row % COMMUNITY_SIDE * COMMUNITY_SIDE + column % COMMUNITY_SIDE + 1
    return f"990101{street:03}{community:03}{unit:03}"


def _block(row: int, column: int, size: int, side: int, moved: int) -> shapely.Polygon:
    return _outline(row, column, min(size, side - row), min(size, side - column), moved)


def _outline(row: int, column: int, height: int, width: int, moved: int) -> shapely.Polygon:
    """Return the outline of a block with all vertices of the unit grids along it, so that neighbours share each."""
    steps = BENDS
    south = [_vertex(column + step / steps, row, moved) for step in range(width * steps)]
    east = [_vertex(column + width, row + step / steps, moved) for step in range(height * steps)]
    north = [_vertex(column + width - step / steps, row + height, moved) for step in range(width * steps)]
    west = [_vertex(column, row + height - step / steps, moved) for step in range(height * steps)]
    return shapely.Polygon([*south, *east, *north, *west])


def _vertex(column: float, row: float, moved: int) -> tuple[float, float]:
    # In the first `moved` rows one vertex between the second and the third unit grid lies elsewhere.
    inside = round(row * BENDS) % BENDS == BENDS // 2 and row < moved and column == 2  # noqa: PLR2004  the third's edge
    longitude, latitude = node(column, row)
    return longitude + (0.00002 if inside else 0.0), latitude


def _feature(code: str, name: str, shape: shapely.Polygon) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "name_zh": name},
        "geometry": shapely.geometry.mapping(shape),
    }
