"""Open tickets that may be the same problem: same class, within a radius."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.geo import Place
from api.domain.lifecycle import State
from api.models import Ticket
from api.queries.access import visible_tickets
from api.queries.filters import IS_OPEN
from api.queries.geometry import geography, point

MOST = 5


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An open ticket nearby."""

    ticket_id: UUID
    number: str
    state: State
    distance_m: float
    since: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the duplicate as it is stored beside its report."""
        return {
            "ticket": str(self.ticket_id),
            "number": self.number,
            "state": self.state,
            "distance_m": self.distance_m,
            "since": self.since.isoformat(),
        }


async def open_duplicates(
    session: ReadSession, viewer: Viewer, category: str, place: Place, radius_m: float
) -> list[Duplicate]:
    """Return the nearest open tickets of this class within the radius that the viewer may see."""
    here = geography(point(place.longitude, place.latitude))
    there = geography(col(Ticket.place))
    distance_m = func.ST_Distance(there, here)
    statement = (
        select(
            col(Ticket.id),
            col(Ticket.number),
            col(Ticket.state),
            col(Ticket.reported_at),
            distance_m.label("distance_m"),
        )
        .where(
            IS_OPEN,
            col(Ticket.category_code) == category,
            func.ST_DWithin(there, here, radius_m),
            visible_tickets(viewer),
        )
        .order_by(distance_m, col(Ticket.id))
        .limit(MOST)
    )
    return [
        Duplicate(row.id, row.number, row.state, round(row.distance_m, 1), row.reported_at)
        for row in await session.execute(statement)
    ]
