"""Migrations: up, down and up again, and no difference between what they make and what the models say."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, text

from api import migrate
from api.settings import Settings
from tests.conftest import Server

OURS = """
SELECT kind, name, definition FROM (
    SELECT 'column', c.oid, c.relname || '.' || a.attname,
        concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'v')
    UNION ALL SELECT 'constraint', conrelid, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0
    UNION ALL SELECT 'index', indrelid, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    UNION ALL SELECT 'trigger', tgrelid, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'sequence', seqrelid, seqrelid::regclass::text, seqtypid::regtype || ' ' || seqincrement
    FROM pg_sequence
) AS things (kind, relation, name, definition)
JOIN pg_class ON pg_class.oid = relation
WHERE relnamespace = 'public'::regnamespace
    AND relname <> 'alembic_version' AND relname NOT LIKE 'alembic_version%'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = relation AND deptype = 'e')
UNION ALL
SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
ORDER BY 1, 2, 3
"""
"""Everything in the public schema that belongs to no extension, as text."""


def config_of(url: str) -> Config:
    """Return what Alembic's commands want to know."""
    config = Config()
    # A percent sign starts an interpolation in Alembic's configuration.
    config.set_main_option("script_location", str(migrate.MIGRATIONS).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def things_in(engine: Engine) -> list[tuple[Any, ...]]:
    """List our tables, constraints, indexes, triggers, sequences and functions as the database has them."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(OURS))]


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """Return the URL of a database with nothing in it."""
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def engine(url: str) -> Engine:
    """Return an engine that keeps no connection."""
    return create_engine(url, poolclass=NullPool)


def test_going_down_leaves_nothing_and_going_up_again_makes_the_same(url: str, engine: Engine) -> None:
    config = config_of(url)
    command.upgrade(config, "head")
    first = things_in(engine)
    assert {kind for kind, *_ in first} == {
        "column",
        "constraint",
        "index",
        "trigger",
        "sequence",
        "function",
    }
    command.downgrade(config, "base")
    assert things_in(engine) == []
    command.upgrade(config, "head")
    assert things_in(engine) == first


def test_the_models_and_the_migrations_say_the_same(url: str) -> None:
    config = config_of(url)
    command.upgrade(config, "head")
    command.check(config)


def test_there_is_one_newest_revision() -> None:
    assert len(ScriptDirectory.from_config(config_of("")).get_heads()) == 1


def test_going_up_twice_changes_nothing(url: str, engine: Engine) -> None:
    config = config_of(url)
    command.upgrade(config, "head")
    once = things_in(engine)
    command.upgrade(config, "head")
    assert things_in(engine) == once


def test_a_database_that_is_not_there_is_told_in_a_sentence() -> None:
    nowhere = Settings(demo=True, database_url="postgresql://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(migrate.DatabaseUnusable, match=r"^The database can't be used: .*Connection refused"):
        migrate.upgrade(nowhere)
