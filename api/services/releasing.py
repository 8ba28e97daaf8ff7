"""Take tickets from people who can't handle them any more, so that their units' leads see them with nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.lifecycle import Action, find_step
from api.domain.reference import Reference
from api.domain.tickets import BY_SYSTEM, Told, advance
from api.queries.cases import lock_case_for_system, lock_in_order
from api.queries.units import handled_by
from api.services.cases import update_case


async def release_tickets(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer | None,
    handlers: Mapping[UUID, str],
    unit_ids: Sequence[int],
    now: datetime,
) -> int:
    """Leave the tickets of these handlers (user names by id) of these units with nobody; return how many.

    Each is an event of its ticket, that names who handled it and who ended the account; `viewer` None is the command
    line. A limit goes on: the unit is as responsible as before.
    """
    ticket_ids = await handled_by(session, list(handlers), unit_ids)
    if not ticket_ids:
        return 0
    await lock_in_order(session, ticket_ids)
    released = 0
    for ticket_id in ticket_ids:
        case = await lock_case_for_system(session, reference, ticket_id)
        if case.handler_id is None or case.handler_id not in handlers:
            continue  # handed over while this waited for the ticket
        read_version = case.version
        step = find_step(case.state, Action.HAND_OVER, BY_SYSTEM.role, reference.policies.closing)
        by = {"by": viewer.username} if viewer else {}
        told = Told(facts={"handler": None, "from_handler": handlers[case.handler_id], **by})
        case.handler_id = None
        advance(case, step, BY_SYSTEM, now, terms={}, timekeeping=reference.timekeeping, told=told)
        await update_case(session, case, reference, read_version)
        released += 1
    return released
