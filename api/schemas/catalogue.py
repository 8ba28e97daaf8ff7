"""What a phone caches on the wire: classes, conditions, units, own grids, the lifecycle, and some policies."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from api.domain.access import Viewer
from api.domain.catalogue import Category, Condition
from api.domain.category_codes import Kind
from api.domain.lifecycle import Closing
from api.domain.limits import Language, Limit, LimitUnit
from api.domain.policies import Policies
from api.domain.reference import Reference
from api.language import name_in
from api.models.units import UnitKind
from api.schemas.base import GridStep, Output
from api.schemas.lifecycle import LifecycleTable, lifecycle_table


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

    version: int = Field(description="Of the reference data; raised by each change.")
    majors: list[MajorShown]
    classes: list[ClassShown] = Field(description="By code, so those of a major stand together.")
    units: list[UnitShown]
    grids: list[GridStep] = Field(description="The caller's own grids, on duty today.")
    lifecycle: LifecycleTable
    policies: PoliciesShown


def catalog_shown(reference: Reference, viewer: Viewer, closing: Closing, language: Language) -> CatalogShown:
    """Show the reference data to a viewer."""
    catalogue = reference.catalogue
    categories = [catalogue.categories[code] for code in sorted(catalogue.categories)]
    return CatalogShown(
        version=reference.version,
        majors=_majors(categories, language),
        classes=[
            _class(category, catalogue.conditions_by_category[category.code], language)
            for category in categories
        ],
        units=[
            UnitShown(
                code=unit.code,
                name=name_in(language, unit.name_zh, unit.name_en),
                kind=UnitKind(unit.kind),
                phone=unit.phone,
                is_fallback=unit.is_fallback,
            )
            for unit in sorted(reference.units.values(), key=lambda unit: unit.id)
            if unit.is_active
        ],
        # A duty may outlive its grid, which is then no longer among those in force.
        grids=[
            GridStep(code=grid.code, name=name_in(language, grid.name_zh, grid.name_en), level=grid.level)
            for grid in map(reference.grids.get, viewer.grid_codes)
            if grid is not None
        ],
        lifecycle=lifecycle_table(closing, language),
        policies=_policies(reference.policies),
    )


def limit_shown(limit: Limit, language: Language) -> LimitShown:
    """Show a limit."""
    return LimitShown(value=limit.value, unit=limit.unit, text=limit.text(language))


def _majors(categories: Iterable[Category], language: Language) -> list[MajorShown]:
    named = {category.major: category for category in categories}
    return [
        MajorShown(code=code, kind=one.kind, name=name_in(language, one.major_zh, one.major_en))
        for code, one in named.items()
    ]


def _class(category: Category, conditions: Iterable[Condition], language: Language) -> ClassShown:
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


def _policies(policies: Policies) -> PoliciesShown:
    return PoliciesShown(
        duplicate_radius_m=policies.duplicate_radius_m,
        grid_tolerance_m=policies.grid_tolerance_m,
        light_yellow_share=policies.light_yellow_share,
        due_soon_s=policies.due_soon_s,
        close_after_check=policies.close_after_check,
        checker_may_be_reporter=policies.checker_may_be_reporter,
    )
