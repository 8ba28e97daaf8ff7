"""Maps are read as their programs wrote them: numbers as numbers, text as text, coordinates to the last bit."""

import math
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.adapters.map_files import read_map, read_map_path
from api.domain.map_files import MapFile, MapFormat, MapUnreadable
from tests.adapters.map_examples import (
    CODE,
    SQUARE,
    altered,
    feature,
    geojson,
    geopackage,
    shapefile,
    write,
    zipped,
)

RING = [[116.4, 39.9], [116.401, 39.9], [116.401, 39.901], [116.4, 39.9]]

degrees = st.floats(-180, 180, allow_subnormal=False)
shapes = st.one_of(
    st.builds(shapely.Point, degrees, degrees),
    st.builds(shapely.box, degrees, degrees, degrees, degrees),
    st.builds(shapely.LineString, st.lists(st.tuples(degrees, degrees), min_size=2)),
    st.builds(shapely.MultiPolygon, st.tuples(st.builds(shapely.box, degrees, degrees, degrees, degrees))),
)


def faults_of(read: MapFile) -> list[str | None]:
    return [one.fault for one in read.features]


def read_json(content: bytes, encoding: str | None = None) -> MapFile:
    return read_map(content, MapFormat.GEOJSON, encoding=encoding)


@given(
    st.lists(
        st.tuples(shapes, st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**53), 2**53))
    )
)
def test_geojson_comes_back_as_it_was_written(drawn: list[tuple[BaseGeometry, str, int]]) -> None:
    read = read_json(geojson(*(feature(shape, text=text, number=number) for shape, text, number in drawn)))
    assert [one.number for one in read.features] == list(range(1, len(drawn) + 1))
    for one, (shape, text, number) in zip(read.features, drawn, strict=True):
        assert one.properties == {"text": text, "number": number}
        assert one.geometry is not None
        assert shapely.to_wkb(one.geometry) == shapely.to_wkb(shape)


def test_codes_that_are_numbers_are_seen_as_numbers() -> None:
    (one,) = read_json(
        geojson(feature(SQUARE, code=110101001001001, text="0101", whole=1.0, tags=["a"]))
    ).features
    assert one.properties == {"code": 110101001001001, "text": "0101", "whole": 1.0, "tags": ["a"]}
    assert isinstance(one.properties["code"], int)


def test_a_mark_at_the_front_of_the_file_is_no_part_of_it() -> None:
    assert len(read_json(b"\xef\xbb\xbf" + geojson(feature(SQUARE))).features) == 1


def test_a_single_feature_is_a_map_too() -> None:
    content = geojson(feature(SQUARE, code=CODE)).removeprefix(b'{"type":"FeatureCollection","features":[')
    assert len(read_json(content.removesuffix(b"]}")).features) == 1


def test_geojson_in_gbk_is_read_when_its_sender_says_so() -> None:
    content = geojson(feature(SQUARE, name="东风街道")).decode().encode("gbk")
    (one,) = read_json(content, "GBK").features
    assert one.properties == {"name": "东风街道"}
    with pytest.raises(MapUnreadable) as caught:
        read_json(content)
    assert caught.value.findings[0].code == "text_undecodable"
    assert "gb18030" in caught.value.findings[0].detail


