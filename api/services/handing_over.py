"""Hand the open work of one unit over to another, in one transaction: nothing is left with nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from api.db import WriteSession
from api.domain.access import Viewer
from api.domain.cases import Case
from api.domain.lifecycle import Action, find_step
from api.domain.reference import Reference, UnitFacts
from api.domain.requests import Request, RequestKind, RequestState
from api.domain.tickets import BY_SYSTEM, Told, advance
from api.queries.cases import lock_case_for_system, lock_in_order
from api.services.cases import update_case
from api.services.dispatch import send


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How much another unit took over: tickets, and calls for help on tickets of others."""

    tickets: int
    calls: int


NOTHING = HandedOver(0, 0)


async def hand_over(
    session: WriteSession,
    reference: Reference,
    viewer: Viewer | None,
    unit: UnitFacts,
    heir: UnitFacts,
    ticket_ids: Sequence[UUID],
    now: datetime,
) -> HandedOver:
    """Give these tickets of a unit, and the calls for its help, to another; `viewer` None: the command line.

    Raises CalendarError, and nothing may be stored then, when the other's calendar can't tell a due time.
    """
    await lock_in_order(session, ticket_ids)
    told = Told(facts={"from_unit": unit.code, **({"by": viewer.username} if viewer else {})})
    tickets = calls = 0
    for ticket_id in ticket_ids:
        case = await lock_case_for_system(session, reference, ticket_id)
        read_version = case.version
        if case.unit_id == unit.id:
            _reassign(case, unit, heir, reference, now, told)
            tickets += 1
        elif unit.id in case.open_helper_ids:
            _reassign_help(case, unit, heir, reference, now, told)
            calls += 1
        await update_case(session, case, reference, read_version)
    return HandedOver(tickets, calls)


def _reassign(
    case: Case, unit: UnitFacts, heir: UnitFacts, reference: Reference, now: datetime, told: Told
) -> None:
    """Send a ticket on: another unit has a full limit of its own, and the rule that chose the first says no more."""
    case.dispatch_rule_id = None
    case.dispatch_explanation = {
        "zh": f"{unit.name_zh}停止承办，由{heir.name_zh}接办。",
        "en": f"{unit.name_en} was closed down; {heir.name_en} takes its work over.",
    }
    case.is_pinned = False  # a ruling named the unit that is gone, and no other
    _end_call(case, heir.id, now)  # whoever is responsible is no helper
    send(case, heir, reference, now, BY_SYSTEM, action=Action.REASSIGN, told=told)


def _reassign_help(
    case: Case, unit: UnitFacts, heir: UnitFacts, reference: Reference, now: datetime, told: Told
) -> None:
    step = find_step(case.state, Action.REASSIGN_HELP, BY_SYSTEM.role, reference.policies.closing)
    call = _end_call(case, unit.id, now)
    assert call is not None  # noqa: S101  found by it
    if heir.id != case.unit_id and heir.id not in case.open_helper_ids:
        case.requests.append(
            Request(
                id=uuid4(),
                kind=RequestKind.HELP,
                made_in=call.made_in,
                asked_at=now,
                asked_by_id=call.asked_by_id,
                reason=call.reason,
                unit_id=heir.id,
            )
        )
    facts = Told(facts={**told.facts, "unit": heir.code})
    advance(case, step, BY_SYSTEM, now, terms={}, timekeeping=reference.timekeeping, told=facts)


def _end_call(case: Case, unit_id: int, now: datetime) -> Request | None:
    """Let the pending call for a unit's help lapse; return it, None when there was none."""
    for request in case.requests:
        if request.kind is RequestKind.HELP and request.unit_id == unit_id and request.is_pending:
            request.decide(RequestState.LAPSED, now, None)
            return request
    return None
