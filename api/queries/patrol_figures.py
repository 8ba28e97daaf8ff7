"""What figures of patrol are made of: shifts, visits, findings, public tips and duties of some days.

The database sums up by what is asked for, because a city's officers make hundreds of thousands of visits in a quarter
of a year. Where the rows behind a figure are asked for, the same statements are grouped by row as well: so a figure and
its rows can't disagree.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, String, cast, func, literal, or_, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Role, Viewer
from api.domain.lifecycle import State
from api.domain.patrol_figures import FiguresBy
from api.domain.reports import Source
from api.domain.visits import VisitKind
from api.models import Grid, GridPerson, PatrolVisit, Person, Shift, Ticket
from api.queries.patrol_access import in_charge_of
from api.queries.patrol_duty import duty_of_shifts, open_multirange

PUBLIC = (Source.HOTLINE, Source.CITIZEN, Source.MEDIA)
"""Sources of tips that an officer should have found first."""

_INVALID = (State.REJECTED, State.VOIDED, State.MERGED)
_OF_GRIDS = frozenset({FiguresBy.GRID, FiguresBy.STREET})
_OF_DAYS = frozenset({FiguresBy.DAY, FiguresBy.WEEK})


@dataclass(frozen=True, slots=True)
class ShiftSums:
    """What shifts came to: those of an officer, of a day, or one by itself, which `row` names."""

    row: str
    username: str
    on: date
    shifts: int
    duty_s: float
    off_hours_s: float
    walked_m: float


@dataclass(frozen=True, slots=True)
class GridDay:
    """What a local day's visits to a unit grid came to; whether somebody was inside long enough."""

    code: str
    on: date
    dwell_s: float
    walked_m: float
    is_entered: bool


@dataclass(frozen=True, slots=True)
class FindingSums:
    """What was reported: by an officer, in a grid, on a day, or one ticket by itself, which `row` names."""

    row: str
    username: str
    grid: str | None
    on: date
    findings: int
    valid: int
    off_hours: int


@dataclass(frozen=True, slots=True)
class TipSums:
    """Valid public tips in a grid on a day, or one by itself."""

    row: str
    grid: str
    on: date
    tips: int


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody's duty on a grid, the days included."""

    username: str
    grid: str
    from_on: date
    to_on: date | None

    def is_on(self, on: date) -> bool:
        """Tell whether she is on duty on this day."""
        return self.from_on <= on and (self.to_on is None or on <= self.to_on)


@dataclass(frozen=True, slots=True)
class FigureSums:
    """All of it. What no figure of this kind needs is empty.

    `worked` are the days on which officers had a shift, `own_days` those on which each was in a grid of her own.
    """

    shifts: Sequence[ShiftSums]
    grid_days: Sequence[GridDay]
    worked: Sequence[tuple[str, date]]
    own_days: Sequence[tuple[str, str, date]]
    findings: Sequence[FindingSums]
    tips: Sequence[TipSums]
    duties: Sequence[Duty]


@dataclass(frozen=True, slots=True)
class Asked:
    """What figures are asked for: local days, whose instants are from `since` to `until` (excluded), and by what.

    With a `key`, the rows behind it one by one. `open_hours` are the office's, as a multirange is written.
    """

    by: FiguresBy
    key: str | None
    days: tuple[date, date]
    since: datetime
    until: datetime
    zone: ZoneInfo
    now: datetime
    dwell_min_s: float
    longest_shift: timedelta
    open_hours: str


async def find_figure_sums(session: ReadSession, viewer: Viewer, asked: Asked, today: date) -> FigureSums:
    """Return what the figures of these days are made of, of the people in the viewer's charge."""
    mine = in_charge_of(viewer, today)
    if asked.by is FiguresBy.OFFICER and asked.key is not None:
        mine &= col(Person.username) == asked.key
    by_officer = asked.by is FiguresBy.OFFICER
    return FigureSums(
        shifts=[] if asked.by in _OF_GRIDS else await _read(session, ShiftSums, _shifts(asked, mine)),
        grid_days=[] if by_officer else await _read(session, GridDay, _grid_days(asked, mine)),
        worked=await _read(session, _tuple, _worked(asked, mine)) if by_officer else [],
        own_days=await _read(session, _tuple, _own_days(asked, mine)) if by_officer else [],
        findings=await _read(session, FindingSums, _findings(asked, mine)),
        tips=await _read(session, TipSums, _tips(asked)),
        duties=await _read(session, Duty, _duties(mine)),
    )


