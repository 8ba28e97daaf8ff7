"""Maps that were damaged on the way, or built to do harm: each is refused, and the process that asked goes on."""

import os
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.adapters import gdal_maps, map_worker
from api.adapters.gdal_maps import GEOPACKAGE, SHAPEFILE, read_by_gdal
from api.adapters.map_files import read_map, read_map_path
from api.domain.imports import Finding
from api.domain.map_files import MapFormat, MapUnreadable
from tests.adapters.map_examples import (
    SQUARE,
    altered,
    feature,
    geojson,
    geopackage,
    shapefile,
    write,
    zipped,
)


def refused(content: bytes, map_format: MapFormat) -> Finding:
    """Return why a file is refused."""
    with pytest.raises(MapUnreadable) as caught:
        read_map(content, map_format)
    assert not any(finding.is_warning for finding in caught.value.findings)
    return caught.value.findings[0]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return geopackage(tmp_path_factory.mktemp("maps") / "a.gpkg", ["街道"] * 500)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return shapefile(tmp_path_factory.mktemp("maps"), ["街道"] * 500)


@pytest.mark.parametrize("map_format", [MapFormat.GEOPACKAGE, MapFormat.SHAPEFILE])
@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\0", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\0" * 999]
)
def test_what_is_none_of_the_format_is_refused(content: bytes, map_format: MapFormat) -> None:
    assert refused(content, map_format).code in {"map_unreadable", "archive_wrong"}


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.gpkg").touch()
    content = altered(b"", tmp_path / "a.gpkg", "CREATE TABLE grids (code TEXT)")
    assert refused(content, MapFormat.GEOPACKAGE).code in {"map_unreadable", "layer_unknown"}


