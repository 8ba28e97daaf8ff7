"""How a clock's due time came about, in words: the limit, extensions, pauses, rework and returns, and what was used."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from api.domain.actions import Action
from api.domain.calendars import CalendarError, WorkCalendar
from api.domain.deadlines import (
    Interval,
    Milestone,
    Segment,
    counted_segments,
    deadline,
    due_from_ledger,
    used,
)
from api.domain.explanations import (
    explain,
    instant_en,
    instant_zh,
    remarks_en,
    remarks_zh,
    shortened,
    since_en,
    since_zh,
    steps_en,
    steps_zh,
)
from api.domain.ledger import Stretch, Term, Timekeeping
from api.domain.limits import Limit, LimitUnit
from api.domain.local_days import to_microseconds

_PAUSES: dict[str, tuple[str, str]] = {
    Action.GRANT_SUSPENSION: ("挂账", "suspended"),
    Action.RECTIFY: ("处置反馈至核查未通过", "from the repair to the failed check"),
    Action.RETURN: ("回退至再次派遣", "returned and sent back"),
}
"""Why a clock stood still, by the action that stopped it: (zh, en)."""
_STOPPED = ("停止计时", "stopped")


def explain_cycle(
    stretches: Sequence[Stretch], timekeeping: Timekeeping, rests_until: datetime | None = None
) -> Mapping[str, str] | None:
    """Explain the due time of one cycle of a clock in every language.

    `stretches` are those of the cycle, oldest first, the last of them running, or stopped by a suspension
    that is agreed to end at `rests_until`. None when the cycle has no limit, and when its calendar is gone or
    not loaded far enough to tell the due time.
    """
    last = stretches[-1]
    calendar = timekeeping.calendars.get(last.term.calendar_code) if last.term else None
    if last.term is None or calendar is None:
        return None
    try:
        if len(stretches) == 1 and not last.extensions and rests_until is None:
            due = deadline(last.started_at, last.term.limit, calendar, milestones=last.term.milestones)
            return {"zh": explain(due, "zh"), "en": explain(due, "en")}
        life = _read(stretches, last.term, calendar, rests_until)
    except CalendarError:
        return None
    return {"zh": _tell_zh(life), "en": _tell_en(life)} if life else None


@dataclass(frozen=True, slots=True)
class _Pause:
    """The clock stood still from one instant to another, for a reason in Chinese and in English."""

    start_at: datetime
    stop_at: datetime
    why: tuple[str, str]

    def ends(self, write: Callable[[datetime, datetime], str], start: datetime) -> str:
        """Write when the pause ends: the time alone on the day that it began."""
        if self.stop_at.date() == self.start_at.date():
            return f"{self.stop_at:%H:%M}"
        return write(self.stop_at, start)


@dataclass(frozen=True, slots=True)
class _Life:
    """One cycle of a clock as it is told, in wall times of its calendar.

    `used` of the limit was gone when the clock last went on, at `goes_on_at`; None when all of it was. The
    segments are those from there to the due time. `rest` is the suspension that lasts.
    """

    start_at: datetime
    limit: Limit
    extensions: int
    pauses: tuple[_Pause, ...]
    rest: _Pause | None
    used: timedelta | None
    goes_on_at: datetime
    due_at: datetime
    milestones: tuple[tuple[Milestone, datetime], ...]
    segments: tuple[Segment, ...]


def _read(
    stretches: Sequence[Stretch], term: Term, calendar: WorkCalendar, rests_until: datetime | None
) -> _Life | None:
    """Read a cycle from its stretches; None while nobody knows when the clock goes on."""
    last = stretches[-1]
    runs = _runs(stretches)
    stopped_at, rest = runs[-1].stopped_at, None
    if stopped_at is not None:
        if rests_until is None:
            return None
        goes_on_at = max(rests_until, stopped_at, key=to_microseconds)
        rest = _Pause(
            calendar.local(stopped_at), calendar.local(goes_on_at), _PAUSES[Action.GRANT_SUSPENSION]
        )
        runs.append(Interval(goes_on_at))
    limits = [milestone.limit for milestone in term.milestones] or [term.limit]
    dues = [
        due
        for limit in limits
        if (due := due_from_ledger(runs, limit, calendar, last.extensions)) is not None
    ]
    # As in the ledger: the last to fall due decides, the later in the list when two fall together.
    decides = max(range(len(dues)), key=lambda index: (to_microseconds(dues[index]), index))
    limit, due = limits[decides], dues[decides]
    goes_on_at = runs[-1].started_at
    is_used_up = any(
        run.stopped_at and to_microseconds(due) <= to_microseconds(run.stopped_at) for run in runs
    )
    return _Life(
        start_at=calendar.local(runs[0].started_at),
        limit=limit,
        extensions=last.extensions,
        pauses=_pauses(stretches, calendar),
        rest=rest,
        used=None if is_used_up else used(runs[:-1], limit.unit, calendar, goes_on_at),
        goes_on_at=calendar.local(goes_on_at),
        due_at=calendar.local(due),
        milestones=tuple(zip(term.milestones, map(calendar.local, dues), strict=False)),
        segments=() if is_used_up else counted_segments(goes_on_at, due, limit.unit, calendar),
    )


def _runs(stretches: Sequence[Stretch]) -> list[Interval]:
    """Return when the clock ran; an extension ends one stretch and begins the next, but not a run."""
    runs = [Interval(stretches[0].started_at, stretches[0].stopped_at)]
    for stretch in stretches[1:]:
        started_at = (
            runs.pop().started_at if stretch.started_at == runs[-1].stopped_at else stretch.started_at
        )
        runs.append(Interval(started_at, stretch.stopped_at))
    return runs


def _pauses(stretches: Sequence[Stretch], calendar: WorkCalendar) -> tuple[_Pause, ...]:
    return tuple(
        _Pause(
            calendar.local(before.stopped_at),
            calendar.local(after.started_at),
            _PAUSES.get(before.stopped_by or "", _STOPPED),
        )
        for before, after in pairwise(stretches)
        if before.stopped_at is not None and before.stopped_at != after.started_at
    )


def _tell_en(life: _Life) -> str:
    start, unit = life.start_at, life.limit.unit
    begins = [since_en(start), life.limit.text("en")]
    if life.extensions:
        times = {1: "once", 2: "twice"}.get(life.extensions, f"{life.extensions} times")
        each = " each" if life.extensions > 1 else ""
        begins.append(f"extended {times} by {life.limit.text('en')}{each}")
    due = f"due {instant_en(life.due_at, start)}.{steps_en(life.milestones, start)}"
    remarks = remarks_en(unit, life.segments)
    if not life.pauses and life.rest is None:
        return f"{', '.join([*begins, *remarks])}: {due}"
    sentences = [f"{', '.join(begins)}."]
    if life.pauses:
        spans = [
            f"{instant_en(pause.start_at, start)} to {pause.ends(instant_en, start)} ({pause.why[1]})"
            for pause in life.pauses
        ]
        sentences.append(f"Not counted: {'; '.join(shortened(spans, lambda count: f'{count} more'))}.")
    if life.rest is not None:
        since, until = instant_en(life.rest.start_at, start), instant_en(life.rest.stop_at, start)
        sentences.append(f"Suspended since {since}; it rests until {until}, as agreed.")
    granted = unit.amount(life.limit.value * (1 + life.extensions), "en")
    if life.used is None:
        sentences.append(f"All of {granted} was used before: {due}")
    else:
        rest = [f"the rest from {instant_en(life.goes_on_at, start)}", *remarks]
        amount = _amount(life.used, unit, (" d", " h", " min"), " ")
        sentences.append(f"Of {granted}, {amount} was used before; {', '.join(rest)}: {due}")
    return " ".join(sentences)


def _tell_zh(life: _Life) -> str:
    start, unit = life.start_at, life.limit.unit
    begins = [since_zh(start), f"限{life.limit.text('zh')}"]
    if life.extensions:
        each = "每次" if life.extensions > 1 else ""
        begins.append(f"延期{life.extensions}次，{each}增加{life.limit.text('zh')}")
    due = f"{instant_zh(life.due_at, start)}到期。{steps_zh(life.milestones, start)}"
    remarks = remarks_zh(unit, life.segments)
    if not life.pauses and life.rest is None:
        return "，".join([*begins, *remarks, due])
    sentences = [f"{'，'.join(begins)}。"]
    if life.pauses:
        spans = [
            f"{instant_zh(pause.start_at, start)}至{pause.ends(instant_zh, start)}（{pause.why[0]}）"
            for pause in life.pauses
        ]
        sentences.append(f"不计时：{'；'.join(shortened(spans, lambda count: f'另{count}段'))}。")
    if life.rest is not None:
        since, until = instant_zh(life.rest.start_at, start), instant_zh(life.rest.stop_at, start)
        sentences.append(f"{since}起挂账，至约定的{until}恢复计时。")
    granted = unit.amount(life.limit.value * (1 + life.extensions), "zh")
    if life.used is None:
        sentences.append(f"{granted}此前已用完，{due}")
    else:
        amount = _amount(life.used, unit, ("天", "小时", "分"), "")
        rest = [f"余下自{instant_zh(life.goes_on_at, start)}起", *remarks, due]
        sentences.append(f"{granted}中此前已用{amount}，{'，'.join(rest)}")
    return "".join(sentences)


def _amount(amount: timedelta, unit: LimitUnit, names: tuple[str, str, str], between: str) -> str:
    """Write an amount of time, cut to the minute; days are days of 24 hours, so working time has none."""
    minutes = amount // timedelta(minutes=1)
    days, minutes = (0, minutes) if unit.counts_working_time else divmod(minutes, 24 * 60)
    counts = (days, *divmod(minutes, 60))
    parts = [f"{count}{name}" for count, name in zip(counts, names, strict=True) if count]
    return between.join(parts) or f"0{names[-1]}"
