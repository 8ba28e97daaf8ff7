"""Grids as a file has them: what is taken, what is refused, and in which words."""

from collections.abc import Mapping

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from api.domain.geo import Crs, to_wgs84
from api.domain.grid_checks import GridReport, check_grids
from api.domain.grid_drafts import GridDraft, GridFields, read_grid_drafts
from api.domain.grids import CodePattern, GridLevel
from api.domain.imports import Finding
from api.domain.map_files import MapFeature, MapFile
from api.domain.map_junctions import with_junctions
from api.domain.map_shapes import area_m2
from api.domain.tilings import check_tiling
from tests.domain.example_grids import PATTERN, Sizes, cut_city, map_of

HERE = shapely.box(116.4, 39.9, 116.401, 39.901)
CODE = "110101001001001"
PRESENT = (116.0, 39.5, 116.8, 40.1)


def feature(geometry: BaseGeometry | None = HERE, number: int = 1, /, **properties: object) -> MapFeature:
    return MapFeature(number, {"code": CODE, "name_zh": "一格", **properties}, geometry)


def read(
    *features: MapFeature, crs: Crs = Crs.WGS84, declared: str | None = None, **options: object
) -> tuple[tuple[GridDraft, ...], tuple[Finding, ...]]:
    return read_grid_drafts(MapFile(features, declared), crs, PATTERN, **options)  # pyright: ignore[reportArgumentType]  as given


def only(
    *features: MapFeature, crs: Crs = Crs.WGS84, declared: str | None = None, **options: object
) -> Finding:
    """Return the only finding."""
    _, (finding,) = read(*features, crs=crs, declared=declared, **options)
    return finding


def seen(finding: Finding) -> tuple[object, ...]:
    return finding.code, finding.line, finding.column, finding.key, finding.is_warning


def swapped(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda degrees: degrees[:, ::-1])


def test_a_grid_is_taken_with_level_and_parent_from_its_code() -> None:
    (draft,), findings = read(feature(name_en="Grid 1", unit="sanitation", area="9500"))
    assert findings == ()
    assert draft == GridDraft(
        1,
        CODE,
        "一格",
        "Grid 1",
        GridLevel.UNIT_GRID,
        "110101001001",
        "sanitation",
        shapely.MultiPolygon([HERE]),
    )


@pytest.mark.parametrize(
    "properties",
    [
        {
            "BGCode": CODE,
            "Name": "一格",
            "网格级别": "单元网格",
            "上级编码": CODE[:12],
            "责任单位": "sanitation",
        },
        {
            "网格编码": f" {CODE} ",
            "网格名称": "一格\t",
            "LEVEL": "unit_grid",
            "PARENT": "",
            "Dept_Code": "sanitation",
        },
        {
            "code": None,
            "编码": CODE,
            "name_zh": "  ",
            "名称": "一格",
            "unit_code": "sanitation",
            "level": None,
        },
    ],
)
def test_properties_may_have_the_names_that_offices_give_them(properties: Mapping[str, object]) -> None:
    (draft,), findings = read(MapFeature(1, properties, HERE))
    assert findings == ()
    assert (draft.code, draft.name_zh, draft.unit) == (CODE, "一格", "sanitation")


def test_a_city_may_say_itself_which_properties_are_meant() -> None:
    wanted = GridFields(code=("Kennung",), name_zh=("Bezeichnung",))
    (draft,), _ = read(MapFeature(1, {"kennung": CODE, "BEZEICHNUNG": "一格"}, HERE), fields=wanted)
    assert (draft.code, draft.name_zh) == (CODE, "一格")


def test_codes_of_another_scheme_are_read_by_their_pattern() -> None:
    pattern = CodePattern.parse("2+2+2+3+3+4")
    (draft,), findings = read_grid_drafts(MapFile((feature(code=f"{CODE}0"),), None), Crs.WGS84, pattern)
    assert (draft.level, draft.parent, findings) == (GridLevel.UNIT_GRID, "110101001001", ())


def test_a_file_without_codes_is_told_once_with_the_names_that_it_has() -> None:
    finding = only(MapFeature(1, {"id": 7, "地址": "x"}, HERE), MapFeature(2, {}, HERE))
    assert seen(finding) == ("code_column_missing", None, None, None, False)
    assert finding.detail.endswith("the file has id, 地址.")


