"""Signing in, staying signed in, and signing out."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Select, Uuid, any_, delete, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from api.adapters.passwords import verify_password
from api.adapters.tokens import fingerprint, new_refresh_token
from api.db import Database, WriteSession
from api.domain.attempts import (
    FORGET_AFTER,
    SLOWDOWNS,
    Failures,
    SlowdownPolicy,
    account_subject,
    address_subject,
    check_waits,
    device_subject,
    is_address,
)
from api.domain.errors import SignInRefused, TokenRefused
from api.domain.sign_ins import EndReason, Exchange, Rejection, judge_refresh
from api.models import FailedSignIn, Person, RefreshToken, SignIn
from api.queries import people, sign_ins

logger = logging.getLogger(__name__)

PURGE_BATCH = 1000
"""Rows that one round of the purge deletes at most, so that it never holds many locks or much time."""


@dataclass(frozen=True, slots=True)
class Device:
    """The device that asks, as far as it says who it is, and the address it asks from."""

    id: str | None
    name: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A sign-in that holds, and its newest refresh token."""

    sign_in_id: UUID
    person_id: UUID
    refresh_token: str


async def sign_in(
    database: Database,
    username: str,
    password: str,
    device: Device,
    now: datetime,
    lifetime: timedelta,
    *,
    slowdowns: SlowdownPolicy = SLOWDOWNS,
    today: date | None = None,
) -> Grant:
    """Open a sign-in for the right password, one that lives as long as it is refreshed within `lifetime`.

    `today` is the city's day, by which an account may be over. Raises TooManyAttempts while the account or the
    address has to wait, SignInRefused for an unknown, inactive or expired account and for a wrong password alike.

    This is the one request with two transactions: hashing is slow on purpose, and nobody may hold a
    connection, still less a lock, meanwhile. Hence the second transaction asks again whether the attempt may
    be made. Of a hundred guesses sent at once it lets five through; the others are refused whether they were
    right or wrong, so they tell the guesser nothing.
    """
    async with database.read() as session:
        account = await people.find_account(session, username, device.id)
        subjects = subjects_of(account, username, device)
        check_waits(await sign_ins.find_failures(session, subjects), subjects, slowdowns, now)

    verification = await verify_password(password, account.password_hash if account else None)

    async with database.write() as session:
        records = await lock_failures(session, subjects, now)
        check_waits(records, subjects, slowdowns, now)
        if (
            account is not None
            and verification.is_right
            and await _may_enter(session, account, today or now.date())
        ):
            # The account's count starts afresh; the address keeps its own, or one account excused a guesser.
            await forget_failures(
                session, [one for one in records if not is_address(one) or records[one].count == 0]
            )
            if verification.new_hash is not None:
                await _keep_hash(session, account, verification.new_hash)
            return await _open(session, account.person_id, device, now, lifetime)
        for subject, failures in records.items():
            await store_failures(session, subject, slowdowns.rule(subject).failed_again(failures, now))
    # Only now: an error inside the transaction would take the count back.
    # Not the name as it was typed: now and then it is the password, in the wrong field.
    logger.info("sign-in refused for person %s from %s", account and account.person_id, device.address)
    raise SignInRefused("No account has this user name and password.", error="invalid_grant")


def subjects_of(account: people.Account | None, username: str, device: Device) -> Sequence[str]:
    """Return whose failures count for this attempt, in the one order in which all transactions lock them."""
    if account is not None and account.is_known_device and device.id is not None:
        person = device_subject(account.person_id, device.id)
    else:
        person = account_subject(username)
    return sorted({person, address_subject(device.address)})


