"""Notices: what the caller was told of tickets that are nearly due, overdue or escalated."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Reading
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.pages import PageQuery
from api.queries.notices import find_messages
from api.schemas.notices import MessagePage, message_shown

router = APIRouter(prefix="/v1", tags=["notices"])


@router.get("/notices", operation_id="notice_list", response_model=MessagePage, responses=UNCHANGED)
async def notice_list(
    query: Annotated[PageQuery, Query()],
    caller: Caller,
    session: Reading,
    language: Language,
    fresh: Fresh,
) -> Response:
    """List what you were told: near due, overdue, escalated; the newest first.

    Messages go to a unit, to its leads, to the officers of an area, or to a role, in their working hours. Many at
    once come as one digest. Tickets that you do not see any more are left out.
    """
    page = await find_messages(
        session, caller.viewer, caller.reference, limit=query.limit, cursor=query.cursor
    )
    return fresh.answer(
        MessagePage(items=[message_shown(message, language) for message in page.items], next=page.next)
    )
