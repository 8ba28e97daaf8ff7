"""Attach photos to a ticket: only one's own, each to one ticket only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, cast, column, func, or_, select, update
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


def _update_owners() -> Any:  # noqa: ANN401  the overloads of `returning` count columns one by one
    """Return the statement that gives photos, `ids`, that are `person_id`'s and free to their `ticket_ids`."""
    arrays = (bindparam(name, type_=ARRAY(Uuid)) for name in ("ids", "ticket_ids"))
    pairs = func.unnest(*arrays).table_valued(column("id", Uuid), column("ticket_id", Uuid))
    wanted = pairs.render_derived(name="wanted")
    is_free = or_(col(Photo.ticket_id).is_(None), col(Photo.ticket_id) == wanted.c.ticket_id)
    owned: Any = (
        update(Photo)
        .where(col(Photo.id) == wanted.c.id, col(Photo.uploaded_by_id) == bindparam("person_id"), is_free)
        .values(ticket_id=wanted.c.ticket_id)
        .execution_options(synchronize_session=False)
    )
    return owned.returning(*(getattr(Photo, name) for name in PhotoFacts.__slots__))


_ATTACH = _update_owners()
_NAMES = func.unnest(bindparam("ids", type_=ARRAY(Uuid))).column_valued("id")
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(cast(_NAMES, Text), 0)))


async def attach_photos(
    session: WriteSession,
    person_id: UUID,
    wanted: Mapping[UUID, Sequence[UUID]],
    *,
    may_await: bool = False,
) -> dict[UUID, Attachment]:
    """Tie photos to the tickets that want them, and tell for each ticket which are not here yet.

    Raises FieldWrong (`photo_not_yours`) for a photo that somebody else took or that belongs to another
    ticket. Whoever wants to wait for those to come says `may_await`: their locks are then held until the
    transaction ends, so that none can arrive unseen in between.
    """
    # A photo belongs to one ticket: of several that name it, to the first.
    owners: dict[UUID, UUID] = {}
    for ticket_id, photo_ids in wanted.items():
        owners |= {photo_id: ticket_id for photo_id in photo_ids if photo_id not in owners}
    here = await _attach(session, person_id, owners)
    absent = owners.keys() - here.keys()
    if absent and may_await:
        await lock_photos(session, absent)
        here |= await _attach(session, person_id, {photo_id: owners[photo_id] for photo_id in absent})
    attachments = {
        ticket_id: _attachment(photo_ids, [photo for photo in here.values() if owners[photo.id] == ticket_id])
        for ticket_id, photo_ids in wanted.items()
    }
    if any(attachment.awaited for attachment in attachments.values()):
        await _refuse_others(session, wanted, attachments)
    return attachments


def _attachment(wanted: Sequence[UUID], here: Sequence[PhotoFacts]) -> Attachment:
    ids = {photo.id for photo in here}
    # In the order in which a ticket shows them, so that the first answer is like every later one.
    photos = sorted(here, key=lambda photo: (photo.received_at, photo.id))
    return Attachment(tuple(photos), tuple(photo_id for photo_id in wanted if photo_id not in ids))


async def lock_photos(session: WriteSession, photo_ids: Iterable[UUID]) -> None:
    """Hold the names of photos that may not exist yet, always in the same order."""
    await session.execute(_LOCK, {"ids": sorted(photo_ids)})


async def _attach(
    session: WriteSession, person_id: UUID, owners: Mapping[UUID, UUID]
) -> dict[UUID, PhotoFacts]:
    if not owners:
        return {}
    values = {"ids": list(owners), "ticket_ids": list(owners.values()), "person_id": person_id}
    rows = (await session.execute(_ATTACH, values)).mappings()
    return {row["id"]: PhotoFacts(**row) for row in rows}


async def _refuse_others(
    session: WriteSession, wanted: Mapping[UUID, Sequence[UUID]], attachments: Mapping[UUID, Attachment]
) -> None:
    absent = {photo_id for attachment in attachments.values() for photo_id in attachment.awaited}
    taken = set((await session.execute(select(col(Photo.id)).where(col(Photo.id).in_(absent)))).scalars())
    for ticket_id, photo_ids in wanted.items():
        for index, photo_id in enumerate(photo_ids):
            if photo_id in taken and photo_id in attachments[ticket_id].awaited:
                raise FieldWrong(
                    f"/photos/{index}",
                    "photo_not_yours",
                    "This photo is somebody else's or belongs to another ticket.",
                    photo=photo_id,
                )