@pytest.mark.parametrize(
    ("crs", "declared"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}, "EPSG:4490"),
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "OGC:CRS84"),
        ({"type": "name", "properties": {"name": "epsg:3857"}}, "EPSG:3857"),
        ({"type": "EPSG", "properties": {"code": 4326}}, "EPSG:4326"),
        ({"type": "name", "properties": {"name": "Xian 1980"}}, "Xian 1980"),
        ({"type": "link", "properties": {"href": "http://example.org/crs/1"}}, "http://example.org/crs/1"),
        (None, None),
    ],
)
def test_what_old_geojson_says_of_its_system_is_told(crs: object, declared: str | None) -> None:
    assert read_json(geojson(crs=crs)).declared_crs == declared


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "Polygon", "coordinates": [RING[:-1]]}, "Ring 1 is not closed"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "four positions"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "can't be built"),
        ({"type": "MultiPolygon", "coordinates": [[116.4, 39.9]]}, "no list of positions"),
        ({"type": "Polygon", "coordinates": [[["116.4", "39.9"], *RING[1:]]]}, "both numbers"),
        ({"type": "Polygon", "coordinates": [[[True, False], *RING[1:]]]}, "both numbers"),
        ({"type": "Polygon", "coordinates": [[[116.4], *RING[1:]]]}, "no position"),
        ({"type": "Polygon", "coordinates": [[[116.4, 39.9, 1, 2], *RING[1:]]]}, "no position"),
        ({"type": "Polygon", "coordinates": [[None, *RING[1:]]]}, "no position"),
        (
            {"type": "Polygon", "coordinates": [[[116.4, 39.9, 5], *RING[1:-1], [116.4, 39.9, 5]]]},
            "can't be built",
        ),
        ({"type": "Polygon", "coordinates": RING}, "116.4 is no position"),
        ({"type": "Polygon", "coordinates": "116.4 39.9"}, "no list of coordinates"),
        ({"type": "MultiPolygon", "coordinates": [RING]}, "116.4 is no position"),
        ({"type": "Circle", "coordinates": [116.4, 39.9]}, '"Circle" is no type'),
        ({"type": ["Polygon"]}, "no type of geometry"),
        ({"type": "GeometryCollection"}, "no list of geometries"),
        ({"type": "Point", "coordinates": []}, "no position"),
        ([116.4, 39.9], "no type of geometry"),
    ],
)
def test_a_wrong_geometry_is_told_in_words_and_refuses_nothing_else(geometry: object, words: str) -> None:
    wrong, right = read_json(geojson(feature(geometry), feature(SQUARE))).features
    assert wrong.geometry is None
    assert wrong.fault is not None
    assert words in wrong.fault
    assert (right.geometry, right.fault) == (SQUARE, None)


def test_coordinates_nested_deeper_than_json_is_written_are_told_all_the_same() -> None:
    hollow = geojson(feature({"type": "Polygon", "coordinates": []}))
    deep = hollow.replace(b'"coordinates":[]', b'"coordinates":' + b"[" * 900 + b"]" * 900)
    assert faults_of(read_json(deep)) == [
        "Something nested very deeply is no position: it has longitude and latitude, both numbers."
    ]


def test_a_feature_may_have_no_geometry_or_an_empty_one() -> None:
    missing, empty = read_json(
        geojson(feature(None), feature({"type": "MultiPolygon", "coordinates": []}))
    ).features
    assert (missing.geometry, missing.fault) == (None, None)
    assert empty.geometry is not None
    assert empty.geometry.is_empty


def test_heights_are_there_to_be_seen() -> None:
    ring = [[*place, 43.5] for place in RING]
    (one,) = read_json(geojson(feature({"type": "Polygon", "coordinates": [ring]}))).features
    assert one.geometry is not None
    assert one.geometry.has_z


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"type": "Topology", "features": []}',
        b'{"type": "FeatureCollection", "features": {}}',
        b'{"type": "FeatureCollection", "features": [{"type": "Polygon"}]}',
        b'{"type": "FeatureCollection", "features": [7]}',
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": []}]}',
        b'{"type": "FeatureCollection", "features": [{"a": NaN}]}',
        b'{"type": "FeatureCollection", "features": [{"a": 1e999}]}',
        b"[" * 5000,
        b"PK\x03\x04",
    ],
)
def test_what_is_no_geojson_is_refused(content: bytes) -> None:
    with pytest.raises(MapUnreadable) as caught:
        read_json(content)
    (finding,) = caught.value.findings
    assert (finding.code, finding.is_warning) == ("map_unreadable", False)


