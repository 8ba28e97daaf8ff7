"""Tracks on the wire: batches of points, a day's track, and who read it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.domain.geo import Crs
from api.domain.limits import Language
from api.domain.reference import Reference
from api.domain.tracks import Cleaned, Fix, SentFix, clean, to_instant
from api.domain.walks import legs_of, parts_of, stops_of
from api.queries.shifts import ShiftFacts
from api.queries.tracks import BatchFacts, ReadingFacts, TrackedShift
from api.schemas.base import Input, Instant, Output, PrintableText
from api.schemas.shifts import LeftOut, OfficerShown, grid_named, left_out_shown
from api.services.track_readings import DayTrack
from api.services.tracks import POINTS_MAX, TrackRequest


class PointInput(Input):
    """Where a phone was. Coordinates that can't be meant spoil no other point: they are counted."""

    at: Instant = Field(description="By the phone's clock.")
    longitude: float
    latitude: float
    accuracy_m: float | None = None
    speed_m_s: float | None = None
    battery_share: float | None = Field(default=None, description="0..1.")
    is_mock: bool = Field(default=False, description="The phone says that the location is a mock.")

    def sent(self) -> SentFix:
        """Return the point as it was sent."""
        return SentFix(
            self.at,
            self.longitude,
            self.latitude,
            self.accuracy_m,
            self.speed_m_s,
            self.battery_share,
            self.is_mock,
        )


class SyncTrackInput(Input):
    """A batch of points of one shift, in any order."""

    shift: UUID
    crs: Crs = Field(description="The coordinate system of all points.")
    points: Annotated[list[PointInput], Field(min_length=1, max_length=POINTS_MAX)]

    def request(self, batch_id: UUID) -> TrackRequest:
        """Return the plain values that the service takes."""
        return TrackRequest(batch_id, self.shift, self.crs, tuple(point.sent() for point in self.points))


class TrackInput(SyncTrackInput):
    """A batch of points of one shift, with the phone that sends it."""

    device_id: Annotated[str, Field(min_length=1, max_length=100), PrintableText] | None = Field(
        default=None, description="The phone, where one person has two."
    )
    sent_at: Instant | None = Field(
        default=None, description="What the phone's clock shows now: points are put right by it."
    )


class ShiftSummary(Output):
    """What the whole track of the shift comes to after this batch."""

    points: int
    left_out: list[LeftOut] = Field(description="Stored points that nothing is measured by.")
    walked_m: float
    tracked_s: float


class TrackStored(Output):
    """What became of a batch. Each point that was sent is stored or counted in `left_out`."""

    id: UUID
    shift: UUID
    received_at: datetime
    points: int
    stored: int
    out_of_order: int = Field(description="Came before an earlier one; put in their place.")
    left_out: list[LeftOut] = Field(description="Not stored.")
    summary: ShiftSummary


def track_stored(batch: BatchFacts, shift: ShiftFacts, language: Language) -> TrackStored:
    """Show what became of a batch."""
    return TrackStored(
        id=batch.id,
        shift=batch.shift_id,
        received_at=batch.received_at,
        points=batch.points,
        stored=batch.stored,
        out_of_order=batch.out_of_order,
        left_out=left_out_shown(batch.left_out, language),
        summary=ShiftSummary(
            points=shift.points,
            left_out=left_out_shown(shift.left_out, language),
            walked_m=round(shift.walked_m, 1),
            tracked_s=round(shift.tracked_s, 3),
        ),
    )


def day_collection(day: DayTrack, on: date, reference: Reference, language: Language) -> dict[str, Any]:
    """Return a day's track as a GeoJSON FeatureCollection: a line for each shift, a point for each stop."""
    rules = reference.policies.track_rules
    features: list[dict[str, Any]] = []
    for shift, fixes in day.shifts:
        cleaned = clean(fixes, rules)
        features.append(_line(shift, cleaned, reference, language))
        for stop in stops_of(cleaned.fixes, rules):
            grid = grid_named(stop.longitude, stop.latitude, reference, language)
            features.append(
                {
                    "type": "Feature",
                    "geometry": {
                        "type": "Point",
                        "coordinates": [_rounded(stop.longitude), _rounded(stop.latitude)],
                    },
                    "properties": {
                        "kind": "stop",
                        "shift": str(shift.id),
                        "started_at": to_instant(stop.start_ms),
                        "stopped_at": to_instant(stop.stop_ms),
                        "stay_s": (stop.stop_ms - stop.start_ms) / 1_000,
                        "grid": grid.code if grid else None,
                    },
                }
            )
    person = OfficerShown(
        username=day.person.username, name=day.person.name, officer_number=day.person.officer_number
    )
    return {
        "type": "FeatureCollection",
        "features": features,
        "person": person.model_dump(mode="json"),
        "on": on,
    }


def _line(shift: TrackedShift, cleaned: Cleaned, reference: Reference, language: Language) -> dict[str, Any]:
    rules = reference.policies.track_rules
    parts = [part for part in parts_of(cleaned.fixes, rules) if len(part) > 1]
    legs = legs_of(cleaned.fixes, rules)
    left_out = left_out_shown({**cleaned.left_out}, language)
    return {
        "type": "Feature",
        "id": str(shift.id),
        "geometry": {"type": "MultiLineString", "coordinates": [_coordinates(part) for part in parts]},
        "properties": {
            "kind": "track",
            "shift": str(shift.id),
            "started_at": shift.started_at,
            "ended_at": shift.ended_at,
            "walked_m": round(sum(leg.walked_m for leg in legs), 1),
            "tracked_s": sum(
                (timedelta(milliseconds=leg.duration_ms) for leg in legs), timedelta()
            ).total_seconds(),
            # As other software has it: for each coordinate the time at which it was passed.
            "coord_times": [[to_instant(fix.at_ms) for fix in part] for part in parts],
            "left_out": [one.model_dump(mode="json") for one in left_out],
        },
    }


def _coordinates(fixes: Sequence[Fix]) -> list[list[float]]:
    return [[_rounded(fix.longitude), _rounded(fix.latitude)] for fix in fixes]


def _rounded(degrees: float) -> float:
    # Seven decimals are a centimetre; RFC 7946, 11.2 warns of more.
    return round(degrees, 7)


class ReadingShown(Output):
    """Somebody read the track of somebody else."""

    id: UUID
    at: datetime
    by: str = Field(description="User name of who read it.")
    by_name: str
    person: str = Field(description="User name of whose track it was.")
    on: date = Field(description="The day that was read.")
    is_live: bool = Field(
        description="Where she was at that moment: kept once a day for each reader, the first time."
    )


class ReadingPage(Output):
    """One page of who read tracks."""

    items: list[ReadingShown]
    next: str | None


def readings_shown(readings: Iterable[ReadingFacts]) -> list[ReadingShown]:
    """Show who read tracks."""
    return [
        ReadingShown(
            id=one.id,
            at=one.at,
            by=one.by,
            by_name=one.by_name,
            person=one.person,
            on=one.on_date,
            is_live=one.is_live,
        )
        for one in readings
    ]
