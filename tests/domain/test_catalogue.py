import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.catalogue import Catalogue, CatalogueRefused
from api.domain.catalogue_csv import COLUMNS, read_catalogue
from api.domain.category_codes import (
    CategoryCode,
    ConditionCode,
    Kind,
    is_category_prefix,
    parse_category_code,
    parse_condition_code,
)
from api.domain.deadlines import Milestone
from api.domain.errors import FieldWrong, NotFound
from api.domain.limits import Limit, LimitUnit

EXAMPLE = Path(__file__).parents[2] / "api" / "data" / "classes.csv"

VENDING = {
    "scheme": "gbt30428-2013",
    "kind": "event",
    "major_code": "04",
    "major_zh": "街面秩序",
    "major_en": "Street order",
    "minor_code": "06",
    "minor_zh": "占道经营",
    "minor_en": "Trading on the street",
    "condition_no": "1",
    "condition_zh": "占路摆摊",
    "condition_en": "Stall on the road",
    "closing_zh": "撤摊",
    "closing_en": "Stall removed",
    "limit_value": "2",
    "limit_unit": "urgent_hour",
    "milestones": "",
    "after_photo": "yes",
    "self_fix": "no",
}


def as_csv(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def problems(text: str) -> list[tuple[int, str | None, str]]:
    return [(problem.line, problem.column, problem.code) for problem in read_catalogue(text).problems]


# -- Codes --


@given(st.sampled_from(Kind), st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_codes_come_back_as_they_were_written(kind: Kind, major: int, minor: int, number: int) -> None:
    code = CategoryCode(kind, f"{major:02d}", f"{minor:02d}")
    assert parse_category_code(str(code)) == code
    condition = ConditionCode(str(code), number)
    assert parse_condition_code(str(condition)) == condition


@pytest.mark.parametrize(
    "text", ["", "E406", "e0406", "X0406", "E04061", "E0406 ", "E0406\n", "E04０6", "0406", "E0406-1"]
)
def test_what_is_not_a_class_code_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        parse_category_code(text, "/items/0/category")
    assert (refused.value.pointer, refused.value.field_code) == ("/items/0/category", "category_code_wrong")


@pytest.mark.parametrize(
    "text", ["", "P0101", "P0101-", "P0101-0", "P0101-01", "P0101-100", "P0101-1x", "P101-1", "P0101-1\n"]
)
def test_what_is_not_a_condition_code_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        parse_condition_code(text)
    assert (refused.value.pointer, refused.value.field_code) == ("/condition", "condition_code_wrong")


def test_only_whole_steps_of_a_code_are_prefixes_of_classes() -> None:
    assert [
        prefix for prefix in ("", "E", "E0", "E04", "E040", "E0406", "E04061") if is_category_prefix(prefix)
    ] == [
        "",
        "E",
        "E04",
        "E0406",
    ]


# -- The example catalogue --


def test_the_example_catalogue_is_read_whole() -> None:
    catalogue = read_catalogue(EXAMPLE.read_text(encoding="utf-8")).accepted()
    assert (len(catalogue.categories), len(catalogue.conditions)) == (143, 339)
    assert [str(c.limit.value) + c.limit.unit for c in catalogue.conditions_by_category["P0101"]] == [
        "2urgent_hour",
        "4working_hour",
        "2working_day",
        "5working_day",
    ]
    unlicensed = catalogue.condition("E0101-3")
    assert unlicensed.milestones == (
        Milestone("停工", "stop work", Limit(4, LimitUnit.WORKING_HOUR)),
        Milestone("处罚", "penalise", Limit(7, LimitUnit.WORKING_DAY)),
        Milestone("拆除", "remove", Limit(20, LimitUnit.WORKING_DAY)),
    )
    assert unlicensed.milestones[-1].limit == unlicensed.limit
    assert not catalogue.condition("E0128-1").after_photo
    assert catalogue.condition("E0406-1").self_fix
    assert catalogue.category("E0493").scheme == "local"
    assert catalogue.category("E0493").major == "E04"


def test_what_the_catalogue_has_not_is_not_found() -> None:
    catalogue = read_catalogue(as_csv(VENDING))
    with pytest.raises(NotFound):
        catalogue.category("E0407")
    with pytest.raises(NotFound):
        catalogue.condition("E0406-2")


def test_conditions_of_a_class_come_by_number_whatever_the_order_of_the_file() -> None:
    catalogue = read_catalogue(as_csv({**VENDING, "condition_no": "2"}, VENDING)).accepted()
    assert [condition.code for condition in catalogue.conditions_by_category["E0406"]] == [
        "E0406-1",
        "E0406-2",
    ]


def test_byte_order_mark_carriage_returns_and_empty_lines_do_not_matter() -> None:
    plain = as_csv(VENDING)
    dressed = "\ufeff" + plain.replace("\n", "\r\n") + "\r\n,,\r\n"
    assert read_catalogue(dressed) == read_catalogue(plain)


def test_columns_may_come_in_any_order() -> None:
    assert read_catalogue(as_csv(VENDING, columns=COLUMNS[::-1])) == read_catalogue(as_csv(VENDING))


# -- What is wrong with a file --


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("scheme", "", "cell_empty"),
        ("kind", "Event", "kind_unknown"),
        ("major_code", "4", "not_two_digits"),
        ("minor_code", "０6", "not_two_digits"),
        ("major_zh", "  ", "cell_empty"),
        ("minor_zh", "占道经营 ", "cell_padded"),
        ("minor_en", "x" * 101, "cell_too_long"),
        ("condition_no", "0", "not_whole_number"),
        ("condition_no", "01", "not_whole_number"),
        ("condition_no", "100", "not_whole_number"),
        ("condition_zh", "占路\n摆摊", "cell_unprintable"),
        ("condition_en", "a\x00b", "cell_unprintable"),
        ("closing_zh", "", "cell_empty"),
        ("closing_en", "x" * 201, "cell_too_long"),
        ("limit_value", "", "not_whole_number"),
        ("limit_value", "1.5", "not_whole_number"),
        ("limit_value", "-1", "not_whole_number"),
        ("limit_value", "²", "not_whole_number"),
        ("limit_value", "9" * 5000, "not_whole_number"),
        ("limit_unit", "工作日", "limit_unit_unknown"),
        ("limit_unit", "working_minute", "limit_unit_unknown"),
        ("after_photo", "", "not_yes_or_no"),
        ("self_fix", "TRUE", "not_yes_or_no"),
        ("milestones", "[", "milestones_not_json"),
        ("milestones", "[" * 100_000, "milestones_not_json"),
        ("milestones", "{}", "milestones_not_list"),
        ("milestones", "[]", "milestones_not_list"),
        ("milestones", '[{"name_zh": "停"}]', "milestone_incomplete"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_by_line_and_column(column: str, cell: str, code: str) -> None:
    text = as_csv(VENDING, {**VENDING, "condition_no": "2", column: cell})
    assert problems(text) == [(3, column, code)]
    assert list(read_catalogue(text).conditions) == ["E0406-1"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"value": 2, "unit": "urgent_hour"}, "milestone_incomplete"),
        ({"name_zh": "停", "name_en": "stop", "value": True, "unit": "urgent_hour"}, "milestone_incomplete"),
        (
            {"name_zh": "停", "name_en": "stop", "value": 2, "unit": "urgent_hour", "x": 1},
            "milestone_incomplete",
        ),
        ({"name_zh": "", "name_en": "stop", "value": 2, "unit": "urgent_hour"}, "cell_empty"),
        ({"name_zh": "停", "name_en": "stop", "value": 0, "unit": "urgent_hour"}, "not_whole_number"),
        ({"name_zh": "停", "name_en": "stop", "value": 2, "unit": "hour"}, "limit_unit_unknown"),
        ({"name_zh": "停", "name_en": "stop", "value": 3, "unit": "urgent_hour"}, "milestones_end_elsewhere"),
    ],
)
def test_a_milestone_that_cannot_be_meant_is_a_problem(step: dict[str, object], code: str) -> None:
    assert problems(as_csv({**VENDING, "milestones": json.dumps([step])})) == [(2, "milestones", code)]


