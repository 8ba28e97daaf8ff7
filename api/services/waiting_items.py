"""Keep what waits for its ticket; end it when it was in vain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from api.db import WriteSession
from api.domain.errors import IdTaken, LimitReached, Refusal, WaitCycle, WaitExpired
from api.domain.sync import ItemKind, WaitState, cycle_through
from api.models import WaitingItem

WAITING_MAX = 1_000
"""Things of one person that wait at a time."""

ENDED_KEPT_FOR = timedelta(days=7)
"""How long it can be read that something waited in vain."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class WaitingStep:
    """A step that waits; `body` is what `services.sync_steps` reads it from."""

    id: UUID
    person_id: UUID
    sign_in_id: UUID | None
    device_id: str
    ticket_id: UUID
    after_id: UUID | None
    body: Mapping[str, Any]
    made_at: datetime
    clock_skew_s: float


_COLUMNS = [getattr(WaitingItem, name) for name in WaitingStep.__slots__]
_IS_WAITING = col(WaitingItem.ended_at).is_(None)


async def keep_waiting(
    session: WriteSession, step: WaitingStep, expires_at: datetime, now: datetime
) -> datetime | Refusal:
    """Let a step wait; return when its time is over, or why it can't wait.

    Sent again it goes on waiting until the same instant. Steps that would wait for each other are all refused, this
    one and those that are here. Raises IdTaken (the id waits with another content), WaitExpired (it had waited in
    vain) and LimitReached. The caller holds the ticket's name (`services.report_claims.hold_tickets`).
    """
    earlier = await _find(session, step.person_id, step.id)
    if earlier is not None:
        if (earlier.ticket_id, earlier.after_id, earlier.body) != (step.ticket_id, step.after_id, step.body):
            raise IdTaken("This id was used before with another content.", item=step.id)
        if earlier.state is WaitState.EXPIRED:
            raise WaitExpired("It waited until its time was over.", expires_at=earlier.expires_at)
        if earlier.state is WaitState.WAITING:
            return earlier.expires_at
    elif await _count(session, step.person_id) >= WAITING_MAX:
        raise LimitReached(f"At most {WAITING_MAX} of your steps may wait at a time.", most=WAITING_MAX)
    cycle = cycle_through(step.id, {**await _after(session, step), step.id: step.after_id or step.ticket_id})
    if cycle:
        for item_id in cycle:
            await end_waiting(session, step.person_id, item_id, WaitState.REFUSED, circular(cycle), now)
        return circular(cycle)
    row = {name: getattr(step, name) for name in WaitingStep.__slots__}
    begun = {
        "kind": ItemKind.STEP,
        "received_at": now,
        "expires_at": expires_at,
        "state": WaitState.WAITING,
        "ended_at": None,
        "code": None,
        "detail": None,
    }
    statement = insert(WaitingItem).values(**row, **begun)
    # What had been refused in a circle waits anew.
    again = statement.on_conflict_do_update(index_elements=["person_id", "id"], set_=begun)
    await session.execute(again)
    return expires_at


def circular(cycle: tuple[UUID, ...]) -> WaitCycle:
    """Return the refusal for steps that wait for each other."""
    return WaitCycle("Each of these steps is to be taken after the next one.", items=list(cycle))


async def _find(session: WriteSession, person_id: UUID, item_id: UUID) -> WaitingItem | None:
    statement = select(WaitingItem).where(
        col(WaitingItem.person_id) == person_id, col(WaitingItem.id) == item_id
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def _count(session: WriteSession, person_id: UUID) -> int:
    statement = (
        select(func.count())
        .select_from(WaitingItem)
        .where(col(WaitingItem.person_id) == person_id, _IS_WAITING)
    )
    return (await session.execute(statement)).scalar_one()


async def _after(session: WriteSession, step: WaitingStep) -> dict[UUID, UUID]:
    """Return which step each step of this person on this ticket waits for."""
    statement = select(col(WaitingItem.id), col(WaitingItem.after_id)).where(
        col(WaitingItem.ticket_id) == step.ticket_id,
        col(WaitingItem.person_id) == step.person_id,
        col(WaitingItem.after_id).is_not(None),
        _IS_WAITING,
    )
    return {row.id: row.after_id for row in await session.execute(statement)}


async def lock_waiting_steps(session: WriteSession, ticket_id: UUID) -> list[WaitingStep]:
    """Return what waits for a ticket or on it, locked."""
    statement: Any = (
        select(*_COLUMNS)
        .where(col(WaitingItem.ticket_id) == ticket_id, _IS_WAITING)
        .order_by(col(WaitingItem.made_at), col(WaitingItem.id))
        .with_for_update()
    )
    return [WaitingStep(*row) for row in (await session.execute(statement)).all()]


async def end_waiting(
    session: WriteSession, person_id: UUID, item_id: UUID, state: WaitState, why: Refusal, now: datetime
) -> None:
    """Write down that something waited in vain, if it waits."""
    ended = (
        update(WaitingItem)
        .where(col(WaitingItem.person_id) == person_id, col(WaitingItem.id) == item_id, _IS_WAITING)
        .values(state=state, ended_at=now, code=code_of(why), detail=why.detail)
    )
    await session.execute(ended)


def code_of(refusal: Refusal) -> str:
    """Return the stable name of a refusal, that of its field where it has one."""
    return getattr(refusal, "field_code", refusal.code)


async def drop_waiting(session: WriteSession, person_id: UUID, item_id: UUID) -> None:
    """Forget that something waited: it is done."""
    gone = delete(WaitingItem).where(col(WaitingItem.person_id) == person_id, col(WaitingItem.id) == item_id)
    await session.execute(gone)


async def expire_waiting(session: WriteSession, now: datetime) -> int:
    """End a batch of what has waited long enough; return how many, 0 when none are left."""
    over = (
        select(col(WaitingItem.person_id), col(WaitingItem.id))
        .where(_IS_WAITING, col(WaitingItem.expires_at) <= now)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    ended = (
        update(WaitingItem)
        .where(col(WaitingItem.person_id) == over.c.person_id, col(WaitingItem.id) == over.c.id)
        .values(
            state=WaitState.EXPIRED,
            ended_at=now,
            code=WaitExpired.code,
            detail="What it waited for did not come in time.",
        )
        .returning(col(WaitingItem.id))
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(ended)).all())


async def purge_waiting(session: WriteSession, now: datetime) -> int:
    """Forget a batch of what ended long ago; return how many, 0 when none are left."""
    old = (
        select(col(WaitingItem.person_id), col(WaitingItem.id))
        .where(col(WaitingItem.ended_at) < now - ENDED_KEPT_FOR)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    gone = (
        delete(WaitingItem)
        .where(col(WaitingItem.person_id) == old.c.person_id, col(WaitingItem.id) == old.c.id)
        .returning(col(WaitingItem.id))
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(gone)).all())
