"""Rounds (巡查计划): what has to be seen how often and when, and whether it was."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from api.domain.dispatch_hours import WeeklyHours, minute_of_week, week_of
from api.domain.measuring import day_span
from api.domain.visits import VisitKind


class Period(StrEnum):
    """In which time a plan wants its visits."""

    DAY = "day"
    WEEK = "week"
    """From Monday."""


@dataclass(frozen=True, slots=True)
class Target:
    """A unit grid, or a place with everything within the plan's buffer of it."""

    kind: VisitKind
    code: str


@dataclass(frozen=True, slots=True)
class RoundRules:
    """How often the targets of a plan have to be seen, in which hours, for how long, on which days."""

    times: int
    period: Period
    hours: tuple[WeeklyHours, ...]
    """Without any it is around the clock."""
    dwell_min_s: float
    from_on: date
    to_on: date | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A visit to a target, or a check-in there (`dwell_s` None: it counts however short)."""

    target: Target
    at: datetime
    dwell_s: float | None


class RoundStatus(StrEnum):
    """How a round stands."""

    DONE = "done"
    OPEN = "open"
    """Its time goes on."""
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Round:
    """What one target needs in one period, and what it got."""

    target: Target
    first_on: date
    until: datetime
    needed: int
    done: int
    off_hours: int
    """Of those that were done."""
    last_at: datetime | None
    status: RoundStatus


def periods(rules: RoundRules, first_on: date, last_on: date) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each period that begins in these days (both included), in order.

    Only whole weeks in which the plan is in force count: of a part nobody can say what it needs.
    """
    step = timedelta(days=1 if rules.period is Period.DAY else 7)
    on = first_on
    if rules.period is Period.WEEK:
        on += timedelta(days=-first_on.weekday() % 7)
    while on <= last_on:
        ends_on = on + step - timedelta(days=1)
        if rules.from_on <= on and (rules.to_on is None or ends_on <= rules.to_on):
            yield on, ends_on
        on += step


def rounds_of(
    rules: RoundRules,
    targets: Iterable[Target],
    seen: Sequence[Seen],
    first_on: date,
    last_on: date,
    zone: ZoneInfo,
    now: datetime,
    is_off_hours: Callable[[datetime], bool],
) -> list[Round]:
    """Return the rounds of a plan that begin in these days, by day, then by target."""
    week = week_of(rules.hours)
    counting: dict[Target, list[datetime]] = {}
    for one in sorted(seen, key=lambda one: one.at):
        is_long = one.dwell_s is None or one.dwell_s >= rules.dwell_min_s
        minute = minute_of_week(one.at, zone)
        if is_long and any(start <= minute < stop for start, stop in week):
            counting.setdefault(one.target, []).append(one.at)
    wanted = sorted(set(targets), key=lambda target: (target.kind, target.code))
    found: list[Round] = []
    for begins_on, ends_on in periods(rules, first_on, last_on):
        since, until = day_span(begins_on, zone)[0], day_span(ends_on, zone)[1]
        found += [
            _round(
                target,
                begins_on,
                until,
                rules.times,
                _between(counting, target, since, until),
                now,
                is_off_hours,
            )
            for target in wanted
        ]
    return found


def _between(
    counting: Mapping[Target, Sequence[datetime]], target: Target, since: datetime, until: datetime
) -> list[datetime]:
    return [at for at in counting.get(target, ()) if since <= at < until]


def _round(
    target: Target,
    first_on: date,
    until: datetime,
    needed: int,
    done: Sequence[datetime],
    now: datetime,
    is_off_hours: Callable[[datetime], bool],
) -> Round:
    unfinished = RoundStatus.OPEN if now < until else RoundStatus.MISSED
    status = RoundStatus.DONE if len(done) >= needed else unfinished
    return Round(
        target,
        first_on,
        until,
        needed,
        len(done),
        sum(1 for at in done if is_off_hours(at)),
        done[-1] if done else None,
        status,
    )
