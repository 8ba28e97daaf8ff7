"""Counts of tickets, by one mark at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, null, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.deadlines import Light
from api.models import Ticket
from api.queries.access import visible_tickets
from api.queries.filters import IS_OPEN, is_overdue

MOST_GROUPS = 1_000


class CountBy(StrEnum):
    """What tickets are counted by."""

    STATE = "state"
    UNIT = "unit"
    GRID = "grid"
    PLACE = "place"
    CATEGORY = "category"
    SOURCE = "source"
    LIGHT = "light"
    LEVEL = "level"
    TRIAGE = "triage"


class OverdueBy(StrEnum):
    """What overdue tickets are summed up by. `level` is how far a ticket was escalated."""

    UNIT = "unit"
    GRID = "grid"
    CATEGORY = "category"
    STATE = "state"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Count:
    """How many tickets bear a mark; None where tickets bear none."""

    key: str | int | None
    count: int


@dataclass(frozen=True, slots=True)
class OverdueCount:
    """How many open tickets are past due under one mark, and by how much."""

    key: str | int | None
    count: int
    oldest_due_at: datetime
    median_overdue_s: float


def _mark(by: str, now: datetime) -> ColumnElement[Any]:
    marks: dict[str, Any] = {
        CountBy.STATE: col(Ticket.state),
        CountBy.UNIT: col(Ticket.unit_id),
        CountBy.GRID: col(Ticket.grid_code),
        CountBy.PLACE: col(Ticket.place_code),
        CountBy.CATEGORY: col(Ticket.category_code),
        CountBy.SOURCE: col(Ticket.source),
        CountBy.TRIAGE: col(Ticket.triage),
        CountBy.LEVEL: col(Ticket.escalation_level),
        CountBy.LIGHT: case(
            (is_overdue(now), Light.RED),
            ((IS_OPEN & (col(Ticket.yellow_at) < now)), Light.YELLOW),
            ((IS_OPEN & col(Ticket.due_at).is_not(None)), Light.GREEN),
            else_=null(),
        ),
    }
    return marks[by]


async def count_by(
    session: ReadSession,
    viewer: Viewer,
    by: CountBy,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
) -> list[Count]:
    """Count the visible tickets that meet the conditions, most first."""
    mark = _mark(by, now).label("mark")
    count = func.count().label("tickets")
    statement = (
        select(mark, count)
        .select_from(Ticket)
        .where(visible_tickets(viewer), *conditions)
        .group_by(mark)
        .order_by(count.desc(), mark)
        .limit(MOST_GROUPS)
    )
    return [Count(row.mark, row.tickets) for row in await session.execute(statement)]


async def sum_up_overdue(
    session: ReadSession,
    viewer: Viewer,
    by: OverdueBy,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
) -> list[OverdueCount]:
    """Sum up the visible overdue tickets, most first."""
    mark = _mark(by, now).label("mark")
    count = func.count().label("tickets")
    overdue_s = func.extract("epoch", now - col(Ticket.due_at))
    statement = (
        select(
            mark,
            count,
            func.min(col(Ticket.due_at)).label("oldest"),
            func.percentile_cont(0.5).within_group(overdue_s).label("median"),
        )
        .select_from(Ticket)
        .where(visible_tickets(viewer), is_overdue(now), *conditions)
        .group_by(mark)
        .order_by(count.desc(), mark)
        .limit(MOST_GROUPS)
    )
    return [
        OverdueCount(row.mark, row.tickets, row.oldest, round(float(row.median), 1))
        for row in await session.execute(statement)
    ]