def test_all_problems_of_a_row_are_found_at_once() -> None:
    row = {**VENDING, "kind": "", "condition_no": "x", "limit_value": "", "milestones": '[{"a": 1}]'}
    assert problems(as_csv(row)) == [
        (2, "kind", "kind_unknown"),
        (2, "limit_value", "not_whole_number"),
        (2, "condition_no", "not_whole_number"),
        (2, "milestones", "milestone_incomplete"),
    ]


def test_lines_are_those_of_the_file_even_after_cells_that_span_lines() -> None:
    spanning = {**VENDING, "condition_zh": "一\n二\n三"}
    assert problems(as_csv(VENDING, spanning, {**VENDING, "condition_no": "0"})) == [
        (3, "condition_zh", "cell_unprintable"),
        (6, "condition_no", "not_whole_number"),
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, (3, "condition_no", "condition_repeated")),
        ({"condition_no": "2", "minor_zh": "店外经营"}, (3, "minor_zh", "category_differs")),
        ({"condition_no": "2", "scheme": "cjt214-2007"}, (3, "minor_zh", "category_differs")),
        ({"minor_code": "07", "major_zh": "突发事件"}, (3, "major_zh", "major_differs")),
    ],
)
def test_a_row_that_contradicts_an_earlier_one_is_a_problem(
    change: dict[str, str], found: tuple[int, str, str]
) -> None:
    reading = read_catalogue(as_csv(VENDING, {**VENDING, **change}))
    assert [(p.line, p.column, p.code) for p in reading.problems] == [found]
    assert "line 2" in reading.problems[0].detail
    assert list(reading.conditions) == ["E0406-1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", (1, None, "file_empty")),
        ("\n\n", (1, None, "file_empty")),
        (as_csv(), (1, None, "no_rows")),
        (as_csv(VENDING).replace("self_fix", "selffix"), (1, "self_fix", "column_missing")),
        (as_csv(VENDING, columns=(*COLUMNS, "self_fix")), (1, "self_fix", "column_repeated")),
        (as_csv(VENDING) + "only,three,cells\n", (3, None, "row_ragged")),
        (as_csv(VENDING) + '"never closed\n', (3, None, "csv_broken")),
        (as_csv(VENDING) + '"a"b,c\n', (3, None, "csv_broken")),
        (as_csv(VENDING) + "x" * 200_000 + "\n", (3, None, "csv_broken")),
    ],
)
def test_a_file_of_the_wrong_shape_is_a_problem(text: str, found: tuple[int, str | None, str]) -> None:
    assert problems(text)[0] == found


def test_an_unknown_column_is_a_problem() -> None:
    assert problems(as_csv({**VENDING, "colour": "red"}, columns=(*COLUMNS, "colour"))) == [
        (1, "colour", "column_unknown")
    ]


def test_a_catalogue_with_problems_is_not_accepted_and_says_all_of_them() -> None:
    catalogue = read_catalogue(as_csv({**VENDING, "kind": "x", "scheme": ""}))
    with pytest.raises(CatalogueRefused, match="2 problems; the first in line 2") as refused:
        catalogue.accepted()
    assert refused.value.facts["problems"] == [
        {"line": p.line, "column": p.column, "code": p.code, "detail": p.detail} for p in catalogue.problems
    ]


def test_a_catalogue_without_problems_is_accepted_as_it_is() -> None:
    catalogue = Catalogue({}, {})
    assert catalogue.accepted() is catalogue


@given(st.text(max_size=300), st.integers(0, 400))
def test_no_text_breaks_the_reader(noise: str, position: int) -> None:
    good = as_csv(VENDING, {**VENDING, "condition_no": "2"})
    reading = read_catalogue(good[:position] + noise + good[position:])
    # Every row is either taken or complained about; nothing vanishes.
    assert reading.conditions or reading.problems
