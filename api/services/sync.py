"""What a phone sends in one go: each thing done or refused by itself, in the order in which it was sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import col

from api.db import Database
from api.domain.access import Role, Viewer, sees_name_of
from api.domain.errors import (
    AfterRefused,
    DeviceWrong,
    LimitReached,
    NotYourStep,
    Pinned,
    Refusal,
    StepRefused,
    VersionConflict,
    WindowClosed,
)
from api.domain.sync import Outcome, WaitState, cycle_through
from api.models import SignIn
from api.queries.sync import Change, find_changes
from api.services.report_claims import hold_tickets
from api.services.sync_kinds import KINDS, Item, Sender, require_role
from api.services.sync_steps import StepItem
from api.services.waiting_items import circular, end_waiting

IN_ONE_TRANSACTION = 50
"""Things of a run that share a transaction: a commit for each would cost more than most of them do, and all in one
would hold their locks for seconds."""

_CONFLICTS = (VersionConflict, StepRefused, NotYourStep, WindowClosed, LimitReached, Pinned)
"""Refusals that tell that something else is true than the phone believed."""


async def note_device(database: Database, sender: Sender) -> None:
    """Remember when the device synchronised, and how wrong its clock goes; raises DeviceWrong for another device.

    A sign-in that named no device speaks for any.
    """
    viewer = sender.viewer
    statement = (
        update(SignIn)
        .where(
            col(SignIn.id) == viewer.session_id,
            or_(col(SignIn.device_id).is_(None), col(SignIn.device_id) == sender.device_id),
        )
        .values(synced_at=sender.now, clock_skew_s=sender.clock.skew.total_seconds())
        .returning(col(SignIn.id))
    )
    async with database.write() as session:
        if (await session.execute(statement)).scalar_one_or_none() is None:
            raise DeviceWrong("Sign in on this device.", device_id=sender.device_id)


async def apply_items(database: Database, sender: Sender, items: Sequence[Item | Exception]) -> list[Outcome]:
    """Do what was sent, one after the other; return what became of each, in the same order.

    An item is an exception where it could not be read. Each is done wholly or not at all, whatever becomes of its
    neighbours. Takes the database rather than a session: reports in a row share short transactions, each step has
    one of its own. Whatever was done stays done when the connection breaks; sent again it is done only once.
    """
    outcomes: list[Outcome] = []
    circles = _circles([item for item in items if isinstance(item, Item)])
    refused: set[UUID] = set()
    for run in _runs(items):
        done = await _do_together(database, sender, run) if len(run) > 1 else None
        for index, item in enumerate(run):
            if done is not None:
                outcome = done[index]
            elif isinstance(item, Item):
                outcome = await _do_alone(database, sender, item, circles, refused)
            else:
                outcome = Outcome(error=item)
            if outcome.error is not None and isinstance(item, Item):
                refused.add(item.id)
            outcomes.append(outcome)
    return outcomes


def _circles(items: Sequence[Item]) -> Mapping[UUID, tuple[UUID, ...]]:
    """Return the steps of a batch that wait for each other, each with its circle."""
    steps = [item.request for item in items if isinstance(item.request, StepItem)]
    after = {step.id: step.after_id for step in steps if step.after_id is not None}
    found = {step_id: cycle_through(step_id, after) for step_id in after}
    return {step_id: circle for step_id, circle in found.items() if circle}


def _runs(items: Sequence[Item | Exception]) -> Iterator[Sequence[Item | Exception]]:
    """Yield what may be tried in one transaction: neighbours of kinds that allow it, a bounded number of them."""
    for in_runs, found in groupby(items, lambda item: isinstance(item, Item) and KINDS[item.kind].in_runs):
        run = list(found)
        size = IN_ONE_TRANSACTION if in_runs else 1
        for start in range(0, len(run), size):
            yield run[start : start + size]


async def _do_together(
    database: Database, sender: Sender, run: Sequence[Item | Exception]
) -> list[Outcome] | None:
    """Do a run in one transaction; None, and nothing is stored, when anything of it is refused."""
    outcomes: list[Outcome] = []
    try:
        async with database.write() as session:
            # All names first: two copies of a batch, each in another order, would else wait for each other.
            await hold_tickets(session, (item.id for item in run if isinstance(item, Item)))
            for item in run:
                assert isinstance(item, Item)  # noqa: S101  what can't be read is in no run
                require_role(item.kind, sender.viewer)
                outcomes.append(await KINDS[item.kind].do(session, sender, item))
    except Exception:  # noqa: BLE001  whatever it was, it is met again where it belongs
        # Each is done by itself then, and the one that is refused says why.
        return None
    return outcomes


async def _do_alone(
    database: Database,
    sender: Sender,
    item: Item,
    circles: Mapping[UUID, tuple[UUID, ...]],
    refused: set[UUID],
) -> Outcome:
    try:
        require_role(item.kind, sender.viewer)
        if item.id in circles:
            outcome = Outcome(error=circular(circles[item.id]))
        else:
            async with database.write() as session:
                outcome = await KINDS[item.kind].do(session, sender, item)
    except (OperationalError, PoolTimeout):
        raise  # the database is away: nothing of this item, nor of the others
    except Exception as error:  # noqa: BLE001  what nobody foresaw is answered for this item, and logged there
        outcome = Outcome(error=error)
    step = item.request
    if not isinstance(step, StepItem):
        return outcome
    if outcome.wait is not None and step.after_id in refused:
        why = AfterRefused("The step that this was made after was refused.", after=step.after_id)
        outcome = Outcome(error=why)
    if isinstance(outcome.error, Refusal):
        await _tell_more(database, sender, step, outcome.error)
    return replace(outcome, ticket_id=step.ticket_id)


async def _tell_more(database: Database, sender: Sender, step: StepItem, refusal: Refusal) -> None:
    """End the waiting of a refused step, and say of a conflict who changed what since the phone looked."""
    async with database.write() as session:
        await end_waiting(session, sender.viewer.person_id, step.id, WaitState.REFUSED, refusal, sender.now)
        if isinstance(refusal, _CONFLICTS):
            believed = step.request.version
            changes = await find_changes(session, sender.viewer, step.ticket_id, believed)
            refusal.facts = {
                **refusal.facts,
                "believed": {"version": believed, "after": step.after_id},
                "changes": [_told(change, sender.viewer) for change in changes],
            }


def _told(change: Change, viewer: Viewer) -> Mapping[str, object]:
    """Return a step of somebody else as a conflict tells of it; a unit does not learn which officer it was."""
    at: datetime = change.at
    name = change.name if change.role not in set(Role) or sees_name_of(viewer, Role(change.role)) else None
    return {
        "version": change.version,
        "action": change.action,
        "at": at.isoformat(),
        "role": change.role,
        "name": name,
    }
