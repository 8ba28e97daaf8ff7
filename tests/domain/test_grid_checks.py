"""Whether grids fit together: what is found, how large it is, and what keeps a file from being taken."""

import time
from collections.abc import Mapping
from random import Random

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.domain.grid_checks import FaultKind, GridFault, GridReport, check_grids
from api.domain.grid_drafts import GridDraft
from api.domain.grids import GridLevel
from api.domain.map_shapes import area_m2
from tests.domain.example_grids import CITY, LARGE, PATTERN, STEP, Sizes, cut_city, grid, units, with_shape

TOWN = cut_city()
"""256 unit grids in 64 communities, 16 streets and 4 districts."""
UNITS = sorted(one.code for one in units(TOWN))

COMMUNITY = "110101001001"
UNIT = f"{COMMUNITY}001"
BESIDE = f"{COMMUNITY}002"
NORTH = f"{COMMUNITY}003"
STRANGER = "110101001002001"
"""A unit grid of the community next to it."""

sides = st.floats(0.02, 0.3)
"""Of a square inside a unit grid, as a share of the grid's side: some 4 to 900 m²."""


def moved_apart(grids: Mapping[str, GridDraft], degrees: float) -> dict[str, GridDraft]:
    """Move each grid by itself, by less than this: no line is shared any more."""
    random = Random(1)
    apart: dict[str, GridDraft] = {}
    for code, one in grids.items():
        shift = (random.uniform(-degrees, degrees), random.uniform(-degrees, degrees))
        apart[code] = grid(
            code, shapely.transform(one.shape, lambda vertices, by=shift: vertices + by), one.number
        )
    return apart


def square_in(one: GridDraft, share: float) -> BaseGeometry:
    """Return a square well inside a unit grid."""
    middle, half = one.shape.representative_point(), share * STEP / 2
    return shapely.box(middle.x - half, middle.y - half, middle.x + half, middle.y + half).intersection(
        one.shape
    )


def only(report: GridReport, kind: FaultKind) -> GridFault:
    (fault,) = [fault for fault in report.faults if fault.kind is kind]
    return fault


def codes_of(report: GridReport) -> list[tuple[str, bool]]:
    """Return the codes of the findings, and whether each is a warning."""
    return [(finding.code, finding.is_warning) for finding in report.findings]


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 4), st.sampled_from([Sizes(1, 1, 2, 3), Sizes(2, 1, 1, 2)]))
def test_an_exact_city_has_no_findings(seed: int, bends: int, sizes: Sizes) -> None:
    report = check_grids(cut_city(sizes, seed, bends).values())
    assert report == GridReport((), ())
    assert not report.has_fault


@given(st.sampled_from(UNITS), sides)
def test_a_gap_is_found_with_its_area(code: str, share: float) -> None:
    hole = square_in(TOWN[code], share)
    report = check_grids(with_shape(TOWN, code, TOWN[code].shape.difference(hole)).values())
    gap = only(report, FaultKind.GAP)
    assert gap.area_m2 == pytest.approx(area_m2(hole), rel=0.01)
    assert code in gap.codes
    assert gap.parent == PATTERN.parent_of(code)
    (finding,) = report.findings
    assert finding.code == "grid_gap"
    assert finding.key == gap.codes[0]
    assert finding.line == TOWN[gap.codes[0]].number
    assert report.has_fault


@given(st.sampled_from(UNITS), sides)
def test_an_overlap_of_neighbours_is_found_once_with_its_area(code: str, share: float) -> None:
    other = code[:-3] + ("002" if code.endswith("001") else "001")
    shared = square_in(TOWN[other], share)
    report = check_grids(with_shape(TOWN, code, TOWN[code].shape.union(shared)).values())
    (overlap,) = report.faults
    assert overlap.kind is FaultKind.OVERLAP
    assert overlap.area_m2 == pytest.approx(area_m2(shared), rel=0.01)
    assert overlap.codes == tuple(sorted([code, other]))
    assert codes_of(report) == [("grid_overlap", False)]


@given(st.sampled_from(UNITS), sides)
def test_a_grid_that_reaches_out_of_the_city_hangs_over_with_that_area(code: str, share: float) -> None:
    far = shapely.transform(square_in(TOWN[code], share), lambda degrees: degrees + 0.5)
    report = check_grids(with_shape(TOWN, code, TOWN[code].shape.union(far)).values())
    overhang = only(report, FaultKind.OVERHANG)
    assert overhang.area_m2 == pytest.approx(area_m2(far), rel=0.01)
    assert (overhang.codes, overhang.parent) == ((code,), code[:-3])
    assert codes_of(report) == [("grid_overhang", False)]


