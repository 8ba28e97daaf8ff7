"""The catalogue: everything that a phone keeps to work without a network."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import Caller, Wired
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.schemas.catalogue import CatalogDelta, CatalogQuery, CatalogShown

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.get(
    "/catalog",
    operation_id="catalog_get",
    response_model=CatalogShown | CatalogDelta,
    responses=UNCHANGED,
    summary="Classes, conditions, units, own grids, lifecycle, policies",
)
async def get_catalog(
    query: Annotated[CatalogQuery, Query()], caller: Caller, wired: Wired, language: Language, fresh: Fresh
) -> Response:
    """Return all that a phone caches: classes with filing and closing conditions, limits, units, own grids.

    Send the `ETag` of the last answer as `If-None-Match` from time to time: while nothing changed the answer is 304,
    empty. Send its `stamp` as `since`, too, and after a change the answer is what changed (`complete` false) instead
    of everything (`complete` true).
    """
    reference, grid_codes, since = caller.reference, caller.viewer.grid_codes, query.since
    # Not by `since`: whoever brought a copy up to date by what changed holds the tag of the whole.
    if unchanged := fresh.unchanged(reference.version, language, grid_codes):
        return unchanged
    catalogue = wired.catalogues.take(reference, language)
    shown = catalogue.whole(grid_codes) if since is None else catalogue.since(since, grid_codes)
    return fresh.tagged(shown)
