"""Steps on the wire."""

from datetime import datetime, time
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from api.domain.lifecycle import Action
from api.schemas.base import Code, Day, Input, Instant, Line, Note, PlaceCode
from api.services.taking import StepRequest


class StepInput(Input):
    """A step on a ticket."""

    action: Action
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The version that you saw; or send If-Match."
    )
    note: Note = ""
    reason: Note = ""
    photos: Annotated[list[UUID], Field(max_length=20, default_factory=list)]
    at: Instant | None = Field(default=None, description="When it happened, by the phone's clock.")
    category: Code | None = Field(
        default=None, description="`file`, `ask_verification`, `correct`: the class, corrected."
    )
    condition: Annotated[int, Field(ge=1, le=999)] | None = Field(
        default=None, description="`file`, `ask_verification`, `correct`: the condition."
    )
    grid: Code | None = Field(
        default=None,
        description="`file`, `ask_verification`: the grid, where the place is outside all; `correct`: another one.",
    )
    at_place: PlaceCode | None = Field(
        default=None,
        description="`file`, `ask_verification`, `correct`: code of the place (点位) that it is at.",
    )
    unit: Code | None = Field(
        default=None,
        description="`dispatch`, `rule`: the responsible unit's code; `ask_help`, `excuse_help`: the helper's.",
    )
    helpers: Annotated[
        list[Code],
        Field(
            max_length=20,
            default_factory=list,
            description="`dispatch`, `rule`: codes of units that are to help.",
        ),
    ]
    handler: Line | None = Field(default=None, description="`hand_over`: user name of somebody in the unit.")
    master: Line | None = Field(
        default=None, description="`merge`: id or number of the ticket that this one is merged into."
    )
    until: Day | Instant | None = Field(
        default=None,
        description="`request_suspension`: the day (its first moment in the city's zone) or the instant at "
        "which the ticket resumes by itself.",
    )
    confirmed: bool | None = Field(
        default=None, description="`answer_verification`: whether the officer found what was reported."
    )

    def resumes_at(self, zone: ZoneInfo) -> datetime | None:
        """Return `until` as an instant; a day begins at midnight in the city's zone."""
        if self.until is None or isinstance(self.until, datetime):
            return self.until
        return datetime.combine(self.until, time(), zone)


def step_request(step: StepInput, version: int | None, zone: ZoneInfo) -> StepRequest:
    """Return the plain values that the service takes; `version` is the one that was seen, however it was said."""
    return StepRequest(
        action=step.action,
        version=version,
        note=step.note,
        reason=step.reason,
        photo_ids=tuple(dict.fromkeys(step.photos)),
        device_at=step.at,
        category=step.category,
        condition=step.condition,
        grid=step.grid,
        unit=step.unit,
        helpers=tuple(dict.fromkeys(step.helpers)),
        handler=step.handler,
        master=step.master,
        until=step.resumes_at(zone),
        confirmed=step.confirmed,
        at_place=step.at_place,
    )
