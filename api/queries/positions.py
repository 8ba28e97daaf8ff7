"""Where officers were last seen."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from api.db import ReadSession
from api.domain.geo import Place
from api.domain.shifts import ShiftState
from api.models import CheckIn, Checkpoint, Shift, Ticket


async def last_positions(
    session: ReadSession, person_ids: Iterable[UUID], since: datetime
) -> dict[UUID, Place]:
    """Return where these people were last, as far as that was not before `since`.

    Whichever is latest: where they reported something, where they checked in, or where a shift that goes on has them.
    """
    people = literal(list(person_ids), ARRAY(Uuid()))
    columns: Any = (
        col(Ticket.reporter_id).label("person_id"),
        col(Ticket.reported_at).label("at"),
        func.ST_X(Ticket.place).label("longitude"),
        func.ST_Y(Ticket.place).label("latitude"),
    )
    reported: Any = select(*columns).where(
        # A ticket is never updated before it is reported: the second condition is what the index answers.
        col(Ticket.reporter_id) == any_(people),
        col(Ticket.reported_at) >= since,
        col(Ticket.updated_at) >= since,
    )
    checked_in = (
        select(col(CheckIn.person_id), col(CheckIn.at), col(Checkpoint.longitude), col(Checkpoint.latitude))
        .join(Checkpoint, col(Checkpoint.code) == col(CheckIn.checkpoint))
        .where(col(CheckIn.person_id) == any_(people), col(CheckIn.at) >= since)
    )
    on_duty = select(
        col(Shift.person_id), col(Shift.last_at), col(Shift.last_longitude), col(Shift.last_latitude)
    ).where(
        col(Shift.person_id) == any_(people),
        col(Shift.state) != ShiftState.ENDED,
        col(Shift.last_at) >= since,
    )
    known = union_all(reported, checked_in, on_duty).subquery("known")
    statement = (
        select(known.c.person_id, known.c.longitude, known.c.latitude)
        .order_by(known.c.person_id, known.c.at.desc(), known.c.longitude, known.c.latitude)
        .ext(distinct_on(known.c.person_id))
    )
    rows = await session.execute(statement)
    return {person_id: Place(longitude, latitude) for person_id, longitude, latitude in rows}
