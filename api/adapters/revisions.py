"""The revisions of the tables that this release was written for."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
"""Beside the package `api`, in a clone as well as in site-packages."""


@cache
def newest_revisions() -> frozenset[str]:
    """Return the heads of the migrations that came with the code; read once."""
    return frozenset(ScriptDirectory(str(MIGRATIONS)).get_heads())
