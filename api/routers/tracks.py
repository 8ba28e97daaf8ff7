"""Tracks (轨迹): officers send theirs; supervisors see where those in their charge are, and were."""

from typing import Annotated
from uuid import UUID

import anyio
import orjson
from fastapi import APIRouter, Path, Query, Response

from api.deps import BriefCaller, Caller, Now, Reading, Wired, Writing
from api.domain.device_clock import DeviceClock
from api.language import Language
from api.media_types import GEOJSON
from api.pages import PageQuery
from api.queries.shifts import find_shifts
from api.queries.tracks import find_batches, page_of_readings
from api.schemas.base import NearDay
from api.schemas.shifts import PositionPage, position_shown
from api.schemas.tracks import (
    ReadingPage,
    TrackInput,
    TrackStored,
    day_collection,
    readings_shown,
    track_stored,
)
from api.services.track_readings import read_day, read_positions
from api.services.tracks import store_track

router = APIRouter(prefix="/v1/tracks", tags=["patrol"])


@router.put(
    "/{batch_id}",
    operation_id="track_store",
    responses={201: {"model": TrackStored}, 409: {}, 415: {}},
    summary="Send points of a track",
)
async def put_track(
    batch_id: UUID,
    body: TrackInput,
    caller: Caller,
    session: Writing,
    wired: Wired,
    now: Now,
    language: Language,
    response: Response,
) -> TrackStored:
    """Send up to 10 000 points of your shift, in any order, under an id that the phone made.

    A point that can't be meant spoils no other: it is left out, counted and explained. The same again gives the same
    answer. Points are kept on duty only, and removed after policy `track_days`.
    """
    clock = DeviceClock.read(body.sent_at, now)
    is_new = await store_track(
        session,
        caller.viewer,
        caller.reference,
        body.request(batch_id),
        body.device_id,
        wired.settings.zone,
        now,
        clock,
    )
    if is_new:
        response.status_code = 201
    today = wired.settings.today(now)
    batch = (await find_batches(session, caller.viewer, [batch_id]))[batch_id]
    shift = (await find_shifts(session, caller.viewer, [batch.shift_id], today))[batch.shift_id]
    return track_stored(batch, shift, language)


@router.get("/positions", operation_id="position_list", summary="Where people on duty are")
async def list_positions(
    query: Annotated[PageQuery, Query()],
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    language: Language,
    response: Response,
) -> PositionPage:
    """List the officers in your charge who are on duty, by user name, with where each was last.

    That you saw where somebody is, is kept once a day, and she can see it.
    """
    response.headers["Cache-Control"] = "no-store"
    today = wired.settings.today(now)
    # Not the request's transaction, which can't write in a read.
    async with wired.database.write() as session:
        page = await read_positions(
            session, caller.viewer, today, now, limit=query.limit, cursor=query.cursor
        )
    items = [position_shown(facts, caller.reference, now, language) for facts in page.items]
    return PositionPage(items=items, next=page.next)


@router.get(
    "/days/{on}",
    operation_id="track_get",
    response_class=Response,
    responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}},
    summary="A day's track as GeoJSON",
)
async def get_track(
    on: Annotated[NearDay, Path(description="A day in the city's zone.")],
    caller: BriefCaller,
    wired: Wired,
    now: Now,
    language: Language,
    person: Annotated[str | None, Query(max_length=64, description="User name; without it your own.")] = None,
) -> Response:
    """Get the track of a day: a line for each shift, with times, and a point for each stop of policy `stop_min_s`.

    That you read somebody else's track is kept, and she can see it.
    """
    zone, today = wired.settings.zone, wired.settings.today(now)
    # Not the request's transaction, which can't write in a read.
    async with wired.database.write() as session:
        username, policies = person or caller.viewer.username, caller.reference.policies
        day = await read_day(session, caller.viewer, username, on, policies, zone, today, now)

    def written() -> bytes:
        return orjson.dumps(day_collection(day, on, caller.reference, language))

    content = await anyio.to_thread.run_sync(written)
    return Response(content, media_type=GEOJSON, headers={"Cache-Control": "no-store"})


@router.get("/readings", operation_id="reading_list", summary="Who read tracks")
async def list_readings(
    query: Annotated[PageQuery, Query()], caller: Caller, session: Reading, wired: Wired, now: Now
) -> ReadingPage:
    """List who read your tracks, and of which day; supervisors those of the officers in their charge. Newest first."""
    today = wired.settings.today(now)
    page = await page_of_readings(session, caller.viewer, today, limit=query.limit, cursor=query.cursor)
    return ReadingPage(items=readings_shown(page.items), next=page.next)