def test_a_file_without_features_is_refused() -> None:
    assert only().code == "map_empty"


@pytest.mark.parametrize("number", [110101001001001, 110101001001001.0, True, ["1"], {"a": 1}])
def test_a_code_that_is_no_text_is_refused_even_if_it_has_the_right_digits(number: object) -> None:
    drafts, (finding,) = read(feature(code=number))
    assert drafts == ()
    assert seen(finding) == ("code_not_text", 1, "code", None, False)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, "code_missing"),
        ("   ", "code_missing"),
        ("12345", "code_wrong"),
        (CODE[:-1] + "x", "code_wrong"),
        ("１１０１０１００１００１００１", "code_wrong"),
        ("9" * 500, "code_wrong"),
    ],
)
def test_a_code_that_is_missing_or_none_is_refused(code: object, expected: str) -> None:
    finding = only(feature(code=code))
    assert (finding.code, finding.line, finding.column) == (expected, 1, "code")


def test_a_code_that_is_there_twice_is_refused_with_the_first() -> None:
    drafts, (finding,) = read(feature(HERE, 1), feature(HERE, 2), feature(HERE, 3, code=CODE[:-1] + "2"))
    assert [draft.number for draft in drafts] == [1, 3]
    assert seen(finding) == ("code_twice", 2, "code", CODE, False)
    assert "Feature 1" in finding.detail


@pytest.mark.parametrize(
    ("properties", "expected", "column"),
    [
        ({"level": "planet"}, "level_unknown", "level"),
        ({"level": "社区"}, "level_wrong", "level"),
        ({"level": 5}, "not_text", "level"),
        ({"parent": "110101001002"}, "parent_wrong", "parent"),
        ({"name_zh": "长" * 101}, "too_long", "name_zh"),
        ({"name_zh": "一\n格"}, "not_text", "name_zh"),
        ({"name_zh": "一\x00格"}, "not_text", "name_zh"),
        ({"name_en": 12}, "not_text", "name_en"),
        ({"unit": 12}, "not_text", "unit"),
        ({"unit": "u" * 51}, "too_long", "unit"),
    ],
)
def test_other_properties_are_checked_and_pointed_at(
    properties: Mapping[str, object], expected: str, column: str
) -> None:
    drafts, findings = read(feature(**properties))
    assert drafts == ()
    assert seen(findings[0]) == (expected, 1, column, CODE, False)


def test_a_city_has_no_parent() -> None:
    assert only(feature(code="1101", parent="11")).code == "parent_wrong"
    assert read(feature(code="1101", parent=None))[1] == ()


def test_a_wide_space_in_a_name_is_a_space() -> None:
    (draft,), findings = read(feature(name_zh="\u3000东风\u3000一格\u00a0"))
    assert (draft.name_zh, findings) == ("东风 一格", ())


def test_a_grid_without_a_name_is_called_by_its_code() -> None:
    (draft,), (finding,) = read(feature(name_zh=None))
    assert (draft.name_zh, draft.name_en) == (CODE, "")
    assert seen(finding) == ("name_missing", 1, "name_zh", CODE, True)


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (None, "shape_missing"),
        (shapely.Polygon(), "shape_missing"),
        (shapely.Point(116.4, 39.9), "shape_not_an_area"),
        (shapely.LineString([(116.4, 39.9), (116.5, 39.9)]), "shape_not_an_area"),
        (shapely.GeometryCollection([HERE]), "shape_not_an_area"),
    ],
)
def test_what_is_no_area_is_refused(geometry: BaseGeometry | None, expected: str) -> None:
    drafts, (finding,) = read(feature(geometry))
    assert drafts == ()
    assert seen(finding) == (expected, 1, None, CODE, False)


def test_a_geometry_that_could_not_be_read_is_told_in_the_words_of_its_reader() -> None:
    finding = only(MapFeature(1, {"code": CODE, "name": "一格"}, None, "A ring is not closed."))
    assert (finding.code, finding.detail) == ("shape_unreadable", "A ring is not closed.")


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "self-intersection at 116.4005, 39.9005"),
        (
            shapely.Polygon(shapely.box(0, 0, 1, 1).exterior, [shapely.box(2, 2, 3, 3).exterior]),
            "hole lies outside",
        ),
        (shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(0.5, 0, 2, 1)]), "self-intersection at"),
        (shapely.Polygon([(0, 0), (0, 1), (0, 2)]), "self-intersection at 116.4, 39.90"),
    ],
)
@pytest.mark.parametrize("crs", [Crs.WGS84, Crs.GCJ02])
def test_rings_that_make_no_area_are_refused_with_the_place(
    shape: BaseGeometry, words: str, crs: Crs
) -> None:
    drawn = shapely.transform(shape, lambda units: units / 1000 + (116.4, 39.9))
    drafts, (finding,) = read(feature(drawn), crs=crs)
    assert drafts == ()
    assert seen(finding) == ("shape_invalid", 1, None, CODE, False)
    assert words in finding.detail


