"""How a due time comes about, on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.domain.calendars import WorkCalendar
from api.domain.catalogue import Condition
from api.domain.deadlines import Deadline
from api.domain.explanations import explain
from api.domain.limits import Language
from api.domain.segments import Why
from api.language import name_in
from api.schemas.base import Code, Input, Named, Output
from api.schemas.catalogue import LimitShown, limit_shown
from api.schemas.instants import QueryInstant


class DeadlineQuery(Input):
    """A limit that starts to run."""

    condition: Annotated[str, Field(max_length=20, description="Condition code, such as `P0101-2`.")]
    start: QueryInstant | None = Field(
        default=None, description="When the limit starts to run; now by default."
    )
    calendar: Code | None = Field(
        default=None,
        description="Code of the calendar; by default that of the caller's unit, else of the office.",
    )


class MilestoneDue(Output):
    """A step on the way and when it is due."""

    name: str
    limit: LimitShown
    due_at: datetime


class SegmentShown(Output):
    """A stretch of time, half-open, that counted as a whole or not at all."""

    start_at: datetime
    stop_at: datetime
    counted_s: int
    why: Why
    name: str | None = Field(description="Of the holiday or special day.")


class DeadlineExplained(Output):
    """When something is due, with all that is needed to check it by hand. Instants in the calendar's zone."""

    condition: Named
    calendar: Named
    limit: LimitShown = Field(description="The limit that decides: with milestones that of the last one due.")
    start_at: datetime
    yellow_at: datetime
    due_at: datetime
    explanation: str
    milestones: list[MilestoneDue]
    segments: list[SegmentShown] = Field(description="They tile the time from `start_at` to `due_at`.")


def deadline_explained(
    condition: Condition, calendar: WorkCalendar, deadline: Deadline, language: Language
) -> DeadlineExplained:
    """Show a deadline under a condition."""
    return DeadlineExplained(
        condition=Named(
            code=condition.code, name=name_in(language, condition.condition_zh, condition.condition_en)
        ),
        calendar=Named(code=calendar.code, name=name_in(language, calendar.name_zh, calendar.name_en)),
        limit=limit_shown(deadline.limit, language),
        start_at=deadline.start_at,
        yellow_at=deadline.yellow_at,
        due_at=deadline.due_at,
        explanation=explain(deadline, language),
        milestones=[
            MilestoneDue(
                name=name_in(language, milestone.name_zh, milestone.name_en),
                limit=limit_shown(milestone.limit, language),
                due_at=due_at,
            )
            for milestone, due_at in deadline.milestones
        ],
        segments=[
            SegmentShown(
                start_at=segment.start,
                stop_at=segment.stop,
                counted_s=int(segment.counted.total_seconds()),
                why=segment.why,
                name=name_in(language, segment.name_zh, segment.name_en) or None,
            )
            for segment in deadline.segments
        ],
    )
