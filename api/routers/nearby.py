"""What is near me."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Now, Reading
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.queries.nearby import find_nearby
from api.schemas.nearby import Nearby, NearbyQuery, nearby_shown

router = APIRouter(prefix="/v1", tags=["nearby"])

_NOT_SEEN_FOR = timedelta(days=7)


@router.get("/nearby", operation_id="nearby_get", response_model=Nearby, responses=UNCHANGED)
async def get_nearby(
    query: Annotated[NearbyQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
    fresh: Fresh,
) -> Response:
    """Get what is around you, the nearest first: your own tasks, open tickets, places that nobody saw this week.

    Tickets are those that you may see. Units get tickets alone: where officers were not is no business of theirs.
    """
    unseen_since = now - _NOT_SEEN_FOR
    found = await find_nearby(session, caller.viewer, query.here(), query.within_m, unseen_since, query.limit)
    return fresh.answer(nearby_shown(query, found, caller.reference, caller.viewer, now, language))
