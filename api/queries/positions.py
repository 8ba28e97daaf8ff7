"""Where officers were last seen."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    any_,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from api.db import ReadSession
from api.domain.geo import Place
from api.models import CheckIn, Checkpoint, Shift, Ticket
from api.models.patrols import ON_DUTY_SQL

IS_ON_DUTY: ColumnElement[bool] = literal_column(ON_DUTY_SQL)
"""Written as the index of shifts that go on has it, so that the planner knows it again."""


async def last_positions(
    session: ReadSession, person_ids: Iterable[UUID], since: datetime
) -> dict[UUID, Place]:
    """Return where these people last were as far as that is known and was not before `since`: one statement.

    Where they reported something or checked in, or the last point of the track that can be believed while they are on
    duty; whatever is the latest.
    """
    people = literal(list(person_ids), ARRAY(Uuid()))
    known = union_all(
        _reported(people, since), _checked_in(people, since), _tracked(people, since)
    ).subquery()
    statement = (
        select(known.c.person_id, known.c.longitude, known.c.latitude)
        .order_by(known.c.person_id, known.c.at.desc(), known.c.longitude, known.c.latitude)
        .ext(distinct_on(known.c.person_id))
    )
    rows = await session.execute(statement)
    return {person_id: Place(longitude, latitude) for person_id, longitude, latitude in rows}


def _reported(people: ColumnElement[Any], since: datetime) -> Select[Any]:
    longitude, latitude = func.ST_X(Ticket.place), func.ST_Y(Ticket.place)
    # A ticket is never updated before it is reported: the last condition is what the index answers.
    return _positions(col(Ticket.reporter_id), col(Ticket.reported_at), longitude, latitude).where(
        col(Ticket.reporter_id) == any_(people),
        col(Ticket.reported_at) >= since,
        col(Ticket.updated_at) >= since,
    )


def _checked_in(people: ColumnElement[Any], since: datetime) -> Select[Any]:
    longitude, latitude = col(Checkpoint.longitude), col(Checkpoint.latitude)
    return (
        _positions(col(CheckIn.person_id), col(CheckIn.at), longitude, latitude)
        .join(Checkpoint, col(Checkpoint.code) == col(CheckIn.checkpoint))
        .where(col(CheckIn.person_id) == any_(people), col(CheckIn.at) >= since)
    )


def _tracked(people: ColumnElement[Any], since: datetime) -> Select[Any]:
    longitude, latitude = col(Shift.last_longitude), col(Shift.last_latitude)
    return _positions(col(Shift.person_id), col(Shift.last_at), longitude, latitude).where(
        col(Shift.person_id) == any_(people),
        IS_ON_DUTY,
        col(Shift.last_at) >= since,
    )


def _positions(*columns: Any) -> Select[Any]:  # noqa: ANN401  columns of any tables
    names = ("person_id", "at", "longitude", "latitude")
    statement: Any = select(*(column.label(name) for name, column in zip(names, columns, strict=True)))
    return statement
