"""Places on the wire: lists, one of them whole, and as they should be."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs
from api.domain.limits import Language
from api.domain.place_drafts import (
    ATTRIBUTE_NAME_MAX,
    ATTRIBUTE_VALUE_MAX,
    ATTRIBUTES_MAX,
    Pairing,
    PlaceDraft,
    default_reach_m,
)
from api.domain.places import REACH_MAX_M
from api.domain.reference import Reference
from api.language import name_in
from api.pages import PageQuery
from api.queries.place_lists import PlaceFilter, PlaceRow
from api.queries.places import StoredPlace
from api.schemas.agreements import AgreementInput, AgreementShown, agreement_shown
from api.schemas.base import Code, Day, Input, Line, OneLine, Output, PlaceShown, PrintableText
from api.schemas.filters import bbox_of, near_of
from api.schemas.geometry import Geometry, geometry_shown, shape_of

Name = Annotated[str, Field(min_length=1, max_length=100), OneLine]
Attribute = Annotated[str, Field(min_length=1, max_length=ATTRIBUTE_NAME_MAX), PrintableText]
Value = (
    bool
    | int
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[str, Field(max_length=ATTRIBUTE_VALUE_MAX), PrintableText]
    | None
)


class PairingInput(Input):
    """Who is paired (包联) with a place: a unit, a leader, or both."""

    unit: Code | None = Field(default=None, description="包联单位: its people see the tickets at the place.")
    leader: Annotated[Line, Field(max_length=100), OneLine] = Field(default="", description="包联领导")
    contact: Annotated[Line, Field(max_length=100), OneLine] = Field(
        default="", description="Whom to ask in the community (社区联系人)."
    )
    from_on: Day
    to_on: Day | None = Field(default=None, description="The last day; null: it goes on.")


class PlaceInput(Input):
    """A whole place."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new place has none, or 0."
    )
    type: Code = Field(description="Code of its type; `GET /v1/place-types` lists them.")
    name_zh: Name
    name_en: Name
    address: Annotated[Line, StringConstraints(strip_whitespace=True)] = ""
    geometry: Geometry
    crs: Crs = Field(default=Crs.WGS84, description="The coordinate system of `geometry`.")
    reach_m: Annotated[float, Field(ge=0, le=REACH_MAX_M, allow_inf_nan=False)] | None = Field(
        default=None,
        description="How far around it something is still at it. Null: a point 30 m, a line 20 m, an area 0.",
    )
    unit: Code | None = Field(default=None, description="The responsible unit.")
    attributes: Annotated[dict[Attribute, Value], Field(max_length=ATTRIBUTES_MAX)] = Field(
        default={}, description="What else the office notes of it."
    )
    is_active: bool = True
    pairings: Annotated[list[PairingInput], Field(max_length=200)] = Field(
        default=[], description="Send those that are over as well: they are its history."
    )
    agreements: Annotated[list[AgreementInput], Field(max_length=200)] = Field(
        default=[], description="Send those that are over as well: they are its history."
    )

    def draft(self, code: str) -> PlaceDraft:
        """Return what is meant, not checked yet but for its shape; raises FieldWrong."""
        shape = shape_of(self.geometry, self.crs)
        return PlaceDraft(
            code=code,
            type=self.type,
            name_zh=self.name_zh,
            name_en=self.name_en,
            shape=shape,
            address=self.address,
            reach_m=default_reach_m(shape) if self.reach_m is None else self.reach_m,
            unit=self.unit,
            attributes=self.attributes,
            is_active=self.is_active,
            pairings=tuple(
                Pairing(one.unit, one.leader, one.contact, one.from_on, one.to_on) for one in self.pairings
            ),
            agreements=tuple(one.agreement() for one in self.agreements),
        )


