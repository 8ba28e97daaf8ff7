"""The revisions of the tables that this release was written for."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@cache
def newest_revisions() -> frozenset[str]:
    """Return the heads of the migrations that came with the code; read once."""
    return frozenset(ScriptDirectory(str(_MIGRATIONS)).get_heads())
