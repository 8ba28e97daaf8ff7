"""Signing in and out, and who one is."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.deps import Caller, Now, Reading, Wired, Wiring, Writing
from api.domain.access import ROLE_NAMES, Viewer
from api.domain.errors import FieldWrong, TokenRefused
from api.domain.limits import Language as LanguageCode
from api.domain.phones import masked_phone
from api.domain.reference import Reference
from api.etags import UNCHANGED, Fresh
from api.language import Language, name_in
from api.problem_answers import problem, refusal
from api.queries import people
from api.schemas.accounts import (
    CountersAnswer,
    MeAnswer,
    PersonAnswer,
    RevokeRequest,
    TokenAnswer,
    TokenRequest,
)
from api.schemas.base import Named
from api.services import accounts
from api.services.accounts import Device, Grant

router = APIRouter(prefix="/v1", tags=["accounts"])


@router.post(
    "/auth/token",
    operation_id="token_issue",
    response_model=TokenAnswer,
    responses={401: {}, 429: {}},
    summary="Sign in, or stay signed in",
)
async def issue_token(
    request: Request,
    response: Response,
    form: Annotated[TokenRequest, Form()],
    wired: Wired,
    session: Writing,
    now: Now,
) -> TokenAnswer | Response:
    """Exchange a password (`grant_type=password`) or a refresh token (`grant_type=refresh_token`) for a pair.

    A refresh token is good for one exchange. One that is sent again later ends its sign-in, because it is in
    two hands. Where the office allows it, a phone that signed in with a `device_id` may, within seconds and
    before it used the answer, send the same token once more, as it has to when the answer was lost on the way.

    After a few failed attempts the next ones have to wait (429, `Retry-After`).
    """
    # The session opens no transaction before its first statement: with a password it stays unused, because
    # `sign_in` must not hold one while it hashes.
    if form.grant_type == "password":
        grant = await _sign_in(request, form, wired, now)
    elif form.grant_type == "refresh_token":
        token = _given(form.refresh_token, "refresh_token")
        repeat_within = timedelta(seconds=wired.settings.refresh_repeat_s)
        outcome = await accounts.refresh(
            session, token, form.device_id, now, _lifetime(wired), repeat_within=repeat_within
        )
        if isinstance(outcome, TokenRefused):
            return refusal(outcome, request.url.path)  # answered, not raised: what it ended is committed
        grant = outcome
    else:
        return problem(
            400,
            "unsupported_grant_type",
            "This grant type is not supported.",
            "grant_type is password or refresh_token.",
            instance=request.url.path,
            error="unsupported_grant_type",
        )
    response.headers["Cache-Control"] = "no-store"
    return TokenAnswer(
        access_token=wired.tokens.issue(grant.sign_in_id, grant.person_id, now),
        token_type="bearer",  # noqa: S106  a kind, not a secret
        expires_in=wired.tokens.ttl_s,
        refresh_token=grant.refresh_token,
    )


async def _sign_in(request: Request, form: TokenRequest, wired: Wiring, now: datetime) -> Grant:
    device = Device(form.device_id, form.device_name, request.client.host if request.client else None)
    return await accounts.sign_in(
        wired.database,
        _given(form.username, "username"),
        _given(form.password, "password"),
        device,
        now,
        _lifetime(wired),
        today=wired.settings.today(now),
    )


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise FieldWrong(f"/{name}", "missing", f"This grant type needs {name}.", error="invalid_request")
    return value


def _lifetime(wired: Wiring) -> timedelta:
    return timedelta(seconds=wired.settings.refresh_token_ttl_s)


@router.post(
    "/auth/revoke",
    operation_id="token_revoke",
    response_class=Response,
    summary="Sign out",
)
async def revoke_token(
    form: Annotated[RevokeRequest, Form()], wired: Wired, session: Writing, now: Now
) -> Response:
    """End the sign-in of a refresh token or an access token, at once and with all its tokens (RFC 7009).

    The answer is 200 without content, for a token that is not known or no longer good as well.
    """
    if not await accounts.sign_out_by_token(session, form.token, now):
        try:
            sign_in_id = wired.tokens.read(form.token, now)
        except TokenRefused:
            pass  # RFC 7009, 2.2: what the caller wants is so already
        else:
            await accounts.sign_out(session, sign_in_id, now)
    return Response(headers={"Cache-Control": "no-store"})


@router.get(
    "/me",
    operation_id="me_get",
    response_model=MeAnswer,
    responses=UNCHANGED,
    summary="Who am I, and what is my work",
)
async def get_me(caller: Caller, session: Reading, now: Now, language: Language, fresh: Fresh) -> Response:
    """Return the signed-in person with role, unit, grids on duty today, and counts of her open work.

    The work of an officer is what is open in the own grids, of a unit what it has to rectify, of everybody
    else all that is open.
    """
    viewer, reference = caller.viewer, caller.reference
    contact = await people.find_contact(session, viewer.person_id)
    soon = timedelta(seconds=reference.policies.due_soon_s)
    workload = await people.count_work(session, viewer, now, soon)
    shown = MeAnswer(
        role=viewer.role,
        person=PersonAnswer(
            id=viewer.person_id,
            username=viewer.username,
            name=viewer.name,
            role=viewer.role,
            role_name=name_in(language, *ROLE_NAMES[viewer.role]),
            officer_number=contact.officer_number,
            phone_masked=masked_phone(contact.phone),
        ),
        unit=_unit(viewer, reference, language),
        grids=_grids(viewer, reference, language),
        counters=CountersAnswer(open=workload.open, due_soon=workload.due_soon, overdue=workload.overdue),
    )
    return fresh.answer(shown)


def _unit(viewer: Viewer, reference: Reference, language: LanguageCode) -> Named | None:
    if viewer.unit_id is None:
        return None
    unit = reference.units[viewer.unit_id]
    return Named(code=unit.code, name=name_in(language, unit.name_zh, unit.name_en))


def _grids(viewer: Viewer, reference: Reference, language: LanguageCode) -> list[Named]:
    # A duty may outlive its grid, which is then no longer among those in force.
    in_force = [reference.grids[code] for code in viewer.grid_codes if code in reference.grids]
    return [Named(code=grid.code, name=name_in(language, grid.name_zh, grid.name_en)) for grid in in_force]
