"""Send a filed ticket to its responsible unit: by rule, by the owner of the place, or by a dispatcher's word.

No statement is needed here: rules, calendars and units are in the reference snapshot, and the case is in memory.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from api.domain import deadlines
from api.domain.calendars import CalendarError
from api.domain.cases import Case, Triage
from api.domain.dispatch import Decision
from api.domain.dispatch_decision import decide, matter_of
from api.domain.dispatch_rules import DispatchRule
from api.domain.dispatch_words import explain as explain_dispatch
from api.domain.errors import NotConfigured
from api.domain.ledger import Stretch, Term
from api.domain.lifecycle import Action, Clock, State, Step, find_step
from api.domain.reference import Reference, UnitFacts
from api.domain.reports import Priority
from api.domain.requests import Request, RequestKind
from api.domain.tickets import BY_SYSTEM, NOTHING_TOLD, By, Told, advance

logger = logging.getLogger(__name__)


def stage_terms(reference: Reference, now: datetime, step: Step) -> dict[Clock, Term]:
    """Return the terms of the office's own stages that begin with this step.

    A stage whose calendar is not there, or not loaded far enough, gets no term, with a warning to the administrator:
    the office's own clocks must never hold up a report.
    """
    limits = reference.policies.stage_limits
    terms: dict[Clock, Term] = {}
    for clock in step.restarts:
        if clock not in limits:
            continue  # the total has no limit, and the rectification's comes from the condition or the rule
        term = limits[clock].term
        try:
            deadlines.due_at(now, term.limit, reference.calendar(term.calendar_code))
        except (CalendarError, NotConfigured) as error:
            logger.warning("no due time for the stage %s: %s", clock, error)
        else:
            terms[clock] = term
    return terms


def send_by_rule(case: Case, reference: Reference, now: datetime) -> None:
    """Let the rules choose the unit; a ticket that no rule and no owner takes stays for a dispatcher."""
    decision = decide_case(case, reference, now)
    case.dispatch_explanation = explained(decision, reference)
    if decision.unit is None:
        case.triage = Triage.NO_RULE
        return
    helpers = follow_rule(case, decision.rule, reference)
    _send_by_system(case, reference.units_by_code[decision.unit], reference, now, helpers)


def decide_case(case: Case, reference: Reference, now: datetime) -> Decision:
    """Ask the rules whose ticket this is now."""
    matter = matter_of(
        reference,
        category=case.category,
        condition=case.condition.number if case.condition else None,
        source=case.source,
        at=now,
        grid_code=case.grid_code,
        place_code=case.place_code,
        point=case.place,
    )
    return decide(reference, matter)


def explained(decision: Decision, reference: Reference) -> dict[str, str]:
    """Return a decision in words, by language."""
    units = reference.units_by_code
    return {
        "zh": explain_dispatch(decision, "zh", {code: unit.name_zh for code, unit in units.items()}),
        "en": explain_dispatch(decision, "en", {code: unit.name_en for code, unit in units.items()}),
    }


def follow_rule(case: Case, rule: DispatchRule | None, reference: Reference) -> list[UnitFacts]:
    """Take over what a rule says of the ticket besides its unit; return the units that it calls for help."""
    case.dispatch_rule_id = rule.id if rule else None
    if rule is None:
        return []
    case.priority = Priority(rule.priority) if rule.priority else case.priority
    units = reference.units_by_code
    return [units[code] for code in rule.helping_units if code in units]


def send_back(case: Case, reference: Reference, now: datetime) -> None:
    """Send a reopened ticket to the unit that repaired it, or by rule where there is none any more."""
    unit = reference.units.get(case.unit_id) if case.unit_id is not None else None
    if unit is None or not unit.is_active:
        case.unit_id = None
        send_by_rule(case, reference, now)
        return
    case.dispatch_explanation = {
        "zh": f"问题反弹，退回原处置单位{unit.name_zh}。",
        "en": f"The problem is back: to {unit.name_en}, which repaired it.",
    }
    _send_by_system(case, unit, reference, now, ())


def _send_by_system(
    case: Case, unit: UnitFacts, reference: Reference, now: datetime, helpers: Iterable[UnitFacts]
) -> None:
    """Send a ticket without a person's word.

    One whose due time can't be computed (the calendar ends too soon) stays for a dispatcher, rather than go
    out with a guessed one.
    """
    try:
        send(case, unit, reference, now, BY_SYSTEM, helpers=helpers)
    except CalendarError as error:
        logger.warning("ticket %s stays for a dispatcher: %s", case.number or case.id, error)
        case.triage = Triage.NO_DEADLINE


def rectification_term(case: Case, unit: UnitFacts, reference: Reference) -> Term:
    """Return how long a unit has for this ticket now: the rule's own limit, else the filing condition's."""
    condition = case.condition
    assert condition is not None, "a filed ticket has a condition"  # noqa: S101  filing sees to it
    rule = reference.rules.by_id.get(case.dispatch_rule_id or "")
    if rule is not None and rule.limit is not None:
        return Term(rule.limit, unit.calendar_code)
    return Term(condition.limit, unit.calendar_code, condition.milestones)


def send(
    case: Case,
    unit: UnitFacts,
    reference: Reference,
    now: datetime,
    by: By,
    *,
    action: Action = Action.DISPATCH,
    helpers: Iterable[UnitFacts] = (),
    told: Told = NOTHING_TOLD,
) -> None:
    """Dispatch a ticket to a unit, a filed one or another's: the rectification clock starts with the full limit.

    A unit that returned the ticket and gets it again goes on with its old clock, even if another had it in
    between: to return what is one's own must not be a way to more time. Raises CalendarError, with
    the case unchanged, when the unit's calendar can't tell the due time.
    """
    step = find_step(case.state, action, by.role, reference.policies.closing)
    last = _returned_turn(case, unit)
    if last is not None and last.term is not None:
        term = last.term
    else:
        term = rectification_term(case, unit, reference)
        # Asked before anything changes: without its due time a ticket does not go out.
        window_closes_at = _return_until(term, unit, reference, now)
        case.return_until = None if case.is_pinned else window_closes_at
    case.unit_id, case.handler_id, case.triage = unit.id, None, None
    case.dispatched_at = now
    assert case.condition is not None  # noqa: S101  a filed ticket has a condition
    case.due_rule = term.named(case.condition.code)
    called = [helper for helper in helpers if helper.is_active and helper.id != unit.id]
    facts = {**told.facts, "unit": unit.code, "rule": case.dispatch_rule_id}
    if called:
        facts["helpers"] = [helper.code for helper in called]
    advance(
        case,
        step,
        by,
        now,
        terms={Clock.RECTIFICATION: term, **stage_terms(reference, now, step)},
        timekeeping=reference.timekeeping,
        told=Told(told.note, told.photo_ids, told.device_at, facts),
        goes_on=Clock.RECTIFICATION if last is not None else None,
    )
    case.requests += [_call(helper, by, now) for helper in called]


def _returned_turn(case: Case, unit: UnitFacts) -> Stretch | None:
    """Return the end of this unit's turn if it returned the ticket since it was filed, whoever had it meanwhile."""
    last = case.ledger.latest(Clock.RECTIFICATION, unit.id)
    if last is None or last.stopped_by != Action.RETURN:
        return None
    is_present_life = case.filed_at is None or last.started_at >= case.filed_at
    return last if is_present_life else None


def _return_until(term: Term, unit: UnitFacts, reference: Reference, now: datetime) -> datetime:
    """Say until when a unit may return a ticket: within the window, and never past its limit."""
    calendar = reference.calendar(unit.calendar_code)
    due = deadlines.deadline(now, term.limit, calendar, milestones=term.milestones).due_at
    try:
        closes = deadlines.due_at(now, reference.policies.return_window, calendar)
    except CalendarError:
        closes = due  # the limit may run around the clock where nobody knows the working hours
    return min(due.astimezone(UTC), closes.astimezone(UTC))


def _call(helper: UnitFacts, by: By, now: datetime) -> Request:
    return Request(
        id=uuid4(),
        kind=RequestKind.HELP,
        made_in=State.ASSIGNED,
        asked_at=now,
        asked_by_id=by.person_id,
        reason="",
        unit_id=helper.id,
    )
