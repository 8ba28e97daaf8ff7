"""Working calendars: everybody reads them, administrators edit them, every version is kept."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import Caller, Now, Reading, Writing
from api.domain.errors import NotFound
from api.domain.reference import Reference
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.pages import PageQuery
from api.queries.calendars import StoredCalendar, find_versions
from api.schemas.calendars import (
    CalendarCode,
    CalendarInput,
    CalendarList,
    CalendarPut,
    CalendarShown,
    CalendarVersionPage,
    calendar_brief,
    calendar_put,
    calendar_shown,
    version_shown,
)
from api.services.calendars import put_calendar

router = APIRouter(prefix="/v1/calendars", tags=["calendars"])

Code = Annotated[CalendarCode, Path(description="Code of the calendar, as units and policies name it.")]


@router.get(
    "",
    operation_id="calendar_list",
    response_model=CalendarList,
    responses=UNCHANGED,
    summary="Calendars by code",
)
async def list_calendars(caller: Caller, now: Now, language: Language, fresh: Fresh) -> Response:
    """List the office's calendars: how far they are loaded, and a warning where holidays run out soon."""
    reference = caller.reference
    shown = [
        calendar_brief(_stored(reference, code), reference.policies, now, language)
        for code in sorted(reference.calendars)
    ]
    return fresh.answer(CalendarList(items=shown))


@router.get(
    "/{code}",
    operation_id="calendar_get",
    response_model=CalendarShown,
    responses=UNCHANGED,
    summary="One calendar",
)
async def get_calendar(
    code: Code, caller: Caller, now: Now, language: Language, fresh: Fresh
) -> CalendarShown | Response:
    """Get a calendar whole: the hours of each weekday, and every day that differs. The ETag names its version."""
    shown = calendar_shown(_stored(caller.reference, code), caller.reference.policies, now, language)
    return fresh.unchanged_tag(versioned_etag(shown.version, shown)) or shown


@router.put(
    "/{code}",
    operation_id="calendar_put",
    responses={201: {"model": CalendarPut}, 409: {}, 415: {}, 428: {}},
    summary="Change a calendar, or make one",
)
async def store_calendar(  # noqa: PLR0913  what a change needs
    code: Code,
    body: CalendarInput,
    caller: Caller,
    session: Writing,
    now: Now,
    language: Language,
    response: Response,
    dry_run: Annotated[bool, Query(description="Store nothing; say what would change.")] = False,  # noqa: FBT002  a query
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the calendar as you saw it.")
    ] = None,
) -> CalendarPut:
    """Store a new version of a calendar, whole. All due times from now on are computed with it.

    Name the version that you saw (`version` or If-Match): when somebody else was faster the answer is 409 with
    the present version, and nothing has changed. The same content again makes no new version. Open tickets keep
    their due times until they are recomputed; `affected` tells how many would change, also as a preview.
    """
    reference = caller.reference
    done = await put_calendar(
        session,
        caller.viewer,
        body.draft(code).checked(),
        seen_version(body.version, if_match),
        now,
        reference.timekeeping,
        note=body.note,
        is_preview=dry_run,
    )
    shown = calendar_shown(done.stored, reference.policies, now, language)
    if not dry_run:
        response.headers["ETag"] = versioned_etag(shown.version, shown)
        if done.is_new:
            response.status_code = 201
    return calendar_put(shown, done.affected, is_preview=dry_run)


@router.get("/{code}/versions", operation_id="calendar_versions", summary="Every version of a calendar")
async def list_versions(
    code: Code, query: Annotated[PageQuery, Query()], caller: Caller, session: Reading
) -> CalendarVersionPage:
    """List the versions of a calendar, newest first: who stored it when and why, and the whole of it."""
    _stored(caller.reference, code)
    page = await find_versions(session, code, limit=query.limit, cursor=query.cursor)
    return CalendarVersionPage(
        items=[version_shown(facts, caller.viewer) for facts in page.items], next=page.next
    )


def _stored(reference: Reference, code: str) -> StoredCalendar:
    """Return a calendar of the snapshot; NotFound when there is none."""
    if code not in reference.calendars:
        raise NotFound("There is no such calendar.", calendar=code)
    return StoredCalendar(reference.calendars[code], reference.calendar_versions[code])
