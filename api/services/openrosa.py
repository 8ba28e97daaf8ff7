"""Submissions of ODK Collect are taken: once, however often they are sent, and whole, in however many pieces.

A phone sends the XML with each piece. So nothing has to be kept of it but its hash: whatever is missing comes with
the XML again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.adapters.files import FileStore
from api.adapters.image_facts import ImageLimits
from api.adapters.image_refusals import ImageRefused
from api.db import Database, ReadSession, WriteSession
from api.domain.access import Viewer
from api.domain.errors import IdTaken, Refusal
from api.domain.reference import Reference
from api.domain.report_requests import ReportRequest
from api.domain.submissions import NamedPhoto
from api.domain.submissions import Submission as SentSubmission
from api.models import Submission
from api.queries.openrosa import Done, StoredSubmission, find_done, find_stored_photos, find_submission
from api.services.checkpoints import CheckInRequest, check_in
from api.services.photos import PhotoRequest
from api.services.receiving import receive_photo
from api.services.sync_release import file_and_release
from api.services.taking import StepRequest
from api.services.tickets import take_step


@dataclass(frozen=True, slots=True)
class Desk:
    """Where submissions are taken: what the house holds, who sends, and when. `uploads` bounds pictures in memory."""

    database: Database
    files: FileStore
    uploads: AbstractAsyncContextManager[object]
    limits: ImageLimits
    zone: ZoneInfo
    reference: Reference
    viewer: Viewer
    now: datetime


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A check or a verification: a step on a ticket."""

    ticket_id: UUID
    step: StepRequest


Filled = ReportRequest | CheckRequest | CheckInRequest
"""What a filled form asks for, as the services below take it. Another kind of form joins here, and in `_do`."""


ReadPicture = Callable[[], Awaitable[bytes]]
"""Reads the bytes of a picture that came with a submission, when it is its turn."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: the form, the hash of its XML, and the pictures that came along, by file name."""

    form: SentSubmission
    xml_sha256: str
    pictures: Mapping[str, ReadPicture]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a submission: `done` is None while it waits for the pictures in `absent`."""

    done: Done | None
    absent: tuple[str, ...]


async def take_submission(desk: Desk, sent: Sent, read: Callable[[], Filled]) -> Taken:
    """Do what a form asks for, and store the pictures that came along; the same again changes nothing.

    A report is filed at once and waits for its pictures like any other; a check-in has none. What can't wait (a
    step, or a fix on the spot, needs its proof) is done when the last picture is here. `read` is called while that
    has not happened; later on, the classes and questions of that day may be others.

    Raises IdTaken for an instance that came before with another content, ImageRefused for the first picture that is
    none (the others are stored), and what `file_report`, `take_step` and `check_in` raise: nothing is done then.
    """
    form = sent.form
    async with desk.database.read() as session:
        stored = await find_submission(session, form.id)
    is_done = stored is not None and _checked(stored, desk, sent).is_done
    filled = None if is_done else read()
    if filled is not None:
        async with desk.database.write() as session:
            is_done = await _claim(session, desk, sent)
            if not is_done and not _waits(filled):
                await _finish(session, desk, form.id, filled)
    await _store_pictures(desk, sent)
    async with desk.database.read() as session:
        absent = await _absent(session, form.photos)
        done = await find_done(session, form.id)
    if done is None and filled is not None and not absent:
        async with desk.database.write() as session:
            if not await _lock(session, form.id):
                await _finish(session, desk, form.id, filled)
            done = await find_done(session, form.id)
    return Taken(done, absent)


def _waits(filled: Filled) -> bool:
    match filled:
        case ReportRequest():
            return filled.self_fix
        case CheckRequest():
            return bool(filled.step.photo_ids)
        case CheckInRequest():
            return False


async def _do(session: WriteSession, desk: Desk, submission_id: UUID, filled: Filled) -> UUID | None:
    """Do what a form asks for; return the ticket that it is about, None for a check-in."""
    match filled:
        case ReportRequest():
            await file_and_release(session, desk.reference, desk.viewer, [filled], desk.now, desk.zone)
            return filled.id
        case CheckRequest():
            key = f"openrosa:{submission_id}"
            await take_step(
                session, desk.reference, desk.viewer, filled.ticket_id, filled.step, desk.now, key=key
            )
            return filled.ticket_id
        case CheckInRequest():
            await check_in(session, desk.viewer, desk.reference, filled, desk.zone, desk.now)
            return None


async def _finish(session: WriteSession, desk: Desk, submission_id: UUID, filled: Filled) -> None:
    ticket_id = await _do(session, desk, submission_id, filled)
    done = update(Submission).where(col(Submission.id) == submission_id)
    await session.execute(done.values(done_at=desk.now, ticket_id=ticket_id))


async def _claim(session: WriteSession, desk: Desk, sent: Sent) -> bool:
    """Write down that a submission came; tell whether it is done. Parallel ones wait for the first."""
    form = sent.form
    claim = (
        insert(Submission)
        .values(
            id=form.id,
            person_id=desk.viewer.person_id,
            instance_id=form.instance_id,
            form_id=form.kind,
            form_version=form.form_version,
            xml_sha256=sent.xml_sha256,
            received_at=desk.now,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(Submission.id))
    )
    if (await session.execute(claim)).scalar_one_or_none() is not None:
        return False
    stored = await find_submission(session, form.id)
    assert stored is not None  # noqa: S101  it was in the way
    return _checked(stored, desk, sent).is_done


async def _lock(session: WriteSession, submission_id: UUID) -> bool:
    """Hold a submission that is there; tell whether it is done."""
    locked = select(col(Submission.done_at)).where(col(Submission.id) == submission_id).with_for_update()
    return (await session.execute(locked)).scalar_one() is not None


def _checked(stored: StoredSubmission, desk: Desk, sent: Sent) -> StoredSubmission:
    if (stored.person_id, stored.xml_sha256) != (desk.viewer.person_id, sent.xml_sha256):
        detail = "This form was sent before with other answers; what was sent then stands."
        raise IdTaken(detail, instance=sent.form.instance_id)
    return stored


async def _store_pictures(desk: Desk, sent: Sent) -> None:
    """Store the pictures that came; one that is refused does not keep the others from it."""
    refused: Exception | None = None
    for photo in sent.form.photos:
        read = sent.pictures.get(photo.file_name)
        if read is None:
            continue
        try:
            async with desk.uploads:
                await _store(desk, photo, await read())
        except ImageRefused as error:
            refused = refused or type(error)(f"{photo.file_name}: {error}")
        except Refusal as error:
            refused = refused or error
    if refused is not None:
        raise refused


async def _store(desk: Desk, photo: NamedPhoto, content: bytes) -> None:
    await receive_photo(
        desk.database,
        desk.files,
        desk.reference,
        desk.viewer,
        # Of no declared type: Collect guesses it by the ending of the file's name. The bytes say what they are.
        PhotoRequest(photo.id, photo.purpose),
        content,
        desk.now,
        desk.zone,
        desk.limits,
    )


async def _absent(session: ReadSession, photos: Sequence[NamedPhoto]) -> tuple[str, ...]:
    stored = await find_stored_photos(session, [photo.id for photo in photos]) if photos else set[UUID]()
    return tuple(photo.file_name for photo in photos if photo.id not in stored)