async def lock_failures(session: WriteSession, subjects: Sequence[str], now: datetime) -> dict[str, Failures]:
    """Return the subjects' records, created where there was none and locked until the transaction ends."""
    new = postgresql.insert(FailedSignIn).values(
        [{"subject": subject, "failures": 0, "last_at": now} for subject in subjects]
    )
    # An update that changes nothing, because DO NOTHING would neither lock nor return the row that is there.
    statement = new.on_conflict_do_update(
        index_elements=[col(FailedSignIn.subject)], set_={"subject": new.excluded.subject}
    ).returning(col(FailedSignIn.subject), col(FailedSignIn.failures), col(FailedSignIn.last_at))
    return {subject: Failures(count, last_at) for subject, count, last_at in await session.execute(statement)}


async def store_failures(session: WriteSession, subject: str, failures: Failures) -> None:
    """Keep how often a subject has failed."""
    await session.execute(
        update(FailedSignIn)
        .where(col(FailedSignIn.subject) == subject)
        .values(failures=failures.count, last_at=failures.last_at)
    )


async def forget_failures(session: WriteSession, subjects: Sequence[str]) -> None:
    """Let subjects start afresh."""
    await session.execute(delete(FailedSignIn).where(col(FailedSignIn.subject).in_(subjects)))


async def _may_enter(session: WriteSession, account: people.Account, today: date) -> bool:
    """Tell whether the account still is what it was when its password was looked at, and hold it there.

    Without that, somebody who signs in while her account is closed or gets another password would stay in.
    """
    statement = select(col(Person.id)).where(
        col(Person.id) == account.person_id,
        col(Person.is_active),
        or_(col(Person.valid_until).is_(None), col(Person.valid_until) >= today),
        col(Person.password_hash) == account.password_hash,
    )
    return (await session.execute(statement.with_for_update(read=True))).one_or_none() is not None


async def _keep_hash(session: WriteSession, account: people.Account, new_hash: str) -> None:
    """Replace a hash with out-of-date parameters, unless the password was changed meanwhile."""
    await session.execute(
        update(Person)
        .where(col(Person.id) == account.person_id, col(Person.password_hash) == account.password_hash)
        .values(password_hash=new_hash)
    )


async def _open(
    session: WriteSession, person_id: UUID, device: Device, now: datetime, lifetime: timedelta
) -> Grant:
    sign_in_id = uuid4()
    await session.execute(
        insert(SignIn).values(
            id=sign_in_id,
            person_id=person_id,
            device_id=device.id,
            device_name=device.name,
            created_at=now,
            used_at=now,
            expires_at=now + lifetime,
        )
    )
    return Grant(sign_in_id, person_id, await _hand_out(session, sign_in_id, now, lifetime))


async def _hand_out(session: WriteSession, sign_in_id: UUID, now: datetime, lifetime: timedelta) -> str:
    token = new_refresh_token()
    await session.execute(
        insert(RefreshToken).values(
            sha256=fingerprint(token), sign_in_id=sign_in_id, issued_at=now, expires_at=now + lifetime
        )
    )
    return token


async def refresh(
    session: WriteSession,
    token: str,
    device_id: str | None,
    now: datetime,
    lifetime: timedelta,
    *,
    repeat_within: timedelta = timedelta(0),
) -> Grant | TokenRefused:
    """Exchange a refresh token for the next one (`api.domain.sign_ins` says when).

    A refusal is returned, not raised: it may have ended the sign-in, and that must be committed.
    """
    locked = await sign_ins.lock_sign_in(session, fingerprint(token))
    if locked is None:
        return TokenRefused("The refresh token is not one of ours.", error="invalid_grant")
    verdict = judge_refresh(locked.facts, locked.token, device_id, now, repeat_within)
    if isinstance(verdict, Rejection):
        if verdict.ends is not None:
            logger.warning("sign-in %s of person %s ended: %s", locked.id, locked.person_id, verdict.ends)
            await _end(session, locked.id, now, verdict.ends)
        return verdict.refusal
    if verdict is Exchange.ROTATE:
        # Two exchanges never bear the same instant, whatever the clocks of several machines say: by this
        # instant a token is known to be the one that was exchanged last.
        rotated_at = max(now, locked.facts.rotated_at + timedelta(microseconds=1))
        await _use_up(session, locked.id, rotated_at, now)
        await session.execute(
            update(SignIn)
            .where(col(SignIn.id) == locked.id)
            .values(used_at=rotated_at, expires_at=now + lifetime)
        )
    return Grant(locked.id, locked.person_id, await _hand_out(session, locked.id, now, lifetime))


