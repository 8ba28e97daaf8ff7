"""Which unit grid a place belongs to, compared with asking every grid in turn."""

import math
import random
from itertools import product

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Place, distance_m, metres_per_degree
from api.domain.grids import (
    MAX_ACCURACY_REACH_M,
    GridCodeTwice,
    GridIndex,
    GridLevel,
    GridShapeWrong,
    Located,
    SearchRadiusWrong,
    Whereabouts,
)

# Vertices lie on multiples of a power of two, so that the middle of an edge is exactly on the edge.
UNIT = 2.0**-16
WEST, SOUTH = 116.5, 39.75
SIDE = 5
SPACING = 64


def code_of(number: int) -> str:
    return f"990101001001{number:03}"


def random_tiling(seed: int, areas: int) -> dict[str, BaseGeometry]:
    """Cut a bent lattice into cells and deal them out: neighbours merge, holes and scattered grids come about."""
    chance = random.Random(seed)
    node = {
        (column, row): (
            WEST + UNIT * (SPACING * column + 2 * chance.randint(-12, 12)),
            SOUTH + UNIT * (SPACING * row + 2 * chance.randint(-12, 12)),
        )
        for column, row in product(range(SIDE + 1), repeat=2)
    }
    dealt: dict[str, list[BaseGeometry]] = {}
    for column, row in product(range(SIDE), repeat=2):
        corners = ((column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1))
        cell = shapely.Polygon([node[corner] for corner in corners])
        dealt.setdefault(code_of(chance.randint(1, areas)), []).append(cell)
    return {code: shapely.coverage_union_all(cells) for code, cells in dealt.items()}


def index_of(tiling: dict[str, BaseGeometry]) -> GridIndex:
    return GridIndex((code, GridLevel.UNIT_GRID, shape) for code, shape in tiling.items())


def telling_places(tiling: dict[str, BaseGeometry], chance: random.Random) -> list[Place]:
    """Return all vertices, the middles of all edges and as many places at random, a few of them outside."""
    vertices = sorted(
        {(x, y) for shape in tiling.values() for x, y in shapely.get_coordinates(shape).tolist()}
    )
    rings = [
        ring for shape in tiling.values() for ring in shapely.get_rings(shapely.get_parts(shape)).tolist()
    ]
    middles = [
        ((ax + bx) / 2, (ay + by) / 2)
        for ring in rings
        for (ax, ay), (bx, by) in zip(ring.coords, ring.coords[1:], strict=False)
    ]
    extent = UNIT * SPACING * SIDE
    strays = [
        (WEST + extent * chance.uniform(-0.1, 1.1), SOUTH + extent * chance.uniform(-0.1, 1.1))
        for _ in middles
    ]
    return [Place(x, y) for x, y in vertices + middles + strays]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("areas", [2, 6, 40])
def test_the_index_answers_as_asking_every_grid_does(seed: int, areas: int) -> None:
    tiling = random_tiling(seed, areas)
    index = index_of(tiling)
    for place in telling_places(tiling, random.Random(seed)):
        point = shapely.Point(place.longitude, place.latitude)
        covering = sorted(code for code, shape in tiling.items() if shape.covers(point))
        located = index.locate(place, tolerance_m=0)
        if covering:
            assert located == Located(covering[0], 0.0, Whereabouts.INSIDE, 0.0)
        else:
            assert located == Located(None, None, Whereabouts.OUTSIDE_GRIDS, 0.0)


@pytest.mark.parametrize("seed", range(12))
def test_every_middle_of_a_shared_edge_belongs_to_the_lower_of_its_two_grids(seed: int) -> None:
    tiling = random_tiling(seed, 40)
    index = index_of(tiling)
    owners: dict[tuple[float, float], set[str]] = {}
    for code, shape in tiling.items():
        for ring in shapely.get_rings(shapely.get_parts(shape)).tolist():
            for (ax, ay), (bx, by) in zip(ring.coords, ring.coords[1:], strict=False):
                owners.setdefault(((ax + bx) / 2, (ay + by) / 2), set()).add(code)
    assert any(len(codes) == 2 for codes in owners.values())
    for (longitude, latitude), codes in owners.items():
        assert index.locate(Place(longitude, latitude)).code == min(codes)


