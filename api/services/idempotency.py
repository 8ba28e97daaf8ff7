"""Idempotency keys: a POST that was sent again changes nothing."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.errors import KeyReused
from api.models import IdempotencyKey

KEPT_FOR = timedelta(days=7)
"""How long a key is remembered: far longer than any phone tries again."""

_BATCH = 5_000


async def claim_key(
    session: WriteSession, person_id: UUID, key: str, request_sha256: str, ticket_id: UUID, now: datetime
) -> bool:
    """Claim a key for a request; False when this very request had claimed it before.

    Parallel claims wait here for the first one's transaction. Raises KeyReused when the key was used for
    another request.
    """
    claim = (
        insert(IdempotencyKey)
        .values(
            person_id=person_id, key=key, request_sha256=request_sha256, ticket_id=ticket_id, created_at=now
        )
        .on_conflict_do_nothing()
        .returning(col(IdempotencyKey.key))
    )
    if (await session.execute(claim)).scalar_one_or_none() is not None:
        return True
    known = select(col(IdempotencyKey.request_sha256)).where(
        col(IdempotencyKey.person_id) == person_id, col(IdempotencyKey.key) == key
    )
    if (await session.execute(known)).scalar_one() != request_sha256:
        raise KeyReused("Use a new Idempotency-Key for a new request.", key=key)
    return False


async def note_led_to(session: WriteSession, person_id: UUID, key: str, version: int) -> None:
    """Remember the version that a claimed step led its ticket to, for steps that are made on top of it."""
    mine = (col(IdempotencyKey.person_id) == person_id, col(IdempotencyKey.key) == key)
    await session.execute(update(IdempotencyKey).where(*mine).values(led_to=version))


async def purge_keys(session: WriteSession, now: datetime) -> int:
    """Forget a batch of old keys; return how many, 0 when none are left."""
    old = (
        select(col(IdempotencyKey.person_id), col(IdempotencyKey.key))
        .where(col(IdempotencyKey.created_at) < now - KEPT_FOR)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    gone = (
        delete(IdempotencyKey)
        .where(col(IdempotencyKey.person_id) == old.c.person_id, col(IdempotencyKey.key) == old.c.key)
        .returning(col(IdempotencyKey.key))
    )
    return len((await session.execute(gone)).all())
