"""Set passwords: an administrator anybody's, everybody the own one. Setting one ends the sign-ins that are open."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from api.adapters.passwords import hash_password, verify_password
from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.attempts import SLOWDOWNS, account_subject, check_waits
from api.domain.errors import FieldWrong, NotFound
from api.domain.people import Deed, check_password
from api.domain.sign_ins import EndReason
from api.models import Person
from api.queries.personnel import find_password_hash
from api.queries.sign_ins import find_failures
from api.services.accounts import end_sign_ins, forget_failures, lock_failures, store_failures
from api.services.person_events import note_deed


async def set_password(
    database: Database, viewer: Viewer, username: str, password: str, now: datetime
) -> None:
    """Give somebody a password, as an administrator: all her sign-ins end, and failed attempts are forgotten.

    Raises NotFound, and FieldWrong for a password that is easily guessed. Opens transactions of its own, like
    everything here: nobody may hold a connection while a password is hashed.
    """
    check_password(password, username, "/password")
    async with database.read() as session:
        if not (await find_password_hash(session, username))[0]:
            raise NotFound("There is no such person.", username=username)
    password_hash = await hash_password(password)
    async with database.write() as session:
        statement = update(Person).where(col(Person.username) == username).values(password_hash=password_hash)
        person_id = (await session.execute(statement.returning(col(Person.id)))).scalar_one()
        await _settle(session, viewer, person_id, username, now)


async def change_own_password(database: Database, viewer: Viewer, old: str, new: str, now: datetime) -> None:
    """Change the viewer's own password; every other sign-in of hers ends.

    Whoever found a phone that is signed in must not guess here what signing in would not let her guess: wrong
    old passwords count as failed attempts (TooManyAttempts). Raises FieldWrong for a wrong old password, and for
    a new one that is easily guessed or no other.
    """
    check_password(new, viewer.username, "/new_password")
    if new == old:
        raise FieldWrong("/new_password", "password_same", "The new password is the old one.")
    subjects = [account_subject(viewer.username)]
    async with database.read() as session:
        check_waits(await find_failures(session, subjects), subjects, SLOWDOWNS, now)
        _, kept_hash = await find_password_hash(session, viewer.username)
    is_right = (await verify_password(old, kept_hash)).is_right
    new_hash = await hash_password(new) if is_right else None
    async with database.write() as session:
        records = await lock_failures(session, subjects, now)
        check_waits(records, subjects, SLOWDOWNS, now)
        statement = (
            update(Person)
            .where(col(Person.id) == viewer.person_id, col(Person.password_hash) == kept_hash)
            .values(password_hash=new_hash)
            .returning(col(Person.id))
        )
        # Whoever was slower at this with the same old password has a wrong one now.
        if new_hash is not None and (await session.execute(statement)).one_or_none() is not None:
            await _settle(session, viewer, viewer.person_id, viewer.username, now)
            return
        for subject, failures in records.items():
            await store_failures(session, subject, SLOWDOWNS.rule(subject).failed_again(failures, now))
    # Only now: an error inside the transaction would take the count back.
    raise FieldWrong("/old_password", "password_wrong", "This is not your password.")


async def _settle(
    session: WriteSession, viewer: Viewer, person_id: UUID, username: str, now: datetime
) -> None:
    """Do what comes with a new password; the sign-in of whoever sets the own one goes on."""
    await end_sign_ins(session, person_id, now, EndReason.PASSWORD_SET, but=viewer.session_id)
    await forget_failures(session, [account_subject(username)])
    await note_deed(session, person_id, Deed.PASSWORD_SET, viewer.person_id, now)