def test_heights_are_dropped_with_one_warning() -> None:
    high = shapely.Polygon([(x, y, 43.5) for x, y in HERE.exterior.coords])
    drafts, (finding,) = read(feature(high), feature(high, 2, code=CODE[:-1] + "2"))
    assert not any(draft.shape.has_z for draft in drafts)
    assert seen(finding) == ("heights_dropped", None, None, None, True)


def test_a_file_with_latitude_first_is_told_once() -> None:
    drafts, (finding,) = read(feature(swapped(HERE)), feature(swapped(HERE), 2, code=CODE[:-1] + "2"))
    assert drafts == ()
    assert seen(finding) == ("axes_swapped", None, None, None, False)


@given(st.floats(73.1, 134.9), st.floats(18.1, 53))
def test_swapped_axes_are_recognised_all_over_the_country(longitude: float, latitude: float) -> None:
    shape = shapely.box(longitude, latitude, longitude + 0.001, latitude + 0.001)
    assert not any("swapped" in finding.code for finding in read(feature(shape))[1])
    assert only(feature(swapped(shape))).code == "axes_swapped"


def test_single_features_with_latitude_first_are_told_one_by_one() -> None:
    drafts, (finding,) = read(feature(), feature(swapped(HERE), 2, code=CODE[:-1] + "2"))
    assert [draft.number for draft in drafts] == [1]
    assert seen(finding) == ("axes_swapped", 2, None, CODE[:-1] + "2", False)


def test_a_city_abroad_has_its_axes_as_its_grids_in_force_have_them() -> None:
    lagos = shapely.box(3.35, 6.45, 3.351, 6.451)
    present = (3.0, 6.0, 4.0, 7.0)
    assert read(feature(lagos), present=present)[1] == ()
    cairo = shapely.box(31.2, 30.0, 31.201, 30.001)
    assert only(feature(swapped(cairo)), present=(31.0, 29.0, 31.5, 29.9)).code == "axes_swapped"
    assert read(feature(swapped(cairo)), present=(31.0, 29.0, 31.5, 31.0))[1] == (), "near both ways"
    nairobi = shapely.box(36.8, -1.3, 36.801, -1.299)
    assert only(feature(swapped(nairobi)), present=(36.0, -2.0, 37.0, -1.0)).code == "axes_swapped"


def test_metres_are_told_once_as_what_they_are() -> None:
    metres = shapely.box(12_957_000, 4_852_000, 12_957_100, 4_852_100)
    finding = only(feature(metres), feature(metres, 2, code=CODE[:-1] + "2"))
    assert seen(finding) == ("place_outside_earth", None, None, None, False)
    assert "metres" in finding.detail


def test_a_single_place_off_the_earth_is_told_with_its_feature() -> None:
    finding = only(feature(), feature(shapely.box(190, 95, 191, 96), 2, code=CODE[:-1] + "2"))
    assert seen(finding) == ("place_outside_earth", 2, None, CODE[:-1] + "2", False)


def test_what_lies_far_from_the_grids_in_force_is_pointed_out() -> None:
    shanghai = shapely.box(121.4, 31.2, 121.401, 31.201)
    drafts, (finding,) = read(feature(), feature(shanghai, 2, code=CODE[:-1] + "2"), present=PRESENT)
    assert len(drafts) == 2
    assert seen(finding) == ("place_far", 2, None, CODE[:-1] + "2", True)
    assert seen(only(feature(shanghai), present=PRESENT)) == ("place_far", None, None, None, True)
    assert read(feature(shanghai))[1] == ()


def test_what_touches_null_island_is_pointed_out() -> None:
    codes = [finding.code for finding in read(feature(), feature(shapely.box(0, 0, 1, 1), 2, code="1102"))[1]]
    assert codes == ["place_unlikely", "place_far"]


