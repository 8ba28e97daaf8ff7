"""Who is responsible here (网格责任公示)? For residents: no sign-in; as data, as a page, and as sheets to print."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import HTMLResponse

from api.deps import Now, PublicReference, Reading, Wired
from api.domain.errors import NotFound
from api.domain.geo import to_wgs84
from api.domain.reference import GridFacts, Reference
from api.etags import UNCHANGED, PublicFresh
from api.language import Language, name_in
from api.media_types import PAGE_ANSWERS, WantsPage
from api.queries.grid_maps import draw_grids
from api.queries.grids import children_of, find_duties
from api.schemas import grid_sheets, responsible_pages
from api.schemas.base import Code
from api.schemas.grid_sheets import SHEETS_MAX, Sheet, SheetQuery, frame_for, sheets_page
from api.schemas.grids import LocateQuery
from api.schemas.responsible import (
    ResponsibleLocated,
    ResponsibleShown,
    responsible_located,
    responsible_shown,
)
from api.schemas.responsible_pages import responsible_page


async def _not_for_engines(response: Response) -> None:
    """Names of people are for whoever stands in front of the place, not for search engines."""
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"


router = APIRouter(
    prefix="/v1/public", tags=["public"], responses=UNCHANGED, dependencies=[Depends(_not_for_engines)]
)


async def _published(reference: PublicReference) -> Reference:
    if not reference.policies.public_responsibility:
        raise NotFound("This office does not publish who is responsible.")
    return reference


Published = Annotated[Reference, Depends(_published, scope="function")]
"""The reference data, where the office publishes who is responsible; NotFound elsewhere."""


# FastAPI, unlike Starlette, does not answer HEAD where GET is; the description has the one operation.
@router.head("/responsible", operation_id="responsible_locate", include_in_schema=False)
@router.get(
    "/responsible",
    operation_id="responsible_locate",
    response_model=ResponsibleLocated,
    responses=PAGE_ANSWERS,
    summary="Who is responsible for a place",
)
async def locate_responsible(  # noqa: PLR0913  what an answer depends on
    query: Annotated[LocateQuery, Query()],
    reference: Published,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    is_page: WantsPage,
    fresh: PublicFresh,
) -> Response:
    """Tell anybody which grid a place belongs to, and the unit and the people who are responsible there today.

    Phone numbers only as far as the office released them. Where nobody is on duty in the grid itself, those of the
    next wider one are told. A place outside all grids has no `grid`, and `explanation` says so. Browsers get a page.
    """
    today = wired.settings.today(now)
    located = reference.locate(to_wgs84(query.longitude, query.latitude, query.crs), query.accuracy_m)
    path = [grid.code for grid in reference.grid_path(located.code)] if located.code else []
    duties = await find_duties(session, path, today)
    shown = responsible_located(located, duties, reference, today, language)
    return _answer(shown, response, language, fresh, is_page=is_page)


@router.head("/grids/{code}", operation_id="responsible_get", include_in_schema=False)
@router.get(
    "/grids/{code}",
    operation_id="responsible_get",
    response_model=ResponsibleShown,
    responses=PAGE_ANSWERS,
    summary="Who is responsible for a grid",
)
async def get_responsible(  # noqa: PLR0913  what an answer depends on
    code: Annotated[Code, Path()],
    reference: Published,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    is_page: WantsPage,
    fresh: PublicFresh,
) -> Response:
    """Tell anybody the unit and the people who are responsible for a grid today; the QR codes on sheets lead here."""
    today = wired.settings.today(now)
    path = _path_of(reference, code)
    duties = await find_duties(session, [grid.code for grid in path], today)
    shown = responsible_shown(path, duties, reference, today, language)
    return _answer(shown, response, language, fresh, is_page=is_page)


@router.head("/grids/{code}/sheet", operation_id="sheet_get", include_in_schema=False)
@router.get(
    "/grids/{code}/sheet",
    operation_id="sheet_get",
    response_class=HTMLResponse,
    summary="A sheet to print",
)
async def get_sheet(  # noqa: PLR0913  what an answer depends on
    code: Annotated[Code, Path()],
    query: Annotated[SheetQuery, Query()],
    reference: Published,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    fresh: PublicFresh,
) -> Response:
    """Show who is responsible for a grid as one A4 page with a map and a QR code, ready to be printed."""
    path = _path_of(reference, code)
    grids, next_after = [path[-1]], None
    if query.children:
        listed = [grid for grid in children_of(reference, code) if grid.code > (query.after or "")]
        grids = listed[:SHEETS_MAX]
        next_after = grids[-1].code if len(listed) > SHEETS_MAX else None
    if not grids:
        raise NotFound("There is no grid in this one, or none behind that code.", grid=code)
    today, address = wired.settings.today(now), wired.settings.public_address
    chains = [reference.grid_path(grid.code) for grid in grids]
    duties = await find_duties(session, {grid.code for chain in chains for grid in chain}, today)
    shown = [responsible_shown(chain, duties, reference, today, language) for chain in chains]
    facts = [one.model_dump_json() for one in shown]
    if unchanged := fresh.unchanged(reference.version, language, address, next_after, facts):
        return unchanged
    frames = {grid.code: frame_for(len(one.people)) for grid, one in zip(grids, shown, strict=True)}
    maps = await draw_grids(session, reference, frames)
    on_maps = {outline.code for drawn in maps.values() for outline in (*drawn.neighbours, *drawn.children)}
    named = [reference.grids[one] for one in on_maps]
    names = {grid.code: name_in(language, grid.name_zh, grid.name_en) for grid in named}
    sheets = [Sheet(one, maps[grid.code], names) for grid, one in zip(grids, shown, strict=True)]
    page = sheets_page(sheets, language, reference.version, address, next_after)
    return _page(page, grid_sheets.STYLE.policy, response)


def _path_of(reference: Reference, code: str) -> list[GridFacts]:
    """Return the chain of a grid in force; a sheet that outlived its grid is told which ones took its area over."""
    if code not in reference.grids:
        ended = reference.ended_grids.get(code)
        facts = {"replaced_by": list(ended.replaced_by)} if ended else {}
        raise NotFound("There is no such grid in force.", grid=code, **facts)
    return reference.grid_path(code)


def _answer(
    shown: ResponsibleShown, response: Response, language: Language, fresh: PublicFresh, *, is_page: bool
) -> Response:
    if not is_page:
        return fresh.answer(shown)
    unchanged = fresh.unchanged(language, "page", shown.model_dump_json())
    return unchanged or _page(responsible_page(shown, language), responsible_pages.STYLE.policy, response)


def _page(page: str, policy: str, response: Response) -> Response:
    # An answer that is built here takes over the headers that FastAPI adds to one it builds itself.
    return HTMLResponse(page, headers={**response.headers, "Content-Security-Policy": policy})
