"""People: read by the desk's heads, made and changed by administrators; everybody changes the own password."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import BriefCaller, Caller, Now, Reading, Wired
from api.etags import seen_version, versioned_etag
from api.language import Language
from api.queries.personnel import find_people
from api.schemas.people import (
    OwnPasswordInput,
    PasswordInput,
    PeoplePage,
    PeopleQuery,
    PersonInput,
    PersonWhole,
    Username,
    person_listed,
    person_whole,
)
from api.services.passwords import change_own_password, set_password
from api.services.people import put_person, read_person

router = APIRouter(prefix="/v1", tags=["people"])

User = Annotated[Username, Path(description="User name.")]


@router.get("/people", operation_id="person_list", summary="People by user name")
async def list_people(
    query: Annotated[PeopleQuery, Query()],
    caller: Caller,  # noqa: ARG001  only certain roles may ask
    session: Reading,
    wired: Wired,
    now: Now,
    language: Language,
) -> PeoplePage:
    """List people, those whose accounts have ended as well. Phone numbers are masked."""
    today = wired.settings.today(now)
    page = await find_people(session, query.wanted(), today, limit=query.limit, cursor=query.cursor)
    return PeoplePage(items=[person_listed(one, language) for one in page.items], next=page.next)


@router.get("/people/{username}", operation_id="person_get", summary="One person, with her phone number")
async def get_person(
    username: User, caller: BriefCaller, wired: Wired, now: Now, language: Language, response: Response
) -> PersonWhole:
    """Get a person whole. That you read her phone number is kept. The ETag names the version."""
    # Not the request's transaction, which can't write in a read.
    async with wired.database.write() as session:
        stored = await read_person(session, caller.viewer, username, now, wired.settings.today(now))
    shown = person_whole(stored, language)
    response.headers["ETag"] = versioned_etag(shown.version, shown)
    response.headers["Cache-Control"] = "no-store"
    return shown


@router.put(
    "/people/{username}",
    operation_id="person_put",
    responses={201: {"model": PersonWhole}, 409: {}, 415: {}, 428: {}},
    summary="Change a person, or make an account",
)
async def store_person(
    username: User,
    body: PersonInput,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the person as you saw her.")
    ] = None,
) -> PersonWhole:
    """Store a person, whole. Name the version that you saw (`version` or If-Match); 409 when somebody was faster.

    An account ends with `is_active: false`, all its sign-ins at once, and is never removed. The last active
    administrator stays one (409 `last_administrator`).
    """
    done = await put_person(
        wired.database,
        caller.viewer,
        caller.reference,
        body.draft(username),
        seen_version(body.version, if_match),
        now,
        wired.settings.today(now),
        password=body.password,
    )
    shown = person_whole(done.stored, language)
    response.headers["ETag"] = versioned_etag(shown.version, shown)
    response.headers["Cache-Control"] = "no-store"
    if done.is_new:
        response.status_code = 201
    return shown


@router.put(
    "/people/{username}/password",
    operation_id="password_put",
    status_code=204,
    responses={415: {}},
    summary="Give somebody a password",
)
async def store_password(
    username: User, body: PasswordInput, caller: BriefCaller, wired: Wired, now: Now
) -> None:
    """Set a person's password. All her sign-ins end at once; attempts that failed are forgotten."""
    await set_password(wired.database, caller.viewer, username, body.password, now)


@router.put(
    "/me/password",
    operation_id="password_change",
    status_code=204,
    responses={415: {}, 429: {}},
    summary="Change the own password",
)
async def store_own_password(body: OwnPasswordInput, caller: BriefCaller, wired: Wired, now: Now) -> None:
    """Change your password. This sign-in goes on, all others end. Wrong old passwords have to wait (429)."""
    await change_own_password(wired.database, caller.viewer, body.old_password, body.new_password, now)
