"""The demo street: 16 communities and 105 unit grids that tile it exactly."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs, Place, metres_per_degree, to_wgs84
from api.domain.grids import CodePattern, GridIndex, GridLevel, Whereabouts
from api.domain.tilings import check_tiling

TEXT = files("api.data.demo").joinpath("street.geojson").read_text(encoding="utf-8")
FEATURES: list[dict[str, Any]] = json.loads(TEXT)["features"]
PATTERN = CodePattern()
EAST_M, NORTH_M = metres_per_degree(39.914)
SQUARE_METRES_PER_SQUARE_DEGREE = EAST_M * NORTH_M
STREET = "990101001"


@dataclass(frozen=True)
class Grid:
    """A feature of the file."""

    code: str
    level: GridLevel
    names: tuple[str, str]
    parent: str | None
    shape: BaseGeometry


GRIDS = [
    Grid(
        feature["properties"]["code"],
        GridLevel(feature["properties"]["level"]),
        (feature["properties"]["name_zh"], feature["properties"]["name_en"]),
        feature["properties"]["parent"],
        shapely.from_geojson(json.dumps(feature["geometry"])),
    )
    for feature in FEATURES
]
BY_CODE: Mapping[str, Grid] = {grid.code: grid for grid in GRIDS}
UNITS = [grid for grid in GRIDS if grid.level is GridLevel.UNIT_GRID]
COMMUNITIES = [grid for grid in GRIDS if grid.level is GridLevel.COMMUNITY]
INDEX = GridIndex((grid.code, grid.level, grid.shape) for grid in GRIDS)


def test_there_is_one_street_with_16_communities_and_105_unit_grids() -> None:
    assert Counter(grid.level for grid in GRIDS) == {
        GridLevel.CITY: 1,
        GridLevel.DISTRICT: 1,
        GridLevel.STREET: 1,
        GridLevel.COMMUNITY: 16,
        GridLevel.UNIT_GRID: 105,
    }
    assert set(Counter(grid.parent for grid in UNITS).values()) <= {5, 6, 7, 8, 9}


def test_codes_are_unique_in_order_and_tell_level_and_parent() -> None:
    assert len(BY_CODE) == len(GRIDS)
    for level in GridLevel:
        codes = [grid.code for grid in GRIDS if grid.level is level]
        assert codes == sorted(codes)
    for grid in GRIDS:
        assert PATTERN.level_of(grid.code) is grid.level
        assert PATTERN.parent_of(grid.code) == grid.parent
        assert grid.parent is None or grid.parent in BY_CODE
    assert [grid.code for grid in COMMUNITIES] == [f"{STREET}{number:03}" for number in range(1, 17)]
    for community in COMMUNITIES:
        numbers = [int(grid.code[-3:]) for grid in UNITS if grid.parent == community.code]
        assert numbers == list(range(1, len(numbers) + 1))


def test_every_name_is_there_in_both_languages_and_unique() -> None:
    for language in (0, 1):
        names = [grid.names[language] for grid in GRIDS]
        assert len(set(names)) == len(names)
        assert all(name.strip() == name != "" for name in names)
    assert BY_CODE[STREET].names == ("槐荫街道", "Huaiyin Subdistrict")


def test_unit_grids_tile_the_street_exactly() -> None:
    tiling = check_tiling({grid.code: grid.shape for grid in UNITS}, BY_CODE[STREET].shape)
    assert sum(fault.area_m2 for fault in tiling.faults) <= 1e-6
    assert tiling.is_exact


def test_communities_tile_the_street_exactly() -> None:
    assert check_tiling({grid.code: grid.shape for grid in COMMUNITIES}, BY_CODE[STREET].shape).is_exact


@pytest.mark.parametrize("community", COMMUNITIES, ids=lambda grid: grid.code)
def test_the_unit_grids_of_a_community_tile_it_exactly_and_hang_together(community: Grid) -> None:
    own = {grid.code: grid.shape for grid in UNITS if grid.parent == community.code}
    assert check_tiling(own, community.shape).is_exact
    assert shapely.union_all(list(own.values())).equals(community.shape)
    assert isinstance(community.shape, shapely.Polygon)


def test_district_and_city_have_the_streets_outline() -> None:
    for code in ("9901", "990101"):
        assert BY_CODE[code].shape.equals(BY_CODE[STREET].shape)


def test_rings_are_valid_and_run_as_geojson_wants_them() -> None:
    for feature, grid in zip(FEATURES, GRIDS, strict=True):
        assert feature["id"] == grid.code
        assert isinstance(grid.shape, shapely.Polygon)
        assert grid.shape.is_valid
        assert grid.shape.exterior.is_ccw
        assert not grid.shape.interiors
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert all(round(number, 7) == number for vertex in ring for number in vertex)


def test_unit_grids_have_the_size_and_the_shape_of_real_ones() -> None:
    areas_m2 = [grid.shape.area * SQUARE_METRES_PER_SQUARE_DEGREE for grid in UNITS]
    assert 10_000 < sum(areas_m2) / len(areas_m2) < 15_000
    assert min(areas_m2) > 5_000
    assert max(areas_m2) < 30_000
    for grid in UNITS:
        vertices = len(shapely.get_coordinates(grid.shape)) - 1
        assert 4 <= vertices <= 30
        flat = shapely.transform(grid.shape, lambda degrees: degrees * (EAST_M, NORTH_M))
        assert flat.area / flat.minimum_rotated_rectangle.area > 0.5
        assert flat.buffer(-25).area > 0


def test_codes_run_from_the_street_office_outwards() -> None:
    office = shapely.Point(116.404, 39.915)
    away = [grid.shape.distance(office) + grid.shape.centroid.distance(office) for grid in COMMUNITIES]
    assert away == sorted(away)
    assert COMMUNITIES[0].shape.contains(office)


@pytest.mark.parametrize(
    ("longitude", "latitude", "crs"),
    [
        (116.404, 39.915, Crs.WGS84),
        (116.41024, 39.91640, Crs.GCJ02),
        (116.41662724378733, 39.922699552216216, Crs.BD09),
        (116.404, 39.915, Crs.CGCS2000),
    ],
)
def test_the_example_place_lies_well_inside_a_unit_grid_in_every_coordinate_system(
    longitude: float, latitude: float, crs: Crs
) -> None:
    place = to_wgs84(longitude, latitude, crs)
    located = INDEX.locate(place)
    assert (located.code, located.reason) == ("990101001001004", Whereabouts.INSIDE)
    flat = shapely.transform(
        BY_CODE["990101001001004"].shape,
        lambda degrees: (degrees - (place.longitude, place.latitude)) * (EAST_M, NORTH_M),
    )
    assert flat.boundary.distance(shapely.Point(0, 0)) > 40


def test_every_shared_vertex_belongs_to_the_lowest_code_around_it() -> None:
    owners: dict[tuple[float, float], list[str]] = {}
    for grid in UNITS:
        for longitude, latitude in {(x, y) for x, y in shapely.get_coordinates(grid.shape).tolist()}:
            owners.setdefault((longitude, latitude), []).append(grid.code)
    assert max(len(codes) for codes in owners.values()) >= 3
    for (longitude, latitude), codes in owners.items():
        located = INDEX.locate(Place(longitude, latitude))
        assert (located.code, located.reason) == (min(codes), Whereabouts.INSIDE)
