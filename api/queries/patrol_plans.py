"""Questions about plans of patrol, and what was seen of their targets."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.dispatch_hours import hours_from_json
from api.domain.patrol_plans import PlanDraft
from api.domain.rounds import Seen, Target
from api.domain.visits import VisitKind
from api.models import CheckIn, Checkpoint, PatrolPlan, PatrolVisit
from api.pages import CodeCursor, Page, context_of


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it is stored."""

    draft: PlanDraft
    version: int


def _stored(row: PatrolPlan) -> StoredPlan:
    told: dict[str, Any] = {name: getattr(row, name) for name in PlanDraft.__slots__}
    told |= {name: tuple(told[name]) for name in ("grids", "places", "checklist")}
    told["hours"] = hours_from_json(row.hours)
    return StoredPlan(PlanDraft(**told), row.version)


async def find_plan(session: ReadSession, code: str, *, for_update: bool = False) -> StoredPlan | None:
    """Return a plan; `for_update` lets nobody else change it until the transaction ends."""
    statement = select(PatrolPlan).where(col(PatrolPlan.code) == code)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = (await session.execute(statement)).scalar_one_or_none()
    return None if row is None else _stored(row)


async def find_plans(session: ReadSession, first_on: date, last_on: date) -> list[StoredPlan]:
    """Return the plans in use on any of these days (both included), by code."""
    statement = (
        select(PatrolPlan)
        .where(
            col(PatrolPlan.is_active),
            col(PatrolPlan.from_on) <= last_on,
            or_(col(PatrolPlan.to_on).is_(None), col(PatrolPlan.to_on) >= first_on),
        )
        .order_by(col(PatrolPlan.code))
    )
    return [_stored(row) for row in (await session.execute(statement)).scalars()]


async def page_of_plans(session: ReadSession, *, limit: int, cursor: str | None) -> Page[StoredPlan]:
    """Return a page of plans by code."""
    context = context_of("patrol_plans")
    last = CodeCursor.decode(cursor, context)
    statement = select(PatrolPlan).order_by(col(PatrolPlan.code)).limit(limit + 1)
    if last is not None:
        statement = statement.where(col(PatrolPlan.code) > last.code)
    rows = (await session.execute(statement)).scalars().all()
    items = [_stored(row) for row in rows[:limit]]
    more = CodeCursor(items[-1].draft.code, context).encode() if len(rows) > limit else None
    return Page(items, more)


async def find_seen(session: ReadSession, buffer_m: float, since: datetime, until: datetime) -> list[Seen]:
    """Return the visits between two instants to grids, to places with this buffer, and the check-ins at places."""
    visits = select(
        col(PatrolVisit.kind), col(PatrolVisit.code), col(PatrolVisit.started_at), col(PatrolVisit.dwell_s)
    ).where(
        col(PatrolVisit.started_at) >= since,
        col(PatrolVisit.started_at) < until,
        or_(col(PatrolVisit.kind) == VisitKind.GRID, col(PatrolVisit.buffer_m) == buffer_m),
    )
    found = [Seen(Target(row[0], row[1]), row[2], row[3]) for row in (await session.execute(visits)).all()]
    check_ins = (
        select(col(Checkpoint.place), col(CheckIn.at))
        .join(Checkpoint, col(Checkpoint.code) == col(CheckIn.checkpoint))
        .where(col(Checkpoint.place).is_not(None), col(CheckIn.at) >= since, col(CheckIn.at) < until)
    )
    for place, at in (await session.execute(check_ins)).all():
        if place is not None:
            found.append(Seen(Target(VisitKind.PLACE, place), at, None))
    return found
