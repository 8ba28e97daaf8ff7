"""Patrols (巡查): shifts, the points of their tracks, and what those come to by grid, place and road."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Uuid, text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, REAL
from sqlmodel import Field

from api.domain.shifts import ShiftAction, ShiftState
from api.domain.visits import VisitKind
from api.models.base import INSTANT, JSON, NUMBERS, Table, enum_type

ON_DUTY_SQL = "state <> 'ended'"
"""Shifts that go on; of one person there is never more than one."""


class Shift(Table, table=True):
    """One shift of one person; its id was made by the phone.

    `started_on` is the day of its start in the city's zone. What is measured follows from its points and events by the
    policies; `measured_at` is null where it has to be measured anew. `left_out` counts the stored points that are
    not measured, by flaw. The last position is what supervisors see while the shift goes on.
    """

    table_name: ClassVar[str] = "shifts"
    __table_args__ = (
        # Two shifts at once: the database refuses the second.
        Index("uq_shifts_person_id_running", "person_id", unique=True, postgresql_where=text(ON_DUTY_SQL)),
        Index("ix_shifts_person_id_started_at", "person_id", "started_at"),
        Index("ix_shifts_started_at", "started_at", "id"),
        Index("ix_shifts_started_on", "started_on"),
        Index("ix_shifts_unmeasured", "id", postgresql_where=text("measured_at IS NULL")),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", "ended_has_time"),
        CheckConstraint("ended_at > started_at", "ends_after_start"),
        CheckConstraint(
            "(last_at IS NULL) = (last_longitude IS NULL OR last_latitude IS NULL)", "last_place"
        ),
        CheckConstraint("length(request_sha256) = 64", "request_sha256"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="people.id")
    request_sha256: str = Field(max_length=64)
    team: str = Field(max_length=100)
    started_on: date
    started_at: datetime = Field(sa_type=INSTANT)
    state: ShiftState = Field(sa_type=enum_type(ShiftState, "state"))
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT)
    received_at: datetime = Field(sa_type=INSTANT)
    version: int = 1
    points: int = 0
    left_out: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    walked_m: float = 0.0
    tracked_s: float = 0.0
    measured_at: datetime | None = Field(default=None, sa_type=INSTANT)
    last_at: datetime | None = Field(default=None, sa_type=INSTANT)
    last_longitude: float | None = None
    last_latitude: float | None = None
    last_accuracy_m: float | None = None
    last_battery_share: float | None = None


class ShiftEvent(Table, table=True):
    """Something that happened to a shift. `device_at` is what the phone's clock showed, null for the system."""

    table_name: ClassVar[str] = "shift_events"

    shift_id: UUID = Field(foreign_key="shifts.id", primary_key=True, ondelete="CASCADE")
    at: datetime = Field(sa_type=INSTANT, primary_key=True)
    action: ShiftAction = Field(sa_type=enum_type(ShiftAction, "action"))
    device_at: datetime | None = Field(default=None, sa_type=INSTANT)
    received_at: datetime = Field(sa_type=INSTANT)


class TrackBatch(Table, table=True):
    """A batch of points as it was sent: how many, and how many were not stored, by flaw."""

    table_name: ClassVar[str] = "track_batches"
    __table_args__ = (CheckConstraint("stored BETWEEN 0 AND points", "stored"),)

    id: UUID = Field(primary_key=True)
    shift_id: UUID = Field(foreign_key="shifts.id", index=True, ondelete="CASCADE")
    person_id: UUID = Field(foreign_key="people.id", index=True)
    device_id: str | None = Field(default=None, max_length=100)
    request_sha256: str = Field(max_length=64)
    received_at: datetime = Field(sa_type=INSTANT)
    points: int
    stored: int
    out_of_order: int
    left_out: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class TrackPoint(Table, table=True):
    """Where somebody on duty was at an instant. Rows come in by time and go by time: BRIN finds what is old."""

    table_name: ClassVar[str] = "track_points"
    __table_args__ = (Index("ix_track_points_at", "at", postgresql_using="brin"),)

    shift_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("shifts.id", ondelete="CASCADE"), primary_key=True)
    )
    at: datetime = Field(sa_type=INSTANT, primary_key=True)
    longitude: float = Field(sa_type=DOUBLE_PRECISION)
    latitude: float = Field(sa_type=DOUBLE_PRECISION)
    accuracy_m: float | None = Field(default=None, sa_type=REAL)
    speed_m_s: float | None = Field(default=None, sa_type=REAL)
    battery_share: float | None = Field(default=None, sa_type=REAL)
    is_mock: bool


class PatrolVisit(Table, table=True):
    """A visit of a shift to a unit grid, or to a place with everything within `buffer_m` of it. Measured, not told."""

    table_name: ClassVar[str] = "patrol_visits"
    __table_args__ = (
        Index("ix_patrol_visits_kind_started_at", "kind", "started_at"),
        Index("ix_patrol_visits_code", "kind", "code", "started_at"),
        CheckConstraint("stopped_at >= started_at", "range"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    shift_id: UUID = Field(foreign_key="shifts.id", index=True, ondelete="CASCADE")
    person_id: UUID = Field(foreign_key="people.id", index=True)
    kind: VisitKind = Field(sa_type=enum_type(VisitKind, "kind"))
    code: str = Field(max_length=64)
    buffer_m: float
    started_at: datetime = Field(sa_type=INSTANT)
    stopped_at: datetime = Field(sa_type=INSTANT)
    dwell_s: float
    walked_m: float


class RoadWalk(Table, table=True):
    """How far a shift went along a road: a place that is a line. Stretches are counted from 0."""

    table_name: ClassVar[str] = "road_walks"
    __table_args__ = (
        Index("ix_road_walks_on_date", "on_date", "code"),
        CheckConstraint("cardinality(entered) <= stretches", "entered"),
    )

    shift_id: UUID = Field(foreign_key="shifts.id", primary_key=True, ondelete="CASCADE")
    code: str = Field(primary_key=True, max_length=64)
    on_date: date
    stretches: int
    entered: list[int] = Field(default_factory=list, sa_type=NUMBERS)
    gone_m: float
    length_m: float


class PlacePass(Table, table=True):
    """When a shift last passed a place. By it places are found that nobody saw; it is kept as long as tracks are."""

    table_name: ClassVar[str] = "place_passes"
    __table_args__ = (
        Index("ix_place_passes_code", "code", text("passed_at DESC")),
        Index("ix_place_passes_passed_at", "passed_at", postgresql_using="brin"),
    )

    shift_id: UUID = Field(foreign_key="shifts.id", primary_key=True, ondelete="CASCADE")
    code: str = Field(primary_key=True, max_length=64)
    passed_at: datetime = Field(sa_type=INSTANT)


class TrackReading(Table, table=True):
    """Who read the track of somebody else, of which day, and when; never changed (a trigger refuses it).

    `is_live`: where she was at that moment was read. Of a day that is kept once for each reader, the first time.
    """

    table_name: ClassVar[str] = "track_readings"
    __table_args__ = (
        Index("ix_track_readings_person_id_at", "person_id", "at", "id"),
        Index("ix_track_readings_at", "at", "id"),
        Index(
            "uq_track_readings_live",
            *("by_id", "person_id", "on_date"),
            unique=True,
            postgresql_where=text("is_live"),
        ),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="people.id")
    by_id: UUID = Field(foreign_key="people.id", index=True)
    on_date: date
    at: datetime = Field(sa_type=INSTANT)
    is_live: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