def test_a_geopackage_without_its_end_is_refused(package: bytes) -> None:
    assert refused(package[: len(package) // 2], MapFormat.GEOPACKAGE).code == "map_truncated"


def test_a_geopackage_with_a_hole_is_refused(package: bytes) -> None:
    middle = len(package) // 2
    assert refused(package[:8192] + bytes(middle) + package[8192 + middle :], MapFormat.GEOPACKAGE).code


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_a_geopackage_with_wrong_bytes_is_read_or_refused(package: bytes, data: st.DataObject) -> None:
    damaged = bytearray(package)
    for position in data.draw(st.lists(st.integers(100, len(package) - 1), min_size=1, max_size=50)):
        damaged[position] ^= 0xFF
    try:
        read = read_map(bytes(damaged), MapFormat.GEOPACKAGE)
    except MapUnreadable:
        return
    assert len(read.features) <= 10_000


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
def test_a_shapefile_without_a_part_or_the_end_of_one_is_refused(
    parts: dict[str, bytes], suffix: str
) -> None:
    cut = {**parts, suffix: parts[suffix][: len(parts[suffix]) // 2]}
    assert refused(zipped(cut), MapFormat.SHAPEFILE).code == "map_truncated"
    assert refused(zipped({**parts, suffix: b""}), MapFormat.SHAPEFILE).code == "map_truncated"
    without = {name: content for name, content in parts.items() if name != suffix}
    assert refused(zipped(without), MapFormat.SHAPEFILE).code == "archive_wrong"


def test_parts_of_two_maps_are_no_map(parts: dict[str, bytes], tmp_path: Path) -> None:
    other = shapefile(tmp_path, ["a"])
    finding = refused(zipped({**parts, ".dbf": other[".dbf"]}), MapFormat.SHAPEFILE)
    assert finding.detail == "The .shx has 500 shapes and the .dbf 1 rows: they are of two maps."


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_a_shapefile_with_wrong_bytes_is_read_or_refused(
    parts: dict[str, bytes], data: st.DataObject
) -> None:
    suffix = data.draw(st.sampled_from([".shp", ".shx", ".dbf", ".prj"]))
    damaged = bytearray(parts[suffix])
    for position in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=50)):
        damaged[position] ^= 0xFF
    try:
        read = read_map(zipped({**parts, suffix: bytes(damaged)}), MapFormat.SHAPEFILE)
    except MapUnreadable:
        return
    assert len(read.features) <= 500


@pytest.mark.parametrize(
    "extra",
    [
        {"other.shp": b""},
        {"deep/grids.shp": b""},
        {"GRIDS.DBF": b""},
    ],
)
def test_an_archive_holds_one_shapefile(parts: dict[str, bytes], extra: dict[str, bytes]) -> None:
    assert refused(zipped({**parts, **extra}), MapFormat.SHAPEFILE).code == "archive_wrong"


def test_what_else_lies_in_an_archive_is_not_looked_at(parts: dict[str, bytes]) -> None:
    others = {"read me.txt": b"", "__MACOSX/._grids.shp": b"", "grids.shp.xml": b"<a/>", "maps/": b""}
    assert len(read_map(zipped({**parts, **others}), MapFormat.SHAPEFILE).features) == 500


def test_paths_in_an_archive_lead_nowhere(parts: dict[str, bytes], tmp_path: Path) -> None:
    before = set(tmp_path.parent.iterdir())
    for prefix in ("../../../../../../tmp/evil", "/etc/evil", "..\\..\\evil"):
        packed = zipped({f"{prefix}{suffix}": content for suffix, content in parts.items()})
        assert len(read_map(packed, MapFormat.SHAPEFILE).features) == 500
    assert not Path("/tmp/evil.shp").exists()  # noqa: S108  where it would be
    assert set(tmp_path.parent.iterdir()) == before


def test_an_archive_that_unpacks_to_far_more_than_it_is_is_refused(parts: dict[str, bytes]) -> None:
    packed = zipped({**parts, ".dbf": bytes(64 * 2**20)})
    assert len(packed) < 2**20
    assert refused(packed, MapFormat.SHAPEFILE).code == "file_too_large"


def test_an_archive_that_says_it_is_too_large_is_not_unpacked(parts: dict[str, bytes]) -> None:
    packed = bytearray(zipped(parts))
    entry = packed.index(b"PK\x01\x02")
    packed[entry + 20 : entry + 28] = struct.pack("<II", 2**30, 2**30)
    assert refused(bytes(packed), MapFormat.SHAPEFILE).code == "file_too_large"


def test_an_archive_that_lies_about_its_sizes_is_refused(parts: dict[str, bytes]) -> None:
    packed = bytearray(zipped({**parts, ".dbf": bytes(64 * 2**20)}))
    entry = packed.rindex(b"PK\x01\x02", 0, packed.index(b"grids.dbf", packed.index(b"PK\x01\x02")))
    packed[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    assert refused(bytes(packed), MapFormat.SHAPEFILE).code in {"map_unreadable", "map_truncated"}


def test_what_is_unpacked_is_counted(parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.adapters.shapefiles.INFLATED_BYTES_MAX", 1000)
    assert refused(zipped(parts), MapFormat.SHAPEFILE).code == "file_too_large"


def test_an_archive_of_too_many_entries_is_refused(parts: dict[str, bytes]) -> None:
    many = {f"{number}.txt": b"" for number in range(200)}
    assert refused(zipped({**parts, **many}), MapFormat.SHAPEFILE).code == "file_too_large"


def test_an_archive_packed_in_another_way_is_refused(parts: dict[str, bytes]) -> None:
    assert refused(zipped(parts, zipfile.ZIP_LZMA), MapFormat.SHAPEFILE).code == "archive_wrong"


def test_an_archive_with_a_password_is_refused(parts: dict[str, bytes]) -> None:
    packed = bytearray(zipped(parts))
    start = 0
    while (start := packed.find(b"PK\x01\x02", start)) >= 0:
        packed[start + 8] |= 1
        start += 4
    assert "password" in refused(bytes(packed), MapFormat.SHAPEFILE).detail


@pytest.mark.parametrize("suffix", [".zip", ".gpkg", ".geojson", ".shp"])
def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"grids{suffix}"
    with path.open("wb") as file:
        file.truncate(2 * 2**30)
    started = time.perf_counter()
    with pytest.raises(MapUnreadable) as caught:
        read_map_path(path)
    assert caught.value.findings[0].code == "file_too_large"
    assert time.perf_counter() - started < 1


def test_too_many_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, shapes = geopackage(tmp_path / "a.gpkg", ["a"] * 11), zipped(shapefile(tmp_path, ["a"] * 11))
    for module in ("gdal_maps", "geojson_maps", "shapefiles"):
        monkeypatch.setattr(f"api.adapters.{module}.FEATURES_MAX", 10)
    for content, map_format in (
        (package, MapFormat.GEOPACKAGE),
        (shapes, MapFormat.SHAPEFILE),
        (geojson(*[feature(None)] * 11), MapFormat.GEOJSON),
        (geojson(*[{"type": "Feature"}] * 1000), MapFormat.GEOJSON),
    ):
        assert refused(content, map_format).detail == "A map has at most 10 features."


def test_too_many_vertices_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    round_one = shapely.Point(116.4, 39.9).buffer(0.1)
    package = write(tmp_path / "a.gpkg", [round_one], {"code": ["1"]}).read_bytes()
    for module in ("gdal_maps", "geojson_maps"):
        monkeypatch.setattr(f"api.adapters.{module}.VERTICES_MAX", 50)
    for content, map_format in (
        (package, MapFormat.GEOPACKAGE),
        (geojson(feature(round_one)), MapFormat.GEOJSON),
        (geojson(feature(SQUARE), *[feature(SQUARE)] * 10), MapFormat.GEOJSON),
    ):
        assert refused(content, map_format).detail == "A map has at most 50 vertices."


def test_json_that_would_fill_the_memory_is_refused_before_it_is_parsed() -> None:
    started = time.perf_counter()
    assert refused(b"[" + b"[]," * 12_000_000 + b"[]]", MapFormat.GEOJSON).code == "file_too_large"
    assert refused(b"[" + b"{}," * 3_000_000 + b"{}]", MapFormat.GEOJSON).code == "file_too_large"
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_coordinates_that_are_no_numbers_are_told_with_their_feature(tmp_path: Path, wrong: float) -> None:
    ring = [(116.4, 39.9), (116.5, wrong), (116.5, 40), (116.4, 39.9)]
    with np.errstate(invalid="ignore"):
        broken = shapely.Polygon(ring)
    content = write(tmp_path / "a.gpkg", [SQUARE, broken], {"code": ["1", "2"]}).read_bytes()
    right, odd = read_map(content, MapFormat.GEOPACKAGE).features
    assert (right.geometry, right.fault) == (SQUARE, None)
    assert (odd.geometry, odd.fault) == (None, "A coordinate is not a finite number.")


def test_text_that_is_none_is_told_with_its_feature(package: bytes, tmp_path: Path) -> None:
    content = altered(
        package, tmp_path / "b.gpkg", "UPDATE a SET name = CAST(x'BDD6B5C0' AS TEXT) WHERE fid = 7"
    )
    finding = refused(content, MapFormat.GEOPACKAGE)
    assert (finding.code, finding.line, finding.column) == ("text_undecodable", 7, "name")


def test_only_the_driver_that_was_asked_for_opens_a_file(package: bytes, tmp_path: Path) -> None:
    (tmp_path / "map.gpkg").write_text("<OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>")
    (tmp_path / "map.shp").write_bytes(package)
    (tmp_path / "map.csv").write_text("code,WKT\n1,POINT (1 1)\n")
    (tmp_path / "map.geojson").write_bytes(geojson(feature(SQUARE)))
    for name in ("map.gpkg", "map.shp", "map.csv", "map.geojson"):
        for driver in (GEOPACKAGE, SHAPEFILE):
            if (name, driver) != ("map.shp", GEOPACKAGE):
                with pytest.raises(MapUnreadable):
                    read_by_gdal(tmp_path / name, driver, None, None)


def test_a_view_that_never_ends_ends(package: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = altered(
        package,
        tmp_path / "b.gpkg",
        "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
        " SELECT n AS fid, geom, name FROM c, a",
        "UPDATE gpkg_contents SET table_name = 'v', identifier = 'v'",
        "UPDATE gpkg_geometry_columns SET table_name = 'v'",
        "DELETE FROM gpkg_ogr_contents",
        "DELETE FROM gpkg_extensions",
    )
    monkeypatch.setattr(gdal_maps, "CPU_S", 2)
    started = time.perf_counter()
    assert refused(endless, MapFormat.GEOPACKAGE).code in {"map_unreadable", "file_too_large"}
    assert time.perf_counter() - started < 30


def test_a_file_that_takes_too_much_memory_is_refused(
    package: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = altered(
        package,
        tmp_path / "b.gpkg",
        "CREATE VIEW v AS SELECT fid, geom, hex(zeroblob(50000000)) AS name FROM a",
        "UPDATE gpkg_contents SET table_name = 'v', identifier = 'v'",
        "UPDATE gpkg_geometry_columns SET table_name = 'v'",
        "DELETE FROM gpkg_ogr_contents",
        "DELETE FROM gpkg_extensions",
    )
    monkeypatch.setattr(gdal_maps, "MEMORY_BYTES", 2**30)
    assert refused(large, MapFormat.GEOPACKAGE).code == "map_unreadable"


def test_a_reader_that_does_not_come_back_is_ended(package: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdal_maps, "PATIENCE_S", 0.01)
    assert refused(package, MapFormat.GEOPACKAGE).detail == "Reading the file takes too long."


def test_nothing_is_left_behind_and_nothing_is_printed(
    package: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read_map(package, MapFormat.GEOPACKAGE)
    refused(package[:8192] + bytes(len(package)), MapFormat.GEOPACKAGE)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_the_worker_answers_with_one_object_and_the_geometries(package: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    path.write_bytes(package)
    blobs: list[bytes] = []
    request = map_worker.Request(
        path=os.fspath(path),
        driver=GEOPACKAGE,
        layer="a",
        features_max=1,
        memory_bytes=0,
        cpu_s=0,
        answer_bytes=0,
    )
    answer = map_worker.read(request, blobs)
    assert answer.get("columns") == ["code", "name"]
    assert answer.get("lengths") == [len(blob) for blob in blobs]
    assert len(blobs) == 2, "one more than may be, so that too many are seen"