@pytest.mark.parametrize("seed", range(8))
def test_the_nearest_grid_is_the_one_that_asking_every_grid_finds(seed: int) -> None:
    tiling = random_tiling(seed, 40)
    index = index_of(tiling)
    for place in telling_places(tiling, random.Random(seed)):
        located = index.locate(place, tolerance_m=400)
        if located.reason is not Whereabouts.NEAREST:
            continue
        scale = metres_per_degree(place.latitude)
        here = (place.longitude, place.latitude)
        distances = {
            code: shapely.transform(shape, lambda xy, here=here, scale=scale: (xy - here) * scale).distance(
                shapely.Point(0, 0)
            )
            for code, shape in tiling.items()
        }
        shortest_m = min(distances.values())
        assert located.distance_m == pytest.approx(shortest_m, abs=1e-9)
        assert located.code == min(code for code, far_m in distances.items() if far_m <= shortest_m + 1e-6)


# Two squares of about 110 m side by side; 002 east of 001, and a street of about 110 m north of both.
WEST_SQUARE = shapely.box(116.0, 39.0, 116.001, 39.001)
EAST_SQUARE = shapely.box(116.001, 39.0, 116.002, 39.001)
PAIR = GridIndex(
    [
        (code_of(2), GridLevel.UNIT_GRID, EAST_SQUARE),
        (code_of(1), GridLevel.UNIT_GRID, WEST_SQUARE),
        ("990101001001", GridLevel.COMMUNITY, shapely.box(115.9, 38.9, 116.1, 39.1)),
    ]
)


def east_of_pair(distance: float) -> Place:
    east_m, _ = metres_per_degree(39.0005)
    return Place(116.002 + distance / east_m, 39.0005)


@given(st.floats(0.001, 400), st.floats(0, 300), st.none() | st.floats(0, 1e7))
def test_a_place_in_no_grid_goes_to_the_nearest_within_reach(
    off_m: float, tolerance_m: float, accuracy_m: float | None
) -> None:
    place = east_of_pair(off_m)
    located = PAIR.locate(place, accuracy_m, tolerance_m)
    reach_m = max(tolerance_m, min(accuracy_m or 0.0, MAX_ACCURACY_REACH_M))
    assert located.reach_m == reach_m
    if off_m < reach_m * 0.999:
        assert (located.code, located.reason) == (code_of(2), Whereabouts.NEAREST)
        assert located.distance_m == pytest.approx(off_m, rel=1e-3, abs=1e-6)
        assert located.distance_m == pytest.approx(
            distance_m(place, Place(116.002, 39.0005)), rel=1e-3, abs=1e-6
        )
    elif off_m > reach_m * 1.001:
        assert located == Located(None, None, Whereabouts.OUTSIDE_GRIDS, reach_m)


@pytest.mark.parametrize(
    ("off_m", "accuracy_m", "reason"),
    [
        (49, None, Whereabouts.NEAREST),
        (51, None, Whereabouts.OUTSIDE_GRIDS),
        (51, 8.5, Whereabouts.OUTSIDE_GRIDS),
        (51, 65, Whereabouts.NEAREST),
        (199, 5000, Whereabouts.NEAREST),
        (201, 5000, Whereabouts.OUTSIDE_GRIDS),
    ],
)
def test_the_usual_50_m_grow_with_a_bad_fix_up_to_200_m(
    off_m: float, accuracy_m: float | None, reason: Whereabouts
) -> None:
    assert PAIR.locate(east_of_pair(off_m), accuracy_m).reason is reason


def test_a_policy_beyond_the_bound_for_bad_fixes_counts_as_it_is() -> None:
    assert PAIR.locate(east_of_pair(290), tolerance_m=300).code == code_of(2)


def test_a_bad_fix_inside_a_grid_still_belongs_to_that_grid() -> None:
    assert PAIR.locate(Place(116.0015, 39.0005), accuracy_m=5000).code == code_of(2)


@pytest.mark.parametrize("latitude", [39.0, 39.0005, 39.001])
def test_shared_edges_and_corners_belong_to_the_lowest_code(latitude: float) -> None:
    assert PAIR.locate(Place(116.001, latitude)) == Located(code_of(1), 0.0, Whereabouts.INSIDE, 50.0)


