"""How migrations run: on the URL given by the caller, each in its own transaction, under a lock timeout."""

from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers as untyped_helpers
from sqlalchemy import create_engine, pool, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from api.models import metadata
from api.models.base import XactId

alembic_helpers: Any = untyped_helpers
LOCK_TIMEOUT = "5s"

known_types: dict[str, Any] = ischema_names
known_types["xid8"] = XactId  # so that comparing the database with the models knows the type


def include_object(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:  # noqa: FBT001  Alembic's signature
    """Leave alone what is PostGIS's, and what Alembic can't compare."""
    if kind == "index" and name == "ix_tickets_searched":
        return False  # an expression with an operator class reads back in another form
    return alembic_helpers.include_object(thing, name, kind, reflected, compare_to)


OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "include_object": include_object,
    "process_revision_directives": alembic_helpers.writer,
    "render_item": alembic_helpers.render_item,
    "transaction_per_migration": True,
    "compare_server_default": True,
}


def run_offline() -> None:
    """Print the SQL."""
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Migrate the database at `sqlalchemy.url`."""
    url = context.config.get_main_option("sqlalchemy.url")
    assert url, "the caller sets sqlalchemy.url"  # noqa: S101  wiring fault
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
