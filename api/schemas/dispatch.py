"""Why a case goes to a unit, on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.domain.category_codes import CONDITION_NUMBER_MAX
from api.domain.dispatch import Aspect, Considered, Decision, Matter, Outcome, Reason
from api.domain.dispatch_words import describe, explain, explain_considered
from api.domain.geo import Crs
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.reports import Source
from api.language import name_in
from api.schemas.base import Code, GridStep, Input, Latitude, Longitude, Named, Output, PlaceCode
from api.schemas.catalogue import LimitShown, limit_shown
from api.schemas.grids import grid_step
from api.schemas.instants import QueryInstant


class DispatchQuery(Input):
    """A case that might be reported: its class, and either its point or its grid."""

    category: Code = Field(description="Class code, such as `E0406`.")
    condition: Annotated[int, Field(ge=1, le=CONDITION_NUMBER_MAX)] | None = None
    grid: Code | None = Field(default=None, description="Grid code, instead of a point.")
    place: PlaceCode | None = Field(
        default=None, description="Code of the place (点位) that it is at; by default the one at the point."
    )
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    crs: Crs = Field(default=Crs.WGS84, description="The coordinate system of longitude and latitude.")
    source: Source = Source.OFFICER
    at: QueryInstant | None = Field(
        default=None, description="Rules have to be in force then and count at that hour; now by default."
    )


class RuleShown(Output):
    """A dispatch rule."""

    id: str
    name: str
    covers: str = Field(description="The class, place, source and hours that it is for, in words.")
    unit: Named
    helping_units: list[Named]
    limit: LimitShown | None = Field(description="Replaces the condition's limit.")
    priority: str | None = Field(description="Replaces the report's priority.")


class ConsideredShown(Output):
    """A rule that covers class and place, and what became of it."""

    rule: RuleShown
    outcome: Outcome
    why: Aspect | None
    explanation: str


class DispatchExplained(Output):
    """Which unit would get the case, and why no other."""

    category: Named
    condition: int | None
    source: Source
    at: datetime
    grid: GridStep | None = Field(description="Null for a point outside all grids.")
    place: Named | None = Field(description="The place (点位) that it is at.")
    place_type: Named | None
    areas: list[Named] = Field(
        description="Areas drawn around the point and in force that day, smallest first."
    )
    unit: Named | None = Field(description="Null: a dispatcher has to decide.")
    reason: Reason
    rule: RuleShown | None
    explanation: str
    considered: list[ConsideredShown] = Field(description="From the most to the least specific rule.")


def dispatch_explained(
    matter: Matter, decision: Decision, reference: Reference, language: Language
) -> DispatchExplained:
    """Show a decision."""
    category = reference.catalogue.categories[matter.category]
    names = {
        code: name_in(language, unit.name_zh, unit.name_en) for code, unit in reference.units_by_code.items()
    }
    return DispatchExplained(
        category=Named(code=category.code, name=name_in(language, category.minor_zh, category.minor_en)),
        condition=matter.condition,
        source=Source(matter.source),
        at=matter.at,
        grid=grid_step(reference.grids[matter.grid_code], language) if matter.grid_code else None,
        place=_place(matter, reference, language),
        place_type=_place_type(matter, reference, language),
        areas=[
            Named(code=area.code, name=name_in(language, area.name_zh, area.name_en))
            for area in (reference.areas.by_code[code] for code in matter.areas)
        ],
        unit=Named(code=decision.unit, name=names[decision.unit]) if decision.unit else None,
        reason=decision.reason,
        rule=next(
            (_rule(one, names, language) for one in decision.considered if one.rule is decision.rule), None
        ),
        explanation=explain(decision, language, names),
        considered=[
            ConsideredShown(
                rule=_rule(one, names, language),
                outcome=one.outcome,
                why=one.why,
                explanation=explain_considered(one, language),
            )
            for one in decision.considered
        ],
    )


def _place(matter: Matter, reference: Reference, language: Language) -> Named | None:
    place = reference.places.by_code.get(matter.place) if matter.place else None
    return Named(code=place.code, name=name_in(language, place.name_zh, place.name_en)) if place else None


def _place_type(matter: Matter, reference: Reference, language: Language) -> Named | None:
    kind = reference.place_types.get(matter.place_type) if matter.place_type else None
    return Named(code=kind.code, name=name_in(language, kind.name_zh, kind.name_en)) if kind else None


def _rule(considered: Considered, names: dict[str, str], language: Language) -> RuleShown:
    rule = considered.rule
    return RuleShown(
        id=rule.id,
        name=name_in(language, rule.name_zh, rule.name_en),
        covers=describe(rule, language),
        unit=Named(code=rule.lead_unit, name=names[rule.lead_unit]),
        # A helping unit that was closed down keeps its code in the rule.
        helping_units=[Named(code=code, name=names.get(code, code)) for code in rule.helping_units],
        limit=limit_shown(rule.limit, language) if rule.limit else None,
        priority=rule.priority,
    )
