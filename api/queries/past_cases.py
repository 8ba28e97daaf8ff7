"""Tickets of the past as dispatching saw them, decided anew."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlmodel import col

from api.db import ReadSession
from api.domain.dispatch_decision import matter_of
from api.domain.dispatch_replay import PastCase, Replay
from api.domain.geo import Place
from api.domain.reference import Reference
from api.models import Condition, Ticket

EXAMINED_MAX = 20_000
"""Tickets that a replay looks at; a batch of them at a time is in memory."""

_BATCH = 1_000


async def replay_past_cases(
    session: ReadSession, replay: Replay, since: datetime, examined_max: int = EXAMINED_MAX
) -> None:
    """Add the tickets filed since an instant to a replay, the newest first, one statement for each batch."""
    behind: tuple[datetime, UUID] | None = None
    while room := examined_max - replay.examined:
        limit = min(_BATCH, room)
        cases = await find_past_cases(session, replay.present, since, behind, limit)
        replay.add(cases)
        if len(cases) < limit:
            return
        behind = cases[-1].matter.at, cases[-1].ticket_id
    replay.is_complete = not await find_past_cases(session, replay.present, since, behind, 1)


async def find_past_cases(
    session: ReadSession,
    reference: Reference,
    since: datetime,
    behind: tuple[datetime, UUID] | None,
    limit: int,
) -> list[PastCase]:
    """Return the next tickets filed since an instant, the newest first, behind the one filed then.

    Class, condition, grid and place are those of today: what was corrected since is what a rule should go by. The
    areas are those around the ticket that were in force on the day it was filed, as they are drawn in `reference`.
    """
    filed_at, ticket_id = col(Ticket.filed_at), col(Ticket.id)
    statement = (
        select(
            ticket_id,
            col(Ticket.number),
            col(Ticket.category_code),
            col(Condition.number),
            col(Ticket.grid_code),
            col(Ticket.source),
            filed_at,
            col(Ticket.place_code),
            func.ST_X(col(Ticket.place)),
            func.ST_Y(col(Ticket.place)),
        )
        .outerjoin(Condition, col(Condition.id) == col(Ticket.condition_id))
        .where(filed_at >= since)
        # As ix_tickets_filed has it.
        .order_by(filed_at.desc().nulls_last(), ticket_id.desc())
        .limit(limit)
    )
    if behind is not None:
        statement = statement.where(tuple_(filed_at, ticket_id) < behind)
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
                at=filed,
                grid_code=grid,
                place_code=place,
                point=Place(longitude, latitude),
            ),
        )
        for ticket, number, category, condition, grid, source, filed, place, longitude, latitude in found
        if filed is not None
    ]
