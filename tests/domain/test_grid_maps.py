"""Maps of grids on paper: everything in its place, in shape, and nothing too much."""

import math
import re

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Place, distance_m, metres_per_degree
from api.domain.grid_maps import (
    SMALLEST_SPAN_M,
    TOLERANCE_MM,
    Frame,
    draw_map,
    path_data,
    scale_bar,
    window_around,
)

FRAME = Frame(190.0, 150.0)
PAPER = shapely.box(0, 0, FRAME.width_mm, FRAME.height_mm)
HERE = Place(116.4, 39.91)
ROUNDING_MM = 0.01

frames = st.builds(Frame, st.floats(60, 280), st.floats(40, 280))
places = st.tuples(st.floats(-170, 170), st.floats(-75, 75))
sizes_m = st.floats(1.0, 100_000.0)


def box_m(width_m: float, height_m: float, at: tuple[float, float] = (116.4, 39.91)) -> shapely.Polygon:
    """Return a rectangle of this size in degrees around a place."""
    east_m, north_m = metres_per_degree(at[1])
    half = width_m / 2 / east_m, height_m / 2 / north_m
    return shapely.box(at[0] - half[0], at[1] - half[1], at[0] + half[0], at[1] + half[1])


def drawn(path: str) -> BaseGeometry:
    """Read path data as a browser does under the rule `evenodd`."""
    assert re.fullmatch(r"(?:M(?:-?\d+\.\d\d -?\d+\.\d\d)(?:L-?\d+\.\d\d -?\d+\.\d\d){2,}Z)*", path), path[
        :200
    ]
    filled: BaseGeometry = shapely.Polygon()
    for ring in re.findall(r"M([^Z]+)Z", path):
        points = [tuple(map(float, point.split())) for point in ring.split("L")]
        filled = shapely.symmetric_difference(filled, shapely.make_valid(shapely.Polygon(points)))
    return filled


def mapped(area: BaseGeometry, frame: Frame = FRAME) -> BaseGeometry:
    """Return what is drawn of a grid on its own map."""
    return drawn(draw_map(window_around(area, frame), ("1", area)).subject.path)


@given(places, sizes_m, sizes_m, frames)
def test_a_grid_lies_in_the_middle_with_a_margin_and_fills_the_frame_one_way(
    at: tuple[float, float], width_m: float, height_m: float, frame: Frame
) -> None:
    window = window_around(box_m(width_m, height_m, at), frame)
    west, north, east, south = window.on_paper(box_m(width_m, height_m, at)).bounds
    assert west + east == pytest.approx(frame.width_mm, abs=1e-3)
    assert north + south == pytest.approx(frame.height_mm, abs=1e-3)
    shares = (east - west) / frame.width_mm, (south - north) / frame.height_mm
    assert max(shares) <= 0.84 + 1e-6
    if max(width_m, height_m) > 2 * SMALLEST_SPAN_M * max(frame.width_mm, frame.height_mm) / min(
        frame.width_mm, frame.height_mm
    ):
        assert max(shares) == pytest.approx(0.84, abs=1e-6)


@given(places, st.floats(100, 5_000), st.floats(100, 5_000), frames)
def test_a_metre_is_as_long_in_every_direction(
    at: tuple[float, float], width_m: float, height_m: float, frame: Frame
) -> None:
    area = box_m(width_m, height_m, at)
    window = window_around(area, frame)
    west, north, east, south = window.on_paper(area).bounds
    assert (east - west) * window.metres_per_mm == pytest.approx(width_m, rel=1e-6)
    assert (south - north) * window.metres_per_mm == pytest.approx(height_m, rel=1e-6)


def test_north_is_up_and_east_is_right() -> None:
    window = window_around(box_m(500, 500), FRAME)
    north_east = window.on_paper(shapely.Point(HERE.longitude + 1e-3, HERE.latitude + 1e-3))
    x, y, _, _ = north_east.bounds
    assert x > FRAME.width_mm / 2
    assert y < FRAME.height_mm / 2


@given(places, sizes_m)
def test_the_bar_is_a_round_length_and_as_long_as_it_says(at: tuple[float, float], size_m: float) -> None:
    window = window_around(box_m(size_m, size_m, at), FRAME)
    bar = scale_bar(window)
    assert bar.length_mm <= FRAME.width_mm / 4
    assert bar.length_mm > FRAME.width_mm / 4 / 2.6
    assert bar.length_m / 10 ** math.floor(math.log10(bar.length_m) + 1e-9) == pytest.approx(
        min((1, 2, 5), key=lambda step: abs(step - bar.length_m / 10 ** math.floor(math.log10(bar.length_m))))
    )
    assert bar.length_m / bar.length_mm == pytest.approx(window.metres_per_mm)


