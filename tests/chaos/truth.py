"""What the city has in the end, read from its tables and its files."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from api.adapters.files import FileStore
from api.db import Database, ReadSession
from api.domain.photos import STORED, Variant, key_in
from api.models import IdempotencyKey, Person, Photo, Report, Ticket, TicketEvent, UploadPart


@dataclass(frozen=True, slots=True)
class Event:
    """A step in a ticket's history; `username` is None where the system took it."""

    ticket_id: UUID
    seq: int
    action: str
    username: str | None
    note: str
    photo_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """Rows and files."""

    reports: dict[UUID, Any]
    photos: dict[UUID, Any]
    tickets: dict[UUID, Any]
    events: list[Event]
    keys: dict[str, UUID]
    """The ticket of each step that was taken under a key."""

    part_keys: set[str]
    file_keys: set[str]
    original_sha256s: dict[UUID, str]
    """Of the files themselves, by photo."""

    waiting: int
    uploads: int

    def files_of(self, photo_id: UUID) -> set[str]:
        """Return the keys of the files that a photo must have."""
        return {key_in(self.photos[photo_id].file_key, variant) for variant in STORED}


async def read_truth(database: Database, files: FileStore) -> Truth:
    """Read everything, rows first: a row that is found must have its files."""
    async with database.snapshot() as session:
        people = {
            row.id: row.username
            for row in await session.execute(select(col(Person.id), col(Person.username)))
        }
        reports = await _by_id(session, Report)
        photos = await _by_id(session, Photo)
        tickets = await _by_id(session, Ticket)
        events = [
            Event(
                row.ticket_id, row.seq, row.action, people.get(row.actor_id), row.note, tuple(row.photo_ids)
            )
            for row in await session.scalars(
                select(TicketEvent).order_by(col(TicketEvent.ticket_id), col(TicketEvent.seq))
            )
        ]
        keys = {row.key: row.ticket_id for row in await session.scalars(select(IdempotencyKey))}
        parts = set(await session.scalars(select(col(UploadPart.file_key))))
        waiting = await _count(session, "SELECT count(*) FROM waiting_items WHERE ended_at IS NULL")
        uploads = await _count(session, "SELECT count(*) FROM uploads")
    file_keys = {file.key async for file in files.files()}
    return Truth(
        reports=reports,
        photos=photos,
        tickets=tickets,
        events=events,
        keys=keys,
        part_keys=parts,
        file_keys=file_keys,
        original_sha256s={
            photo_id: hashlib.sha256(await files.get(key)).hexdigest()
            for photo_id, photo in photos.items()
            if (key := key_in(photo.file_key, Variant.ORIGINAL)) in file_keys
        },
        waiting=waiting,
        uploads=uploads,
    )


async def _by_id(session: ReadSession, table: type[Report | Photo | Ticket]) -> dict[UUID, Any]:
    return {row.id: row for row in await session.scalars(select(table))}


async def _count(session: ReadSession, question: str) -> int:
    return (await session.execute(text(question))).scalar_one()
