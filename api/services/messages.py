"""Deliver notices: one message each or, when many wait for the same receiver, a digest.

The table `messages` is what people read and what channels to the outside take their work from.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, update

from api.db import Database, WriteSession
from api.domain.notices import Receiver, Waiting, bundled, still_holds
from api.domain.reference import Reference
from api.models import metadata
from api.queries.notices import find_standings, lock_receiver, lock_waiting, waiting_receivers

DIGEST_MAX = 1_000
"""Notices that are delivered to one receiver in one transaction, and so the most that one digest has."""

_NOTICES = metadata.tables["notices"]
_MESSAGES = metadata.tables["messages"]


async def deliver_notices(database: Database, reference: Reference, now: datetime) -> int:
    """Tell everybody what is to be told by now; return how many messages that made."""
    async with database.read() as session:
        receivers = await waiting_receivers(session, now)
    messages = 0
    for receiver in receivers:
        while True:
            async with database.write() as session:
                if not await lock_receiver(session, receiver):
                    break
                waiting = await lock_waiting(session, receiver, now, DIGEST_MAX)
                messages += await _deliver(session, receiver, waiting, reference, now)
            if len(waiting) < DIGEST_MAX:
                break
    return messages


async def _deliver(
    session: WriteSession, receiver: Receiver, waiting: Sequence[Waiting], reference: Reference, now: datetime
) -> int:
    """Drop what is no longer true, and make messages of the rest."""
    standings = await find_standings(session, {one.ticket_id for one in waiting})
    holds: list[Waiting] = []
    obsolete: list[int] = []
    for one in waiting:
        standing = standings.get(one.ticket_id)
        if standing is not None and still_holds(one, standing, now):
            holds.append(one)
        else:
            obsolete.append(one.id)
    if obsolete:
        dropped = update(_NOTICES).where(_NOTICES.c.id.in_(obsolete)).values(obsolete_at=now)
        await session.execute(dropped)
    bundles = bundled(holds, reference.policies.digest_from)
    for bundle in bundles:
        await _tell(
            session, receiver, bundle, is_digest=len(holds) >= reference.policies.digest_from, now=now
        )
    return len(bundles)


async def _tell(
    session: WriteSession, receiver: Receiver, bundle: Sequence[Waiting], *, is_digest: bool, now: datetime
) -> None:
    message = (
        insert(_MESSAGES)
        .values(
            role=receiver.role,
            unit_id=receiver.unit_id,
            grid_code=receiver.grid_code,
            created_at=now,
            notice_count=len(bundle),
            is_digest=is_digest,
        )
        .returning(_MESSAGES.c.id)
    )
    message_id = (await session.execute(message)).scalar_one()
    ids = [one.id for one in bundle]
    await session.execute(update(_NOTICES).where(_NOTICES.c.id.in_(ids)).values(message_id=message_id))
