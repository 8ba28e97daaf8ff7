"""The workbook that offices keep (立结案标准), row by row: read kindly where it is certain, never by a guess."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.catalogue_cells import CellWrong
from api.domain.catalogue_codes import read_codes
from api.domain.catalogue_files import CatalogueFile, read_catalogue_file
from api.domain.category_codes import Kind
from api.domain.deadlines import Milestone
from api.domain.limits import Limit, LimitUnit
from api.domain.sheets import Row, Sheet

HEADINGS = (
    "序号",
    "大类代码",
    "大类名称",
    "小类代码",
    "小类名称",
    "立案条件",
    "结案条件",
    "处置时限",
    "备注",
)
COVER = ("1", "01", "公用设施", "01", "上水井盖", "井盖丢失", "补盖", "2紧急工作时")
BROKEN = ("2", "01", "公用设施", "01", "上水井盖", "井盖破损", "换新", "4工作时")


def sheet(
    *rows: tuple[str, ...], name: str = "部件立结案标准", headings: tuple[str, ...] = HEADINGS
) -> Sheet:
    lines = (headings, *rows) if headings else rows
    return Sheet(name, tuple(Row(line, cells) for line, cells in enumerate(lines, 1)))


def read(*sheets: Sheet, scheme: str | None = "local") -> CatalogueFile:
    return read_catalogue_file(sheets, scheme)


def faults(*sheets: Sheet, scheme: str | None = "local") -> list[tuple[int | None, str | None, str]]:
    return [
        (one.line, one.column, one.code)
        for one in read(*sheets, scheme=scheme).findings
        if not one.is_warning
    ]


def warnings(*sheets: Sheet) -> list[str]:
    file = read(*sheets)
    assert all(one.is_warning for one in file.findings), file.findings
    return [one.code for one in file.findings]


def changed(row: tuple[str, ...], column: str, cell: str) -> tuple[str, ...]:
    at = HEADINGS.index(column)
    return (*row[:at], cell, *row[at + 1 :])


def test_parts_and_events_stand_in_sheets_of_their_own() -> None:
    file = read(
        sheet(COVER, BROKEN), sheet(COVER, name="2、事件"), sheet(("看看",), name="说明", headings=())
    )
    assert list(file.catalogue.conditions) == ["P0101-1", "P0101-2", "E0101-1"]
    assert file.catalogue.category("P0101").scheme == "local"
    assert file.catalogue.condition("P0101-2").limit == Limit(4, LimitUnit.WORKING_HOUR)
    assert file.places["P0101-2"] == ("部件立结案标准", 3)
    assert [one.sheet for one in file.findings if one.code == "sheet_skipped"] == ["说明"]


def test_a_column_may_say_what_the_name_of_the_sheet_does_not() -> None:
    headings = ("类型", *HEADINGS[1:])
    rows = (("部件", *COVER[1:]), ("事件", *COVER[1:]), ("其他", *COVER[1:]))
    assert faults(sheet(*rows, name="Sheet1", headings=headings)) == [(4, "类型", "kind_unknown")]
    both = sheet(("事件", *COVER[1:]), headings=headings)
    assert faults(both) == [(2, "类型", "kind_contradicts")]
    assert faults(sheet(COVER, name="Sheet1")) == [(1, None, "kind_unknown"), (None, None, "no_sheet")]


def test_a_sheet_of_classes_without_headings_is_a_fault_and_another_is_left_out_with_a_word() -> None:
    assert faults(sheet(COVER, headings=())) == [(1, None, "headings_missing"), (None, None, "no_sheet")]
    assert faults(sheet(("a",), name="附录", headings=())) == [(None, None, "no_sheet")]
    assert faults(sheet()) == [(None, None, "no_rows")]


@pytest.mark.parametrize("above", [0, 1, 5, 9])
def test_titles_may_stand_above_the_headings(above: int) -> None:
    titles = (("某市城市管理立结案标准",) * 9,) * above
    found = read(sheet(*titles, HEADINGS, COVER, headings=()))
    assert list(found.catalogue.conditions) == ["P0101-1"]


def test_headings_further_down_are_not_looked_for() -> None:
    titles = (("标题",),) * 10
    assert faults(sheet(*titles, HEADINGS, COVER, headings=()))[0] == (1, None, "headings_missing")


def test_headings_of_two_rows_are_read_as_one() -> None:
    upper = ("大类", "大类", "小类", "小类", "立案条件", "立案条件", "结案条件", "处置时限（工作日）")
    lower = ("代码", "名称", "代码", "名称", "序号", "描述", "结案条件", "处置时限（工作日）")
    file = read(sheet(lower, ("01", "公用设施", "01", "上水井盖", "2", "破损", "换新", "3"), headings=upper))
    condition = file.catalogue.condition("P0101-2")
    assert (condition.condition_zh, condition.limit) == ("破损", Limit(3, LimitUnit.WORKING_DAY))


def test_english_headings_will_do() -> None:
    headings = (
        "Major code",
        "Major class",
        "Minor code",
        "Minor class",
        "Condition",
        "Closing condition",
        "Limit value",
        "Limit unit",
    )
    row = ("01", "公用设施", "01", "上水井盖", "破损", "换新", "3", "working days")
    file = read(sheet(row, headings=headings))
    assert file.catalogue.condition("P0101-1").limit == Limit(3, LimitUnit.WORKING_DAY)


@pytest.mark.parametrize("column", ["小类代码", "大类名称", "小类名称", "立案条件", "结案条件", "处置时限"])
def test_a_column_that_is_not_there_is_named(column: str) -> None:
    headings = tuple("别的" if one == column else one for one in HEADINGS)
    found = faults(sheet(COVER, headings=headings))
    assert [(line, code) for line, _, code in found] == [(1, "column_missing")]


def test_a_column_that_stands_there_twice_is_a_fault() -> None:
    headings = (*HEADINGS, "处理时限")
    assert faults(sheet(COVER, headings=headings)) == [(1, "处理时限", "column_repeated")]


def test_a_code_without_its_scheme_is_not_taken() -> None:
    assert faults(sheet(COVER), scheme=None) == [(1, None, "scheme_missing")]
    headings = (*HEADINGS[:-1], "编码标准")
    row = (*COVER, "gbt30428-2013")
    assert (
        read(sheet(row, headings=headings), scheme=None).catalogue.category("P0101").scheme == "gbt30428-2013"
    )
    assert faults(sheet((*COVER, "x" * 41), headings=headings)) == [(2, "编码标准", "cell_too_long")]


@pytest.mark.parametrize(
    ("major", "minor"),
    [
        ("1", "1"),
        ("01", "01"),
        ("1.0", "1.0"),
        ("０１", "０１"),
        ("01", "0101"),
        ("1", "101"),
        ("", "0101"),
        ("P01", "P0101"),
        ("p1", "p0101"),
        ("", "P0101"),
    ],
)
def test_codes_are_read_however_they_are_written(major: str, minor: str) -> None:
    row = changed(changed(COVER, "大类代码", major), "小类代码", minor)
    file = read(sheet(row))
    assert list(file.catalogue.categories) == ["P0101"]
    told = [one.column for one in file.findings if one.code == "code_rewritten"]
    assert told == [
        column for column, cell in (("大类代码", major), ("小类代码", minor)) if cell not in {"", "01"}
    ]


@pytest.mark.parametrize(
    ("major", "minor", "column", "code"),
    [
        ("一", "01", "大类代码", "not_two_digits"),
        ("0101", "01", "大类代码", "not_two_digits"),
        ("1.5", "01", "大类代码", "not_two_digits"),
        ("²", "01x", "大类代码", "not_two_digits"),
        ("E01", "01", "大类代码", "code_contradicts"),
        ("01", "E0101", "小类代码", "code_contradicts"),
        ("02", "0101", "小类代码", "code_contradicts"),
        ("02", "101", "小类代码", "code_contradicts"),
        ("", "101", "小类代码", "code_ambiguous"),
        ("", "01", "大类代码", "cell_empty"),
        ("01", "", "小类代码", "not_two_digits"),
        ("01", "00101", "小类代码", "not_two_digits"),
        ("01", "-1", "小类代码", "not_two_digits"),
    ],
)
def test_codes_that_could_be_others_are_refused(major: str, minor: str, column: str, code: str) -> None:
    row = changed(changed(BROKEN, "大类代码", major), "小类代码", minor)
    assert (2, column, code) in faults(sheet(row))
    assert not read(sheet(row)).catalogue.conditions


@given(st.integers(0, 99), st.integers(0, 99), st.sampled_from(Kind), st.integers(0, 4))
def test_a_code_survives_every_way_to_write_it(major: int, minor: int, kind: Kind, way: int) -> None:
    whole = f"{major:02}{minor:02}"
    ways = [
        (str(major), str(minor)),
        (f"{major}.0", f"{minor:02}"),
        (f"{major:02}", whole),
        ("", f"{kind.letter}{whole}"),
        (f"{kind.letter}{major:02}", f"{minor}.00"),
    ]
    assert read_codes(*ways[way], kind) == (f"{major:02}", f"{minor:02}")


@given(st.text(max_size=6), st.text(max_size=6), st.sampled_from(Kind))
def test_codes_are_two_digits_or_a_reason(major: str, minor: str, kind: Kind) -> None:
    for found in read_codes(major, minor, kind):
        assert isinstance(found, CellWrong) or (len(found) == 2 and found.isascii() and found.isdigit())


def test_conditions_without_numbers_are_numbered_in_their_order() -> None:
    file = read(sheet(COVER, changed(COVER, "小类代码", "02"), BROKEN))
    assert list(file.catalogue.conditions) == ["P0101-1", "P0102-1", "P0101-2"]
    assert "numbered_by_order" in [one.code for one in file.findings]


def test_a_column_of_numbers_is_kept_to() -> None:
    headings = ("条件序号", *HEADINGS[1:])
    rows = (("（2）", *COVER[1:]), ("1、", *BROKEN[1:]))
    file = read(sheet(*rows, headings=headings))
    assert list(file.catalogue.conditions) == ["P0101-2", "P0101-1"]
    for cell in ("", "0", "100", "一", "1.5", "²"):
        assert (2, "条件序号", "not_whole_number") in faults(
            sheet((cell, *COVER[1:]), headings=headings)
        ) or (
            cell == "²"  # which plain digits make a 2
        )
    twice = faults(sheet(("1", *COVER[1:]), ("1", *BROKEN[1:]), headings=headings))
    assert twice == [(3, "条件序号", "condition_repeated")]


def test_rows_below_a_class_belong_to_it_with_a_word() -> None:
    blank = ("", "", "", "", "", *BROKEN[5:])
    file = read(sheet(COVER, blank, ("", "", "", "02", "雨水箅子", *COVER[5:])))
    assert list(file.catalogue.conditions) == ["P0101-1", "P0101-2", "P0102-1"]
    assert [one.line for one in file.findings if one.code == "filled_from_above"] == [3]
    assert (2, "小类名称", "cell_empty") in faults(sheet(blank))


def test_half_a_class_is_not_completed() -> None:
    found = faults(sheet(COVER, ("", "01", "公用设施", "", "雨水箅子", *COVER[5:])))
    assert found == [(3, "小类代码", "not_two_digits")]


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("24小时", "limit_ambiguous"),
        ("10天", "limit_ambiguous"),
        ("半个工作日", "not_whole_number"),
        ("", "limit_unreadable"),
        ("3", "limit_unit_unknown"),
        ("立即", "limit_unreadable"),
    ],
)
def test_a_limit_that_can_not_be_read_is_a_fault_of_its_line(limit: str, code: str) -> None:
    assert faults(sheet(COVER, changed(BROKEN, "处置时限", limit))) == [(3, "处置时限", code)]


def test_a_limit_of_several_steps_becomes_milestones() -> None:
    row = changed(COVER, "处置时限", "先制止4工作时；\n再查处7工作日；后拆除20工作日")
    condition = read(sheet(row)).catalogue.condition("P0101-1")
    assert condition.limit == Limit(20, LimitUnit.WORKING_DAY)
    assert [step.name_zh for step in condition.milestones] == ["制止", "查处", "拆除"]


def test_steps_have_a_column_and_english_names_of_their_own() -> None:
    headings = (*HEADINGS[:-1], "阶段时限", "阶段英文名称")
    row = (*changed(COVER, "处置时限", "7工作日"), "制止4工作时；查处7工作日", "stop; penalise")
    assert read(sheet(row, headings=headings)).catalogue.condition("P0101-1").milestones == (
        Milestone("制止", "stop", Limit(4, LimitUnit.WORKING_HOUR)),
        Milestone("查处", "penalise", Limit(7, LimitUnit.WORKING_DAY)),
    )
    assert faults(sheet((*row[:-1], "stop"), headings=headings)) == [(2, "阶段时限", "steps_differ")]
    elsewhere = changed(row, "处置时限", "9工作日")
    assert faults(sheet(elsewhere, headings=headings)) == [(2, "阶段时限", "milestones_end_elsewhere")]


def test_yes_and_no_are_words() -> None:
    headings = (*HEADINGS[:-1], "处置后照片", "即查即改")
    for yes, no in (("是", "否"), ("需要", "不需要"), ("√", "×"), ("TRUE", "FALSE"), ("Y", "n")):
        condition = read(sheet((*COVER, no, yes), headings=headings)).catalogue.condition("P0101-1")
        assert (condition.after_photo, condition.self_fix) == (False, True)
    assert faults(sheet((*COVER, "也许", "是"), headings=headings)) == [(2, "处置后照片", "not_yes_or_no")]


def test_what_the_workbook_does_not_say_is_told_once() -> None:
    told = warnings(sheet(COVER, BROKEN), sheet(COVER, name="事件"))
    assert told.count("english_missing") == 1
    assert told.count("column_assumed") == 4
    file = read(sheet(COVER))
    assert file.catalogue.condition("P0101-1").condition_en == "井盖丢失"
    assert file.unsaid["P0101"] == {"major_en", "minor_en", "questions"}
    assert file.unsaid["P0101-1"] == {"condition_en", "closing_en", "after_photo", "self_fix"}


def test_a_column_that_is_left_out_is_named_and_remarks_are_not() -> None:
    file = read(sheet((*COVER, "", "园林局"), headings=(*HEADINGS, "责任单位")))
    assert [one.column for one in file.findings if one.code == "column_ignored"] == ["责任单位"]


@pytest.mark.parametrize(
    "row", [("一、公用设施类",) * 9, HEADINGS, ("注：本标准自发布之日起施行。",), ("", "合计")]
)
def test_rows_that_can_be_no_class_are_told_and_left_out(row: tuple[str, ...]) -> None:
    file = read(sheet(COVER, row, BROKEN))
    assert len(file.catalogue.conditions) == 2
    assert [one.line for one in file.findings if one.code == "row_skipped"] == [3]


def test_every_other_row_is_a_fault() -> None:
    assert faults(sheet(COVER, ("见附件",)))
    assert faults(sheet(COVER, ("", "02", "园林")))


def test_line_breaks_and_wide_blanks_in_texts_are_blanks() -> None:
    row = changed(COVER, "立案条件", " 井盖丢失、\n错位　或\t裂开 ")
    assert read(sheet(row)).catalogue.condition("P0101-1").condition_zh == "井盖丢失、 错位 或 裂开"


def test_rows_that_contradict_each_other_are_faults_of_the_later() -> None:
    other = changed(BROKEN, "小类名称", "雨水井盖")
    assert faults(sheet(COVER, other)) == [(3, "小类名称", "category_differs")]
    assert faults(sheet(COVER, changed(BROKEN, "大类名称", "园林"))) == [(3, "大类名称", "major_differs")]


def test_questions_are_json_in_a_cell() -> None:
    headings = (*HEADINGS[:-1], "补充问题")
    asked = '{"type":"object","properties":{"n":{"type":"integer","title":"几个","x-title-en":"How many"}}}'
    file = read(sheet((*COVER, asked), (*BROKEN, ""), headings=headings))
    questions = file.catalogue.category("P0101").questions
    assert questions is not None
    assert list(questions["properties"]) == ["n"]
    assert faults(sheet((*COVER, "[1]"), headings=headings)) == [(2, "补充问题", "question_wrong")]
    assert faults(sheet((*COVER, "{"), headings=headings)) == [(2, "补充问题", "questions_not_json")]


def test_a_table_with_our_headings_is_read_strictly() -> None:
    csv = replace(sheet(("local", "part", "1"), headings=("scheme", "kind", "major_code")), name="")
    assert {code for _, _, code in faults(csv)} == {"no_sheet"}


@given(st.lists(st.lists(st.sampled_from([*COVER, "", "x", "P", "9"]), max_size=9), max_size=5))
def test_every_row_is_taken_or_told(rows: list[list[str]]) -> None:
    told = sheet(COVER, *(tuple(row) for row in rows if any(row)))
    file = read(told)
    taken = {line for code, (_, line) in file.places.items() if "-" in code}
    lines = {row.line for row in told.rows[1:]}
    assert taken | {one.line for one in file.findings} >= lines
