"""Questions about plans of patrol, and what was seen of their targets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, String, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col

from api.db import ReadSession
from api.domain.dispatch_hours import hours_from_json
from api.domain.kept_changes import Noun
from api.domain.patrol_plans import Edition, PlanDraft, editions_of
from api.domain.rounds import Presence, Seen, Stay, Target, seen_of
from api.domain.visits import VisitKind
from api.models import CheckIn, Checkpoint, KeptChange, PatrolPlan, PatrolVisit
from api.pages import CodeCursor, Page, context_of

PERIOD_MAX = timedelta(days=7)
"""The longest period of a plan."""


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


async def find_editions(session: ReadSession, since: datetime, until: datetime) -> list[Edition]:
    """Return the editions of all plans that may judge a period with any part between two instants, by code.

    What a plan was when, its kept changes say; so the past is judged by the plan of its time.
    """
    kept: Any = (
        select(col(KeptChange.code), col(KeptChange.at), col(KeptChange.after))
        .where(col(KeptChange.noun) == Noun.PATROL_PLAN, col(KeptChange.after).is_not(None))
        .order_by(col(KeptChange.code), col(KeptChange.id))
    )
    changes: dict[str, list[tuple[datetime, PlanDraft]]] = {}
    rows: Sequence[Any] = (await session.execute(kept)).all()
    for code, at, told in rows:
        changes.setdefault(code, []).append((at, PlanDraft.read(told)))
    latest_end = until + PERIOD_MAX
    return [
        edition
        for known in changes.values()
        for edition in editions_of(known)
        if (edition.until is None or edition.until > since)
        and (edition.since is None or edition.since < latest_end)
    ]


async def find_off_hours_shares(session: ReadSession) -> dict[str, float]:
    """Return which share of the visits each plan asks for outside office hours."""
    chosen = select(col(PatrolPlan.code), col(PatrolPlan.off_hours_share))
    return dict((await session.execute(chosen)).all())


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


async def find_seen(
    session: ReadSession,
    plan: PlanDraft,
    codes: Collection[Target],
    gap_ms: int,
    since: datetime,
    until: datetime,
) -> Seen:
    """Return when these targets of a plan were seen between two instants, as `api.domain.rounds` has it."""
    grids = [target.code for target in codes if target.kind is VisitKind.GRID]
    places = [target.code for target in codes if target.kind is VisitKind.PLACE]
    found: dict[Target, Sequence[int]] = {}
    if grids:
        found |= await _grids_seen(session, plan, grids, since, until)
    if places:
        found |= await _places_seen(session, plan, places, gap_ms, since, until)
    return found


def _ms(instant: Any) -> Any:  # noqa: ANN401  a column
    return cast(func.floor(func.extract("epoch", instant) * 1_000), BigInteger)


def _visits(plan: PlanDraft, kind: VisitKind, codes: list[str], since: datetime, until: datetime) -> Any:  # noqa: ANN401
    return (
        col(PatrolVisit.kind) == kind,
        col(PatrolVisit.code) == any_(literal(codes, ARRAY(String))),
        col(PatrolVisit.started_at) >= since,
        col(PatrolVisit.started_at) < until,
        col(PatrolVisit.dwell_s) >= plan.dwell_min_s,
    )


async def _grids_seen(
    session: ReadSession, plan: PlanDraft, codes: list[str], since: datetime, until: datetime
) -> dict[Target, Sequence[int]]:
    # One row a grid, because a city's officers make a million visits in a quarter of a year.
    started_ms = _ms(PatrolVisit.started_at)
    statement: Any = (
        select(col(PatrolVisit.code), func.array_agg(aggregate_order_by(started_ms, started_ms)))
        .where(*_visits(plan, VisitKind.GRID, codes, since, until))
        .group_by(col(PatrolVisit.code))
    )
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return {Target(VisitKind.GRID, code): told for code, told in rows}


async def _places_seen(
    session: ReadSession, plan: PlanDraft, codes: list[str], gap_ms: int, since: datetime, until: datetime
) -> dict[Target, Sequence[int]]:
    who = cast(col(PatrolVisit.person_id), String)
    visits: Any = select(
        col(PatrolVisit.code), who, _ms(PatrolVisit.started_at), _ms(PatrolVisit.stopped_at)
    ).where(*_visits(plan, VisitKind.PLACE, codes, since, until), col(PatrolVisit.buffer_m) == plan.buffer_m)
    stays: dict[str, list[Stay]] = {}
    visited: Sequence[Any] = (await session.execute(visits)).all()
    for code, person, start_ms, stop_ms in visited:
        stays.setdefault(code, []).append(Stay(person, start_ms, stop_ms))
    check_ins: Any = (
        select(col(Checkpoint.place), cast(col(CheckIn.person_id), String), _ms(CheckIn.at))
        .join(Checkpoint, col(Checkpoint.code) == col(CheckIn.checkpoint))
        .where(
            col(Checkpoint.place) == any_(literal(codes, ARRAY(String))),
            col(CheckIn.at) >= since,
            col(CheckIn.at) < until,
        )
    )
    presences: dict[str, list[Presence]] = {}
    checked_in: Sequence[Any] = (await session.execute(check_ins)).all()
    for code, person, at_ms in checked_in:
        presences.setdefault(code, []).append(Presence(person, at_ms))
    return {
        Target(VisitKind.PLACE, code): seen_of(stays.get(code, ()), presences.get(code, ()), gap_ms)
        for code in stays.keys() | presences.keys()
    }
