"""Figures of patrol (巡查统计), each of which opens into its rows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Caller, Now, Reading, SignedIn, Wired
from api.domain.calendars import CalendarError
from api.domain.errors import FieldWrong
from api.domain.grids import GridLevel
from api.domain.measuring import day_span
from api.domain.patrol_figures import Entry, FiguresBy, rows_of, sum_up
from api.domain.patrol_plans import targets_of
from api.domain.reference import Reference
from api.domain.rosters import Arrival, standing
from api.domain.rounds import rounds_of
from api.language import Language, name_in
from api.pages import CodeCursor, context_of
from api.queries.patrol_entries import FigureFacts, entries_of
from api.queries.patrol_figures import find_figure_rows, find_names
from api.queries.patrol_plans import find_plans, find_seen
from api.queries.posts import find_arrivals, find_slots
from api.queries.shifts import find_courses
from api.schemas.coverage import DaysQuery
from api.schemas.patrol_figures import (
    FigureRowShown,
    FigureRowsPage,
    FigureRowsQuery,
    FiguresPage,
    FiguresQuery,
    figures_shown,
)
from api.schemas.rosters import slot_of

router = APIRouter(prefix="/v1/patrols/figures", tags=["patrol"])

OFFICE_CALENDAR = "city"
"""What lies outside its open hours is off-hours (错时)."""

DAYS_MAX = 92


@router.get("", operation_id="figure_list", summary="Figures of patrol")
async def list_figures(
    query: Annotated[FiguresQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    language: Language,
) -> FiguresPage:
    """List coverage, findings, punctuality and what was missed, by officer, grid, street, day or week.

    Of the officers in your charge. A share of nothing is null.
    """
    context = context_of("figures", query.by, query.from_on, query.to_on)
    last = CodeCursor.decode(query.cursor, context)
    reference = caller.reference
    sums = sum_up(await _entries(query, caller, session, wired, now), query.by, _street_of(reference))
    keys = [key for key in sums if last is None or key > last.code]
    page = keys[: query.limit]
    more = CodeCursor(page[-1], context).encode() if len(keys) > query.limit else None
    if query.by is FiguresBy.OFFICER:
        names = await find_names(session, page)
    else:
        grids = {key: reference.known_grids[key] for key in page if key in reference.known_grids}
        names = {key: name_in(language, grid.name_zh, grid.name_en) for key, grid in grids.items()}
    return FiguresPage(items=[figures_shown(key, names.get(key, key), sums[key]) for key in page], next=more)


@router.get("/rows", operation_id="figure_rows", summary="The rows behind a figure")
async def list_rows(
    query: Annotated[FigureRowsQuery, Query()], caller: Caller, session: Reading, wired: Wired, now: Now
) -> FigureRowsPage:
    """List the rows that one figure of one key is the sum of: shifts, tickets, grids on days, slots or rounds."""
    context = context_of("figure_rows", query.by, query.key, query.figure, query.from_on, query.to_on)
    last = CodeCursor.decode(query.cursor, context)
    entries = await _entries(query, caller, session, wired, now)
    rows = rows_of(entries, query.by, query.key, query.figure, _street_of(caller.reference))
    rows = [row for row in rows if last is None or row.row > last.code]
    page = rows[: query.limit]
    more = CodeCursor(page[-1].row, context).encode() if len(rows) > query.limit else None
    items = [
        FigureRowShown(row=one.row, on=one.on, amount=one.amount, officer=one.officer, grid=one.grid)
        for one in page
    ]
    return FigureRowsPage(items=items, next=more)


def _street_of(reference: Reference) -> Callable[[str], str | None]:
    def street_of(code: str) -> str | None:
        path = reference.grid_path(code)
        return next((grid.code for grid in path if grid.level is GridLevel.STREET), None)

    return street_of


async def _entries(
    query: DaysQuery, caller: SignedIn, session: Reading, wired: Wired, now: datetime
) -> list[Entry]:
    days = query.days()
    if (days[1] - days[0]).days >= DAYS_MAX:
        raise FieldWrong("/query/to_on", "period_wrong", f"Figures are of {DAYS_MAX} days at most.")
    zone, reference = wired.settings.zone, caller.reference
    policies = reference.policies
    since, until = day_span(days[0], zone)[0], day_span(days[1], zone)[1]
    rows = await find_figure_rows(session, caller.viewer, days, since, until, wired.settings.today(now))
    calendar = reference.calendar(OFFICE_CALENDAR)

    def off_hours_s(start: datetime, stop: datetime) -> float:
        try:
            return (stop - start - calendar.working_time(start, stop)).total_seconds()
        except CalendarError:  # beyond the loaded years nobody knows the office's hours
            return 0.0

    found = await find_slots(session, *days)
    early = timedelta(seconds=policies.post_early_s)
    arrivals: dict[str, list[Arrival]] = {}
    posts = {slot.post for slot in found}
    for post, person, at in await find_arrivals(session, posts, since - early, until + timedelta(days=1)):
        arrivals.setdefault(post, []).append(Arrival(person, at))
    grace = timedelta(seconds=policies.post_grace_s)
    slots = [
        (slot, standing(slot_of(slot), arrivals.get(slot.post, ()), now, early, grace)) for slot in found
    ]
    rounds = [
        (stored.draft.code, one)
        for stored in await find_plans(session, *days)
        for one in rounds_of(
            stored.draft.rules,
            targets_of(stored.draft, reference),
            await find_seen(session, stored.draft.buffer_m, since, until + timedelta(days=7)),
            *days,
            zone,
            now,
            lambda _: False,
        )
    ]
    facts = FigureFacts(
        rows=rows,
        courses=await find_courses(session, [shift.id for shift in rows.shifts]),
        slots=slots,
        rounds=rounds,
        grids=sorted(grid.code for grid in reference.grids.values() if grid.level is GridLevel.UNIT_GRID),
        days=days,
        dwell_min_s=policies.coverage_dwell_s,
        longest=timedelta(hours=policies.shift_hours_max),
        now=now,
        zone=zone,
        off_hours_s=off_hours_s,
    )
    return list(entries_of(facts))
