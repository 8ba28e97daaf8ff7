"""Patrols (巡查): which unit grids and which road stretches were really seen."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Reading, SignedIn, Wired
from api.domain.access import Role
from api.domain.coverage import length_m, stretch_count
from api.domain.grids import GridLevel
from api.domain.measuring import day_span
from api.domain.reference import GridFacts
from api.etags import UNCHANGED, Fresh
from api.language import Language, name_in
from api.pages import CodeCursor, context_of
from api.queries.coverage import GridVisits, find_grid_visits, find_road_walks
from api.schemas.coverage import (
    CoveragePage,
    CoverageQuery,
    CoverageSummary,
    DaysQuery,
    RoadCoveragePage,
    coverage_summary,
    grid_coverage,
    road_coverage,
)

router = APIRouter(prefix="/v1/patrols", tags=["patrol"])


@router.get(
    "/coverage",
    operation_id="coverage_list",
    response_model=CoveragePage,
    responses=UNCHANGED,
    summary="Which unit grids were seen",
)
async def list_coverage(
    query: Annotated[CoverageQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    language: Language,
    fresh: Fresh,
) -> Response:
    """List unit grids by code with how they were seen on some days; an officer's own, everybody's for the desk.

    A grid was entered when somebody was inside long enough, drift spikes and teleports left away.
    """
    days = query.days()
    context = context_of("coverage", days, query.grid, query.entered)
    last = CodeCursor.decode(query.cursor, context)
    grids = _grids(caller, query.grid)
    visits = await _visits(session, caller, wired, grids, days)
    wanted = [
        grid
        for grid in grids
        if (last is None or grid.code > last.code)
        and query.entered in {None, grid.code in visits and visits[grid.code].visits > 0}
    ]
    shown = [grid_coverage(grid, visits.get(grid.code), language) for grid in wanted[: query.limit]]
    more = CodeCursor(shown[-1].code, context).encode() if len(wanted) > query.limit else None
    return fresh.answer(CoveragePage(items=shown, next=more))


@router.get(
    "/coverage/summary",
    operation_id="coverage_summary",
    response_model=CoverageSummary,
    responses=UNCHANGED,
    summary="Coverage summed up",
)
async def summarise_coverage(
    query: Annotated[CoverageQuery, Query()], caller: Caller, session: Reading, wired: Wired, fresh: Fresh
) -> Response:
    """Sum up the coverage of the unit grids that the list would have, and of all roads."""
    days = query.days()
    grids = _grids(caller, query.grid)
    visits = await _visits(session, caller, wired, grids, days)
    stretches = _stretches(caller)
    walks = await find_road_walks(session, list(stretches), *days)
    return fresh.answer(coverage_summary(len(grids), visits, stretches, walks))


@router.get(
    "/roads",
    operation_id="road_list",
    response_model=RoadCoveragePage,
    responses=UNCHANGED,
    summary="Which road stretches were seen",
)
async def list_roads(
    query: Annotated[DaysQuery, Query()], caller: Caller, session: Reading, language: Language, fresh: Fresh
) -> Response:
    """List roads (places that are lines) by code with the stretches that shifts of these days entered."""
    days = query.days()
    context = context_of("roads", days)
    last = CodeCursor.decode(query.cursor, context)
    stretches = _stretches(caller)
    codes = [code for code in sorted(stretches) if last is None or code > last.code]
    page = codes[: query.limit]
    walks = await find_road_walks(session, page, *days)
    places = caller.reference.places.by_code
    items = [
        road_coverage(
            code,
            name_in(language, places[code].name_zh, places[code].name_en),
            stretches[code],
            walks.get(code),
        )
        for code in page
    ]
    more = CodeCursor(page[-1], context).encode() if len(codes) > query.limit else None
    return fresh.answer(RoadCoveragePage(items=items, next=more))


def _grids(caller: SignedIn, prefix: str | None) -> Sequence[GridFacts]:
    """Return the unit grids that the caller may ask for, by code."""
    own = caller.viewer.grid_codes if caller.viewer.role is Role.OFFICER else ("",)
    return sorted(
        (
            grid
            for grid in caller.reference.grids.values()
            if grid.level is GridLevel.UNIT_GRID
            and grid.code.startswith(prefix or "")
            and grid.code.startswith(own)
        ),
        key=lambda grid: grid.code,
    )


async def _visits(
    session: Reading, caller: SignedIn, wired: Wired, grids: Sequence[GridFacts], days: tuple[date, date]
) -> dict[str, GridVisits]:
    since, _ = day_span(days[0], wired.settings.zone)
    _, until = day_span(days[1], wired.settings.zone)
    dwell_min_s = caller.reference.policies.coverage_dwell_s
    return await find_grid_visits(session, [grid.code for grid in grids], since, until, dwell_min_s)


def _stretches(caller: SignedIn) -> dict[str, int]:
    """Return how many stretches each road has."""
    stretch_m = caller.reference.policies.road_stretch_m
    return {code: stretch_count(length_m(road), stretch_m) for code, road in caller.reference.roads.items()}