def test_the_bar_agrees_with_the_distance_along_the_earth() -> None:
    area = box_m(1_000, 700)
    window = window_around(area, FRAME)
    west, south, east, _ = area.bounds
    true_m = distance_m(Place(west, (south + area.bounds[3]) / 2), Place(east, (south + area.bounds[3]) / 2))
    flat = window.on_paper(area).bounds
    assert (flat[2] - flat[0]) * window.metres_per_mm == pytest.approx(true_m, rel=1e-3)


@pytest.mark.parametrize("size_m", [0.5, 3.0, SMALLEST_SPAN_M / 2])
def test_a_tiny_grid_is_not_blown_up_beyond_sense(size_m: float) -> None:
    window = window_around(box_m(size_m, size_m), FRAME)
    assert window.metres_per_mm * FRAME.height_mm == pytest.approx(SMALLEST_SPAN_M)
    assert scale_bar(window).length_m == 5
    assert mapped(box_m(size_m, size_m)).area > 0


def test_a_city_of_a_hundred_kilometres_fits_as_well() -> None:
    city = box_m(100_000, 80_000)
    assert PAPER.contains(mapped(city))
    assert scale_bar(window_around(city, FRAME)).length_m == 20_000


def test_a_long_thin_grid_is_seen_whole_with_room_beside_it() -> None:
    road = box_m(2_000, 15)
    shape = mapped(road)
    west, _, east, _ = shape.bounds
    assert east - west == pytest.approx(0.84 * FRAME.width_mm, abs=2 * ROUNDING_MM)
    assert shape.area > 0


@settings(deadline=None)  # thousands of points
@given(st.integers(100, 2_000), st.floats(200, 3_000), st.integers(0, 2**32))
def test_what_is_simplified_stays_within_a_fifth_of_a_millimetre(
    corners: int, radius_m: float, seed: int
) -> None:
    east_m, north_m = metres_per_degree(HERE.latitude)
    ring = [
        (
            HERE.longitude + radius_m * wobble(seed, corner) * math.cos(angle) / east_m,
            HERE.latitude + radius_m * wobble(seed, corner) * math.sin(angle) / north_m,
        )
        for corner in range(corners)
        for angle in [2 * math.pi * corner / corners]
    ]
    area = shapely.Polygon(ring)
    window = window_around(area, FRAME)
    true, shown = window.on_paper(area), mapped(area)
    assert true.boundary.hausdorff_distance(shown.boundary) < 0.2
    assert len(shapely.get_coordinates(shown)) <= corners + 1


def wobble(seed: int, corner: int) -> float:
    """Return a share between 0.97 and 1 that looks random and is always the same."""
    return 1 - 0.03 * ((seed + corner * 2_654_435_761) % 1_000_003) / 1_000_003


def test_thousands_of_points_on_a_smooth_shore_become_few() -> None:
    shore = shapely.Point(HERE.longitude, HERE.latitude).buffer(0.01, quad_segs=5_000)
    assert len(shapely.get_coordinates(shore)) > 20_000
    assert len(shapely.get_coordinates(mapped(shore))) < 200


def test_holes_stay_holes() -> None:
    around = box_m(1_000, 800)
    lake = affinity.scale(around, 0.5, 0.5)
    shape = mapped(shapely.difference(around, lake))
    assert shape.area == pytest.approx(0.75 * mapped(around).area, rel=1e-3)
    middle = shapely.Point(FRAME.width_mm / 2, FRAME.height_mm / 2)
    assert not shape.contains(middle)


def test_every_part_of_a_scattered_grid_is_drawn() -> None:
    here, there = box_m(300, 300, (116.40, 39.91)), box_m(200, 200, (116.42, 39.92))
    shape = mapped(shapely.MultiPolygon([here, there]))
    window = window_around(shapely.MultiPolygon([here, there]), FRAME)
    assert PAPER.contains(shape)
    assert len(getattr(shape, "geoms", [shape])) == 2
    for part in (here, there):
        assert shape.contains(window.on_paper(part).centroid)


def test_a_grid_that_crosses_itself_is_drawn_all_the_same() -> None:
    bow = shapely.Polygon([(116.40, 39.90), (116.41, 39.91), (116.41, 39.90), (116.40, 39.91)])
    assert not bow.is_valid
    assert mapped(bow).area > 0


