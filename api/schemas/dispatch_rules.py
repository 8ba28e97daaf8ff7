"""Dispatch rules on the wire: as they are maintained, with the fields that files of rules have."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from api.domain.category_codes import CONDITION_NUMBER_MAX
from api.domain.dispatch_changes import RuleSetChange
from api.domain.dispatch_conflicts import faults
from api.domain.dispatch_decision import known_codes
from api.domain.dispatch_hours import HOURS_MAX, TIME_PATTERN, clock_time, weekly_hours
from api.domain.dispatch_rules import ORDER_MAX, DispatchRule
from api.domain.dispatch_words import describe
from api.domain.limits import LARGEST_LIMIT, Language, Limit, LimitUnit
from api.domain.reference import Reference
from api.domain.reports import Priority, Source
from api.language import name_in
from api.pages import PageQuery
from api.queries.dispatch_rules import RuleFilters, StoredRule
from api.schemas.base import Code, Input, Instant, Output, PlaceCode, PrintableText

RuleId = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
UnitCode = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
CategoryPrefix = Annotated[str, Field(pattern=r"^([PE]([0-9]{2}){0,2})?$")]
GridPrefix = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{0,20}$")]
TimeOfDay = Annotated[str, Field(pattern=TIME_PATTERN, examples=["22:00"])]
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
    place: PlaceCode | None = Field(default=None, description="Rules for this place.")
    area: PlaceCode | None = Field(default=None, description="Rules for this area drawn on the map.")
    place_type: PlaceCode | None = Field(default=None, description="Rules for places of this type.")
    is_active: bool | None = Field(default=None, description="Rules that count, or those switched off.")
    is_broken: bool | None = Field(
        default=None,
        description="Of the rules that count, those that can't win any more (`broken`), or those that can.",
    )

    def filters(self) -> RuleFilters:
        """Return what is meant; nothing said is no filter. Which are broken the caller has to say."""
        return RuleFilters(
            unit=self.unit,
            category=self.category or None,
            grid=self.grid or None,
            place=self.place,
            area=self.area,
            place_type=self.place_type,
            is_active=self.is_active,
            is_broken=self.is_broken,
        )


class HoursSent(Input):
    """The same hours on some days of the week."""

    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        description="1 is Monday, 7 is Sunday."
    )
    starts: TimeOfDay = Field(alias="from", description="By the city's clock.")
    stops: TimeOfDay = Field(
        alias="to", description="Excluded; what stops before it starts goes on into the next day."
    )


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
    place: PlaceCode | None = Field(
        default=None,
        description="Code of a place. A rule has at most one of place, grid_prefix, area, place_type.",
    )
    grid_prefix: GridPrefix = Field(
        default="", description="The beginning of grid codes; empty: everywhere, also outside all grids."
    )
    area: PlaceCode | None = Field(default=None, description="Code of an area drawn on the map.")
    place_type: PlaceCode | None = Field(default=None, description="Code of a type of place.")
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
    hours: Annotated[list[HoursSent], Field(max_length=HOURS_MAX)] = Field(
        default_factory=list[HoursSent], description="When it counts, by the city's clock; empty: always."
    )
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
            place=self.place,
            grid_prefix=self.grid_prefix,
            area=self.area,
            place_type=self.place_type,
            source=self.source.value if self.source else None,
            helping_units=tuple(self.helping_units),
            limit=Limit(self.limit.value, self.limit.unit) if self.limit else None,
            priority=self.priority.value if self.priority else None,
            order=self.order,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            hours=tuple(
                weekly_hours(one.days, one.starts, one.stops, f"/hours/{number}")
                for number, one in enumerate(self.hours)
            ),
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


class HoursKept(Output):
    """Hours as they are sent."""

    days: list[int]
    starts: str = Field(serialization_alias="from")
    stops: str = Field(serialization_alias="to")


class RuleFault(Output):
    """Why a rule can't win any more."""

    pointer: str
    code: str
    detail: str


class MaintainedRule(Output):
    """A dispatch rule. To change it, send all but `id`, `name`, `covers` and `broken` back, with `version`."""

    id: str
    version: int
    is_active: bool
    name: str
    covers: str = Field(description="The class, place, source and hours that it is for, in words.")
    broken: list[RuleFault] = Field(description="Why it can't win although it counts; empty: it can.")
    category: str
    condition: int | None
    place: str | None
    grid_prefix: str
    area: str | None
    place_type: str | None
    source: str | None
    lead_unit: str
    helping_units: list[str]
    limit: LimitKept | None
    priority: str | None
    order: int
    valid_from: datetime | None
    valid_until: datetime | None
    hours: list[HoursKept]
    name_zh: str
    name_en: str


class RuleStored(MaintainedRule):
    """A dispatch rule as it was stored."""

    waiting_now_covered: int = Field(
        description="Tickets in triage (`no_rule`) that find a unit by the rules now; `triage_resend` sends them on."
    )


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
    waiting_now_covered: int = Field(
        description="Tickets in triage (`no_rule`) that find a unit by this set; `triage_resend` sends them on."
    )


def rule_set_stored(change: RuleSetChange, covered: int, *, is_preview: bool) -> RuleSetStored:
    """Show what became of a set of rules."""
    return RuleSetStored(
        is_preview=is_preview,
        added=list(change.added),
        changed=list(change.changed),
        removed=list(change.removed),
        unchanged=change.unchanged,
        waiting_now_covered=covered,
    )


def maintained_rule(
    stored: StoredRule, reference: Reference, now: datetime, language: Language
) -> MaintainedRule:
    """Show a rule as it is maintained, and whether it can win by the present reference data."""
    rule = stored.rule
    broken = faults(rule, known_codes(reference), now) if stored.is_active else []
    return MaintainedRule(
        id=rule.id,
        version=stored.version,
        is_active=stored.is_active,
        name=name_in(language, rule.name_zh, rule.name_en),
        covers=describe(rule, language),
        broken=[
            RuleFault(
                pointer=one.pointer,
                code=one.kind.value,
                detail=name_in(language, one.detail_zh, one.detail_en),
            )
            for one in broken
        ],
        category=rule.category,
        condition=rule.condition,
        place=rule.place,
        grid_prefix=rule.grid_prefix,
        area=rule.area,
        place_type=rule.place_type,
        source=rule.source,
        lead_unit=rule.lead_unit,
        helping_units=list(rule.helping_units),
        limit=LimitKept(value=rule.limit.value, unit=rule.limit.unit) if rule.limit else None,
        priority=rule.priority,
        order=rule.order,
        valid_from=_as_stored(rule.valid_from),
        valid_until=_as_stored(rule.valid_until),
        hours=[
            HoursKept(days=list(one.days), starts=clock_time(one.starts), stops=clock_time(one.stops))
            for one in rule.hours
        ],
        name_zh=rule.name_zh,
        name_en=rule.name_en,
    )


def _as_stored(instant: datetime | None) -> datetime | None:
    """Write an instant as the database gives it back, so that the answer of a change is that of the next read."""
    return instant.astimezone(UTC) if instant else None
