"""Requests and their decisions: extension (延期), suspension (挂账), void (作废), appeal (申诉); and the way back."""

from datetime import timedelta

from api.domain.errors import FieldWrong
from api.domain.lifecycle import Action
from api.domain.requests import DECIDERS, Request, RequestKind, RequestState
from api.services.taking import Taker, Taking


async def _ask(taking: Taking) -> None:
    """Ask for more time, for striking the ticket out, or that lateness is not held against the unit."""
    kind = taking.step.asks
    assert kind is not None  # noqa: S101  the row's action asks
    taking.require(taking.case.condition)
    taking.ask(kind)
    if kind is RequestKind.APPEAL:
        taking.case.has_appealed = True
    taking.advance(request=kind)


async def _request_suspension(taking: Taking) -> None:
    """申请挂账, until a day."""
    until, days = taking.request.until, taking.reference.policies.suspension_max_days
    taking.require(taking.case.condition, has_until=until is not None)
    assert until is not None  # noqa: S101  just required
    latest = taking.now + timedelta(days=days)
    if not taking.now < until <= latest:
        raise FieldWrong(
            "/until", "until_out_of_range", f"A suspension ends within {days} days.", latest=latest
        )
    taking.ask(RequestKind.SUSPENSION, until=until)
    taking.advance(request=RequestKind.SUSPENSION, until=until.isoformat())


async def _deny(taking: Taking) -> None:
    """Refuse a request, with a reason."""
    taking.require(taking.case.condition)
    request = _pending(taking, taking.step.denies)
    request.decide(RequestState.DENIED, taking.now, taking.viewer.person_id, taking.request.words)
    taking.advance(request=request.kind)


async def _grant(taking: Taking) -> None:
    """同意: what the row does to state and clocks is all that changes."""
    taking.require(taking.case.condition)
    request = _pending(taking, taking.step.grants)
    request.decide(RequestState.GRANTED, taking.now, taking.viewer.person_id, taking.request.words)
    taking.advance(request=request.kind)


async def _grant_suspension(taking: Taking) -> None:
    """同意挂账: the ticket resumes by itself on the day that was asked for."""
    request, now = _pending(taking, RequestKind.SUSPENSION), taking.now
    taking.require(taking.case.condition)
    until = request.until
    assert until is not None  # noqa: S101  asked for with a day
    if until <= now:
        raise FieldWrong(
            "/until", "until_out_of_range", "The day that was asked for has passed.", until=until
        )
    request.decide(RequestState.GRANTED, now, taking.viewer.person_id, taking.request.words)
    taking.case.suspended_until = until
    taking.advance(request=request.kind, until=until.isoformat())


async def _grant_appeal(taking: Taking) -> None:
    """同意申诉: two sides have to agree; then statistics exempt the ticket, and the overdue fact stays."""
    taking.require(taking.case.condition)
    request = _pending(taking, RequestKind.APPEAL)
    role = taking.viewer.role
    if DECIDERS[request.kind] <= {role, request.agreed_role}:
        request.decide(RequestState.GRANTED, taking.now, taking.viewer.person_id, taking.request.words)
        taking.case.is_exempt = True
    else:
        request.agreed_role = role
    taking.advance(request=request.kind, is_exempt=taking.case.is_exempt)


async def _resume(taking: Taking) -> None:
    """恢复处置 before the agreed day; after it, where the worker was late, the clock goes on from that day."""
    taking.require(taking.case.condition)
    until = taking.case.suspended_until
    taking.advance(since=min(taking.now, until) if until is not None else None)


def _pending(taking: Taking, kind: RequestKind | None) -> Request:
    request = taking.case.pending(kind) if kind else None
    assert request is not None  # noqa: S101  `parties.find_refusal` saw it
    return request


TAKERS: dict[Action, Taker] = {
    Action.REQUEST_EXTENSION: _ask,
    Action.GRANT_EXTENSION: _grant,
    Action.DENY_EXTENSION: _deny,
    Action.REQUEST_SUSPENSION: _request_suspension,
    Action.GRANT_SUSPENSION: _grant_suspension,
    Action.DENY_SUSPENSION: _deny,
    Action.RESUME: _resume,
    Action.VOID: _ask,
    Action.GRANT_VOID: _grant,
    Action.DENY_VOID: _deny,
    Action.APPEAL: _ask,
    Action.GRANT_APPEAL: _grant_appeal,
    Action.DENY_APPEAL: _deny,
}
