"""The catalogue: classes (小类), filing conditions (立案条件), its versions, dispatch rules and policies."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from api.domain.limits import LimitUnit
from api.models.base import FIRST_VERSION, IN_USE, INSTANT, JSON, NO_ENTRIES, STRINGS, Table, enum_type


class Category(Table, table=True):
    """A minor class of one scheme, written `E0406`."""

    table_name: ClassVar[str] = "categories"
    __table_args__ = (
        UniqueConstraint("scheme", "code"),
        Index("uq_categories_code_active", "code", unique=True, postgresql_where=text("is_active")),
        CheckConstraint("version > 0", "version"),
    )

    id: int | None = Field(default=None, primary_key=True)
    scheme: str = Field(max_length=40)
    code: str = Field(max_length=10)
    kind: str = Field(max_length=10)
    major_code: str = Field(max_length=4)
    major_zh: str = Field(max_length=100)
    major_en: str = Field(max_length=100)
    minor_code: str = Field(max_length=4)
    minor_zh: str = Field(max_length=100)
    minor_en: str = Field(max_length=100)
    is_active: bool = True
    version: int = Field(default=1, sa_column_kwargs=FIRST_VERSION)
    questions: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class Condition(Table, table=True):
    """A filing condition; it owns the deadline and says what evidence is needed."""

    table_name: ClassVar[str] = "conditions"
    __table_args__ = (
        UniqueConstraint("category_id", "number"),
        CheckConstraint("limit_value > 0", "limit_positive"),
    )

    id: int | None = Field(default=None, primary_key=True)
    category_id: int = Field(foreign_key="categories.id")
    number: int
    condition_zh: str = Field(max_length=200)
    condition_en: str = Field(max_length=200)
    closing_zh: str = Field(max_length=200)
    closing_en: str = Field(max_length=200)
    limit_value: int
    limit_unit: LimitUnit = Field(sa_type=enum_type(LimitUnit, "limit_unit"))
    milestones: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    needs_after_photo: bool
    may_self_fix: bool
    is_active: bool = Field(default=True, sa_column_kwargs=IN_USE)


class CatalogueVersion(Table, table=True):
    """What one import or one edit did to the catalogue: how many classes and conditions, taken together.

    `source` is the name of the file, or `edit`; `by_id` null: the command line. What each was before is in
    `kept_changes`, with the same moment.
    """

    table_name: ClassVar[str] = "catalogue_versions"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=INSTANT)
    by_id: UUID | None = Field(default=None, foreign_key="people.id", index=True)
    source: str = Field(max_length=200)
    added: int
    changed: int
    retired: int


class DispatchRule(Table, table=True):
    """Class x where x source x hours -> responsible unit; the most specific rule wins."""

    table_name: ClassVar[str] = "dispatch_rules"
    __table_args__ = (
        CheckConstraint("(limit_value IS NULL) = (limit_unit IS NULL)", "limit_complete"),
        CheckConstraint(
            "valid_until IS NULL OR valid_from IS NULL OR valid_until > valid_from", "valid_range"
        ),
        CheckConstraint("version > 0", "version"),
        CheckConstraint(
            "num_nonnulls(place_code, place_type, area_code, nullif(grid_prefix, '')) <= 1", "one_where"
        ),
        CheckConstraint("jsonb_typeof(hours) = 'array'", "hours"),
    )

    id: str = Field(primary_key=True, max_length=64)
    name_zh: str = Field(max_length=100)
    name_en: str = Field(max_length=100)
    category_prefix: str = Field(default="", max_length=10)
    condition_number: int | None = None
    grid_prefix: str = Field(default="", max_length=20)
    source: str | None = Field(default=None, max_length=32)
    unit_id: int = Field(foreign_key="units.id", index=True)
    helping_units: list[str] = Field(default_factory=list, sa_type=STRINGS)
    limit_value: int | None = None
    limit_unit: LimitUnit | None = Field(default=None, sa_type=enum_type(LimitUnit, "limit_unit"))
    priority: str | None = Field(default=None, max_length=16)
    order: int = 0
    valid_from: datetime | None = Field(default=None, sa_type=INSTANT)
    valid_until: datetime | None = Field(default=None, sa_type=INSTANT)
    is_active: bool = True
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    place_code: str | None = Field(default=None, max_length=64, foreign_key="places.code")
    place_type: str | None = Field(default=None, max_length=40, foreign_key="place_types.code")
    area_code: str | None = Field(default=None, max_length=64, foreign_key="areas.code")
    hours: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON, sa_column_kwargs=NO_ENTRIES)


class Policy(Table, table=True):
    """A number that differs from city to city (domain: `api.domain.policies.Policies`)."""

    table_name: ClassVar[str] = "policies"

    key: str = Field(primary_key=True, max_length=64)
    value: Any = Field(sa_type=JSON)


class ReferenceVersion(Table, table=True):
    """One row: triggers raise `version` with each change of reference data, so caches know their age."""

    table_name: ClassVar[str] = "reference_version"
    __table_args__ = (CheckConstraint("id = 1", "single_row"),)

    id: int = Field(default=1, primary_key=True)
    version: int
