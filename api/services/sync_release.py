"""What waited for a ticket goes on: in the transaction that made the ticket, the oldest first."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from api.db import Database, WriteSession, savepoint
from api.domain.access import OPERATIONS, Viewer
from api.domain.calendars import CalendarError
from api.domain.device_clock import RIGHT, DeviceClock
from api.domain.errors import AfterRefused, NotConfigured, Refusal, RoleNotAllowed, TokenRefused
from api.domain.reference import Reference
from api.domain.report_requests import ReportRequest
from api.domain.sync import Waiter, WaitState, next_ready
from api.models import Ticket, WaitingItem
from api.queries.people import find_viewer
from api.queries.sync import find_done
from api.services.report_claims import hold_tickets
from api.services.reports import FiledReport, file_reports
from api.services.sync_steps import StepItem, request_from_json, try_step
from api.services.waiting_items import WaitingStep, drop_waiting, end_waiting, lock_waiting_steps

_TICKETS_AT_ONCE = 100

logger = logging.getLogger(__name__)


async def file_and_release(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer,
    requests: Sequence[ReportRequest],
    now: datetime,
    zone: ZoneInfo,
    clock: DeviceClock = RIGHT,
) -> list[FiledReport | None]:
    """File reports as `file_reports` does, and take the steps that came before them and wait for their tickets."""
    filed = await file_reports(session, reference, viewer, requests, now, zone, clock)
    for one in filed:
        if one is not None and one.is_awaited:
            await release_waiting(session, reference, one.case.id, now, zone)
    return filed


async def release_waiting(
    session: WriteSession, reference: Reference, ticket_id: UUID, now: datetime, zone: ZoneInfo
) -> int:
    """Take the steps that wait for this ticket, as far as they can go on now; return how many were taken.

    Each is taken as its sender would take it at this moment. One that is refused is ended with the reason, with those
    that were made on top of it, and spoils nothing else. The caller holds the ticket's name.
    """
    waiting = await lock_waiting_steps(session, ticket_id)
    if not waiting:
        return 0
    after = {(one.person_id, one.after_id) for one in waiting if one.after_id is not None}
    releasing = _Releasing(session, reference, now, zone)
    done = await find_done(session, after) if after else set[tuple[UUID, UUID]]()
    # What filing led to is done: the ticket is here.
    done |= {pair for pair in after if pair[1] == ticket_id}
    taken = 0
    while (ready := next_ready(map(_waiter, waiting), done)) is not None:
        step = next(one for one in waiting if (one.person_id, one.id) == (ready.person_id, ready.id))
        waiting.remove(step)
        refusal = await releasing.take(step)
        if refusal is None:
            taken += 1
            done.add((step.person_id, step.id))
        else:
            await _end_with_followers(session, step, refusal, waiting, now)
    return taken


def _waiter(step: WaitingStep) -> Waiter:
    return Waiter(step.id, step.person_id, step.after_id, step.made_at)


@dataclass(slots=True)
class _Releasing:
    """Takes waiting steps, each in a savepoint; people are looked up once."""

    session: WriteSession
    reference: Reference
    now: datetime
    zone: ZoneInfo
    viewers: dict[UUID | None, Viewer | None] = field(default_factory=dict[UUID | None, Viewer | None])

    async def take(self, step: WaitingStep) -> Refusal | None:
        """Take one step; return why it could not be taken, if so."""
        item = StepItem(step.id, step.ticket_id, step.after_id, request_from_json(step.body))
        clock = DeviceClock(timedelta(seconds=step.clock_skew_s))
        try:
            viewer = await self._viewer(step.sign_in_id)
            async with savepoint(self.session):
                await try_step(self.session, self.reference, viewer, item, clock, self.now)
                await drop_waiting(self.session, step.person_id, step.id)
        except Refusal as refusal:
            return refusal
        except CalendarError as error:
            return NotConfigured(str(error))
        except OperationalError:
            raise
        except Exception:
            # A fault of ours must not keep the ticket from being filed for ever; the log says what to mend.
            logger.exception("the waiting step %s could not be taken", step.id)
            return NotConfigured("Something went wrong on our side; send it again.")
        return None

    async def _viewer(self, sign_in_id: UUID | None) -> Viewer:
        """Return the sender as she is now: what a lost phone had sent ends with its sign-in."""
        if sign_in_id not in self.viewers:
            today = self.now.astimezone(self.zone).date()
            found = await find_viewer(self.session, sign_in_id, today) if sign_in_id else None
            self.viewers[sign_in_id] = found.viewer if found else None
        viewer = self.viewers[sign_in_id]
        if viewer is None:
            raise TokenRefused("The sign-in that sent this has ended.")
        if viewer.role not in OPERATIONS["ticket_step"]:
            raise RoleNotAllowed("Your role takes no steps.", role=viewer.role)
        return viewer


async def _end_with_followers(
    session: WriteSession, step: WaitingStep, why: Refusal, waiting: list[WaitingStep], now: datetime
) -> None:
    """End a step, and what was made on top of it, which would wait for nothing."""
    await end_waiting(session, step.person_id, step.id, WaitState.REFUSED, why, now)
    for one in _followers(step, waiting):
        waiting.remove(one)
        refused = AfterRefused("The step that this was made after was refused.", after=one.after_id)
        await end_waiting(session, one.person_id, one.id, WaitState.REFUSED, refused, now)


def _followers(step: WaitingStep, waiting: Collection[WaitingStep]) -> Sequence[WaitingStep]:
    found: list[WaitingStep] = []
    ended = {step.id}
    while more := [
        one
        for one in waiting
        if one.person_id == step.person_id and one.after_id in ended and one.id not in ended
    ]:
        found += more
        ended |= {one.id for one in more}
    return found


async def release_overlooked(database: Database, reference: Reference, now: datetime, zone: ZoneInfo) -> int:
    """Take steps whose ticket is here all the same; return how many.

    There are some only where a release that knows no waiting filed the ticket beside this one.
    """
    here = (
        select(col(WaitingItem.ticket_id))
        .join(Ticket, col(Ticket.id) == col(WaitingItem.ticket_id))
        .where(col(WaitingItem.ended_at).is_(None), col(WaitingItem.after_id).is_(None))
        .distinct()
        .limit(_TICKETS_AT_ONCE)
    )
    async with database.read() as session:
        ticket_ids = list((await session.execute(here)).scalars())
    taken = 0
    for ticket_id in ticket_ids:
        async with database.write() as session:
            await hold_tickets(session, [ticket_id])
            taken += await release_waiting(session, reference, ticket_id, now, zone)
    return taken
