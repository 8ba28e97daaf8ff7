"""What an administrator checks first when something is wrong: each part, and what to do about it."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from api.adapters.postgres_programs import PostgresUnusable, find_programs
from api.migrate import pending_revisions
from api.settings import Settings, SettingsRefused, load_settings

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRESQL = 150_000
OLDEST_POSTGIS = (3, 3)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: a sentence, and whether all is well."""

    check: str
    is_well: bool
    words: str


def examine() -> Iterator[Finding]:
    """Check this installation part by part; what an earlier finding makes impossible is left out."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", sys.version_info >= OLDEST_PYTHON, f"Python {version}; 3.11 or newer is needed")
    try:
        settings = load_settings()
    except SettingsRefused as refused:
        yield from (Finding("settings", is_well=False, words=words) for words in str(refused).splitlines())
        return
    yield Finding(
        "settings", is_well=True, words=f"demo {'on' if settings.demo else 'off'}, home {settings.home}"
    )
    yield _finding("files", _files, settings)
    if settings.database_url is None:
        yield _finding("postgresql", _programs, settings)
        return
    database = _finding("database", _database, settings)
    yield database
    if database.is_well:
        yield _finding("migrations", _migrations, settings)


class _Unwell(Exception):  # noqa: N818  a sentence, not an error
    """A check found something; the text says what to do."""


def _finding(check: str, look: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(check, is_well=True, words=look(settings))
    except (_Unwell, PostgresUnusable) as unwell:
        return Finding(check, is_well=False, words=str(unwell))


def _programs(settings: Settings) -> str:
    del settings
    programs = find_programs()
    return f"no database is configured; the demo would run PostgreSQL {programs.major} from {programs.folder}"


def _files(settings: Settings) -> str:
    place = urlsplit(settings.files_location)
    if place.scheme != "file":
        return f"{settings.files_location} (not checked here: the API checks its object store at /readyz)"
    folder = Path(unquote(place.path))
    existing = folder
    try:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=existing):
            free_mb = os.statvfs(existing).f_bavail * os.statvfs(existing).f_frsize // 1_000_000
    except OSError as error:
        raise _Unwell(f"{existing} can't be written ({error.strerror}): photos have no place") from error
    return f"{folder} can be written; {free_mb} MB are free"


def _database(settings: Settings) -> str:
    engine = create_engine(settings.required_database_url, connect_args={"connect_timeout": 10})
    try:
        with engine.connect() as connection:
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
            postgis = connection.execute(
                text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'")
            ).scalar_one_or_none()
    except SQLAlchemyError as error:
        raise _Unwell(f"the database can't be reached: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()
    if number < OLDEST_POSTGRESQL:
        raise _Unwell(f"PostgreSQL {number // 10_000} is too old: 15 or newer is needed")
    if postgis is None:
        raise _Unwell("the database has no PostGIS: run `CREATE EXTENSION postgis` in it as superuser")
    if tuple(int(part) for part in postgis.split(".")[:2]) < OLDEST_POSTGIS:
        raise _Unwell(f"PostGIS {postgis} is too old: 3.3 or newer is needed")
    return f"PostgreSQL {number // 10_000} with PostGIS {postgis}"


def _migrations(settings: Settings) -> str:
    if pending := pending_revisions(settings):
        raise _Unwell(
            f"{len(pending)} revisions are pending, the first is {pending[0]}: run `gridpatrol migrate`"
        )
    return "the database is at the newest revision"