@pytest.mark.parametrize(
    ("shape", "code", "expected"),
    [
        (shapely.box(116.4, 39.9, 116.400001, 39.900001), CODE, "area_tiny"),
        (shapely.box(116.0, 39.5, 116.5, 40.0), CODE, "area_huge"),
        (shapely.box(73.0, 18.0, 120.0, 50.0), "1101", "area_huge"),
    ],
)
def test_areas_of_a_size_that_no_grid_has_are_pointed_out(
    shape: BaseGeometry, code: str, expected: str
) -> None:
    drafts, findings = read(feature(shape, code=code))
    assert len(drafts) == 1
    assert seen(findings[-1]) == (expected, 1, None, code, True)


@pytest.mark.parametrize(
    "declared", ["EPSG:3857", "EPSG:4547", "EPSG:4214", "Xian_1980_3_Degree_GK_CM_117E", ""]
)
@pytest.mark.parametrize("crs", Crs)
def test_a_file_that_says_it_is_in_another_system_is_refused(declared: str, crs: Crs) -> None:
    drafts, (finding,) = read(feature(), crs=crs, declared=declared)
    assert drafts == ()
    assert seen(finding) == ("crs_contradicted", None, None, None, False)
    assert declared in finding.detail


@pytest.mark.parametrize("declared", ["EPSG:4326", "OGC:CRS84", "EPSG:4490", "EPSG:4979", None])
def test_labels_of_the_global_systems_agree_with_both_of_them(declared: str | None) -> None:
    for crs in (Crs.WGS84, Crs.CGCS2000):
        assert read(feature(), crs=crs, declared=declared)[1] == ()


@pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])
def test_a_shifted_map_under_the_label_of_a_global_system_is_believed_with_a_warning(crs: Crs) -> None:
    drafts, (finding,) = read(feature(), crs=crs, declared="EPSG:4490")
    assert len(drafts) == 1
    assert seen(finding) == ("crs_label_ignored", None, None, None, True)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from(Crs))
def test_a_city_drawn_on_a_shifted_map_comes_back_within_a_ten_millionth_degree(seed: int, crs: Crs) -> None:
    city = cut_city(Sizes(1, 1, 1, 3), seed)
    drafts, findings = read_grid_drafts(map_of(city, crs), crs, PATTERN)
    assert findings == ()
    for draft in drafts:
        back, original = shapely.get_coordinates(draft.shape), shapely.get_coordinates(city[draft.code].shape)
        assert abs(back - original).max() < 1e-7
    assert check_grids(drafts) == GridReport((), ()), "neighbours still share their vertices"


@settings(max_examples=20)
@given(st.floats(115, 117), st.floats(39, 41), st.sampled_from(Crs))
def test_each_vertex_is_converted_as_a_single_place_is(longitude: float, latitude: float, crs: Crs) -> None:
    shape = shapely.Point(longitude, latitude).buffer(0.001)
    (draft,), _ = read(feature(shape), crs=crs)
    places = [to_wgs84(x, y, crs) for x, y in shapely.get_coordinates(shape).tolist()]
    expected = [[place.longitude, place.latitude] for place in places]
    assert shapely.get_coordinates(draft.shape).tolist() == expected


