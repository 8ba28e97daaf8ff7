"""Read what is patrolled on the demo street: plans, checkpoints and the roster, from the project's data files."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field

from api.domain.checkpoint_codes import Way
from api.domain.checkpoints import CheckpointDraft
from api.domain.dispatch_hours import WeeklyHours, weekly_hours
from api.domain.geo import Place
from api.domain.patrol_plans import PlanDraft
from api.domain.reference import Reference
from api.domain.rounds import Period
from api.queries.posts import SlotRow

_FILE = Path(__file__).resolve().parent.parent / "data" / "demo" / "patrols.yaml"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _HoursRow(_Row):
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    starts: str = Field(alias="from")
    stops: str = Field(alias="to")

    def hours(self) -> WeeklyHours:
        return weekly_hours(self.days, self.starts, self.stops, "/hours")


class _PlanRow(_Row):
    code: str
    name_zh: str
    name_en: str
    grids: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    place_type: str | None = None
    buffer_m: float
    times: int
    period: Period
    hours: tuple[_HoursRow, ...] = ()
    off_hours_share: float = 0.0
    dwell_min_s: int
    checklist: tuple[str, ...]


class _CheckpointRow(_Row):
    code: str
    name_zh: str
    name_en: str
    place: str
    radius_m: float
    ways: tuple[Way, ...]
    rotation_s: int = 86_400
    staff_min: int = 0


class _SlotRow(_HoursRow):
    post: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatrolFiles:
    """What is patrolled on the demo street."""

    plans: tuple[_PlanRow, ...]
    checkpoints: tuple[_CheckpointRow, ...]
    slots: tuple[_SlotRow, ...]

    def plan_drafts(self, days: date, weeks: date) -> list[PlanDraft]:
        """Return the plans: those of each day in force from one day on, those of each week from another."""
        return [
            PlanDraft(
                **row.model_dump(exclude={"hours"}),
                hours=tuple(one.hours() for one in row.hours),
                from_on=weeks if row.period is Period.WEEK else days,
                to_on=None,
                is_active=True,
            )
            for row in self.plans
        ]

    def checkpoint_drafts(self, reference: Reference) -> list[CheckpointDraft]:
        """Return the checkpoints, each on its place."""
        spots = {facts.code: shape.representative_point() for facts, shape in reference.places.shapes()}
        return [
            CheckpointDraft(
                **row.model_dump(),
                longitude=round(spots[row.place].x, 6),
                latitude=round(spots[row.place].y, 6),
                is_active=True,
            )
            for row in self.checkpoints
        ]

    def slots_of(self, on: date, zone: ZoneInfo) -> list[SlotRow]:
        """Return the roster of a day."""
        midnight = datetime.combine(on, time(), zone)
        wanted = {row.code: row.staff_min for row in self.checkpoints}
        found: list[SlotRow] = []
        for row in self.slots:
            hours = row.hours()
            if on.isoweekday() in hours.days:
                next_day = timedelta(days=1 if hours.stops < hours.starts else 0)
                starts_at = midnight + timedelta(minutes=hours.starts)
                stops_at = midnight + timedelta(minutes=hours.stops) + next_day
                found.append(SlotRow(row.post, on, starts_at, stops_at, row.people, wanted[row.post]))
        return found


def read_patrols() -> PatrolFiles:
    """Read the file of patrols."""
    told = cast("dict[str, list[Any]]", yaml.safe_load(_FILE.read_text("utf-8")))
    return PatrolFiles(
        tuple(_PlanRow.model_validate(row) for row in told["plans"]),
        tuple(_CheckpointRow.model_validate(row) for row in told["checkpoints"]),
        tuple(_SlotRow.model_validate(row) for row in told["slots"]),
    )


def place_of(draft: CheckpointDraft) -> Place:
    """Return where a checkpoint is."""
    return Place(draft.longitude, draft.latitude)
