"""Areas (片区) over the grids, and the people on them."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlmodel import Field

from api.domain.areas import AreaKind
from api.models.base import Table, enum_type


class Area(Table, table=True):
    """A part of the city that somebody drew, whatever grids it cuts; both days of its span are included."""

    table_name: ClassVar[str] = "areas"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from IS NULL OR valid_to >= valid_from", "valid_range"),
        CheckConstraint("minimum_staff >= 0", "minimum_staff"),
        CheckConstraint("version > 0", "version"),
    )

    code: str = Field(primary_key=True, max_length=64)
    kind: AreaKind = Field(sa_type=enum_type(AreaKind, "kind"))
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    geometry: Any = Field(
        sa_column=Column(Geometry("MULTIPOLYGON", 4326, spatial_index=False), nullable=False)
    )
    unit_id: int | None = Field(default=None, foreign_key="units.id", index=True)
    leader: str = Field(max_length=100)
    task: str = Field(sa_type=Text)
    valid_from: date | None = None
    valid_to: date | None = None
    minimum_staff: int
    is_active: bool
    version: int


class AreaPerson(Table, table=True):
    """A person's days on an area, the first and the last included."""

    table_name: ClassVar[str] = "area_people"
    __table_args__ = (
        UniqueConstraint("area_code", "person_id", "from_on"),
        CheckConstraint("to_on IS NULL OR to_on >= from_on", "duty_range"),
    )

    id: int | None = Field(default=None, primary_key=True)
    area_code: str = Field(max_length=64, foreign_key="areas.code")
    person_id: UUID = Field(foreign_key="people.id", index=True)
    from_on: date
    to_on: date | None = None
