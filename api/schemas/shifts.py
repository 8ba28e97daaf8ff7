"""Shifts on the wire."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from api.domain.geo import Place
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.shifts import Course, ShiftAction, ShiftState
from api.domain.tracks import FLAW_TEXTS, Flaw
from api.language import name_in
from api.pages import PageQuery
from api.queries.shifts import ShiftFacts, ShiftFilter
from api.schemas.base import Input, Instant, Line, Named, NearDay, OneLine, Output, PlaceShown
from api.services.shifts import ShiftStart, ShiftStep, longest_shift


class ShiftInput(Input):
    """A shift as a phone starts it."""

    started_at: Instant = Field(description="By the phone's clock.")
    team: Annotated[Line, StringConstraints(max_length=100), OneLine] = Field(
        default="", description="巡查组: the mobile team or post group, as the office calls it."
    )

    def start(self, shift_id: UUID) -> ShiftStart:
        """Return the plain values that the service takes."""
        return ShiftStart(shift_id, self.started_at, self.team)


class StepAction(StrEnum):
    """What somebody does to the own shift after its start."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


class SyncShiftAction(StrEnum):
    """What happens to a shift, as phones send it with other things."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


class ShiftStepInput(Input):
    """A pause, its end, or the stop."""

    action: StepAction
    at: Instant = Field(
        description="When it happened, by the phone's clock: the same action at the same time is the same step."
    )

    def step(self, shift_id: UUID) -> ShiftStep:
        """Return the plain values that the service takes."""
        return ShiftStep(shift_id, ShiftAction(self.action.value), self.at)


class SyncShiftInput(Input):
    """A shift's start, or a step of it, as phones send it with other things."""

    shift: UUID = Field(description="The shift's id, made by the phone.")
    action: SyncShiftAction
    at: Instant | None = Field(default=None, description="When it happened; without it when it was made.")
    team: Annotated[Line, StringConstraints(max_length=100), OneLine] = Field(
        default="", description="`start`: the mobile team or post group."
    )

    def request(self, made_at: datetime) -> ShiftStart | ShiftStep:
        """Return the plain values that the service takes."""
        at = self.at or made_at
        if self.action is SyncShiftAction.START:
            return ShiftStart(self.shift, at, self.team)
        return ShiftStep(self.shift, ShiftAction(self.action.value), at)


class SyncShiftShown(Output):
    """How a shift stands."""

    shift: UUID
    state: ShiftState
    started_at: datetime
    ended_at: datetime | None
    version: int


class ShiftListQuery(PageQuery):
    """Which shifts are listed, the newest first."""

    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="User name.")
    on: NearDay | None = Field(default=None, description="The day on which it began, in the city's zone.")
    running: bool | None = Field(default=None, description="Those that go on, or those that are over.")

    def wanted(self) -> ShiftFilter:
        """Return the filters alone."""
        return ShiftFilter(self.person, self.on, self.running)


class OfficerShown(Output):
    """Somebody on patrol."""

    username: str
    name: str
    officer_number: str | None


class LeftOut(Output):
    """Points of a track that are left out, and why."""

    flaw: Flaw
    count: int
    text: str = Field(description="Why, in a sentence, in the language of the answer.")


class ShiftBase(Output):
    """A shift with what its track comes to."""

    id: UUID
    person: OfficerShown
    team: str
    state: ShiftState
    started_on: date = Field(description="The day of its start in the city's zone; it may go past midnight.")
    started_at: datetime
    ended_at: datetime | None
    ended_by: str | None = Field(
        description="`person`, or `system` where nobody stopped it within policy `shift_hours_max`."
    )
    duty_s: float = Field(description="On duty until now, pauses left away.")
    tracked_s: float = Field(description="The part of it that the track tells of.")
    walked_m: float
    points: int = Field(description="Points that are stored.")
    left_out: list[LeftOut] = Field(description="Stored points that nothing is measured by.")
    measured_at: datetime | None = Field(description="Null while it has to be measured anew.")
    version: int


class ShiftListed(ShiftBase):
    """A shift as lists show it."""


class ShiftPage(Output):
    """One page of shifts."""

    items: list[ShiftListed]
    next: str | None


class ShiftEventShown(Output):
    """Something that happened to a shift; `expire` is the system's."""

    action: ShiftAction
    at: datetime


class ShiftShown(ShiftBase):
    """A shift with all that happened to it."""

    events: list[ShiftEventShown]


