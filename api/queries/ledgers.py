"""The cycles that open tickets' due times follow from, read in batches for whoever computes them anew."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Uuid,
    any_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlmodel import col

from api.db import ReadSession
from api.domain.cases import Case
from api.domain.deadlines import Interval
from api.domain.ledger import UNKNOWN, DueTimes, Ledger, Stretch, Timekeeping, due_times
from api.domain.reference import Reference
from api.domain.states import CLOCK_OF, Clock, State
from api.models import Ticket, metadata
from api.queries.cases import case_columns, case_of, stretch_of
from api.queries.filters import IS_OPEN

_CLOCKS = metadata.tables["ticket_clocks"]
_TICKET_COLUMNS = ("id", "number", "version", "state", "due_at", "yellow_at", "suspended_until")


class _Which(Enum):
    """What narrows the tickets of a statement down."""

    BATCH = auto()
    OF_CALENDAR = auto()
    NAMED = auto()


@dataclass(frozen=True, slots=True)
class RunningCycle:
    """An open ticket with the whole present cycle of the clock that decides its due time, oldest stretch first."""

    ticket_id: UUID
    number: str
    version: int
    state: State
    due_at: datetime | None
    yellow_at: datetime | None
    suspended_until: datetime | None
    clock: Clock
    stretches: Sequence[Stretch]

    def due_times(self, timekeeping: Timekeeping) -> DueTimes:
        """Compute from the ledger when the ticket is due: what `due_at` and `yellow_at` should be.

        A suspended ticket's are those that it will have if it resumes on the day that was agreed.
        """
        last = self.stretches[-1]
        if last.term is None:
            return UNKNOWN
        if self.suspended_until is not None and last.stopped_at is not None:
            return Ledger(self.stretches).planned(self.clock, self.suspended_until, timekeeping)
        intervals = [Interval(one.started_at, one.stopped_at) for one in self.stretches]
        return due_times(intervals, last.term, last.extensions, timekeeping)


def _select_cycles(columns: Mapping[str, ColumnElement[Any]], *which: _Which) -> Select[Any]:
    """Return the statement: a page of tickets by the last stretch of their clock, joined with its whole cycle.

    The tickets' columns come first, as `of_` and their name. The total runs in every open ticket and in no other,
    so the index of what runs (`uq_ticket_clocks_running`) has the open tickets in the order of their ids, however
    many closed ones lie between them.
    """
    clock = case(
        *(
            (col(Ticket.state) == state, literal(clock, _CLOCKS.c.clock.type))
            for state, clock in CLOCK_OF.items()
        )
    )
    total, last = _CLOCKS.alias("total"), _CLOCKS.alias("last")
    newest = (
        select(last.c.clock, last.c.cycle, last.c.calendar_code)
        .where(last.c.ticket_id == col(Ticket.id), last.c.clock == clock)
        .order_by(last.c.id.desc())
        .limit(1)
        .lateral("newest")
    )
    page = (
        select(
            *(column.label(f"of_{name}") for name, column in columns.items()),
            newest.c.clock.label("of_clock"),
            newest.c.cycle.label("of_cycle"),
        )
        .select_from(total)
        .join(Ticket, col(Ticket.id) == total.c.ticket_id)
        .join(newest, true())
        .where(total.c.clock == Clock.TOTAL, total.c.stopped_at.is_(None), IS_OPEN)
        .order_by(total.c.ticket_id)
    )
    if _Which.BATCH in which:
        page = page.where(total.c.ticket_id > bindparam("after", type_=Uuid()))
        page = page.limit(bindparam("batch", type_=Integer()))
    if _Which.OF_CALENDAR in which:
        page = page.where(newest.c.calendar_code == bindparam("calendar"))
    if _Which.NAMED in which:
        page = page.where(total.c.ticket_id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    found = page.cte("page")
    # OFFSET 0 keeps the planner from joining the page with a scan of all clocks there are.
    stretches = (
        select(_CLOCKS)
        .where(
            _CLOCKS.c.ticket_id == found.c.of_id,
            _CLOCKS.c.clock == found.c.of_clock,
            _CLOCKS.c.cycle == found.c.of_cycle,
        )
        .offset(literal_column("0"))
        .lateral("stretches")
    )
    statement: Any = (
        select(found, *stretches.c).join(stretches, true()).order_by(found.c.of_id, stretches.c.id)
    )
    return statement


# Made once: putting them together takes longer than asking the database for a small batch.
_CYCLE_COLUMNS = {name: getattr(Ticket, name) for name in _TICKET_COLUMNS}
_CYCLES = _select_cycles(_CYCLE_COLUMNS, _Which.BATCH)
_CYCLES_OF_CALENDAR = _select_cycles(_CYCLE_COLUMNS, _Which.BATCH, _Which.OF_CALENDAR)
_CASES = _select_cycles(case_columns(), _Which.BATCH)
_CASES_OF_CALENDAR = _select_cycles(case_columns(), _Which.BATCH, _Which.OF_CALENDAR)
_NAMED_CASES = _select_cycles(case_columns(), _Which.NAMED)
_CASE_NAMES = tuple(case_columns())


async def count_open_tickets(session: ReadSession) -> int:
    """Count the open tickets, for the progress of what looks at each of them."""
    return (await session.execute(select(func.count()).select_from(Ticket).where(IS_OPEN))).scalar_one()


async def running_cycles(
    session: ReadSession, after: UUID | None, limit: int, calendar_code: str | None = None
) -> list[RunningCycle]:
    """Return the next batch of open tickets by id, each with its cycle; fewer than `limit` are the last.

    With `calendar_code`, only tickets whose due time is computed in that calendar. One statement a batch.
    """
    statement = _CYCLES if calendar_code is None else _CYCLES_OF_CALENDAR
    rows = await session.execute(statement, _asked(after, limit, calendar_code))
    return [_cycle(list(found)) for _, found in groupby(rows, key=lambda row: row.ticket_id)]


def _asked(after: UUID | None, limit: int, calendar_code: str | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"after": after or UUID(int=0), "batch": limit}
    return asked if calendar_code is None else {**asked, "calendar": calendar_code}


def _cycle(rows: list[Any]) -> RunningCycle:
    ticket = rows[0]
    return RunningCycle(
        ticket_id=ticket.of_id,
        clock=ticket.of_clock,
        stretches=[stretch_of(row) for row in rows],
        **{name: getattr(ticket, f"of_{name}") for name in _TICKET_COLUMNS if name != "id"},
    )


async def open_cases(
    session: ReadSession,
    reference: Reference,
    after: UUID | None,
    limit: int,
    calendar_code: str | None = None,
) -> list[Case]:
    """Return the next batch of open tickets as `running_cycles` does, as cases.

    Of a case's ledger there is the present cycle of the clock that decides its due time, and no requests.
    """
    statement = _CASES if calendar_code is None else _CASES_OF_CALENDAR
    return await _find_cases(session, reference, statement, _asked(after, limit, calendar_code))


async def named_open_cases(session: ReadSession, reference: Reference, ids: Collection[UUID]) -> list[Case]:
    """Return those of these tickets that are open, as `open_cases` does."""
    return await _find_cases(session, reference, _NAMED_CASES, {"ids": list(ids)})


async def _find_cases(
    session: ReadSession, reference: Reference, statement: Select[Any], asked: Mapping[str, Any]
) -> list[Case]:
    cases: list[Case] = []
    for _, rows in groupby(await session.execute(statement, asked), key=lambda row: row.ticket_id):
        first, *others = rows
        # The ticket's own columns come first.
        found = case_of(dict(zip(_CASE_NAMES, first, strict=False)), reference)
        found.ledger = Ledger([stretch_of(row) for row in (first, *others)])
        cases.append(found)
    return cases
