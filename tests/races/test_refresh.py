"""Sign-ins under attempts at the same moment."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlmodel import col

from api.db import Database
from api.domain.attempts import SLOWDOWNS, account_subject
from api.domain.errors import SignInRefused, TokenRefused, TooManyAttempts
from api.domain.sign_ins import REPEAT_WITHIN
from api.models import FailedSignIn, SignIn
from api.services import accounts
from api.services.accounts import Device, Grant
from tests.example_people import PASSWORD, new_person

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LIFETIME = timedelta(days=30)
AT_ONCE = 20
HERE = "198.18.0.1"


async def sign_in(database: Database, username: str, device: Device, password: str = PASSWORD) -> Grant:
    return await accounts.sign_in(database, username, password, device, MORNING, LIFETIME)


async def refresh(database: Database, token: str, device: Device) -> Grant | TokenRefused:
    async with database.write() as session:
        return await accounts.refresh(
            session, token, device.id, MORNING, LIFETIME, repeat_within=REPEAT_WITHIN
        )


async def refresh_at_once(database: Database, token: str, device: Device) -> list[Grant | TokenRefused]:
    return await asyncio.gather(*(refresh(database, token, device) for _ in range(AT_ONCE)))


async def living_sign_ins(database: Database, grant: Grant) -> list[SignIn]:
    async with database.read() as session:
        query = select(SignIn).where(
            col(SignIn.person_id) == grant.person_id, col(SignIn.revoked_at).is_(None)
        )
        return list((await session.execute(query)).scalars())


async def test_of_twenty_exchanges_at_once_without_a_device_one_wins_and_the_rest_end_the_sign_in(
    database: Database,
) -> None:
    person, device = await new_person(database), Device(None, None, HERE)
    grant = await sign_in(database, person.username, device)
    outcomes = await refresh_at_once(database, grant.refresh_token, device)
    winners = [outcome for outcome in outcomes if isinstance(outcome, Grant)]
    assert len(winners) == 1
    assert await living_sign_ins(database, grant) == []
    assert isinstance(await refresh(database, winners[0].refresh_token, device), TokenRefused)


async def test_twenty_exchanges_at_once_by_one_phone_stay_one_sign_in(database: Database) -> None:
    person, device = await new_person(database), Device(str(uuid4()), "phone", HERE)
    grant = await sign_in(database, person.username, device)
    outcomes = await refresh_at_once(database, grant.refresh_token, device)
    grants = [outcome for outcome in outcomes if isinstance(outcome, Grant)]
    assert len(grants) == AT_ONCE
    assert {one.sign_in_id for one in grants} == {grant.sign_in_id}
    assert len(await living_sign_ins(database, grant)) == 1
    assert isinstance(await refresh(database, grants[0].refresh_token, device), Grant)


async def test_an_exchange_beside_a_sign_out_never_outlives_it(database: Database) -> None:
    person, device = await new_person(database), Device(str(uuid4()), "phone", HERE)
    for _ in range(5):
        grant = await sign_in(database, person.username, device)

        async def sign_out(token: str = grant.refresh_token) -> None:
            async with database.write() as session:
                await accounts.sign_out_by_token(session, token, MORNING)

        outcome, _ = await asyncio.gather(refresh(database, grant.refresh_token, device), sign_out())
        newest = outcome.refresh_token if isinstance(outcome, Grant) else grant.refresh_token
        assert isinstance(await refresh(database, newest, device), TokenRefused)
        assert await living_sign_ins(database, grant) == []


async def test_of_twenty_wrong_guesses_at_once_no_more_are_answered_than_one_after_the_other(
    database: Database,
) -> None:
    person, device = await new_person(database), Device(None, None, HERE)
    outcomes = await asyncio.gather(
        *(sign_in(database, person.username, device, "wrong") for _ in range(AT_ONCE)), return_exceptions=True
    )
    free = SLOWDOWNS.account.free
    assert sum(isinstance(one, SignInRefused) for one in outcomes) == free
    assert sum(isinstance(one, TooManyAttempts) for one in outcomes) == AT_ONCE - free
    async with database.read() as session:
        kept = await session.get_one(FailedSignIn, account_subject(person.username))
    assert kept.failures == free


async def test_a_right_guess_that_arrives_among_the_wrong_ones_is_not_told_apart(database: Database) -> None:
    person, device = await new_person(database), Device(None, None, HERE)
    subject = account_subject(person.username)
    with pytest.raises(SignInRefused):
        await sign_in(database, person.username, device, "wrong")
    async with database.write() as session:
        # Another guess is about to be counted as the fifth; the right one, already compared, waits behind it.
        failed = update(FailedSignIn).where(col(FailedSignIn.subject) == subject)
        await session.execute(failed.values(failures=SLOWDOWNS.account.free))
        guess = asyncio.create_task(sign_in(database, person.username, device))
        await somebody_waits(database)
    with pytest.raises(TooManyAttempts):
        await guess


async def somebody_waits(database: Database) -> None:
    """Return when a transaction of this database waits for another one's lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while True:
            async with database.read() as session:
                if (await session.execute(query)).scalar_one():
                    return
            await asyncio.sleep(0.02)


async def test_twenty_right_sign_ins_at_once_all_succeed(database: Database) -> None:
    person, device = await new_person(database), Device(None, None, HERE)
    grants = await asyncio.gather(*(sign_in(database, person.username, device) for _ in range(AT_ONCE)))
    assert len({grant.sign_in_id for grant in grants}) == AT_ONCE
