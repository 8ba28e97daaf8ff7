"""Plans of patrol (巡查计划): what has to be seen, what was, and what was missed."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import Caller, Now, Reading, SignedIn, Wired, Writing
from api.domain.errors import NotFound
from api.domain.measuring import day_span
from api.domain.office_hours import OfficeHours
from api.domain.rounds import Round
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.pages import CodeCursor, PageQuery, context_of
from api.queries.patrol_plans import PERIOD_MAX, find_off_hours_shares, find_plan, page_of_plans
from api.queries.patrol_rounds import find_rounds
from api.schemas.base import Code
from api.schemas.patrol_plans import (
    PlanInput,
    PlanPage,
    PlanShown,
    PlanStandings,
    RoundDaysQuery,
    RoundPage,
    RoundsQuery,
    plan_shown,
    plan_standing,
    round_shown,
)
from api.services.patrol_plans import put_plan

router = APIRouter(prefix="/v1/patrols", tags=["patrol"])

Which = Annotated[Code, Path(description="Code of the plan.")]


@router.get(
    "/plans",
    operation_id="plan_list",
    response_model=PlanPage,
    responses=UNCHANGED,
    summary="Plans by code",
)
async def list_plans(
    query: Annotated[PageQuery, Query()], _: Caller, session: Reading, language: Language, fresh: Fresh
) -> Response:
    """List plans, those given up as well."""
    page = await page_of_plans(session, limit=query.limit, cursor=query.cursor)
    shown = [plan_shown(one, language) for one in page.items]
    return fresh.answer(PlanPage(items=shown, next=page.next))


@router.get(
    "/plans/{code}",
    operation_id="plan_get",
    response_model=PlanShown,
    responses=UNCHANGED,
    summary="One plan",
)
async def get_plan(code: Which, _: Caller, session: Reading, language: Language, fresh: Fresh) -> Response:
    """Get a plan. The ETag names its version."""
    stored = await find_plan(session, code)
    if stored is None:
        raise NotFound("There is no such plan.", plan=code)
    shown = plan_shown(stored, language)
    return fresh.unchanged_tag(versioned_etag(shown.version, shown)) or fresh.tagged(shown)


@router.put(
    "/plans/{code}",
    operation_id="plan_put",
    responses={201: {"model": PlanShown}, 409: {}, 415: {}, 428: {}},
    summary="Make or change a plan",
)
async def store_plan(
    code: Which,
    body: PlanInput,
    caller: Caller,
    session: Writing,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[str | None, Header(max_length=200, description="ETag as you saw it.")] = None,
) -> PlanShown:
    """Store a plan, whole. Tracks of the last week are held against it, too, within a minute."""
    seen = seen_version(body.version, if_match)
    stored, is_new = await put_plan(
        session, caller.viewer.person_id, caller.reference, body.draft(code), seen, now
    )
    shown = plan_shown(stored, language)
    response.headers["ETag"] = versioned_etag(shown.version, shown)
    if is_new:
        response.status_code = 201
    return shown


@router.get(
    "/rounds",
    operation_id="round_list",
    response_model=RoundPage,
    responses=UNCHANGED,
    summary="What has to be seen, and was or was not",
)
async def list_rounds(
    query: Annotated[RoundsQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    fresh: Fresh,
) -> Response:
    """List the rounds that begin on some days, by plan, period and target: `done`, `open`, or `missed`.

    Each is judged by its plan as that was when the period ended: a later change of a plan does not change the past.
    """
    days = query.days()
    context = context_of("rounds", days, query.plan, query.status)
    last = CodeCursor.decode(query.cursor, context)
    by_plan = await _rounds(session, caller, days, wired, now, query.plan)
    wanted = (
        (_key(plan, one), plan, one)
        for plan, rounds in by_plan.items()
        for one in rounds
        if query.status in {None, one.status}
    )
    found = sorted(
        (entry for entry in wanted if last is None or entry[0] > last.code), key=lambda entry: entry[0]
    )
    page = found[: query.limit]
    hours = _office_hours(caller, days, wired)
    more = CodeCursor(page[-1][0], context).encode() if len(found) > query.limit else None
    return fresh.answer(RoundPage(items=[round_shown(plan, one, hours) for _, plan, one in page], next=more))


@router.get(
    "/rounds/summary",
    operation_id="round_summary",
    response_model=PlanStandings,
    responses=UNCHANGED,
    summary="How plans were kept",
)
async def summarise_rounds(
    query: Annotated[RoundDaysQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    fresh: Fresh,
) -> Response:
    """Sum up the rounds of each plan that begin on some days, and the share of visits outside office hours."""
    days = query.days()
    hours = _office_hours(caller, days, wired)
    asked = await find_off_hours_shares(session)
    rounds = await _rounds(session, caller, days, wired, now)
    return fresh.answer(
        PlanStandings(
            items=[
                plan_standing(plan, asked[plan], rounds_of_it, hours) for plan, rounds_of_it in rounds.items()
            ]
        )
    )


def _key(plan: str, one: Round) -> str:
    return f"{plan} {one.first_on} {one.target.kind} {one.target.code}"


async def _rounds(
    session: Reading,
    caller: SignedIn,
    days: tuple[date, date],
    wired: Wired,
    now: datetime,
    plan: str | None = None,
) -> dict[str, list[Round]]:
    return await find_rounds(session, caller.reference, days, wired.settings.zone, now, plan=plan)


def _office_hours(caller: SignedIn, days: tuple[date, date], wired: Wired) -> OfficeHours:
    since, until = day_span(days[0], wired.settings.zone)[0], day_span(days[1], wired.settings.zone)[1]
    calendar = caller.reference.calendar(caller.reference.policies.office_calendar)
    return OfficeHours(calendar, since, until + PERIOD_MAX)
