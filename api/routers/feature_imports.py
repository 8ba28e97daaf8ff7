"""Places and areas as files that an office keeps."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.deps import BriefCaller, Now, Wired
from api.feature_bodies import AREA_SHAPES, PLACES, read_feature_body
from api.schemas.feature_imports import FeatureImportQuery
from api.schemas.imports import ImportShown, import_shown
from api.services.area_imports import import_areas, plan_areas
from api.services.place_imports import import_places, plan_places

router = APIRouter(prefix="/v1")


@router.post(
    "/places/import",
    operation_id="place_import",
    responses={415: {}},
    openapi_extra=PLACES.sent,
    summary="Take over places from a file",
    tags=["places"],
)
async def import_place_file(
    query: Annotated[FeatureImportQuery, Query()],
    request: Request,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
) -> ImportShown:
    """Store the places of a map, or of a table with longitude and latitude: all, or none and 422 `import_refused`.

    Places are known by `code`; what the file does not say of one stays as it is. With `complete` those that it lacks
    are given up. With `dry_run` nothing is stored, and all faults are told. The same file again changes nothing.
    """
    entries, findings = await read_feature_body(request, PLACES, query)
    if query.dry_run:
        async with wired.database.snapshot() as session:
            plan = await plan_places(session, caller.reference, entries, findings, is_complete=query.complete)
        return import_shown(plan.imported(is_preview=True))
    async with wired.database.write() as session:
        plan = await import_places(
            session,
            caller.reference,
            entries,
            findings,
            is_complete=query.complete,
            by_id=caller.viewer.person_id,
            now=now,
        )
    return import_shown(plan.imported(is_preview=False))


@router.post(
    "/areas/import",
    operation_id="area_import",
    responses={415: {}},
    openapi_extra=AREA_SHAPES.sent,
    summary="Take over areas from a map",
    tags=["areas"],
)
async def import_area_file(
    query: Annotated[FeatureImportQuery, Query()],
    request: Request,
    caller: BriefCaller,
    wired: Wired,
    now: Now,
) -> ImportShown:
    """Store the areas of a map: all of them, or none and 422 `import_refused`.

    Areas are known by `code`; what the map does not say of one stays as it is. With `complete` those that it lacks are
    switched off. With `dry_run` nothing is stored, and all faults are told. The same map again changes nothing.
    """
    entries, findings = await read_feature_body(request, AREA_SHAPES, query)
    if query.dry_run:
        async with wired.database.snapshot() as session:
            plan = await plan_areas(session, caller.reference, entries, findings, is_complete=query.complete)
        return import_shown(plan.imported(is_preview=True))
    async with wired.database.write() as session:
        plan = await import_areas(
            session,
            caller.reference,
            entries,
            findings,
            is_complete=query.complete,
            by_id=caller.viewer.person_id,
            now=now,
        )
    return import_shown(plan.imported(is_preview=False))
