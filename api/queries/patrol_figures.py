"""What figures of patrol are made of: shifts, visits, findings, public tips, duties and rosters of some days."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Role, Viewer
from api.domain.lifecycle import State
from api.domain.reports import Source
from api.domain.visits import VisitKind
from api.models import Grid, GridPerson, PatrolVisit, Person, Shift, Ticket
from api.queries.patrol_access import in_charge_of

PUBLIC = (Source.HOTLINE, Source.CITIZEN, Source.MEDIA)
"""Sources of tips that an officer should have found first."""

_INVALID = (State.REJECTED, State.VOIDED, State.MERGED)


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift that began on one of the days."""

    id: UUID
    username: str
    started_on: date
    walked_m: float


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit to a unit grid."""

    id: int
    username: str
    code: str
    started_at: datetime
    dwell_s: float
    walked_m: float


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket, and who reported it."""

    id: UUID
    username: str
    grid_code: str | None
    reported_at: datetime
    is_valid: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody's duty on a grid, the days included."""

    username: str
    grid_code: str
    from_on: date
    to_on: date | None

    def covers(self, grid_code: str, on: date) -> bool:
        """Tell whether she is on duty for this grid on this day."""
        in_force = self.from_on <= on and (self.to_on is None or on <= self.to_on)
        return in_force and grid_code.startswith(self.grid_code)


@dataclass(frozen=True, slots=True)
class FigureRows:
    """All of it."""

    shifts: Sequence[ShiftRow]
    visits: Sequence[VisitRow]
    findings: Sequence[TicketRow]
    tips: Sequence[TicketRow]
    duties: Sequence[Duty]


async def find_figure_rows(
    session: ReadSession,
    viewer: Viewer,
    days: tuple[date, date],
    since: datetime,
    until: datetime,
    today: date,
) -> FigureRows:
    """Return what the figures of these days are made of, of the people in the viewer's charge."""
    mine = in_charge_of(viewer, today)
    shifts = (
        select(col(Shift.id), col(Person.username), col(Shift.started_on), col(Shift.walked_m))
        .join(Person, col(Person.id) == col(Shift.person_id))
        .where(col(Shift.started_on) >= days[0], col(Shift.started_on) <= days[1], mine)
    )
    visits: Any = (
        select(
            col(PatrolVisit.id),
            col(Person.username),
            col(PatrolVisit.code),
            col(PatrolVisit.started_at),
            col(PatrolVisit.dwell_s),
            col(PatrolVisit.walked_m),
        )
        .join(Person, col(Person.id) == col(PatrolVisit.person_id))
        .where(
            col(PatrolVisit.kind) == VisitKind.GRID,
            col(PatrolVisit.started_at) >= since,
            col(PatrolVisit.started_at) < until,
            mine,
        )
    )
    is_valid = col(Ticket.filed_at).is_not(None) & col(Ticket.state).not_in(_INVALID)
    tickets: Any = (
        select(col(Ticket.id), col(Person.username), col(Ticket.grid_code), col(Ticket.reported_at), is_valid)
        .join(Person, col(Person.id) == col(Ticket.reporter_id))
        .where(col(Ticket.reported_at) >= since, col(Ticket.reported_at) < until)
    )
    findings = tickets.where(col(Ticket.source) == Source.OFFICER, col(Person.role) == Role.OFFICER, mine)
    tips = tickets.where(col(Ticket.source).in_(PUBLIC), is_valid)
    duties = (
        select(col(Person.username), col(Grid.code), col(GridPerson.from_on), col(GridPerson.to_on))
        .join(Person, col(Person.id) == col(GridPerson.person_id))
        .join(Grid, col(Grid.id) == col(GridPerson.grid_id))
        .where(col(Person.role) == Role.OFFICER, mine)
    )
    return FigureRows(
        [ShiftRow(*row) for row in await _rows(session, shifts)],
        [VisitRow(*row) for row in await _rows(session, visits)],
        [TicketRow(*row) for row in await _rows(session, findings)],
        [TicketRow(*row) for row in await _rows(session, tips)],
        [Duty(*row) for row in await _rows(session, duties)],
    )


async def find_names(session: ReadSession, usernames: Collection[str]) -> dict[str, str]:
    """Return the names of people by user name."""
    named = select(col(Person.username), col(Person.name)).where(col(Person.username).in_(usernames))
    return dict((await session.execute(named)).all())


async def _rows(session: ReadSession, statement: Any) -> Iterator[Any]:  # noqa: ANN401  rows of any columns
    return iter((await session.execute(statement)).all())
