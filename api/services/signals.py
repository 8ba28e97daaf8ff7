"""What supervisors say of signals. It is kept and counted, and changes nothing else."""

from datetime import datetime

from sqlalchemy import insert, update
from sqlmodel import col

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.signals import SignalState, require_decidable
from api.models import SignalReview, SignalRow
from api.queries.signals import find_review, lock_signal


async def decide_signal(
    session: WriteSession,
    viewer: Viewer,
    signal_id: int,
    decision: SignalState,
    reason: str,
    seen: int,
    now: datetime,
) -> bool:
    """Confirm or clear a signal; False when this very decision was made before, and its answer lost.

    `seen` is the version that the supervisor saw. Raises NotFound, OwnSignal, VersionConflict and SignalSettled.
    """
    standing = await lock_signal(session, signal_id)
    made = await find_review(session, signal_id, seen + 1)
    if made is not None and (made.by_id, made.to_state, made.reason) == (viewer.person_id, decision, reason):
        return False
    require_decidable(standing, decision, viewer.person_id, seen)
    await session.execute(
        insert(SignalReview).values(
            signal_id=signal_id,
            version=seen + 1,
            from_state=standing.state,
            to_state=decision,
            by_id=viewer.person_id,
            at=now,
            reason=reason,
        )
    )
    await session.execute(
        update(SignalRow)
        .where(col(SignalRow.id) == signal_id)
        .values(state=decision, is_open=False, version=seen + 1)
    )
    return True