def _tuple(*values: Any) -> tuple[Any, ...]:  # noqa: ANN401  columns of any kinds
    return values


async def _read(session: ReadSession, made_of: Any, statement: Any) -> list[Any]:  # noqa: ANN401  rows of any columns
    return [made_of(*row) for row in await session.execute(statement)]


def _local_day(instant: Any, zone: ZoneInfo) -> ColumnElement[date]:  # noqa: ANN401  a column
    return cast(func.timezone(zone.key, instant), Date)


def _dimensions(asked: Asked, row: Any, username: Any, grid: Any, on: Any) -> tuple[Any, Any, Any, Any]:  # noqa: ANN401  columns
    """Return what rows are grouped by: what is not asked for is the same for all, unless each row is."""
    if asked.key is not None:
        return cast(row, String), username, grid, on
    nothing = literal("")
    return (
        nothing,
        username if asked.by is FiguresBy.OFFICER else nothing,
        grid if asked.by in _OF_GRIDS else nothing,
        on if asked.by in _OF_DAYS else literal(asked.days[0], Date),
    )


def _grouped(columns: Sequence[Any]) -> Iterator[Any]:
    # By name: a parameter that comes twice is not known to be the same.
    for column in columns:
        yield column.name


def _shifts(asked: Asked, mine: ColumnElement[bool]) -> Any:  # noqa: ANN401  a statement of many columns
    chosen = (
        select(
            col(Shift.id),
            col(Person.username),
            col(Shift.started_on),
            col(Shift.started_at),
            col(Shift.walked_m),
        )
        .join(Person, col(Person.id) == col(Shift.person_id))
        .where(col(Shift.started_on) >= asked.days[0], col(Shift.started_on) <= asked.days[1], mine)
        .cte("chosen")
    )
    duty = duty_of_shifts(chosen, asked.longest_shift, asked.now, asked.open_hours)
    row, username, _, on = _dimensions(
        asked, chosen.c.id, chosen.c.username, literal(""), chosen.c.started_on
    )
    dimensions = [row.label("row"), username.label("who"), on.label("day")]
    return (
        select(
            *dimensions,
            func.count(),
            func.coalesce(func.sum(duty.c.duty_s), 0.0),
            func.coalesce(func.sum(duty.c.off_hours_s), 0.0),
            func.sum(chosen.c.walked_m),
        )
        .select_from(chosen.outerjoin(duty, duty.c.id == chosen.c.id))
        .group_by(*_grouped(dimensions))
    )


def _worked(asked: Asked, mine: ColumnElement[bool]) -> Any:  # noqa: ANN401  a statement of many columns
    return (
        select(col(Person.username), col(Shift.started_on))
        .join(Person, col(Person.id) == col(Shift.person_id))
        .where(col(Shift.started_on) >= asked.days[0], col(Shift.started_on) <= asked.days[1], mine)
        .distinct()
    )


def _visited(asked: Asked) -> tuple[ColumnElement[bool], ...]:
    started_at = col(PatrolVisit.started_at)
    within = (col(PatrolVisit.kind) == VisitKind.GRID, started_at >= asked.since, started_at < asked.until)
    return (*within, *_in_key(asked, col(PatrolVisit.code)))


