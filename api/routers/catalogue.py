"""The catalogue: everything that a phone keeps to work without a network."""

from fastapi import APIRouter, Response

from api.deps import Caller
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.schemas.catalogue import CatalogShown, catalog_shown

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get(
    "/catalog",
    operation_id="catalog_get",
    response_model=CatalogShown,
    responses=UNCHANGED,
    summary="Classes, conditions, units, own grids, lifecycle, policies",
)
async def get_catalog(caller: Caller, language: Language, fresh: Fresh) -> CatalogShown | Response:
    """Return all that a phone caches: classes with filing and closing conditions, limits, units, own grids.

    Send the `ETag` as `If-None-Match` from time to time: while nothing changed the answer is 304, empty.
    """
    reference, viewer = caller.reference, caller.viewer
    unchanged = fresh.unchanged(reference.version, language, viewer.grid_codes)
    return unchanged or catalog_shown(reference, viewer, reference.policies.closing, language)
