"""The review desk: fraud signals, which supervisors confirm or clear."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.deps import Caller, Now, Reading, Writing
from api.domain.errors import FieldWrong
from api.domain.reference import Reference
from api.domain.signals import SignalState
from api.etags import UNCHANGED, Fresh
from api.language import Language
from api.queries.signals import find_reviews, find_signals, get_signal, sum_up
from api.schemas.signals import (
    DecisionInput,
    SignalHistoryShown,
    SignalId,
    SignalListQuery,
    SignalPage,
    SignalTotalQuery,
    SignalTotals,
    signal_history_shown,
    signal_shown,
    total_shown,
)
from api.services.signals import decide_signal

router = APIRouter(prefix="/v1/signals", tags=["signals"])

Id = Annotated[SignalId, Path(description="Number of the signal.")]


@router.get(
    "", operation_id="signal_list", response_model=SignalPage, responses=UNCHANGED, summary="Fraud signals"
)
async def list_signals(
    query: Annotated[SignalListQuery, Query()],
    caller: Caller,
    session: Reading,
    language: Language,
    fresh: Fresh,
) -> Response:
    """List what is odd about photos and reports: the open signals first, the newest of them first.

    A signal refuses nothing and proves nothing; it says where to look. `other_photo` is what a photo was compared
    with: look at both.
    """
    which = query.filter(_unit_id(caller.reference, query.unit))
    page = await find_signals(session, which, limit=query.limit, cursor=query.cursor)
    shown = [signal_shown(facts, caller.reference, language) for facts in page.items]
    return fresh.answer(SignalPage(items=shown, next=page.next))


@router.get(
    "/counts",
    operation_id="signal_count",
    response_model=SignalTotals,
    responses=UNCHANGED,
    summary="What signals come to",
)
async def count_signals(
    query: Annotated[SignalTotalQuery, Query()],
    caller: Caller,
    session: Reading,
    language: Language,
    fresh: Fresh,
) -> Response:
    """Sum up signals by ticket, by officer (whoever sent something) or by unit, the most telling first.

    Cleared ones are counted and weigh nothing.
    """
    which = query.filter(_unit_id(caller.reference, query.unit))
    found = await sum_up(session, query.by, which)
    shown = [total_shown(facts, query.by, caller.reference, language) for facts in found]
    return fresh.answer(SignalTotals(items=shown))


@router.get(
    "/{signal_id}",
    operation_id="signal_get",
    response_model=SignalHistoryShown,
    responses=UNCHANGED,
    summary="One signal and its reviews",
)
async def read_signal(
    signal_id: Id, caller: Caller, session: Reading, language: Language, fresh: Fresh
) -> Response:
    """Get a signal with all that was said of it, the first first."""
    facts = await get_signal(session, signal_id)
    reviews = await find_reviews(session, signal_id)
    return fresh.answer(signal_history_shown(facts, reviews, caller.reference, language))


@router.post(
    "/{signal_id}/confirm",
    operation_id="signal_confirm",
    responses={409: {}, 415: {}},
    summary="Confirm a signal",
)
async def confirm_signal(
    signal_id: Id, body: DecisionInput, caller: Caller, session: Writing, now: Now, language: Language
) -> SignalHistoryShown:
    """Say that a signal is right, with the reason. It is kept and counted, and changes neither ticket nor photo.

    Sent again it changes nothing. What was cleared may be confirmed later, and the other way round; all that was said
    is kept.
    """
    await decide_signal(
        session, caller.viewer, signal_id, SignalState.CONFIRMED, body.reason, body.version, now
    )
    facts = await get_signal(session, signal_id)
    reviews = await find_reviews(session, signal_id)
    return signal_history_shown(facts, reviews, caller.reference, language)


@router.post(
    "/{signal_id}/clear",
    operation_id="signal_clear",
    responses={409: {}, 415: {}},
    summary="Clear a signal",
)
async def clear_signal(
    signal_id: Id, body: DecisionInput, caller: Caller, session: Writing, now: Now, language: Language
) -> SignalHistoryShown:
    """Say that there is nothing wrong, with the reason. The signal weighs nothing any more, and is kept."""
    await decide_signal(
        session, caller.viewer, signal_id, SignalState.CLEARED, body.reason, body.version, now
    )
    facts = await get_signal(session, signal_id)
    reviews = await find_reviews(session, signal_id)
    return signal_history_shown(facts, reviews, caller.reference, language)


def _unit_id(reference: Reference, code: str | None) -> int | None:
    if code is None:
        return None
    unit = reference.units_by_code.get(code)
    if unit is None:
        raise FieldWrong("/query/unit", "unit_unknown", "There is no such unit.", unit=code)
    return unit.id
