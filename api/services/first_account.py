"""The first account of an empty installation, which nobody can make over the interface."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import insert

from api.adapters.passwords import hash_password
from api.db import Database
from api.domain.access import Role
from api.domain.errors import FieldWrong, LastAdministrator
from api.domain.people import Deed, check_password
from api.models import Person
from api.queries.personnel import find_password_hash, has_other_administrator, lock_people
from api.services.person_events import note_deed


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """The administrator of an installation that nobody can let people into."""

    username: str
    name: str
    password: str


async def create_administrator(database: Database, account: FirstAccount, now: datetime) -> None:
    """Make the first administrator, or one where the only one left has no password any more.

    Raises LastAdministrator while there is somebody who could do it over the interface, FieldWrong for a user
    name that is taken or a password that is easily guessed.
    """
    check_password(account.password, account.username, "/password")
    password_hash = await hash_password(account.password)
    async with database.write() as session:
        await lock_people(session)
        if await has_other_administrator(session, None):
            raise LastAdministrator(
                "There is an administrator already, who makes accounts with PUT /v1/people."
            )
        if (await find_password_hash(session, account.username))[0]:
            raise FieldWrong("/username", "username_taken", "Somebody has this user name.")
        person_id = uuid4()
        row = {
            "id": person_id,
            "username": account.username,
            "password_hash": password_hash,
            "name": account.name,
            "role": Role.ADMINISTRATOR,
            "is_active": True,
            "created_at": now,
        }
        await session.execute(insert(Person).values(row))
        await note_deed(session, person_id, Deed.CREATED, None, now)
