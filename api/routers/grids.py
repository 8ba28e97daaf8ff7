"""Grids: lists, one of them, and which one a place belongs to. JSON for programs, GeoJSON for maps."""

from collections.abc import Iterable, Mapping
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response

from api.db import ReadSession
from api.deps import Caller, Now, Reading, Wired
from api.domain.access import UNIT_ROLES
from api.domain.errors import NotFound
from api.domain.geo import to_wgs84
from api.domain.reference import GridFacts, Reference
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.media_types import GEOJSON, GEOJSON_ANSWERS, WantsGeojson
from api.queries import grids
from api.schemas.base import Code
from api.schemas.geojson import collection, feature
from api.schemas.grids import (
    GridDetail,
    GridListQuery,
    GridPage,
    GridShown,
    LocatedShown,
    LocateQuery,
    grid_detail,
    grid_shown,
    located_shown,
)

router = APIRouter(prefix="/v1/grids", tags=["grids"], responses={**UNCHANGED, **GEOJSON_ANSWERS})


@router.get("", operation_id="grid_list", response_model=GridPage, summary="Grids by code")
async def list_grids(
    query: Annotated[GridListQuery, Query()],
    caller: Caller,
    session: Reading,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> GridPage | Response:
    """Return grids in force, of one level (`level`) or the direct children of one grid (`parent`) or both.

    As GeoJSON, a FeatureCollection with areas and the member `next`.
    """
    reference = caller.reference
    if unchanged := fresh.unchanged(reference.version, language, geojson, query.model_dump()):
        return unchanged
    page = grids.page_of_grids(reference, query.level, query.parent, limit=query.limit, cursor=query.cursor)
    shown = [grid_shown(grid, reference, language) for grid in page.items]
    if not geojson:
        return GridPage(items=shown, next=page.next)
    features = await _features(session, page.items, shown)
    return _geojson(response, collection(features, next=page.next))


@router.get(
    "/locate",
    operation_id="grid_locate",
    response_model=LocatedShown,
    summary="Which grid a place belongs to",
)
async def locate_grid(  # noqa: PLR0913  what an answer depends on
    query: Annotated[LocateQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> LocatedShown | Response:
    """Return the chain of grids of a place, from the widest to the unit grid, and who is responsible there.

    A place on a shared edge belongs to the lowest code, a place outside all grids to the nearest one within
    the city's tolerance; else `grid` is null and `reason` says so. As GeoJSON, a FeatureCollection of the chain.
    """
    reference, viewer = caller.reference, caller.viewer
    place = to_wgs84(query.longitude, query.latitude, query.crs)
    located = reference.locate(place, query.accuracy_m)
    path = reference.grid_path(located.code) if located.code else []
    duties = await grids.find_duties(session, [grid.code for grid in path], wired.settings.today(now))
    seen = viewer.role in UNIT_ROLES
    if unchanged := fresh.unchanged(reference.version, language, geojson, place, located, duties, seen):
        return unchanged
    answer = located_shown(place, located, duties, reference, viewer, language)
    if not geojson:
        return answer
    chain = [grid_shown(grid, reference, language) for grid in path]
    features = await _features(session, path, chain)
    members = answer.model_dump(mode="json", exclude={"path"})
    return _geojson(response, collection(features, **members))


@router.get("/{code}", operation_id="grid_get", response_model=GridDetail, summary="One grid")
async def get_grid(  # noqa: PLR0913  what an answer depends on
    code: Annotated[Code, Path()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> GridDetail | Response:
    """Return a grid in force with the grids around and in it, its unit, and who is responsible today.

    As GeoJSON, a Feature with the grid's area.
    """
    reference, viewer = caller.reference, caller.viewer
    grid = reference.grids.get(code)
    if grid is None:
        raise _not_in_force(code, reference)
    path = [one.code for one in reference.grid_path(code)]
    duties = await grids.find_duties(session, path, wired.settings.today(now))
    seen = viewer.role in UNIT_ROLES
    if unchanged := fresh.unchanged(reference.version, language, geojson, code, duties, seen):
        return unchanged
    children = grids.children_of(reference, code)
    answer = grid_detail(grid, children, duties, reference, viewer, language)
    if not geojson:
        return answer
    areas = await grids.find_geometries(session, [grid.id])
    return _geojson(response, feature(code, areas[grid.id], answer))


def _not_in_force(code: str, reference: Reference) -> NotFound:
    ended = reference.ended_grids.get(code)
    if ended is None:
        return NotFound("There is no such grid in force.", grid=code)
    return NotFound(
        f"Grid {code} has ended; its versions are at /v1/grids/{code}/versions.",
        grid=code,
        ended_at=ended.ended_at.isoformat() if ended.ended_at else None,
        replaced_by=list(ended.replaced_by),
    )


async def _features(
    session: ReadSession, found: Iterable[GridFacts], shown: Iterable[GridShown]
) -> list[dict[str, object]]:
    found = list(found)
    areas: Mapping[int, str] = await grids.find_geometries(session, [grid.id for grid in found])
    return [
        feature(grid.code, areas[grid.id], properties) for grid, properties in zip(found, shown, strict=True)
    ]


def _geojson(response: Response, content: dict[str, object]) -> Response:
    # An answer that is built here takes over the headers that FastAPI adds to one it builds itself.
    return Response(orjson.dumps(content), media_type=GEOJSON, headers=dict(response.headers))
