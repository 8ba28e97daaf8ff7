"""Steps of the repair and its check: sign for (签收), hand over, rectify (处置), check (核查), close, reopen (反弹)."""

from typing import Any

from api.domain.errors import FieldWrong
from api.domain.lifecycle import Action
from api.queries.people import find_handler
from api.services.dispatch import send_back
from api.services.taking import Taker, Taking


async def _accept(taking: Taking) -> None:
    """签收: whoever signs for the ticket handles it until it is handed over."""
    taking.require(taking.case.condition)
    taking.case.handler_id = taking.viewer.person_id
    taking.advance()


async def _hand_over(taking: Taking) -> None:
    """转办: to a handler of the same unit."""
    wanted = taking.request.handler
    taking.require(taking.case.condition, has_handler=wanted is not None)
    handler = await find_handler(taking.session, wanted or "", taking.case.unit_id)
    if handler is None:
        raise FieldWrong("/handler", "handler_unknown", "Nobody of this unit is called so.")
    taking.case.handler_id = handler.person_id
    taking.advance(handler=handler.username)


async def _rectify(taking: Taking) -> None:
    """处置反馈: the rectification clock stops; a check is due."""
    taking.require(taking.case.condition)
    case = taking.case
    case.rectified_at, case.fixed_by_id = taking.now, taking.viewer.person_id
    case.checked_at = case.checked_by_id = None
    taking.advance()


async def _pass_check(taking: Taking) -> None:
    """核查通过: the closing condition holds, seen by somebody else than the fixer."""
    condition = taking.case.condition
    taking.require(condition)
    taking.case.checked_at, taking.case.checked_by_id = taking.now, taking.viewer.person_id
    taking.advance(closing_condition=condition.closing_zh if condition else None)


async def _fail_check(taking: Taking) -> None:
    """返工: the old rectification clock runs on."""
    case = taking.case
    taking.require(case.condition)
    case.rework_count += 1
    case.rectified_at = case.checked_at = case.checked_by_id = None
    taking.advance()


async def _close(taking: Taking) -> None:
    """结案 at the desk, where the city wants a second look after the check."""
    taking.require(taking.case.condition)
    taking.advance()


async def _recheck(taking: Taking) -> None:
    """复查合格: looked at once more, at once or after weeks, and still repaired."""
    taking.require(taking.case.condition)
    taking.advance(task=taking.case.task_kind)


async def _reopen(taking: Taking) -> None:
    """反弹: the problem is back; whoever repaired it gets the ticket again, with a cycle of its own."""
    case = taking.case
    taking.require(case.condition)
    facts: dict[str, Any] = {"task": case.task_kind} if case.task_kind else {}
    case.reopen_count += 1
    case.filed_at = taking.now
    case.closed_at = case.rectified_at = case.checked_at = case.checked_by_id = None
    case.fixed_by_id = case.handler_id = None
    case.is_self_fixed = case.is_pinned = case.has_appealed = case.is_exempt = False
    taking.advance(**facts)
    send_back(case, taking.reference, taking.now)


TAKERS: dict[Action, Taker] = {
    Action.ACCEPT: _accept,
    Action.HAND_OVER: _hand_over,
    Action.RECTIFY: _rectify,
    Action.PASS_CHECK: _pass_check,
    Action.FAIL_CHECK: _fail_check,
    Action.CLOSE: _close,
    Action.RECHECK: _recheck,
    Action.REOPEN: _reopen,
}
