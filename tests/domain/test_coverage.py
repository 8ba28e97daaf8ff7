"""Which areas and roads a track was in: hand-made truth, and a comparison with asking moment by moment."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.domain.coverage import Regions, RoadRules, roads_gone, stays_in, stretch_count, widened
from api.domain.geo import Place, distance_m
from api.domain.tracks import Fix
from api.domain.walks import Leg, legs_of
from tests.domain.example_tracks import EAST_M, NORTH_M, RULES, SOUTH, WEST, fix, shifted, walk

GAP_MS = 15 * 60_000
ROADS = RoadRules(stretch_m=50.0, reach_m=20.0, share_min=0.8)


def box(west_m: float, south_m: float, east_m: float, north_m: float) -> BaseGeometry:
    return shapely.box(
        WEST + west_m / EAST_M,
        SOUTH + south_m / NORTH_M,
        WEST + east_m / EAST_M,
        SOUTH + north_m / NORTH_M,
    )


def line(*corners: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(WEST + x / EAST_M, SOUTH + y / NORTH_M) for x, y in corners])


SIDE_BY_SIDE = Regions([("b", box(100, 0, 200, 100)), ("a", box(0, 0, 100, 100))], is_tiling=True)


def dwells(regions: Regions, fixes: Sequence[Fix]) -> dict[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    for stay in stays_in(regions, legs_of(fixes, RULES), GAP_MS):
        found[stay.key] += stay.dwell_ms / 1_000
    return dict(found)


def test_time_and_metres_are_parted_where_the_edge_is_crossed() -> None:
    legs = legs_of(walk((50, 50), (175, 50)), RULES)
    first, second = stays_in(SIDE_BY_SIDE, legs, GAP_MS)
    assert (first.key, second.key) == ("a", "b")
    assert first.dwell_ms == pytest.approx(40_000, abs=1)
    assert second.dwell_ms == pytest.approx(60_000, abs=1)
    assert first.walked_m == pytest.approx(50, rel=0.01)
    assert second.walked_m == pytest.approx(75, rel=0.01)
    assert first.start_ms == legs[0].start.at_ms
    assert second.stop_ms == legs[-1].stop.at_ms


def test_somebody_who_stands_is_where_she_stands() -> None:
    standing = [fix(10 * count, 130, 30) for count in range(10)]
    assert dwells(SIDE_BY_SIDE, standing) == {"b": 90.0}


def test_a_shared_edge_belongs_to_the_lowest_code_alone() -> None:
    on_edge = [fix(10 * count, 100, 10) for count in range(4)]
    x = on_edge[0].longitude
    regions = Regions(
        [
            ("b", shapely.box(x, SOUTH, x + 0.001, SOUTH + 0.001)),
            ("a", shapely.box(x - 0.001, SOUTH, x, SOUTH + 0.001)),
        ],
        is_tiling=True,
    )
    assert dwells(regions, on_edge) == {"a": 30.0}
    along = [
        Fix(one.at_ms, x, SOUTH + 0.0001 * position, None) for position, one in enumerate(on_edge, start=1)
    ]
    assert dwells(regions, along) == {"a": pytest.approx(30.0)}


def test_areas_that_overlap_each_count_for_themselves() -> None:
    around = Regions([("near", box(0, 0, 100, 100)), ("wide", box(-200, -200, 300, 300))], is_tiling=False)
    assert dwells(around, [fix(0, 50, 50), fix(60, 50, 50)]) == {"near": 60.0, "wide": 60.0}


def test_outside_all_grids_is_nowhere() -> None:
    assert dwells(SIDE_BY_SIDE, walk((0, 500), (200, 500))) == {}
    assert dwells(Regions([], is_tiling=True), walk((0, 0), (100, 0))) == {}
    assert dwells(SIDE_BY_SIDE, []) == {}


def test_whoever_comes_back_soon_made_one_visit_and_later_two() -> None:
    there = walk((50, 50), (150, 50))
    soon = shifted(walk((150, 50), (50, 50)), 100)
    visits = [stay.key for stay in stays_in(SIDE_BY_SIDE, legs_of([*there, *soon], RULES), GAP_MS)]
    assert visits == ["a", "b"]
    late = shifted(walk((150, 50), (50, 50)), 3_600)
    visits = [stay.key for stay in stays_in(SIDE_BY_SIDE, legs_of([*there, *late], RULES), GAP_MS)]
    assert visits == ["a", "b", "b", "a"]


def test_a_visit_past_midnight_counts_on_both_days() -> None:
    legs = legs_of(walk((10, 50), (90, 50)), RULES)
    midnight_ms = legs[4].start.at_ms
    visits = stays_in(SIDE_BY_SIDE, legs, GAP_MS, [midnight_ms])
    assert [(stay.key, stay.start_ms < midnight_ms) for stay in visits] == [("a", True), ("a", False)]
    assert sum(stay.dwell_ms for stay in visits) == pytest.approx(64_000, abs=1)


def test_a_buffer_is_so_many_metres_wide() -> None:
    school = shapely.Point(WEST, SOUTH)
    around = widened(school, 200.0)
    for x, y in shapely.get_coordinates(around).tolist():
        assert distance_m(Place(WEST, SOUTH), Place(x, y)) == pytest.approx(200, rel=0.001)
    assert widened(school, 0.0) is school


def test_a_road_walked_half_has_half_its_stretches() -> None:
    (gone,) = roads_gone({"r": line((0, 0), (400, 0))}, legs_of(walk((0, 5), (200, 5)), RULES), ROADS)
    assert (gone.stretches, gone.entered) == (8, (0, 1, 2, 3))
    # The reach goes a little beyond where the walk ended.
    assert gone.gone_m == pytest.approx(220, abs=5)
    assert gone.length_m == pytest.approx(400, rel=1e-3)


def test_crossing_a_road_is_not_walking_it() -> None:
    (gone,) = roads_gone({"r": line((0, 0), (400, 0))}, legs_of(walk((200, -100), (200, 100)), RULES), ROADS)
    assert gone.entered == ()
    assert gone.gone_m == pytest.approx(40, abs=10)


def test_a_road_on_the_other_side_of_the_block_was_not_gone() -> None:
    roads = {"r": line((0, 60), (400, 60)), "s": line((0, 9_000), (400, 9_000))}
    assert roads_gone(roads, legs_of(walk((0, 0), (400, 0)), RULES), ROADS) == []
    assert roads_gone(roads, [], ROADS) == []


def test_a_road_in_pieces_is_one_road() -> None:
    pieces = shapely.MultiLineString([line((0, 0), (100, 0)), line((100, 0), (200, 0))])
    (gone,) = roads_gone({"r": pieces}, legs_of(walk((0, 0), (200, 0)), RULES), ROADS)
    assert (gone.key, gone.stretches, gone.entered) == ("r", 4, (0, 1, 2, 3))
    assert (gone.gone_m, gone.length_m) == pytest.approx((200, 200), rel=1e-3)


@pytest.mark.parametrize(("length_m", "count"), [(0.0, 1), (49.9, 1), (50.0, 1), (50.1, 2), (400.0, 8)])
def test_the_last_stretch_is_what_is_left(length_m: float, count: int) -> None:
    assert stretch_count(length_m, 50.0) == count


def random_tiling(chance: random.Random, cells: int) -> dict[str, BaseGeometry]:
    """Cut a street of 400 m by 300 m into rectangles, each cut at random, and number them at random."""
    pieces = [(0.0, 0.0, 400.0, 300.0)]
    while len(pieces) < cells:
        west, south, east, north = pieces.pop(chance.randrange(len(pieces)))
        share = chance.choice([0.25, 0.5, 0.75])
        if chance.random() < 0.5:
            middle = west + (east - west) * share
            pieces += [(west, south, middle, north), (middle, south, east, north)]
        else:
            middle = south + (north - south) * share
            pieces += [(west, south, east, middle), (west, middle, east, north)]
    chance.shuffle(pieces)
    return {f"g{number:02}": box(*piece) for number, piece in enumerate(pieces)}


def random_track(chance: random.Random, fixes: int) -> list[Fix]:
    x, y, seconds, found = 200.0, 150.0, 0.0, list[Fix]()
    for _ in range(fixes):
        found.append(fix(seconds, x, y))
        seconds += chance.choice([1, 5, 10, 60])
        if chance.random() < 0.8:
            x += chance.choice([-25.0, -12.5, 0.0, 12.5, 25.0, chance.uniform(-40, 40)])
            y += chance.choice([-25.0, -12.5, 0.0, 12.5, 25.0, chance.uniform(-40, 40)])
    return found


MOMENTS = 400


def asked_moment_by_moment(tiling: Mapping[str, BaseGeometry], legs: Sequence[Leg]) -> dict[str, float]:
    """Ask at many moments of each leg which grid holds the place: the lowest code of those that do."""
    found: defaultdict[str, float] = defaultdict(float)
    for leg in legs:
        for moment in range(MOMENTS):
            share = (moment + 0.5) / MOMENTS
            x = leg.start.longitude + share * (leg.stop.longitude - leg.start.longitude)
            y = leg.start.latitude + share * (leg.stop.latitude - leg.start.latitude)
            here = shapely.Point(x, y)
            holding = [code for code, shape in sorted(tiling.items()) if shape.intersects(here)]
            if holding:
                found[holding[0]] += leg.duration_ms / 1_000 / MOMENTS
    return dict(found)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(2, 25))
def test_dwell_is_what_asking_moment_by_moment_finds(seed: int, cells: int, fixes: int) -> None:
    chance = random.Random(seed)
    tiling, track = random_tiling(chance, cells), random_track(chance, fixes)
    legs = legs_of(track, RULES)
    found = dwells(Regions(tiling.items(), is_tiling=True), track)
    asked = asked_moment_by_moment(tiling, legs)
    # A moment at an edge may be counted on either side, and edges in degrees are not met to the last bit.
    allowed = sum(leg.duration_ms for leg in legs) / 1_000 * 2 / MOMENTS + 1e-6
    for code in tiling:
        assert found.get(code, 0.0) == pytest.approx(asked.get(code, 0.0), abs=allowed), code


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(2, 40))
def test_no_time_and_no_metre_is_counted_twice(seed: int, cells: int, fixes: int) -> None:
    chance = random.Random(seed)
    tiling, track = random_tiling(chance, cells), random_track(chance, fixes)
    legs = legs_of(track, RULES)
    stays = stays_in(Regions(tiling.items(), is_tiling=True), legs, GAP_MS)
    assert sum(stay.dwell_ms for stay in stays) <= sum(leg.duration_ms for leg in legs) + 1e-3
    assert sum(stay.walked_m for stay in stays) <= sum(leg.walked_m for leg in legs) + 1e-6


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 25))
def test_a_road_is_gone_where_some_leg_is_near(seed: int, fixes: int) -> None:
    chance = random.Random(seed)
    track = random_track(chance, fixes)
    legs = legs_of(track, RULES)
    road = line((chance.uniform(0, 200), chance.uniform(0, 300)), (chance.uniform(200, 400), 150))
    walks = roads_gone({"r": road}, legs, ROADS)
    flat = shapely.LineString(
        [((x - WEST) * EAST_M, (y - SOUTH) * NORTH_M) for x, y in shapely.get_coordinates(road).tolist()]
    )
    ways = [
        shapely.LineString(
            [
                ((one.longitude - WEST) * EAST_M, (one.latitude - SOUTH) * NORTH_M)
                for one in (leg.start, leg.stop)
            ]
        )
        for leg in legs
    ]
    near = 0.0
    count = 2_000
    for sample in range(count):
        here = flat.interpolate((sample + 0.5) / count, normalized=True)
        near += any(way.distance(here) <= ROADS.reach_m for way in ways) * flat.length / count
    assert sum(walk.gone_m for walk in walks) == pytest.approx(near, abs=5.0 * 2 * len(ways) + 5.0)
