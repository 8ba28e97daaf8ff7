"""Grids on the wire: where they are in the chain of grids, and who is responsible for them."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field

from api.domain.access import ROLE_NAMES, Role, Viewer, sees_name_of
from api.domain.geo import Crs, Place
from api.domain.grids import GridLevel, Located, Whereabouts
from api.domain.limits import Language
from api.domain.reference import GridFacts, Reference, UnitFacts
from api.language import name_in
from api.pages import PageQuery
from api.queries.grids import Duty
from api.schemas.base import Code, GridStep, Input, Latitude, Longitude, Output, PlaceShown


class GridListQuery(PageQuery):
    """Which grids are listed, in the order of their codes."""

    level: GridLevel | None = None
    parent: Code | None = Field(default=None, description="Code of the grid whose direct children are meant.")


class LocateQuery(Input):
    """A place whose grid is asked for."""

    longitude: Longitude
    latitude: Latitude
    crs: Crs = Field(default=Crs.WGS84, description="The coordinate system of longitude and latitude.")
    accuracy_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="Of the fix: a worse one is looked for farther around."
    )


class OwnerShown(Output):
    """The unit that a grid belongs to."""

    code: str
    name: str
    phone: str | None


class GridShown(Output):
    """A grid in force."""

    code: str
    name: str
    level: GridLevel
    parent: str | None = Field(description="Code of the grid around it.")
    unit: OwnerShown | None = Field(
        description="The owner of the grid, or of the next wider one that has one."
    )


class DutyShown(Output):
    """Who is responsible (网格责任公示), as far as this caller may know."""

    grid: str = Field(description="The grid the duty is for: this one, or one around it.")
    role: Role
    role_name: str
    name: str | None = Field(description="Null for officers when a responsible unit asks.")
    officer_number: str | None
    phone: str | None = Field(description="Where the office has released it.")


class GridDetail(GridShown):
    """A grid with what is around it, what is in it, and who is responsible."""

    path: list[GridStep] = Field(description="From the widest grid down to this one.")
    children: list[GridStep]
    people: list[DutyShown] = Field(description="Those of the smallest grid first.")


class GridPage(Output):
    """One page of grids."""

    items: list[GridShown]
    next: str | None


class LocatedShown(Output):
    """Where a place belongs."""

    place: PlaceShown
    reason: Whereabouts
    explanation: str
    distance_m: float | None = Field(description="To the grid; 0 inside, null where none is near enough.")
    grid: GridStep | None
    path: list[GridStep] = Field(description="From the widest grid down to the unit grid.")
    unit: OwnerShown | None
    people: list[DutyShown]


def grid_step(grid: GridFacts, language: Language) -> GridStep:
    """Show a grid as part of a chain."""
    return GridStep(code=grid.code, name=name_in(language, grid.name_zh, grid.name_en), level=grid.level)


def grid_shown(grid: GridFacts, reference: Reference, language: Language) -> GridShown:
    """Show a grid as lists do."""
    return GridShown(
        code=grid.code,
        name=name_in(language, grid.name_zh, grid.name_en),
        level=grid.level,
        parent=grid.parent_code,
        unit=owner_shown(reference.grid_path(grid.code), reference, language),
    )


def grid_detail(
    grid: GridFacts,
    children: Iterable[GridFacts],
    duties: Iterable[Duty],
    reference: Reference,
    viewer: Viewer,
    language: Language,
) -> GridDetail:
    """Show a grid with everything about it but its area."""
    path = reference.grid_path(grid.code)
    return GridDetail(
        code=grid.code,
        name=name_in(language, grid.name_zh, grid.name_en),
        level=grid.level,
        parent=grid.parent_code,
        unit=owner_shown(path, reference, language),
        path=[grid_step(one, language) for one in path],
        children=[grid_step(child, language) for child in children],
        people=[_duty(duty, viewer, language) for duty in duties],
    )


def located_shown(
    place: Place,
    located: Located,
    duties: Iterable[Duty],
    reference: Reference,
    viewer: Viewer,
    language: Language,
) -> LocatedShown:
    """Show where a place belongs and who is responsible there."""
    path = reference.grid_path(located.code) if located.code else []
    return LocatedShown(
        place=PlaceShown(longitude=place.longitude, latitude=place.latitude, crs="wgs84"),
        reason=located.reason,
        explanation=whereabouts_told(located, language),
        distance_m=located.distance_m,
        grid=grid_step(path[-1], language) if path else None,
        path=[grid_step(one, language) for one in path],
        unit=owner_shown(path, reference, language),
        people=[_duty(duty, viewer, language) for duty in duties],
    )


def owner_shown(path: Sequence[GridFacts], reference: Reference, language: Language) -> OwnerShown | None:
    """Show the unit of the last grid of this chain, or of the next wider one that has one; None where none has."""
    for grid in reversed(path):
        unit: UnitFacts | None = reference.units.get(grid.unit_id) if grid.unit_id is not None else None
        if unit is not None and unit.is_active:
            return OwnerShown(
                code=unit.code, name=name_in(language, unit.name_zh, unit.name_en), phone=unit.phone
            )
    return None


def _duty(duty: Duty, viewer: Viewer, language: Language) -> DutyShown:
    is_named = sees_name_of(viewer, duty.role)
    return DutyShown(
        grid=duty.grid_code,
        role=duty.role,
        role_name=name_in(language, *ROLE_NAMES[duty.role]),
        name=duty.name if is_named else None,
        officer_number=duty.officer_number if is_named else None,
        phone=duty.phone if is_named else None,
    )


def whereabouts_told(located: Located, language: Language) -> str:
    """Say in a sentence how a place lies to the grids."""
    match located.reason:
        case Whereabouts.INSIDE:
            return name_in(language, "位于网格内。", "The place is in the grid.")
        case Whereabouts.NEAREST:
            return name_in(
                language,
                f"不在任何网格内，归入{located.distance_m:.1f}米外最近的网格。",
                f"The place is in no grid; the nearest is {located.distance_m:.1f} m away.",
            )
        case Whereabouts.OUTSIDE_GRIDS:
            return name_in(
                language,
                f"不在任何网格内，{located.reach_m:.0f}米内也没有网格。",
                f"The place is in no grid, and none is within {located.reach_m:.0f} m.",
            )
