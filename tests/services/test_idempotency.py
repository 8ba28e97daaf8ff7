"""Keys of POSTs: claimed once, told apart, and forgotten after a week."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.db import Database
from api.domain.errors import KeyReused
from api.services.idempotency import KEPT_FOR, claim_key, purge_keys
from tests.example_people import ExamplePerson, new_person

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
async def person(database: Database) -> ExamplePerson:
    """Return somebody who sends requests."""
    return await new_person(database)


async def claimed(
    database: Database, person: ExamplePerson, key: str, sha256: str = ONE, at: datetime = NOON
) -> bool:
    async with database.write() as session:
        return await claim_key(session, person.id, key, sha256, uuid4(), at)


async def test_a_key_is_claimed_once(database: Database, person: ExamplePerson) -> None:
    assert await claimed(database, person, "k")
    assert not await claimed(database, person, "k")


async def test_a_key_belongs_to_one_person(database: Database, person: ExamplePerson) -> None:
    other = await new_person(database)
    assert await claimed(database, person, "k")
    assert await claimed(database, other, "k", OTHER)


async def test_a_key_is_refused_for_another_request(database: Database, person: ExamplePerson) -> None:
    await claimed(database, person, "k")
    with pytest.raises(KeyReused):
        await claimed(database, person, "k", OTHER)


async def test_old_keys_are_forgotten_and_young_ones_kept(database: Database, person: ExamplePerson) -> None:
    await claimed(database, person, "old")
    await claimed(database, person, "young", at=NOON + timedelta(seconds=1))
    async with database.write() as session:
        assert await purge_keys(session, NOON + KEPT_FOR + timedelta(seconds=1)) == 1
    async with database.write() as session:
        assert await purge_keys(session, NOON + KEPT_FOR + timedelta(seconds=1)) == 0
    assert await claimed(database, person, "old", OTHER)
    assert not await claimed(database, person, "young")
