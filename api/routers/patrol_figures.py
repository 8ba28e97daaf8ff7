"""Figures of patrol (巡查统计), each of which opens into its rows."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query

from api.deps import Caller, Now, Reading, SignedIn, Wired
from api.domain.errors import FieldWrong
from api.domain.grids import GridLevel
from api.domain.measuring import day_span
from api.domain.office_hours import OfficeHours
from api.domain.patrol_figures import FiguresBy, rows_of, sum_up
from api.domain.policies import Policies
from api.domain.reference import Reference
from api.domain.rosters import Arrivals, SlotStanding, standing
from api.domain.rounds import Round
from api.language import Language, name_in
from api.pages import CodeCursor, context_of
from api.queries.patrol_entries import FigureFacts, entries_of
from api.queries.patrol_figures import Asked, find_figure_sums, find_names
from api.queries.patrol_rounds import find_rounds
from api.queries.posts import SlotRow, find_arrivals, find_slots
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
    facts = await _facts(query, caller, session, wired, now)
    # Tenths of a second for a city, during which others are served.
    sums = await anyio.to_thread.run_sync(sum_up, entries_of(facts), query.by, _street_of(reference))
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
    facts = await _facts(query, caller, session, wired, now, query.key)
    street_of = _street_of(caller.reference)
    rows = await anyio.to_thread.run_sync(
        rows_of, entries_of(facts), query.by, query.key, query.figure, street_of
    )
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


async def _facts(
    query: FiguresQuery,
    caller: SignedIn,
    session: Reading,
    wired: Wired,
    now: datetime,
    key: str | None = None,
) -> FigureFacts:
    """Return what figures are made of, summed up by what they are asked by; of one key row by row."""
    days, zone = query.days(), wired.settings.zone
    if key is not None and query.by in {FiguresBy.DAY, FiguresBy.WEEK}:
        days = _days_of(key, query.by, days)
    reference, policies = caller.reference, caller.reference.policies
    since, until = day_span(days[0], zone)[0], day_span(days[1], zone)[1]
    longest = timedelta(hours=policies.shift_hours_max)
    hours = OfficeHours(reference.calendar(policies.office_calendar), since, until + longest)
    asked = Asked(
        *(query.by, key, days, since, until, zone, now),
        dwell_min_s=policies.coverage_dwell_s,
        longest_shift=longest,
        open_hours=hours.as_multirange(),
    )
    within = caller.viewer.grid_codes or ("",)
    rounds: dict[str, list[Round]] = {}
    by_officer = query.by is FiguresBy.OFFICER
    if not by_officer:
        rounds = await find_rounds(session, reference, days, zone, now, within=within)
    return FigureFacts(
        sums=await find_figure_sums(session, caller.viewer, asked, wired.settings.today(now)),
        slots=await _slots(session, days, policies, now),
        rounds=[(plan, one) for plan, of_plan in rounds.items() for one in of_plan],
        grids=sorted(
            grid.code
            for grid in reference.grids.values()
            if grid.level is GridLevel.UNIT_GRID and grid.code.startswith(within)
        ),
        days=days,
        by_officer=by_officer,
        is_by_row=key is not None,
    )


def _days_of(key: str, by: FiguresBy, days: tuple[date, date]) -> tuple[date, date]:
    """Return those of some days that a key names; FieldWrong for a key that is no day."""
    try:
        first = date.fromisoformat(key)
        last = first + timedelta(days=6 if by is FiguresBy.WEEK else 0)
    except (ValueError, OverflowError):
        raise FieldWrong("/query/key", "period_wrong", "A day such as 2026-11-23 is expected.") from None
    found = max(days[0], first), min(days[1], last)
    # A day outside has no rows: nothing of the days that were asked for is its.
    return found if found[0] <= found[1] else days


async def _slots(
    session: Reading, days: tuple[date, date], policies: Policies, now: datetime
) -> list[tuple[SlotRow, SlotStanding]]:
    early, grace = timedelta(seconds=policies.post_early_s), timedelta(seconds=policies.post_grace_s)
    arrivals = Arrivals(await find_arrivals(session, *days, early))
    return [
        (
            slot,
            standing(
                slot_of(slot),
                arrivals.between(slot.post, slot.starts_at - early, slot.stops_at),
                now,
                early,
                grace,
            ),
        )
        for slot in await find_slots(session, *days)
    ]
