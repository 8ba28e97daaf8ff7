"""Questions about coverage: which grids were seen in a time, and which stretches of which roads."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col

from api.db import ReadSession
from api.domain.visits import VisitKind
from api.models import PatrolVisit, RoadWalk


@dataclass(frozen=True, slots=True)
class GridVisits:
    """How a unit grid was visited in a time; `visits` are those that were long enough to count."""

    code: str
    visits: int
    people: int
    dwell_s: float
    walked_m: float
    first_at: datetime | None
    last_at: datetime | None


async def find_grid_visits(
    session: ReadSession, codes: Collection[str], since: datetime, until: datetime, dwell_min_s: float
) -> dict[str, GridVisits]:
    """Return how these grids were visited from `since` to `until` (excluded); those nobody came to are left out.

    One look at an index of visits, which are few; never at the points of tracks.
    """
    counts = col(PatrolVisit.dwell_s) >= dwell_min_s
    statement: Any = (
        select(
            col(PatrolVisit.code),
            func.count().filter(counts),
            func.count(col(PatrolVisit.person_id).distinct()).filter(counts),
            func.sum(col(PatrolVisit.dwell_s)),
            func.sum(col(PatrolVisit.walked_m)),
            func.min(col(PatrolVisit.started_at)).filter(counts),
            func.max(col(PatrolVisit.stopped_at)).filter(counts),
        )
        .where(
            col(PatrolVisit.kind) == VisitKind.GRID,
            col(PatrolVisit.started_at) >= since,
            col(PatrolVisit.started_at) < until,
            col(PatrolVisit.code).in_(codes),
        )
        .group_by(col(PatrolVisit.code))
    )
    return {row[0]: GridVisits(*row) for row in await session.execute(statement)}


@dataclass(frozen=True, slots=True)
class RoadWalks:
    """Which stretches of a road were entered on some days, counted from 0."""

    code: str
    stretches: int
    entered: list[int]
    shifts: int


async def find_road_walks(
    session: ReadSession, codes: Collection[str], first_on: date, last_on: date
) -> dict[str, RoadWalks]:
    """Return what was gone of these roads by the shifts that began on these days (both included)."""
    entered = func.unnest(col(RoadWalk.entered)).table_valued("stretch", name="entered").render_derived()
    stretch = entered.c.stretch
    found: Any = (
        select(
            col(RoadWalk.code),
            func.max(col(RoadWalk.stretches)),
            func.array_agg(aggregate_order_by(stretch.distinct(), stretch)).filter(stretch.is_not(None)),
            func.count(col(RoadWalk.shift_id).distinct()),
        )
        .select_from(RoadWalk)
        .outerjoin(entered, onclause=stretch.is_not(None))
        .where(
            col(RoadWalk.on_date) >= first_on, col(RoadWalk.on_date) <= last_on, col(RoadWalk.code).in_(codes)
        )
        .group_by(col(RoadWalk.code))
    )
    rows: list[Any] = list(await session.execute(found))
    return {code: RoadWalks(code, stretches, told or [], shifts) for code, stretches, told, shifts in rows}
