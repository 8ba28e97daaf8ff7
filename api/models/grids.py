"""Grids (网格): versioned areas, from the city down to the unit grid, and the people on them."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.domain.grids import GridLevel
from api.models.base import EMPTY, FIRST_VERSION, INSTANT, STRINGS, Table, enum_type


class Grid(Table, table=True):
    """One version of one grid; a ticket keeps the row it was filed in.

    In force from `valid_from` to `valid_to` (excluded), without a `valid_to` today. A code that ended is never used
    for another place; `replaced_by` has the codes that took its area over. Duties of people go by code, not by row.
    """

    table_name: ClassVar[str] = "grids"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        UniqueConstraint("code", "version"),
        Index("uq_grids_code_current", "code", unique=True, postgresql_where=text("valid_to IS NULL")),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", "valid_range"),
        CheckConstraint("version > 0", "version"),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=20)
    level: GridLevel = Field(sa_type=enum_type(GridLevel, "level"))
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    parent_id: int | None = Field(default=None, foreign_key="grids.id", index=True)
    unit_id: int | None = Field(default=None, foreign_key="units.id", index=True)
    geometry: Any = Field(
        sa_column=Column(Geometry("MULTIPOLYGON", 4326, spatial_index=True), nullable=False)
    )
    valid_from: datetime = Field(sa_type=INSTANT)
    valid_to: datetime | None = Field(default=None, sa_type=INSTANT)
    version: int = Field(default=1, sa_column_kwargs=FIRST_VERSION)
    replaced_by: list[str] = Field(default_factory=list[str], sa_type=STRINGS, sa_column_kwargs=EMPTY)


class GridPerson(Table, table=True):
    """A person's duty on a grid, with dates (一格两员); the phone is public only when released."""

    table_name: ClassVar[str] = "grid_people"
    __table_args__ = (
        UniqueConstraint("grid_id", "person_id", "from_on"),
        CheckConstraint("to_on IS NULL OR to_on >= from_on", "duty_range"),
    )

    id: int | None = Field(default=None, primary_key=True)
    grid_id: int = Field(foreign_key="grids.id")
    person_id: UUID = Field(foreign_key="people.id", index=True)
    from_on: date
    to_on: date | None = None
    is_phone_public: bool = False
