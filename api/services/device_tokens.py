"""Tokens for apps on a device that can't exchange refresh tokens, such as ODK Collect: one name, one secret."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlmodel import col

from api.adapters.tokens import fingerprint, new_refresh_token
from api.db import Database, WriteSession
from api.domain.access import Viewer
from api.domain.sign_ins import EndReason
from api.models import DeviceToken, SignIn
from api.queries.openrosa import TokenFacts

NOTED_EVERY = timedelta(hours=1)
"""How exactly it is known when a token was used last: a write for every form that a phone fetches is too many."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was just made; nobody can tell it again."""

    token: str
    expires_at: datetime


async def issue_device_token(
    session: WriteSession, viewer: Viewer, device_id: str, name: str, now: datetime, lifetime: timedelta
) -> IssuedToken:
    """Make a token for an app on a device; the one that it had there before ends.

    It is a sign-in of its own: it is listed, revoked, and ended with the account like any other.
    """
    tokens_there = (
        select(col(SignIn.id))
        .join(DeviceToken, col(DeviceToken.sign_in_id) == col(SignIn.id))
        .where(col(SignIn.person_id) == viewer.person_id, col(SignIn.device_id) == device_id)
    )
    await session.execute(
        update(SignIn)
        .where(col(SignIn.id).in_(tokens_there), col(SignIn.revoked_at).is_(None))
        .values(revoked_at=now, revoked_why=EndReason.DEVICE_REVOKED)
    )
    sign_in_id, token, expires_at = uuid4(), new_refresh_token(), now + lifetime
    await session.execute(
        insert(SignIn).values(
            id=sign_in_id,
            person_id=viewer.person_id,
            device_id=device_id,
            device_name=name,
            created_at=now,
            used_at=now,
            expires_at=expires_at,
        )
    )
    await session.execute(
        insert(DeviceToken).values(sha256=fingerprint(token), sign_in_id=sign_in_id, issued_at=now)
    )
    return IssuedToken(token, expires_at)


async def note_use(database: Database, token: TokenFacts, now: datetime, lifetime: timedelta) -> None:
    """Let a token that is used live on for `lifetime`; written at most once in `NOTED_EVERY`."""
    if now - token.used_at < NOTED_EVERY:
        return
    async with database.write() as session:
        await session.execute(
            update(SignIn)
            .where(col(SignIn.id) == token.sign_in_id, col(SignIn.revoked_at).is_(None))
            .values(used_at=now, expires_at=now + lifetime)
        )
