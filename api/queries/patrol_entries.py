"""The entries that figures of patrol are sums of, made of what was found in the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from api.domain.patrol_figures import Entry, Figure
from api.domain.rosters import Presence, SlotStanding
from api.domain.rounds import Round, RoundStatus
from api.domain.visits import VisitKind
from api.queries.patrol_figures import Duty, FigureSums, FindingSums
from api.queries.posts import SlotRow


@dataclass(frozen=True, slots=True)
class FigureFacts:
    """All that entries are made of."""

    sums: FigureSums
    slots: Sequence[tuple[SlotRow, SlotStanding]]
    """Slots of rosters, as they stand."""
    rounds: Sequence[tuple[str, Round]]
    grids: Sequence[str]
    """The unit grids in force that the viewer has charge of."""
    days: tuple[date, date]
    by_officer: bool
    """What is no officer's is left away, and otherwise what is several officers' is told once."""
    is_by_row: bool
    """Each row by itself, not summed up."""


def entries_of(facts: FigureFacts) -> Iterator[Entry]:
    """Yield the entries of all figures."""
    yield from _shift_entries(facts)
    yield from _coverage_entries(facts)
    for finding in facts.sums.findings:
        yield from _finding_entries(finding)
    yield from _missed_entries(facts)
    yield from _roster_entries(facts)
    for plan, one in facts.rounds:
        if one.status is not RoundStatus.OPEN:
            yield from _round_entries(plan, one)


def _roster_entries(facts: FigureFacts) -> Iterator[Entry]:
    in_charge = {duty.username for duty in facts.sums.duties}
    for slot, stands in facts.slots:
        for person, presence in stands.presence.items():
            if presence is Presence.EXPECTED or person not in in_charge:
                continue
            row = f"{slot.post} {slot.starts_at.isoformat()} {person}"
            yield Entry(Figure.ROSTERED, row, slot.on_date, officer=person)
            if presence is Presence.PRESENT:
                yield Entry(Figure.PUNCTUAL, row, slot.on_date, officer=person)


def _round_entries(plan: str, one: Round) -> Iterator[Entry]:
    grid = one.target.code if one.target.kind is VisitKind.GRID else None
    row = f"{plan} {one.first_on} {one.target.kind} {one.target.code}"
    yield Entry(Figure.ROUNDS_DUE, row, one.first_on, grid=grid)
    if one.status is RoundStatus.DONE:
        yield Entry(Figure.ROUNDS_DONE, row, one.first_on, grid=grid)


def _shift_entries(facts: FigureFacts) -> Iterator[Entry]:
    for one in facts.sums.shifts:
        row, who, on = _row(one.row, one.username, one.on), one.username, one.on
        yield Entry(Figure.SHIFTS, row, on, one.shifts, officer=who)
        yield Entry(Figure.DUTY_S, row, on, one.duty_s, who)
        yield Entry(Figure.OFF_HOURS_DUTY_S, row, on, one.off_hours_s, who)
        yield Entry(Figure.WALKED_M, row, on, one.walked_m, who)


def _row(row: str, *summed_by: object) -> str:
    """Return the name of a row; of sums, what they were summed up by."""
    return row or " ".join(map(str, summed_by))


def _coverage_entries(facts: FigureFacts) -> Iterator[Entry]:
    grids, entered = set(facts.grids), set[tuple[str, date]]()
    for seen in facts.sums.grid_days:
        if seen.code not in grids:
            continue
        row = f"{seen.code} {seen.on}"
        yield Entry(Figure.DWELL_S, row, seen.on, seen.dwell_s, None, seen.code)
        yield Entry(Figure.GRID_WALKED_M, row, seen.on, seen.walked_m, None, seen.code)
        if seen.is_entered:
            entered.add((seen.code, seen.on))
    if facts.by_officer:
        yield from _own_grid_entries(facts)
        return
    first, last = facts.days
    for number in range((last - first).days + 1):
        on = first + timedelta(days=number)
        for grid in facts.grids:
            yield from _grid_entries(grid, on, None, is_entered=(grid, on) in entered)


def _own_grid_entries(facts: FigureFacts) -> Iterator[Entry]:
    """Yield what each officer owes to her own grids: of the days on which she had a shift, and what she was in."""
    duties: dict[str, list[tuple[Duty, list[str]]]] = {}
    for duty in facts.sums.duties:
        grids = [code for code in facts.grids if code.startswith(duty.grid)]
        duties.setdefault(duty.username, []).append((duty, grids))
    entered: dict[tuple[str, date], set[str]] = {}
    for who, code, on in facts.sums.own_days:
        entered.setdefault((who, on), set()).add(code)
    for who, on in facts.sums.worked:
        due = {code for duty, grids in duties.get(who, ()) if duty.is_on(on) for code in grids}
        seen = due & entered.get((who, on), set())
        if facts.is_by_row:
            for grid in due:
                yield from _grid_entries(grid, on, who, is_entered=grid in seen)
        else:
            # Summed up, because a city's officers have a hundred thousand of them in a quarter of a year.
            yield Entry(Figure.GRIDS_DUE, f"{who} {on}", on, len(due), officer=who)
            yield Entry(Figure.GRIDS_ENTERED, f"{who} {on}", on, len(seen), officer=who)


def _grid_entries(grid: str, on: date, officer: str | None, *, is_entered: bool) -> Iterator[Entry]:
    row = f"{grid} {on}"
    yield Entry(Figure.GRIDS_DUE, row, on, officer=officer, grid=grid)
    if is_entered:
        yield Entry(Figure.GRIDS_ENTERED, row, on, officer=officer, grid=grid)


def _missed_entries(facts: FigureFacts) -> Iterator[Entry]:
    duties: dict[str, list[Duty]] = {}
    for duty in facts.sums.duties:
        duties.setdefault(duty.grid, []).append(duty)
    for tip in facts.sums.tips:
        row, code = _row(tip.row, tip.grid, tip.on), tip.grid
        # A duty is on a grid or on one around it: its code is a beginning.
        officers = (
            duty.username
            for length in range(1, len(code) + 1)
            for duty in duties.get(code[:length], ())
            if duty.is_on(tip.on)
        )
        for officer in officers if facts.by_officer else islice(officers, 1):
            yield Entry(Figure.MISSED, row, tip.on, tip.tips, officer=officer, grid=code)


def _finding_entries(one: FindingSums) -> Iterator[Entry]:
    row = _row(one.row, one.username, one.grid, one.on)
    for figure, amount in (
        (Figure.FINDINGS, one.findings),
        (Figure.VALID_FINDINGS, one.valid),
        (Figure.OFF_HOURS_FINDINGS, one.off_hours),
    ):
        if amount:
            yield Entry(figure, row, one.on, amount, officer=one.username, grid=one.grid)
