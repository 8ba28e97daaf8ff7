"""What of a track is believed: each point that is left out has a reason, and the order of arrival does not matter."""

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.geo import Crs, Place, distance_m, from_wgs84
from api.domain.tracks import (
    FLAW_TEXTS,
    Fix,
    Flaw,
    SentFix,
    can_follow,
    clean,
    metres_between,
    sift,
    to_instant,
    to_ms,
)
from api.domain.walks import legs_of, parts_of, stops_of
from tests.domain.example_tracks import BEGAN, RULES, fix, shifted, walk

ON_DUTY = [(to_ms(BEGAN), to_ms(BEGAN + timedelta(hours=8)))]
NOW = BEGAN + timedelta(hours=8)


def sent(
    seconds: float, longitude: float = 116.4, latitude: float = 39.91, accuracy_m: float | None = None
) -> SentFix:
    return SentFix(BEGAN + timedelta(seconds=seconds), longitude, latitude, accuracy_m)


def test_every_flaw_is_explained_in_both_languages() -> None:
    assert FLAW_TEXTS.keys() == set(Flaw)
    assert all(zh and en for zh, en in FLAW_TEXTS.values())


@pytest.mark.parametrize(
    ("point", "flaw"),
    [
        (sent(1, math.nan), Flaw.NOT_FINITE),
        (sent(1, 116.4, math.inf), Flaw.NOT_FINITE),
        (sent(1, 181.0), Flaw.OUTSIDE_EARTH),
        (sent(1, 116.4, -90.5), Flaw.OUTSIDE_EARTH),
        (SentFix(datetime(1969, 12, 31, tzinfo=UTC), 116.4, 39.91), Flaw.TIME_WRONG),
        (SentFix(datetime(9999, 1, 1, tzinfo=UTC), 116.4, 39.91), Flaw.TIME_WRONG),
        (SentFix(NOW + timedelta(minutes=6), 116.4, 39.91), Flaw.IN_FUTURE),
        (sent(-1), Flaw.OFF_DUTY),
        (sent(7), Flaw.DUPLICATE),
    ],
)
def test_a_point_that_can_not_be_meant_is_counted_under_its_flaw_and_spoils_no_other(
    point: SentFix, flaw: Flaw
) -> None:
    known = {to_ms(BEGAN + timedelta(seconds=7))}
    sifted = sift([sent(0), point, sent(2)], Crs.WGS84, ON_DUTY, known, NOW)
    assert len(sifted.points) == 2
    assert sifted.left_out == {flaw: 1}


def test_points_older_than_tracks_are_kept_are_counted_as_such() -> None:
    kept_for = timedelta(hours=8) - timedelta(seconds=2)
    sifted = sift([sent(1), sent(2)], Crs.WGS84, ON_DUTY, (), NOW, kept_for=kept_for)
    assert [point.fix.at_ms for point in sifted.points] == [to_ms(BEGAN + timedelta(seconds=2))]
    assert sifted.left_out == {Flaw.TOO_OLD: 1}


def test_points_in_a_pause_are_not_kept() -> None:
    start, stop = ON_DUTY[0]
    duty = [(start, start + 60_000), (start + 120_000, stop)]
    sifted = sift([sent(59), sent(60), sent(119), sent(120)], Crs.WGS84, duty, (), NOW)
    assert [point.fix.at_ms - start for point in sifted.points] == [59_000, 120_000]
    assert sifted.left_out == {Flaw.OFF_DUTY: 2}


def test_points_out_of_order_are_put_in_order_and_counted() -> None:
    sifted = sift([sent(3), sent(1), sent(2), sent(4)], Crs.WGS84, ON_DUTY, (), NOW)
    times = [point.fix.at_ms for point in sifted.points]
    assert times == sorted(times)
    assert (len(times), sifted.out_of_order, sifted.left_out) == (4, 2, {})


def test_a_phone_whose_clock_is_wrong_is_put_right() -> None:
    slow = [SentFix(BEGAN - timedelta(hours=3), 116.4, 39.91)]
    sifted = sift(slow, Crs.WGS84, ON_DUTY, (), NOW, skew=timedelta(hours=3))
    assert [to_instant(point.fix.at_ms) for point in sifted.points] == [BEGAN]


