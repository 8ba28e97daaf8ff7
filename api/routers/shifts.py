"""Shifts (班次): officers start, pause and stop their own; supervisors see those in their charge."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Now, Reading, SignedIn, Wired, Writing
from api.domain.errors import NotFound
from api.language import Language
from api.queries.shifts import find_courses, find_shifts, page_of_shifts
from api.schemas.shifts import (
    ShiftInput,
    ShiftListQuery,
    ShiftPage,
    ShiftShown,
    ShiftStepInput,
    shift_listed,
    shift_shown,
)
from api.services.shifts import start_shift
from api.services.tracks import step_and_measure

router = APIRouter(prefix="/v1/shifts", tags=["patrol"])


@router.put(
    "/{shift_id}",
    operation_id="shift_put",
    responses={201: {"model": ShiftShown}, 409: {}, 415: {}},
    summary="Start a shift",
)
async def put_shift(
    shift_id: UUID,
    body: ShiftInput,
    caller: Caller,
    session: Writing,
    wired: Wired,
    now: Now,
    language: Language,
    response: Response,
) -> ShiftShown:
    """Start a shift under an id that the phone made. The same again gives the same answer.

    409 `shift_running` names the shift that goes on: two phones of one person share one.
    """
    policies, zone = caller.reference.policies, wired.settings.zone
    if await start_shift(session, caller.viewer, body.start(shift_id), policies, zone, now):
        response.status_code = 201
    return await _shown(session, caller, shift_id, wired, now, language)


@router.post(
    "/{shift_id}/steps",
    operation_id="shift_step",
    responses={409: {}, 415: {}},
    summary="Pause, resume, stop",
)
async def take_shift_step(
    shift_id: UUID,
    body: ShiftStepInput,
    caller: Caller,
    session: Writing,
    wired: Wired,
    now: Now,
    language: Language,
) -> ShiftShown:
    """Pause your shift, go on with it, or stop it. Sent again it changes nothing.

    What happened may be told late: points of the track that were made in a pause are removed.
    """
    zone = wired.settings.zone
    await step_and_measure(session, caller.viewer, caller.reference, body.step(shift_id), zone, now)
    return await _shown(session, caller, shift_id, wired, now, language)


@router.get("", operation_id="shift_list", summary="Shifts, the newest first")
async def list_shifts(
    query: Annotated[ShiftListQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    language: Language,
) -> ShiftPage:
    """List your own shifts; supervisors those of the officers in their charge as well."""
    today = wired.settings.today(now)
    page = await page_of_shifts(
        session, caller.viewer, query.wanted(), today, limit=query.limit, cursor=query.cursor
    )
    courses = await find_courses(session, [facts.id for facts in page.items])
    items = [shift_listed(facts, courses[facts.id], caller.reference, now, language) for facts in page.items]
    return ShiftPage(items=items, next=page.next)


@router.get("/{shift_id}", operation_id="shift_get", summary="One shift")
async def get_shift(
    shift_id: UUID, caller: Caller, session: Reading, wired: Wired, now: Now, language: Language
) -> ShiftShown:
    """Get a shift with all that happened to it and what its track comes to."""
    return await _shown(session, caller, shift_id, wired, now, language)


async def _shown(
    session: Reading, caller: SignedIn, shift_id: UUID, wired: Wired, now: Now, language: Language
) -> ShiftShown:
    today = wired.settings.today(now)
    facts = (await find_shifts(session, caller.viewer, [shift_id], today)).get(shift_id)
    if facts is None:
        raise NotFound("There is no such shift.", shift=shift_id)
    course = (await find_courses(session, [shift_id]))[shift_id]
    return shift_shown(facts, course, caller.reference, now, language)
