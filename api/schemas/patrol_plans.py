"""Plans of patrol and their rounds on the wire."""

from datetime import UTC, date, datetime
from typing import Annotated, ClassVar

from pydantic import Field

from api.domain.dispatch_hours import HOURS_MAX, weekly_hours
from api.domain.limits import Language
from api.domain.office_hours import OfficeHours
from api.domain.patrol_plans import PlanDraft
from api.domain.rounds import Period, Round, RoundStatus
from api.domain.visits import VisitKind
from api.language import name_in
from api.queries.patrol_plans import StoredPlan
from api.schemas.base import Code, Day, Input, OneLine, Output, PlaceCode, PrintableText
from api.schemas.coverage import DaysQuery
from api.schemas.rosters import TimeOfDay

GridPrefix = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,20}$")]
ROUND_DAYS_MAX = 92

Name = Annotated[str, Field(min_length=1, max_length=100), OneLine]


class PlanHours(Input):
    """The same hours on some days of the week."""

    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        description="1 is Monday, 7 is Sunday."
    )
    starts: TimeOfDay = Field(alias="from", description="By the city's clock.")
    stops: TimeOfDay = Field(alias="to", description="What stops before it starts goes on into the next day.")


class PlanInput(Input):
    """A whole plan."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match. A new one has none, or 0."
    )
    name_zh: Name
    name_en: Name
    grids: Annotated[list[GridPrefix], Field(max_length=200)] = Field(
        default=[], description="Codes of grids or their beginnings: all unit grids in them."
    )
    places: Annotated[list[PlaceCode], Field(max_length=500, default_factory=list)]
    place_type: Code | None = Field(default=None, description="All places in use of this type.")
    buffer_m: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] = Field(
        default=30.0, description="How far around its places counts, as 200 around a school."
    )
    times: Annotated[int, Field(ge=1, le=50)] = 1
    period: Period
    hours: Annotated[list[PlanHours], Field(max_length=HOURS_MAX)] = Field(
        default=[], description="When it counts; without any around the clock."
    )
    off_hours_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="错时: which share of the visits has to be outside office hours."
    )
    dwell_min_s: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=30, description="Shorter visits don't count; check-ins always do."
    )
    checklist: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200), PrintableText]],
        Field(max_length=50, default_factory=list),
    ]
    from_on: Day
    to_on: Day | None = None
    is_active: bool = True

    def draft(self, code: str) -> PlanDraft:
        """Return what is meant; FieldWrong for hours that can't be meant."""
        hours = [
            weekly_hours(one.days, one.starts, one.stops, f"/hours/{number}")
            for number, one in enumerate(self.hours)
        ]
        return PlanDraft(
            code=code,
            name_zh=self.name_zh,
            name_en=self.name_en,
            grids=tuple(self.grids),
            places=tuple(self.places),
            place_type=self.place_type,
            buffer_m=self.buffer_m,
            times=self.times,
            period=self.period,
            hours=tuple(hours),
            off_hours_share=self.off_hours_share,
            dwell_min_s=self.dwell_min_s,
            checklist=tuple(self.checklist),
            from_on=self.from_on,
            to_on=self.to_on,
            is_active=self.is_active,
        )


class PlanHoursShown(Output):
    """The same hours on some days of the week."""

    days: list[int]
    starts: str = Field(alias="from")
    stops: str = Field(alias="to")


class PlanShown(Output):
    """A plan."""

    code: str
    name: str
    name_zh: str
    name_en: str
    grids: list[str]
    places: list[str]
    place_type: str | None
    buffer_m: float
    times: int
    period: Period
    hours: list[PlanHoursShown]
    off_hours_share: float
    dwell_min_s: int
    checklist: list[str]
    from_on: date
    to_on: date | None
    is_active: bool
    version: int


class PlanPage(Output):
    """One page of plans."""

    items: list[PlanShown]
    next: str | None


class RoundDaysQuery(DaysQuery):
    """The rounds that begin on some days."""

    days_max: ClassVar[int] = ROUND_DAYS_MAX


class RoundsQuery(RoundDaysQuery):
    """Which rounds."""

    plan: Code | None = None
    status: RoundStatus | None = None


class RoundShown(Output):
    """What one grid or place needs in one period, and what it got."""

    plan: str
    kind: VisitKind
    code: str
    first_on: date
    until: datetime = Field(description="The end of its period.")
    needed: int
    done: int
    off_hours: int = Field(description="Of those that were done, outside office hours.")
    last_at: datetime | None
    status: RoundStatus


class RoundPage(Output):
    """One page of rounds, by plan, period and target."""

    items: list[RoundShown]
    next: str | None


class PlanStanding(Output):
    """How a plan was kept in these days."""

    plan: str
    rounds: int
    done: int
    open: int
    missed: int
    visits: int
    off_hours_share: float | None = Field(description="Of its visits; null without any.")
    is_off_hours_short: bool = Field(description="Less than the plan asks for.")


class PlanStandings(Output):
    """Plans, by code."""

    items: list[PlanStanding]


def plan_shown(stored: StoredPlan, language: Language) -> PlanShown:
    """Show a plan."""
    draft = stored.draft
    return PlanShown.model_validate(
        {
            **draft.told(),
            "name": name_in(language, draft.name_zh, draft.name_en),
            "from_on": draft.from_on,
            "to_on": draft.to_on,
            "version": stored.version,
        }
    )


def round_shown(plan: str, one: Round, hours: OfficeHours) -> RoundShown:
    """Show a round."""
    return RoundShown(
        plan=plan,
        kind=one.target.kind,
        code=one.target.code,
        first_on=one.first_on,
        until=one.until.astimezone(UTC),
        needed=one.needed,
        done=one.done,
        off_hours=_off_hours(one, hours),
        last_at=one.last_at,
        status=one.status,
    )


def plan_standing(plan: str, asked_share: float, rounds: list[Round], hours: OfficeHours) -> PlanStanding:
    """Sum up the rounds of a plan; `asked_share` is which share of the visits it wants outside office hours."""
    statuses = [one.status for one in rounds]
    visits = sum(one.done for one in rounds)
    share = sum(_off_hours(one, hours) for one in rounds) / visits if visits else None
    return PlanStanding(
        plan=plan,
        rounds=len(rounds),
        done=statuses.count(RoundStatus.DONE),
        open=statuses.count(RoundStatus.OPEN),
        missed=statuses.count(RoundStatus.MISSED),
        visits=visits,
        off_hours_share=share,
        is_off_hours_short=(share or 0.0) < asked_share and RoundStatus.OPEN not in statuses,
    )


def _off_hours(one: Round, hours: OfficeHours) -> int:
    return sum(1 for at_ms in one.seen_ms if hours.is_off(at_ms))
