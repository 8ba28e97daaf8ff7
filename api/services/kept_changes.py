"""Keep what was done to the office's data, in the transaction that does it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from api.db import WriteSession
from api.domain.kept_changes import KeptChange
from api.models import KeptChange as KeptChangeRow

_BATCH = 1_000
"""Rows in one statement: PostgreSQL takes 65 535 parameters."""


async def keep_changes(
    session: WriteSession, changes: Sequence[KeptChange], by_id: UUID | None, now: datetime
) -> None:
    """Keep changes in their order; what is the same before and after is left out. `by_id` None: the command line."""
    rows = [
        {
            "noun": change.noun,
            "code": change.code,
            "at": now,
            "by_id": by_id,
            "before": change.before,
            "after": change.after,
        }
        for change in changes
        if change.before != change.after
    ]
    for start in range(0, len(rows), _BATCH):
        await session.execute(insert(KeptChangeRow).values(rows[start : start + _BATCH]))
