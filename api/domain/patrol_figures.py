"""Figures of patrol (巡查统计): what people on patrol did and found, by officer, grid, street, day and week.

Every figure is a sum over entries, and each entry is one row that a person can open: a shift, a ticket, a grid on a
day, a round, a place on a roster. So a figure and the rows behind it can't disagree. A share of nothing is None,
never 0.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Figure(StrEnum):
    """What is summed up."""

    SHIFTS = "shifts"
    DUTY_S = "duty_s"
    """Time on duty; in grids it is `DWELL_S`, the time inside."""
    OFF_HOURS_DUTY_S = "off_hours_duty_s"
    """错时: the part of it outside office hours."""
    DWELL_S = "dwell_s"
    WALKED_M = "walked_m"
    GRID_WALKED_M = "grid_walked_m"
    GRIDS_DUE = "grids_due"
    """Unit grids times days; of an officer her own, on days on which she had a shift."""
    GRIDS_ENTERED = "grids_entered"
    FINDINGS = "findings"
    OFF_HOURS_FINDINGS = "off_hours_findings"
    VALID_FINDINGS = "valid_findings"
    """有效上报: those that were filed and neither rejected nor voided."""
    MISSED = "missed"
    """漏报: valid public tips in grids that an officer is on duty for."""
    ROSTERED = "rostered"
    PUNCTUAL = "punctual"
    ROUNDS_DUE = "rounds_due"
    """Rounds of plans that were done, or whose time is over."""
    ROUNDS_DONE = "rounds_done"


class FiguresBy(StrEnum):
    """What figures are told by. A street (街道) is a grid of that level."""

    OFFICER = "officer"
    GRID = "grid"
    STREET = "street"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a figure. `row` names it: the same row under several officers is one row for everybody else."""

    figure: Figure
    row: str
    on: date
    amount: float = 1.0
    officer: str | None = None
    grid: str | None = None


def key_of(entry: Entry, by: FiguresBy, street_of: Callable[[str], str | None]) -> str | None:
    """Return the key that an entry belongs to, None where it belongs to none."""
    match by:
        case FiguresBy.OFFICER:
            return entry.officer
        case FiguresBy.GRID:
            return entry.grid
        case FiguresBy.STREET:
            return street_of(entry.grid) if entry.grid is not None else None
        case FiguresBy.DAY:
            return entry.on.isoformat()
        case FiguresBy.WEEK:
            return (entry.on - timedelta(days=entry.on.weekday())).isoformat()


def rows_of(
    entries: Iterable[Entry], by: FiguresBy, key: str, figure: Figure, street_of: Callable[[str], str | None]
) -> list[Entry]:
    """Return the rows behind one figure of one key, each once, in the order of their names."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.figure is figure and key_of(entry, by, street_of) == key:
            found.setdefault(entry.row, entry)
    return [found[row] for row in sorted(found)]


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one key, and what follows from them."""

    by_figure: Mapping[Figure, float]
    is_of_grids: bool
    """Whether time and metres are those inside grids."""

    def of(self, figure: Figure) -> float:
        """Return a sum."""
        return self.by_figure.get(figure, 0.0)

    @property
    def time_s(self) -> float:
        """Time on duty, or in the grids."""
        return self.of(Figure.DWELL_S if self.is_of_grids else Figure.DUTY_S)

    @property
    def walked_m(self) -> float:
        """Metres walked, or walked in the grids."""
        return self.of(Figure.GRID_WALKED_M if self.is_of_grids else Figure.WALKED_M)

    def per_km(self, figure: Figure) -> float | None:
        """Return a figure for each kilometre walked."""
        return self.of(figure) / (self.walked_m / 1_000) if self.walked_m else None

    def per_hour(self, figure: Figure) -> float | None:
        """Return a figure for each hour on duty."""
        return self.of(figure) / (self.time_s / 3_600) if self.time_s else None

    def share(self, part: Figure, whole: Figure) -> float | None:
        """Return the share of one figure in another."""
        return self.of(part) / self.of(whole) if self.of(whole) else None


def sum_up(
    entries: Iterable[Entry], by: FiguresBy, street_of: Callable[[str], str | None]
) -> dict[str, Sums]:
    """Return the sums by key, in the order of keys; each row counts once for a key."""
    # One set for each sum: a tuple for each row would keep the garbage collector busier than the sums do.
    seen: dict[tuple[str, Figure], set[str]] = {}
    sums: dict[str, dict[Figure, float]] = {}
    for entry in entries:
        key = key_of(entry, by, street_of)
        if key is None:
            continue
        rows = seen.setdefault((key, entry.figure), set())
        if entry.row not in rows:
            rows.add(entry.row)
            of_key = sums.setdefault(key, {})
            of_key[entry.figure] = of_key.get(entry.figure, 0.0) + entry.amount
    is_of_grids = by in {FiguresBy.GRID, FiguresBy.STREET}
    return {key: Sums(sums[key], is_of_grids) for key in sorted(sums)}
