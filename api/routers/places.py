"""Places (点位): everybody reads them, administrators make and change them, the desk may call who signed for one."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Path, Query, Response

from api.deps import BriefCaller, Caller, Now, Reading, Wired, Writing
from api.domain.errors import NotFound
from api.etags import UNCHANGED, Fresh, seen_version, versioned_etag
from api.language import Language
from api.media_types import GEOJSON, GEOJSON_ANSWERS, WantsGeojson
from api.queries import place_lists, places
from api.schemas.agreements import SignerList, signer_shown
from api.schemas.base import PlaceCode
from api.schemas.geojson import collection, feature
from api.schemas.places import (
    PlaceDetail,
    PlaceInput,
    PlaceListQuery,
    PlacePage,
    place_detail,
    place_whole,
    places_listed,
)
from api.services.places import put_place
from api.services.signers import read_signers

router = APIRouter(prefix="/v1/places", tags=["places"])

Which = Annotated[PlaceCode, Path(description="Code of the place.")]


@router.get(
    "",
    operation_id="place_list",
    response_model=PlacePage,
    responses={**UNCHANGED, **GEOJSON_ANSWERS},
    summary="Places by code",
)
async def list_places(  # noqa: PLR0913  what an answer depends on
    query: Annotated[PlaceListQuery, Query()],
    caller: Caller,
    session: Reading,
    wired: Wired,
    now: Now,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> Response:
    """List places with who is paired with them today and how many open tickets you may see at each.

    As GeoJSON, a FeatureCollection with shapes and the member `next`.
    """
    reference, today = caller.reference, wired.settings.today(now)
    found = await place_lists.page_of_places(
        session, reference, query.wanted(), today, limit=query.limit, cursor=query.cursor
    )
    codes = [row.code for row in found.items]
    pairings = await place_lists.find_pairings(session, codes, today)
    open_tickets = await place_lists.count_open_tickets(session, caller.viewer, codes)
    shown = places_listed(found.items, pairings, open_tickets, reference, language)
    page = PlacePage(items=shown, next=found.next)
    if not geojson:
        return fresh.answer(page)
    if unchanged := fresh.unchanged("geojson", reference.version, page.model_dump_json()):
        return unchanged
    shapes = await places.find_place_shapes(session, codes)
    features = [feature(place.code, shapes[place.code], place) for place in shown]
    return _geojson(response, collection(features, next=page.next))


@router.get(
    "/{code}",
    operation_id="place_get",
    response_model=PlaceDetail,
    responses={**UNCHANGED, **GEOJSON_ANSWERS},
    summary="One place with its history",
)
async def get_place(
    code: Which,
    caller: Caller,
    session: Reading,
    response: Response,
    language: Language,
    geojson: WantsGeojson,
    fresh: Fresh,
) -> PlaceDetail | Response:
    """Get a place with its shape, its pairings and agreements. Phones of signers are masked.

    The ETag names its version. To change it, send all that `PUT` takes back. As GeoJSON, a Feature.
    """
    reference = caller.reference
    stored = (await places.find_places(session, [code])).get(code)
    if stored is None:
        raise NotFound("There is no such place.", place=code)
    open_tickets = await place_lists.count_open_tickets(session, caller.viewer, [code])
    whole = place_whole(stored, open_tickets.get(code, 0), reference, language)
    shown = place_detail(whole, stored.draft.shape)
    # The whole without the shape has another digest than with it, and so the other form another tag.
    unchanged = fresh.unchanged_tag(versioned_etag(stored.version, whole if geojson else shown))
    if unchanged or not geojson:
        return unchanged or shown
    return _geojson(response, feature(code, shown.geometry.model_dump_json(), whole))


@router.put(
    "/{code}",
    operation_id="place_put",
    responses={201: {"model": PlaceDetail}, 409: {}, 415: {}, 428: {}},
    summary="Make or change a place",
)
async def store_place(
    code: Which,
    body: PlaceInput,
    caller: Caller,
    session: Writing,
    now: Now,
    language: Language,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=200, description="ETag of the place as you saw it.")
    ] = None,
) -> PlaceDetail:
    """Store a place, whole. Name the version that you saw (`version` or If-Match); 409 when somebody was faster.

    A place is given up with `is_active: false` and never removed: tickets name it.
    """
    reference, viewer = caller.reference, caller.viewer
    seen = seen_version(body.version, if_match)
    done = await put_place(session, viewer.person_id, reference, body.draft(code), seen, now)
    open_tickets = await place_lists.count_open_tickets(session, viewer, [code])
    whole = place_whole(done.stored, open_tickets.get(code, 0), reference, language)
    shown = place_detail(whole, done.stored.draft.shape)
    response.headers["ETag"] = versioned_etag(shown.version, shown)
    if done.is_new:
        response.status_code = 201
    return shown


@router.get("/{code}/signers", operation_id="signer_list", summary="Who signed for a place, with phones")
async def list_signers(
    code: Which, caller: BriefCaller, wired: Wired, now: Now, response: Response
) -> SignerList:
    """List who signed agreements for a place. That you read their phone numbers is kept."""
    # Not the request's transaction, which can't write in a read.
    async with wired.database.write() as session:
        agreements = await read_signers(session, caller.viewer, code, now)
    response.headers["Cache-Control"] = "no-store"
    today = wired.settings.today(now)
    return SignerList(items=[signer_shown(one, today) for one in agreements])


def _geojson(response: Response, content: dict[str, object]) -> Response:
    # An answer that is built here takes over the headers that FastAPI adds to one it builds itself.
    return Response(orjson.dumps(content), media_type=GEOJSON, headers=dict(response.headers))
