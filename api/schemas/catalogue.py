"""What a phone caches on the wire: classes, conditions, units, own grids, the lifecycle, and some policies."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.domain.catalogue import Category, Condition
from api.domain.catalogue_stamps import LONGEST
from api.domain.category_codes import Kind
from api.domain.limits import Language, Limit, LimitUnit
from api.domain.policies import Policies
from api.domain.reference import UnitFacts
from api.language import name_in
from api.models.units import UnitKind
from api.schemas.base import GridStep, Output
from api.schemas.lifecycle import LifecycleTable


class LimitShown(Output):
    """A limit, for programs and for people."""

    value: int
    unit: LimitUnit
    text: str


class MilestoneShown(Output):
    """A step on the way with a limit of its own, counted from the same start."""

    name: str
    limit: LimitShown


class ConditionShown(Output):
    """When a class is filed (立案条件), when it may be closed (结案条件), and how long that may take."""

    code: str = Field(description="Class code and number, such as `P0101-2`.")
    number: int
    condition: str
    closing: str
    limit: LimitShown
    milestones: list[MilestoneShown]
    after_photo: bool = Field(description="Whether rectifying needs a photo.")
    self_fix: bool = Field(description="Whether an officer may put it right on the spot.")


class MajorShown(Output):
    """A major class (大类)."""

    code: str = Field(description="The prefix of its classes, such as `E04`.")
    kind: Kind
    name: str


class ClassShown(Output):
    """A minor class (小类) with its filing conditions."""

    code: str
    major: str
    scheme: str = Field(description="Whose numbering the code follows.")
    name: str
    conditions: list[ConditionShown]
    questions: dict[str, Any] | None = Field(
        description="What a report has to answer, as JSON Schema; titles stand beside `x-title-en`."
    )


class UnitShown(Output):
    """A responsible unit."""

    code: str
    name: str
    kind: UnitKind
    phone: str | None
    is_fallback: bool = Field(description="Takes what no dispatch rule covers in its grids (属地兜底).")


class PoliciesShown(Output):
    """The city's choices that a phone has to know."""

    duplicate_radius_m: float = Field(
        description="Open tickets of the class this near are offered as duplicates."
    )
    grid_tolerance_m: float = Field(
        description="How far outside the grids a place still belongs to the nearest."
    )
    light_yellow_share: float = Field(description="Share of the limit after which the light turns yellow.")
    due_soon_s: int = Field(description="What is due within this time counts as due soon.")
    close_after_check: bool = Field(description="Whether a passed check closes the ticket at once.")
    checker_may_be_reporter: bool


class CatalogShown(Output):
    """Everything that a phone caches; it stays good as long as its ETag."""

    complete: Literal[True] = Field(description="This is all: put it in the place of whatever you hold.")
    stamp: str = Field(description="Says what you hold now: send it as `since`, and get what changed.")
    version: int = Field(description="Of the reference data; raised by each change.")
    majors: list[MajorShown]
    classes: list[ClassShown] = Field(description="By code, so those of a major stand together.")
    units: list[UnitShown] = Field(description="By code.")
    grids: list[GridStep] = Field(description="The caller's own grids, on duty today.")
    lifecycle: LifecycleTable
    policies: PoliciesShown


class CatalogGone(Output):
    """What is no longer in force. You may never have held some of it."""

    classes: list[str] = Field(description="Codes of classes.")
    units: list[str] = Field(description="Codes of units.")


class CatalogDelta(Output):
    """What to change of a catalogue that you hold. Null: as you have it."""

    complete: Literal[False] = Field(description="This is not all: the rest is as you hold it.")
    stamp: str = Field(description="Says what you hold afterwards: send it as `since` next time.")
    version: int = Field(description="Of the reference data; raised by each change.")
    majors: list[MajorShown] | None = Field(description="All of them.")
    classes: list[ClassShown] = Field(description="Put these in the place of those with the same codes.")
    units: list[UnitShown] = Field(description="The same with units.")
    grids: list[GridStep] | None = Field(description="All of the caller's own grids, on duty today.")
    lifecycle: LifecycleTable | None
    policies: PoliciesShown | None
    gone: CatalogGone


class CatalogQuery(BaseModel):
    """What a phone holds already."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[
        str | None,
        Field(
            max_length=LONGEST, description="`stamp` of what you hold; one that is not ours gets everything."
        ),
    ] = None


def unit_shown(unit: UnitFacts, language: Language) -> UnitShown:
    """Show a unit."""
    return UnitShown(
        code=unit.code,
        name=name_in(language, unit.name_zh, unit.name_en),
        kind=UnitKind(unit.kind),
        phone=unit.phone,
        is_fallback=unit.is_fallback,
    )


def limit_shown(limit: Limit, language: Language) -> LimitShown:
    """Show a limit."""
    return LimitShown(value=limit.value, unit=limit.unit, text=limit.text(language))


def majors_shown(categories: Iterable[Category], language: Language) -> list[MajorShown]:
    """Show the major classes of these classes, in their order."""
    named = {category.major: category for category in categories}
    return [
        MajorShown(code=code, kind=one.kind, name=name_in(language, one.major_zh, one.major_en))
        for code, one in named.items()
    ]


def class_shown(category: Category, conditions: Iterable[Condition], language: Language) -> ClassShown:
    """Show a class with its conditions."""
    return ClassShown(
        code=category.code,
        major=category.major,
        scheme=category.scheme,
        name=name_in(language, category.minor_zh, category.minor_en),
        conditions=[_condition(condition, language) for condition in conditions],
        questions=dict(category.questions) if category.questions else None,
    )


def _condition(condition: Condition, language: Language) -> ConditionShown:
    return ConditionShown(
        code=condition.code,
        number=condition.number,
        condition=name_in(language, condition.condition_zh, condition.condition_en),
        closing=name_in(language, condition.closing_zh, condition.closing_en),
        limit=limit_shown(condition.limit, language),
        milestones=[
            MilestoneShown(
                name=name_in(language, milestone.name_zh, milestone.name_en),
                limit=limit_shown(milestone.limit, language),
            )
            for milestone in condition.milestones
        ],
        after_photo=condition.after_photo,
        self_fix=condition.self_fix,
    )


def policies_shown(policies: Policies) -> PoliciesShown:
    """Show the policies that a phone has to know."""
    return PoliciesShown(
        duplicate_radius_m=policies.duplicate_radius_m,
        grid_tolerance_m=policies.grid_tolerance_m,
        light_yellow_share=policies.light_yellow_share,
        due_soon_s=policies.due_soon_s,
        close_after_check=policies.close_after_check,
        checker_may_be_reporter=policies.checker_may_be_reporter,
    )
