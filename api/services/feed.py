"""Keep the marks of the change feed from piling up."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlmodel import col

from api.db import WriteSession
from api.models import FeedMark

KEPT_FOR = timedelta(days=370)
"""Longer than any policy lets a reader stay away (`feed_days`, at most 366): nobody asks for them any more."""

_BATCH = 10_000


async def purge_marks(session: WriteSession, now: datetime) -> int:
    """Forget a batch of old marks; return how many, 0 when none are left."""
    old = select(col(FeedMark.id)).where(col(FeedMark.at) < now - KEPT_FOR).limit(_BATCH)
    gone = delete(FeedMark).where(col(FeedMark.id).in_(old.with_for_update(skip_locked=True)))
    return len((await session.execute(gone.returning(col(FeedMark.id)))).all())