@given(sides)
def test_grids_of_two_communities_that_overlap_are_found_though_they_have_no_parent_in_common(
    share: float,
) -> None:
    shared = square_in(TOWN[STRANGER], share)
    report = check_grids(with_shape(TOWN, UNIT, TOWN[UNIT].shape.union(shared)).values())
    overlap, overhang = only(report, FaultKind.OVERLAP), only(report, FaultKind.OVERHANG)
    assert (overlap.codes, overlap.parent) == ((UNIT, STRANGER), None)
    assert (overhang.codes, overhang.parent) == ((UNIT,), COMMUNITY)
    assert overlap.area_m2 == pytest.approx(area_m2(shared), rel=0.01) == overhang.area_m2


def test_two_grids_that_reach_into_each_other_overlap_once() -> None:
    ours, theirs = TOWN[UNIT].shape, TOWN[STRANGER].shape
    grown = with_shape(TOWN, UNIT, ours.union(square_in(TOWN[STRANGER], 0.2)))
    grown = with_shape(grown, STRANGER, theirs.union(square_in(TOWN[UNIT], 0.1)))
    report = check_grids(grown.values())
    overlaps = [fault for fault in report.faults if fault.kind is FaultKind.OVERLAP]
    assert [fault.codes for fault in overlaps] == [(UNIT, STRANGER)] * 2, "the two places of one pair"


def test_a_pond_in_a_grid_that_is_a_grid_of_its_own_is_no_fault() -> None:
    pond = square_in(TOWN[UNIT], 0.3)
    town = with_shape(TOWN, UNIT, TOWN[UNIT].shape.difference(pond))
    town[f"{COMMUNITY}005"] = grid(f"{COMMUNITY}005", pond, 9_999)
    assert check_grids(town.values()) == GridReport((), ())


def test_a_community_in_two_parts_is_no_fault() -> None:
    island = shapely.box(117.0, 39.8, 117.001, 39.801)
    town: dict[str, GridDraft] = dict(TOWN)
    for code in PATTERN.path_of(UNIT):
        town = with_shape(town, code, shapely.MultiPolygon([*TOWN[code].shape.geoms, island]))
    assert check_grids(town.values()) == GridReport((), ())


def test_slivers_are_warnings_and_told_together() -> None:
    town = dict(TOWN)
    for code in (UNIT, BESIDE, NORTH):
        hole = square_in(TOWN[code], 0.005)
        assert area_m2(hole) < 1
        town = with_shape(town, code, TOWN[code].shape.difference(hole))
    report = check_grids(town.values())
    assert codes_of(report) == [("grid_slivers", True)]
    (finding,) = report.findings
    assert finding.detail.startswith(f"3 slivers in {COMMUNITY} of 0.7")
    assert len(report.faults) == 3
    assert all(fault.is_sliver and fault.is_warning for fault in report.faults)
    assert not report.has_fault
    assert check_grids(town.values(), sliver_m2=0.01).has_fault, "what counts as a sliver is policy"


def test_what_rounding_leaves_between_lines_is_nothing() -> None:
    town = moved_apart(TOWN, 1e-13)
    assert check_grids(town.values()) == GridReport((), ())


def test_gaps_may_be_allowed_but_overlaps_never() -> None:
    town = with_shape(TOWN, UNIT, TOWN[UNIT].shape.difference(square_in(TOWN[UNIT], 0.3)))
    assert codes_of(check_grids(town.values(), allow_gaps=True)) == [("grid_gap", True)]
    town = with_shape(town, BESIDE, TOWN[BESIDE].shape.union(square_in(TOWN[NORTH], 0.3)))
    report = check_grids(town.values(), allow_gaps=True)
    assert codes_of(report) == [("grid_overlap", False), ("grid_gap", True)]


def test_a_grid_that_lies_in_another_community_than_its_code_says_is_told_which() -> None:
    town = dict(TOWN)
    astray = f"{COMMUNITY}009"
    town[astray] = grid(astray, TOWN[STRANGER].shape, 9_999)
    del town[STRANGER]
    report = check_grids(town.values())
    told = {finding.code: finding for finding in report.findings}
    assert set(told) == {"grid_parent_wrong", "grid_gap"}, "that it hangs over goes without saying"
    assert told["grid_parent_wrong"].key == astray
    assert told["grid_parent_wrong"].detail.endswith("but most of it lies in 110101001002.")
    assert told["grid_gap"].detail.startswith(f"{area_m2(TOWN[STRANGER].shape):.0f} m² of 110101001002")


def test_a_grid_that_lies_nowhere_near_is_told_so() -> None:
    town = with_shape(TOWN, UNIT, shapely.box(117.0, 39.0, 117.001, 39.001))
    report = check_grids(town.values())
    assert ("grid_parent_wrong", False) in codes_of(report)
    assert report.findings[0].detail == f"By its code it lies in {COMMUNITY}, but it lies elsewhere."


def test_a_grid_whose_parent_is_not_there_is_a_fault() -> None:
    town = {code: one for code, one in TOWN.items() if code != COMMUNITY}
    report = check_grids(town.values())
    missing = [finding for finding in report.findings if finding.code == "grid_parent_missing"]
    assert [finding.key for finding in missing] == [f"{COMMUNITY}00{number}" for number in range(1, 5)]
    assert only(report, FaultKind.GAP).parent == COMMUNITY[:-3], "and the street has a gap"


