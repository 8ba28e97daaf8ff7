"""Correct class and place of a ticket (更正), and send it where it belongs then (改派).

A dispatcher may learn late that a ticket is of another class or lies elsewhere. It is corrected, and by policy
(`redispatch_on_correction`) the rules look at it again. No statement is needed here.
"""

from datetime import datetime

from api.domain.calendars import CalendarError
from api.domain.cases import Case, Triage
from api.domain.dispatch import Decision
from api.domain.errors import FieldWrong
from api.domain.lifecycle import Action, State, find_step
from api.domain.recomputation import recompute, record
from api.domain.reference import Reference, UnitFacts
from api.domain.requests import RequestKind, RequestState
from api.domain.tickets import BY_SYSTEM, advance
from api.services.dispatch import (
    decide_case,
    explained,
    follow_rule,
    rectification_term,
    send,
    send_by_rule,
    stage_terms,
)
from api.services.taking import StepRequest

_HELD = frozenset({State.ASSIGNED, State.IN_PROGRESS})


def correct_case(case: Case, request: StepRequest, reference: Reference) -> dict[str, dict[str, str | None]]:
    """Take over class, condition, grid and place as a dispatcher corrected them.

    Returns what is another now by field, with what it was `before` and is `after`, for the history. Raises FieldWrong
    for what the office does not have. A class that has several conditions leaves the case without one until it is
    named.
    """
    before = _told(case)
    if request.category is not None and not _is_retired(case, request.category, reference):
        category = reference.category(request.category, "/category")
        if reference.category_ids[category.code] != case.category_id:
            case.category, case.category_id = category.code, reference.category_ids[category.code]
            case.condition = None
    # A ticket's own condition may have been retired meanwhile: naming it again chooses nothing.
    is_own = case.condition is not None and case.condition.number == request.condition
    if not is_own and (request.condition is not None or case.condition is None):
        case.condition = reference.known_condition(case.category_id, request.condition, "/condition")
    if request.grid is not None:
        if request.grid not in reference.grids:
            raise FieldWrong("/grid", "grid_unknown", "There is no such grid.")
        case.grid_code = request.grid
    if request.at_place is not None:
        place = reference.places.by_code.get(request.at_place)
        if place is None or not place.is_active:
            raise FieldWrong("/at_place", "place_unknown", "There is no such place.", place=request.at_place)
        case.place_code = place.code
    return {
        name: {"before": before[name], "after": value}
        for name, value in _told(case).items()
        if value != before[name]
    }


def follow_correction(case: Case, reference: Reference, now: datetime) -> None:
    """Let the rules choose anew for a corrected ticket, and give its unit the time that its condition has now.

    Another unit gets it with a clock of its own; without one it goes to triage. It stays where it is after a ruling,
    in adjudication, and where the city's policy wants that: then its explanation says whose the rules would make it.
    """
    decision = decide_case(case, reference, now)
    if case.is_pinned or case.triage is Triage.ADJUDICATION:
        case.dispatch_explanation = _ruled(case, reference)
    elif not reference.policies.redispatch_on_correction:
        case.dispatch_explanation = _kept(case, decision, reference)
    else:
        _choose_anew(case, decision, reference, now)
        return
    _measure_anew(case, reference, now)


def _choose_anew(case: Case, decision: Decision, reference: Reference, now: datetime) -> None:
    unit = reference.units_by_code[decision.unit] if decision.unit is not None else None
    if unit is not None and unit.id in case.returned_unit_ids and unit.id != _holder_id(case):
        case.dispatch_explanation = _returned(unit)
        _take_back(case, Triage.RETURNED, reference, now)
    elif case.state is State.FILED:
        send_by_rule(case, reference, now)
    elif unit is None:
        case.dispatch_explanation = explained(decision, reference)
        _take_back(case, Triage.NO_RULE, reference, now)
    elif unit.id == case.unit_id:
        case.dispatch_explanation = explained(decision, reference)
        follow_rule(case, decision.rule, reference)
        _measure_anew(case, reference, now)
    else:
        _send_on(case, unit, decision, reference, now)


