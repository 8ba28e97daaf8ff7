"""Steps before a ticket is filed: verification (核实), filing (立案), rejection."""

from datetime import datetime

from api.domain.cases import Case, Triage
from api.domain.catalogue import Condition
from api.domain.lifecycle import Action, find_step
from api.domain.reference import Reference
from api.domain.tickets import BY_SYSTEM, Told, advance
from api.services.corrections import correct_case
from api.services.dispatch import send_by_rule, stage_terms
from api.services.taking import Taker, Taking


def file_and_send(case: Case, condition: Condition, reference: Reference, now: datetime) -> None:
    """File a reported ticket by the system and let the rules send it on."""
    step = find_step(case.state, Action.FILE, BY_SYSTEM.role, reference.policies.closing)
    case.condition, case.filed_at, case.triage = condition, now, None
    terms = stage_terms(reference, now, step)
    told = Told(facts={"condition": condition.code})
    advance(case, step, BY_SYSTEM, now, terms=terms, timekeeping=reference.timekeeping, told=told)
    send_by_rule(case, reference, now)


async def _ask_verification(taking: Taking) -> None:
    """发核实: an officer of the grid goes and looks whether the tip is true."""
    correct_case(taking.case, taking.request, taking.reference)
    case = taking.case
    taking.require(case.condition, has_grid=case.grid_code is not None)
    if case.triage is Triage.PHOTOS_AWAITED:
        case.triage = None  # from here on a dispatcher decides, whichever photo still comes
    taking.advance()


async def _answer_verification(taking: Taking) -> None:
    """核实反馈: what the officer found, with a photo; the dispatcher decides."""
    taking.require(taking.case.condition)
    taking.advance(confirmed=taking.request.confirmed)


async def _file(taking: Taking) -> None:
    """立案: a dispatcher confirms class, condition and grid, then the rules send the ticket on."""
    correct_case(taking.case, taking.request, taking.reference)
    case = taking.case
    taking.require(case.condition, has_condition=case.condition is not None)
    assert case.condition is not None  # noqa: S101  just required
    case.filed_at, case.triage = taking.now, None
    taking.advance(condition=case.condition.code)
    send_by_rule(case, taking.reference, taking.now)


async def _reject(taking: Taking) -> None:
    """不予立案."""
    taking.require(taking.case.condition)
    taking.case.triage = None
    taking.advance()


TAKERS: dict[Action, Taker] = {
    Action.ASK_VERIFICATION: _ask_verification,
    Action.ANSWER_VERIFICATION: _answer_verification,
    Action.FILE: _file,
    Action.REJECT: _reject,
}
