"""Responsible units (责任单位)."""

from enum import StrEnum
from typing import ClassVar

from sqlmodel import Field

from api.models.base import Table, enum_type


class UnitKind(StrEnum):
    """The peer group a unit is compared in; groups are never ranked together."""

    BUREAU = "bureau"
    STREET = "street"
    ENTERPRISE = "enterprise"


class Unit(Table, table=True):
    """A bureau, street office or enterprise that rectifies what is dispatched to it."""

    table_name: ClassVar[str] = "units"

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
