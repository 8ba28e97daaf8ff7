"""Which revision of the tables the database has."""

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api.db import ReadSession


async def applied_revisions(session: ReadSession) -> frozenset[str]:
    """Return the revisions that migrations have left behind; none for a database without our tables."""
    try:
        rows = await session.execute(text("SELECT version_num FROM alembic_version"))
    except ProgrammingError:
        return frozenset()
    return frozenset(rows.scalars())
