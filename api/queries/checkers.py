"""Officers who might be asked to go and look."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Row, Select, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Role
from api.domain.checkers import Candidate
from api.domain.geo import Place
from api.domain.tasks import TaskState
from api.models import Grid, GridPerson, Person, Task
from api.queries.geometry import point
from api.queries.positions import last_positions

DUTIES = 1_000
"""Duties on grids that are looked at, the nearest first: those of some twenty officers of a dense city."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What candidates are looked at for: the place, its grid, the unit whose work it is, and today.

    Tasks on the unit's work count from `recent_since`, positions from `seen_since`.
    """

    place: Place
    grid_code: str | None
    unit_id: int | None
    today: date
    recent_since: datetime
    seen_since: datetime


async def find_candidates(session: ReadSession, looked: Looked) -> list[Candidate]:
    """Return the officers whose grids are nearest to the place, with all that a choice counts: two statements."""
    rows = await session.execute(_select(looked, _nearest(looked)))
    return await _candidates(session, rows, looked)


async def find_candidate(session: ReadSession, looked: Looked, username: str) -> Candidate | None:
    """Return the officer with exactly this user name; None when there is none who may sign in."""
    who = col(Person.username) == username
    found = await _candidates(session, await session.execute(_select(looked, _all_of(looked, who))), looked)
    return found[0] if found else None


def is_active_officer(today: date) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for officers who may sign in today."""
    valid = or_(col(Person.valid_until).is_(None), col(Person.valid_until) >= today)
    return col(Person.role) == Role.OFFICER, col(Person.is_active).is_(True), valid


def _duties(looked: Looked) -> Select[Any]:
    place = point(looked.place.longitude, looked.place.latitude)
    to_on = col(GridPerson.to_on)
    away: ColumnElement[float] = col(Grid.geometry).op("<->", return_type=Float())(place)
    columns: Any = (
        col(Person.id).label("person_id"),
        col(Grid.code),
        col(Grid.geometry),
        away.label("away"),
    )
    statement: Any = (
        select(*columns)
        .select_from(Grid)
        .join(GridPerson, col(GridPerson.grid_id) == col(Grid.id))
        .join(Person, col(Person.id) == col(GridPerson.person_id))
        .where(
            *is_active_officer(looked.today),
            col(GridPerson.from_on) <= looked.today,
            or_(to_on.is_(None), to_on >= looked.today),
        )
        .order_by(away)
    )
    return statement


def _nearest(looked: Looked) -> Select[Any]:
    return _duties(looked).limit(DUTIES)


def _all_of(looked: Looked, who: ColumnElement[bool]) -> Select[Any]:
    """Return somebody's duties, or one row without any."""
    duties = _duties(looked).where(who).subquery("own")
    columns: Any = (
        col(Person.id).label("person_id"),
        duties.c.code,
        duties.c.geometry,
        duties.c.away,
    )
    statement: Any = (
        select(*columns)
        .select_from(Person)
        .outerjoin(duties, duties.c.person_id == col(Person.id))
        .where(who, *is_active_officer(looked.today))
    )
    return statement


def _select(looked: Looked, duties: Select[Any]) -> Select[Any]:
    """Return one row a person: her nearest grid's middle, and how busy she is."""
    near = duties.subquery("near")
    middle = func.ST_Centroid(near.c.geometry)
    is_regular = func.starts_with(looked.grid_code or "", near.c.code)
    columns: tuple[Any, ...] = (
        near.c.person_id,
        func.ST_X(middle).label("longitude"),
        func.ST_Y(middle).label("latitude"),
        func.bool_or(is_regular).over(partition_by=near.c.person_id).label("is_regular"),
    )
    people: Any = (
        select(*columns)
        .ext(distinct_on(near.c.person_id))
        .order_by(near.c.person_id, near.c.away)
        .subquery("people")
    )
    is_hers = col(Task.assignee_id) == people.c.person_id
    load = select(func.count()).where(is_hers, col(Task.state) == TaskState.OPEN)
    recent = select(func.count()).where(
        is_hers,
        col(Task.made_at) >= looked.recent_since,
        col(Task.unit_id) == looked.unit_id,
        col(Task.state).in_([TaskState.OPEN, TaskState.DONE]),
    )
    statement: Any = select(
        people, load.scalar_subquery().label("load"), recent.scalar_subquery().label("recent")
    )
    return statement


async def _candidates(session: ReadSession, rows: Iterable[Row[Any]], looked: Looked) -> list[Candidate]:
    found = [
        Candidate(
            person_id=row.person_id,
            is_regular=bool(row.is_regular),
            home=None if row.longitude is None else Place(row.longitude, row.latitude),
            load=row.load,
            recent=row.recent,
        )
        for row in rows
    ]
    if not found:
        return []
    positions = await last_positions(session, [one.person_id for one in found], looked.seen_since)
    return [replace(one, position=positions.get(one.person_id)) for one in found]
