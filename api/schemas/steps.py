"""Steps on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.domain.lifecycle import Action
from api.schemas.base import Code, Input, Instant, Line, Note


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
    category: Code | None = Field(default=None, description="`file`: the class, corrected.")
    condition: Annotated[int, Field(ge=1, le=999)] | None = Field(
        default=None, description="`file`: the condition."
    )
    grid: Code | None = Field(default=None, description="`file`: the grid, where the place is outside all.")
    unit: Code | None = Field(default=None, description="`dispatch`: the responsible unit's code.")
    handler: Line | None = Field(default=None, description="`hand_over`: user name of somebody in the unit.")
