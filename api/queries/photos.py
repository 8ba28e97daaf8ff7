"""Photos as they were stored, and who sees them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.errors import NotFound
from api.domain.evidence import Purpose
from api.domain.geo import Place
from api.models import Photo, Ticket
from api.queries.access import visible_tickets


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo whose files are durable. `taken_...` is what its file says, `captured_...` what the phone said."""

    id: UUID
    uploaded_by_id: UUID
    ticket_id: UUID | None
    purpose: Purpose
    request_sha256: str
    sha256: str
    media_type: str
    size_bytes: int
    width: int
    height: int
    file_key: str
    captured_at: datetime | None
    captured_place: Place | None
    taken_at: datetime | None
    taken_place: Place | None
    signals: list[dict[str, Any]]


_PLACES = ("captured_place", "taken_place")
_COLUMNS = [name for name in StoredPhoto.__slots__ if name not in _PLACES]


async def find_photo(session: ReadSession, photo_id: UUID) -> StoredPhoto | None:
    """Return a photo, whoever may see it."""
    return await _find(session, _select_photos(col(Photo.id) == photo_id))


async def get_photo(session: ReadSession, viewer: Viewer, photo_id: UUID) -> StoredPhoto:
    """Return one photo; raises NotFound when it is not there or not the viewer's to see."""
    photo = await _find(session, _select_photos(col(Photo.id) == photo_id, visible_photos(viewer)))
    if photo is None:
        raise NotFound("There is no such photo.", photo=photo_id)
    return photo


def visible_photos(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for the photos that this viewer sees: the own ones, and those of visible tickets."""
    of_visible_ticket = (
        select(col(Ticket.id)).where(col(Ticket.id) == col(Photo.ticket_id), visible_tickets(viewer)).exists()
    )
    return or_(col(Photo.uploaded_by_id) == viewer.person_id, of_visible_ticket)


async def is_known_file(session: ReadSession, sha256: str, photo_id: UUID) -> bool:
    """Tell whether this very file was stored as another photo before."""
    other = select(col(Photo.id)).where(col(Photo.sha256) == sha256, col(Photo.id) != photo_id).exists()
    return (await session.execute(select(other))).scalar_one()


async def folders_in_use(session: ReadSession, photo_ids: Collection[UUID]) -> set[str]:
    """Return the folders in which those of these photos that exist have their files."""
    statement = select(col(Photo.file_key)).where(col(Photo.id).in_(photo_ids))
    return set((await session.execute(statement)).scalars())


def _select_photos(*conditions: ColumnElement[bool]) -> Select[Any]:
    columns: list[Any] = [getattr(Photo, name) for name in _COLUMNS]
    for name in _PLACES:
        place = getattr(Photo, name)
        columns += [func.ST_X(place).label(f"{name}_x"), func.ST_Y(place).label(f"{name}_y")]
    statement: Any = select(*columns)
    return statement.where(*conditions)


async def _find(session: ReadSession, statement: Select[Any]) -> StoredPhoto | None:
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        return None
    return StoredPhoto(
        captured_place=_place(row["captured_place_x"], row["captured_place_y"]),
        taken_place=_place(row["taken_place_x"], row["taken_place_y"]),
        **{name: row[name] for name in _COLUMNS},
    )


def _place(longitude: float | None, latitude: float | None) -> Place | None:
    return None if longitude is None or latitude is None else Place(longitude, latitude)


async def find_stored(session: ReadSession, photo_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these photos that are stored, whoever may see them."""
    statement = select(col(Photo.id)).where(col(Photo.id).in_(photo_ids))
    return set((await session.execute(statement)).scalars())
