"""Where officers were last seen."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, func, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from api.db import ReadSession
from api.domain.geo import Place
from api.models import Ticket


async def last_positions(
    session: ReadSession, person_ids: Iterable[UUID], since: datetime
) -> dict[UUID, Place]:
    """Return where these people last reported something, as far as that was not before `since`."""
    among = col(Ticket.reporter_id) == any_(literal(list(person_ids), ARRAY(Uuid())))
    statement = (
        select(col(Ticket.reporter_id), func.ST_X(Ticket.place), func.ST_Y(Ticket.place))
        # A ticket is never updated before it is reported: the second condition is what the index answers.
        .where(among, col(Ticket.reported_at) >= since, col(Ticket.updated_at) >= since)
        .order_by(col(Ticket.reporter_id), col(Ticket.reported_at).desc(), col(Ticket.id))
        .ext(distinct_on(col(Ticket.reporter_id)))
    )
    rows = await session.execute(statement)
    return {person_id: Place(longitude, latitude) for person_id, longitude, latitude in rows}
