"""Look at photos and reports for signals, behind the requests that brought them: nobody waits for it.

What is to be looked at stands in a queue that triggers fill. A batch is taken from it, looked at and its signals
stored in one transaction, so that a killed worker leaves it as it was. Looking twice finds nothing new.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from anyio import to_thread
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.adapters.files import FileMissing, FileStore
from api.adapters.image_processes import read_print_apart
from api.adapters.image_refusals import ImageRefused
from api.db import Database, WriteSession
from api.domain.evidence import Purpose
from api.domain.photos import Variant, key_in
from api.domain.pictures import PicturePrint
from api.domain.policies import Policies
from api.domain.reference import Reference
from api.domain.signal_fixes import fix_signals
from api.domain.signal_photos import (
    PhotoStory,
    PhotoTolerances,
    photo_signals,
    ticket_signals,
)
from api.domain.signal_pictures import picture_signals
from api.domain.signals import Signal, SignalKind, SignalState, with_weights
from api.models import SignalExamination, SignalRow
from api.queries.fixes import ReportStory, find_other_fixes, find_report_stories
from api.queries.photo_stories import ExaminedPhoto, find_comparable, find_examined, find_shown_repairs
from api.services.photos import insert_print

BATCH = 25
"""Photos and reports that are looked at in one transaction; a photo takes up to a second."""

logger = logging.getLogger(__name__)


async def examine(database: Database, files: FileStore, reference: Reference, now: datetime) -> int:
    """Look at everything that waits for it; return how many signals are new."""
    raised = 0
    while True:
        await _complete_prints(database, files)
        async with database.write() as session:
            # The newest first: after a long pause the desk sees today before last week.
            taken = (
                select(col(SignalExamination.id))
                .order_by(col(SignalExamination.id).desc())
                .limit(BATCH)
                .with_for_update(skip_locked=True)
                .scalar_subquery()
            )
            statement: Any = (
                delete(SignalExamination)
                .where(col(SignalExamination.id).in_(taken))
                .returning(col(SignalExamination.photo_id), col(SignalExamination.report_id))
            )
            due = (await session.execute(statement)).all()
            photo_ids = {row.photo_id for row in due if row.photo_id is not None}
            report_ids = {row.report_id for row in due if row.report_id is not None}
            raised += await _examine_photos(session, photo_ids, reference.policies, now)
            raised += await _examine_reports(session, report_ids, reference.policies, now)
        if len(due) < BATCH:
            return raised


async def _complete_prints(database: Database, files: FileStore) -> None:
    """Make the prints of due photos that have none: those of a release that made none."""
    async with database.read() as session:
        due = select(col(SignalExamination.photo_id)).where(col(SignalExamination.photo_id).is_not(None))
        newest = due.order_by(col(SignalExamination.id).desc()).limit(BATCH)
        ids = {photo_id for photo_id in (await session.execute(newest)).scalars() if photo_id is not None}
        photos = await find_examined(session, ids)
    for photo in photos:
        if not photo.has_print:
            found = await _print_of(files, photo)
            async with database.write() as session:
                await insert_print(session, photo.story.id, found)


async def _print_of(files: FileStore, photo: ExaminedPhoto) -> PicturePrint:
    try:
        return await read_print_apart(await files.get(key_in(photo.file_key, Variant.THUMB)))
    except (FileMissing, ImageRefused):
        # A file that is lost says nothing any more; it is no reason to hold up the others.
        logger.exception("photo %s can't be compared: its copy is not there, or not readable", photo.story.id)
        return PicturePrint(None, None)


async def _examine_photos(
    session: WriteSession, photo_ids: set[UUID], policies: Policies, now: datetime
) -> int:
    if not photo_ids:
        return 0
    photos = await find_examined(session, photo_ids)
    # A photo of the problem may come after that of its repair, which then has to be laid over it.
    late = {
        photo.story.ticket_id for photo in photos if photo.story.purpose in {Purpose.BEFORE, Purpose.EVIDENCE}
    }
    repairs = await find_shown_repairs(session, {ticket_id for ticket_id in late if ticket_id is not None})
    photos += await find_examined(session, repairs - photo_ids)
    raised = 0
    for photo in photos:
        since = photo.story.received_at - timedelta(days=policies.photo_memory_days)
        others = await find_comparable(session, photo, since, policies.photo_look_bits)
        work = partial(signals_of_photo, photo, others, policies)
        found = await to_thread.run_sync(work)
        story = photo.story
        assert story.ticket_id is not None  # noqa: S101  found by its ticket
        owner = {"photo_id": story.id, "ticket_id": story.ticket_id, "person_id": story.person_id}
        raised += await _store(session, found, {**owner, "unit_id": photo.unit_id}, now)
    return raised


def signals_of_photo(photo: ExaminedPhoto, others: Sequence[PhotoStory], policies: Policies) -> list[Signal]:
    """Return all that is odd about a photo: by itself, beside its ticket, and beside others."""
    story = photo.story
    allowed = PhotoTolerances(
        policies.photo_reach_m,
        timedelta(hours=policies.photo_age_max_hours),
        policies.photo_same_bits,
        policies.photo_look_bits,
    )
    beside = picture_signals(story, others, allowed, photo.ticket.rectified_at)
    alone = photo_signals(
        is_known_file=False, software=story.software, taken_at=story.taken_at, now=story.received_at
    )
    found = [*alone, *ticket_signals(story, photo.ticket, allowed), *beside]
    return with_weights(found, policies.signal_weights)


async def _examine_reports(
    session: WriteSession, report_ids: set[UUID], policies: Policies, now: datetime
) -> int:
    raised = 0
    for report in await find_report_stories(session, report_ids) if report_ids else ():
        found = [_stored(signal) for signal in report.signals]
        if report.fix is not None:
            back = timedelta(days=policies.fixes_memory_days)
            others = await find_other_fixes(session, report, report.fix, back)
            beside = fix_signals(
                report.fix,
                others,
                speed_max_kmh=policies.speed_max_kmh,
                alike_from=policies.fixes_alike_from,
            )
            found += with_weights(beside, policies.signal_weights)
        raised += await _store(session, found, _owner(report), now)
    return raised


def _owner(report: ReportStory) -> dict[str, Any]:
    return {
        "report_id": report.id,
        "ticket_id": report.ticket_id,
        "person_id": report.person_id,
        "unit_id": report.unit_id,
    }


def _stored(signal: dict[str, Any]) -> Signal:
    """Read a signal that was stored with its report."""
    return Signal(SignalKind(signal["code"]), signal["weight"], signal["zh"], signal["en"])


async def _store(session: WriteSession, found: Iterable[Signal], owner: dict[str, Any], now: datetime) -> int:
    """Store signals that are not there yet; return how many those were."""
    rows = [
        {
            "kind": signal.code,
            "weight": signal.weight,
            "zh": signal.zh,
            "en": signal.en,
            "facts": dict(signal.facts),
            "other_photo_id": signal.other_photo_id,
            "raised_at": now,
            "state": SignalState.OPEN,
            "is_open": True,
            **owner,
        }
        for signal in found
    ]
    if not rows:
        return 0
    # Which of the two partial indexes it meets depends on what it is a signal of.
    statement: Any = insert(SignalRow).values(rows).on_conflict_do_nothing().returning(col(SignalRow.id))
    return len((await session.execute(statement)).all())
