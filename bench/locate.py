"""How long it takes to find the unit grid of a place among 10 000: `.venv/bin/python -m bench.locate`."""

import math
import random
import statistics
import time
from collections.abc import Sequence

import shapely

from api.domain.geo import Place
from api.domain.grids import GridIndex, GridLevel, Whereabouts

ROWS = COLUMNS = 100
CELL = 0.001
BENDS = 6
WEST, SOUTH = 116.0, 39.5
PLACES = 20_000


def node(column: float, row: float) -> tuple[float, float]:
    """Bend the plane, so that the lattice gets irregular and neighbours still share every vertex."""
    east = column + 0.25 * math.sin(1.7 * row) + 0.1 * math.sin(5.1 * column + row)
    north = row + 0.25 * math.sin(2.3 * column) + 0.1 * math.sin(4.3 * row - column)
    return WEST + CELL * east, SOUTH + CELL * north


def cell(column: int, row: int) -> shapely.Polygon:
    """Return a cell with `BENDS` vertices on each side."""
    steps = [step / BENDS for step in range(BENDS)]
    return shapely.Polygon(
        [node(column + step, row) for step in steps]
        + [node(column + 1, row + step) for step in steps]
        + [node(column + 1 - step, row + 1) for step in steps]
        + [node(column, row + 1 - step) for step in steps]
    )


def measure(index: GridIndex, places: Sequence[Place], expected: Whereabouts) -> None:
    """Print microseconds for each `locate` of these places."""
    spans: list[int] = []
    for place in places:
        start = time.perf_counter_ns()
        located = index.locate(place)
        spans.append(time.perf_counter_ns() - start)
        if located.reason is not expected:
            raise AssertionError(f"{place} is {located.reason}, not {expected}")
    spans.sort()
    mean, median, worst = statistics.fmean(spans), statistics.median(spans), spans[int(len(spans) * 0.99)]
    print(
        f"{expected:<14} mean {mean / 1000:6.1f} µs  p50 {median / 1000:6.1f} µs  p99 {worst / 1000:6.1f} µs"
    )


def main() -> None:
    """Time places inside, just outside and far outside."""
    start = time.perf_counter()
    index = GridIndex(
        (f"990101{row:03}{column:03}001", GridLevel.UNIT_GRID, cell(column, row))
        for row in range(ROWS)
        for column in range(COLUMNS)
    )
    print(f"{len(index)} unit grids of {4 * BENDS} vertices, indexed in {time.perf_counter() - start:.2f} s")
    chance = random.Random(20261122)
    inside = [Place(*node(chance.uniform(0, COLUMNS), chance.uniform(0, ROWS))) for _ in range(PLACES)]
    beside = [
        Place(*node(COLUMNS + chance.uniform(0.05, 0.3), chance.uniform(1, ROWS - 1)))
        for _ in range(PLACES // 10)
    ]
    far = [Place(WEST - 1 - chance.random(), SOUTH) for _ in range(PLACES)]
    measure(index, inside, Whereabouts.INSIDE)
    measure(index, beside, Whereabouts.NEAREST)
    measure(index, far, Whereabouts.OUTSIDE_GRIDS)


if __name__ == "__main__":
    main()
