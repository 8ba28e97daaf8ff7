"""Responsible units (责任单位)."""

from typing import ClassVar

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from api.domain.units import UnitKind
from api.models.base import FIRST_VERSION, Table, enum_type


class Unit(Table, table=True):
    """A bureau, street office or enterprise that rectifies what is dispatched to it."""

    table_name: ClassVar[str] = "units"
    __table_args__ = (CheckConstraint("version > 0", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=40, unique=True)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    kind: UnitKind = Field(sa_type=enum_type(UnitKind, "kind"))
    parent_id: int | None = Field(default=None, foreign_key="units.id", index=True)
    phone: str | None = Field(default=None, max_length=40)
    calendar_code: str = Field(max_length=40, foreign_key="calendars.code", index=True)
    is_fallback: bool = False
    is_active: bool = True
    version: int = Field(default=1, sa_column_kwargs=FIRST_VERSION)
