"""Limits as offices write them: every form says one limit, and what could be two is refused with both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.catalogue_cells import CATALOGUE_UNITS, CellWrong
from api.domain.catalogue_limits import parse_limit, parse_steps, parse_unit, parse_written, written_limit
from api.domain.limits import LARGEST_LIMIT, Limit, LimitUnit

FORMS = {
    LimitUnit.URGENT_HOUR: ("紧急工作时", "紧急工作小时", "urgent hours", "Urgent Hour", "urgent_hour"),
    LimitUnit.URGENT_DAY: ("紧急工作日", "紧急工作天", "urgent days", "urgent_day"),
    LimitUnit.WORKING_HOUR: ("工作时", "工作小时", "working hours", "working_hour"),
    LimitUnit.WORKING_DAY: ("工作日", "工作天", "working days", "Working Day", "working_day"),
    LimitUnit.CALENDAR_DAY: ("自然日", "日历天", "日历日", "自然天", "calendar days", "calendar_day"),
}
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")

values = st.integers(1, LARGEST_LIMIT)
limits = st.builds(Limit, values, st.sampled_from(CATALOGUE_UNITS))


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Limit]:
    """Draw a limit and one of the ways to write it."""
    limit = draw(limits)
    digits = str(limit.value)
    digits = draw(st.sampled_from((digits, digits.translate(FULL_WIDTH), f"{digits}.0", digits.zfill(5))))
    unit = draw(st.sampled_from(FORMS[limit.unit]))
    before = draw(st.sampled_from(("", " ", "个", " 个 ", "\n")))
    after = draw(st.sampled_from(("", " ", "内", "以内", "之内")))
    return f"{draw(st.sampled_from(('', '  ')))}{digits}{before}{unit}{after}", limit


def code_of(text: str, unit: LimitUnit | None = None) -> str:
    with pytest.raises(CellWrong) as wrong:
        parse_written(text, unit)
    return wrong.value.code


@given(written())
def test_every_way_to_write_a_limit_is_read_as_that_limit(example: tuple[str, Limit]) -> None:
    text, limit = example
    assert parse_limit(text) == limit
    assert parse_written(text).limit == limit


@given(limits)
def test_what_is_written_is_read_again(limit: Limit) -> None:
    assert parse_limit(written_limit(limit)) == limit
    assert parse_limit(limit.text("en")) == limit


@given(values, st.sampled_from(CATALOGUE_UNITS))
def test_a_bare_number_counts_the_unit_of_its_column(value: int, unit: LimitUnit) -> None:
    assert parse_limit(str(value), unit) == Limit(value, unit)
    assert code_of(str(value)) == "limit_unit_unknown"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一个工作日", 1),
        ("两个工作日", 2),
        ("九工作日", 9),
        ("十个工作日", 10),
        ("十五个工作日", 15),
        ("二十工作日", 20),
        ("三十五工作日", 35),
    ],
)
def test_numbers_may_be_chinese(text: str, value: int) -> None:
    assert parse_limit(text) == Limit(value, LimitUnit.WORKING_DAY)


@given(values, st.sampled_from(("小时", "时", "天", "日", "hours", "day", "紧急小时", "紧急天", "h")))
def test_what_could_run_in_two_ways_is_refused_with_both(value: int, unit: str) -> None:
    with pytest.raises(CellWrong) as wrong:
        parse_limit(f"{value}{unit}")
    assert wrong.value.code == "limit_ambiguous"
    said = wrong.value.detail
    possible = [kind for kind in CATALOGUE_UNITS if f"{value}{kind.name_zh}" in said]
    assert len(possible) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "limit_unreadable"),
        ("立即", "limit_unreadable"),
        ("当日", "limit_unreadable"),
        ("2周", "limit_unreadable"),
        ("1-3工作日", "limit_unreadable"),
        ("3至5个工作日", "limit_unreadable"),
        ("三至五个工作日", "limit_unreadable"),
        ("不超过4工作时", "limit_unreadable"),
        ("4工作时或1工作日", "limit_unreadable"),
        ("制止4工作时", "limit_unreadable"),
        ("十十工作日", "limit_unreadable"),
        ("-2工作日", "limit_unreadable"),
        ("半个工作日", "not_whole_number"),
        ("一个半工作日", "not_whole_number"),
        ("1.5工作日", "not_whole_number"),
        ("0工作日", "not_whole_number"),
        ("10000工作日", "not_whole_number"),
        ("9" * 4000 + "工作日", "not_whole_number"),
    ],
)
def test_what_is_no_limit_is_refused(text: str, code: str) -> None:
    assert code_of(text) == code


def test_a_unit_beside_that_of_its_column_is_refused() -> None:
    assert code_of("4工作时", LimitUnit.WORKING_DAY) == "limit_contradicts"
    assert parse_limit("4工作日", LimitUnit.WORKING_DAY).value == 4


@pytest.mark.parametrize(("text", "code"), [("天", "limit_ambiguous"), ("周", "limit_unit_unknown")])
def test_a_unit_is_one_of_the_standards(text: str, code: str) -> None:
    with pytest.raises(CellWrong) as wrong:
        parse_unit(text)
    assert wrong.value.code == code


def test_steps_on_the_way_are_read_with_their_names_and_the_last_is_the_limit() -> None:
    found = parse_written("先制止4工作时；再查处7个工作日;\n后拆除：二十工作日")
    assert found.limit == Limit(20, LimitUnit.WORKING_DAY)
    assert found.steps == (
        ("制止", Limit(4, LimitUnit.WORKING_HOUR)),
        ("查处", Limit(7, LimitUnit.WORKING_DAY)),
        ("拆除", Limit(20, LimitUnit.WORKING_DAY)),
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("先制止4工作时；再查处", "step_unreadable"),
        ("先制止4工作时；7工作日", "step_unreadable"),
        ("先制止1-4工作时；再查处7工作日", "step_unreadable"),
        ("先制止不超过4工作时；再查处7工作日", "step_unreadable"),
        ("先制止4小时；再查处7工作日", "limit_ambiguous"),
        ("先制止0工作时；再查处7工作日", "not_whole_number"),
    ],
)
def test_steps_that_can_not_be_meant_are_refused(text: str, code: str) -> None:
    assert code_of(text) == code


@given(st.text(max_size=30))
def test_no_text_is_read_as_anything_but_a_limit_or_refused(text: str) -> None:
    try:
        found = parse_written(text)
        parse_steps(text)
    except CellWrong as wrong:
        assert wrong.detail  # noqa: PT017  either way is right
    else:
        assert 1 <= found.limit.value <= LARGEST_LIMIT
