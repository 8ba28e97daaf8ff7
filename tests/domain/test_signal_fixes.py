"""Signals of places: hand-made ways whose truth is known, and what must never be odd."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.geo import Place, distance_m
from api.domain.signal_fixes import Fix, fix_signals, neighbours, report_signals

MORNING = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
HOME = Place(116.404, 39.915)
METRES_PER_DEGREE = distance_m(HOME, Place(116.405, 39.915)) * 1000


def fix(at_s: float, east_m: float = 0, accuracy_m: float | None = 10) -> Fix:
    """Return a fix so many seconds after the morning's first, so many metres east of home."""
    place = Place(116.404 + east_m / METRES_PER_DEGREE, 39.915)
    return Fix(MORNING + timedelta(seconds=at_s), place, accuracy_m)


def codes(one: Fix, others: list[Fix], *, speed_max_kmh: float = 120, alike_from: int = 5) -> list[str]:
    found = list(fix_signals(one, others, speed_max_kmh=speed_max_kmh, alike_from=alike_from))
    for signal in found:
        assert 0 < signal.weight <= 1
        assert signal.zh.endswith("。")
        assert signal.en.endswith(".")
    return [signal.code for signal in found]


@pytest.mark.parametrize(
    ("is_mocked", "accuracy_m", "far_m", "found"),
    [
        (False, 8.0, None, []),
        (False, None, None, []),
        (True, 8.0, None, ["location_mocked"]),
        (False, 0.0, None, ["accuracy_zero"]),
        (False, 8.0, 412.0, ["far_from_place"]),
        (True, 0.0, 412.0, ["location_mocked", "accuracy_zero", "far_from_place"]),
    ],
)
def test_what_a_report_says_of_its_place(
    *, is_mocked: bool, accuracy_m: float | None, far_m: float | None, found: list[str]
) -> None:
    signals = report_signals(is_mocked=is_mocked, accuracy_m=accuracy_m, far_from_place_m=far_m)
    assert [signal.code for signal in signals] == found


@pytest.mark.parametrize(
    ("seconds", "metres", "is_odd"),
    [
        (60, 2_000, False),  # 1 980 m beyond the blur of both in a minute: 118.8 km/h
        (60, 2_040, True),  # 121.2 km/h
        (1, 30, False),  # 10 m beyond the blur
        (0, 60, True),  # two places at one moment
        (0, 15, False),  # within the blur
        (3_600, 119_000, False),
        (-60, 2_040, True),  # a phone without network sent the later one first
    ],
)
def test_a_way_that_no_car_makes_is_odd_in_either_direction(
    seconds: float, metres: float, *, is_odd: bool
) -> None:
    assert codes(fix(0), [fix(seconds, metres)]) == (["speed_impossible"] if is_odd else [])


def test_a_missing_accuracy_counts_as_a_poor_one() -> None:
    assert codes(fix(0, accuracy_m=None), [fix(1, 90, None)]) == []
    assert codes(fix(0, accuracy_m=None), [fix(1, 100, None)]) == ["speed_impossible"]


def test_only_neighbours_in_time_are_compared() -> None:
    # Out and back within the day: next to the first fix nobody was far away.
    way = [fix(600, 5_000), fix(1_200, 10_000), fix(1_800, 15_000)]
    assert codes(fix(0), way, speed_max_kmh=31) == []
    assert neighbours(fix(700), [*way, fix(700)]) == [way[0], fix(700), way[1]]


def test_the_fifth_report_from_exactly_one_spot_is_odd_and_the_fourth_is_not() -> None:
    others = [fix(600 * number, accuracy_m=5 + number) for number in range(6)]
    assert codes(others[3], others[:3] + others[4:]) == []
    assert codes(others[4], others[:4] + others[5:]) == ["coordinates_repeated"]
    assert codes(fix(3_000, 0.2), others[:4]) == []


def test_an_accuracy_that_never_changes_is_odd_only_without_a_break() -> None:
    walk = [fix(600 * number, 50 * number, 20) for number in range(5)]
    assert codes(walk[4], walk[:4]) == ["accuracy_constant"]
    assert codes(walk[4], [*walk[:2], fix(1_200, 100, 21), walk[3]]) == []
    unknown = [fix(600 * number, 50 * number, None) for number in range(5)]
    assert codes(unknown[4], unknown[:4]) == []


@given(
    st.lists(
        st.tuples(st.floats(0, 1.4), st.floats(0.1, 50)),
        min_size=1,
        max_size=40,
        unique_by=lambda step: step[1],
    )
)
def test_whoever_walks_and_scatters_is_never_odd(steps: list[tuple[float, float]]) -> None:
    east, walk = 0.0, list[Fix]()
    for number, (speed, accuracy_m) in enumerate(steps):
        east += 1 + speed * 60
        walk.append(fix(60 * number, east, accuracy_m))
    for number, one in enumerate(walk):
        assert codes(one, walk[:number] + walk[number + 1 :]) == []


@given(st.lists(st.tuples(st.floats(0, 86_400), st.floats(-50_000, 50_000)), max_size=20), st.randoms())
def test_the_order_in_which_fixes_arrive_does_not_matter(
    told: list[tuple[float, float]],
    shuffled: random.Random,
) -> None:
    others = [fix(at, east) for at, east in told]
    found = codes(fix(40_000), others)
    shuffled.shuffle(others)
    assert codes(fix(40_000), others) == found
