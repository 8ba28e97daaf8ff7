"""Keyset pages: an opaque cursor holds the sort values of the last row; there are no offsets and no totals."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, or_, tuple_
from sqlalchemy.orm import Mapped

from api.domain.errors import FieldWrong

MAX_LIMIT = 200

Row = TypeVar("Row")


class PageQuery(BaseModel):
    """How every list is asked for its next page."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows in one page.")] = 50
    cursor: Annotated[str | None, Field(max_length=500, description="`next` of the page before; opaque.")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class SortKey:
    """An order `(value, id)` with a direction; rows without a value come last in either direction.

    Where a list can't hold rows without a value (`is_nullable` False) the comparison is one row value, which
    the planner answers from a btree index alone.
    """

    name: str
    value: Mapped[Any]
    id: Mapped[Any]
    descending: bool = False
    is_nullable: bool = True

    def order_by(self) -> tuple[ColumnElement[Any], ...]:
        """Return the ORDER BY terms."""
        if not self.is_nullable:
            return (self.value.desc(), self.id.desc()) if self.descending else (self.value, self.id)
        if self.descending:
            return self.value.desc().nulls_last(), self.id.desc()
        return self.value.asc().nulls_last(), self.id.asc()

    def after(self, cursor: "Cursor") -> ColumnElement[bool]:
        """Return the condition for the rows behind the cursor."""
        if not self.is_nullable:
            here, last = tuple_(self.value, self.id), tuple_(cursor.value, cursor.id)
            return here < last if self.descending else here > last
        behind_id = self.id < cursor.id if self.descending else self.id > cursor.id
        if cursor.value is None:
            return and_(self.value.is_(None), behind_id)
        behind = self.value < cursor.value if self.descending else self.value > cursor.value
        return or_(behind, and_(self.value == cursor.value, behind_id), self.value.is_(None))


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended. `context` ties it to one order and one set of filters."""

    value: datetime | None
    id: UUID
    context: str

    def encode(self) -> str:
        """Return the opaque text."""
        return _packed(self.value.isoformat() if self.value else None, str(self.id), self.context)

    @classmethod
    def decode(cls, text: str | None, context: str) -> "Cursor | None":
        """Read a cursor back; raises FieldWrong when it is not one of ours or is of another list."""
        if text is None:
            return None
        try:
            value, row_id, made_for = _unpacked(text)
            cursor = cls(datetime.fromisoformat(value) if value else None, UUID(row_id), made_for)
        except (ValueError, TypeError, AttributeError) as error:
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor is not one of ours.") from error
        if cursor.context != context or (cursor.value is not None and cursor.value.tzinfo is None):
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor belongs to another list.")
        return cursor


@dataclass(frozen=True, slots=True)
class CodeCursor:
    """Where a page of a list in the order of a unique code ended."""

    code: str
    context: str

    def encode(self) -> str:
        """Return the opaque text."""
        return _packed(self.code, self.context)

    @classmethod
    def decode(cls, text: str | None, context: str) -> "CodeCursor | None":
        """Read a cursor back; raises FieldWrong when it is not one of ours or is of another list."""
        if text is None:
            return None
        try:
            code, made_for = _unpacked(text)
        except (ValueError, TypeError) as error:
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor is not one of ours.") from error
        if made_for != context or not isinstance(code, str):
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor belongs to another list.")
        return cls(code, context)


@dataclass(frozen=True, slots=True)
class NumberCursor:
    """Where a page of a list in the order of a unique number ended."""

    number: int
    context: str

    def encode(self) -> str:
        """Return the opaque text."""
        return _packed(str(self.number), self.context)

    @classmethod
    def decode(cls, text: str | None, context: str) -> "NumberCursor | None":
        """Read a cursor back; raises FieldWrong when it is not one of ours or is of another list."""
        if text is None:
            return None
        try:
            number, made_for = _unpacked(text)
            cursor = cls(int(number), made_for)
        except (ValueError, TypeError) as error:
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor is not one of ours.") from error
        if cursor.context != context or not 0 <= cursor.number < 2**63:
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor belongs to another list.")
        return cursor


@dataclass(frozen=True, slots=True)
class FlaggedCursor:
    """Where a page of a list ended that has the flagged rows first, each part in the order of a unique number."""

    is_flagged: bool
    number: int
    context: str

    def encode(self) -> str:
        """Return the opaque text."""
        return _packed("1" if self.is_flagged else None, str(self.number), self.context)

    @classmethod
    def decode(cls, text: str | None, context: str) -> "FlaggedCursor | None":
        """Read a cursor back; raises FieldWrong when it is not one of ours or is of another list."""
        if text is None:
            return None
        try:
            flag, number, made_for = _unpacked(text)
            cursor = cls(flag == "1", int(number), made_for)
        except (ValueError, TypeError) as error:
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor is not one of ours.") from error
        if cursor.context != context or not 0 <= cursor.number < 2**63:
            raise FieldWrong("/query/cursor", "cursor_wrong", "The cursor belongs to another list.")
        return cursor


def _packed(*facts: str | None) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(facts)).rstrip(b"=").decode()


def _unpacked(text: str) -> list[Any]:
    """Return the facts; ValueError when the text is not base64 of JSON, whatever they are otherwise."""
    return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))


def context_of(*facts: object) -> str:
    """Return a short fingerprint of what a list was asked for, so that a cursor can't be used elsewhere."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows and the cursor of the next, if there is one."""

    items: Sequence[Row]
    next: str | None
