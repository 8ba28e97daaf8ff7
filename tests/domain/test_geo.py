"""Places, the coordinate systems of Chinese phones, and distances."""

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from api.domain.geo import (
    Crs,
    GeoError,
    Place,
    PlaceNotFinite,
    PlaceOutsideEarth,
    UnknownCrs,
    distance_m,
    from_wgs84,
    metres_per_degree,
    to_wgs84,
)

SHIFTED = (Crs.GCJ02, Crs.BD09)
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271

anywhere = st.builds(Place, st.floats(-180, 180), st.floats(-90, 90))
in_china = st.builds(Place, st.floats(WEST, EAST), st.floats(SOUTH, NORTH))


@pytest.mark.parametrize(
    ("place", "crs", "longitude", "latitude"),
    [
        (Place(116.404, 39.915), Crs.GCJ02, 116.41024449916938, 39.91640428150164),
        (Place(116.404, 39.915), Crs.BD09, 116.41662724378733, 39.922699552216216),
        (Place(120, 40), Crs.GCJ02, 120.00567568355486, 40.0013047896019),
    ],
)
def test_published_places_are_shifted_as_published_and_back(
    place: Place, crs: Crs, longitude: float, latitude: float
) -> None:
    assert from_wgs84(place, crs) == pytest.approx((longitude, latitude), abs=1e-13, rel=0)
    back = to_wgs84(longitude, latitude, crs)
    assert (back.longitude, back.latitude) == pytest.approx(
        (place.longitude, place.latitude), abs=1e-11, rel=0
    )


@given(in_china, st.sampled_from(SHIFTED))
@example(Place(WEST, SOUTH), Crs.GCJ02)
@example(Place(WEST, NORTH), Crs.BD09)
@example(Place(EAST, SOUTH), Crs.BD09)
@example(Place(EAST, NORTH), Crs.GCJ02)
@example(Place(105, 35), Crs.GCJ02)
def test_every_place_in_china_comes_back_from_a_shifted_system(place: Place, crs: Crs) -> None:
    back = to_wgs84(*from_wgs84(place, crs), crs)
    assert back.longitude == pytest.approx(place.longitude, abs=1e-10, rel=0)
    assert back.latitude == pytest.approx(place.latitude, abs=1e-10, rel=0)


@given(st.floats(WEST + 0.1, EAST - 0.1), st.floats(SOUTH + 0.1, NORTH - 0.1), st.sampled_from(SHIFTED))
def test_every_reading_in_china_comes_back_from_wgs84(longitude: float, latitude: float, crs: Crs) -> None:
    there = from_wgs84(to_wgs84(longitude, latitude, crs), crs)
    assert there == pytest.approx((longitude, latitude), abs=1e-10, rel=0)


@given(st.floats(115.4, 117.5), st.floats(39.4, 41.1), st.sampled_from(SHIFTED))
def test_a_forgotten_conversion_in_beijing_is_off_by_several_grids(
    longitude: float, latitude: float, crs: Crs
) -> None:
    shifted = Place(*from_wgs84(Place(longitude, latitude), crs))
    assert 450 < distance_m(Place(longitude, latitude), shifted) < 1600


@given(anywhere, st.sampled_from(SHIFTED))
@example(Place(2.35, 48.86), Crs.GCJ02)
@example(Place(180, -90), Crs.BD09)
@example(Place(-180, 90), Crs.BD09)
def test_nothing_is_shifted_outside_the_box(place: Place, crs: Crs) -> None:
    assume(
        not (WEST - 0.05 <= place.longitude <= EAST + 0.05 and SOUTH - 0.05 <= place.latitude <= NORTH + 0.05)
    )
    assert from_wgs84(place, crs) == (place.longitude, place.latitude)
    assert to_wgs84(place.longitude, place.latitude, crs) == place


@given(anywhere, st.sampled_from(Crs))
def test_every_reading_on_the_earth_is_some_place(place: Place, crs: Crs) -> None:
    assert isinstance(to_wgs84(place.longitude, place.latitude, crs), Place)


@given(anywhere, st.sampled_from([Crs.WGS84, Crs.CGCS2000]))
def test_wgs84_and_cgcs2000_are_taken_as_they_are(place: Place, crs: Crs) -> None:
    assert to_wgs84(place.longitude, place.latitude, crs) == place
    assert from_wgs84(place, crs) == (place.longitude, place.latitude)


