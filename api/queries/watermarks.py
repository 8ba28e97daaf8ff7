"""What a photo's watermark is made of."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.geo import Place
from api.domain.reference import Reference
from api.domain.watermarks import WatermarkFacts
from api.models import Person, Photo, Ticket


async def watermark_facts(session: ReadSession, reference: Reference, photo_id: UUID) -> WatermarkFacts:
    """Return what is known of a stored photo."""
    place = func.coalesce(col(Photo.captured_place), col(Photo.taken_place))
    columns: list[Any] = [
        col(Ticket.number),
        col(Ticket.category_id),
        col(Ticket.address),
        col(Ticket.grid_code),
        col(Photo.captured_at),
        col(Photo.taken_at),
        col(Photo.received_at),
        func.ST_X(place).label("x"),
        func.ST_Y(place).label("y"),
        col(Person.role),
        col(Person.officer_number),
        col(Person.unit_id),
    ]
    statement: Any = (
        select(*columns)
        .select_from(Photo)
        .join(Person, col(Person.id) == col(Photo.uploaded_by_id))
        .outerjoin(Ticket, col(Ticket.id) == col(Photo.ticket_id))
        .where(col(Photo.id) == photo_id)
    )
    row = (await session.execute(statement)).one()
    grid = reference.known_grids.get(row.grid_code) if row.grid_code is not None else None
    return WatermarkFacts(
        ticket_number=row.number,
        category=reference.known_category(row.category_id).minor_zh if row.category_id is not None else None,
        captured_at=row.captured_at,
        taken_at=row.taken_at,
        received_at=row.received_at,
        place=None if row.x is None else Place(row.x, row.y),
        address=row.address or "",
        grid_code=row.grid_code,
        grid_name=grid.name_zh if grid else None,
        sender_role=row.role,
        officer_number=row.officer_number,
        unit_name=reference.units[row.unit_id].name_zh if row.unit_id is not None else None,
    )
