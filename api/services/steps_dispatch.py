"""Steps that decide whose ticket it is: dispatch (派遣), return (回退), ruling (指定管辖), calls for help (协办)."""

from api.domain.cases import Triage
from api.domain.errors import FieldWrong, StepRefused
from api.domain.lifecycle import Action
from api.domain.requests import RequestKind, RequestState
from api.services.corrections import correct_case, follow_correction
from api.services.dispatch import send
from api.services.taking import Taker, Taking, named_unit


async def _dispatch(taking: Taking) -> None:
    """派遣: a dispatcher names the unit, and units that are to help it."""
    case, request = taking.case, taking.request
    taking.require(case.condition, has_unit=request.unit is not None)
    unit = taking.unit()
    if unit.id in case.returned_unit_ids:
        raise StepRefused(
            "This unit returned the ticket: only a ruling gives it back.",
            possible=[Action.RULE],
            unit=unit.code,
        )
    name = taking.viewer.name
    case.dispatch_rule_id = None
    case.dispatch_explanation = {
        "zh": f"由{name}派遣至{unit.name_zh}。",
        "en": f"Sent to {unit.name_en} by {name}.",
    }
    _send(taking)


async def _rule(taking: Taking) -> None:
    """指定管辖: the unit that is named keeps the ticket, whatever it says."""
    case, request = taking.case, taking.request
    taking.require(case.condition, has_unit=request.unit is not None)
    unit = taking.unit()
    name = taking.viewer.name
    case.is_pinned = True
    case.dispatch_rule_id = None
    case.dispatch_explanation = {
        "zh": f"由{name}指定{unit.name_zh}管辖：{request.words}",
        "en": f"{name} ruled that {unit.name_en} is responsible: {request.words}",
    }
    _send(taking)


def _send(taking: Taking) -> None:
    unit, reference = taking.unit(), taking.reference
    helpers = [
        named_unit(reference, code, f"/helpers/{index}") for index, code in enumerate(taking.request.helpers)
    ]
    send(
        taking.case,
        unit,
        reference,
        taking.now,
        taking.by,
        action=taking.step.action,
        helpers=helpers,
        told=taking.told(),
    )


async def _return(taking: Taking) -> None:
    """回退: not this unit's. It keeps the ticket until another has it (首接负责)."""
    case = taking.case
    taking.require(case.condition)
    assert case.unit_id is not None  # noqa: S101  a unit's ticket
    is_contested = any(unit_id != case.unit_id for unit_id in case.returned_unit_ids)
    case.returned_unit_ids = [*case.returned_unit_ids, case.unit_id]
    case.handler_id = case.return_until = None
    case.triage = Triage.ADJUDICATION if is_contested else Triage.RETURNED
    taking.advance(unit=taking.reference.units[case.unit_id].code)


async def _ask_help(taking: Taking) -> None:
    """请求协办: another unit gets a task of its own on this ticket."""
    case = taking.case
    taking.require(case.condition, has_unit=taking.request.unit is not None)
    unit = taking.unit()
    if unit.id == case.unit_id:
        raise FieldWrong("/unit", "unit_is_lead", "The responsible unit can't be its own helper.")
    if unit.id in case.open_helper_ids:
        raise StepRefused("This unit was called for help already.", unit=unit.code)
    taking.ask(RequestKind.HELP, unit_id=unit.id)
    taking.advance(helper=unit.code)


async def _answer_help(taking: Taking) -> None:
    """协办反馈: the helping unit says what it did."""
    taking.require(taking.case.condition)
    _end_call(taking, taking.viewer.unit_id, RequestState.GRANTED)


async def _excuse_help(taking: Taking) -> None:
    """免除协办: the ticket can be finished without this helper."""
    wanted = taking.request.unit
    taking.require(taking.case.condition, has_unit=wanted is not None)
    # Any unit: one that was closed down meanwhile can't answer any more.
    helper = taking.reference.units_by_code.get(wanted or "")
    _end_call(taking, helper.id if helper else None, RequestState.DENIED)


def _end_call(taking: Taking, unit_id: int | None, state: RequestState) -> None:
    calls = (one for one in taking.case.requests if one.kind is RequestKind.HELP and one.is_pending)
    call = next((one for one in calls if one.unit_id == unit_id), None)
    if call is None or call.unit_id is None:
        raise FieldWrong("/unit", "unit_not_helping", "This unit was not called for help.")
    call.decide(state, taking.now, taking.viewer.person_id, taking.request.words)
    taking.advance(helper=taking.reference.units[call.unit_id].code)


async def _correct(taking: Taking) -> None:
    """更正: class, condition, grid or place is another, and the rules look at the ticket again."""
    case, reference = taking.case, taking.reference
    changed = correct_case(case, taking.request, reference)
    taking.require(case.condition, has_correction=bool(changed))
    if case.condition is None:
        raise FieldWrong("/condition", "missing", "The class has several filing conditions; name one.")
    taking.advance(corrected=changed)
    follow_correction(case, reference, taking.now)


TAKERS: dict[Action, Taker] = {
    Action.CORRECT: _correct,
    Action.DISPATCH: _dispatch,
    Action.RULE: _rule,
    Action.RETURN: _return,
    Action.ASK_HELP: _ask_help,
    Action.ANSWER_HELP: _answer_help,
    Action.EXCUSE_HELP: _excuse_help,
}