class PositionShown(Output):
    """Somebody on duty, and where she was last."""

    person: OfficerShown
    shift: UUID
    team: str
    state: ShiftState
    since: datetime
    at: datetime | None = Field(
        description="When the phone told where it was; null while it has told nothing."
    )
    age_s: float | None
    is_old: bool = Field(description="Older than policy `position_fresh_s`, or not known at all.")
    place: PlaceShown | None
    accuracy_m: float | None
    battery_share: float | None
    grid: Named | None = Field(description="The unit grid that the place belongs to.")


class PositionPage(Output):
    """One page of people on duty."""

    items: list[PositionShown]
    next: str | None


def left_out_shown(counts: Mapping[str, Any] | Mapping[Flaw, int], language: Language) -> list[LeftOut]:
    """Show what was left out, in the order of flaws."""
    return [
        LeftOut(flaw=flaw, count=counts[flaw], text=name_in(language, *FLAW_TEXTS[flaw]))
        for flaw in Flaw
        if counts.get(flaw)
    ]


def officer_shown(facts: ShiftFacts) -> OfficerShown:
    """Show whose shift it is."""
    return OfficerShown(username=facts.username, name=facts.name, officer_number=facts.officer_number)


def _shift_facts(
    facts: ShiftFacts, course: Course, reference: Reference, now: datetime, language: Language
) -> dict[str, Any]:
    is_expired = course.events[-1].action is ShiftAction.EXPIRE
    ended_by = ("system" if is_expired else "person") if facts.ended_at else None
    return {
        "id": facts.id,
        "person": officer_shown(facts),
        "team": facts.team,
        "state": facts.state,
        "started_on": facts.started_on,
        "started_at": facts.started_at,
        "ended_at": facts.ended_at,
        "ended_by": ended_by,
        "duty_s": course.duty(longest_shift(reference.policies), now).total_seconds(),
        "tracked_s": round(facts.tracked_s, 3),
        "walked_m": round(facts.walked_m, 1),
        "points": facts.points,
        "left_out": left_out_shown(facts.left_out, language),
        "measured_at": facts.measured_at,
        "version": facts.version,
    }


def shift_listed(
    facts: ShiftFacts, course: Course, reference: Reference, now: datetime, language: Language
) -> ShiftListed:
    """Show a shift as lists do."""
    return ShiftListed(**_shift_facts(facts, course, reference, now, language))


def shift_shown(
    facts: ShiftFacts, course: Course, reference: Reference, now: datetime, language: Language
) -> ShiftShown:
    """Show a shift with all that happened to it."""
    events = [ShiftEventShown(action=event.action, at=event.at) for event in course.events]
    return ShiftShown(**_shift_facts(facts, course, reference, now, language), events=events)


def shift_standing(facts: ShiftFacts) -> SyncShiftShown:
    """Show how a shift stands after all that was sent."""
    return SyncShiftShown(
        shift=facts.id,
        state=facts.state,
        started_at=facts.started_at,
        ended_at=facts.ended_at,
        version=facts.version,
    )


def position_shown(
    facts: ShiftFacts, reference: Reference, now: datetime, language: Language
) -> PositionShown:
    """Show where somebody on duty was last."""
    age = now - facts.last_at if facts.last_at else None
    place = grid = None
    if facts.last_longitude is not None and facts.last_latitude is not None:
        place = PlaceShown(longitude=facts.last_longitude, latitude=facts.last_latitude, crs="wgs84")
        grid = grid_named(facts.last_longitude, facts.last_latitude, reference, language)
    return PositionShown(
        person=officer_shown(facts),
        shift=facts.id,
        team=facts.team,
        state=facts.state,
        since=facts.started_at,
        at=facts.last_at,
        age_s=max(0.0, age.total_seconds()) if age is not None else None,
        is_old=age is None or age > timedelta(seconds=reference.policies.position_fresh_s),
        place=place,
        accuracy_m=facts.last_accuracy_m,
        battery_share=facts.last_battery_share,
        grid=grid,
    )


def grid_named(longitude: float, latitude: float, reference: Reference, language: Language) -> Named | None:
    """Show the unit grid of a place, None outside all."""
    code = reference.locate(Place(longitude, latitude)).code
    grid = reference.grids.get(code) if code else None
    return Named(code=grid.code, name=name_in(language, grid.name_zh, grid.name_en)) if grid else None
