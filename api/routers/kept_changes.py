"""Who changed what in the office's data."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Reading
from api.etags import UNCHANGED, Fresh
from api.queries.kept_changes import find_changes
from api.schemas.kept_changes import ChangeListQuery, ChangePage, change_shown

router = APIRouter(prefix="/v1/reference", tags=["reference data"])


@router.get(
    "/changes",
    operation_id="reference_history",
    response_model=ChangePage,
    responses=UNCHANGED,
    summary="Who changed what",
)
async def list_changes(
    query: Annotated[ChangeListQuery, Query()], _: Caller, session: Reading, fresh: Fresh
) -> Response:
    """List changes of grids, areas, places, classes, conditions, units, rules and policies, the newest first.

    Each with what it was and what it became. Calendars keep versions of their own (`/v1/calendars`).
    """
    page = await find_changes(session, query.noun, query.code, limit=query.limit, cursor=query.cursor)
    return fresh.answer(ChangePage(items=[change_shown(facts) for facts in page.items], next=page.next))
