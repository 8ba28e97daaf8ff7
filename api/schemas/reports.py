"""Reports on the wire."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.domain.answers import ANSWERS_BYTES_MAX
from api.domain.geo import Crs
from api.domain.lifecycle import State
from api.domain.limits import Language
from api.domain.report_requests import ReportRequest
from api.domain.reports import Priority, Source
from api.schemas.base import (
    Code,
    Input,
    Instant,
    Latitude,
    Line,
    Longitude,
    Note,
    Output,
    PlaceCode,
    PrintableText,
)
from api.schemas.tickets import TicketShown


class PlaceInput(Input):
    """Where it is, in the phone's own coordinates; the server converts."""

    longitude: Longitude
    latitude: Latitude
    crs: Crs = Field(description="No default: a missed conversion moves a place by half a kilometre.")
    accuracy_m: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None
    provider: Annotated[str, Field(max_length=32), PrintableText] | None = Field(
        default=None, description="What gave the fix: `gps`, `network` ..."
    )
    mocked: bool = False
    fixed_at: Instant | None = Field(default=None, description="When the phone took the fix.")


class ReportInput(Input):
    """What an officer (or the desk, for a hotline) reports."""

    category: Code = Field(description="Class code, such as E0406.")
    condition: Annotated[int, Field(ge=1, le=999)] | None = Field(
        default=None, description="Number of the filing condition; may be left to the dispatcher."
    )
    description: Note = ""
    observed_at: Instant
    place: PlaceInput
    address: Line = ""
    photos: Annotated[list[UUID], Field(max_length=20)] = Field(
        default=[], description="Ids of photos; those not stored yet are waited for."
    )
    source: Source | None = Field(default=None, description="Default: what the caller's role reports from.")
    priority: Priority = Priority.NORMAL
    self_fix: bool = Field(default=False, description="Found and fixed on the spot: before and after photo.")
    at_place: PlaceCode | None = Field(
        default=None, description="Code of the place (点位) it is at; found by location when left out."
    )
    answers: dict[str, Any] | None = Field(
        default=None,
        description=f"To the questions of the class, by name; at most {ANSWERS_BYTES_MAX} bytes of JSON.",
        examples=[{"area_m2": 3.5}],
    )

    def request(self, report_id: UUID) -> ReportRequest:
        """Return the plain values that the service takes."""
        return ReportRequest(
            id=report_id,
            category=self.category,
            condition=self.condition,
            description=self.description,
            observed_at=self.observed_at,
            longitude=self.place.longitude,
            latitude=self.place.latitude,
            crs=self.place.crs,
            accuracy_m=self.place.accuracy_m,
            provider=self.place.provider,
            fixed_at=self.place.fixed_at,
            is_mocked=self.place.mocked,
            address=self.address,
            # The same photo named twice is one photo.
            photo_ids=tuple(dict.fromkeys(self.photos)),
            source=self.source,
            priority=self.priority,
            self_fix=self.self_fix,
            at_place=self.at_place,
            # In the order of their names, so that the same answers make the same report.
            answers=dict(sorted(self.answers.items())) if self.answers else None,
        )


class ReportShown(Output):
    """A report as it was taken down."""

    id: UUID
    ticket_id: UUID
    received_at: datetime
    photos: list[UUID]
    awaited_photos: list[UUID] = Field(description="Photos that the report named and that have not arrived.")


class DuplicateShown(Output):
    """An open ticket nearby that may be the same problem."""

    ticket: UUID
    number: str
    state: State
    distance_m: float
    since: datetime


class SignalShown(Output):
    """Something a reviewer should look at; it never refuses a report."""

    code: str
    weight: float
    explanation: str


def signals_shown(signals: Iterable[Mapping[str, Any]], language: Language) -> list[SignalShown]:
    """Show signals as they were stored (`Signal.as_json`)."""
    return [
        SignalShown(code=signal["code"], weight=signal["weight"], explanation=signal[language])
        for signal in signals
    ]


class FiledReportShown(Output):
    """What a report led to."""

    report: ReportShown
    ticket: TicketShown
    duplicates: list[DuplicateShown]
    signals: list[SignalShown]
