"""People as a table: duties that go on and begin, numbers that two would have, and what can't be meant."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.spreadsheets import read_csv, read_workbook, write_csv, write_workbook
from api.domain.access import Role
from api.domain.grids import GridLevel
from api.domain.imports import Finding
from api.domain.people import Duty, PersonDraft, duty_changes, leaves_work
from api.domain.person_files import COLUMNS, PlannedPerson, person_rows, plan_people, read_people
from api.domain.reference import GridFacts, UnitFacts
from api.domain.tables import read_table
from tests.domain.table_example import sheet_rows

TODAY = date(2026, 11, 23)
UNITS = {
    "water": UnitFacts(1, "water", "水务局", "Water", "bureau", None, None, "city", False, True),  # noqa: FBT003  as stored
    "old": UnitFacts(2, "old", "旧局", "Old", "bureau", None, None, "city", False, False),  # noqa: FBT003  as stored
}
GRIDS = {
    code: GridFacts(n, code, GridLevel.UNIT_GRID, code, code, None, None)
    for n, code in enumerate(["g1", "g2", "g3"])
}
LI = PersonDraft("li", "李建国", Role.UNIT_LEAD, "water", "13812345678", "WG1", "科长", None, True, ())  # noqa: FBT003  in order
ZHAO = replace(LI, username="zhao", role=Role.OFFICER, unit=None, officer_number="WG2", post=None)


def planned(
    *rows: tuple[str, ...], stored: tuple[PersonDraft, ...] = (LI, ZHAO), owners: dict[str, str] | None = None
) -> tuple[list[PlannedPerson], list[Finding]]:
    """Read and plan a table."""
    table, wrong = read_table(sheet_rows(*rows), COLUMNS)
    entries, findings = read_people(table)
    there = {one.username: one for one in stored}
    people, more = plan_people(entries, there, owners or {}, UNITS, GRIDS, TODAY)
    return people, [*wrong, *findings, *more]


def test_a_new_person_is_read_in_the_words_of_an_office() -> None:
    (person,), findings = planned(
        ("用户名", "姓名", "角色", "单位", "手机", "工号", "职务", "网格", "公示电话", "有效期至", "启用"),
        ("wang", "王芳", "网格员", "水务局", "13900000000", "WG7", "组长", "g1、g2；g3", "g2", "2027年3月1日", "是"),
    )  # fmt: skip
    assert not findings
    duties = (Duty("g1", TODAY), Duty("g2", TODAY, None, True), Duty("g3", TODAY))  # noqa: FBT003  public
    assert person.draft == PersonDraft(
        "wang", "王芳", Role.OFFICER, "water", "13900000000", "WG7", "组长", date(2027, 3, 1), True, duties  # noqa: FBT003  in order
    )  # fmt: skip
    assert person.unit is UNITS["water"]


def test_a_stored_person_changes_only_in_the_columns_of_the_table() -> None:
    people, findings = planned(("username", "post"), ("li", ""), ("zhao", "组长"))
    assert not findings
    assert [one.draft for one in people] == [replace(LI, post=None), replace(ZHAO, post="组长")]


def test_duties_on_grids_of_the_row_go_on_and_the_others_end_and_begin_today() -> None:
    held = (
        Duty("g1", TODAY - timedelta(days=9), TODAY + timedelta(days=9)),
        Duty("g1", TODAY + timedelta(days=20)),
        Duty("g2", TODAY - timedelta(days=9)),
    )
    (one,), findings = planned(("username", "grids"), ("zhao", "g1 g3"), stored=(replace(ZHAO, duties=held),))
    assert not findings
    assert one.draft.duties == (held[0], held[1], Duty("g3", TODAY))
    changes = duty_changes(held, one.draft.duties, TODAY)
    assert (changes.ended, changes.undone, changes.begun, changes.changed) == (
        (held[2],),
        (),
        (Duty("g3", TODAY),),
        (),
    )
    (emptied,), _ = planned(("username", "grids"), ("zhao", ""), stored=(replace(ZHAO, duties=held),))
    assert emptied.draft.duties == ()
    assert duty_changes(held, (), TODAY).undone == (held[1],)


def test_a_grid_that_ended_is_held_and_not_taken() -> None:
    held = (Duty("gone", TODAY - timedelta(days=9)),)
    (one,), findings = planned(
        ("username", "grids", "name"), ("zhao", "gone", "赵"), stored=(replace(ZHAO, duties=held),)
    )
    assert (one.draft.duties, findings) == (held, [])
    _, refused = planned(("username", "grids"), ("zhao", "gone"))
    assert [(finding.code, finding.column) for finding in refused] == [("grid_unknown", "grids")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("username", "role"), ("li", "king")], [("cell_wrong", 2, "role")]),
        ([("username", "单位"), ("zhao", "nobody")], [("unit_unknown", 2, "单位")]),
        ([("username", "unit"), ("li", "old")], [("unit_unknown", 2, "unit")]),
        ([("username", "unit"), ("li", "")], [("unit_needed", 2, "unit")]),
        ([("username", "grids"), ("zhao", "g1 g9 g8")], [("grid_unknown", 2, "grids")]),
        ([("username", "网格", "公示电话"), ("zhao", "g1", "g2")], [("cell_wrong", 2, "公示电话")]),
        ([("username", "valid_until"), ("li", "tomorrow")], [("cell_wrong", 2, "valid_until")]),
        ([("username", "valid_until"), ("li", "2026-02-30")], [("cell_wrong", 2, "valid_until")]),
        ([("username", "phone"), ("li", "1.38E+10")], [("cell_wrong", 2, "phone")]),
        ([("username", "工号"), ("li", "WG2"), ("zhao", "WG2")], [("officer_number_taken", 3, "工号")]),
        ([("username", "officer_number"), ("li", "WG9")], [("officer_number_taken", 2, "officer_number")]),
        ([("username", "name"), ("Li", "x")], [("cell_wrong", 2, "username")]),
        ([("username", "name"), ("li", "x"), ("li", "y")], [("row_repeated", 3, "username")]),
        ([("username", "phone"), ("wang", "")], [("cell_needed", 2, "name"), ("cell_needed", 2, "role")]),
        ([("姓名",), ("x",)], [("heading_missing", 1, "username")]),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_told_with_its_place(
    rows: list[tuple[str, ...]], expected: list[tuple[str, int, str]]
) -> None:
    findings = planned(*rows, owners={"WG9": "somebody"})[1]
    assert [(one.code, one.line, one.column) for one in findings] == expected


def test_two_people_may_change_their_numbers() -> None:
    people, findings = planned(
        ("username", "officer_number"), ("li", "WG2"), ("zhao", "WG1"), owners={"WG1": "li", "WG2": "zhao"}
    )
    assert not findings
    assert [one.draft.officer_number for one in people] == ["WG2", "WG1"]


def test_who_leaves_a_unit_or_its_work_leaves_its_tickets() -> None:
    assert not leaves_work(LI, replace(LI, name="x"))
    assert not leaves_work(LI, replace(LI, role=Role.UNIT_MEMBER))
    assert leaves_work(LI, replace(LI, is_active=False))
    assert leaves_work(LI, replace(LI, unit="old"))
    assert leaves_work(LI, replace(LI, role=Role.DISPATCHER))
    assert not leaves_work(replace(LI, is_active=False), replace(LI, is_active=False, unit="old"))
    assert not leaves_work(ZHAO, replace(ZHAO, is_active=False))


lines = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12) | st.sampled_from(
    ["=1+1", "-5", "+86", "@x", "'=1", "007", "#N/A", '"', "a,b;c"]
)


@st.composite
def people(draw: st.DrawFn) -> list[PersonDraft]:
    """Draw people with numbers of their own, and at most one duty on a grid."""
    drawn: list[PersonDraft] = []
    numbers = iter(draw(st.lists(lines, unique=True, min_size=4, max_size=4)))
    for username in draw(
        st.lists(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True), unique=True, max_size=4)
    ):
        duties = [
            Duty(
                code,
                TODAY + timedelta(days=draw(st.integers(-9, 9))),
                draw(st.none() | st.just(TODAY + timedelta(days=30))),
                draw(st.booleans()),
            )
            for code in sorted(draw(st.sets(st.sampled_from(sorted(GRIDS)))))
        ]
        drawn.append(
            PersonDraft(
                username,
                draw(lines),
                draw(st.sampled_from(Role)),
                "water",
                draw(st.none() | st.from_regex(r"\+?[0-9][0-9 ()-]{1,8}[0-9]", fullmatch=True)),
                draw(st.none() | st.just(next(numbers))),
                draw(st.none() | lines),
                draw(st.none() | st.dates()),
                draw(st.booleans()),
                tuple(duties),
            )
        )
    return drawn


@given(people())
def test_an_export_imported_again_changes_nothing(stored: list[PersonDraft]) -> None:
    rows = person_rows(stored)
    for sheet in (read_csv(write_csv(rows)), read_workbook(write_workbook([("人员", rows)]))[0]):
        table, wrong = read_table(sheet.rows, COLUMNS)
        entries, findings = read_people(table)
        owners = {one.officer_number: one.username for one in stored if one.officer_number}
        again, more = plan_people(entries, {one.username: one for one in stored}, owners, UNITS, GRIDS, TODAY)
        assert not [*wrong, *findings, *more]
        assert [one.draft for one in again] == stored
