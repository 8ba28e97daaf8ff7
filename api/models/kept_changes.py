"""What was done to the office's data (domain: `api.domain.kept_changes`)."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field

from api.domain.kept_changes import Noun
from api.models.base import INSTANT, JSON, Table, enum_type


class KeptChange(Table, table=True):
    """One change; never changed itself, never deleted (a trigger refuses both). `by_id` null: the command line."""

    table_name: ClassVar[str] = "kept_changes"
    __table_args__ = (Index("ix_kept_changes_noun_code", "noun", "code", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True, autoincrement=True))
    noun: Noun = Field(sa_type=enum_type(Noun, "noun"))
    code: str = Field(max_length=80)
    at: datetime = Field(sa_type=INSTANT)
    by_id: UUID | None = Field(default=None, foreign_key="people.id", index=True)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