def test_places_are_converted_from_the_phones_system() -> None:
    longitude, latitude = from_wgs84(Place(116.404, 39.915), Crs.GCJ02)
    (point,) = sift([sent(0, longitude, latitude)], Crs.GCJ02, ON_DUTY, (), NOW).points
    assert distance_m(Place(point.fix.longitude, point.fix.latitude), Place(116.404, 39.915)) < 0.01


@pytest.mark.parametrize(("told", "kept"), [(-1.0, None), (math.nan, None), (0.0, 0.0), (8.5, 8.5)])
def test_an_accuracy_that_can_not_be_meant_is_not_known(told: float, kept: float | None) -> None:
    (point,) = sift([sent(0, accuracy_m=told)], Crs.WGS84, ON_DUTY, (), NOW).points
    assert point.fix.accuracy_m == kept


def test_an_ordinary_walk_is_believed_wholly() -> None:
    fixes = walk((0, 0), (300, 0), (300, 200))
    cleaned = clean(fixes, RULES)
    assert list(cleaned.fixes) == fixes
    assert cleaned.left_out == {}
    assert sum(leg.walked_m for leg in legs_of(fixes, RULES)) == pytest.approx(500, rel=1e-3)


def test_mock_and_vague_points_are_left_out() -> None:
    fixes = [*walk((0, 0), (100, 0)), fix(5, 0, 5, is_mock=True), fix(15, 0, 5, accuracy_m=150.0)]
    assert clean(fixes, RULES).left_out == {Flaw.MOCK: 1, Flaw.INACCURATE: 1}


def test_a_drift_spike_is_left_out_and_the_walk_goes_on_around_it() -> None:
    straight = walk((0, 0), (400, 0))
    cleaned = clean([*straight, fix(95, 120, 900), fix(98, 120, 910)], RULES)
    assert list(cleaned.fixes) == straight
    assert cleaned.left_out == {Flaw.DRIFT_SPIKE: 2}


def test_a_bad_first_fix_goes_rather_than_everything_after_it() -> None:
    straight = shifted(walk((0, 0), (400, 0)), 1)
    cleaned = clean([fix(0, 0, 40_000), *straight], RULES)
    assert list(cleaned.fixes) == straight
    assert cleaned.left_out == {Flaw.TELEPORT: 1}


def test_a_bad_first_fix_after_a_pause_carries_off_nothing() -> None:
    morning, afternoon = walk((0, 0), (500, 0)), shifted(walk((500, 0), (0, 0)), 3_600)
    cold_start = fix(3_585, 2_500, 0)
    cleaned = clean([*morning, cold_start, *afternoon], RULES)
    assert cleaned.fixes == (*morning, *afternoon)
    assert cleaned.left_out == {Flaw.TELEPORT: 1}


def test_a_long_time_elsewhere_ends_nothing() -> None:
    """Of a phone that tells each two minutes: nearly an hour of another one, 200 km away, in the middle."""
    here = [fix(120 * n, 0, 0) for n in range(60)]
    elsewhere = [fix(120 * n, 200_000, 0) for n in range(60, 100)]
    again = [fix(120 * n, 0, 0) for n in range(100, 160)]
    cleaned = clean([*here, *elsewhere, *again], RULES)
    assert cleaned.fixes == (*here, *again)
    assert cleaned.left_out == {Flaw.TELEPORT: 40}


def test_of_points_a_kilometre_apart_each_second_one_is_left() -> None:
    cleaned = clean([fix(second, 1_000 * second, 0) for second in range(500)], RULES)
    assert len(cleaned.fixes) == 1
    assert cleaned.left_out == {Flaw.TELEPORT: 499}


def test_of_two_phones_of_one_person_the_one_that_told_more_is_believed() -> None:
    pocket = walk((0, 0), (600, 0), every_s=5.0)
    drawer = [fix(second, 5_000, 5_000) for second in range(2, 480, 20)]
    cleaned = clean([*pocket, *drawer], RULES)
    assert list(cleaned.fixes) == pocket
    assert sum(cleaned.left_out.values()) == len(drawer)


def test_a_drive_is_no_teleport() -> None:
    drive = walk((0, 0), (20_000, 0), pace_m_s=30.0)
    assert list(clean(drive, RULES).fixes) == drive


