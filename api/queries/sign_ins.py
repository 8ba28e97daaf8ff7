"""Questions about sign-ins, their refresh tokens, and attempts that failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.db import ReadSession, WriteSession
from api.domain.attempts import Failures
from api.domain.device_clock import DeviceClock
from api.domain.sign_ins import SignInFacts, TokenFacts
from api.models import FailedSignIn, Person, RefreshToken, SignIn


async def find_failures(session: ReadSession, subjects: Sequence[str]) -> Mapping[str, Failures]:
    """Return the records of those subjects that have failed."""
    statement = select(
        col(FailedSignIn.subject), col(FailedSignIn.failures), col(FailedSignIn.last_at)
    ).where(col(FailedSignIn.subject).in_(subjects))
    return {subject: Failures(count, last_at) for subject, count, last_at in await session.execute(statement)}


async def find_sign_in(session: ReadSession, token_sha256: str) -> UUID | None:
    """Return the sign-in that a refresh token belongs to, used up or not."""
    statement = select(col(RefreshToken.sign_in_id)).where(col(RefreshToken.sha256) == token_sha256)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_device_clock(session: ReadSession, sign_in_id: UUID) -> DeviceClock:
    """Return the clock of a sign-in's device as its last synchronisation measured it; right where there was none."""
    statement = select(col(SignIn.clock_skew_s)).where(col(SignIn.id) == sign_in_id)
    skew_s = (await session.execute(statement)).scalar_one_or_none()
    return DeviceClock(timedelta(seconds=skew_s or 0))


@dataclass(frozen=True, slots=True)
class LockedSignIn:
    """A sign-in that no other transaction can change now, and one of its tokens."""

    id: UUID
    person_id: UUID
    facts: SignInFacts
    token: TokenFacts


async def lock_sign_in(session: WriteSession, token_sha256: str) -> LockedSignIn | None:
    """Lock the sign-in of a refresh token and return both as they stand; None for an unknown token."""
    is_presented = col(RefreshToken.sha256) == token_sha256
    family = select(col(RefreshToken.sign_in_id)).where(is_presented).scalar_subquery()
    lock = select(col(SignIn.id)).where(col(SignIn.id) == family).with_for_update()
    if (await session.execute(lock)).one_or_none() is None:
        return None
    # A statement of its own, because one that waited for the lock still sees other rows as they were before.
    statement = (
        select(
            col(SignIn.id),
            col(SignIn.person_id),
            col(SignIn.device_id),
            col(SignIn.used_at),
            col(SignIn.revoked_at),
            col(Person.is_active),
            col(RefreshToken.expires_at),
            col(RefreshToken.used_at),
        )
        .join(Person, col(Person.id) == col(SignIn.person_id))
        .join(RefreshToken, col(RefreshToken.sign_in_id) == col(SignIn.id))
        .where(is_presented)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    sign_in_id, person_id, device_id, rotated_at, ended_at, is_active, expires_at, used_at = row
    return LockedSignIn(
        id=sign_in_id,
        person_id=person_id,
        facts=SignInFacts(
            device_id=device_id,
            rotated_at=rotated_at,
            is_ended=ended_at is not None,
            is_person_active=is_active,
        ),
        token=TokenFacts(expires_at=expires_at, used_at=used_at),
    )
