"""What an administrator checks first when something is wrong: each part, and what to do about it."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from api import clock
from api.adapters.postgres_programs import PostgresUnusable, find_programs
from api.db import Database
from api.domain.calendar_warnings import Outlook
from api.migrate import pending_revisions
from api.queries.calendars import find_short_calendars, load_calendars
from api.queries.policies import load_policies
from api.settings import Settings, SettingsRefused, load_settings

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRESQL = 150_000
OLDEST_POSTGIS = (3, 3)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: a sentence, and whether all is well.

    A warning is well for today and will not be if nobody acts.
    """

    check: str
    is_well: bool
    words: str
    is_warning: bool = False


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
    if not database.is_well:
        return
    migrations = _finding("migrations", _migrations, settings)
    yield migrations
    if migrations.is_well:
        yield from _calendars(settings)


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


def _calendars(settings: Settings) -> Iterator[Finding]:
    """Tell calendars that are not there, or soon know no holidays; one that has ended gives no due times."""
    now = clock.now()
    missing, short = asyncio.run(_doubtful_calendars(settings, now))
    for policy, code in missing.items():
        yield Finding(
            "calendars",
            is_well=False,
            words=f"the policy {policy} counts in the calendar {code!r}, which is not there: that stage has no due "
            f"time; PUT /v1/calendars/{code}, or name another one in PUT /v1/policies",
        )
    for seen in short:
        yield Finding("calendars", seen.days_left >= 0, seen.words("en"), is_warning=True)
    if not missing and not short:
        yield Finding("calendars", is_well=True, words="holidays are loaded far enough ahead")


async def _doubtful_calendars(settings: Settings, now: datetime) -> tuple[dict[str, str], list[Outlook]]:
    """Return the calendars that policies name and nobody made, by policy, and those that soon know no holidays."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.read() as session:
            named = (await load_policies(session)).calendars()
            known = await load_calendars(session)
            missing = {policy: code for policy, code in named.items() if code not in known}
            return missing, await find_short_calendars(session, now)
    finally:
        await database.close()
