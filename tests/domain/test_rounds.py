"""Rounds and rosters: what was seen, what was missed, who came, and where nobody is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.dispatch_hours import weekly_hours
from api.domain.patrol_plans import PlanDraft, editions_of
from api.domain.rosters import Arrival, Arrivals, Shortage, Slot, shortages, standing
from api.domain.rosters import Presence as Came
from api.domain.rounds import (
    Period,
    Presence,
    Round,
    RoundRules,
    RoundStatus,
    Stay,
    Target,
    periods,
    rounds_of,
    seen_of,
)
from api.domain.tracks import to_ms
from api.domain.visits import VisitKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCHOOL, GRID = Target(VisitKind.PLACE, "school"), Target(VisitKind.GRID, "g1")
MONDAY = date(2026, 11, 23)
ALWAYS = RoundRules(1, Period.DAY, (), 30.0, date(2026, 1, 1), None)
TWICE_A_WEEK = RoundRules(2, Period.WEEK, (), 30.0, date(2026, 1, 1), None)


def at(day: int, hour: float) -> datetime:
    return datetime(2026, 11, day, tzinfo=SHANGHAI) + timedelta(hours=hour)


def rounds(
    rules: RoundRules, seen: Mapping[Target, Sequence[datetime]], now: datetime, last_on: date = MONDAY
) -> list[Round]:
    told = {target: sorted(map(to_ms, instants)) for target, instants in seen.items()}
    return list(rounds_of(rules, [SCHOOL], told, MONDAY, last_on, SHANGHAI, now))


def test_a_round_is_open_until_its_day_is_over_and_missed_after() -> None:
    (one,) = rounds(ALWAYS, {}, at(23, 12))
    assert (one.status, one.done, one.last_at) == (RoundStatus.OPEN, 0, None)
    (one,) = rounds(ALWAYS, {}, at(24, 0))
    assert one.status is RoundStatus.MISSED


def test_school_surroundings_twice_a_week() -> None:
    (one,) = rounds(TWICE_A_WEEK, {SCHOOL: [at(24, 9), at(28, 19)], GRID: [at(24, 9)]}, at(30, 0))
    assert (one.needed, one.done, one.last_at, one.status) == (2, 2, at(28, 19), RoundStatus.DONE)
    (one,) = rounds(TWICE_A_WEEK, {SCHOOL: [at(24, 9)]}, at(30, 0))
    assert (one.done, one.status) == (1, RoundStatus.MISSED)


def test_a_visit_outside_the_hours_does_not_count() -> None:
    night = weekly_hours([1, 2, 3, 4, 5, 6, 7], "20:00", "06:00", "")
    rules = RoundRules(1, Period.DAY, (night,), 30.0, date(2026, 1, 1), None)
    assert rounds(rules, {SCHOOL: [at(23, 12)]}, at(24, 0))[0].status is RoundStatus.MISSED
    assert rounds(rules, {SCHOOL: [at(23, 21)]}, at(24, 0))[0].status is RoundStatus.DONE
    assert rounds(rules, {SCHOOL: [at(23, 1)]}, at(24, 0))[0].status is RoundStatus.DONE


def ms(minutes: float) -> int:
    return round(minutes * 60_000)


GAP_MS = ms(15)


def test_whoever_scans_a_code_five_times_in_a_row_was_there_once() -> None:
    scans = [Presence("li", ms(minute)) for minute in (0, 1, 2, 14, 28)]
    assert seen_of([], scans, GAP_MS) == [0]
    assert seen_of([], [*scans, Presence("wang", ms(3))], GAP_MS) == [0, ms(3)]
    assert seen_of([], [*scans, Presence("li", ms(60))], GAP_MS) == [0, ms(60)]


def test_a_check_in_during_a_visit_is_part_of_it() -> None:
    stay = Stay("li", ms(10), ms(30))
    assert seen_of([stay], [Presence("li", ms(20))], GAP_MS) == [ms(10)]
    assert seen_of([stay], [Presence("li", ms(44))], GAP_MS) == [ms(10)]
    assert seen_of([stay], [Presence("li", ms(46))], GAP_MS) == [ms(10), ms(46)]
    assert seen_of([stay], [Presence("wang", ms(20))], GAP_MS) == [ms(10), ms(20)]
    assert seen_of([], [Presence("li", ms(20))], GAP_MS) == [ms(20)]


def test_a_plan_asks_for_nothing_outside_its_days() -> None:
    short = RoundRules(1, Period.DAY, (), 0, date(2026, 11, 24), date(2026, 11, 25))
    days = [first for first, _ in periods(short, MONDAY, date(2026, 11, 30))]
    assert days == [date(2026, 11, 24), date(2026, 11, 25)]
    weeks = RoundRules(1, Period.WEEK, (), 0, date(2026, 11, 24), date(2026, 12, 6))
    assert list(periods(weeks, MONDAY, date(2026, 12, 31))) == [(date(2026, 11, 30), date(2026, 12, 6))]


visits = st.lists(st.tuples(st.integers(0, 27), st.floats(0, 23.9)), max_size=30)


@given(visits, st.sampled_from([ALWAYS, TWICE_A_WEEK]))
def test_each_visit_that_counts_counts_once(told: list[tuple[int, float]], rules: RoundRules) -> None:
    seen = [at(1, 24 * day + hour) + timedelta(days=22) for day, hour in told]
    found = rounds(rules, {SCHOOL: seen}, at(23, 0), date(2026, 12, 20))
    assert sum(one.done for one in found) == len(seen)
    assert len(found) == (28 if rules is ALWAYS else 4)


PLAN = PlanDraft(
    *("schools", "学校", "Schools", (), ("school",), None, 30.0, 1, Period.DAY, (), 0.0, 30, ()),
    *(date(2026, 1, 1), None, True),
)


def test_a_plan_is_read_as_it_was_told() -> None:
    night = weekly_hours([1, 5], "22:00", "06:00", "")
    whole = replace(PLAN, hours=(night,), to_on=date(2026, 12, 31), checklist=("灯", "门"))
    for plan in (PLAN, whole):
        assert PlanDraft.read(plan.told()) == plan


def test_a_change_of_a_plan_judges_only_periods_that_were_not_over() -> None:
    stricter = replace(PLAN, times=3)
    first, second = editions_of([(at(1, 9), PLAN), (at(24, 12), stricter)])
    assert first.judges(at(24, 0))
    assert not second.judges(at(24, 0))
    assert second.judges(at(25, 0))
    assert not first.judges(at(25, 0))
    # It was made on the first, and asks for what it names since January.
    assert first.judges(at(1, 0) - timedelta(days=60))


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 21))
def test_each_period_is_judged_by_one_edition(changes: list[int], ends: int) -> None:
    editions = editions_of([(at(1, 24 * day), PLAN) for day in sorted(changes)])
    assert sum(one.judges(at(1, 24 * ends)) for one in editions) == 1


SLOT = Slot(at(23, 7), at(23, 9), ("li", "wang"), 2)
EARLY, GRACE = timedelta(minutes=30), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("now", "came", "presence", "unmanned"),
    [
        (at(23, 7), None, Came.EXPECTED, False),
        (at(23, 7.5), None, Came.MISSING, True),
        (at(23, 9), None, Came.ABSENT, True),
        (at(23, 9), at(23, 6.4), Came.ABSENT, True),
        (at(23, 9), at(23, 6.6), Came.PRESENT, False),
        (at(23, 9), at(23, 7.05), Came.PRESENT, False),
        (at(23, 9), at(23, 8), Came.LATE, False),
        (at(23, 9), at(23, 9), Came.ABSENT, True),
    ],
)
def test_who_came_in_time_late_or_never(
    now: datetime,
    came: datetime | None,
    presence: Came,
    unmanned: bool,  # noqa: FBT001  one of a table
) -> None:
    arrivals = [Arrival("li", came)] if came else []
    stands = standing(SLOT, arrivals, now, EARLY, GRACE)
    assert (stands.presence["li"], stands.is_unmanned) == (presence, unmanned)


def test_somebody_who_is_not_on_the_roster_mans_nothing() -> None:
    assert standing(SLOT, [Arrival("zhao", at(23, 7))], at(23, 8), EARLY, GRACE).is_unmanned


def test_a_day_is_short_where_a_slot_lacks_people_or_a_post_has_none() -> None:
    thin = Slot(at(23, 7), at(23, 9), ("li",), 3)
    found = shortages([("gate", 2), ("bridge", 1), ("idle", 0)], [("gate", SLOT), ("gate", thin)])
    assert found == [Shortage("bridge", 1), Shortage("gate", 2)]
    assert standing(thin, [], datetime(2026, 1, 1, tzinfo=UTC), EARLY, GRACE).is_short


def test_check_ins_are_found_by_post_and_time() -> None:
    book = Arrivals([("gate", "li", at(23, 9)), ("gate", "wang", at(23, 8)), ("bridge", "li", at(23, 8.5))])
    assert book.between("gate", at(23, 8), at(23, 9)) == [Arrival("wang", at(23, 8))]
    assert [one.person for one in book.between("gate", at(23, 0), at(24, 0))] == ["wang", "li"]
    assert book.between("none", at(23, 0), at(24, 0)) == []
