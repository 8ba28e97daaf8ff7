"""Notices (提醒): whom to tell that a ticket is nearly due, overdue or escalated, when, and in which words.

A notice exists once for each ticket, clock, cycle and level. It waits until its receiver is at work, is dropped
when it stops being true while it waits, and is told alone or, when there are many, in a digest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from api.domain.access import Role
from api.domain.calendars import CalendarError, WorkCalendar
from api.domain.cases import Case
from api.domain.escalation import Answerer
from api.domain.limits import Language, Limit
from api.domain.reference import Reference
from api.domain.states import CLOCK_OF, STAGE_OF, Clock, State


class NoticeLevel(StrEnum):
    """What a notice says of its ticket."""

    NEAR_DUE = "near_due"
    OVERDUE = "overdue"
    ESCALATED = "escalated"


LEVEL_NAMES: dict[NoticeLevel, tuple[str, str]] = {
    NoticeLevel.NEAR_DUE: ("即将到期", "near due"),
    NoticeLevel.OVERDUE: ("超期", "overdue"),
    NoticeLevel.ESCALATED: ("升级", "escalated"),
}
"""Names for people, the least urgent first: (zh, en)."""

_STAGE_NAMES: dict[Clock, tuple[str, str]] = {
    Clock.INTAKE: ("受理", "intake"),
    Clock.VERIFICATION: ("核实", "verification"),
    Clock.DISPATCH: ("派遣", "dispatch"),
    Clock.RECTIFICATION: ("处置", "rectification"),
    Clock.CHECK: ("核查", "check"),
}

_NEVER = datetime.max.replace(tzinfo=UTC)
_URGENCY = tuple(LEVEL_NAMES)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told: a role, of one unit or one area where it has any. A unit's leads hear what its members are told."""

    role: Role
    unit_id: int | None = None
    grid_code: str | None = None