def test_of_grids_equally_near_the_lowest_code_is_taken() -> None:
    located = PAIR.locate(Place(116.001, 39.0012))
    assert (located.code, located.reason) == (code_of(1), Whereabouts.NEAREST)


def test_a_place_in_a_hole_goes_to_the_grid_around_it_if_near_enough() -> None:
    ring = WEST_SQUARE.difference(shapely.box(116.0004, 39.0004, 116.0006, 39.0006))
    index = GridIndex([(code_of(1), GridLevel.UNIT_GRID, ring)])
    assert index.locate(Place(116.0005, 39.0005), tolerance_m=50).reason is Whereabouts.NEAREST
    assert index.locate(Place(116.0005, 39.0005), tolerance_m=5).reason is Whereabouts.OUTSIDE_GRIDS
    assert index.locate(Place(116.0004, 39.0005), tolerance_m=5).reason is Whereabouts.INSIDE


def test_a_community_is_no_unit_grid() -> None:
    assert len(PAIR) == 2
    assert PAIR.locate(Place(116.05, 39.05)).reason is Whereabouts.OUTSIDE_GRIDS


@pytest.mark.parametrize("place", [Place(0, 90), Place(0, -90), Place(180, 0), Place(-180, 89.9999999)])
def test_the_ends_of_the_earth_are_outside_all_grids(place: Place) -> None:
    assert PAIR.locate(place).reason is Whereabouts.OUTSIDE_GRIDS


def test_without_grids_every_place_is_outside() -> None:
    assert GridIndex([]).locate(Place(116.4, 39.9)) == Located(None, None, Whereabouts.OUTSIDE_GRIDS, 50.0)


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf, -math.inf])
def test_a_distance_that_is_none_is_refused(wrong: float) -> None:
    with pytest.raises(SearchRadiusWrong):
        PAIR.locate(Place(116.4, 39.9), accuracy_m=wrong)
    with pytest.raises(SearchRadiusWrong):
        PAIR.locate(Place(116.4, 39.9), tolerance_m=wrong)


def test_two_grids_with_one_code_are_refused() -> None:
    with pytest.raises(GridCodeTwice) as caught:
        GridIndex((code_of(1), GridLevel.UNIT_GRID, shape) for shape in (WEST_SQUARE, EAST_SQUARE))
    assert caught.value.facts == {"grid": code_of(1)}


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON EMPTY",
        "POINT (116 39)",
        "LINESTRING (116 39, 117 40)",
        "POLYGON ((116 39, 117 40, 117 39, 116 40, 116 39))",
        "GEOMETRYCOLLECTION (POLYGON ((116 39, 117 39, 117 40, 116 39)))",
    ],
)
def test_a_shape_that_is_no_valid_area_is_refused(wkt: str) -> None:
    with pytest.raises(GridShapeWrong) as caught:
        GridIndex([(code_of(1), GridLevel.UNIT_GRID, shapely.from_wkt(wkt))])
    assert caught.value.facts == {"grid": code_of(1)}


def test_the_middle_of_a_slanting_edge_is_on_it_although_floating_point_says_otherwise() -> None:
    # Corners in seven decimals, as in files of real grids: their middles lie a hair beside the edge.
    chance = random.Random(1)
    for _ in range(200):
        bend = 116.4 + chance.randint(-2000, 2000) * 1e-7, 116.4 + chance.randint(-2000, 2000) * 1e-7
        west = shapely.Polygon([(116.39, 39.9), (bend[0], 39.9), (bend[1], 39.91), (116.39, 39.91)])
        east = shapely.Polygon([(bend[0], 39.9), (116.41, 39.9), (116.41, 39.91), (bend[1], 39.91)])
        pair = index_of({code_of(1): east, code_of(2): west})
        middle = Place((bend[0] + bend[1]) / 2, (39.9 + 39.91) / 2)
        assert pair.locate(middle) == Located(code_of(1), 0.0, Whereabouts.INSIDE, 50.0)
        beside = Place(middle.longitude - 1e-7, middle.latitude)  # one centimetre
        assert pair.locate(beside).code == code_of(2)
