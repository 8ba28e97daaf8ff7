"""Store people: make accounts, change them, end them; every deed is kept."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from api.adapters.passwords import hash_password, verify_password
from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.errors import FieldWrong, LastAdministrator, NotFound
from api.domain.people import Deed, Duty, PersonDraft, check_password, check_person
from api.domain.reference import Reference
from api.domain.sign_ins import EndReason
from api.domain.versions import check_version
from api.models import Grid, GridPerson, Person, PersonEvent
from api.queries.personnel import (
    StoredPerson,
    find_password_hash,
    find_person,
    has_other_administrator,
    lock_people,
    owner_of_officer_number,
)
from api.services.accounts import end_sign_ins


@dataclass(frozen=True, slots=True)
class PutPerson:
    """What became of a person that was sent."""

    stored: StoredPerson
    is_new: bool


async def put_person(
    database: Database,
    viewer: Viewer,
    reference: Reference,
    draft: PersonDraft,
    seen_version: int | None,
    now: datetime,
    today: date,
    *,
    password: str | None = None,
) -> PutPerson:
    """Store a person, and a first password with a new one; what is stored already is not stored again.

    Opens transactions of its own, because nobody may hold a connection while a password is hashed. Duties that
    are left out end yesterday, or never were if they have not begun; those that are over stay as they were.
    Raises FieldWrong for what can't be meant, VersionNeeded, VersionConflict, NotFound for a version of a
    person that does not exist, LastAdministrator when nobody could let people in afterwards.
    """
    password_hash = (
        await _first_password(database, draft.username, password) if password is not None else None
    )
    sent, draft = draft, replace(draft, duties=tuple(sorted(draft.duties, key=_grid_and_day)))
    async with database.write() as session:
        await lock_people(session)
        stored = await find_person(session, draft.username, today)
        if stored is not None and stored.draft == draft:
            return PutPerson(stored, is_new=False)
        check_version("person", stored.version if stored else None, seen_version, username=draft.username)
        unit = check_person(sent, reference.units_by_code, reference.grids)
        await _check_officer_number(session, draft)
        if stored is not None and stored.draft.is_administrator and not draft.is_administrator:
            await _check_not_last(session, stored)
        person_id = stored.id if stored else uuid4()
        version = stored.version + 1 if stored else 1
        await _store(
            session, draft, person_id, version, unit.id if unit else None, stored, password_hash, now
        )
        await _store_duties(session, draft, person_id, stored, reference, today)
        if stored is not None and stored.draft.is_active and not draft.is_active:
            await end_sign_ins(session, person_id, now, EndReason.DEACTIVATED)
        changed = {"fields": _changed(stored.draft, draft)} if stored else {}
        await note_deed(
            session, person_id, Deed.CHANGED if stored else Deed.CREATED, viewer.person_id, now, **changed
        )
        has_password = stored.has_password if stored else password_hash is not None
    return PutPerson(StoredPerson(person_id, draft, version, has_password), is_new=stored is None)


async def read_person(
    session: WriteSession, viewer: Viewer, username: str, now: datetime, today: date
) -> StoredPerson:
    """Return a person with her phone number, and keep who read it; NotFound when there is none."""
    stored = await find_person(session, username, today)
    if stored is None:
        raise NotFound("There is no such person.", username=username)
    if stored.draft.phone is not None:
        await note_deed(session, stored.id, Deed.PHONE_READ, viewer.person_id, now)
    return stored


async def note_deed(
    session: WriteSession, person_id: UUID, deed: Deed, by_id: UUID | None, now: datetime, **facts: object
) -> None:
    """Keep what was done to an account, or read of it."""
    row = {"person_id": person_id, "deed": deed, "by_id": by_id, "at": now, "facts": facts}
    await session.execute(insert(PersonEvent).values(row))


async def _first_password(database: Database, username: str, password: str) -> str | None:
    """Return the hash for a new account; None for one that has just this password, as when a PUT is repeated."""
    check_password(password, username, "/password")
    async with database.read() as session:
        is_there, kept_hash = await find_password_hash(session, username)
    if not is_there:
        return await hash_password(password)
    if kept_hash is None or not (await verify_password(password, kept_hash)).is_right:
        raise FieldWrong(
            "/password",
            "password_elsewhere",
            "This account exists: PUT its password to .../password instead.",
        )
    return None


async def _check_officer_number(session: WriteSession, draft: PersonDraft) -> None:
    if draft.officer_number is None:
        return
    owner = await owner_of_officer_number(session, draft.officer_number)
    if owner is not None and owner != draft.username:
        raise FieldWrong(
            "/officer_number", "officer_number_taken", "Somebody else has this number.", username=owner
        )


async def _check_not_last(session: WriteSession, stored: StoredPerson) -> None:
    if stored.has_password and not await has_other_administrator(session, stored.id):
        raise LastAdministrator(
            "Make somebody else an administrator first, active, with a password, without end."
        )


def _changed(before: PersonDraft, after: PersonDraft) -> list[str]:
    return [one.name for one in fields(PersonDraft) if getattr(before, one.name) != getattr(after, one.name)]


async def _store(
    session: WriteSession,
    draft: PersonDraft,
    person_id: UUID,
    version: int,
    unit_id: int | None,
    stored: StoredPerson | None,
    password_hash: str | None,
    now: datetime,
) -> None:
    row: dict[str, Any] = {
        "name": draft.name,
        "role": draft.role,
        "unit_id": unit_id,
        "phone": draft.phone,
        "officer_number": draft.officer_number,
        "valid_until": draft.valid_until,
        "is_active": draft.is_active,
        "version": version,
    }
    if stored is None:
        new = {"id": person_id, "username": draft.username, "password_hash": password_hash, "created_at": now}
        await session.execute(insert(Person).values(**new, **row))
    else:
        await session.execute(update(Person).where(col(Person.id) == person_id).values(**row))


async def _store_duties(
    session: WriteSession,
    draft: PersonDraft,
    person_id: UUID,
    stored: StoredPerson | None,
    reference: Reference,
    today: date,
) -> None:
    """Make the duties that are not over those of the draft."""
    before = {_grid_and_day(duty): duty for duty in stored.draft.duties} if stored else {}
    after = {_grid_and_day(duty): duty for duty in draft.duties}
    for key, duty in before.items():
        if key not in after:
            await _end_duty(session, person_id, duty, today)
    for key, duty in after.items():
        row = {"to_on": duty.to_on, "is_phone_public": duty.is_phone_public}
        if key not in before:
            key_row = {
                "person_id": person_id,
                "grid_id": reference.grids[duty.grid].id,
                "from_on": duty.from_on,
            }
            # One that was over may begin again on the same day, by a correction.
            statement = postgresql.insert(GridPerson).values(**key_row, **row)
            await session.execute(statement.on_conflict_do_update(index_elements=list(key_row), set_=row))
        elif before[key] != duty:
            await session.execute(update(GridPerson).where(*_is(person_id, duty)).values(**row))


async def _end_duty(session: WriteSession, person_id: UUID, duty: Duty, today: date) -> None:
    if duty.from_on < today:
        yesterday = today - timedelta(days=1)
        await session.execute(update(GridPerson).where(*_is(person_id, duty)).values(to_on=yesterday))
    else:
        await session.execute(delete(GridPerson).where(*_is(person_id, duty)))


def _is(person_id: UUID, duty: Duty) -> tuple[ColumnElement[bool], ...]:
    # By code: the duty may have begun on an earlier version of the grid.
    grids = select(col(Grid.id)).where(col(Grid.code) == duty.grid)
    return (
        col(GridPerson.person_id) == person_id,
        col(GridPerson.grid_id).in_(grids),
        col(GridPerson.from_on) == duty.from_on,
    )


def _grid_and_day(duty: Duty) -> tuple[str, date]:
    return duty.grid, duty.from_on
