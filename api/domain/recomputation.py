"""Compute anew when open tickets are due, after a calendar, a limit, a rule or a policy changed.

The ledger of a ticket's clocks is the truth and its due time follows from it, so nothing but the ledger and the
term that is in force now is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heappush, heappushpop
from typing import NamedTuple
from uuid import UUID

from api.domain.actions import Action
from api.domain.cases import Case, Triage
from api.domain.clock_words import explain_cycle
from api.domain.ledger import Stretch, Term, Timekeeping
from api.domain.lifecycle import Closing, find_step
from api.domain.states import CLOCK_OF, Clock, State
from api.domain.tickets import BY_SYSTEM, Told, advance, read_due

LISTED_MAX = 10
"""So many moves are listed: of the largest, and of the first as examples."""


class Cause(StrEnum):
    """What made a due time another one."""

    LIMIT = "limit"
    """The limit, or one of its milestones, is another."""

    CALENDAR = "calendar"
    """Another calendar counts."""

    HOURS = "hours"
    """The same calendar has other hours or holidays, or is loaded further."""


@dataclass(frozen=True, slots=True)
class Move:
    """What computing a ticket anew changed.

    `due_at` is None where the calendar can't tell. `rule` is what the clock is measured by, as text. Where both
    due times are equal only yellow, escalation or the term moved: nothing that the history tells of.
    """

    ticket_id: UUID
    number: str
    state: State
    due_before: datetime | None
    due_at: datetime | None
    rule_before: str | None
    rule: str | None
    causes: tuple[Cause, ...]

    @property
    def is_shift(self) -> bool:
        """Whether the ticket is due at another time."""
        return self.due_before != self.due_at

    @property
    def shift(self) -> timedelta | None:
        """How much later it is due, negative for earlier; None when one of the due times is unknown."""
        if self.due_before is None or self.due_at is None:
            return None
        return self.due_at - self.due_before


def recompute(case: Case, term: Term | None, timekeeping: Timekeeping) -> Move | None:
    """Measure an open ticket's deciding clock anew, by this term; None for the term that it has.

    The case gets the new times, its clock's last stretch too; None is returned when they are what they were.
    A case needs no more of its ledger than the present cycle of the clock that decides.
    """
    assert case.state is not None  # noqa: S101  only stored tickets are computed anew
    clock = CLOCK_OF[case.state]
    last = case.ledger.latest(clock)
    if last is None:
        return None
    before = _Standing.of(case, last)
    term = term or before.term
    if term is not None:
        case.ledger.measure(clock, term, timekeeping)
        if before.term is None and last.due_at is None:
            # A stage began without a limit, because its calendar ends too soon; it still does.
            last.term = None
    read_due(case, timekeeping)
    after = _Standing.of(case, last)
    if after == before:
        return None
    subject = case.condition.code if clock is Clock.RECTIFICATION and case.condition else clock
    return Move(
        ticket_id=case.id,
        number=case.number,
        state=case.state,
        due_before=before.due_at,
        due_at=after.due_at,
        rule_before=before.term.named(subject) if before.term else None,
        rule=after.term.named(subject) if after.term else None,
        causes=_causes(before.term, after.term),
    )


def record(case: Case, move: Move, now: datetime, timekeeping: Timekeeping, closing: Closing) -> None:
    """Write a move into the case: the rule, the explanation and, where it is due at another time, an event.

    A ticket whose due time stays has no new version either.
    """
    assert case.state is not None  # noqa: S101  the same
    is_same_term = move.rule == move.rule_before and Cause.LIMIT not in move.causes
    if CLOCK_OF[case.state] is Clock.RECTIFICATION and (move.is_shift or not is_same_term):
        case.due_rule = move.rule
        case.due_explanation = explain_cycle(
            case.ledger.cycle(Clock.RECTIFICATION), timekeeping, case.suspended_until
        )
    if move.is_shift:
        facts = {
            "due_before": move.due_before.isoformat() if move.due_before else None,
            "due_at": move.due_at.isoformat() if move.due_at else None,
            "rule_before": move.rule_before,
            "rule": move.rule,
        }
        step = find_step(case.state, Action.RECOMPUTE, BY_SYSTEM.role, closing)
        advance(case, step, BY_SYSTEM, now, terms={}, timekeeping=timekeeping, told=Told(facts=facts))


class _Standing(NamedTuple):
    """All that computing anew may change."""

    due_at: datetime | None
    yellow_at: datetime | None
    escalates_at: datetime | None
    triage: Triage | None
    term: Term | None
    stretch_due_at: datetime | None
    stretch_yellow_at: datetime | None

    @classmethod
    def of(cls, case: Case, last: Stretch) -> "_Standing":
        return cls(
            case.due_at,
            case.yellow_at,
            case.escalates_at,
            case.triage,
            last.term,
            last.due_at,
            last.yellow_at,
        )


def _causes(before: Term | None, after: Term | None) -> tuple[Cause, ...]:
    if before is None or after is None or before == after:
        return (Cause.HOURS,)
    found: list[Cause] = []
    if (before.limit, before.milestones) != (after.limit, after.milestones):
        found.append(Cause.LIMIT)
    if before.calendar_code != after.calendar_code:
        found.append(Cause.CALENDAR)
    return tuple(found)


@dataclass(slots=True)
class Summary:
    """What computing many tickets anew changed, in numbers and examples; its size does not grow with theirs.

    `changed` counts the tickets that are due at another time: later, earlier, no longer known or known again.
    `adjusted` counts those that are due as before but whose yellow light, escalation or limit moved.
    """

    examined: int = 0
    changed: int = 0
    later: int = 0
    earlier: int = 0
    now_unknown: int = 0
    now_known: int = 0
    adjusted: int = 0
    examples: list[Move] = field(default_factory=list[Move])
    _largest: list[tuple[timedelta, int, Move]] = field(default_factory=list[tuple[timedelta, int, Move]])

    def add(self, examined: int, moves: Sequence[Move]) -> None:
        """Count the tickets of a batch, and those of them that moved."""
        self.examined += examined
        for move in moves:
            if move.is_shift:
                self._count(move)
            else:
                self.adjusted += 1

    @property
    def largest(self) -> list[Move]:
        """The moves by the most time, later or earlier, largest first."""
        return [move for _, _, move in sorted(self._largest, key=lambda one: one[:2], reverse=True)]

    def _count(self, move: Move) -> None:
        self.changed += 1
        if len(self.examples) < LISTED_MAX:
            self.examples.append(move)
        shift = move.shift
        if shift is None:
            self.now_unknown += move.due_at is None
            self.now_known += move.due_at is not None
            return
        self.later += shift > timedelta(0)
        self.earlier += shift < timedelta(0)
        # Of two equally large moves the first stays; the count also keeps moves from being compared.
        ranked = (abs(shift), -self.changed, move)
        if len(self._largest) < LISTED_MAX:
            heappush(self._largest, ranked)
        else:
            heappushpop(self._largest, ranked)
