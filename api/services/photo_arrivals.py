"""A photo that a report waits for has come: the ticket gets it, and the last one lets it be filed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import col

from api.db import WriteSession
from api.domain.cases import Triage
from api.domain.reference import Reference
from api.models import Photo, Report, Ticket
from api.queries.cases import lock_case_for_system
from api.services.cases import update_case
from api.services.steps_intake import file_and_send


async def photo_arrived(
    session: WriteSession, reference: Reference, photo_id: UUID, person_id: UUID, now: datetime
) -> UUID | None:
    """Give a stored photo to the report that waits for it; the last one awaited gets the ticket filed.

    Returns the ticket's id, or None when no report of this person waits for the photo. The caller holds the
    photo's lock (`services.evidence.lock_photos`), so a report filed at the same moment is not missed.
    """
    waiting = (
        select(col(Report.id), col(Report.ticket_id), col(Report.awaited_photo_ids))
        .where(col(Report.awaited_photo_ids).contains([photo_id]), col(Report.reporter_id) == person_id)
        # A photo belongs to one ticket: of several reports that name it, to that of the first.
        .order_by(col(Report.received_at), col(Report.id))
        .limit(1)
        .with_for_update()
    )
    row = (await session.execute(waiting)).one_or_none()
    if row is None:
        return None
    # A photo of a ticket that was merged meanwhile belongs to its master, as the others do.
    owner = func.coalesce(
        select(col(Ticket.merged_into_id)).where(col(Ticket.id) == row.ticket_id).scalar_subquery(),
        row.ticket_id,
    )
    await session.execute(update(Photo).where(col(Photo.id) == photo_id).values(ticket_id=owner))
    still_awaited = [awaited for awaited in row.awaited_photo_ids if awaited != photo_id]
    await session.execute(
        update(Report).where(col(Report.id) == row.id).values(awaited_photo_ids=still_awaited)
    )
    if not still_awaited:
        case = await lock_case_for_system(session, reference, row.ticket_id)
        if case.triage == Triage.PHOTOS_AWAITED and case.condition is not None:
            read_version = case.version
            # The upload may have begun before the report came; no step of a ticket is older than the one before.
            file_and_send(case, case.condition, reference, max(now, case.updated_at or now))
            await update_case(session, case, reference, read_version)
    return row.ticket_id