@pytest.mark.parametrize("name", ["", "WGS84", "gcj-02", "epsg:4326", "bd09mc", "\ud800"])
def test_an_unknown_system_is_refused_by_name(name: str) -> None:
    for ask in (
        lambda: Crs.named(name),
        lambda: to_wgs84(116.4, 39.9, name),
        lambda: from_wgs84(Place(116.4, 39.9), name),
    ):
        with pytest.raises(UnknownCrs) as caught:
            ask()
        assert caught.value.facts == {"known": ["wgs84", "gcj02", "bd09", "cgcs2000"]}


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("crs", Crs)
def test_a_coordinate_that_is_no_number_is_refused(wrong: float, crs: Crs) -> None:
    for longitude, latitude in ((wrong, 39.9), (116.4, wrong)):
        with pytest.raises(PlaceNotFinite):
            Place(longitude, latitude)
        with pytest.raises(PlaceNotFinite):
            to_wgs84(longitude, latitude, crs)


@pytest.mark.parametrize("crs", Crs)
@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        (math.nextafter(180, 181), 0),
        (-180.1, 0),
        (0, math.nextafter(90, 91)),
        (0, -90.1),
        (39.9, 116.4),
        (1e300, 0),
    ],
)
def test_a_place_that_is_not_on_the_earth_is_refused(longitude: float, latitude: float, crs: Crs) -> None:
    with pytest.raises(PlaceOutsideEarth) as caught:
        to_wgs84(longitude, latitude, crs)
    assert caught.value.facts == {"longitude": longitude, "latitude": latitude}


def test_each_error_has_a_title_and_a_code_of_its_own() -> None:
    kinds = [GeoError, PlaceNotFinite, PlaceOutsideEarth, UnknownCrs]
    assert all(kind.__doc__ and kind.__doc__.endswith(".") and issubclass(kind, ValueError) for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("a", "b", "expected_m"),
    [
        ((116.404, 39.915), (116.404, 39.915), 0.0),
        ((116.404, 39.915), (116.40400001, 39.915), 0.000855),
        ((116.404, 39.915), (116.4045, 39.9153), 54.194915),
        ((116.404, 39.915), (116.404, 39.925), 1110.330956),
        ((116.4, 39.9), (121.47, 31.23), 1065615.456587),
        ((116.4, 39.9), (-74.0, 40.7), 11016526.488685),
        ((-70.0, -55.0), (100.0, 20.0), 16029309.816764),
        ((179.999, 10.0), (-179.999, 10.0), 219.278728),
        ((0.0, 0.0), (0.0, 1.0), 110574.388558),
        ((20.0, 89.9), (-160.0, 89.9), 22338.795683),
    ],
)
def test_distances_agree_with_geodesics(
    a: tuple[float, float], b: tuple[float, float], expected_m: float
) -> None:
    # Expected values: ST_Distance on geography, PostGIS 3.3.
    assert distance_m(Place(*a), Place(*b)) == pytest.approx(expected_m, rel=2e-6, abs=1e-6)


def test_opposite_ends_of_the_earth_are_half_a_meridian_apart() -> None:
    half_meridian_m = 20_003_931.4586
    assert distance_m(Place(0, 90), Place(0, -90)) == pytest.approx(half_meridian_m, rel=1e-5)
    assert distance_m(Place(0, 0), Place(180, 0)) == pytest.approx(half_meridian_m, rel=5e-3)
    assert distance_m(Place(30, 45), Place(-150, -45)) == pytest.approx(half_meridian_m, rel=5e-3)


@given(anywhere, anywhere)
def test_a_distance_is_the_same_both_ways_and_never_beyond_half_the_earth(a: Place, b: Place) -> None:
    there_m = distance_m(a, b)
    assert there_m == pytest.approx(distance_m(b, a), rel=1e-12, abs=1e-9)
    assert 0 <= there_m <= math.pi * 6_378_137 * 1.001


@given(st.floats(-179, 179), st.floats(-60, 60), st.floats(0, 1000), st.floats(0, math.tau))
def test_the_flat_map_around_a_place_errs_by_less_than_half_a_permille(
    longitude: float, latitude: float, length_m: float, direction: float
) -> None:
    east_m, north_m = metres_per_degree(latitude)
    there = Place(
        longitude + length_m * math.sin(direction) / east_m,
        latitude + length_m * math.cos(direction) / north_m,
    )
    assert distance_m(Place(longitude, latitude), there) == pytest.approx(length_m, rel=5e-4, abs=1e-6)
