"""What the system does to tickets by itself when an instant has come: one by one, each in its own transaction."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from api.db import Database, WriteSession
from api.domain.cases import Case
from api.domain.reference import Reference
from api.queries.cases import lock_case_for_system
from api.queries.due_tickets import DueTicket, Instant, claim_due_ticket, find_due_tickets
from api.services.cases import update_case

BATCH = 200
"""Tickets that are looked up at a time."""

Act = Callable[[WriteSession, Case], Awaitable[bool]]
"""Takes a step on a locked ticket; False when there was none to take after all."""

logger = logging.getLogger(__name__)


async def sweep_tickets(
    database: Database, reference: Reference, instant: Instant, now: datetime, act: Act
) -> int:
    """Act on every ticket whose instant has come, once in this run; return how many took a step.

    A ticket that can't be moved is logged and left for the next run; it never holds up the others.
    """
    seen: set[UUID] = set()
    moved = 0
    after: DueTicket | None = None
    while True:
        async with database.read() as session:
            due = await find_due_tickets(session, instant, now, after, BATCH)
        for ticket in due:
            # A ticket that was moved may be due again, further on in the same order.
            if ticket.id not in seen:
                seen.add(ticket.id)
                moved += await _act_on(database, reference, ticket, act)
        if len(due) < BATCH:
            return moved
        after = due[-1]


async def _act_on(database: Database, reference: Reference, ticket: DueTicket, act: Act) -> bool:
    try:
        async with database.write() as session:
            if not await claim_due_ticket(session, ticket):
                return False  # another worker, or a person, has it or was faster
            case = await lock_case_for_system(session, reference, ticket.id)
            if not await act(session, case):
                return False
            await update_case(session, case, reference, ticket.version)
    except Exception:
        # Whatever is wrong with this one, the others are due, too; the log says what to mend.
        logger.exception("ticket %s could not be moved on; it is tried again", ticket.id)
        return False
    return True
