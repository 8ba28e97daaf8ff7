"""Store people: make accounts, change them, end them; every deed is kept."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import uuid4

from api.adapters.passwords import hash_password, verify_password
from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.errors import FieldWrong, LastAdministrator, NotFound
from api.domain.people import Deed, Duty, PersonDraft, check_password, check_person
from api.domain.reference import Reference
from api.domain.versions import check_version
from api.queries.personnel import (
    StoredPerson,
    find_password_hash,
    find_person,
    has_other_administrator,
    lock_people,
    owner_of_officer_number,
)
from api.services.person_events import note_deed
from api.services.person_records import PersonChange, store_people


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
    are left out end yesterday, or never were if they have not begun; those that are over stay as they were. Tickets
    that she handles are nobody's when her account ends or she leaves her unit.
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
        # Whoever is on duty in a grid that ended stays so until somebody takes the duty away.
        held = {duty.grid: reference.known_grids[duty.grid] for duty in stored.draft.duties} if stored else {}
        unit = check_person(sent, reference.units_by_code, {**reference.grids, **held})
        await _check_officer_number(session, draft)
        if stored is not None and stored.draft.is_administrator and not draft.is_administrator:
            await _check_not_last(session, stored)
        change = PersonChange(
            stored.id if stored else uuid4(), draft, unit.id if unit else None, stored, password_hash
        )
        await store_people(session, reference, viewer, [change], now, today)
        has_password = stored.has_password if stored else password_hash is not None
    return PutPerson(
        StoredPerson(change.person_id, draft, change.version, has_password), is_new=stored is None
    )


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


def _grid_and_day(duty: Duty) -> tuple[str, date]:
    return duty.grid, duty.from_on