def _send_on(case: Case, unit: UnitFacts, decision: Decision, reference: Reference, now: datetime) -> None:
    said = explained(decision, reference)
    case.dispatch_explanation = {
        "zh": f"案件更正后改派：{said['zh']}",
        "en": f"Corrected and dispatched anew: {said['en']}",
    }
    helpers = follow_rule(case, decision.rule, reference)
    # Whoever was called to help the first unit was called for another problem.
    for call in case.requests:
        if call.kind is RequestKind.HELP and call.is_pending:
            call.decide(RequestState.LAPSED, now, None)
    try:
        send(case, unit, reference, now, BY_SYSTEM, action=Action.REDISPATCH, helpers=helpers)
    except CalendarError:
        _take_back(case, Triage.NO_DEADLINE, reference, now)


def _take_back(case: Case, triage: Triage, reference: Reference, now: datetime) -> None:
    """Leave a ticket to a dispatcher. The unit that had it keeps it until another has it (首接负责)."""
    if case.state in _HELD:
        step = find_step(case.state, Action.RECALL, BY_SYSTEM.role, reference.policies.closing)
        case.handler_id = case.return_until = case.dispatch_rule_id = None
        terms = stage_terms(reference, now, step)
        advance(case, step, BY_SYSTEM, now, terms=terms, timekeeping=reference.timekeeping)
    case.triage = triage


def _measure_anew(case: Case, reference: Reference, now: datetime) -> None:
    """Give the unit that keeps the ticket the limit of its condition as it is now, from when its clock began."""
    unit_id = _holder_id(case)
    if unit_id is None:
        return
    timekeeping = reference.timekeeping
    move = recompute(case, rectification_term(case, reference.units[unit_id], reference), timekeeping)
    if move is not None:
        record(case, move, now, timekeeping, reference.policies.closing)
    if case.return_until is not None and case.due_at is not None:
        case.return_until = min(case.return_until, case.due_at)


def _holder_id(case: Case) -> int | None:
    """Return the unit that has the ticket now; one that returned it has it no more."""
    return case.unit_id if case.state in _HELD else None


def _is_retired(case: Case, category: str, reference: Reference) -> bool:
    """Tell whether the ticket's own class is named, which was retired: only tickets that have it keep it."""
    return category == case.category and category not in reference.category_ids


def _told(case: Case) -> dict[str, str | None]:
    return {
        "category": case.category,
        "condition": case.condition.code if case.condition else None,
        "grid": case.grid_code,
        "at_place": case.place_code,
    }


def _ruled(case: Case, reference: Reference) -> dict[str, str]:
    unit = reference.units[case.unit_id] if case.unit_id is not None else None
    if unit is None or not case.is_pinned:
        return {
            "zh": "案件已更正；两家单位退回，仍待裁定。",
            "en": "Corrected; two units returned it, and a ruling is still due.",
        }
    return {
        "zh": f"案件已更正；已指定管辖，仍由{unit.name_zh}承办。",
        "en": f"Corrected; a ruling keeps it with {unit.name_en}.",
    }


def _kept(case: Case, decision: Decision, reference: Reference) -> dict[str, str]:
    said, unit_id = explained(decision, reference), _holder_id(case)
    unit = reference.units[unit_id] if unit_id is not None else None
    zh = f"仍由{unit.name_zh}承办" if unit else "仍待派遣员派遣"
    en = f"it stays with {unit.name_en}" if unit else "a dispatcher sends it"
    return {
        "zh": f"案件已更正；本市设置为不自动改派，{zh}。按现行规则：{said['zh']}",
        "en": f"Corrected; by the city's policy {en}. By the rules of today: {said['en']}",
    }


def _returned(unit: UnitFacts) -> dict[str, str]:
    return {
        "zh": f"案件更正后按规则应由{unit.name_zh}承办，但该单位已退回本案，由派遣员决定。",
        "en": f"Corrected; the rules choose {unit.name_en}, which returned this ticket: a dispatcher decides.",
    }
