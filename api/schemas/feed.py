"""The change feed on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.adapters.seals import LONGEST
from api.domain.access import Viewer
from api.domain.limits import Language
from api.domain.reference import Reference
from api.pages import MAX_LIMIT
from api.queries.feed_pages import FeedPage, TicketEntry
from api.schemas.base import Output
from api.schemas.tickets import TicketShown, ticket_shown

Since = Annotated[str | None, Field(max_length=LONGEST, description="`next` of the page before; opaque.")]


class EventQuery(BaseModel):
    """Where a stream of events begins."""

    model_config = ConfigDict(extra="forbid")

    since: Since = None


class ChangeQuery(EventQuery):
    """Which page of the feed is asked for."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items in one page.")] = 50


class TicketChange(Output):
    """A ticket as it is now; `body` null: it has left your sight, forget it."""

    kind: Literal["ticket"]
    id: UUID
    version: int | None
    body: TicketShown | None


class ReferenceShown(Output):
    """The version of classes, grids, units, rules and policies."""

    version: int


class ReferenceChange(Output):
    """The catalogue has changed: fetch /v1/catalog again."""

    kind: Literal["reference"]
    id: Literal["catalog"]
    version: int
    body: ReferenceShown


FeedItem = Annotated[TicketChange | ReferenceChange, Field(discriminator="kind")]


class ChangePage(Output):
    """One page of the feed; `next` is never null, because the feed never ends."""

    items: list[FeedItem]
    next: str
    complete: bool = Field(description="You have everything up to now; otherwise ask on at once.")


def feed_items(
    page: FeedPage, reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> list[TicketChange | ReferenceChange]:
    """Show what a page tells this viewer."""
    items: list[TicketChange | ReferenceChange] = []
    if page.reference_version is not None:
        version = page.reference_version
        body = ReferenceShown(version=version)
        items.append(ReferenceChange(kind="reference", id="catalog", version=version, body=body))
    items += (_ticket_change(entry, reference, viewer, now, language) for entry in page.entries)
    return items


def _ticket_change(
    entry: TicketEntry, reference: Reference, viewer: Viewer, now: datetime, language: Language
) -> TicketChange:
    if entry.facts is None or entry.kept is None:
        return TicketChange(kind="ticket", id=entry.ticket_id, version=None, body=None)
    body = ticket_shown(entry.facts, entry.kept, reference, viewer, now, language)
    return TicketChange(kind="ticket", id=entry.ticket_id, version=body.version, body=body)
