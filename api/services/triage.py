"""Tickets that wait because no rule covered them: how many one covers now, and sending those on."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from api.db import ReadSession, WriteSession
from api.domain.cases import Triage
from api.domain.dispatch import RuleIndex
from api.domain.dispatch_decision import decide
from api.domain.dispatch_rules import DispatchRule
from api.domain.lifecycle import State
from api.domain.reference import Reference
from api.queries.cases import lock_case_for_system, lock_in_order
from api.queries.waiting_cases import find_waiting_cases
from api.services.cases import update_case
from api.services.dispatch import send_by_rule

EXAMINED_MAX = 2_000
"""Tickets that one call looks at."""

RESENT_MAX = 500
"""Tickets that one call sends: they are locked until all of them are stored."""


@dataclass(frozen=True, slots=True)
class Resent:
    """What became of tickets that waited for want of a rule; incomplete when one call was not enough."""

    examined: int
    sent: int
    is_complete: bool


async def count_covered(
    session: ReadSession, reference: Reference, rules: Iterable[DispatchRule], now: datetime
) -> int:
    """Count the waiting tickets that would find a unit by these rules, of the first `EXAMINED_MAX`."""
    units = reference.units_by_code
    in_force = [rule for rule in rules if rule.lead_unit in units and units[rule.lead_unit].is_active]
    changed = replace(reference, rules=RuleIndex(in_force, reference.zone))
    waiting = await find_waiting_cases(session, reference, now, EXAMINED_MAX)
    return sum(decide(changed, case.matter).unit is not None for case in waiting)


async def resend_waiting(session: WriteSession, reference: Reference, now: datetime) -> Resent:
    """Let the rules choose anew for tickets that wait for want of one; each that finds a unit is dispatched.

    One whose unit's calendar can't tell the due time goes on waiting, and so does one that its unit returned.
    """
    waiting = await find_waiting_cases(session, reference, now, EXAMINED_MAX + 1)
    examined = waiting[:EXAMINED_MAX]
    found = [case.ticket_id for case in examined if decide(reference, case.matter).unit is not None]
    to_send = found[:RESENT_MAX]
    await lock_in_order(session, to_send)
    sent = 0
    for ticket_id in to_send:
        case = await lock_case_for_system(session, reference, ticket_id)
        read_version = case.version
        # A person may have been faster; and a unit that returned a ticket gets it back by a ruling only.
        if case.state is not State.FILED or case.triage is not Triage.NO_RULE or case.returned_unit_ids:
            continue
        send_by_rule(case, reference, now)
        if case.version > read_version:
            await update_case(session, case, reference, read_version)
            sent += 1
    is_complete = len(found) == len(to_send) and len(waiting) == len(examined)
    return Resent(len(examined), sent, is_complete)
