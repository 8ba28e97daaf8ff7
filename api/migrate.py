"""Bringing a database to this release's tables: ours by Alembic, then the job queue's."""

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from api.adapters.jobs import apply_job_schema
from api.adapters.revisions import MIGRATIONS
from api.settings import Settings


class DatabaseUnusable(Exception):  # noqa: N818  a sentence for the person who starts the program
    """The database is not there, or does not let us do our work; the text has its own words."""


def upgrade(settings: Settings) -> None:
    """Bring the database to the newest revision; nothing happens when it is there.

    Raises `DatabaseUnusable` with a sentence for a person.
    """
    try:
        command.upgrade(_config(settings.required_database_url), "head")
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.OperationalError | psycopg.errors.InsufficientPrivilege):
            raise
        raise DatabaseUnusable(f"The database can't be used: {str(error.orig).strip()}") from error
    apply_job_schema(settings.required_database_url)


def begin_epoch(settings: Settings) -> None:
    """Note that the data are no longer those that readers of the feed know: each begins anew."""
    engine = create_engine(settings.required_database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE installation SET epoch = gen_random_uuid()"))
    engine.dispose()


def print_upgrade() -> None:
    """Print the SQL of all revisions without touching a database, for review and for linters."""
    command.upgrade(_config(""), "head", sql=True)


def pending_revisions(settings: Settings) -> list[str]:
    """Return the revisions that the database lacks, oldest first. Raises SQLAlchemy's `OperationalError`."""
    engine = create_engine(settings.required_database_url)
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_heads()
    finally:
        engine.dispose()
    script = ScriptDirectory.from_config(_config(""))
    newest_first = script.walk_revisions("base", "heads")
    applied = {revision.revision for head in present for revision in script.iterate_revisions(head, "base")}
    return [revision.revision for revision in newest_first if revision.revision not in applied][::-1]


def _config(url: str) -> Config:
    config = Config()
    # A percent sign starts an interpolation in Alembic's configuration.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
