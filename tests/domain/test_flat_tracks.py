"""Which places a track passed: hand-made truth, and a comparison with measuring each leg by itself."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.domain.flat_tracks import Waysides
from api.domain.walks import Leg, legs_of
from tests.domain.example_tracks import EAST_M, NORTH_M, RULES, SOUTH, WEST, fix, walk

metres = st.integers(-300, 300).map(float)


def spot(east_m: float, north_m: float) -> tuple[float, float]:
    return WEST + east_m / EAST_M, SOUTH + north_m / NORTH_M


def at(east_m: float, north_m: float) -> BaseGeometry:
    return shapely.Point(spot(east_m, north_m))


def ground(west_m: float, south_m: float, east_m: float, north_m: float) -> BaseGeometry:
    return shapely.box(*spot(west_m, south_m), *spot(east_m, north_m))


def test_a_place_is_passed_within_reach_and_not_beyond_whatever_its_shape() -> None:
    road = shapely.LineString([spot(40, -200), spot(40, 200)])
    waysides = Waysides(
        [
            ("far", at(50, 26)),
            ("near", at(50, 24)),
            ("park", ground(-500, 20, 500, 900)),
            ("road", road),
            ("yard", ground(0, 30, 10, 40)),
        ]
    )
    legs = legs_of(walk((0, 0), (100, 0)), RULES)
    passed = waysides.passed(legs, 25.0)
    assert passed.keys() == {"near", "park", "road"}
    assert passed["park"] == legs[-1].stop.at_ms
    # The road is left behind after 65 m.
    assert passed["road"] == pytest.approx(legs[0].start.at_ms + 65 / 1.25 * 1_000, abs=10_000)


def test_nothing_is_passed_in_a_gap_and_by_no_track() -> None:
    waysides = Waysides([("middle", at(500, 0))])
    assert waysides.passed(legs_of([fix(0, 0, 0), fix(400, 1_000, 0)], RULES), 25.0) == {}
    assert waysides.passed([], 25.0) == {}
    assert Waysides([]).passed(legs_of(walk((0, 0), (100, 0)), RULES), 25.0) == {}


def test_whoever_comes_back_passed_last_when_she_left_again() -> None:
    waysides = Waysides([("shop", at(0, 10))])
    legs = legs_of(walk((0, 0), (200, 0), (0, 0), (0, -200)), RULES)
    near = [leg.stop.at_ms for leg in legs if away_m(at(0, 10), leg) <= 25.0]
    assert waysides.passed(legs, 25.0) == {"shop": near[-1]}
    assert near[-1] - legs[0].start.at_ms > 400 / 1.25 * 1_000


@given(
    corners=st.lists(st.tuples(metres, metres), min_size=2, max_size=5, unique=True),
    spots=st.lists(st.tuples(metres, metres), min_size=1, max_size=6, unique=True),
    reach_m=st.integers(1, 80).map(float),
)
def test_it_is_what_measuring_each_leg_says(
    corners: list[tuple[float, float]], spots: list[tuple[float, float]], reach_m: float
) -> None:
    legs = legs_of(walk(*corners), RULES)
    passed = Waysides([(str(number), at(*one)) for number, one in enumerate(spots)]).passed(legs, reach_m)
    for number, one in enumerate(spots):
        distances_m = [away_m(at(*one), leg) for leg in legs]
        # The two flat maps have other middles: what lies on the edge to a millimetre may be either.
        if all(abs(distance_m - reach_m) > 0.05 for distance_m in distances_m):
            near = [
                leg.stop.at_ms
                for leg, distance_m in zip(legs, distances_m, strict=True)
                if distance_m <= reach_m
            ]
            assert passed.get(str(number)) == (near[-1] if near else None)


def away_m(place: BaseGeometry, leg: Leg) -> float:
    line = shapely.LineString(
        [(leg.start.longitude, leg.start.latitude), (leg.stop.longitude, leg.stop.latitude)]
    )
    scale = (EAST_M, NORTH_M)
    flat = [shapely.transform(one, lambda degrees: degrees * scale) for one in (place, line)]
    return flat[0].distance(flat[1])
