"""Attach photos to a ticket: only one's own, each to one ticket only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, or_, select, update
from sqlmodel import col

from api.db import WriteSession
from api.domain.errors import FieldWrong
from api.domain.evidence import PhotoFacts
from api.models import Photo


@dataclass(frozen=True, slots=True)
class Attachment:
    """Photos that are here, in the order of their arrival, and ids of photos that have not arrived yet."""

    photos: tuple[PhotoFacts, ...]
    awaited: tuple[UUID, ...]


async def attach_photos(
    session: WriteSession,
    ticket_id: UUID,
    person_id: UUID,
    photo_ids: Sequence[UUID],
    *,
    may_await: bool = False,
) -> Attachment:
    """Tie photos to a ticket and tell which are not here yet.

    Raises FieldWrong (`photo_not_yours`) for a photo that somebody else took or that belongs to another
    ticket. Whoever wants to wait for those to come says `may_await`: their locks are then held until the
    transaction ends, so that none can arrive unseen in between.
    """
    if not photo_ids:
        return Attachment((), ())
    here = await _attach(session, ticket_id, person_id, photo_ids)
    absent = [photo_id for photo_id in photo_ids if photo_id not in here]
    if absent and may_await:
        await lock_photos(session, absent)
        here |= await _attach(session, ticket_id, person_id, absent)
        absent = [photo_id for photo_id in absent if photo_id not in here]
    if absent:
        await _refuse_others(session, photo_ids, absent)
    # In the order in which a ticket shows them, so that the first answer is like every later one.
    photos = sorted(here.values(), key=lambda photo: (photo.received_at, photo.id))
    return Attachment(tuple(photos), tuple(absent))


async def lock_photos(session: WriteSession, photo_ids: Sequence[UUID]) -> None:
    """Hold the names of photos that may not exist yet, always in the same order."""
    for photo_id in sorted(photo_ids):
        key = func.hashtextextended(cast(str(photo_id), Text), 0)
        await session.execute(select(func.pg_advisory_xact_lock(key)))


async def _attach(
    session: WriteSession, ticket_id: UUID, person_id: UUID, photo_ids: Sequence[UUID]
) -> dict[UUID, PhotoFacts]:
    attached = (
        update(Photo)
        .where(
            col(Photo.id).in_(photo_ids),
            col(Photo.uploaded_by_id) == person_id,
            or_(col(Photo.ticket_id).is_(None), col(Photo.ticket_id) == ticket_id),
        )
        .values(ticket_id=ticket_id)
    )
    # The overloads of `returning` count columns one by one; a starred list is Any to them.
    returning: Any = attached.returning
    statement: Any = returning(*(getattr(Photo, name) for name in PhotoFacts.__slots__))
    rows = (await session.execute(statement)).mappings()
    return {row["id"]: PhotoFacts(**row) for row in rows}


async def _refuse_others(session: WriteSession, photo_ids: Sequence[UUID], absent: Sequence[UUID]) -> None:
    taken = set((await session.execute(select(col(Photo.id)).where(col(Photo.id).in_(absent)))).scalars())
    for index, photo_id in enumerate(photo_ids):
        if photo_id in taken:
            raise FieldWrong(
                f"/photos/{index}",
                "photo_not_yours",
                "This photo is somebody else's or belongs to another ticket.",
                photo=photo_id,
            )
