"""Units and people from and into tables: wiring for the commands `import units`, `import people` and their exports."""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import choice

from anyio import create_task_group
from rich.console import Console
from rich.progress import Progress

from api import clock
from api.adapters.passwords import HASHES_AT_ONCE, hash_password
from api.adapters.spreadsheets import write_csv, write_workbook
from api.db import Database
from api.domain import person_files, unit_files
from api.domain.imports import Imported, require_no_fault
from api.domain.person_files import PersonEntry
from api.domain.reference import Reference
from api.domain.tables import Column
from api.domain.units import UnitDraft
from api.queries.personnel import find_all_people
from api.queries.reference import load_reference
from api.queries.units import load_units
from api.services.person_imports import import_people
from api.services.unit_imports import import_units
from api.settings import Settings
from api.table_bodies import Entry, Read, ReadRows, read_table_file

WORKBOOK = ".xlsx"

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""No l, i, o, 0 and 1, which are mistaken for each other on paper."""

_GROUPS, _GROUP = 4, 4
"""Of a password: 16 characters of 31 are 79 bits. In groups, because they are read aloud and typed on phones."""


def read_table(
    path: Path, encoding: str, columns: Sequence[Column], read_rows: ReadRows[Entry]
) -> Read[Entry]:
    """Read a file as what its name says it is, a workbook or CSV; OSError when that can't be done."""
    is_workbook = path.suffix.lower() == WORKBOOK
    return read_table_file(path.read_bytes(), None if is_workbook else encoding, columns, read_rows)


async def import_unit_table(settings: Settings, path: Path, encoding: str, *, is_dry_run: bool) -> Imported:
    """Store the units of a file, or only tell what that would do; ImportRefused when anything is wrong with it."""
    entries, findings = read_table(path, encoding, unit_files.COLUMNS, unit_files.read_units)
    database = Database(settings.required_database_url, pool_size=1)
    try:
        reference = await _reference(database, settings)
        opened = database.trial() if is_dry_run else database.write()
        async with opened as session:
            return await import_units(
                session, None, reference, entries, findings, clock.now(), is_preview=is_dry_run
            )
    finally:
        await database.close()


async def import_person_table(
    settings: Settings,
    path: Path,
    encoding: str,
    *,
    is_dry_run: bool,
    new_passwords: Path | None,
    console: Console | None,
) -> Imported:
    """Store the people of a file, or only tell what that would do; ImportRefused when anything is wrong with it.

    With `new_passwords` new accounts get passwords of chance, which are written to that new file, for its owner's eyes
    only, before anything is stored; it is gone again when nothing was. FileExistsError when the file is there.
    """
    entries, findings = read_table(path, encoding, person_files.COLUMNS, person_files.read_people)
    database = Database(settings.required_database_url, pool_size=1)
    try:
        reference = await _reference(database, settings)
        today = settings.today(clock.now())
        async with database.trial() as session:
            tried = await import_people(
                session, None, reference, entries, findings, clock.now(), today, is_preview=True
            )
        if is_dry_run:
            return tried
        require_no_fault(tried.findings)
        if new_passwords is None:
            return await _store_people(database, settings, entries, tried, {})
        added = set(tried.change.added)
        names = {entry.username: entry.said["name"] for entry in entries if entry.username in added}
        # Nobody waits for these hashes, and no connection is held while they are made.
        with _kept_for_owner(new_passwords, names) as passwords:
            hashes = await _hashed(passwords, console)
            return await _store_people(database, settings, entries, tried, hashes)
    finally:
        await database.close()


async def export_unit_table(settings: Settings, path: Path | None) -> bytes:
    """Return all units as a table, a workbook where the path says so, else CSV."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.read() as session:
            units = await load_units(session)
    finally:
        await database.close()
    rows = unit_files.unit_rows(UnitDraft.of(unit, units) for unit in units.values())
    return written_table("单位", rows, path)


async def export_person_table(settings: Settings, path: Path | None) -> bytes:
    """Return everybody as a table with phone numbers, never passwords; a workbook where the path says so, else CSV."""
    database = Database(settings.required_database_url, pool_size=1)
    try:
        async with database.read() as session:
            people = await find_all_people(session, settings.today(clock.now()))
    finally:
        await database.close()
    return written_table("人员", person_files.person_rows(one.draft for one in people), path)


def written_table(name: str, rows: Sequence[Sequence[str]], path: Path | None) -> bytes:
    """Return rows as the file that a path names."""
    if path is not None and path.suffix.lower() == WORKBOOK:
        return write_workbook([(name, rows)])
    return write_csv(rows)


async def _reference(database: Database, settings: Settings) -> Reference:
    async with database.snapshot() as session:
        return await load_reference(session, settings.zone)


async def _store_people(
    database: Database,
    settings: Settings,
    entries: Sequence[PersonEntry],
    tried: Imported,
    hashes: Mapping[str, str],
) -> Imported:
    # Hashing took its time: units and grids may be others by now.
    reference = await _reference(database, settings)
    now = clock.now()
    async with database.write() as session:
        return await import_people(
            session,
            None,
            reference,
            entries,
            tried.warnings,
            now,
            settings.today(now),
            is_preview=False,
            password_hashes=hashes,
        )


@contextmanager
def _kept_for_owner(path: Path, names: Mapping[str, str]) -> Generator[dict[str, str]]:
    """Yield a password for each user name, written to a new file for its owner alone; gone when the block fails."""
    passwords = {username: _password() for username in names}
    rows = [(username, names[username], password) for username, password in passwords.items()]
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(write_csv([("username", "name", "password"), *rows]))
            file.flush()
            os.fsync(file.fileno())
        yield passwords
    except BaseException:
        path.unlink()
        raise


def _password() -> str:
    return "-".join("".join(choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


async def _hashed(passwords: Mapping[str, str], console: Console | None) -> dict[str, str]:
    """Return the hashes of passwords by user name, as many at once as cores are allowed; progress on the console."""
    hashes: dict[str, str] = {}
    waiting = iter(passwords.items())
    with Progress(console=console, disable=console is None) as progress:
        bar = progress.add_task("passwords", total=len(passwords))

        async def take_turns() -> None:
            for username, password in waiting:
                hashes[username] = await hash_password(password)
                progress.advance(bar)

        async with create_task_group() as group:
            for _ in range(HASHES_AT_ONCE):
                group.start_soon(take_turns)
    return hashes