@pytest.mark.parametrize("highest", [GridLevel.DISTRICT, GridLevel.COMMUNITY, GridLevel.UNIT_GRID])
def test_a_city_may_begin_at_any_level(highest: GridLevel) -> None:
    levels = list(GridLevel)[list(GridLevel).index(highest) :]
    assert check_grids(one for one in TOWN.values() if one.level in levels) == GridReport((), ())


def test_grids_without_parents_overlap_too() -> None:
    alone = [
        grid(UNIT, TOWN[UNIT].shape.union(square_in(TOWN[BESIDE], 0.3)), 1),
        TOWN[BESIDE],
        TOWN[STRANGER],
    ]
    (overlap,) = check_grids(alone).faults
    assert (overlap.kind, overlap.codes, overlap.parent) == (FaultKind.OVERLAP, (UNIT, BESIDE), None)


def test_a_city_without_grids_has_nothing_wrong() -> None:
    assert check_grids([]) == GridReport((), ())


def test_what_was_wrong_before_does_not_refuse_a_file_that_leaves_it_alone() -> None:
    town = with_shape(TOWN, UNIT, TOWN[UNIT].shape.union(square_in(TOWN[BESIDE], 0.3)))
    assert codes_of(check_grids(town.values(), changed_codes=[])) == []
    assert codes_of(check_grids(town.values(), changed_codes=[STRANGER])) == []
    assert codes_of(check_grids(town.values(), changed_codes=[NORTH])) == [("grid_overlap", True)]
    assert codes_of(check_grids(town.values(), changed_codes=[BESIDE])) == [("grid_overlap", False)]


def test_a_grid_that_ends_leaves_a_gap() -> None:
    town = {code: one for code, one in TOWN.items() if code != UNIT}
    report = check_grids(town.values(), changed_codes=[UNIT])
    assert codes_of(report) == [("grid_gap", False)]
    assert only(report, FaultKind.GAP).area_m2 == pytest.approx(area_m2(TOWN[UNIT].shape), rel=0.01)


def test_a_community_without_unit_grids_is_pointed_out() -> None:
    town = {code: one for code, one in TOWN.items() if PATTERN.parent_of(code) != COMMUNITY}
    for changed in ([UNIT], [COMMUNITY], None):
        report = check_grids(town.values(), changed_codes=changed)
        assert codes_of(report) == [("grid_undivided", True)]
        assert report.findings[0].key == COMMUNITY
    assert check_grids(town.values(), changed_codes=[STRANGER]) == GridReport((), ())


def test_ten_thousand_grids_that_lose_their_parents_are_told_in_seconds() -> None:
    city = {code: one for code, one in cut_city(LARGE).items() if one.level is not GridLevel.COMMUNITY}
    started = time.perf_counter()
    report = check_grids(
        city.values(), changed_codes=[code.replace(CITY, "1102") for code in city] + list(city)
    )
    assert time.perf_counter() - started < 20
    assert len([finding for finding in report.findings if finding.code == "grid_parent_missing"]) == 10_000


def test_grids_left_behind_by_a_community_that_ends_are_told() -> None:
    town = {code: one for code, one in TOWN.items() if code != COMMUNITY}
    report = check_grids(town.values(), changed_codes=[COMMUNITY])
    assert [code for code, _ in codes_of(report)].count("grid_parent_missing") == 4


def test_the_grid_in_the_file_is_pointed_at_rather_than_the_one_in_force() -> None:
    town = with_shape(TOWN, BESIDE, TOWN[BESIDE].shape.union(square_in(TOWN[UNIT], 0.3)))
    town[UNIT] = grid(UNIT, TOWN[UNIT].shape)
    (finding,) = check_grids(town.values()).findings
    assert (finding.key, finding.line) == (BESIDE, TOWN[BESIDE].number)


def test_a_city_whose_district_is_missing_a_corner_has_the_gap_at_each_level_once() -> None:
    town = {code: one for code, one in TOWN.items() if not code.startswith(f"{CITY}01")}
    (gap,) = check_grids(town.values()).faults
    assert (gap.kind, gap.parent) == (FaultKind.GAP, CITY)
    assert gap.area_m2 == pytest.approx(area_m2(TOWN[f"{CITY}01"].shape), rel=0.01)


def test_ten_thousand_grids_are_checked_in_seconds() -> None:
    city = cut_city(LARGE)
    assert len(units(city)) == 10_000
    started = time.perf_counter()
    assert check_grids(city.values()) == GridReport((), ())
    assert time.perf_counter() - started < 10


def test_ten_thousand_grids_that_fit_nowhere_exactly_are_checked_in_seconds() -> None:
    city = moved_apart(cut_city(LARGE), 1e-8)
    started = time.perf_counter()
    report = check_grids(city.values())
    assert time.perf_counter() - started < 30
    assert len(report.faults) > 10_000
