"""When something is due, and why."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Caller, Now
from api.domain import deadlines
from api.domain.access import Viewer
from api.domain.calendars import CalendarError
from api.domain.category_codes import parse_condition_code
from api.domain.errors import FieldWrong
from api.domain.reference import Reference
from api.language import Language
from api.schemas.deadlines import DeadlineExplained, DeadlineQuery, deadline_explained

router = APIRouter(prefix="/v1/deadlines", tags=["explanations"])


@router.get(
    "/explain",
    operation_id="deadline_explain",
    responses={409: {}},
    summary="When would it be due, and why",
)
async def explain_deadline(
    query: Annotated[DeadlineQuery, Query()], caller: Caller, now: Now, language: Language
) -> DeadlineExplained:
    """Work out the due time of a condition's limit from a start, with every stretch that counted or did not.

    A start from which the calendar is not loaded far enough is refused (`past_calendar_horizon`,
    `before_calendar_horizon`): a due time is never a guess.
    """
    reference = caller.reference
    code = parse_condition_code(query.condition, "/query/condition")
    category = reference.category(code.category, "/query/condition")
    condition = reference.condition(category.code, code.number, "/query/condition")
    assert condition is not None  # noqa: S101  a number was given
    calendar = reference.calendar(_calendar_code(query.calendar, caller.viewer, reference))
    try:
        deadline = deadlines.deadline(
            query.start or now,
            condition.limit,
            calendar,
            milestones=condition.milestones,
            yellow_share=reference.policies.light_yellow_share,
        )
    except CalendarError as error:
        if query.start is None:
            raise  # the office's calendar has run out, which is nothing that the caller could put right
        raise FieldWrong("/query/start", error.code, str(error), **error.facts) from error
    return deadline_explained(condition, calendar, deadline, language)


def _calendar_code(asked: str | None, viewer: Viewer, reference: Reference) -> str:
    if asked is not None:
        if asked not in reference.calendars:
            known = sorted(reference.calendars)
            raise FieldWrong(
                "/query/calendar", "calendar_unknown", f"There is no calendar {asked!r}.", known=known
            )
        return asked
    if viewer.unit_id is not None:
        return reference.units[viewer.unit_id].calendar_code
    # Units sign for their tickets in office hours, so that is the office's calendar.
    return reference.policies.sign_for_limit.calendar
