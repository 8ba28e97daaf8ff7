"""What is overdue, decided at the moment of the question and never by a job that may lag."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Caller, Now, Reading
from api.language import Language
from api.pages import Cursor, context_of
from api.queries.counts import sum_up_overdue
from api.queries.filters import conditions, is_overdue
from api.queries.tickets import MOST_OVERDUE, find_page
from api.schemas.filters import OverdueListQuery, OverdueSummaryQuery
from api.schemas.marks import named_mark
from api.schemas.overdue import OverdueCountShown, OverduePage, OverdueSummary, overdue_ticket

router = APIRouter(prefix="/v1", tags=["overdue"])


@router.get("/overdue", operation_id="overdue_list")
async def overdue_list(
    query: Annotated[OverdueListQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
) -> OverduePage:
    """List open tickets past due that you may see, most overdue first."""
    viewer, reference = caller.viewer, caller.reference
    filters = query.overdue_filters()
    context = context_of("overdue", filters)
    page = await find_page(
        session,
        viewer,
        [is_overdue(now), *conditions(filters, reference, viewer, now)],
        MOST_OVERDUE,
        Cursor.decode(query.cursor, context),
        limit=query.limit,
        context=context,
    )
    return OverduePage(
        items=[overdue_ticket(ticket, reference, viewer, now, language) for ticket in page.items],
        next=page.next,
    )


@router.get("/overdue/summary", operation_id="overdue_summary")
async def overdue_summary(
    query: Annotated[OverdueSummaryQuery, Query()],
    caller: Caller,
    session: Reading,
    now: Now,
    language: Language,
) -> OverdueSummary:
    """Sum up overdue tickets by unit, grid, class, state or escalation level: how many, since when, how late."""
    found = conditions(query.overdue_filters(), caller.reference, caller.viewer, now)
    sums = await sum_up_overdue(session, caller.viewer, query.by, found, now)
    items: list[OverdueCountShown] = []
    for one in sums:
        mark = named_mark(query.by, one.key, caller.reference, language)
        items.append(
            OverdueCountShown(
                key=mark.key,
                name=mark.name,
                count=one.count,
                oldest_due_at=one.oldest_due_at,
                median_overdue_s=one.median_overdue_s,
            )
        )
    return OverdueSummary(items=items)
