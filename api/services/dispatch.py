"""Send a filed ticket to its responsible unit: by rule, by the owner of the place, or by a dispatcher's word.

No statement is needed here: rules, calendars and units are in the reference snapshot, and the case is in memory.
"""

import logging
from datetime import datetime

from api.domain import deadlines
from api.domain.calendars import CalendarError
from api.domain.dispatch import Matter
from api.domain.dispatch_decision import decide
from api.domain.dispatch_words import explain as explain_dispatch
from api.domain.explanations import explain as explain_deadline
from api.domain.ledger import Term
from api.domain.lifecycle import Action, Clock, Step, find_step
from api.domain.limits import Limit, LimitUnit
from api.domain.reference import Reference, UnitFacts
from api.domain.reports import Priority
from api.domain.tickets import BY_SYSTEM, NOTHING_TOLD, By, Case, Told, Triage, advance

logger = logging.getLogger(__name__)


def stage_terms(reference: Reference, now: datetime, step: Step) -> dict[Clock, Term]:
    """Return the terms of the office's own stages that begin with this step.

    A stage whose calendar is not loaded far enough gets no term, with a warning to the administrator: the
    office's own clocks must never hold up a report.
    """
    limits = reference.policies.stage_limits
    terms: dict[Clock, Term] = {}
    for clock in step.restarts:
        if clock not in limits:
            continue  # the total has no limit, and the rectification's comes from the condition or the rule
        limit = Limit(limits[clock].minutes, LimitUnit.WORKING_MINUTE)
        try:
            deadlines.due_at(now, limit, reference.calendar(limits[clock].calendar))
        except CalendarError as error:
            logger.warning("no due time for the stage %s: %s", clock, error)
        else:
            terms[clock] = Term(limit, limits[clock].calendar)
    return terms


def send_by_rule(case: Case, reference: Reference, now: datetime) -> None:
    """Let the rules choose the unit; a ticket that no rule and no owner takes stays for a dispatcher.

    A ticket whose due time can't be computed (the calendar ends too soon) stays for a dispatcher too, rather
    than go out with a guessed one.
    """
    matter = Matter(
        category=case.category,
        condition=case.condition.number if case.condition else None,
        grid_code=case.grid_code,
        source=case.source,
        at=now,
    )
    decision = decide(reference, matter)
    units = reference.units_by_code
    case.dispatch_explanation = {
        "zh": explain_dispatch(decision, "zh", {code: unit.name_zh for code, unit in units.items()}),
        "en": explain_dispatch(decision, "en", {code: unit.name_en for code, unit in units.items()}),
    }
    if decision.unit is None:
        case.triage = Triage.NO_RULE
        return
    unit = reference.units_by_code[decision.unit]
    rule = decision.rule
    if rule is not None:
        case.dispatch_rule_id = rule.id
        case.priority = Priority(rule.priority) if rule.priority else case.priority
    try:
        send(case, unit, reference, now, BY_SYSTEM, limit=rule.limit if rule else None)
    except CalendarError as error:
        logger.warning("ticket %s stays for a dispatcher: %s", case.number or case.id, error)
        case.triage = Triage.NO_DEADLINE


def send(
    case: Case,
    unit: UnitFacts,
    reference: Reference,
    now: datetime,
    by: By,
    *,
    limit: Limit | None = None,
    told: Told = NOTHING_TOLD,
) -> None:
    """Dispatch a filed ticket to a unit: the rectification clock starts with the condition's limit.

    `limit` replaces the condition's (a rule's own). Raises CalendarError, with the case unchanged, when the
    unit's calendar can't tell the due time.
    """
    condition = case.condition
    assert condition is not None, "a filed ticket has a condition"  # noqa: S101  filing sees to it
    step = find_step(case.state, Action.DISPATCH, by.role, reference.policies.closing)
    milestones = () if limit else condition.milestones
    term = Term(limit or condition.limit, unit.calendar_code, milestones)
    due = deadlines.deadline(
        now,
        term.limit,
        reference.calendar(term.calendar_code),
        milestones=milestones,
        yellow_share=reference.policies.light_yellow_share,
    )
    case.unit_id, case.handler_id, case.triage = unit.id, None, None
    case.dispatched_at = now
    case.due_rule = f"{condition.code} {term.limit.value} {term.limit.unit} {term.calendar_code}"
    case.due_explanation = {"zh": explain_deadline(due, "zh"), "en": explain_deadline(due, "en")}
    terms = {Clock.RECTIFICATION: term, **stage_terms(reference, now, step)}
    facts = {**told.facts, "unit": unit.code, "rule": case.dispatch_rule_id, "due_at": due.due_at.isoformat()}
    advance(
        case,
        step,
        by,
        now,
        terms=terms,
        timekeeping=reference.timekeeping,
        told=Told(told.note, told.photo_ids, told.device_at, facts),
    )
