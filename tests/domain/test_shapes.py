"""Shapes as somebody sends them: what they may be, and that what is kept can be sent back unchanged."""

import json
import random
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from api.domain.geo import Crs, GeoError
from api.domain.shapes import AREAS, KINDS, VERTICES_MAX, as_areas, read_shape, shape_sha256

SQUARE = shapely.box(116.40, 39.91, 116.41, 39.92)


def written(shape: shapely.Geometry) -> dict[str, Any]:
    return json.loads(shapely.to_geojson(shape))


@given(seed=st.integers(0, 2**32), crs=st.sampled_from(Crs))
def test_what_is_kept_is_the_same_when_it_is_sent_back(seed: int, crs: Crs) -> None:
    chance = random.Random(seed)
    corners = [(116 + chance.random() / 100, 39 + chance.random() / 100) for _ in range(3)]
    for shape in (shapely.Point(corners[0]), shapely.LineString(corners), shapely.Polygon(corners)):
        kept = read_shape(shape, crs)
        again = read_shape(shapely.from_geojson(json.dumps(written(kept))), Crs.WGS84)
        assert shape_sha256(again) == shape_sha256(kept)
        assert kept.geom_type == shape.geom_type


def test_heights_go_and_rings_turn_as_geojson_wants_them() -> None:
    clockwise = shapely.Polygon([(116, 39, 5), (116, 40, 5), (117, 40, 5), (117, 39, 5)])
    kept = read_shape(clockwise, Crs.WGS84)
    assert not kept.has_z
    assert isinstance(kept, shapely.Polygon)
    assert kept.exterior.is_ccw


BAD = {
    "nothing": shapely.Polygon(),
    "a bow tie": shapely.Polygon([(116, 39), (117, 40), (117, 39), (116, 40)]),
    "a collection": shapely.GeometryCollection([SQUARE]),
    "latitude first": shapely.Point(39.9, 116.4),
    "beyond the earth": shapely.Point(181, 0),
    "a line round the earth": shapely.LineString([(-170, 0), (170, 0)]),
    "too many vertices": shapely.LineString([(116 + n * 1e-6, 39) for n in range(VERTICES_MAX + 1)]),
    "a line of one place": shapely.LineString([(116, 39), (116, 39)]),
}


@pytest.mark.parametrize("what", BAD)
def test_a_shape_that_can_not_be_used_is_refused(what: str) -> None:
    with pytest.raises(GeoError) as refused:
        read_shape(BAD[what], Crs.WGS84, KINDS)
    assert refused.value.code == "shape_wrong"


def test_a_point_is_no_area() -> None:
    with pytest.raises(GeoError):
        read_shape(shapely.Point(116, 39), Crs.WGS84, AREAS)
    with pytest.raises(GeoError):
        as_areas(shapely.Point(116, 39))
    assert as_areas(SQUARE).geoms[0].equals(SQUARE)
    assert as_areas(shapely.MultiPolygon([SQUARE])).equals(SQUARE)
