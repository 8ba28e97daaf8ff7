"""Checkpoints and posts (签到点、岗点), check-ins there, rosters, and plans of what has to be seen."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index
from sqlmodel import Field

from api.domain.checkpoint_codes import Way
from api.domain.rounds import Period
from api.models.base import INSTANT, JSON, STRINGS, TEXTS, UUIDS, Table, enum_type


class Checkpoint(Table, table=True):
    """A point at which people confirm that they were there. `secret` signs its codes; it is never shown."""

    table_name: ClassVar[str] = "checkpoints"
    __table_args__ = (
        CheckConstraint("radius_m BETWEEN 1 AND 1000", "radius_m"),
        CheckConstraint("rotation_s BETWEEN 15 AND 86400 AND mod(86400, rotation_s) = 0", "rotation_s"),
        CheckConstraint("staff_min >= 0", "staff_min"),
        CheckConstraint("version > 0", "version"),
    )

    code: str = Field(primary_key=True, max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    place: str | None = Field(default=None, max_length=64, foreign_key="places.code", index=True)
    longitude: float
    latitude: float
    radius_m: float
    ways: list[str] = Field(sa_type=STRINGS)
    rotation_s: int
    staff_min: int
    is_active: bool
    secret: str = Field(max_length=64)
    version: int


class CheckIn(Table, table=True):
    """Somebody was at a checkpoint. `at` is by our clock, `device_at` what the phone's showed."""

    table_name: ClassVar[str] = "check_ins"
    __table_args__ = (
        Index("ix_check_ins_checkpoint_at", "checkpoint", "at"),
        Index("ix_check_ins_person_id_at", "person_id", "at", "id"),
        Index("ix_check_ins_at", "at", "id"),
        CheckConstraint("length(request_sha256) = 64", "request_sha256"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="people.id")
    checkpoint: str = Field(max_length=40, foreign_key="checkpoints.code")
    way: Way = Field(sa_type=enum_type(Way, "way"))
    at: datetime = Field(sa_type=INSTANT)
    device_at: datetime = Field(sa_type=INSTANT)
    received_at: datetime = Field(sa_type=INSTANT)
    distance_m: float | None = None
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    request_sha256: str = Field(max_length=64)


class RosterSlot(Table, table=True):
    """A stretch of time at a post and who is to be there. `on_date` is the day of its start."""

    table_name: ClassVar[str] = "roster_slots"
    __table_args__ = (
        Index("ix_roster_slots_on_date", "on_date", "post"),
        CheckConstraint("stops_at > starts_at", "range"),
        CheckConstraint("staff_min >= 0", "staff_min"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    post: str = Field(max_length=40, foreign_key="checkpoints.code", index=True)
    on_date: date
    starts_at: datetime = Field(sa_type=INSTANT)
    stops_at: datetime = Field(sa_type=INSTANT)
    people_ids: list[UUID] = Field(sa_type=UUIDS)
    staff_min: int


class PatrolPlan(Table, table=True):
    """What has to be seen how often and when: grids by prefix, places by code or by type with a buffer."""

    table_name: ClassVar[str] = "patrol_plans"
    __table_args__ = (
        CheckConstraint("times BETWEEN 1 AND 50", "times"),
        CheckConstraint("buffer_m BETWEEN 0 AND 1000", "buffer_m"),
        CheckConstraint("to_on IS NULL OR to_on >= from_on", "days"),
        CheckConstraint("off_hours_share BETWEEN 0 AND 1", "off_hours_share"),
        CheckConstraint("version > 0", "version"),
    )

    code: str = Field(primary_key=True, max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    grids: list[str] = Field(sa_type=STRINGS)
    places: list[str] = Field(sa_type=TEXTS)
    place_type: str | None = Field(default=None, max_length=40, foreign_key="place_types.code")
    buffer_m: float
    times: int
    period: Period = Field(sa_type=enum_type(Period, "period"))
    hours: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    off_hours_share: float
    dwell_min_s: int
    checklist: list[str] = Field(sa_type=TEXTS)
    from_on: date
    to_on: date | None = None
    is_active: bool
    version: int
