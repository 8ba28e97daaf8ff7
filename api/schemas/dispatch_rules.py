"""Dispatch rules on the wire: as they are maintained, with the fields that files of rules have."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from api.domain.category_codes import CONDITION_NUMBER_MAX
from api.domain.dispatch_changes import RuleSetChange
from api.domain.dispatch_rules import ORDER_MAX, DispatchRule
from api.domain.dispatch_words import describe
from api.domain.limits import LARGEST_LIMIT, Language, Limit, LimitUnit
from api.domain.reports import Priority, Source
from api.language import name_in
from api.pages import PageQuery
from api.queries.dispatch_rules import RuleFilters, StoredRule
from api.schemas.base import Code, Input, Instant, Output, PrintableText

RuleId = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
UnitCode = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
CategoryPrefix = Annotated[str, Field(pattern=r"^([PE]([0-9]{2}){0,2})?$")]
GridPrefix = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{0,20}$")]
Name = Annotated[str, Field(min_length=1, max_length=100), PrintableText]


class RuleListQuery(PageQuery):
    """Which rules are listed, in the order of their ids."""

    unit: Code | None = Field(default=None, description="Rules by which this unit leads or helps.")
    category: CategoryPrefix | None = Field(
        default=None, description="Rules whose class begins so; those for all classes are not among them."
    )
    grid: GridPrefix | None = Field(
        default=None,
        description="Rules whose grid prefix begins so; those for everywhere are not among them.",
    )
    is_active: bool | None = Field(default=None, description="Rules that count, or those switched off.")

    def filters(self) -> RuleFilters:
        """Return what is meant; nothing said is no filter."""
        return RuleFilters(self.unit, self.category or None, self.grid or None, self.is_active)


class LimitSent(Input):
    """A limit."""

    value: Annotated[int, Field(ge=1, le=LARGEST_LIMIT)]
    unit: LimitUnit


class RuleFields(Input):
    """What a rule says; whatever is left out it covers."""

    category: CategoryPrefix = Field(
        default="", description="A class code or its beginning: `E0406`, `E04`, `E`; empty: all classes."
    )
    condition: Annotated[int, Field(ge=1, le=CONDITION_NUMBER_MAX)] | None = Field(
        default=None, description="Number of a filing condition; needs a whole class."
    )
    grid_prefix: GridPrefix = Field(
        default="", description="The beginning of grid codes; empty: everywhere, also outside all grids."
    )
    source: Source | None = Field(default=None, description="Null: any.")
    lead_unit: UnitCode
    helping_units: Annotated[list[UnitCode], Field(max_length=50)] = Field(default_factory=list[UnitCode])
    limit: LimitSent | None = Field(default=None, description="Replaces the condition's limit.")
    priority: Priority | None = Field(default=None, description="Replaces the report's priority.")
    order: Annotated[int, Field(ge=-ORDER_MAX, le=ORDER_MAX)] = Field(
        default=0, description="Of rules that are equally specific the lowest wins."
    )
    valid_from: Instant | None = None
    valid_until: Instant | None = Field(default=None, description="Excluded.")
    name_zh: Name
    name_en: Name

    def rule(self, rule_id: str) -> DispatchRule:
        """Return what is meant; FieldWrong where the fields do not go together."""
        return DispatchRule(
            id=rule_id,
            category=self.category,
            lead_unit=self.lead_unit,
            name_zh=self.name_zh,
            name_en=self.name_en,
            condition=self.condition,
            grid_prefix=self.grid_prefix,
            source=self.source.value if self.source else None,
            helping_units=tuple(self.helping_units),
            limit=Limit(self.limit.value, self.limit.unit) if self.limit else None,
            priority=self.priority.value if self.priority else None,
            order=self.order,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class RuleEntry(RuleFields):
    """A rule with its id, as sets of rules have it."""

    id: RuleId


class RuleInput(RuleFields):
    """A whole rule; what is left out is as if it had never been said."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new rule has none, or 0."
    )
    is_active: bool = Field(default=True, description="False: it is kept, but does not count.")


class LimitKept(Output):
    """A limit as it is sent."""

    value: int
    unit: LimitUnit


class MaintainedRule(Output):
    """A dispatch rule. To change it, send all but `id`, `name` and `covers` back, with `version`."""

    id: str
    version: int
    is_active: bool
    name: str
    covers: str = Field(description="The class, place and source that it is for, in words.")
    category: str
    condition: int | None
    grid_prefix: str
    source: str | None
    lead_unit: str
    helping_units: list[str]
    limit: LimitKept | None
    priority: str | None
    order: int
    valid_from: datetime | None
    valid_until: datetime | None
    name_zh: str
    name_en: str


class RulePage(Output):
    """A page of dispatch rules by id."""

    items: list[MaintainedRule]
    next: str | None


class RuleSetStored(Output):
    """What a set of rules did to those in force, or would do."""

    is_preview: bool
    added: list[str]
    changed: list[str] = Field(description="Also those that were switched off before.")
    removed: list[str] = Field(description="Switched off, because the set does not have them.")
    unchanged: int


def rule_set_stored(change: RuleSetChange, *, is_preview: bool) -> RuleSetStored:
    """Show what became of a set of rules."""
    return RuleSetStored(
        is_preview=is_preview,
        added=list(change.added),
        changed=list(change.changed),
        removed=list(change.removed),
        unchanged=change.unchanged,
    )


def maintained_rule(stored: StoredRule, language: Language) -> MaintainedRule:
    """Show a rule as it is maintained."""
    rule = stored.rule
    return MaintainedRule(
        id=rule.id,
        version=stored.version,
        is_active=stored.is_active,
        name=name_in(language, rule.name_zh, rule.name_en),
        covers=describe(rule, language),
        category=rule.category,
        condition=rule.condition,
        grid_prefix=rule.grid_prefix,
        source=rule.source,
        lead_unit=rule.lead_unit,
        helping_units=list(rule.helping_units),
        limit=LimitKept(value=rule.limit.value, unit=rule.limit.unit) if rule.limit else None,
        priority=rule.priority,
        order=rule.order,
        valid_from=_as_stored(rule.valid_from),
        valid_until=_as_stored(rule.valid_until),
        name_zh=rule.name_zh,
        name_en=rule.name_en,
    )


def _as_stored(instant: datetime | None) -> datetime | None:
    """Write an instant as the database gives it back, so that the answer of a change is that of the next read."""
    return instant.astimezone(UTC) if instant else None