@given(st.floats(-3_000, 3_000), st.floats(-3_000, 3_000), st.floats(50, 20_000), st.floats(0, 90))
def test_of_a_neighbour_all_that_reaches_onto_the_paper_is_drawn_and_cut_outside_of_it(
    east: float, north: float, size_m: float, turned: float
) -> None:
    east_m, north_m = metres_per_degree(HERE.latitude)
    subject = box_m(800, 600)
    neighbour = affinity.rotate(
        box_m(size_m, size_m * 0.7, (HERE.longitude + east / east_m, HERE.latitude + north / north_m)), turned
    )
    window = window_around(subject, FRAME)
    true = shapely.intersection(window.on_paper(neighbour), PAPER)
    found = draw_map(window, ("1", subject), [("2", neighbour)]).neighbours
    shown = shapely.intersection(drawn(found[0].path), PAPER) if found else shapely.Polygon()
    assert shapely.symmetric_difference(true, shown).area <= (TOLERANCE_MM + ROUNDING_MM) * (true.length + 1)
    if found:
        assert shapely.box(-2.02, -2.02, FRAME.width_mm + 2.02, FRAME.height_mm + 2.02).contains(
            drawn(found[0].path)
        )
        # No edge of the cut shows: what runs along the frame lies beyond it.
        inner = shapely.box(0.5, 0.5, FRAME.width_mm - 0.5, FRAME.height_mm - 0.5)
        seen = shapely.intersection(drawn(found[0].path).boundary, inner)
        whole = window.on_paper(neighbour).boundary
        assert all(whole.distance(shapely.Point(point)) < 0.2 for point in shapely.get_coordinates(seen))


def test_neighbours_that_are_not_on_the_paper_are_left_out() -> None:
    subject, far = box_m(800, 600), box_m(800, 600, (117.0, 39.91))
    assert draw_map(window_around(subject, FRAME), ("1", subject), [("2", far)]).neighbours == ()


def test_a_neighbour_that_only_touches_the_edge_of_the_paper_draws_no_line() -> None:
    subject = box_m(800, 600)
    window = window_around(subject, FRAME)
    west, south, _, north = window.bounds
    touching = shapely.box(west - 0.01, south, west, north)
    assert draw_map(window, ("1", subject), [("2", touching)]).neighbours == ()


def test_children_are_drawn_in_the_order_in_which_they_come() -> None:
    subject = box_m(900, 600)
    west, south, east, north = subject.bounds
    thirds = [west + (east - west) * part / 3 for part in range(4)]
    children = [(f"1{part}", shapely.box(thirds[part], south, thirds[part + 1], north)) for part in range(3)]
    found = draw_map(window_around(subject, FRAME), ("1", subject), children=children).children
    assert [outline.code for outline in found] == ["10", "11", "12"]
    united = shapely.union_all([drawn(outline.path) for outline in found])
    assert shapely.symmetric_difference(united, mapped(subject)).area < 1


@given(st.floats(100, 3_000), st.floats(100, 3_000), st.floats(0, 90))
def test_a_name_stands_in_its_own_outline_and_on_the_paper(
    width_m: float, height_m: float, turned: float
) -> None:
    subject = box_m(800, 600)
    neighbour = affinity.rotate(box_m(width_m, height_m, (116.404, 39.913)), turned)
    for outline in draw_map(window_around(subject, FRAME), ("1", subject), [("2", neighbour)]).neighbours:
        if outline.label is None:
            continue
        at = shapely.Point(outline.label.x_mm, outline.label.y_mm)
        shape = drawn(outline.path)
        assert shape.distance(at) <= ROUNDING_MM
        assert PAPER.contains(at)
        half = max(outline.label.room_mm / 2 - 2 * ROUNDING_MM, 0)
        text = shapely.LineString([(at.x - half, at.y), (at.x + half, at.y)])
        assert shapely.difference(text, shape.buffer(2 * ROUNDING_MM)).length <= 4 * ROUNDING_MM


def test_a_neighbour_that_hardly_shows_has_no_name() -> None:
    subject = box_m(800, 600)
    window = window_around(subject, FRAME)
    west, south, _, north = window.bounds
    sliver = shapely.box(west - 0.01, south, west + (2.5 * window.metres_per_mm) / 111_000, north)
    (outline,) = draw_map(window, ("1", subject), [("2", sliver)]).neighbours
    assert outline.label is None


@pytest.mark.parametrize("latitude", [89.9, -89.9])
def test_even_near_a_pole_a_map_is_drawn(latitude: float) -> None:
    area = shapely.box(10.0, latitude - 0.001, 10.5, latitude + 0.001)
    window = window_around(area, FRAME)
    west, south, east, north = window.bounds
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90
    assert mapped(area).area > 0


def test_nothing_is_no_path() -> None:
    assert path_data(shapely.Polygon()) == ""
