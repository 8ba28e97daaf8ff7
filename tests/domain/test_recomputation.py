"""What computing many tickets anew changed, summed up in a few lines however many they are."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.domain.recomputation import LISTED_MAX, Cause, Move, Summary
from api.domain.states import State
from tests.domain.example_calendars import china

DUE = china("2026-03-09 12:00")


def moved(number: int, *, hours: int | None, was_known: bool = True) -> Move:
    return Move(
        ticket_id=UUID(int=number),
        number=f"T{number}",
        state=State.IN_PROGRESS,
        due_before=DUE if was_known else None,
        due_at=None if hours is None else DUE + timedelta(hours=hours),
        rule_before="E0406-1 4 working_hour city",
        rule="E0406-1 4 working_hour city",
        causes=(Cause.HOURS,),
    )


@given(st.lists(st.integers(-50, 50), max_size=60), st.integers(1, 7))
def test_the_largest_moves_are_listed_whatever_batches_they_came_in(hours: list[int], size: int) -> None:
    moves = [moved(number, hours=one) for number, one in enumerate(hours)]
    summary = Summary()
    for first in range(0, len(moves), size):
        batch = moves[first : first + size]
        summary.add(len(batch), batch)
    shifted = [move for move in moves if move.is_shift]
    by_size = sorted(shifted, key=lambda move: abs(move.shift or timedelta(0)), reverse=True)
    assert summary.largest == by_size[:LISTED_MAX]
    assert summary.examples == shifted[:LISTED_MAX]
    assert (summary.examined, summary.changed, summary.adjusted) == (
        len(moves),
        len(shifted),
        len(moves) - len(shifted),
    )
    assert summary.later + summary.earlier == summary.changed


def test_due_times_that_are_lost_or_found_are_counted_and_have_no_size() -> None:
    summary = Summary()
    summary.add(3, [moved(1, hours=None), moved(2, hours=1, was_known=False)])
    assert (summary.examined, summary.changed, summary.now_unknown, summary.now_known) == (3, 2, 1, 1)
    assert (summary.later, summary.earlier, summary.largest) == (0, 0, [])
    assert [move.shift for move in summary.examples] == [None, None]
