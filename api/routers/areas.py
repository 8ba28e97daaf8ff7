"""Areas (片区): everybody reads them and sees where people are missing, administrators make and change them."""

from datetime import date
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Path, Query, Response

from api.db import ReadSession
from api.deps import Caller, Now, Reading, SignedIn, Wired, Writing
from api.domain.areas import AreaFacts
from api.domain.errors import NotFound
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.media_types import GEOJSON, GEOJSON_ANSWERS, WantsGeojson
from api.queries import areas
from api.schemas.areas import (
    AreaDetail,
    AreaInput,
    AreaListQuery,
    AreaPage,
    AreaQuery,
    AreaWhole,
    area_detail,
    area_whole,
    areas_listed,
)
from api.schemas.base import PlaceCode
from api.schemas.geojson import collection, feature
from api.services.areas import put_area

router = APIRouter(prefix="/v1/areas", tags=["areas"])

Which = Annotated[PlaceCode, Path(description="Code of the area.")]


@router.get(
    "",
    operation_id="area_list",
    response_model=AreaPage,
    responses={**UNCHANGED, **GEOJSON_ANSWERS},
    summary="Areas by code, and where people are missing",
)
async def list_areas(  # noqa: PLR0913  what an answer depends on
    query: Annotated[AreaListQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> Response:
    """List areas, those out of force as well, with how many people are on each today or on the day `on`.

    `short_on` lists those that are in force on that day and have fewer people than they need. As GeoJSON, a
    FeatureCollection with shapes and the member `next`.
    """
    reference = caller.reference
    on = query.short_on or query.on or wired.settings.today(now)
    found = await areas.page_of_areas(
        session, reference, query.wanted(), on, limit=query.limit, cursor=query.cursor
    )
    shown = areas_listed(found.page.items, found.staffed, on, reference, language)
    page = AreaPage(items=shown, next=found.page.next)
    if not geojson:
        return fresh.answer(page)
    if unchanged := fresh.unchanged("geojson", reference.version, page.model_dump_json()):
        return unchanged
    shapes = await areas.find_area_shapes(session, [area.code for area in shown])
    features = [feature(area.code, shapes[area.code], area) for area in shown]
    return _geojson(response, collection(features, next=page.next))


@router.get(
    "/{code}",
    operation_id="area_get",
    response_model=AreaDetail,
    responses={**UNCHANGED, **GEOJSON_ANSWERS},
    summary="One area with its people",
)
async def get_area(  # noqa: PLR0913  what an answer depends on
    code: Which,
    query: Annotated[AreaQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> AreaDetail | Response:
    """Get an area with its shape and who is on it, and whether people are missing today or on the day `on`.

    The ETag names its version. As GeoJSON, a Feature.
    """
    on = query.on or wired.settings.today(now)
    stored = (await areas.find_areas(session, [code])).get(code)
    if stored is None:
        raise NotFound("There is no such area.", area=code)
    facts = stored.draft.facts(caller.reference.units_by_code, stored.version)
    whole = await _whole(session, facts, on, caller, language)
    shown = area_detail(whole, stored.draft.shape)
    # The whole without the shape has another digest than with it, and so the other form another tag.
    tag = versioned_etag(shown.version, whole if geojson else shown)
    unchanged = fresh.unchanged_tag(tag)
    if unchanged or not geojson:
        return unchanged or shown
    return _geojson(response, feature(code, shown.geometry.model_dump_json(), whole))


@router.put(
    "/{code}",
    operation_id="area_put",
    responses={201: {"model": AreaDetail}, 409: {}, 415: {}, 428: {}},
    summary="Make or change an area",
)
async def store_area(  # noqa: PLR0913  what an answer depends on
    code: Which,
    body: AreaInput,
    caller: Caller,
    session: Writing,
    wired: Wired,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the area as you saw it.")
    ] = None,
) -> AreaDetail:
    """Store an area, whole. Name the version that you saw (`version` or If-Match); 409 when somebody was faster.

    An area ends with its last day or with `is_active: false`, and is never removed.
    """
    seen = seen_version(body.version, if_match)
    done = await put_area(session, caller.viewer.person_id, caller.reference, body.draft(code), seen, now)
    draft = done.stored.draft
    facts = draft.facts(caller.reference.units_by_code, done.stored.version)
    whole = await _whole(session, facts, wired.settings.today(now), caller, language)
    shown = area_detail(whole, draft.shape)
    response.headers["ETag"] = versioned_etag(shown.version, shown)
    if done.is_new:
        response.status_code = 201
    return shown


async def _whole(
    session: ReadSession, area: AreaFacts, on: date, caller: SignedIn, language: Language
) -> AreaWhole:
    duties = await areas.find_area_duties(session, [area.code])
    staffed = await areas.count_staff(session, [area.code], on)
    return area_whole(area, duties, staffed.get(area.code, 0), on, caller.reference, caller.viewer, language)


def _geojson(response: Response, content: dict[str, object]) -> Response:
    # An answer that is built here takes over the headers that FastAPI adds to one it builds itself.
    return Response(orjson.dumps(content), media_type=GEOJSON, headers=dict(response.headers))
