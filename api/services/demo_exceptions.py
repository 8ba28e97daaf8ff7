"""Tickets whose lives take a turn: one or more for each exception of the lifecycle, at every stage of its answer.

Where a request is to be open whatever the hour of the load, the ticket is an emergency of the last hours, on
which everybody works around the clock; where it is answered, it began days ago.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from api.domain.catalogue import Condition
from api.domain.limits import LimitUnit
from api.domain.reports import Source
from api.services.demo_draws import Draws
from api.services.demo_plots import Answer, Plot, Turn


def exceptional(draws: Draws) -> Iterator[Plot]:
    """Return the plots of all turns."""
    yield from _verifications(draws)
    yield from _returns(draws)
    yield from _calls_for_help(draws)
    yield from _more_time(draws)
    yield from _endings(draws)
    yield from _afterwards(draws)
    yield from _pressed(draws)


def _verifications(draws: Draws) -> Iterator[Plot]:
    """核实: the officer is on the way, the tip is true, nothing is there."""
    turn = Turn.VERIFICATION
    for minutes, source in ((23, Source.HOTLINE), (64, Source.CITIZEN)):
        yield draws.plot(draws.ago(minutes=minutes), draws.condition(), source=source, turn=turn)
    yield _days_ago(draws, 5, turn, Answer.YES, source=Source.CITIZEN)
    yield _days_ago(draws, 8, turn, Answer.NO, source=Source.HOTLINE, is_rejected=True)


def _returns(draws: Draws) -> Iterator[Plot]:
    """回退: waiting for the desk, contested, settled by a ruling that pins the ticket."""
    turn = Turn.RETURN
    for minutes in (33, 58):
        yield draws.emergency(minutes=minutes, turn=turn)
    yield draws.emergency(minutes=74, turn=turn, answer=Answer.NO)
    yield draws.emergency(minutes=81, turn=turn, answer=Answer.YES, fix_share=None)
    yield _days_ago(draws, 6, turn, Answer.YES)


def _calls_for_help(draws: Draws) -> Iterator[Plot]:
    """协办: owed, answered, excused."""
    turn = Turn.HELP
    yield draws.emergency(minutes=44, turn=turn, fix_share=None)
    yield _days_ago(draws, 7, turn, Answer.YES)
    yield _days_ago(draws, 5, turn, Answer.NO)


def _more_time(draws: Draws) -> Iterator[Plot]:
    """延期、挂账: asked for, granted, denied; suspended until days to come, and resumed before."""
    for turn in (Turn.EXTENSION, Turn.SUSPENSION):
        yield draws.emergency(minutes=52, turn=turn, fix_share=None)
        yield _days_ago(draws, 9, turn, Answer.NO)
    yield draws.emergency(minutes=112, turn=Turn.EXTENSION, answer=Answer.YES, fix_share=None)
    # In time only because more time was granted.
    yield _days_ago(draws, 9, Turn.EXTENSION, Answer.YES, fix_share=1.3)
    for days, rest in ((12, 19), (10, 33)):
        until = draws.now + timedelta(days=rest)
        yield _days_ago(draws, days, Turn.SUSPENSION, Answer.YES, until=until)
    yield _days_ago(draws, 11, Turn.PAUSE, Answer.YES)


def _endings(draws: Draws) -> Iterator[Plot]:
    """作废、并案."""
    yield draws.emergency(minutes=37, turn=Turn.VOID, accept_minutes=None)
    yield _days_ago(draws, 6, Turn.VOID, Answer.YES)
    yield _days_ago(draws, 9, Turn.VOID, Answer.NO)
    first = draws.emergency(minutes=66, accept_minutes=9, fix_share=None)
    yield first
    yield _merged(draws, first)
    first = _days_ago(draws, 8, fix_share=0.9)
    yield first
    yield _merged(draws, first)


def _afterwards(draws: Draws) -> Iterator[Plot]:
    """申诉、反弹."""
    for days, answer, fix_share in ((13, Answer.OPEN, 1.4), (12, Answer.YES, 1.6), (14, Answer.NO, 1.2)):
        yield _days_ago(draws, days, Turn.APPEAL, answer, fix_share=fix_share)
    yield _days_ago(draws, 12, Turn.RELAPSE)
    yield _days_ago(draws, 14, Turn.RELAPSE, Answer.YES)


def _pressed(draws: Draws) -> Iterator[Plot]:
    """催办、督办、上报: overdue ones that somebody looks after."""
    for minutes in (44, 71):
        yield draws.emergency(minutes=120 + minutes, fix_share=None, turn=Turn.PRESSURE)


def _days_ago(
    draws: Draws,
    days: int,
    turn: Turn | None = None,
    answer: Answer = Answer.OPEN,
    **told: Any,  # noqa: ANN401  fields of a plot
) -> Plot:
    """Make a plot of so many days ago with a limit of one working day, so that its end has come by now."""
    condition = draws.random.choice(_one_day(draws))
    return draws.plot(draws.by_day(days), condition, turn=turn, answer=answer, **told)


def _one_day(draws: Draws) -> list[Condition]:
    limits = ((1, LimitUnit.WORKING_DAY), (8, LimitUnit.WORKING_HOUR))
    return [one for one in draws.conditions if (one.limit.value, one.limit.unit) in limits]


def _merged(draws: Draws, first: Plot) -> Plot:
    """Make a second report of the same problem, some minutes later and a few steps away."""
    at = first.at + timedelta(minutes=7)
    spot = draws.beside(first.spot)
    return draws.plot(at, first.condition, spot=spot, turn=Turn.MERGER, master_id=first.report_id)
