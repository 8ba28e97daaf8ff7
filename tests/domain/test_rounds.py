"""Rounds and rosters: what was seen, what was missed, who came, and where nobody is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.dispatch_hours import weekly_hours
from api.domain.rosters import Arrival, Presence, Shortage, Slot, shortages, standing
from api.domain.rounds import Period, Round, RoundRules, RoundStatus, Seen, Target, periods, rounds_of
from api.domain.visits import VisitKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCHOOL, GRID = Target(VisitKind.PLACE, "school"), Target(VisitKind.GRID, "g1")
MONDAY = date(2026, 11, 23)
ALWAYS = RoundRules(1, Period.DAY, (), 30.0, date(2026, 1, 1), None)
TWICE_A_WEEK = RoundRules(2, Period.WEEK, (), 30.0, date(2026, 1, 1), None)


def at(day: int, hour: float) -> datetime:
    return datetime(2026, 11, day, tzinfo=SHANGHAI) + timedelta(hours=hour)


def rounds(rules: RoundRules, seen: list[Seen], now: datetime, last_on: date = MONDAY) -> list[Round]:
    return rounds_of(
        rules, [SCHOOL], seen, MONDAY, last_on, SHANGHAI, now, lambda at: at.astimezone(SHANGHAI).hour >= 18
    )


def test_a_round_is_open_until_its_day_is_over_and_missed_after() -> None:
    (one,) = rounds(ALWAYS, [], at(23, 12))
    assert (one.status, one.done, one.last_at) == (RoundStatus.OPEN, 0, None)
    (one,) = rounds(ALWAYS, [], at(24, 0))
    assert one.status is RoundStatus.MISSED


def test_school_surroundings_twice_a_week() -> None:
    seen = [Seen(SCHOOL, at(24, 9), 120), Seen(SCHOOL, at(28, 19), 120), Seen(GRID, at(24, 9), 120)]
    (one,) = rounds(TWICE_A_WEEK, seen, at(30, 0))
    assert (one.needed, one.done, one.off_hours, one.status) == (2, 2, 1, RoundStatus.DONE)
    (one,) = rounds(TWICE_A_WEEK, seen[:1], at(30, 0))
    assert (one.done, one.status) == (1, RoundStatus.MISSED)


def test_a_visit_too_short_or_outside_the_hours_does_not_count_and_a_check_in_does() -> None:
    night = weekly_hours([1, 2, 3, 4, 5, 6, 7], "20:00", "06:00", "")
    rules = RoundRules(1, Period.DAY, (night,), 30.0, date(2026, 1, 1), None)
    assert rounds(rules, [Seen(SCHOOL, at(23, 12), 600)], at(24, 0))[0].status is RoundStatus.MISSED
    assert rounds(rules, [Seen(SCHOOL, at(23, 21), 10)], at(24, 0))[0].status is RoundStatus.MISSED
    assert rounds(rules, [Seen(SCHOOL, at(23, 21), None)], at(24, 0))[0].status is RoundStatus.DONE


def test_a_plan_asks_for_nothing_outside_its_days() -> None:
    short = RoundRules(1, Period.DAY, (), 0, date(2026, 11, 24), date(2026, 11, 25))
    days = [first for first, _ in periods(short, MONDAY, date(2026, 11, 30))]
    assert days == [date(2026, 11, 24), date(2026, 11, 25)]
    weeks = RoundRules(1, Period.WEEK, (), 0, date(2026, 11, 24), date(2026, 12, 6))
    assert list(periods(weeks, MONDAY, date(2026, 12, 31))) == [(date(2026, 11, 30), date(2026, 12, 6))]


visits = st.lists(st.tuples(st.integers(0, 27), st.floats(0, 23.9), st.floats(0, 100)), max_size=30)


@given(visits, st.sampled_from([ALWAYS, TWICE_A_WEEK]))
def test_each_visit_that_counts_counts_once(told: list[tuple[int, float, float]], rules: RoundRules) -> None:
    seen = [Seen(SCHOOL, at(1, 24 * day + hour) + timedelta(days=22), dwell) for day, hour, dwell in told]
    found = rounds(rules, seen, at(23, 0), date(2026, 12, 20))
    assert sum(one.done for one in found) == sum(1 for _, _, dwell in told if dwell >= 30)
    assert len(found) == (28 if rules is ALWAYS else 4)


SLOT = Slot(at(23, 7), at(23, 9), ("li", "wang"), 2)
EARLY, GRACE = timedelta(minutes=30), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("now", "came", "presence", "unmanned"),
    [
        (at(23, 7), None, Presence.EXPECTED, False),
        (at(23, 7.5), None, Presence.MISSING, True),
        (at(23, 9), None, Presence.ABSENT, True),
        (at(23, 9), at(23, 6.4), Presence.ABSENT, True),
        (at(23, 9), at(23, 6.6), Presence.PRESENT, False),
        (at(23, 9), at(23, 7.05), Presence.PRESENT, False),
        (at(23, 9), at(23, 8), Presence.LATE, False),
        (at(23, 9), at(23, 9), Presence.ABSENT, True),
    ],
)
def test_who_came_in_time_late_or_never(
    now: datetime,
    came: datetime | None,
    presence: Presence,
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
