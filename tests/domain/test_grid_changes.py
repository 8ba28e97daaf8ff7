"""What a file does to the grids in force: it makes them what it says, and the second time nothing."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import shapely
from hypothesis import given
from hypothesis import strategies as st

from api.domain.grid_changes import GridChange, compare_grids, reused_codes
from api.domain.grid_drafts import GridDraft
from api.domain.grid_warnings import left_behind, moved_away, short_of_people
from api.domain.grids import GridLevel

STREET, COMMUNITY = "990101001", "990101001001"
WEST, SOUTH, CELL = 116.0, 39.0, 0.001


def cell(column: float, width: float = 1.0) -> shapely.MultiPolygon:
    """Return a part of a row of cells, each about 100 m wide."""
    west = WEST + CELL * column
    return shapely.MultiPolygon([shapely.box(west, SOUTH, west + CELL * width, SOUTH + CELL)])


def unit_grid(number: int, shape: shapely.MultiPolygon | None = None, **more: str | None) -> GridDraft:
    plain = GridDraft(
        number=number,
        code=f"{COMMUNITY}{number:03}",
        name_zh=f"网格{number}",
        name_en=f"Grid {number}",
        level=GridLevel.UNIT_GRID,
        parent=COMMUNITY,
        unit=None,
        shape=shape or cell(number),
    )
    return replace(plain, **more)  # pyright: ignore[reportArgumentType]  names of fields


ROW = GridDraft(None, COMMUNITY, "社区", "Community", GridLevel.COMMUNITY, None, None, cell(0, 10))


def by_code(*grids: GridDraft) -> dict[str, GridDraft]:
    return {grid.code: grid for grid in grids}


def compared(
    in_force: Mapping[str, GridDraft], *drafts: GridDraft, is_complete: bool = True, has_units: bool = True
) -> GridChange:
    return compare_grids(in_force, drafts, is_complete=is_complete, sliver_m2=1.0, has_units=has_units)


def drawn(number: int, width: float, name: str, unit: str | None) -> GridDraft:
    return unit_grid(number, cell(number, width), name_zh=name, unit=unit)


grids = st.builds(
    drawn,
    st.integers(1, 6),
    st.sampled_from((0.5, 1.0, 2.5)),
    st.sampled_from(("东", "西")),
    st.sampled_from((None, "street", "property")),
)
rows = st.lists(grids, unique_by=lambda grid: grid.code).map(lambda found: by_code(ROW, *found))


def same(one: Mapping[str, GridDraft], other: Mapping[str, GridDraft]) -> bool:
    def plain(found: Mapping[str, GridDraft]) -> dict[str, GridDraft]:
        return {code: replace(grid, number=None) for code, grid in found.items()}

    return plain(one) == plain(other)


@given(rows, rows)
def test_a_complete_file_makes_the_grids_what_it_says(
    before: Mapping[str, GridDraft], file: Mapping[str, GridDraft]
) -> None:
    change = compared(before, *file.values())
    assert same(change.after, file)
    assert {one.before.code for one in change.ended} == before.keys() - file.keys()
    assert {grid.code for grid in change.added} == file.keys() - before.keys()
    assert len(change.added) + len(change.changed) + change.unchanged == len(file)


@given(rows, rows)
def test_a_file_that_is_not_complete_ends_nothing(
    before: Mapping[str, GridDraft], file: Mapping[str, GridDraft]
) -> None:
    change = compared(before, *file.values(), is_complete=False)
    assert change.ended == ()
    assert same(change.after, {**before, **file})


@given(rows, rows)
def test_the_same_file_again_changes_nothing(
    before: Mapping[str, GridDraft], file: Mapping[str, GridDraft]
) -> None:
    for is_complete, has_units in product((False, True), repeat=2):
        first = compared(before, *file.values(), is_complete=is_complete, has_units=has_units)
        again = compared(first.after, *file.values(), is_complete=is_complete, has_units=has_units)
        assert again.is_empty
        assert again.unchanged == len(file)


@given(rows, rows)
def test_every_difference_is_kept_with_the_version_that_it_makes(
    before: Mapping[str, GridDraft], file: Mapping[str, GridDraft]
) -> None:
    change = compared(before, *file.values())
    kept = list(change.kept(dict.fromkeys(before, 3)))
    assert {one.code for one in kept} == change.codes
    assert all(one.before != one.after for one in kept)
    for one in kept:
        assert one.after is None or one.after["version"] == (4 if one.code in before else 1)


def test_where_a_ring_begins_and_how_it_turns_is_no_change() -> None:
    ring = shapely.get_coordinates(cell(1)).tolist()[:-1]
    turned = shapely.MultiPolygon([shapely.Polygon([*ring[2:], *ring[:2]][::-1])])
    assert compared(by_code(ROW, unit_grid(1)), ROW, unit_grid(1, turned)).is_empty


def test_a_change_says_what_differs() -> None:
    corrected = unit_grid(1, cell(1, 1.01), name_zh="新名", unit="street")
    (changed,) = compared(by_code(ROW, unit_grid(1)), ROW, corrected).changed
    assert changed.fields == ("name_zh", "unit", "area")


def test_the_heirs_of_a_grid_are_those_that_cover_more_than_a_sliver_of_it() -> None:
    before = by_code(ROW, unit_grid(1, cell(1, 2.0)))
    sliver = cell(2.999_995, 1.0)
    change = compared(
        before, ROW, unit_grid(2, cell(1, 0.5)), unit_grid(3, cell(1.5, 1.499_995)), unit_grid(4, sliver)
    )
    (ended,) = change.ended
    assert ended.replaced_by == (f"{COMMUNITY}003", f"{COMMUNITY}002")


def test_a_file_without_names_and_units_leaves_them() -> None:
    before = unit_grid(1, name_zh="甲", name_en="First", unit="street")
    bare = replace(before, name_zh=before.code, name_en="", unit=None)
    assert compared(by_code(ROW, before), ROW, bare, has_units=False).is_empty
    (changed,) = compared(by_code(ROW, before), ROW, bare, has_units=True).changed
    assert changed.fields == ("unit",)


def test_a_new_grid_without_an_english_name_bears_the_chinese_one_until_it_gets_one() -> None:
    first = compared({}, unit_grid(1, name_zh="甲", name_en=""))
    assert first.after[f"{COMMUNITY}001"].name_en == "甲"
    renamed = compared(first.after, unit_grid(1, name_zh="乙", name_en=""))
    assert renamed.after[f"{COMMUNITY}001"].name_en == "乙"
    named = compared(renamed.after, unit_grid(1, name_zh="乙", name_en="Second"))
    assert compared(named.after, unit_grid(1, name_zh="丙", name_en="")).after[f"{COMMUNITY}001"].name_en == (
        "Second"
    )


def test_a_parent_that_is_nowhere_is_none() -> None:
    street = replace(ROW, parent=STREET)
    assert compared({}, street).added[0].parent is None
    assert compared(by_code(ROW), street).is_empty


def test_a_code_that_ended_comes_back_only_where_it_was() -> None:
    last = by_code(unit_grid(1))
    assert reused_codes([unit_grid(1)], last) == []
    assert reused_codes([unit_grid(1, cell(1, 1.005))], last) == []
    assert reused_codes([unit_grid(2)], last) == []
    (elsewhere,) = reused_codes([unit_grid(1, cell(5))], last)
    assert (elsewhere.code, elsewhere.line, elsewhere.key) == ("grid_code_ended", 1, f"{COMMUNITY}001")
    assert [one.code for one in reused_codes([unit_grid(1, cell(1, 2.0))], last)] == ["grid_code_ended"]


def test_people_tickets_and_rules_of_a_grid_that_ends_are_named() -> None:
    change = compared(by_code(ROW, unit_grid(1), unit_grid(2)), ROW, unit_grid(3, cell(1, 2.0)))
    first, second = f"{COMMUNITY}001", f"{COMMUNITY}002"
    left = list(
        left_behind(
            change,
            {first: frozenset({"officer02", "officer01"}), COMMUNITY: frozenset({"officer09"})},
            {second: ["night"], COMMUNITY: ["day"]},
            {first: 7},
        )
    )
    assert [(one.code, one.key) for one in left] == [
        ("grid_people_left", first),
        ("grid_tickets_left", first),
        ("grid_rules_left", second),
    ]
    assert all(one.is_warning for one in left)
    assert "officer01, officer02" in left[0].detail
    assert f"{COMMUNITY}003 took its area over" in left[0].detail
    assert ": 7." in left[1].detail


def test_whoever_is_on_duty_around_a_grid_is_on_duty_in_it() -> None:
    in_force = by_code(ROW, unit_grid(1), unit_grid(2))
    people = {COMMUNITY: frozenset({"a"}), f"{COMMUNITY}001": frozenset({"a", "b"})}
    (few,) = short_of_people(in_force, people, 2)
    assert few.code == "grid_people_few"
    assert few.detail.endswith(f": 1; {COMMUNITY}002.")
    assert list(short_of_people(in_force, people, 1)) == []


def test_grids_that_move_away_from_where_they_were_are_counted_in_one_warning() -> None:
    in_force = by_code(ROW, unit_grid(1), unit_grid(2), unit_grid(3))
    drafts = [ROW, unit_grid(1, cell(1.6)), unit_grid(2, cell(2.4)), unit_grid(3)]
    change = compare_grids(in_force, drafts, is_complete=True, sliver_m2=1.0)
    (moved,) = moved_away(change)
    assert (moved.code, moved.is_warning) == ("grid_moved", True)
    assert f": 1; {COMMUNITY}001. Is the file in" in moved.detail
    assert list(moved_away(compare_grids(in_force, in_force.values(), is_complete=True, sliver_m2=1.0))) == []
