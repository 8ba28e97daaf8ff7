"""The caller's work, most urgent first."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Now, Reading
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.pages import Cursor, PageQuery, context_of
from api.queries.queue import work_of
from api.queries.tickets import ORDERS, find_page
from api.schemas.tickets import TicketPage, ticket_page

router = APIRouter(prefix="/v1", tags=["queue"])


@router.get("/queue", operation_id="queue_list", response_model=TicketPage, responses=UNCHANGED)
async def queue_list(
    query: Annotated[PageQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
    fresh: Fresh,
) -> Response:
    """List what waits for you: a unit's tickets, an officer's checks, a dispatcher's triage, requests to decide."""
    viewer, reference = caller.viewer, caller.reference
    context = context_of("queue", viewer.person_id)
    page = await find_page(
        session,
        viewer,
        [work_of(viewer, reference, now)],
        ORDERS["due_at"],
        Cursor.decode(query.cursor, context),
        limit=query.limit,
        context=context,
    )
    return fresh.answer(ticket_page(page, reference, viewer, now, language))
