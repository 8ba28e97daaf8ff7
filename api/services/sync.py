"""What a phone sends in one go: each thing done or refused by itself, in the order in which it was sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    batch = _Batch(database, sender, _circles([item for item in items if isinstance(item, Item)]))
    return [outcome for run in _runs(items) for outcome in await batch.do(run)]


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


@dataclass(slots=True)
class _Batch:
    """Does the runs of a batch; `refused` are the items that were refused so far."""

    database: Database
    sender: Sender
    circles: Mapping[UUID, tuple[UUID, ...]]
    refused: set[UUID] = field(default_factory=set[UUID])

    async def do(self, run: Sequence[Item | Exception]) -> list[Outcome]:
        """Do a run in one transaction or, where anything of it is refused, each half of it by itself, and so on.

        One bad report among fifty costs its neighbours a few transactions more, and not one for each.
        """
        if len(run) == 1:
            outcome = await self._do_alone(run[0])
            if isinstance(run[0], Item) and outcome.error is not None:
                self.refused.add(run[0].id)
            return [outcome]
        try:
            return await self._do_together([item for item in run if isinstance(item, Item)])
        except PoolTimeout:
            raise  # nobody has a connection for us; asking for one again and again would make it worse
        except Exception:  # noqa: BLE001  whatever it was, it is met again where it belongs
            middle = len(run) // 2
            return [*await self.do(run[:middle]), *await self.do(run[middle:])]

    async def _do_together(self, run: Sequence[Item]) -> list[Outcome]:
        """Do a run in one transaction, those of a kind together; nothing is stored when anything is refused."""
        outcomes: dict[int, Outcome] = {}
        async with self.database.write() as session:
            # All names first: two copies of a batch, each in another order, would else wait for each other.
            await hold_tickets(session, {item.id for item in run})
            for kind in dict.fromkeys(item.kind for item in run):
                require_role(kind, self.sender.viewer)
                places = [place for place, item in enumerate(run) if item.kind is kind]
                done = await KINDS[kind].do(session, self.sender, [run[place] for place in places])
                outcomes |= zip(places, done, strict=True)
        return [outcomes[place] for place in range(len(run))]

    async def _do_alone(self, item: Item | Exception) -> Outcome:
        if not isinstance(item, Item):
            return Outcome(error=item)
        sender = self.sender
        try:
            require_role(item.kind, sender.viewer)
            if item.id in self.circles:
                outcome = Outcome(error=circular(self.circles[item.id]))
            else:
                async with self.database.write() as session:
                    (outcome,) = await KINDS[item.kind].do(session, sender, [item])
        except (OperationalError, PoolTimeout):
            raise  # the database is away: nothing of this item, nor of the others
        except Exception as error:  # noqa: BLE001  what nobody foresaw is answered for this item, and logged there
            outcome = Outcome(error=error)
        step = item.request
        if not isinstance(step, StepItem):
            return outcome
        if outcome.wait is not None and step.after_id in self.refused:
            why = AfterRefused("The step that this was made after was refused.", after=step.after_id)
            outcome = Outcome(error=why)
        if isinstance(outcome.error, Refusal):
            await _tell_more(self.database, sender, step, outcome.error)
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
