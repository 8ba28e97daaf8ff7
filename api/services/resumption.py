"""Suspended tickets (挂账) resume by themselves on the day that was agreed."""

from datetime import datetime

from api.db import Database, WriteSession
from api.domain.cases import Case
from api.domain.lifecycle import Action, find_step
from api.domain.reference import Reference
from api.domain.tickets import BY_SYSTEM, Told, advance
from api.queries.due_tickets import Instant
from api.services.sweeps import sweep_tickets


async def resume_suspended(database: Database, reference: Reference, now: datetime) -> int:
    """Resume what was suspended until now or before; return how many tickets that were.

    The rectification clock goes on from the agreed instant, however late this runs.
    """

    async def resume(_: WriteSession, case: Case) -> bool:
        step = find_step(case.state, Action.RESUME, BY_SYSTEM.role, reference.policies.closing)
        until = case.suspended_until
        assert until is not None  # noqa: S101  found by it, and the database holds suspended tickets to it
        told = Told(facts={"until": until.isoformat()})
        timekeeping = reference.timekeeping
        advance(case, step, BY_SYSTEM, now, terms={}, timekeeping=timekeeping, told=told, since=until)
        return True

    return await sweep_tickets(database, reference, Instant.SUSPENDED_UNTIL, now, resume)