@given(st.integers(0, 400))
def test_cut_off_geojson_is_refused(length: int) -> None:
    content = geojson(feature(SQUARE, name="东风街道"), feature(SQUARE, name="东风街道"))
    with pytest.raises(MapUnreadable):
        read_json(content[: min(length, len(content) - 1)])


def test_a_geopackage_comes_back_as_it_was_written(tmp_path: Path) -> None:
    shapes = [SQUARE, None, shapely.Polygon(), shapely.box(-180, -90, math.pi, math.e)]
    columns: dict[str, list[object]] = {
        "网格编码": [CODE, "2", None, "4"],
        "number": [1, 2, 3, 4],
        "share": [0.5, None, math.pi, -1.0],
        "long": [2**60, 1, 2, 3],
        "yes": [True, False, True, False],
    }
    content = write(tmp_path / "a.gpkg", shapes, columns).read_bytes()
    content = altered(content, tmp_path / "b.gpkg", "UPDATE a SET number = NULL WHERE number = 2")
    columns["number"][1] = None
    read = read_map(content, MapFormat.GEOPACKAGE)
    assert read.declared_crs == "EPSG:4490"
    assert [one.number for one in read.features] == [1, 2, 3, 4]
    assert [one.geometry for one in read.features] == shapes
    for name, values in columns.items():
        told = [one.properties[name] for one in read.features]
        assert told == values
    assert isinstance(read.features[0].properties["number"], int)
    assert read.features[0].properties["yes"] is True


def test_of_several_layers_one_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    geopackage(path, ["甲"], layer="网格")
    content = geopackage(path, ["乙"], layer="lakes", append=True)
    assert read_map(content, MapFormat.GEOPACKAGE, "网格").features[0].properties["name"] == "甲"
    assert read_map_path(path, "lakes").features[0].properties["name"] == "乙"
    for layer, code in ((None, "layer_ambiguous"), ("Lakes", "layer_unknown")):
        with pytest.raises(MapUnreadable) as caught:
            read_map(content, MapFormat.GEOPACKAGE, layer)
        (finding,) = caught.value.findings
        assert finding.code == code
        assert "'网格', 'lakes'" in finding.detail


