"""Gaps, overlaps, overhangs and unshared vertices in a tiling."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.domain.geo import metres_per_degree
from api.domain.tilings import check_tiling

# 0.001 degrees are about 100 m here.
WEST, EAST = shapely.box(116.0, 39.0, 116.001, 39.001), shapely.box(116.001, 39.0, 116.002, 39.001)
BOTH = shapely.coverage_union_all([WEST, EAST])
EAST_M, NORTH_M = metres_per_degree(39.0005)
SQUARE_M2 = 1e-6 * EAST_M * NORTH_M


def test_two_halves_tile_their_parent_exactly() -> None:
    tiling = check_tiling({"1": WEST, "2": EAST}, BOTH)
    assert tiling.is_exact
    assert tiling.is_acceptable


def test_a_missing_half_is_a_gap_with_its_neighbour_and_area() -> None:
    (gap,) = check_tiling({"1": WEST}, BOTH).gaps
    assert gap.codes == ("1",)
    assert gap.shape.equals(EAST)
    assert gap.area_m2 == pytest.approx(SQUARE_M2, rel=1e-9)
    assert not gap.is_sliver


def test_each_gap_is_reported_by_itself() -> None:
    wide = shapely.box(116.0, 39.0, 116.005, 39.001)
    middle = shapely.box(116.002, 39.0, 116.003, 39.001)
    assert len(check_tiling({"1": middle}, wide).gaps) == 2


def test_without_areas_the_whole_parent_is_one_gap_of_nobody() -> None:
    (gap,) = check_tiling({}, BOTH).gaps
    assert gap.codes == ()
    assert gap.area_m2 == pytest.approx(2 * SQUARE_M2, rel=1e-9)


@given(st.floats(1e-7, 9e-4))
def test_an_overlap_names_both_areas_and_its_size(width: float) -> None:
    tiling = check_tiling({"2": EAST, "1": shapely.box(116.0, 39.0, 116.001 + width, 39.001)}, BOTH)
    (overlap,) = tiling.overlaps
    assert overlap.codes == ("1", "2")
    assert overlap.area_m2 == pytest.approx(width * 0.001 * EAST_M * NORTH_M, rel=1e-6)
    assert overlap.is_sliver == (overlap.area_m2 < 1.0) == tiling.is_acceptable
    assert not tiling.is_exact


def test_twins_overlap_entirely_but_once() -> None:
    (overlap,) = check_tiling({"1": WEST, "2": WEST}, WEST).overlaps
    assert overlap.codes == ("1", "2")
    assert overlap.area_m2 == pytest.approx(SQUARE_M2, rel=1e-9)


def test_an_area_outside_its_parent_is_an_overhang() -> None:
    (overhang,) = check_tiling({"1": WEST, "2": EAST}, WEST).overhangs
    assert overhang.codes == ("2",)
    assert overhang.area_m2 == pytest.approx(SQUARE_M2, rel=1e-9)


@pytest.mark.parametrize(("sliver_m2", "is_acceptable"), [(1.0, True), (0.1, False)])
def test_what_counts_as_a_sliver_is_policy(sliver_m2: float, *, is_acceptable: bool) -> None:
    # 5 mm by 111 m is about half a square metre.
    narrower = shapely.box(116.001 + 0.005 / EAST_M, 39.0, 116.002, 39.001)
    tiling = check_tiling({"1": WEST, "2": narrower}, BOTH, sliver_m2)
    (gap,) = tiling.gaps
    assert gap.codes == ("1", "2")
    assert gap.area_m2 == pytest.approx(0.555, rel=1e-2)
    assert tiling.is_acceptable is is_acceptable
    assert not tiling.is_exact


def test_a_vertex_that_only_one_neighbour_has_is_a_mismatch_though_nothing_is_missing() -> None:
    dotted = shapely.Polygon(
        [(116.001, 39.0), (116.002, 39.0), (116.002, 39.001), (116.001, 39.001), (116.001, 39.0005)]
    )
    tiling = check_tiling({"1": WEST, "2": dotted}, BOTH)
    assert tiling.faults == ()
    assert tiling.mismatched == ("1", "2")
    assert not tiling.is_exact
    assert tiling.is_acceptable


def test_holes_and_scattered_areas_tile_exactly_too() -> None:
    hole = shapely.box(116.0004, 39.0004, 116.0006, 39.0006)
    far = shapely.box(116.01, 39.0, 116.011, 39.001)
    areas: dict[str, BaseGeometry] = {
        "1": WEST.difference(hole),
        "2": shapely.MultiPolygon([hole, far]),
    }
    assert check_tiling(areas, shapely.MultiPolygon([WEST, far])).is_exact


cells = st.integers(0, 15)
"""Numbers of the cells of a lattice of four by four."""


def cell(number: int) -> shapely.Polygon:
    """Return a cell with bent sides, so that none of them are hidden in a straight line."""
    row, column = divmod(number, 4)
    west, south = 116.0 + column * 0.001, 39.0 + row * 0.001
    bend = 0.0001
    ring = [
        (west, south),
        (west + 0.0005, south + bend),
        (west + 0.001, south),
        (west + 0.001 + bend, south + 0.0005),
        (west + 0.001, south + 0.001),
        (west + 0.0005, south + 0.001 + bend),
        (west, south + 0.001),
        (west + bend, south + 0.0005),
    ]
    return shapely.Polygon(ring)


@given(st.lists(st.sets(cells, min_size=1, max_size=4), min_size=1, max_size=6), st.sets(cells))
def test_exactly_what_is_covered_once_and_nothing_else_makes_a_tiling(
    groups: list[set[int]], drawn: set[int]
) -> None:
    covered = [number for group in groups for number in group]
    inside = drawn or set(covered)
    areas = {
        str(n): shapely.coverage_union_all([cell(one) for one in group]) for n, group in enumerate(groups)
    }
    tiling = check_tiling(areas, shapely.coverage_union_all([cell(one) for one in inside]))
    twice = sum(covered.count(one) * (covered.count(one) - 1) // 2 for one in inside | set(covered))
    assert tiling.is_acceptable == (sorted(covered) == sorted(inside))
    for faults, expected in (
        (tiling.gaps, len(inside - set(covered))),
        (tiling.overlaps, twice),
        (tiling.overhangs, sum(one not in inside for one in covered)),
    ):
        found_m2 = sum(fault.area_m2 for fault in faults)
        assert found_m2 == pytest.approx(expected * SQUARE_M2, rel=1e-2, abs=1e-3)
