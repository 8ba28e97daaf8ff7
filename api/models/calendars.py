"""Working calendars, their exceptional days, and every version that a calendar ever had."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Text
from sqlmodel import Field

from api.domain.calendars import DayKind
from api.models.base import INSTANT, JSON, Table, enum_type


class Calendar(Table, table=True):
    """Working hours: `weekly` holds seven lists of `[from_minute, to_minute]`, Monday first, half-open."""

    table_name: ClassVar[str] = "calendars"
    __table_args__ = (
        CheckConstraint("first_on < last_on", "horizon"),
        CheckConstraint("version > 0", "version"),
    )

    code: str = Field(primary_key=True, max_length=40)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    time_zone: str = Field(max_length=64)
    weekly: list[list[list[int]]] = Field(sa_type=JSON)
    working_day_minutes: int
    first_on: date
    last_on: date
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class CalendarDay(Table, table=True):
    """A day that differs from the week: a holiday, or a make-up working day (调休)."""

    table_name: ClassVar[str] = "calendar_days"

    calendar_code: str = Field(foreign_key="calendars.code", primary_key=True, ondelete="CASCADE")
    on: date = Field(primary_key=True)
    kind: DayKind = Field(sa_type=enum_type(DayKind, "kind"))
    ranges: list[list[int]] = Field(sa_type=JSON)
    name_zh: str = Field(default="", max_length=100)
    name_en: str = Field(default="", max_length=100)


class CalendarVersion(Table, table=True):
    """A calendar as it was stored once, whole; never changed, never deleted (a trigger refuses both).

    `days` holds objects with `on`, `kind`, `ranges`, `name_zh` and `name_en`, in order. `changed_by_id` is null
    for what came from a file, or from before there were versions.
    """

    table_name: ClassVar[str] = "calendar_versions"
    __table_args__ = (CheckConstraint("version > 0", "version"),)

    calendar_code: str = Field(foreign_key="calendars.code", primary_key=True, max_length=40)
    version: int = Field(primary_key=True)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    time_zone: str = Field(max_length=64)
    weekly: list[list[list[int]]] = Field(sa_type=JSON)
    working_day_minutes: int
    first_on: date
    last_on: date
    days: list[dict[str, Any]] = Field(sa_type=JSON)
    changed_by_id: UUID | None = Field(default=None, foreign_key="people.id")
    changed_at: datetime = Field(sa_type=INSTANT)
    note: str = Field(default="", sa_type=Text)
