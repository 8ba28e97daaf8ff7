"""Trees of units: whatever administrators draw, escalation climbs from every unit and arrives somewhere."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.errors import FieldWrong
from api.domain.reference import UnitFacts
from api.domain.units import UnitDraft, UnitKind, check_unit

CODES = [f"u{number}" for number in range(6)]
CITY = "city"


def stored(number: int, parent: int | None = None) -> UnitFacts:
    return UnitFacts(number, CODES[number], "单位", "Unit", "bureau", parent, None, CITY, False, True)  # noqa: FBT003  as stored


def draft(code: str, parent: str | None) -> UnitDraft:
    return UnitDraft(
        code, "单位", "Unit", UnitKind.BUREAU, parent, None, CITY, is_fallback=False, is_active=True
    )


@given(st.lists(st.tuples(st.sampled_from(CODES), st.none() | st.sampled_from(CODES)), max_size=30))
def test_no_row_of_moves_makes_a_circle_and_only_circles_are_refused(
    moves: list[tuple[str, str | None]],
) -> None:
    units = {number: stored(number) for number in range(len(CODES))}
    for code, parent in moves:
        unit = units[CODES.index(code)]
        above, path = CODES.index(parent) if parent else None, set[int]()
        while above is not None:
            path.add(above)
            above = units[above].parent_id
        if unit.id in path:
            with pytest.raises(FieldWrong) as refused:
                check_unit(draft(code, parent), units, {CITY})
            assert (refused.value.pointer, refused.value.field_code) == ("/parent", "unit_loop")
        else:
            units[unit.id] = replace(unit, parent_id=check_unit(draft(code, parent), units, {CITY}))
    for unit in units.values():
        seen, above = set[int](), unit.parent_id
        while above is not None:
            assert above not in seen
            seen.add(above)
            above = units[above].parent_id


def test_a_stored_unit_written_down_is_the_same_unit() -> None:
    units = {0: stored(0), 1: stored(1, parent=0)}
    assert UnitDraft.of(units[1], units) == draft("u1", "u0")


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        (draft("u9", "nowhere"), "/parent", "unit_unknown"),
        (draft("u9", "u9"), "/parent", "unit_loop"),
        (replace(draft("u9", None), calendar="lunar"), "/calendar", "calendar_unknown"),
    ],
)
def test_what_can_not_be_meant_is_refused_at_its_field(wrong: UnitDraft, pointer: str, code: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        check_unit(wrong, {0: stored(0)}, {CITY})
    assert (refused.value.pointer, refused.value.field_code) == (pointer, code)
