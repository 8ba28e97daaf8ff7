"""People for tests that sign in."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from uuid import UUID, uuid4

from sqlalchemy import insert

from api.adapters.passwords import hash_password
from api.db import Database
from api.domain.access import Role
from api.models import Person

PASSWORD = "correct horse battery staple"


@cache
def password_hash() -> str:
    """Return the hash of the password that everybody has; Argon2 takes its time, so it is made once."""
    return asyncio.run(hash_password(PASSWORD))


@dataclass(frozen=True)
class ExamplePerson:
    """Somebody who can sign in with `PASSWORD`."""

    id: UUID
    username: str


async def new_person(
    database: Database,
    *,
    role: Role = Role.DISPATCHER,
    unit_id: int | None = None,
    is_active: bool = True,
    kept_hash: str | None = None,
) -> ExamplePerson:
    """Store a person."""
    person = ExamplePerson(uuid4(), f"p-{uuid4().hex}")
    hashed = kept_hash or await asyncio.to_thread(password_hash)
    async with database.write() as session:
        await session.execute(
            insert(Person).values(
                id=person.id,
                username=person.username,
                password_hash=hashed,
                name="李建国",
                phone="13812345678",
                role=role,
                unit_id=unit_id,
                is_active=is_active,
                created_at=datetime.now(UTC),
            )
        )
    return person
