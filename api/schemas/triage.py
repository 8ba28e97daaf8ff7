"""Sending on what waited in triage, on the wire."""

from pydantic import Field

from api.schemas.base import Output


class TriageResent(Output):
    """What became of tickets that waited for want of a rule."""

    examined: int
    sent: int = Field(description="Those that have a unit now; the others go on waiting.")
    is_complete: bool = Field(description="False: one call was not enough.")
