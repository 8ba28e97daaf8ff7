"""Who is responsible for a place, as everybody may know it (网格责任公示).

Nothing here tells who a person is to the system: no user name, no officer number, no id, and no phone number but those
that the office released.
"""

from collections.abc import Collection, Sequence
from datetime import date

from pydantic import Field

from api.domain.access import ROLE_NAMES, Role
from api.domain.grids import Located, Whereabouts
from api.domain.limits import Language
from api.domain.reference import GridFacts, Reference
from api.language import name_in
from api.queries.grids import Duty
from api.schemas.base import GridStep, Output
from api.schemas.grids import grid_step, owner_shown, whereabouts_told


class ResponsibleUnit(Output):
    """The unit that a grid belongs to."""

    name: str
    phone: str | None


class ResponsiblePerson(Output):
    """Somebody on duty."""

    name: str
    role: Role
    role_name: str
    phone: str | None = Field(description="Where the office has released it.")


class ResponsibleShown(Output):
    """Who is responsible for a grid."""

    on: date = Field(description="The day that this holds for, in the city's time zone.")
    grid: GridStep | None
    path: list[GridStep] = Field(description="From the widest grid down to this one.")
    unit: ResponsibleUnit | None = Field(
        description="The owner of the grid, or of the next wider one that has one."
    )
    people: list[ResponsiblePerson]
    on_duty_in: GridStep | None = Field(
        description="The grid that these people are on duty in: this one, or the next wider one with somebody."
    )
    explanation: str


class ResponsibleLocated(ResponsibleShown):
    """Who is responsible for a place; without a grid, `explanation` says why."""

    reason: Whereabouts
    distance_m: float | None = Field(description="To the grid; 0 inside, null where none is near enough.")


def responsible_shown(
    path: Sequence[GridFacts], duties: Collection[Duty], reference: Reference, today: date, language: Language
) -> ResponsibleShown:
    """Show who is responsible for the last grid of this chain; `duties` are those of today in any of its grids."""
    at = next((grid for grid in reversed(path) if any(duty.grid_code == grid.code for duty in duties)), None)
    owner = owner_shown(path, reference, language)
    return ResponsibleShown(
        on=today,
        grid=grid_step(path[-1], language) if path else None,
        path=[grid_step(grid, language) for grid in path],
        unit=ResponsibleUnit(name=owner.name, phone=owner.phone) if owner else None,
        people=[
            ResponsiblePerson(
                name=duty.name,
                role=duty.role,
                role_name=name_in(language, *ROLE_NAMES[duty.role]),
                phone=duty.phone,
            )
            for duty in duties
            if at is not None and duty.grid_code == at.code
        ],
        on_duty_in=grid_step(at, language) if at else None,
        explanation=_explanation(path, at, language, has_unit=owner is not None),
    )


def responsible_located(
    located: Located, duties: Collection[Duty], reference: Reference, today: date, language: Language
) -> ResponsibleLocated:
    """Show who is responsible where a place belongs."""
    path = reference.grid_path(located.code) if located.code else []
    found = responsible_shown(path, duties, reference, today, language)
    told = [whereabouts_told(located, language), found.explanation]
    if located.reason is Whereabouts.INSIDE:
        del told[0]
    found.explanation = name_in(language, "", " ").join(filter(None, told))
    return ResponsibleLocated(**found.model_dump(), reason=located.reason, distance_m=located.distance_m)


def _explanation(
    path: Sequence[GridFacts], at: GridFacts | None, language: Language, *, has_unit: bool
) -> str:
    """Say in a sentence what these people have to do with the grid; empty where there is no grid."""
    if not path:
        return ""
    if at is None and not has_unit:
        return name_in(language, "今日无值守人员。", "Nobody is on duty today.")
    if at is None:
        return name_in(
            language,
            "今日无值守人员，请联系责任单位。",
            "Nobody is on duty today; please call the responsible unit.",
        )
    if at is path[-1]:
        return name_in(language, "以下人员负责本网格。", "These people are responsible for this grid.")
    return name_in(
        language,
        f"本网格由{at.name_zh}的人员负责。",
        f"The people of {at.name_en} are responsible for this grid.",
    )
