"""Tickets: lists, one by one, their history, and the steps that move them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response

from api.db import ReadSession
from api.deps import Caller, Now, Reading, SignedIn, Wired, Writing
from api.domain.errors import VersionNeeded
from api.domain.limits import Language as LanguageCode
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.pages import Cursor, context_of
from api.queries.cases import load_stretches
from api.queries.counts import count_by
from api.queries.filters import conditions
from api.queries.histories import find_break, history_of
from api.queries.requests import requests_of
from api.queries.tickets import (
    ORDERS,
    Kept,
    TicketFacts,
    find_page,
    get_ticket,
    get_ticket_by_number,
    photos_of,
)
from api.queries.uploads import find_awaited_photos
from api.schemas.base import PrintableText
from api.schemas.filters import TicketCountQuery, TicketListQuery
from api.schemas.history import History, event_shown
from api.schemas.marks import Counts, CountShown, named_mark
from api.schemas.steps import StepInput, step_request
from api.schemas.tickets import TicketPage, TicketShown, ticket_page, ticket_shown
from api.services.tickets import take_step

router = APIRouter(prefix="/v1", tags=["tickets"])


@router.get("/tickets", operation_id="ticket_list", response_model=TicketPage, responses=UNCHANGED)
async def ticket_list(
    query: Annotated[TicketListQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
    fresh: Fresh,
) -> Response:
    """List the tickets that you may see, in one of three orders."""
    viewer, reference = caller.viewer, caller.reference
    filters = query.filters()
    context = context_of("tickets", query.order, filters)
    page = await find_page(
        session,
        viewer,
        conditions(filters, reference, viewer, now),
        ORDERS[query.order],
        Cursor.decode(query.cursor, context),
        limit=query.limit,
        context=context,
    )
    return fresh.answer(ticket_page(page, reference, viewer, now, language))


@router.get("/tickets/counts", operation_id="ticket_count", response_model=Counts, responses=UNCHANGED)
async def ticket_count(
    query: Annotated[TicketCountQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
    fresh: Fresh,
) -> Response:
    """Count the tickets that you may see by one mark; the filters are those of the list."""
    found = conditions(query.filters(), caller.reference, caller.viewer, now)
    counts = await count_by(session, caller.viewer, query.by, found, now)
    named = [(named_mark(query.by, one.key, caller.reference, language), one) for one in counts]
    items = [CountShown(key=mark.key, name=mark.name, count=one.count) for mark, one in named]
    return fresh.answer(Counts(items=items))


@router.get(
    "/tickets/by-number/{number}",
    operation_id="ticket_get_by_number",
    response_model=TicketShown,
    responses=UNCHANGED,
)
async def ticket_get_by_number(
    number: Annotated[str, Path(max_length=64), PrintableText],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
    fresh: Fresh,
) -> TicketShown | Response:
    """Get a ticket by its number (案卷号)."""
    ticket = await get_ticket_by_number(session, caller.viewer, number)
    shown = await _show(session, ticket, caller, now, language)
    return fresh.unchanged_tag(ticket_etag(shown)) or shown


@router.get(
    "/tickets/{ticket_id}", operation_id="ticket_get", response_model=TicketShown, responses=UNCHANGED
)
async def ticket_get(
    ticket_id: UUID, caller: Caller, session: Reading, now: Now, language: Language, fresh: Fresh
) -> TicketShown | Response:
    """Get a ticket with its deadline, its dispatch and its photos explained, and what you may do now."""
    ticket = await get_ticket(session, caller.viewer, ticket_id)
    shown = await _show(session, ticket, caller, now, language)
    return fresh.unchanged_tag(ticket_etag(shown)) or shown


@router.get(
    "/tickets/{ticket_id}/history",
    operation_id="ticket_history",
    response_model=History,
    responses=UNCHANGED,
)
async def ticket_history(
    ticket_id: UUID,
    caller: Caller,
    session: Reading,
    language: Language,
    fresh: Fresh,
    verify: Annotated[bool, Query(description="Recompute the hash chain, too.")] = False,  # noqa: FBT002  a query
) -> Response:
    """Get every step of a ticket, oldest first. The events are never changed; `verify` proves it."""
    ticket = await get_ticket(session, caller.viewer, ticket_id)
    history = await history_of(session, ticket.id)
    broken_at = await find_break(session, ticket.id, history) if verify else None
    shown = History(
        items=[event_shown(facts, caller.viewer, language) for facts in history],
        verified=broken_at is None if verify else None,
        broken_at=broken_at,
    )
    return fresh.answer(shown)


@router.post("/tickets/{ticket_id}/steps", operation_id="ticket_step", responses={409: {}, 415: {}, 428: {}})
async def ticket_step(  # noqa: PLR0913  what a step needs
    ticket_id: UUID,
    step: StepInput,
    caller: Caller,
    session: Writing,
    wired: Wired,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the ticket as you saw it.")
    ] = None,
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")
    ] = None,
) -> TicketShown:
    """Take one step: accept, rectify, pass_check ... as `actions` of the ticket offers and `/v1/lifecycle` lists.

    Name the version that you saw (`version` or If-Match): when somebody else was faster the answer is 409 with
    the present state, and nothing has changed. With an Idempotency-Key the same step can be sent again.
    """
    request = step_request(step, _seen_version(step.version, if_match), wired.settings.zone)
    await take_step(session, caller.reference, caller.viewer, ticket_id, request, now, key=idempotency_key)
    ticket = await get_ticket(session, caller.viewer, ticket_id)
    shown = await _show(session, ticket, caller, now, language)
    response.headers["ETag"] = ticket_etag(shown)
    return shown


def ticket_etag(shown: TicketShown) -> str:
    """Return the tag of a ticket's answer."""
    return versioned_etag(shown.version, shown)


async def _show(
    session: ReadSession, ticket: TicketFacts, caller: SignedIn, now: datetime, language: LanguageCode
) -> TicketShown:
    stretches = await load_stretches(session, ticket.id)
    photos = await photos_of(session, ticket.id)
    requests = await requests_of(session, ticket.id)
    awaited = await find_awaited_photos(session, ticket.id, now)
    kept = Kept(stretches, photos, requests, awaited)
    return ticket_shown(ticket, kept, caller.reference, caller.viewer, now, language)


def _seen_version(version: int | None, if_match: str | None) -> int:
    """Return the version that the caller saw: from the body or the header, which must agree."""
    seen = seen_version(version, if_match)
    if seen is None:
        raise VersionNeeded("Name the version that you saw: `version` in the body, or If-Match.")
    return seen
