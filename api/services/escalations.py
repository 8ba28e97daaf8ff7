"""Overdue tickets climb the ladder (上报): on each rung somebody higher has to answer."""

from datetime import datetime

from sqlalchemy import update

from api.db import Database, WriteSession
from api.domain.cases import Case
from api.domain.reference import Reference
from api.domain.tickets import BY_SYSTEM, NOTHING_TOLD
from api.models import metadata
from api.queries.due_tickets import Instant
from api.services.notices import raise_escalation
from api.services.steps_desk import escalate
from api.services.sweeps import sweep_tickets

_TICKETS = metadata.tables["tickets"]


async def escalate_overdue(database: Database, reference: Reference, now: datetime) -> int:
    """Let every ticket whose time has come climb one rung; return how many did.

    A ticket that is later than its next rung climbs again in the next run, so that each level has its event and
    its notice.
    """

    async def climb(session: WriteSession, case: Case) -> bool:
        if case.escalation_level >= len(reference.policies.escalation_ladder):
            await _stay(session, case)
            return False
        answers = escalate(case, reference, BY_SYSTEM, now, NOTHING_TOLD)
        await raise_escalation(session, case, answers, reference, now)
        return True

    return await sweep_tickets(database, reference, Instant.ESCALATES_AT, now, climb)


async def _stay(session: WriteSession, case: Case) -> None:
    """Stop looking at a ticket for which the ladder, made shorter since, has no further rung."""
    await session.execute(update(_TICKETS).where(_TICKETS.c.id == case.id).values(escalates_at=None))