@pytest.mark.parametrize("suffix", [".geojson", ".shp", ".zip"])
def test_layers_are_named_in_geopackages_only(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"grids{suffix}"
    path.write_bytes(b"x")
    with pytest.raises(MapUnreadable) as caught:
        read_map_path(path, "grids")
    assert caught.value.findings[0].code == "layer_unknown"


@pytest.mark.parametrize("crs", [None, "EPSG:3857", "EPSG:4326"])
def test_what_a_geopackage_says_of_its_system_is_told(tmp_path: Path, crs: str | None) -> None:
    assert read_map(geopackage(tmp_path / "a.gpkg", crs=crs), MapFormat.GEOPACKAGE).declared_crs == crs


def test_a_shapefile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    hole = SQUARE.difference(shapely.box(116.4003, 39.9003, 116.4006, 39.9006))
    parts = shapefile(
        tmp_path, ["东风街道", "b", "c"], shapes=[SQUARE, hole, None], n=[1, 2, 3], code=["01", "", "x"]
    )
    read = read_map(zipped(parts), MapFormat.SHAPEFILE)
    assert read.declared_crs == "EPSG:4490"
    assert [dict(one.properties) for one in read.features] == [
        {"name": "东风街道", "n": 1, "code": "01"},
        {"name": "b", "n": 2, "code": None},
        {"name": "c", "n": 3, "code": "x"},
    ]
    first, second, third = (one.geometry for one in read.features)
    assert first is not None
    assert second is not None
    assert third is None
    assert first.normalize() == SQUARE.normalize()
    assert second.normalize() == hole.normalize()


def test_a_shapefile_is_read_from_its_folder_too(tmp_path: Path) -> None:
    shapefile(tmp_path)
    (tmp_path / "grids.dbf").rename(tmp_path / "grids.DBF")
    assert read_map_path(tmp_path / "grids.shp").features[0].properties == {"name": "街道"}


def test_a_shapefile_without_prj_says_nothing_of_its_system(tmp_path: Path) -> None:
    parts = shapefile(tmp_path)
    del parts[".prj"]
    assert read_map(zipped(parts), MapFormat.SHAPEFILE).declared_crs is None


def test_a_system_without_a_code_is_told_by_its_name(tmp_path: Path) -> None:
    parts = shapefile(tmp_path)
    parts[".prj"] = (
        parts[".prj"]
        .replace(b"GCS_China_Geodetic_Coordinate_System_2000", b"Our_Own")
        .replace(b"6378137.0", b"6378245.0")
    )
    assert read_map(zipped(parts), MapFormat.SHAPEFILE).declared_crs == "Our_Own"


def test_names_in_gbk_are_read_as_the_file_or_its_sender_says(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, ["东风街道", "长安街"], encoding="gbk")
    assert parts[".cpg"] == b"GBK"
    table = bytearray(parts[".dbf"])
    for cpg, driver, said in (
        (b"GBK", 0, None),
        (b"936\r\n", 0, None),
        (None, 0x4D, None),
        (None, 0, "gb18030"),
        (b"UTF-8", 0, "gbk"),
    ):
        table[29] = driver
        told = {**parts, ".dbf": bytes(table)}
        del told[".cpg"]
        content = zipped(told if cpg is None else {**told, ".cpg": cpg})
        read = read_map(content, MapFormat.SHAPEFILE, encoding=said)
        assert [one.properties["name"] for one in read.features] == ["东风街道", "长安街"]
        assert read.encoding == "gb18030"


def test_names_in_an_undeclared_encoding_are_told_one_by_one_and_never_guessed(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, ["Main Street", "东风街道", "长安街"], encoding="gbk")
    table = bytearray(parts[".dbf"])
    table[29] = 0
    del parts[".cpg"]
    with pytest.raises(MapUnreadable) as caught:
        read_map(zipped({**parts, ".dbf": bytes(table)}), MapFormat.SHAPEFILE)
    assert [(one.code, one.line, one.column) for one in caught.value.findings] == [
        ("text_undecodable", 2, "name"),
        ("text_undecodable", 3, "name"),
    ]
    assert "gb18030" in caught.value.findings[0].detail


def test_names_of_columns_are_text_too(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, encoding="gbk", 名称=["a"])
    (one,) = read_map(zipped(parts), MapFormat.SHAPEFILE).features
    assert one.properties == {"name": "街道", "名称": "a"}
    with pytest.raises(MapUnreadable):
        read_map(zipped(parts), MapFormat.SHAPEFILE, encoding="utf-8")


@pytest.mark.parametrize("encoding", ["utf-7", "rot13", "", "idna", "\x00"])
def test_an_encoding_that_is_not_read_is_refused_by_name(encoding: str) -> None:
    with pytest.raises(MapUnreadable) as caught:
        read_json(geojson(), encoding)
    assert caught.value.findings[0].code == "encoding_unknown"


def test_an_encoding_that_the_file_says_and_nobody_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MapUnreadable) as caught:
        read_map(zipped({**shapefile(tmp_path), ".cpg": b"EBCDIC"}), MapFormat.SHAPEFILE)
    assert caught.value.findings[0].code == "encoding_unknown"


@pytest.mark.parametrize("name", ["grids.kml", "grids", "grids.geojson.exe"])
def test_a_name_that_says_no_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MapUnreadable):
        read_map_path(tmp_path / name)


def test_a_file_that_is_not_there_is_no_map_that_is_wrong(tmp_path: Path) -> None:
    for suffix in (".geojson", ".gpkg", ".zip", ".shp"):
        with pytest.raises(FileNotFoundError):
            read_map_path(tmp_path / f"missing{suffix}")
