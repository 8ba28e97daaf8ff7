"""A file or an edit held against what is stored: what is new, different, over, and what can't be in force together."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api.domain.catalogue import Catalogue, Category, Condition
from api.domain.catalogue_changes import CatalogueChange, change_by_file, change_of_one, rules_left
from api.domain.catalogue_files import CatalogueFile
from api.domain.catalogue_states import ClassState, StoredClass
from api.domain.category_codes import Kind
from api.domain.dispatch_rules import DispatchRule
from api.domain.kept_changes import Noun
from api.domain.limits import Limit, LimitUnit


def category(code: str, scheme: str = "local", **changes: str) -> Category:
    return replace(
        Category(
            code=code,
            scheme=scheme,
            kind=Kind.PART if code[0] == "P" else Kind.EVENT,
            major_code=code[1:3],
            major_zh="大类",
            major_en="Major",
            minor_code=code[3:],
            minor_zh=f"小类{code}",
            minor_en=f"Class {code}",
        ),
        **changes,
    )


def condition(code: str, number: int, hours: int = 4, **changes: str) -> Condition:
    limit = Limit(hours, LimitUnit.WORKING_HOUR)
    made = Condition(code, number, f"条件{number}", f"Case {number}", "好了", "Done", limit, (), True, False)  # noqa: FBT003  the order of the fields
    return replace(made, **changes)


def state(code: str, *numbers: int, scheme: str = "local", is_active: bool = True) -> ClassState:
    return ClassState(
        category(code, scheme), {n: condition(code, n) for n in numbers or (1,)}, is_active=is_active
    )


def store(*states: ClassState) -> list[StoredClass]:
    return [
        StoredClass(at, 1, one, {number: at * 100 + number for number in one.conditions})
        for at, one in enumerate(states, 1)
    ]


def file(*states: ClassState, unsaid: dict[str, frozenset[str]] | None = None) -> CatalogueFile:
    conditions = [one for state in states for one in state.conditions.values()]
    catalogue = Catalogue(
        {one.category.code: one.category for one in states}, {one.code: one for one in conditions}
    )
    return CatalogueFile(catalogue, unsaid=unsaid or {})


def applied(stored: list[StoredClass], change: CatalogueChange) -> list[StoredClass]:
    """Return what is stored after a change."""
    afters = {one.key: one.state for one in stored}
    for one in change.classes:
        afters[one.after.category.scheme, one.after.category.code] = one.after
    return store(*afters.values())


def rule(rule_id: str, category_code: str, number: int | None = None) -> DispatchRule:
    return DispatchRule(
        id=rule_id, category=category_code, condition=number, lead_unit="street", name_zh="名", name_en="A"
    )


CODES = ("P0101", "P0102", "E0101", "E0201")


def drawn(code: str, numbers: set[int], hours: int) -> ClassState:
    return ClassState(category(code), {number: condition(code, number, hours) for number in sorted(numbers)})


states = st.builds(drawn, st.sampled_from(CODES), st.sets(st.integers(1, 4), min_size=1), st.integers(1, 3))
catalogues = st.lists(states, max_size=4, unique_by=lambda one: one.category.code)


@given(before=catalogues, sent=catalogues, is_complete=st.booleans())
def test_the_same_file_again_changes_nothing(
    *, before: list[ClassState], sent: list[ClassState], is_complete: bool
) -> None:
    stored = store(*before)
    after = applied(stored, change_by_file(stored, file(*sent), is_complete=is_complete))
    again = change_by_file(after, file(*sent), is_complete=is_complete)
    assert again.classes == []
    assert (again.codes.added, again.codes.changed, again.codes.removed) == ([], [], [])
    in_force = {code for one in after for code in one.state.in_force}
    assert again.codes.unchanged == len(in_force)
    wanted = {code for one in sent for code in one.in_force}
    assert in_force == wanted if is_complete else in_force >= wanted


@given(catalogues, catalogues)
def test_every_code_is_added_changed_retired_or_unchanged_and_nothing_is_lost(
    before: list[ClassState], sent: list[ClassState]
) -> None:
    stored = store(*before)
    change = change_by_file(stored, file(*sent), is_complete=True)
    old = {code for one in stored for code in one.state.in_force}
    after = applied(stored, change)
    new = {code for one in after for code in one.state.in_force}
    assert set(change.codes.added) == new - old
    assert change.codes.unchanged == len(old & new) - len(set(change.codes.changed) & old)
    retired_classes = {code for code in change.codes.removed if "-" not in code}
    assert {code for code in old - new if code.split("-")[0] not in retired_classes} == {
        code for code in change.codes.removed if "-" in code
    }
    numbers = {(one.key, number) for one in stored for number in one.state.conditions}
    assert numbers <= {(one.key, number) for one in after for number in one.state.conditions}


def test_what_a_file_does_not_say_stays_and_english_goes_with_its_chinese() -> None:
    stored = store(state("P0101", 1, 2))
    said = ClassState(
        category("P0101", minor_zh="改名", minor_en="改名", major_en="大类"),
        {
            1: condition("P0101", 1, condition_en="条件1"),
            2: condition("P0101", 2, condition_zh="新", condition_en="新"),
        },
    )
    unsaid = {
        "P0101": frozenset({"major_en", "minor_en", "questions"}),
        "P0101-1": frozenset({"condition_en", "closing_en"}),
        "P0101-2": frozenset({"condition_en"}),
    }
    change = change_by_file(stored, file(said, unsaid=unsaid), is_complete=False)
    after = change.classes[0].after
    assert (after.category.major_en, after.category.minor_en) == ("Major", "改名")
    assert after.conditions[1] == condition("P0101", 1)
    assert after.conditions[2].condition_en == "新"
    assert change.codes.changed == ["P0101", "P0101-2"]


def test_a_new_class_takes_the_english_name_of_its_major_class() -> None:
    new = ClassState(category("P0199", major_en="大类"), {1: condition("P0199", 1)})
    unsaid = {"P0199": frozenset({"major_en"})}
    change = change_by_file(store(state("P0101")), file(new, unsaid=unsaid), is_complete=False)
    assert change.classes[0].after.category.major_en == "Major"
    assert not change.faults


def test_a_code_in_two_schemes_is_a_fault_unless_the_other_goes() -> None:
    stored = store(state("P0101"))
    other = file(state("P0101", scheme="cjt214-2007"))
    assert [one.code for one in change_by_file(stored, other, is_complete=False).faults] == ["scheme_in_use"]
    change = change_by_file(stored, other, is_complete=True)
    assert not change.faults
    assert sorted(one.after.category.scheme for one in change.classes) == ["cjt214-2007", "local"]


def test_limits_that_change_are_known_by_their_rows() -> None:
    stored = store(state("P0101", 1, 2, 3))
    sent = ClassState(
        category("P0101"),
        {1: condition("P0101", 1, 9), 2: condition("P0101", 2, condition_en="x"), 4: condition("P0101", 4)},
    )
    assert change_by_file(stored, file(sent), is_complete=False).relimited == [101]


def test_an_edit_keeps_what_it_leaves_out_as_retired() -> None:
    stored = store(state("P0101", 1, 2))
    change = change_of_one(stored, state("P0101", 2))
    assert change.classes[0].after.retired == {1}
    assert change.classes[0].after.conditions.keys() == {1, 2}
    assert change.codes.removed == ["P0101-1"]
    kept = [one for one in change.classes[0].kept() if one.before != one.after]
    assert [(one.noun, one.code, one.fields) for one in kept] == [(Noun.CONDITION, "P0101-1", ["is_active"])]


def test_rules_that_meet_nothing_any_more_are_named_and_no_others() -> None:
    stored = store(state("P0101", 1, 2), state("P0102"), state("E0101", is_active=False))
    rules = [
        rule("all", ""),
        rule("major", "P01"),
        rule("class", "P0101"),
        rule("one", "P0102", 1),
        rule("two", "P0101", 2),
        rule("dead", "E0101"),
    ]
    change = change_of_one(stored, state("P0101", 1))
    assert [one.key for one in rules_left(rules, stored, change)] == ["two"]
    change = change_of_one(stored, state("P0102", is_active=False))
    assert [one.key for one in rules_left(rules, stored, change)] == ["one"]
    change = change_by_file(stored, file(state("P0102")), is_complete=True)
    assert [one.key for one in rules_left(rules, stored, change)] == ["class", "two"]
