"""Uploads that are not finished: whose they are, and how far they have come."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, func, literal, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.uploads import OpenUploads, Part
from api.models import Report, SignIn, Upload, UploadPart


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """An unfinished upload; `received_bytes`, always fewer than `length_bytes`, are durable in its parts."""

    id: UUID
    person_id: UUID
    length_bytes: int
    received_bytes: int
    told: str
    created_at: datetime
    expires_at: datetime
    parts: tuple[Part, ...]


def is_alive(now: datetime) -> ColumnElement[bool]:
    """Return the condition for uploads that go on: in time, and under a sign-in that has not ended."""
    return and_(col(Upload.expires_at) > now, holds(col(Upload.sign_in_id)))


def holds(sign_in_id: Mapped[UUID] | UUID) -> ColumnElement[bool]:
    """Return the condition that a sign-in has not ended."""
    return (
        select(col(SignIn.id)).where(col(SignIn.id) == sign_in_id, col(SignIn.revoked_at).is_(None)).exists()
    )


async def find_upload(
    session: ReadSession, viewer: Viewer, upload_id: UUID, now: datetime
) -> StoredUpload | None:
    """Return an upload of the viewer that goes on."""
    statement = select(
        col(Upload.id),
        col(Upload.person_id),
        col(Upload.length_bytes),
        col(Upload.received_bytes),
        col(Upload.told),
        col(Upload.created_at),
        col(Upload.expires_at),
    ).where(col(Upload.id) == upload_id, col(Upload.person_id) == viewer.person_id, is_alive(now))
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        return None
    parts = (
        select(col(UploadPart.start_byte), col(UploadPart.size_bytes), col(UploadPart.file_key))
        .where(col(UploadPart.upload_id) == upload_id)
        .order_by(col(UploadPart.start_byte))
    )
    found = tuple(Part(*part) for part in await session.execute(parts))
    return StoredUpload(**row, parts=found)


async def count_open_uploads(session: ReadSession, person_id: UUID, now: datetime) -> OpenUploads:
    """Count a person's uploads that go on, and the bytes that they announced."""
    statement = select(func.count(), func.coalesce(func.sum(col(Upload.length_bytes)), 0)).where(
        col(Upload.person_id) == person_id, is_alive(now)
    )
    row = (await session.execute(statement)).one()
    return OpenUploads(row[0], int(row[1]))


@dataclass(frozen=True, slots=True)
class AwaitedPhoto:
    """A photo that a report named and that is not here; `size_bytes` is None while no upload has begun."""

    id: UUID
    received_bytes: int
    size_bytes: int | None


async def find_awaited_photos(session: ReadSession, ticket_id: UUID, now: datetime) -> list[AwaitedPhoto]:
    """Return the photos that a ticket's report still waits for, in its order, and how far they have come."""
    return (await awaited_photos_of_tickets(session, [ticket_id], now)).get(ticket_id, [])


async def awaited_photos_of_tickets(
    session: ReadSession, ticket_ids: Collection[UUID], now: datetime
) -> dict[UUID, list[AwaitedPhoto]]:
    """Return the photos that these tickets' reports still wait for; tickets that wait for none are left out."""
    on_the_way = and_(
        col(Upload.id) == func.any(col(Report.awaited_photo_ids)),
        col(Upload.person_id) == col(Report.reporter_id),
        is_alive(now),
    )
    statement = (
        select(
            col(Report.id),
            col(Report.awaited_photo_ids),
            col(Upload.id),
            col(Upload.received_bytes),
            col(Upload.length_bytes),
        )
        .select_from(Report)
        .outerjoin(Upload, on_the_way)
        .where(
            col(Report.id) == func.any(literal(list(ticket_ids), ARRAY(Uuid()))),
            func.cardinality(col(Report.awaited_photo_ids)) > 0,
        )
    )
    awaited: dict[UUID, list[UUID]] = {}
    begun: dict[UUID, AwaitedPhoto] = {}
    for ticket_id, photo_ids, upload_id, received_bytes, length_bytes in await session.execute(statement):
        awaited[ticket_id] = photo_ids
        begun[upload_id] = AwaitedPhoto(upload_id, received_bytes, length_bytes)
    return {
        ticket_id: [begun.get(photo_id, AwaitedPhoto(photo_id, 0, None)) for photo_id in photo_ids]
        for ticket_id, photo_ids in awaited.items()
    }


async def parts_in_use(session: ReadSession, upload_ids: Collection[UUID]) -> set[str]:
    """Return the keys of the files that these uploads are kept in."""
    statement = select(col(UploadPart.file_key)).where(col(UploadPart.upload_id).in_(upload_ids))
    return set((await session.execute(statement)).scalars())
