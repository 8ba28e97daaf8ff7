"""Signing in, staying signed in and signing out, on a real database."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, insert, select
from sqlmodel import col

from api.adapters.tokens import fingerprint
from api.db import Database
from api.domain.attempts import (
    FORGET_AFTER,
    SLOWDOWNS,
    Slowdown,
    SlowdownPolicy,
    account_subject,
    address_subject,
)
from api.domain.errors import SignInRefused, TokenRefused, TooManyAttempts
from api.domain.sign_ins import REPEAT_WITHIN, EndReason
from api.models import FailedSignIn, Person, RefreshToken, SignIn
from api.queries import people
from api.services import accounts
from api.services.accounts import Device, Grant, purge_expired_sign_ins
from tests.example_people import PASSWORD, ExamplePerson, new_person

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LIFETIME = timedelta(days=30)
HERE, ELSEWHERE = "198.18.0.1", "198.18.0.2"


@dataclass
class Office:
    """What a test does with the service, at a time and from a device of its choice."""

    database: Database
    now: datetime
    device: Device

    async def sign_in(
        self, person: ExamplePerson | str, password: str = PASSWORD, slowdowns: SlowdownPolicy = SLOWDOWNS
    ) -> Grant:
        """Sign in, by default with the right password."""
        username = person if isinstance(person, str) else person.username
        return await accounts.sign_in(
            self.database, username, password, self.device, self.now, LIFETIME, slowdowns=slowdowns
        )

    async def fail(self, person: ExamplePerson | str, times: int = 1) -> None:
        """Sign in with a wrong password, and be refused."""
        for _ in range(times):
            with pytest.raises(SignInRefused):
                await self.sign_in(person, "wrong")

    async def refresh(self, token: str, device_id: str | None = None) -> Grant | TokenRefused:
        """Present a refresh token, by default from the same device."""
        async with self.database.write() as session:
            return await accounts.refresh(
                session, token, device_id or self.device.id, self.now, LIFETIME, repeat_within=REPEAT_WITHIN
            )

    async def refreshed(self, token: str) -> Grant:
        """Exchange a refresh token that must be good."""
        grant = await self.refresh(token)
        assert isinstance(grant, Grant)
        return grant

    async def is_signed_in(self, grant: Grant) -> bool:
        """Tell whether access tokens of the sign-in work."""
        async with self.database.read() as session:
            return await people.find_viewer(session, grant.sign_in_id, self.now.date()) is not None

    async def why_ended(self, grant: Grant) -> str | None:
        """Return why the sign-in ended, if it did."""
        async with self.database.read() as session:
            query = select(col(SignIn.revoked_why)).where(col(SignIn.id) == grant.sign_in_id)
            return (await session.execute(query)).scalar_one()

    async def count_failures(self, subject: str) -> int | None:
        """Return the stored count of a subject."""
        async with self.database.read() as session:
            query = select(col(FailedSignIn.failures)).where(col(FailedSignIn.subject) == subject)
            return (await session.execute(query)).scalar_one_or_none()

    def later(self, span: timedelta) -> None:
        """Let time pass."""
        self.now += span


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database, MORNING, Device(id=None, name=None, address=HERE))


@pytest.fixture
async def officer(database: Database) -> ExamplePerson:
    return await new_person(database)


@pytest.fixture
def phone(office: Office) -> str:
    """Make the office ask from a phone that says who it is."""
    device_id = str(uuid4())
    office.device = replace(office.device, id=device_id, name="Li's phone")
    return device_id


async def test_the_right_password_opens_a_sign_in(office: Office, officer: ExamplePerson) -> None:
    grant = await office.sign_in(officer)
    assert grant.person_id == officer.id
    assert await office.is_signed_in(grant)


async def test_a_wrong_password_is_refused(office: Office, officer: ExamplePerson) -> None:
    await office.fail(officer)
    assert await office.count_failures(account_subject(officer.username)) == 1


async def test_somebody_unknown_is_refused_and_slowed_in_the_same_words(
    office: Office, officer: ExamplePerson
) -> None:
    unknown = f"nobody-{uuid4().hex}"
    answers: list[tuple[type[Exception], str]] = []
    for name, address in ((officer.username, HERE), (unknown, ELSEWHERE)):
        office.device = replace(office.device, address=address)
        for _ in range(7):
            with pytest.raises((SignInRefused, TooManyAttempts)) as refused:
                await office.sign_in(name, "wrong")
            answers.append((type(refused.value), str(refused.value)))
    assert answers[:7] == answers[7:]


async def test_who_has_left_can_not_sign_in_with_the_right_password(
    database: Database, office: Office
) -> None:
    person = await new_person(database, is_active=False)
    with pytest.raises(SignInRefused):
        await office.sign_in(person)


async def test_the_user_name_must_be_exact(office: Office, officer: ExamplePerson) -> None:
    with pytest.raises(SignInRefused):
        await office.sign_in(officer.username.upper())


async def test_only_the_fingerprint_of_a_refresh_token_is_stored(
    database: Database, office: Office, officer: ExamplePerson
) -> None:
    grant = await office.sign_in(officer)
    async with database.read() as session:
        query = select(RefreshToken).where(col(RefreshToken.sign_in_id) == grant.sign_in_id)
        kept = (await session.execute(query)).scalar_one()
    assert kept.sha256 == fingerprint(grant.refresh_token)
    assert grant.refresh_token not in repr(kept)


async def test_an_out_of_date_hash_is_replaced_at_the_next_sign_in(
    database: Database, office: Office
) -> None:
    old = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)).hash(PASSWORD)
    person = await new_person(database, kept_hash=old)
    await office.fail(person)
    await office.sign_in(person)
    async with database.read() as session:
        kept = await session.get_one(Person, person.id)
    assert kept.password_hash != old
    await office.sign_in(person)


async def test_after_five_failures_even_the_right_password_has_to_wait(
    office: Office, officer: ExamplePerson
) -> None:
    await office.fail(officer, 5)
    with pytest.raises(TooManyAttempts) as refused:
        await office.sign_in(officer)
    assert refused.value.retry_after_s == 5
    office.later(5 * SECOND)
    await office.sign_in(officer)


async def test_an_attempt_during_the_wait_does_not_prolong_it(office: Office, officer: ExamplePerson) -> None:
    await office.fail(officer, 5)
    for _ in range(20):
        with pytest.raises(TooManyAttempts):
            await office.sign_in(officer, "wrong")
    assert await office.count_failures(account_subject(officer.username)) == 5
    office.later(5 * SECOND)
    await office.fail(officer)
    with pytest.raises(TooManyAttempts) as refused:
        await office.sign_in(officer)
    assert refused.value.retry_after_s == 10


async def test_a_sign_in_clears_the_count_of_the_account_but_not_of_the_address(
    office: Office, officer: ExamplePerson
) -> None:
    await office.fail(officer, 4)
    await office.sign_in(officer)
    assert await office.count_failures(account_subject(officer.username)) is None
    assert await office.count_failures(address_subject(office.device.address)) == 4


async def test_a_sign_in_without_failures_leaves_no_records(office: Office, officer: ExamplePerson) -> None:
    await office.sign_in(officer)
    assert await office.count_failures(account_subject(officer.username)) is None
    assert await office.count_failures(address_subject(office.device.address)) is None


async def test_trying_one_password_on_many_accounts_is_slowed_by_the_address(
    database: Database, office: Office, officer: ExamplePerson
) -> None:
    strict = replace(SLOWDOWNS, address=replace(SLOWDOWNS.address, free=3))
    for number in range(3):
        with pytest.raises(SignInRefused):
            await office.sign_in(f"nobody-{number}-{uuid4().hex}", slowdowns=strict)
    with pytest.raises(TooManyAttempts):
        await office.sign_in(officer, slowdowns=strict)
    elsewhere = Office(database, office.now, replace(office.device, address=ELSEWHERE))
    await elsewhere.sign_in(officer, slowdowns=strict)


async def test_refused_by_the_address_an_attempt_does_not_count_against_the_account(
    office: Office, officer: ExamplePerson
) -> None:
    closed = replace(SLOWDOWNS, address=Slowdown(1, SECOND, SECOND, timedelta(days=1)))
    with pytest.raises(SignInRefused):
        await office.sign_in(f"nobody-{uuid4().hex}", slowdowns=closed)
    with pytest.raises(TooManyAttempts):
        await office.sign_in(officer, "wrong", slowdowns=closed)
    assert await office.count_failures(account_subject(officer.username)) is None


async def test_strangers_can_not_lock_the_owner_out_of_a_phone_she_has_used_before(
    database: Database, office: Office, officer: ExamplePerson, phone: str
) -> None:
    await office.sign_in(officer)
    stranger = Office(database, MORNING, Device(id=None, name=None, address=ELSEWHERE))
    await stranger.fail(officer, 5)
    with pytest.raises(TooManyAttempts):
        await stranger.sign_in(officer)
    await office.fail(officer)
    await office.sign_in(officer)
    elsewhere = replace(office, device=replace(office.device, id=f"not {phone}"))
    with pytest.raises(TooManyAttempts):
        await elsewhere.sign_in(officer)


@pytest.mark.usefixtures("phone")
async def test_a_phone_she_has_used_before_is_slowed_too(office: Office, officer: ExamplePerson) -> None:
    await office.sign_in(officer)
    await office.fail(officer, 5)
    with pytest.raises(TooManyAttempts):
        await office.sign_in(officer)


async def test_a_sign_in_without_a_device_makes_no_device_known(
    database: Database, office: Office, officer: ExamplePerson
) -> None:
    await office.sign_in(officer)
    async with database.read() as session:
        account = await people.find_account(session, officer.username, None)
    assert account is not None
    assert not account.is_known_device


async def test_a_refresh_token_is_exchanged_for_the_next_of_the_same_sign_in(
    office: Office, officer: ExamplePerson
) -> None:
    first = await office.sign_in(officer)
    second = await office.refreshed(first.refresh_token)
    third = await office.refreshed(second.refresh_token)
    assert first.sign_in_id == second.sign_in_id == third.sign_in_id
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3


async def test_a_refresh_token_that_comes_back_ends_the_sign_in(
    office: Office, officer: ExamplePerson
) -> None:
    first = await office.sign_in(officer)
    second = await office.refreshed(first.refresh_token)
    assert isinstance(await office.refresh(first.refresh_token), TokenRefused)
    assert not await office.is_signed_in(first)
    assert await office.why_ended(first) == EndReason.TOKEN_REUSED
    assert isinstance(await office.refresh(second.refresh_token), TokenRefused)


async def test_ending_one_sign_in_leaves_the_others_of_the_person(
    office: Office, officer: ExamplePerson
) -> None:
    one, other = await office.sign_in(officer), await office.sign_in(officer)
    await office.refreshed(one.refresh_token)
    await office.refresh(one.refresh_token)
    assert not await office.is_signed_in(one)
    assert await office.is_signed_in(other)


@pytest.mark.usefixtures("phone")
async def test_a_phone_whose_answer_was_lost_sends_the_same_token_again(
    office: Office, officer: ExamplePerson
) -> None:
    first = await office.sign_in(officer)
    lost = await office.refreshed(first.refresh_token)
    office.later(REPEAT_WITHIN)
    second = await office.refreshed(first.refresh_token)
    assert lost.refresh_token != second.refresh_token
    await office.refreshed(second.refresh_token)


@pytest.mark.usefixtures("phone")
async def test_too_late_the_same_token_ends_the_sign_in(office: Office, officer: ExamplePerson) -> None:
    first = await office.sign_in(officer)
    await office.refreshed(first.refresh_token)
    office.later(REPEAT_WITHIN + SECOND)
    assert isinstance(await office.refresh(first.refresh_token), TokenRefused)
    assert await office.why_ended(first) == EndReason.TOKEN_REUSED


@pytest.mark.usefixtures("phone")
async def test_once_the_answer_was_used_the_same_token_ends_the_sign_in(
    office: Office, officer: ExamplePerson
) -> None:
    first = await office.sign_in(officer)
    second = await office.refreshed(first.refresh_token)
    await office.refreshed(second.refresh_token)
    assert isinstance(await office.refresh(first.refresh_token), TokenRefused)
    assert await office.why_ended(first) == EndReason.TOKEN_REUSED


@pytest.mark.usefixtures("phone")
async def test_of_two_answers_to_one_token_only_one_leads_on(office: Office, officer: ExamplePerson) -> None:
    first = await office.sign_in(officer)
    one = await office.refreshed(first.refresh_token)
    other = await office.refreshed(first.refresh_token)
    third = await office.refreshed(one.refresh_token)
    await office.refreshed(third.refresh_token)
    assert isinstance(await office.refresh(other.refresh_token), TokenRefused)
    assert await office.why_ended(first) == EndReason.TOKEN_REUSED


@pytest.mark.usefixtures("phone")
async def test_a_token_on_another_device_ends_the_sign_in(office: Office, officer: ExamplePerson) -> None:
    grant = await office.sign_in(officer)
    assert isinstance(await office.refresh(grant.refresh_token, "another phone"), TokenRefused)
    assert await office.why_ended(grant) == EndReason.OTHER_DEVICE


async def test_an_unknown_refresh_token_is_refused(office: Office) -> None:
    assert isinstance(await office.refresh("never handed out"), TokenRefused)


async def test_a_sign_in_that_is_not_refreshed_expires(office: Office, officer: ExamplePerson) -> None:
    grant = await office.sign_in(officer)
    office.later(LIFETIME)
    assert isinstance(await office.refresh(grant.refresh_token), TokenRefused)


async def test_each_refresh_prolongs_the_sign_in(office: Office, officer: ExamplePerson) -> None:
    grant = await office.sign_in(officer)
    for _ in range(3):
        office.later(LIFETIME - SECOND)
        grant = await office.refreshed(grant.refresh_token)
    assert await count_tokens(office.database, grant.sign_in_id) == 2


async def count_tokens(database: Database, sign_in_id: UUID) -> int:
    async with database.read() as session:
        query = select(func.count()).where(col(RefreshToken.sign_in_id) == sign_in_id)
        return (await session.execute(query)).scalar_one()


async def test_signing_out_ends_the_sign_in_whichever_of_its_tokens_is_given(
    database: Database, office: Office, officer: ExamplePerson
) -> None:
    first = await office.sign_in(officer)
    await office.refreshed(first.refresh_token)
    async with database.write() as session:
        assert await accounts.sign_out_by_token(session, first.refresh_token, office.now)
    assert not await office.is_signed_in(first)
    assert await office.why_ended(first) == EndReason.SIGNED_OUT


async def test_what_has_expired_is_deleted_and_nothing_else(
    database: Database, office: Office, officer: ExamplePerson
) -> None:
    old = await office.sign_in(officer)
    forgotten, fresh = account_subject(uuid4().hex), account_subject(uuid4().hex)
    office.later(LIFETIME)
    current = await office.sign_in(officer)
    async with database.write() as session:
        await session.execute(
            insert(FailedSignIn),
            [
                {"subject": forgotten, "failures": 9, "last_at": office.now - FORGET_AFTER},
                {"subject": fresh, "failures": 9, "last_at": office.now - FORGET_AFTER + SECOND},
            ],
        )
    async with database.write() as session:
        assert await purge_expired_sign_ins(session, office.now) == 2
    async with database.write() as session:
        assert await purge_expired_sign_ins(session, office.now) == 0
    assert await count_tokens(database, old.sign_in_id) == 0
    assert await office.is_signed_in(current)
    assert await office.count_failures(forgotten) is None
    assert await office.count_failures(fresh) == 9


async def test_a_purge_goes_in_bounded_rounds(
    database: Database, office: Office, officer: ExamplePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "PURGE_BATCH", 2)
    for _ in range(3):
        await office.sign_in(officer)
    office.later(LIFETIME)
    rounds: list[int] = []
    while not rounds or rounds[-1]:
        async with database.write() as session:
            rounds.append(await purge_expired_sign_ins(session, office.now))
    assert rounds == [2, 1, 0]
