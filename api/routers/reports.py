"""Reports: PUT with an id made by the phone, as often as the network needs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from api.deps import Caller, Now, Wired, Writing
from api.language import Language
from api.queries.cases import load_stretches
from api.queries.reports import get_report
from api.queries.requests import requests_of
from api.queries.tickets import Kept, facts_of_case, get_ticket, photos_of
from api.queries.uploads import find_awaited_photos
from api.schemas.reports import DuplicateShown, FiledReportShown, ReportInput, ReportShown, signals_shown
from api.schemas.tickets import ticket_shown
from api.services.sync_release import file_and_release

router = APIRouter(prefix="/v1", tags=["reports"])


@router.put(
    "/reports/{report_id}",
    operation_id="report_file",
    status_code=201,
    responses={
        200: {"model": FiledReportShown, "description": "The same report had been filed before."},
        409: {},
        415: {},
    },
)
async def report_file(
    report_id: Annotated[UUID, Path(description="Made by the phone; also becomes the ticket's id.")],
    report: ReportInput,
    caller: Caller,
    session: Writing,
    wired: Wired,
    now: Now,
    language: Language,
    response: Response,
) -> FiledReportShown:
    """File a report: it becomes a ticket with a grid, a responsible unit and a due time, explained.

    Sent again with the same body it answers 200 with the ticket as it is now. A report outside all grids,
    without a rule, or with photos still to come is accepted too: `ticket.triage` says what it waits for.
    `answers` are to the questions of the class (`GET /v1/catalog`); `answers_refused` lists all that are wrong.
    """
    viewer, reference = caller.viewer, caller.reference
    request = report.request(report_id)
    (filed,) = await file_and_release(session, reference, viewer, [request], now, wired.settings.zone)
    if filed is None:
        response.status_code = 200
    if filed is None or filed.is_awaited:
        stored = await get_report(session, report_id)
        ticket = await get_ticket(session, viewer, stored.ticket_id)
        stretches, requests = await load_stretches(session, ticket.id), await requests_of(session, ticket.id)
        photos = await photos_of(session, ticket.id)
    else:
        stored, case = filed.report, filed.case
        ticket = facts_of_case(case, viewer, reference, stored.answers)
        stretches, photos, requests = case.ledger.stretches, filed.photos, case.requests
    is_waiting = bool(stored.awaited_photo_ids)
    awaited = await find_awaited_photos(session, ticket.id, now) if is_waiting else ()
    kept = Kept(stretches, photos, requests, awaited)
    return FiledReportShown(
        report=ReportShown(
            id=report_id,
            ticket_id=ticket.id,
            received_at=stored.received_at,
            photos=stored.photo_ids,
            awaited_photos=stored.awaited_photo_ids,
        ),
        ticket=ticket_shown(ticket, kept, reference, viewer, now, language),
        duplicates=[DuplicateShown.model_validate(duplicate) for duplicate in stored.duplicates],
        signals=signals_shown(stored.signals, language),
    )