def _in_key(asked: Asked, grid: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401  a column
    """Return the condition for the grids of a key; a street's code is the beginning of its grids'."""
    is_of_grid = asked.key is not None and asked.by in _OF_GRIDS
    return (func.starts_with(grid, asked.key),) if is_of_grid else ()


def _grid_days(asked: Asked, mine: ColumnElement[bool]) -> Any:  # noqa: ANN401  a statement of many columns
    on = _local_day(col(PatrolVisit.started_at), asked.zone).label("day")
    return (
        select(
            col(PatrolVisit.code),
            on,
            func.sum(col(PatrolVisit.dwell_s)),
            func.sum(col(PatrolVisit.walked_m)),
            func.max(col(PatrolVisit.dwell_s)) >= asked.dwell_min_s,
        )
        .join(Person, col(Person.id) == col(PatrolVisit.person_id))
        .where(*_visited(asked), mine)
        .group_by(col(PatrolVisit.code), "day")
    )


def _own_days(asked: Asked, mine: ColumnElement[bool]) -> Any:  # noqa: ANN401  a statement of many columns
    on = _local_day(col(PatrolVisit.started_at), asked.zone)
    to_on = col(GridPerson.to_on)
    return (
        select(col(Person.username), col(PatrolVisit.code), on)
        .join(Person, col(Person.id) == col(PatrolVisit.person_id))
        .join(GridPerson, col(GridPerson.person_id) == col(Person.id))
        .join(Grid, col(Grid.id) == col(GridPerson.grid_id))
        .where(
            *_visited(asked),
            col(PatrolVisit.dwell_s) >= asked.dwell_min_s,
            func.starts_with(col(PatrolVisit.code), col(Grid.code)),
            on >= col(GridPerson.from_on),
            or_(to_on.is_(None), on <= to_on),
            mine,
        )
        .distinct()
    )


def _is_valid() -> ColumnElement[bool]:
    return col(Ticket.filed_at).is_not(None) & col(Ticket.state).not_in(_INVALID)


def _reported(asked: Asked) -> tuple[ColumnElement[bool], ...]:
    return col(Ticket.reported_at) >= asked.since, col(Ticket.reported_at) < asked.until


def _findings(asked: Asked, mine: ColumnElement[bool]) -> Any:  # noqa: ANN401  a statement of many columns
    on = _local_day(col(Ticket.reported_at), asked.zone)
    row, who, grid, day = _dimensions(asked, col(Ticket.id), col(Person.username), col(Ticket.grid_code), on)
    dimensions = [row.label("row"), who.label("who"), grid.label("grid"), day.label("day")]
    is_off = ~col(Ticket.reported_at).op("<@", is_comparison=True)(open_multirange(asked.open_hours))
    return (
        select(*dimensions, func.count(), func.count().filter(_is_valid()), func.count().filter(is_off))
        .select_from(Ticket)
        .join(Person, col(Person.id) == col(Ticket.reporter_id))
        .where(
            *_reported(asked),
            *_in_key(asked, col(Ticket.grid_code)),
            col(Ticket.source) == Source.OFFICER,
            col(Person.role) == Role.OFFICER,
            mine,
        )
        .group_by(*_grouped(dimensions))
    )


def _tips(asked: Asked) -> Any:  # noqa: ANN401  a statement of many columns
    on = _local_day(col(Ticket.reported_at), asked.zone).label("day")
    row = (cast(col(Ticket.id), String) if asked.key is not None else literal("")).label("row")
    return (
        select(row, col(Ticket.grid_code), on, func.count())
        .where(
            *_reported(asked),
            *_in_key(asked, col(Ticket.grid_code)),
            col(Ticket.source).in_(PUBLIC),
            _is_valid(),
            col(Ticket.grid_code).is_not(None),
        )
        .group_by("row", col(Ticket.grid_code), "day")
    )


def _duties(mine: ColumnElement[bool]) -> Any:  # noqa: ANN401  a statement of many columns
    return (
        select(col(Person.username), col(Grid.code), col(GridPerson.from_on), col(GridPerson.to_on))
        .join(Person, col(Person.id) == col(GridPerson.person_id))
        .join(Grid, col(Grid.id) == col(GridPerson.grid_id))
        .where(col(Person.role) == Role.OFFICER, mine)
    )


async def find_names(session: ReadSession, usernames: Collection[str]) -> dict[str, str]:
    """Return the names of people by user name."""
    named = select(col(Person.username), col(Person.name)).where(col(Person.username).in_(usernames))
    return dict((await session.execute(named)).all())
