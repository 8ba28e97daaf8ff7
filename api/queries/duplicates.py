"""Open tickets that may be the same problem: same class, within a radius."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Float, Text, Uuid, column, func, literal, select, true
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.cases import Case
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
    session: ReadSession, viewer: Viewer, cases: Sequence[Case], radius_m: float
) -> Mapping[UUID, Sequence[Duplicate]]:
    """Return for each of these new tickets the nearest earlier open ones within the radius that the viewer may see.

    They are of its class; of tickets that were made together, those before it count as earlier.
    """
    ids = literal([case.id for case in cases], ARRAY(Uuid))
    here = (
        func.unnest(
            ids,
            literal([case.category for case in cases], ARRAY(Text)),
            literal([case.place.longitude for case in cases], ARRAY(Float)),
            literal([case.place.latitude for case in cases], ARRAY(Float)),
        )
        .table_valued(
            column("id", Uuid),
            column("category", Text),
            column("longitude", Float),
            column("latitude", Float),
            with_ordinality="place_in_line",
        )
        .render_derived(name="here")
    )
    at = geography(point(here.c.longitude, here.c.latitude))
    there = geography(col(Ticket.place))
    nearest = (
        select(
            col(Ticket.id),
            col(Ticket.number),
            col(Ticket.state),
            col(Ticket.reported_at),
            func.ST_Distance(there, at).label("distance_m"),
        )
        .where(
            IS_OPEN,
            col(Ticket.category_code) == here.c.category,
            func.ST_DWithin(there, at, radius_m),
            visible_tickets(viewer),
            func.coalesce(func.array_position(ids, col(Ticket.id)), 0) < here.c.place_in_line,
        )
        .order_by("distance_m", col(Ticket.id))
        .limit(MOST)
        .lateral("nearest")
    )
    statement: Any = (
        select(here.c.id.label("new_id"), nearest)
        .join_from(here, nearest, true())
        .order_by(here.c.place_in_line, nearest.c.distance_m, nearest.c.id)
    )
    found: dict[UUID, list[Duplicate]] = {case.id: [] for case in cases}
    for row in await session.execute(statement):
        duplicate = Duplicate(row.id, row.number, row.state, round(row.distance_m, 1), row.reported_at)
        found[row.new_id].append(duplicate)
    return found
