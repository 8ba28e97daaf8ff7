"""Questions about what was done to the office's data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from api.db import ReadSession
from api.domain.kept_changes import KeptChange, Noun
from api.models import KeptChange as KeptChangeRow
from api.models import Person
from api.pages import NumberCursor, Page, context_of


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A change with its number, its moment and the name of who did it, None for the command line."""

    id: int
    at: datetime
    by: str | None
    change: KeptChange


async def find_changes(
    session: ReadSession, noun: Noun | None, code: str | None, *, limit: int, cursor: str | None
) -> Page[ChangeFacts]:
    """Return a page of changes, newest first, of one noun or one thing of it."""
    context = context_of("kept_changes", noun, code)
    last = NumberCursor.decode(cursor, context)
    statement = (
        select(KeptChangeRow, col(Person.name))
        .outerjoin(Person, col(Person.id) == col(KeptChangeRow.by_id))
        .order_by(col(KeptChangeRow.id).desc())
        .limit(limit + 1)
    )
    if noun is not None:
        statement = statement.where(col(KeptChangeRow.noun) == noun)
    if code is not None:
        statement = statement.where(col(KeptChangeRow.code) == code)
    if last is not None:
        statement = statement.where(col(KeptChangeRow.id) < last.number)
    items = [_facts(row, name) for row, name in await session.execute(statement)]
    more = NumberCursor(items[limit - 1].id, context).encode() if len(items) > limit else None
    return Page(items[:limit], more)


def _facts(row: KeptChangeRow, name: str | None) -> ChangeFacts:
    assert row.id is not None  # noqa: S101  a stored row has its id
    before: Mapping[str, Any] | None = row.before
    return ChangeFacts(row.id, row.at, name, KeptChange(row.noun, row.code, before, row.after))
