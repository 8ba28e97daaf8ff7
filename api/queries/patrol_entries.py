"""The entries that figures of patrol are sums of, made of what was found in the database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from api.domain.patrol_figures import Entry, Figure
from api.domain.rosters import Presence, SlotStanding
from api.domain.rounds import Round, RoundStatus
from api.domain.shifts import Course
from api.domain.tracks import to_instant
from api.domain.visits import VisitKind
from api.queries.patrol_figures import FigureRows, TicketRow
from api.queries.posts import SlotRow


@dataclass(frozen=True, slots=True)
class FigureFacts:
    """All that entries are made of."""

    rows: FigureRows
    courses: Mapping[UUID, Course]
    slots: Sequence[tuple[SlotRow, SlotStanding]]
    """Slots of rosters, as they stand."""
    rounds: Sequence[tuple[str, Round]]
    grids: Sequence[str]
    """The unit grids in force."""
    days: tuple[date, date]
    dwell_min_s: float
    longest: timedelta
    now: datetime
    zone: ZoneInfo
    off_hours_s: Callable[[datetime, datetime], float]
    """How many seconds between two instants lie outside office hours."""


def entries_of(facts: FigureFacts) -> Iterator[Entry]:
    """Yield the entries of all figures."""
    yield from _shift_entries(facts)
    yield from _coverage_entries(facts)
    for finding in facts.rows.findings:
        yield from _finding_entries(facts, finding)
    for tip in facts.rows.tips:
        on = tip.reported_at.astimezone(facts.zone).date()
        for duty in facts.rows.duties:
            if tip.grid_code is not None and duty.covers(tip.grid_code, on):
                yield Entry(Figure.MISSED, str(tip.id), on, officer=duty.username, grid=tip.grid_code)
    yield from _roster_entries(facts)
    for plan, one in facts.rounds:
        if one.status is not RoundStatus.OPEN:
            yield from _round_entries(plan, one)


def _roster_entries(facts: FigureFacts) -> Iterator[Entry]:
    in_charge = {duty.username for duty in facts.rows.duties}
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
    for shift in facts.rows.shifts:
        row, who, on = str(shift.id), shift.username, shift.started_on
        course = facts.courses[shift.id]
        spans = [
            (to_instant(start), min(to_instant(stop), facts.now))
            for start, stop in course.spans(facts.longest)
        ]
        on_duty = [(start, stop) for start, stop in spans if start < stop]
        duty_s = sum((stop - start).total_seconds() for start, stop in on_duty)
        off_s = sum(facts.off_hours_s(start, stop) for start, stop in on_duty)
        yield Entry(Figure.SHIFTS, row, on, officer=who)
        yield Entry(Figure.DUTY_S, row, on, duty_s, who)
        yield Entry(Figure.OFF_HOURS_DUTY_S, row, on, off_s, who)
        yield Entry(Figure.WALKED_M, row, on, shift.walked_m, who)


def _coverage_entries(facts: FigureFacts) -> Iterator[Entry]:
    worked = {(shift.username, shift.started_on) for shift in facts.rows.shifts}
    entered: dict[tuple[str, date], float] = {}
    for visit in facts.rows.visits:
        on = visit.started_at.astimezone(facts.zone).date()
        row = str(visit.id)
        yield Entry(Figure.DWELL_S, row, on, visit.dwell_s, None, visit.code)
        yield Entry(Figure.GRID_WALKED_M, row, on, visit.walked_m, None, visit.code)
        if visit.dwell_s >= facts.dwell_min_s:
            entered[visit.code, on] = visit.dwell_s
    first, last = facts.days
    for number in range((last - first).days + 1):
        on = first + timedelta(days=number)
        for grid in facts.grids:
            own = [duty.username for duty in facts.rows.duties if duty.covers(grid, on)]
            officers = [None, *(name for name in own if (name, on) in worked)]
            for officer in officers:
                yield Entry(Figure.GRIDS_DUE, f"{grid} {on}", on, officer=officer, grid=grid)
                if (grid, on) in entered:
                    yield Entry(Figure.GRIDS_ENTERED, f"{grid} {on}", on, officer=officer, grid=grid)


def _finding_entries(facts: FigureFacts, finding: TicketRow) -> Iterator[Entry]:
    on = finding.reported_at.astimezone(facts.zone).date()
    row, who, grid = str(finding.id), finding.username, finding.grid_code
    yield Entry(Figure.FINDINGS, row, on, officer=who, grid=grid)
    if finding.is_valid:
        yield Entry(Figure.VALID_FINDINGS, row, on, officer=who, grid=grid)
    moment = timedelta(seconds=1)
    if facts.off_hours_s(finding.reported_at, finding.reported_at + moment) > 0:
        yield Entry(Figure.OFF_HOURS_FINDINGS, row, on, officer=who, grid=grid)