async def _use_up(session: WriteSession, sign_in_id: UUID, rotated_at: datetime, now: datetime) -> None:
    """Mark all tokens that are out (several, after a repeated exchange) and drop those too old to matter."""
    mine = col(RefreshToken.sign_in_id) == sign_in_id
    await session.execute(
        update(RefreshToken).where(mine, col(RefreshToken.used_at).is_(None)).values(used_at=rotated_at)
    )
    await session.execute(delete(RefreshToken).where(mine, col(RefreshToken.expires_at) <= now))


async def sign_out(session: WriteSession, sign_in_id: UUID, now: datetime) -> None:
    """End a sign-in, all its tokens with it and at once. One that has ended stays as it ended."""
    await _end(session, sign_in_id, now, EndReason.SIGNED_OUT)


async def end_sign_ins(
    session: WriteSession, person_id: UUID, now: datetime, reason: EndReason, *, but: UUID | None = None
) -> None:
    """End all sign-ins of a person at once, perhaps but one."""
    mine = (col(SignIn.person_id) == person_id, col(SignIn.revoked_at).is_(None))
    others = () if but is None else (col(SignIn.id) != but,)
    await session.execute(update(SignIn).where(*mine, *others).values(revoked_at=now, revoked_why=reason))


async def end_sign_ins_of(
    session: WriteSession, person_ids: Sequence[UUID], now: datetime, reason: EndReason
) -> None:
    """End all sign-ins of several people at once."""
    theirs = col(SignIn.person_id) == any_(literal(list(person_ids), ARRAY(Uuid())))
    statement = update(SignIn).where(theirs, col(SignIn.revoked_at).is_(None))
    await session.execute(statement.values(revoked_at=now, revoked_why=reason))


async def sign_out_by_token(session: WriteSession, token: str, now: datetime) -> bool:
    """End the sign-in of a refresh token, used up or not; tell whether there was one."""
    sign_in_id = await sign_ins.find_sign_in(session, fingerprint(token))
    if sign_in_id is not None:
        await sign_out(session, sign_in_id, now)
    return sign_in_id is not None


async def _end(session: WriteSession, sign_in_id: UUID, now: datetime, reason: EndReason) -> None:
    await session.execute(
        update(SignIn)
        .where(col(SignIn.id) == sign_in_id, col(SignIn.revoked_at).is_(None))
        .values(revoked_at=now, revoked_why=reason)
    )


async def purge_expired_sign_ins(session: WriteSession, now: datetime) -> int:
    """Delete sign-ins that have expired (their tokens go with them) and failures that nobody counts any more.

    A reconciler: safe to run twice at once. Deletes at most `PURGE_BATCH` rows of each kind and returns how
    many it did; call it in transactions of their own until it returns 0.
    """
    expired = select(col(SignIn.id)).where(col(SignIn.expires_at) <= now)
    forgotten = select(col(FailedSignIn.subject)).where(col(FailedSignIn.last_at) <= now - FORGET_AFTER)
    statements = (
        delete(SignIn).where(col(SignIn.id).in_(_batch(expired))).returning(col(SignIn.id)),
        delete(FailedSignIn)
        .where(col(FailedSignIn.subject).in_(_batch(forgotten)))
        .returning(col(FailedSignIn.subject)),
    )
    deleted = 0
    for statement in statements:
        deleted += len((await session.execute(statement)).all())
    return deleted


def _batch(rows: Select[Any]) -> Select[Any]:
    return rows.limit(PURGE_BATCH).with_for_update(skip_locked=True)
