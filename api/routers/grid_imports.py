"""Grids as a survey brings them: files in, and the versions that come of it."""

from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from api.adapters.map_files import MapFormat, MapUnreadable, read_map
from api.deps import BriefCaller, Caller, Now, Reading, Wired
from api.domain.errors import NotFound, NotJson
from api.domain.grid_drafts import Bounds
from api.domain.grid_files import GridFile, read_grid_file, unreadable_grid_file
from api.domain.grids import CodePattern
from api.domain.policies import Policies
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.media_types import GEOJSON, GEOJSON_ANSWERS, WantsGeojson
from api.queries.grid_versions import find_bounds, find_versions
from api.queries.grids import find_geometries
from api.schemas.base import Code
from api.schemas.geojson import collection, feature
from api.schemas.grid_imports import (
    GridImportQuery,
    GridImportShown,
    GridVersions,
    grid_import_shown,
    grid_versions_shown,
)
from api.services.grids import GridPlan, import_grids, plan_import

router = APIRouter(prefix="/v1/grids", tags=["grids"])

_FORMATS = {
    GEOJSON: MapFormat.GEOJSON,
    "application/json": MapFormat.GEOJSON,
    "application/geopackage+sqlite3": MapFormat.GEOPACKAGE,
    "application/zip": MapFormat.SHAPEFILE,
}
_FILES: dict[MapFormat, dict[str, Any]] = {
    MapFormat.GEOJSON: {
        "type": "object",
        "description": "A FeatureCollection.",
        "required": ["type", "features"],
        "properties": {
            "type": {"const": "FeatureCollection"},
            "features": {"type": "array", "items": {"type": "object"}},
        },
        "additionalProperties": True,
    },
    MapFormat.GEOPACKAGE: {"type": "string", "format": "binary", "description": "A GeoPackage (OGC 12-128)."},
    MapFormat.SHAPEFILE: {
        "type": "string",
        "format": "binary",
        "description": "A ZIP archive with one Shapefile.",
    },
}
_SENT = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": _FILES[map_format]} for name, map_format in _FORMATS.items()},
    }
}


@router.post(
    "/import",
    operation_id="grid_import",
    response_model=GridImportShown,
    responses={415: {}} | GEOJSON_ANSWERS,
    openapi_extra=_SENT,
    summary="Take over grids from a file",
)
async def import_file(
    query: Annotated[GridImportQuery, Query()],
    request: Request,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    response: Response,
    geojson: WantsGeojson,
) -> GridImportShown | Response:
    """Store the grids of a file: new ones, and a new version of each that differs from the one in force.

    The grids that would be in force are checked together: codes, parents, gaps, overlaps. A file with a fault changes
    nothing (`import_refused`); the same file again changes nothing either. As GeoJSON, a dry run answers the places
    where grids don't fit, for a look at them on a map.
    """
    today = wired.settings.today(now)
    async with wired.database.read() as session:
        bounds = await find_bounds(session)
    content, content_type = await request.body(), request.headers.get("content-type", "")
    file = await to_thread.run_sync(
        _read, content, content_type, query, caller.reference.policies, bounds, limiter=wired.uploads
    )
    if query.dry_run:
        async with wired.database.snapshot() as session:
            plan = await plan_import(
                session, file, is_complete=query.complete, allow_gaps=query.allow_gaps, today=today
            )
        return _previewed(plan, response) if geojson else _told(plan, is_preview=True)
    async with wired.database.write() as session:
        plan = await import_grids(
            session,
            file,
            is_complete=query.complete,
            allow_gaps=query.allow_gaps,
            now=now,
            today=today,
            by_id=caller.viewer.person_id,
        )
    return _told(plan, is_preview=False)


@router.get(
    "/{code}/versions",
    operation_id="grid_versions",
    response_model=GridVersions,
    responses={**UNCHANGED, **GEOJSON_ANSWERS},
    summary="All versions of a grid",
)
async def list_versions(
    code: Annotated[Code, Path()],
    caller: Caller,
    session: Reading,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> GridVersions | Response:
    """Return what a code has stood for, the newest first: also one that has ended, and what took its area over.

    As GeoJSON, a FeatureCollection with the areas.
    """
    reference = caller.reference
    if unchanged := fresh.unchanged(reference.version, language, geojson, code):
        return unchanged
    versions = await find_versions(session, code)
    if not versions:
        raise NotFound("There never was such a grid.", grid=code)
    shown = grid_versions_shown(versions, reference, language)
    if not geojson:
        return GridVersions(items=shown)
    areas = await find_geometries(session, [version.grid.id for version in versions])
    features = [
        feature(f"{code}-{one.version}", areas[version.grid.id], one)
        for version, one in zip(versions, shown, strict=True)
    ]
    return _geojson(response, collection(features))


def _read(
    content: bytes, content_type: str, query: GridImportQuery, policies: Policies, bounds: Bounds | None
) -> GridFile:
    map_format = _FORMATS.get(content_type.partition(";")[0].strip().lower())
    if map_format is None:
        raise NotJson(f"Send the grids as {', '.join(_FORMATS)}.")
    try:
        file = read_map(content, map_format, query.layer, query.encoding)
    except MapUnreadable as unreadable:
        return unreadable_grid_file(unreadable.findings)
    return read_grid_file(file, query.crs, CodePattern.parse(policies.grid_code_pattern), bounds)


def _told(plan: GridPlan, *, is_preview: bool) -> GridImportShown:
    return grid_import_shown(plan.imported(is_preview=is_preview), plan.faults)


def _previewed(plan: GridPlan, response: Response) -> Response:
    return _geojson(response, collection(plan.faults_drawn()))


def _geojson(response: Response, content: dict[str, object]) -> Response:
    # An answer that is built here takes over the headers that FastAPI adds to one it builds itself.
    return Response(orjson.dumps(content), media_type=GEOJSON, headers=dict(response.headers))