def test_nothing_is_nothing() -> None:
    assert clean([], RULES).fixes == ()
    assert legs_of([], RULES) == []
    assert stops_of([], RULES) == []


def test_standing_with_a_jittering_fix_is_no_walk() -> None:
    chance = random.Random(7)
    fixes = [fix(5 * count, chance.uniform(-5, 5), chance.uniform(-5, 5)) for count in range(400)]
    assert sum(leg.walked_m for leg in legs_of(fixes, RULES)) == 0.0


def test_nothing_is_measured_across_a_gap() -> None:
    fixes = [*walk((0, 0), (100, 0)), *shifted(walk((2_000, 0), (2_100, 0)), 3_600)]
    legs = legs_of(fixes, RULES)
    assert len(list(parts_of(fixes, RULES))) == 2
    assert sum(leg.walked_m for leg in legs) == pytest.approx(200, rel=0.16)
    assert sum(leg.duration_ms for leg in legs) == 160_000


def test_a_stop_is_told_with_its_time_and_place() -> None:
    walked = walk((0, 0), (250, 0))
    standing = [fix(200 + 10 * count, 250 + count % 3, 0) for count in range(1, 61)]
    (stop,) = stops_of([*walked, *standing], RULES)
    assert stop.stop_ms == standing[-1].at_ms
    assert 600_000 <= stop.stop_ms - stop.start_ms <= 640_000
    middle = Fix(0, stop.longitude, stop.latitude)
    assert metres_between(middle, fix(0, 250, 0)) < 10


def test_a_slow_walk_has_no_stops() -> None:
    assert stops_of(walk((0, 0), (2_000, 0)), RULES) == []


points = st.builds(
    fix,
    st.integers(0, 7_200),
    st.floats(-3_000, 3_000),
    st.floats(-3_000, 3_000),
    accuracy_m=st.none() | st.floats(0, 200),
    is_mock=st.booleans(),
)
tracks = st.lists(points, max_size=40, unique_by=lambda point: point.at_ms)


@given(tracks)
def test_what_is_left_one_person_can_have_gone_and_every_point_is_accounted_for(fixes: list[Fix]) -> None:
    cleaned = clean(fixes, RULES)
    assert len(cleaned.fixes) + sum(cleaned.left_out.values()) == len(fixes)
    assert all(one.at_ms < following.at_ms for one, following in pairwise(cleaned.fixes))
    assert all(can_follow(one, following, RULES) for one, following in pairwise(cleaned.fixes))
    assert not any(one.is_mock for one in cleaned.fixes)


@given(tracks, st.randoms())
def test_the_order_in_which_points_come_does_not_matter(fixes: list[Fix], chance: random.Random) -> None:
    shuffled = list(fixes)
    chance.shuffle(shuffled)
    assert clean(shuffled, RULES) == clean(fixes, RULES)


@given(tracks)
def test_cleaning_again_leaves_out_nothing_more(fixes: list[Fix]) -> None:
    once = clean(fixes, RULES)
    assert clean(once.fixes, RULES).fixes == once.fixes


@given(tracks)
def test_no_more_is_walked_than_the_way_is_long(fixes: list[Fix]) -> None:
    track = clean(fixes, RULES).fixes
    legs = legs_of(track, RULES)
    way_m = sum(metres_between(leg.start, leg.stop) for leg in legs)
    # Distances are those of flat maps around each leg's beginning.
    assert sum(leg.walked_m for leg in legs) <= way_m * 1.001


@given(tracks)
def test_the_longest_possible_track_is_found(fixes: list[Fix]) -> None:
    """Compare with the longest chain over all single points: no track that can be gone has more of them."""
    usable = sorted(
        (one for one in fixes if not one.is_mock and not (one.accuracy_m or 0) > RULES.accuracy_max_m),
        key=lambda one: one.at_ms,
    )
    whole_runs = clean(fixes, RULES).fixes
    longest: list[int] = []
    for position, one in enumerate(usable):
        before = [longest[i] for i in range(position) if can_follow(usable[i], one, RULES)]
        longest.append(1 + max(before, default=0))
    assert len(whole_runs) <= max(longest, default=0)
    assert (len(whole_runs) > 0) == bool(usable)
