"""Rounds (巡查计划): what has to be seen how often and when, and whether it was."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain
from zoneinfo import ZoneInfo

from api.domain.dispatch_hours import WeeklyHours, week_of
from api.domain.measuring import day_span
from api.domain.tracks import to_instant, to_ms
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
class Stay:
    """A visit of somebody to a place that was long enough to count, in milliseconds."""

    person: str
    start_ms: int
    stop_ms: int


@dataclass(frozen=True, slots=True)
class Presence:
    """A check-in of somebody at a place: it counts, however short she was there."""

    person: str
    at_ms: int


Seen = Mapping[Target, Sequence[int]]
"""When each target was seen for long enough, in milliseconds, in order; what happened together is one instant."""


def seen_of(stays: Iterable[Stay], presences: Iterable[Presence], gap_ms: int) -> list[int]:
    """Return when one place was seen: each stay, and each check-in that belongs to no stay and to no earlier check-in.

    A check-in of the same person within `gap_ms` of a stay is part of it, as is the next one within `gap_ms` of a
    check-in: whoever scans a code five times in a row was there once.
    """
    found: list[int] = []
    own: dict[str, list[Stay]] = {}
    for stay in stays:
        found.append(stay.start_ms)
        own.setdefault(stay.person, []).append(stay)
    last_ms: dict[str, int] = {}
    for one in sorted(presences, key=lambda one: one.at_ms):
        before_ms = last_ms.get(one.person)
        last_ms[one.person] = one.at_ms
        is_again = before_ms is not None and one.at_ms - before_ms <= gap_ms
        is_part = any(
            stay.start_ms - gap_ms <= one.at_ms <= stay.stop_ms + gap_ms for stay in own.get(one.person, ())
        )
        if not (is_again or is_part):
            found.append(one.at_ms)
    return sorted(found)


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
    seen_ms: Sequence[int]
    """When it was seen, in order."""
    status: RoundStatus

    @property
    def done(self) -> int:
        """How often it was seen."""
        return len(self.seen_ms)

    @property
    def last_at(self) -> datetime | None:
        """When it was seen last."""
        return to_instant(self.seen_ms[-1]) if self.seen_ms else None


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
    seen: Seen,
    first_on: date,
    last_on: date,
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[Round]:
    """Yield the rounds of a plan that begin in these days, by day, then by target."""
    wanted = sorted(set(targets), key=lambda target: (target.kind, target.code))
    spans = _hours_ms(rules, first_on, last_on, zone)
    counting = {target: _within(seen.get(target, ()), spans) for target in wanted}
    for begins_on, ends_on in periods(rules, first_on, last_on):
        since, until = day_span(begins_on, zone)[0], day_span(ends_on, zone)[1]
        since_ms, until_ms = to_ms(since), to_ms(until)
        unfinished = RoundStatus.OPEN if now < until else RoundStatus.MISSED
        for target in wanted:
            instants = counting[target]
            done = instants[bisect_left(instants, since_ms) : bisect_left(instants, until_ms)]
            status = RoundStatus.DONE if len(done) >= rules.times else unfinished
            yield Round(target, begins_on, until, rules.times, done, status)


def _hours_ms(rules: RoundRules, first_on: date, last_on: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return the hours of a plan in the weeks of these days as spans of milliseconds, in order."""
    monday = first_on - timedelta(days=first_on.weekday())
    weeks = (last_on - monday).days // 7 + 2
    return [
        (to_ms(midnight + timedelta(minutes=start)), to_ms(midnight + timedelta(minutes=stop)))
        for week in range(weeks)
        for midnight in [day_span(monday + timedelta(days=7 * week), zone)[0]]
        for start, stop in week_of(rules.hours)
    ]


def _within(instants: Sequence[int], spans: Iterable[tuple[int, int]]) -> Sequence[int]:
    """Return those of these instants that lie in one of these spans; both are in order."""
    parts = (instants[bisect_left(instants, start) : bisect_left(instants, stop)] for start, stop in spans)
    return list(chain.from_iterable(parts))
