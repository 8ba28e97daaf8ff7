"""The change feed: asked for page by page, or told as it happens."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Header, Query, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import clock
from api.adapters.seals import LONGEST
from api.deps import Now, SignedIn, Token, Wired, Wiring, found_caller
from api.domain.access import Viewer
from api.domain.errors import Refusal, ResyncNeeded
from api.domain.feed import FeedCursor, Held
from api.domain.limits import Language as LanguageCode
from api.etags import UNCHANGED, Fresh
from api.event_streams import KEPT_ALIVE, EventStream, event
from api.language import Language
from api.listening import Listener
from api.queries.feed_pages import FeedPage, read_page
from api.schemas.feed import ChangePage, ChangeQuery, EventQuery, feed_items

KEEP_ALIVE_S = 20.0
"""So often an idle stream says something, for proxies that close silent connections."""

EVENTS_AT_ONCE = 50
"""Tickets that a stream reads at once."""

router = APIRouter(prefix="/v1", tags=["feed"])

log = structlog.get_logger()

_GONE: dict[int | str, dict[str, Any]] = {410: {}}
_STREAMED: dict[int | str, dict[str, Any]] = {
    **_GONE,
    200: {
        "description": "`change` with a feed item, `complete`, `resync`; the id of an event is a cursor.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
}


@dataclass(slots=True)
class _Reader:
    """Somebody who reads the feed: where she stands, and how she is answered."""

    wired: Wiring
    token: str | None
    operation: str
    language: LanguageCode
    pointer: str
    cursor: FeedCursor | str | None
    caller: SignedIn | None = field(default=None)

    async def read(self, limit: int, now: datetime) -> FeedPage:
        """Read the next page and stand behind it; who reads is found anew, at the moment that the page shows."""
        wired = self.wired
        async with wired.database.steady() as session:
            found = await found_caller(session, wired, self.token, self.operation, now)
            reference = await wired.references.at(found.reference_version)
            viewer, since = found.viewer, self.cursor
            if not isinstance(since, FeedCursor):
                since = wired.cursors.read(since, viewer.person_id, self.pointer)
            days = reference.policies.feed_days
            page = await read_page(session, viewer, found.reference_version, since, now, days, limit)
        self.caller, self.cursor = SignedIn(viewer, reference), page.cursor
        return page

    @property
    def viewer(self) -> Viewer:
        """Who she was when she read last."""
        assert self.caller is not None  # noqa: S101  she has read a page
        return self.caller.viewer

    def shown(self, page: FeedPage, now: datetime) -> ChangePage:
        """Return a page as it is sent."""
        assert self.caller is not None  # noqa: S101  she has read it
        items = feed_items(page, self.caller.reference, self.caller.viewer, now, self.language)
        return ChangePage(items=items, next=self.wired.cursors.write(page.cursor), complete=page.is_complete)


@router.get(
    "/changes", operation_id="change_list", response_model=ChangePage, responses={**UNCHANGED, **_GONE}
)
async def change_list(
    query: Annotated[ChangeQuery, Query()],
    wired: Wired,
    now: Now,
    language: Language,
    token: Token,
    fresh: Fresh,
) -> Response:
    """List what changed for you since a cursor, in the order it was committed, each thing once as it is now.

    Without `since` the list begins with all open tickets that you may see and those that changed lately. Keep
    `next`, and ask again with it: at once until `complete`, then whenever you like. A ticket without a body has
    left your sight. 410 `resync_needed`: forget everything and begin without `since`.
    """
    reader = _Reader(wired, token, "change_list", language, "/query/since", query.since)
    page = await reader.read(query.limit, now)
    return fresh.answer(reader.shown(page, now))


@router.get(
    "/events", operation_id="event_stream", status_code=200, response_class=EventStream, responses=_STREAMED
)
async def event_stream(
    query: Annotated[EventQuery, Query()],
    wired: Wired,
    now: Now,
    language: Language,
    token: Token,
    response: Response,
    last_event_id: Annotated[
        str | None, Header(max_length=LONGEST, description="`id` of the last event that you have.")
    ] = None,
) -> Response:
    """Be told what changes for you as it happens: the feed of /v1/changes as server-sent events.

    Begins behind `Last-Event-ID` or `since`; without either like the feed itself. The stream ends with the access
    token that opened it; come back with a new one and the last id.
    """
    pointer = "/header/last-event-id" if last_event_id else "/query/since"
    reader = _Reader(wired, token, "event_stream", language, pointer, last_event_id or query.since)
    listener = wired.hub.join()  # before the first page, so that nothing happens in between
    try:
        page = await reader.read(EVENTS_AT_ONCE, now)
    except BaseException:
        listener.leave()
        raise
    listener.viewer = reader.viewer
    headers = {name: response.headers[name] for name in ("Content-Language", "Vary")}
    return EventStream(_follow(reader, listener, page, now), listener, headers)


async def _follow(
    reader: _Reader, listener: Listener, page: FeedPage, now: datetime
) -> AsyncGenerator[bytes]:
    """Yield events until the listener is over or the reader may not go on."""
    try:
        async with aclosing(_told(reader, listener, page, now)) as told:
            async for made in told:
                yield made
    except ResyncNeeded as refusal:
        facts = {"code": refusal.code, "detail": refusal.detail, **refusal.facts}
        yield event("resync", orjson.dumps(facts))
    except Refusal as refusal:
        log.debug("a stream of events ended", why=refusal.code)
    except (DBAPIError, PoolTimeout) as error:
        # The client comes back with its last id, when the database may be there again.
        log.warning("a stream of events ended: the database did not answer", why=str(error))


async def _told(
    reader: _Reader, listener: Listener, page: FeedPage | None, now: datetime
) -> AsyncGenerator[bytes]:
    """Yield the events of a page and of those that follow; what the reading of a page raises ends it."""
    is_told_complete = False
    while True:
        if page is None:
            yield KEPT_ALIVE
        else:
            for made in _events(reader, page, now):
                yield made
            if not page.is_complete:
                listener.wake()
            elif not is_told_complete:
                is_told_complete = True
                yield event("complete", b"{}", reader.wired.cursors.write(page.cursor))
            page = None  # an idle stream holds no tickets
        page = await _next(reader, listener)
        if listener.is_over:
            return
        now = clock.now()


async def _next(reader: _Reader, listener: Listener) -> FeedPage | None:
    """Wait for news, but not longer than a keep-alive; return the page, None when there are none or it is over."""
    is_woken = await listener.wait(KEEP_ALIVE_S)
    if listener.is_over:
        return None
    now = clock.now()
    if not is_woken:
        if reader.token is not None:
            reader.wired.tokens.read(reader.token, now)  # the stream ends with its token
        return None
    async with reader.wired.hub.reads:
        page = await reader.read(EVENTS_AT_ONCE, now)
    viewer = reader.viewer
    if listener.viewer is None or Held.of(viewer) != Held.of(listener.viewer):
        # While it read, it was looked for where it was before.
        listener.wake()
    listener.viewer = viewer
    return page


def _events(reader: _Reader, page: FeedPage, now: datetime) -> list[bytes]:
    """Return a page as events; the last one carries the cursor, so that a page that was cut is told again."""
    shown = reader.shown(page, now)
    bodies = [item.model_dump_json().encode() for item in shown.items]
    last = len(bodies) - 1
    return [
        event("change", body, shown.next if number == last else None) for number, body in enumerate(bodies)
    ]
