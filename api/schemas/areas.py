"""Areas on the wire: as they are, how many people are on them, and as they should be."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints
from shapely.geometry.base import BaseGeometry

from api.domain.access import Role, Viewer, sees_name_of
from api.domain.area_drafts import AreaDraft, AreaDuty
from api.domain.areas import AreaFacts, AreaKind
from api.domain.geo import Crs
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.shapes import AREAS, as_areas
from api.language import name_in
from api.pages import PageQuery
from api.queries.areas import AreaFilter, StoredDuty
from api.schemas.base import Code, Day, Input, Line, Note, OneLine, Output
from api.schemas.geometry import Area, area_shown, shape_of
from api.schemas.people import Username

Name = Annotated[str, Field(min_length=1, max_length=100), OneLine]


class AreaDutyInput(Input):
    """Somebody's days on an area."""

    person: Username
    from_on: Day
    to_on: Day | None = Field(default=None, description="The last day; null: it goes on.")


class AreaInput(Input):
    """A whole area."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new area has none, or 0."
    )
    kind: AreaKind
    name_zh: Name
    name_en: Name
    geometry: Area
    crs: Crs = Field(default=Crs.WGS84, description="The coordinate system of `geometry`.")
    unit: Code | None = Field(default=None, description="The responsible unit, or the owner.")
    leader: Annotated[Line, Field(max_length=100), OneLine] = Field(default="", description="带班领导")
    task: Annotated[Note, StringConstraints(strip_whitespace=True)] = ""
    valid_from: Day | None = Field(default=None, description="The first day.")
    valid_to: Day | None = Field(default=None, description="The last day.")
    minimum_staff: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=0, description="How many people it needs each day; 0: nobody counts."
    )
    is_active: bool = True
    people: Annotated[list[AreaDutyInput], Field(max_length=2_000)] = Field(
        default=[], description="Who is on the area; send those whose days are over as well."
    )

    def draft(self, code: str) -> AreaDraft:
        """Return what is meant, not checked yet but for its shape; raises FieldWrong."""
        return AreaDraft(
            code=code,
            kind=self.kind,
            name_zh=self.name_zh,
            name_en=self.name_en,
            shape=as_areas(shape_of(self.geometry, self.crs, AREAS)),
            unit=self.unit,
            leader=self.leader,
            task=self.task,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            minimum_staff=self.minimum_staff,
            is_active=self.is_active,
            duties=tuple(AreaDuty(one.person, one.from_on, one.to_on) for one in self.people),
        )


class AreaListQuery(PageQuery):
    """Which areas are listed, in the order of their codes."""

    model_config = ConfigDict(extra="forbid")

    kind: AreaKind | None = None
    unit: Code | None = Field(default=None, description="Code of the responsible unit.")
    active: bool | None = None
    on: Day | None = Field(default=None, description="The day whose people are counted; today if not given.")
    short_on: Day | None = Field(
        default=None, description="In force on this day, with fewer people than it needs; it is `on` as well."
    )

    def wanted(self) -> AreaFilter:
        """Return the filters alone."""
        return AreaFilter(self.kind, self.unit, self.active, self.short_on)


class AreaQuery(Input):
    """For which day an area is shown."""

    on: Day | None = Field(default=None, description="The day whose people are counted; today if not given.")


class AreaShown(Output):
    """An area without its shape."""

    code: str
    name: str
    name_zh: str
    name_en: str
    kind: AreaKind
    unit: str | None
    leader: str
    task: str
    valid_from: date | None
    valid_to: date | None
    minimum_staff: int
    is_active: bool
    version: int
    on: date = Field(description="The day that the following three are about.")
    in_force: bool
    staffed: int = Field(description="How many people are on it.")
    is_short: bool = Field(description="It is in force and has fewer people than it needs.")


class AreaPage(Output):
    """One page of areas."""

    items: list[AreaShown]
    next: str | None


class AreaDutyShown(Output):
    """Somebody's days on an area."""

    person: str | None = Field(description="Null for officers when a responsible unit asks.")
    name: str | None
    role: Role
    from_on: date
    to_on: date | None


class AreaWhole(AreaShown):
    """An area with its people, those whose days are over as well."""

    people: list[AreaDutyShown]


class AreaDetail(AreaWhole):
    """An area with its shape, too."""

    geometry: Area


def area_listed(
    area: AreaFacts, staffed: int, on: date, reference: Reference, language: Language
) -> AreaShown:
    """Show an area as lists do."""
    unit = reference.units.get(area.unit_id) if area.unit_id is not None else None
    in_force = area.is_in_force(on)
    return AreaShown(
        code=area.code,
        name=name_in(language, area.name_zh, area.name_en),
        name_zh=area.name_zh,
        name_en=area.name_en,
        kind=area.kind,
        unit=unit.code if unit else None,
        leader=area.leader,
        task=area.task,
        valid_from=area.valid_from,
        valid_to=area.valid_to,
        minimum_staff=area.minimum_staff,
        is_active=area.is_active,
        version=area.version,
        on=on,
        in_force=in_force,
        staffed=staffed,
        is_short=in_force and staffed < area.minimum_staff,
    )


def areas_listed(
    areas: Iterable[AreaFacts], staffed: Mapping[str, int], on: date, reference: Reference, language: Language
) -> list[AreaShown]:
    """Show areas with how many people are on each; none where `staffed` does not say."""
    return [area_listed(area, staffed.get(area.code, 0), on, reference, language) for area in areas]


def area_whole(
    area: AreaFacts,
    duties: Iterable[StoredDuty],
    staffed: int,
    on: date,
    reference: Reference,
    viewer: Viewer,
    language: Language,
) -> AreaWhole:
    """Show an area with everything about it but its shape."""
    return AreaWhole(
        **dict(area_listed(area, staffed, on, reference, language)),
        people=[_duty(stored, viewer) for stored in duties],
    )


def area_detail(whole: AreaWhole, shape: BaseGeometry) -> AreaDetail:
    """Show an area with its shape."""
    return AreaDetail(**dict(whole), geometry=area_shown(shape))


def _duty(stored: StoredDuty, viewer: Viewer) -> AreaDutyShown:
    is_named = sees_name_of(viewer, stored.role)
    return AreaDutyShown(
        person=stored.duty.person if is_named else None,
        name=stored.name if is_named else None,
        role=stored.role,
        from_on=stored.duty.from_on,
        to_on=stored.duty.to_on,
    )