class PlaceListQuery(PageQuery):
    """Which places are listed, in the order of their codes."""

    model_config = ConfigDict(extra="forbid")

    type: Code | None = Field(default=None, description="Code of a type of places.")
    grid: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,20}$")] | None = Field(
        default=None, description="Grid code or its beginning: places in such unit grids or on their edge."
    )
    unit: Code | None = Field(default=None, description="Code of the responsible unit.")
    paired_unit: Code | None = Field(
        default=None, description="Code of a unit that is paired with them today."
    )
    near: Annotated[str, Field(max_length=120)] | None = Field(
        default=None, description="longitude,latitude,metres in WGS-84."
    )
    bbox: Annotated[str, Field(max_length=120)] | None = Field(
        default=None, description="west,south,east,north in WGS-84."
    )
    q: Annotated[str, Field(min_length=1, max_length=100), PrintableText] | None = Field(
        default=None, description="Text in name, address or code."
    )
    active: bool | None = None

    def wanted(self) -> PlaceFilter:
        """Return the filters alone; raises FieldWrong for what can't be meant."""
        return PlaceFilter(
            type=self.type,
            grid=self.grid,
            unit=self.unit,
            paired_unit=self.paired_unit,
            near=near_of(self.near),
            bbox=bbox_of(self.bbox),
            q=self.q,
            active=self.active,
        )


class PairingShown(Output):
    """Who is paired with a place."""

    unit: str | None
    leader: str
    contact: str
    from_on: date
    to_on: date | None


class PlaceBase(Output):
    """What every way of showing a place has in common."""

    code: str
    name: str
    name_zh: str
    name_en: str
    type: str
    type_name: str
    address: str
    place: PlaceShown = Field(description="A point on it.")
    reach_m: float
    unit: str | None
    is_active: bool
    version: int
    open_tickets: int = Field(description="Open tickets at it that you may see.")


class PlaceListed(PlaceBase):
    """A place as lists show it."""

    paired: list[PairingShown] = Field(description="Who is paired with it today.")


class PlacePage(Output):
    """One page of places."""

    items: list[PlaceListed]
    next: str | None


class PlaceWhole(PlaceBase):
    """A place with its history."""

    attributes: dict[str, bool | int | float | str | None]
    pairings: list[PairingShown] = Field(description="Those that are over and those to come as well.")
    agreements: list[AgreementShown] = Field(description="Those that are over as well.")


class PlaceDetail(PlaceWhole):
    """A place with its shape, too."""

    geometry: Geometry


def places_listed(
    rows: Iterable[PlaceRow],
    pairings: Mapping[str, Sequence[Pairing]],
    open_tickets: Mapping[str, int],
    reference: Reference,
    language: Language,
) -> list[PlaceListed]:
    """Show places as lists do; those that a mapping lacks have none of what it holds."""
    return [
        PlaceListed(
            code=row.code,
            name=name_in(language, row.name_zh, row.name_en),
            name_zh=row.name_zh,
            name_en=row.name_en,
            type=row.type,
            type_name=_type_name(row.type, reference, language),
            address=row.address,
            place=PlaceShown(longitude=row.longitude, latitude=row.latitude, crs="wgs84"),
            reach_m=row.reach_m,
            unit=row.unit,
            is_active=row.is_active,
            version=row.version,
            open_tickets=open_tickets.get(row.code, 0),
            paired=[_pairing(one) for one in pairings.get(row.code, ())],
        )
        for row in rows
    ]


def place_whole(
    stored: StoredPlace, open_tickets: int, reference: Reference, language: Language
) -> PlaceWhole:
    """Show a place with everything about it but its shape. Phones are masked."""
    draft = stored.draft
    on_it = draft.shape.representative_point()
    return PlaceWhole(
        code=draft.code,
        name=name_in(language, draft.name_zh, draft.name_en),
        name_zh=draft.name_zh,
        name_en=draft.name_en,
        type=draft.type,
        type_name=_type_name(draft.type, reference, language),
        address=draft.address,
        place=PlaceShown(longitude=on_it.x, latitude=on_it.y, crs="wgs84"),
        reach_m=draft.reach_m,
        unit=draft.unit,
        is_active=draft.is_active,
        version=stored.version,
        open_tickets=open_tickets,
        attributes=dict(draft.attributes),
        pairings=[_pairing(one) for one in draft.pairings],
        agreements=[agreement_shown(one) for one in draft.agreements],
    )


def place_detail(whole: PlaceWhole, shape: BaseGeometry) -> PlaceDetail:
    """Show a place with its shape."""
    return PlaceDetail(**dict(whole), geometry=geometry_shown(shape))


def _pairing(pairing: Pairing) -> PairingShown:
    return PairingShown(
        unit=pairing.unit,
        leader=pairing.leader,
        contact=pairing.contact,
        from_on=pairing.from_on,
        to_on=pairing.to_on,
    )


def _type_name(code: str, reference: Reference, language: Language) -> str:
    kind = reference.place_types.get(code)
    return name_in(language, kind.name_zh, kind.name_en) if kind else code
