"""Filed tickets that wait because no rule covered them, as dispatching sees them now."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.cases import Triage
from api.domain.dispatch_decision import matter_of
from api.domain.dispatch_replay import PastCase
from api.domain.geo import Place
from api.domain.lifecycle import State
from api.domain.reference import Reference
from api.models import Condition, Ticket
from api.queries.filters import IS_OPEN


async def find_waiting_cases(
    session: ReadSession, reference: Reference, now: datetime, limit: int
) -> list[PastCase]:
    """Return tickets in triage for want of a rule, those that have waited longest first; rules hold as of `now`."""
    statement = (
        select(
            col(Ticket.id),
            col(Ticket.number),
            col(Ticket.category_code),
            col(Condition.number),
            col(Ticket.grid_code),
            col(Ticket.source),
            col(Ticket.place_code),
            func.ST_X(col(Ticket.place)),
            func.ST_Y(col(Ticket.place)),
        )
        .outerjoin(Condition, col(Condition.id) == col(Ticket.condition_id))
        .where(IS_OPEN, col(Ticket.state) == State.FILED, col(Ticket.triage) == Triage.NO_RULE)
        .order_by(col(Ticket.due_at), col(Ticket.id))
        .limit(limit)
    )
    found = (await session.execute(statement)).all()
    return [
        PastCase(
            ticket,
            number,
            matter_of(
                reference,
                category=category,
                condition=condition,
                source=source.value,
                at=now,
                grid_code=grid,
                place_code=place,
                point=Place(longitude, latitude),
            ),
        )
        for ticket, number, category, condition, grid, source, place, longitude, latitude in found
    ]
