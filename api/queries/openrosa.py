"""What the addresses of OpenRosa ask the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.reference import Reference
from api.models import CheckIn, Checkpoint, DeviceToken, Person, Photo, SignIn, Submission, Ticket
from api.pages import context_of
from api.queries.queue import work_of
from api.queries.tickets import ORDERS, TicketFacts, find_page

TICKETS_MAX = 200
"""Tickets that a form offers: the most urgent of a queue, far more than somebody can do in a day."""


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The sign-in of a device's token that holds, and when it was used last."""

    sign_in_id: UUID
    used_at: datetime


async def find_device_token(
    session: ReadSession, username: str, sha256: str, now: datetime
) -> TokenFacts | None:
    """Return the sign-in behind a person's token; None for one that is not hers, was revoked or has expired."""
    statement = (
        select(col(SignIn.id), col(SignIn.used_at))
        .join(DeviceToken, col(DeviceToken.sign_in_id) == col(SignIn.id))
        .join(Person, col(Person.id) == col(SignIn.person_id))
        .where(
            col(DeviceToken.sha256) == sha256,
            col(Person.username) == username,
            col(SignIn.revoked_at).is_(None),
            col(SignIn.expires_at) > now,
        )
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else TokenFacts(row.id, row.used_at)


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """A submission that came before."""

    person_id: UUID
    xml_sha256: str
    is_done: bool


async def find_submission(session: ReadSession, submission_id: UUID) -> StoredSubmission | None:
    """Return a submission by its id."""
    statement = select(
        col(Submission.person_id),
        col(Submission.xml_sha256),
        col(Submission.done_at).is_not(None).label("is_done"),
    ).where(col(Submission.id) == submission_id)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else StoredSubmission(row.person_id, row.xml_sha256, row.is_done)


async def find_stored_photos(session: ReadSession, photo_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these photos are stored."""
    statement = select(col(Photo.id)).where(col(Photo.id).in_(photo_ids))
    return set((await session.execute(statement)).scalars())


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a submission: a ticket, by its number (案卷号), or a check-in, by the names of its checkpoint."""

    number: str | None
    checkpoint_zh: str | None
    checkpoint_en: str | None


async def find_done(session: ReadSession, submission_id: UUID) -> Done | None:
    """Return what came of a submission; None while it waits for pictures."""
    statement = (
        select(col(Ticket.number), col(Checkpoint.name_zh), col(Checkpoint.name_en))
        .select_from(Submission)
        .outerjoin(Ticket, col(Ticket.id) == col(Submission.ticket_id))
        .outerjoin(CheckIn, col(CheckIn.id) == col(Submission.id))
        .outerjoin(Checkpoint, col(Checkpoint.code) == col(CheckIn.checkpoint))
        .where(col(Submission.id) == submission_id, col(Submission.done_at).is_not(None))
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Done(row.number, row.name_zh, row.name_en)


async def find_work(
    session: ReadSession, viewer: Viewer, reference: Reference, now: datetime
) -> list[TicketFacts]:
    """Return what waits for somebody, the most urgent first, as in the queue."""
    conditions = [work_of(viewer, reference, now)]
    context = context_of("openrosa")
    page = await find_page(
        session, viewer, conditions, ORDERS["due_at"], None, limit=TICKETS_MAX, context=context
    )
    return list(page.items)
