"""What is near me, on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.domain.access import Viewer
from api.domain.deadlines import Light, light
from api.domain.geo import Place, to_wgs84
from api.domain.lifecycle import STATE_NAMES, State
from api.domain.limits import Language
from api.domain.reference import Reference
from api.language import name_in
from api.queries.nearby import Found, NearPlace, NearTicket
from api.schemas.base import Latitude, Longitude, Output, PlaceShown
from api.schemas.tasks import TaskShown, task_shown

MOST = 50
FARTHEST_M = 20_000


class NearbyQuery(BaseModel):
    """Where the caller is, and how far she would go."""

    model_config = ConfigDict(extra="forbid")

    longitude: Longitude
    latitude: Latitude
    crs: Annotated[str, Field(max_length=20)] = Field(
        default="wgs84", description="`wgs84`, `gcj02`, `bd09` or `cgcs2000`."
    )
    within_m: Annotated[float, Field(gt=0, le=FARTHEST_M, allow_inf_nan=False)] = Field(
        default=2_000, description="How far tickets and places may be away; own tasks may be anywhere."
    )
    limit: Annotated[int, Field(ge=1, le=MOST)] = Field(default=10, description="Of each kind.")

    def here(self) -> Place:
        """Return where the caller is; raises GeoError."""
        return to_wgs84(self.longitude, self.latitude, self.crs)


class NearTicketShown(Output):
    """An open ticket nearby."""

    id: UUID
    number: str
    state: State
    state_name: str
    category: str
    category_name: str
    address: str
    place: PlaceShown
    due_at: datetime | None
    light: Light | None
    distance_m: float


class NearPlaceShown(Output):
    """A place nearby where nobody was this week."""

    code: str
    name: str
    type: str
    type_name: str
    place: PlaceShown = Field(description="A point on it.")
    seen_at: datetime | None = Field(
        description="When an officer was last there: reported, checked, checked in, or passed on duty."
    )
    distance_m: float


class Nearby(Output):
    """What is around the caller, the nearest first."""

    place: PlaceShown
    within_m: float
    tasks: list[TaskShown] = Field(description="Your own open tasks, however far away.")
    tickets: list[NearTicketShown] = Field(
        description="Open tickets that you may see; not those of your tasks."
    )
    places: list[NearPlaceShown] = Field(description="Where no officer was for seven days.")


def nearby_shown(
    query: NearbyQuery,
    found: Found,
    reference: Reference,
    viewer: Viewer,
    now: datetime,
    language: Language,
) -> Nearby:
    """Show what is around."""
    here = query.here()
    return Nearby(
        place=PlaceShown(longitude=here.longitude, latitude=here.latitude, crs="wgs84"),
        within_m=query.within_m,
        tasks=[task_shown(task, reference, viewer, now, language) for task in found.tasks],
        tickets=[_ticket(ticket, reference, now, language) for ticket in found.tickets],
        places=[_place(place, reference, language) for place in found.places],
    )


def _ticket(ticket: NearTicket, reference: Reference, now: datetime, language: Language) -> NearTicketShown:
    category = reference.known_category(ticket.category_id)
    return NearTicketShown(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state,
        state_name=name_in(language, *STATE_NAMES[ticket.state]),
        category=category.code,
        category_name=name_in(language, category.minor_zh, category.minor_en),
        address=ticket.address,
        place=PlaceShown(longitude=ticket.longitude, latitude=ticket.latitude, crs="wgs84"),
        due_at=ticket.due_at,
        light=light(now, ticket.yellow_at, ticket.due_at),
        distance_m=round(ticket.distance_m, 1),
    )


def _place(place: NearPlace, reference: Reference, language: Language) -> NearPlaceShown:
    kind = reference.place_types.get(place.type)
    return NearPlaceShown(
        code=place.code,
        name=name_in(language, place.name_zh, place.name_en),
        type=place.type,
        type_name=name_in(language, kind.name_zh, kind.name_en) if kind else place.type,
        place=PlaceShown(longitude=place.longitude, latitude=place.latitude, crs="wgs84"),
        seen_at=place.seen_at,
        distance_m=round(place.distance_m, 1),
    )
