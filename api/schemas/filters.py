"""Filters of lists on the wire, and what they mean."""

import math
import re
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.domain.cases import Triage
from api.domain.deadlines import Light
from api.domain.errors import FieldWrong
from api.domain.lifecycle import Clock, State
from api.domain.reports import Source
from api.pages import PageQuery
from api.queries.counts import CountBy, OverdueBy
from api.queries.filters import Near, TicketFilters
from api.schemas.base import Code, Input, PlaceCode, PrintableText
from api.schemas.instants import QueryInstant

MAX_NEAR_M = 20_000.0
_BBOX_NUMBERS = 4
_NEAR_NUMBERS = 3
_NUMBER = re.compile(r"[+-]?\d{1,7}(\.\d{1,17})?")


class FilterQuery(Input):
    """Filters shared by lists, counts, overdue and exports."""

    state: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="One or more states, separated by commas."
    )
    unit: Code | None = Field(default=None, description="Code of the responsible unit.")
    grid: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,20}$")] | None = Field(
        default=None, description="Grid code or its beginning."
    )
    category: Annotated[str, Field(pattern=r"^[PE][0-9]{0,4}$")] | None = Field(
        default=None, description="Class code or its beginning."
    )
    source: Source | None = None
    due_before: QueryInstant | None = None
    due_after: QueryInstant | None = None
    filed_before: QueryInstant | None = None
    filed_after: QueryInstant | None = None
    light: Light | None = None
    overdue: bool | None = None
    reporter: Annotated[str, Field(max_length=64), PrintableText] | None = Field(
        default=None, description="User name or id."
    )
    bbox: Annotated[str, Field(max_length=120)] | None = Field(
        default=None, description="west,south,east,north in WGS-84."
    )
    near: Annotated[str, Field(max_length=120)] | None = Field(
        default=None, description="longitude,latitude,metres in WGS-84."
    )
    q: Annotated[str, Field(min_length=2, max_length=100), PrintableText] | None = Field(
        default=None, description="Text in number, address or description."
    )
    campaign: UUID | None = None
    place: PlaceCode | None = Field(default=None, description="Code of the place (点位) that it is at.")

    triage: Triage | None = Field(default=None, description="Why it waits for a person or a photo.")

    def filters(self, *, stage: Clock | None = None, overdue_more_than_s: int | None = None) -> TicketFilters:
        """Return the filters; raises FieldWrong for what can't be meant."""
        if self.campaign is not None:
            raise FieldWrong("/query/campaign", "campaign_unknown", "There is no such campaign.")
        return TicketFilters(
            states=_states(self.state),
            unit=self.unit,
            grid=self.grid,
            category=self.category,
            source=self.source,
            due_before=self.due_before,
            due_after=self.due_after,
            filed_before=self.filed_before,
            filed_after=self.filed_after,
            light=self.light,
            overdue=self.overdue,
            reporter=self.reporter,
            bbox=bbox_of(self.bbox),
            near=near_of(self.near),
            q=self.q,
            place=self.place,
            triage=self.triage,
            stage=stage,
            overdue_more_than_s=overdue_more_than_s,
        )


class TicketListQuery(FilterQuery, PageQuery):
    """What a list of tickets is asked for."""

    order: Annotated[str, Field(pattern=r"^(due_at|-filed_at|-updated_at)$")] = Field(
        default="due_at", description="`due_at`, `-filed_at` or `-updated_at`."
    )


class TicketCountQuery(FilterQuery):
    """What tickets are counted by."""

    by: CountBy


class _OverdueFilters(FilterQuery):
    overdue_more_than_s: Annotated[int, Field(ge=0, le=10**9)] | None = None
    stage: Clock | None = Field(default=None, description="The clock that has run out.")

    def overdue_filters(self) -> TicketFilters:
        """Return the filters with those that only make sense for overdue tickets."""
        return self.filters(stage=self.stage, overdue_more_than_s=self.overdue_more_than_s)


class OverdueListQuery(_OverdueFilters, PageQuery):
    """What the overdue list is asked for."""


class OverdueSummaryQuery(_OverdueFilters):
    """What overdue tickets are summed up by."""

    by: OverdueBy


def _states(text: str | None) -> tuple[State, ...]:
    if text is None:
        return ()
    try:
        return tuple(State(name) for name in text.split(","))
    except ValueError as error:
        raise FieldWrong(
            "/query/state", "state_unknown", "There is no such state.", states=[str(state) for state in State]
        ) from error


def _numbers(text: str, count: int, name: str) -> list[float]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != count or not all(_NUMBER.fullmatch(part) for part in parts):
        raise FieldWrong(
            f"/query/{name}", f"{name}_wrong", f"{count} numbers, separated by commas, are needed."
        )
    return [float(part) for part in parts]


def bbox_of(text: str | None) -> tuple[float, float, float, float] | None:
    """Read a box of degrees; raises FieldWrong for anything else."""
    if text is None:
        return None
    west, south, east, north = _numbers(text, _BBOX_NUMBERS, "bbox")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004  the earth
        raise FieldWrong("/query/bbox", "bbox_wrong", "west,south,east,north in degrees, in that order.")
    return west, south, east, north


def near_of(text: str | None) -> Near | None:
    """Read a circle around a place; raises FieldWrong for anything else."""
    if text is None:
        return None
    longitude, latitude, radius_m = _numbers(text, _NEAR_NUMBERS, "near")
    on_earth = math.fabs(longitude) <= 180 and math.fabs(latitude) <= 90  # noqa: PLR2004  the earth
    if not on_earth or not 0 < radius_m <= MAX_NEAR_M:
        raise FieldWrong("/query/near", "near_wrong", f"A place on the earth and up to {MAX_NEAR_M:.0f} m.")
    return Near(longitude, latitude, radius_m)
