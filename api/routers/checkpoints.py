"""Checkpoints (签到点): administrators make them, screens show their codes, people confirm that they are there."""

from datetime import UTC, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response

from api.adapters.qr_codes import qr_svg
from api.deps import Caller, Now, Reading, Wired, Writing
from api.domain.checkpoint_codes import Way, nfc_code, qr_code, qr_period
from api.domain.device_clock import EPOCH
from api.domain.errors import FieldWrong, NotFound
from api.domain.measuring import day_span
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.pages import PageQuery
from api.queries.posts import find_check_ins, find_checkpoint, page_of_check_ins, page_of_checkpoints
from api.schemas.base import Code, Instant
from api.schemas.posts import (
    CheckInInput,
    CheckInPage,
    CheckInQuery,
    CheckInShown,
    CheckpointInput,
    CheckpointPage,
    CheckpointShown,
    CodeShown,
    check_in_shown,
    checkpoint_shown,
)
from api.services.checkpoints import check_in, code_rules, put_checkpoint

router = APIRouter(prefix="/v1", tags=["patrol"])

_AHEAD_MAX = timedelta(days=366)

Which = Annotated[Code, Path(description="Code of the checkpoint.")]


@router.get(
    "/checkpoints",
    operation_id="checkpoint_list",
    response_model=CheckpointPage,
    responses=UNCHANGED,
    summary="Checkpoints by code",
)
async def list_checkpoints(
    query: Annotated[PageQuery, Query()], _: Caller, session: Reading, language: Language, fresh: Fresh
) -> Response:
    """List checkpoints and posts, those given up as well."""
    page = await page_of_checkpoints(session, limit=query.limit, cursor=query.cursor)
    shown = [checkpoint_shown(one, language) for one in page.items]
    return fresh.answer(CheckpointPage(items=shown, next=page.next))


@router.get(
    "/checkpoints/{code}",
    operation_id="checkpoint_get",
    response_model=CheckpointShown,
    responses=UNCHANGED,
    summary="One checkpoint",
)
async def get_checkpoint(
    code: Which, _: Caller, session: Reading, language: Language, fresh: Fresh
) -> Response:
    """Get a checkpoint. The ETag names its version."""
    stored = await find_checkpoint(session, code)
    if stored is None:
        raise NotFound("There is no such checkpoint.", checkpoint=code)
    shown = checkpoint_shown(stored, language)
    return fresh.unchanged_tag(versioned_etag(shown.version, shown)) or fresh.tagged(shown)


@router.put(
    "/checkpoints/{code}",
    operation_id="checkpoint_put",
    responses={201: {"model": CheckpointShown}, 409: {}, 415: {}, 428: {}},
    summary="Make or change a checkpoint",
)
async def store_checkpoint(
    code: Which,
    body: CheckpointInput,
    caller: Caller,
    session: Writing,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=200, description="ETag as you saw it.")] = None,
) -> CheckpointShown:
    """Store a checkpoint, whole. Name the version that you saw (`version` or If-Match); 409: somebody was faster."""
    seen = seen_version(body.version, if_match)
    stored, is_new = await put_checkpoint(
        session, caller.viewer.person_id, caller.reference, body.draft(code), seen, now
    )
    shown = checkpoint_shown(stored, language)
    response.headers["ETag"] = versioned_etag(shown.version, shown)
    if is_new:
        response.status_code = 201
    return shown


@router.get("/checkpoints/{code}/code", operation_id="code_issue", summary="What a checkpoint shows")
async def issue_code(  # noqa: PLR0913  what an answer depends on
    code: Which,
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    way: Annotated[Way, Query(description="`qr` or `nfc`.")] = Way.QR,
    at: Annotated[
        Instant | None, Query(description="`qr`: for a sheet printed ahead; now without it.")
    ] = None,
    tag: Annotated[
        str | None, Query(pattern=r"^[0-9A-Fa-f]{4,32}$", description="`nfc`: the tag's own number.")
    ] = None,
) -> CodeShown:
    """Get the QR code of a checkpoint for its screen or its sheet of the day, or what to write onto its tag."""
    response.headers["Cache-Control"] = "no-store"
    stored = await find_checkpoint(session, code)
    if stored is None or not stored.draft.is_active:
        raise NotFound("There is no such checkpoint in use.", checkpoint=code)
    if way not in stored.draft.ways or way is Way.GEOFENCE:
        raise FieldWrong("/query/way", "way_not_here", "This checkpoint has no such code.")
    rules, zone = code_rules(stored, caller.reference.policies), wired.settings.zone
    if way is Way.NFC:
        if tag is None:
            raise FieldWrong("/query/tag", "missing", "Name the tag: its code counts on no other.")
        return CodeShown(
            checkpoint=code, way=way, code=nfc_code(rules, tag), from_at=None, until_at=None, svg=None
        )
    moment = at or now
    if moment < EPOCH:
        raise FieldWrong("/query/at", "time_too_early", "A code of that time counted for nobody.")
    if moment - now > _AHEAD_MAX:
        raise FieldWrong(
            "/query/at", "time_in_future", "Sheets are printed for a year ahead at most.", now=now
        )
    text = qr_code(rules, moment, zone)
    since, until = qr_period(rules, moment.astimezone(UTC), zone)
    return CodeShown(checkpoint=code, way=way, code=text, from_at=since, until_at=until, svg=qr_svg(text))


@router.put(
    "/check-ins/{check_in_id}",
    operation_id="checkin_store",
    responses={201: {"model": CheckInShown}, 409: {}, 415: {}},
    summary="Check in",
)
async def put_check_in(
    check_in_id: UUID,
    body: CheckInInput,
    caller: Caller,
    session: Writing,
    wired: Wired,
    now: Now,
    response: Response,
) -> CheckInShown:
    """Confirm that you are at a checkpoint, under an id that the phone made. The same again gives the same answer.

    A code of another checkpoint, of yesterday, or one made by somebody else is refused, each with a code of its own;
    a photographed one is no longer shown, or read too far away.
    """
    zone = wired.settings.zone
    if await check_in(session, caller.viewer, caller.reference, body.request(check_in_id), zone, now):
        response.status_code = 201
    return check_in_shown((await find_check_ins(session, caller.viewer, [check_in_id]))[check_in_id])


@router.get(
    "/check-ins",
    operation_id="checkin_list",
    response_model=CheckInPage,
    responses=UNCHANGED,
    summary="Check-ins, the newest first",
)
async def list_check_ins(
    query: Annotated[CheckInQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    fresh: Fresh,
) -> Response:
    """List your own check-ins; supervisors those of the officers in their charge as well."""
    since, until = day_span(query.on, wired.settings.zone) if query.on else (None, None)
    page = await page_of_check_ins(
        session,
        caller.viewer,
        wired.settings.today(now),
        since,
        until,
        query.checkpoint,
        limit=query.limit,
        cursor=query.cursor,
    )
    return fresh.answer(CheckInPage(items=[check_in_shown(one) for one in page.items], next=page.next))