_DISPATCHER = Receiver(Role.DISPATCHER)
_SUPERVISOR = Receiver(Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a ticket stands, as far as notices depend on it.

    `clock`, `cycle` and `limit` are those of the clock that its due time comes from (`states.CLOCK_OF`).
    """

    ticket_id: UUID
    state: State
    unit_id: int | None
    grid_code: str | None
    is_checked: bool
    due_at: datetime | None
    yellow_at: datetime | None
    clock: Clock
    cycle: int
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `rung` is the level that the ticket was escalated to, 0 for the other notices."""

    ticket_id: UUID
    clock: Clock
    cycle: int
    level: NoticeLevel
    rung: int
    receiver: Receiver
    due_at: datetime | None
    raised_at: datetime
    deliver_at: datetime


def standing_of(case: Case) -> Standing:
    """Return how an open ticket in memory stands."""
    clock = CLOCK_OF.get(case.state) if case.state else None
    stretch = case.ledger.latest(clock) if clock else None
    assert case.state is not None  # noqa: S101  only what is open is noticed
    assert stretch is not None  # noqa: S101  each open state has had its clock started
    return Standing(
        ticket_id=case.id,
        state=case.state,
        unit_id=case.unit_id,
        grid_code=case.grid_code,
        is_checked=case.checked_at is not None,
        due_at=case.due_at,
        yellow_at=case.yellow_at,
        clock=stretch.clock,
        cycle=stretch.cycle,
        limit=stretch.term.limit if stretch.term else None,
    )


def level_at(standing: Standing, now: datetime) -> NoticeLevel | None:
    """Say which notice a ticket's due time asks for at an instant: none while it waits for nobody, or is in time.

    The same comparisons as the lights', so that a notice never contradicts what a list shows.
    """
    if standing.state not in STAGE_OF or standing.due_at is None:
        return None
    if standing.due_at < now:
        return NoticeLevel.OVERDUE
    if standing.yellow_at is not None and standing.yellow_at < now:
        return NoticeLevel.NEAR_DUE
    return None


def due_notice(standing: Standing, reference: Reference, now: datetime) -> Notice | None:
    """Make the notice that a ticket's due time asks for now, if it asks for one."""
    level = level_at(standing, now)
    return _notice(standing, level, 0, responsible(standing, reference), reference, now) if level else None


def escalation_notice(
    standing: Standing, answers: Answerer, rung: int, reference: Reference, now: datetime
) -> Notice:
    """Make the notice for whoever has to answer for a ticket that climbed to this rung."""
    receiver = answering(answers, standing.unit_id, reference)
    return _notice(standing, NoticeLevel.ESCALATED, rung, receiver, reference, now)


def _notice(
    standing: Standing,
    level: NoticeLevel,
    rung: int,
    receiver: Receiver,
    reference: Reference,
    now: datetime,
) -> Notice:
    return Notice(
        ticket_id=standing.ticket_id,
        clock=standing.clock,
        cycle=standing.cycle,
        level=level,
        rung=rung,
        receiver=receiver,
        due_at=standing.due_at,
        raised_at=now,
        deliver_at=deliver_at(receiver, standing.limit, reference, now),
    )


def responsible(standing: Standing, reference: Reference) -> Receiver:
    """Say whose turn it is: the unit's, the officers' of the area, or the desk's.

    What was checked waits for the desk to close it. Where no grid says which officers, a supervisor may check.
    """
    if standing.clock is Clock.RECTIFICATION and standing.unit_id is not None:
        return Receiver(Role.UNIT_MEMBER, unit_id=standing.unit_id)
    if standing.clock in {Clock.VERIFICATION, Clock.CHECK} and not standing.is_checked:
        if standing.grid_code is None:
            return _SUPERVISOR
        return Receiver(Role.OFFICER, grid_code=area_of(standing.grid_code, reference))
    return _DISPATCHER


def area_of(grid_code: str, reference: Reference) -> str:
    """Return the grid whose officers are told together: the one around a ticket's own.

    Officers look after several unit grids. Told grid by grid they would get many messages where one digest does.
    """
    path = reference.grid_path(grid_code)
    return path[-2].code if len(path) > 1 else grid_code


def answering(answers: Answerer, unit_id: int | None, reference: Reference) -> Receiver:
    """Say who answers on a rung; a supervisor where there is no unit, or none above it."""
    unit = reference.units.get(unit_id) if unit_id is not None else None
    if unit is not None and answers is Answerer.UNIT_LEAD:
        return Receiver(Role.UNIT_LEAD, unit_id=unit.id)
    if unit is not None and answers is Answerer.PARENT_UNIT and unit.parent_id is not None:
        return Receiver(Role.UNIT_LEAD, unit_id=unit.parent_id)
    return _SUPERVISOR


def deliver_at(receiver: Receiver, limit: Limit | None, reference: Reference, now: datetime) -> datetime:
    """Say when a notice goes out: when its receiver is at work, or at once if the limit runs around the clock.

    Where nobody knows the receiver's hours (the calendar ends too soon, or is gone) it goes out at once, too: a
    notice out of hours is better than none.
    """
    is_urgent = limit is not None and not limit.unit.counts_working_time
    calendar = _calendar_of(receiver, reference)
    if calendar is None or (is_urgent and reference.policies.urgent_notices_at_once):
        return now
    try:
        return calendar.next_open(now).astimezone(UTC)
    except CalendarError:
        return now


def _calendar_of(receiver: Receiver, reference: Reference) -> WorkCalendar | None:
    if receiver.unit_id is not None:
        unit = reference.units.get(receiver.unit_id)
        return reference.calendars.get(unit.calendar_code) if unit else None
    policies = reference.policies
    stage = policies.check_limit if receiver.role is Role.OFFICER else policies.intake_limit
    return reference.calendars.get(stage.calendar)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that was raised and not told yet."""

    id: int
    ticket_id: UUID
    clock: Clock
    cycle: int
    level: NoticeLevel
    rung: int
    due_at: datetime | None


def still_holds(waiting: Waiting, standing: Standing, now: datetime) -> bool:
    """Tell whether a waiting notice is still true: the ticket in the same stage and cycle, and as late as it said.

    What became overdue while its first notice waited is told as overdue only. An escalation holds as long as the
    ticket is where it was, suspended or not: somebody still has to answer.
    """
    if (waiting.clock, waiting.cycle) != (CLOCK_OF.get(standing.state), standing.cycle):
        return False
    return waiting.level is NoticeLevel.ESCALATED or waiting.level is level_at(standing, now)


def bundled(waiting: Iterable[Waiting], digest_from: int) -> list[list[Waiting]]:
    """Part what one receiver is to be told into messages: one each or, from `digest_from` on, one digest.

    The most overdue come first; what has no due time comes last.
    """
    ordered = sorted(waiting, key=lambda one: (one.due_at or _NEVER, one.id))
    if len(ordered) >= digest_from:
        return [ordered] if ordered else []
    return [[one] for one in ordered]


def most_urgent(levels: Iterable[NoticeLevel]) -> NoticeLevel:
    """Return the level that a message with notices of these levels is shown under."""
    return max(levels, key=_URGENCY.index)


def notice_text(level: NoticeLevel, clock: Clock, rung: int, number: str, language: Language) -> str:
    """Say a notice in one sentence."""
    stage_zh, stage_en = _STAGE_NAMES[clock]
    match level:
        case NoticeLevel.NEAR_DUE:
            zh, en = f"案卷{number}的{stage_zh}即将到期。", f"Ticket {number} is nearly due ({stage_en})."
        case NoticeLevel.OVERDUE:
            zh, en = f"案卷{number}的{stage_zh}已经超期。", f"Ticket {number} is overdue ({stage_en})."
        case NoticeLevel.ESCALATED:
            zh = f"案卷{number}已升级至第{rung}级，请答复。"
            en = f"Ticket {number} was escalated to level {rung}: please answer for it."
    return en if language == "en" else zh


def digest_text(counts: Mapping[NoticeLevel, int], language: Language) -> str:
    """Say a digest in one sentence, the most urgent first."""
    present = [(level, counts[level]) for level in reversed(_URGENCY) if counts.get(level)]
    total = sum(count for _, count in present)
    if language == "en":
        parts = ", ".join(f"{count} {LEVEL_NAMES[level][1]}" for level, count in present)
        return f"{total} notices: {parts}."
    parts = "、".join(f"{LEVEL_NAMES[level][0]}{count}件" for level, count in present)
    return f"共{total}条提醒：{parts}。"