def test_findings_come_in_the_order_of_the_file() -> None:
    _, findings = read(
        feature(None, 1),
        feature(HERE, 2, code=7),
        feature(shapely.Point(116.4, 39.9), 3, code=CODE[:-1] + "3", level="社区"),
        declared="EPSG:4326",
        crs=Crs.GCJ02,
    )
    assert [(finding.line, finding.code) for finding in findings] == [
        (None, "crs_label_ignored"),
        (1, "shape_missing"),
        (2, "code_not_text"),
        (3, "level_wrong"),
        (3, "shape_not_an_area"),
    ]


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([CODE, "1101", "区", "社区"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
numbers = st.sampled_from([0.0, -0.0, 39.9, 116.4, 116.41, 90.0, -180.0, 1e-300, 1e300, 5e6])
corners = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=6)
drawings = st.none() | st.builds(shapely.Polygon, corners) | st.builds(shapely.LineString, corners)
properties_of_any_kind = st.dictionaries(
    st.sampled_from(["code", "Code ", "name", "name_en", "level", "parent", "unit"]) | st.text(),
    anything,
    max_size=5,
)


@given(st.lists(st.tuples(properties_of_any_kind, drawings), max_size=4), st.sampled_from(Crs))
def test_whatever_a_map_holds_is_taken_or_told(
    entries: list[tuple[dict[str, object], BaseGeometry | None]], crs: Crs
) -> None:
    features = [MapFeature(number, named, shape) for number, (named, shape) in enumerate(entries, 1)]
    drafts, findings = read(*features, crs=crs)
    taken = {draft.number for draft in drafts}
    told = {finding.line for finding in findings if not finding.is_warning}
    assert None in told or taken | told == set(range(1, len(entries) + 1))
    assert not taken & told
    assert all(draft.shape.is_valid and not draft.shape.is_empty for draft in drafts)


def test_an_area_is_measured_as_on_the_earth() -> None:
    # Expected: ST_Area on geography, PostGIS 3.3.
    assert area_m2(HERE) == pytest.approx(9495.2598, rel=1e-6)
    assert area_m2(shapely.Polygon()) == 0


def cut_with_corners_on_lines(*, rounded: bool) -> list[MapFeature]:
    """Return a community of 3 km and the unit grids in it: three large and nine small, all with four corners."""

    def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
        x0, y0, x1, y1 = (value * 0.03 / 6 for value in (west, south, east, north))
        skewed = [(x0 + y0 / 7, y0 - x0 / 9), (x1 + y0 / 7, y0 - x1 / 9), (x1 + y1 / 7, y1 - x1 / 9)]
        ring = [*skewed, (x0 + y1 / 7, y1 - x0 / 9)]
        places = [(116.4 + x, 39.9 + y) for x, y in ring]
        return shapely.Polygon([(round(x, 7), round(y, 7)) for x, y in places] if rounded else places)

    large = [box(0, 0, 3, 3), box(3, 0, 6, 3), box(0, 3, 3, 6)]
    small = [box(3 + x, 3 + y, 4 + x, 4 + y) for x in range(3) for y in range(3)]
    cut = [MapFeature(1, {"code": CODE[:12], "name": "社区"}, box(0, 0, 6, 6))]
    for number, shape in enumerate([*large, *small], 2):
        cut.append(MapFeature(number, {"code": f"{CODE[:12]}{number:03}", "name": "网格"}, shape))
    return cut


@pytest.mark.parametrize("crs", Crs)
def test_corners_on_a_neighbours_straight_line_stay_on_it_when_the_map_is_bent(crs: Crs) -> None:
    drafts, findings = read(*cut_with_corners_on_lines(rounded=False), crs=crs)
    assert [finding for finding in findings if not finding.is_warning] == []
    assert check_grids(drafts) == GridReport((), ())


@pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])
def test_also_when_the_file_is_rounded_to_a_centimetre(crs: Crs) -> None:
    drafts, _ = read(*cut_with_corners_on_lines(rounded=True), crs=crs)
    assert check_grids(drafts) == GridReport((), ())


def test_areas_without_corners_on_the_lines_of_others_are_left_alone() -> None:
    areas: list[BaseGeometry] = [one.shape for one in cut_city(Sizes(1, 1, 2, 2)).values()]
    assert all(one is other for one, other in zip(with_junctions(areas), areas, strict=True))
    tiny: list[BaseGeometry] = [shapely.box(0, 0, 1e-5, 1e-5), shapely.box(1e-5, 0, 2e-5, 2e-5)]
    assert with_junctions(tiny) == tiny, "no line bends within a metre"
    assert with_junctions([]) == []


def test_corners_are_put_into_holes_and_parts_in_their_order() -> None:
    hole = shapely.box(1, 1, 4, 2)
    around = shapely.box(0, 0, 5, 3).difference(hole).union(shapely.box(9, 9, 10, 10))
    filling: list[BaseGeometry] = [shapely.box(1 + x, 1, 2 + x, 2) for x in range(3)]
    redrawn, *rest = with_junctions([around, *filling])
    assert rest == filling
    assert redrawn.equals(around)
    areas = {str(number): one for number, one in enumerate([redrawn, *filling])}
    assert check_tiling(areas, around.union(hole)).faults == ()
    assert len(shapely.get_coordinates(redrawn)) == len(shapely.get_coordinates(around)) + 4
