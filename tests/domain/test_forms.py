"""Forms out of any catalogue: pyxform takes them, and what they ask can be read back."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.adapters.xforms import make_xform
from api.domain.catalogue import Category, Condition
from api.domain.category_codes import Kind
from api.domain.check_forms import check_form
from api.domain.check_in_forms import check_in_form
from api.domain.forms import PHOTO_FIELDS, FormDefinition, FormKind, choice_name, form_text, is_form_version
from api.domain.limits import Limit, LimitUnit
from api.domain.questions import check_questions
from api.domain.report_forms import report_form

XF = "{http://www.w3.org/2002/xforms}"
"""The namespace of XForms."""

words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
labels = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20) | st.sampled_from(
    ["${major}", "${", "<b>", "a & b", '"', "]]>", "# x", "selected(., 'x')", "\ufffe", "instance('x')"]
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True) | st.just("category")


def titled(kind: str, **more: Any) -> st.SearchStrategy[dict[str, Any]]:  # noqa: ANN401  parts of JSON Schema
    return st.fixed_dictionaries({"type": st.just(kind), "title": labels, "x-title-en": labels, **more})


values = st.lists(labels, min_size=1, max_size=4, unique=True)
question = st.one_of(
    titled("string"),
    titled("string", format=st.just("date"), description=labels),
    titled("string", maxLength=st.integers(1, 500)),
    titled("string", enum=values),
    titled("integer", minimum=st.integers(-10, 0), maximum=st.integers(1, 10)),
    titled("number", minimum=st.floats(-1e15, 0), maximum=st.floats(0, 1e15)),
    titled("boolean"),
    titled("array", items=st.fixed_dictionaries({"type": st.just("string"), "enum": values})),
)
questions = st.dictionaries(names, question, min_size=1, max_size=5).map(
    lambda asked: {"type": "object", "properties": asked, "required": sorted(asked)[:1]}
)


def category(minor: str, zh: str, asked: Mapping[str, Any] | None = None) -> Category:
    return Category(f"E04{minor}", "local", Kind.EVENT, "04", "街面", "Street", minor, zh, zh, asked)


def condition(code: str, number: int, zh: str) -> Condition:
    limit = Limit(1, LimitUnit.WORKING_DAY)
    return Condition(code, number, zh, "", zh, "", limit, (), after_photo=True, self_fix=number == 1)


def form_of(*classes: Category, condition_zh: str = "发现") -> FormDefinition:
    conditions = {
        one.code: tuple(condition(one.code, number, condition_zh) for number in (1, 2)) for one in classes
    }
    form = report_form(classes, conditions)
    assert form is not None
    return form


def made(form: FormDefinition) -> Element:
    return fromstring(make_xform(form.workbook()).content)  # noqa: S314  our own


def bound(form: Element) -> set[str]:
    """Return the paths that a form's model binds."""
    return {one.attrib["nodeset"] for one in form.iter(f"{XF}bind")}


@given(labels, labels, questions)
@settings(max_examples=40, deadline=None)
def test_any_catalogue_makes_a_form(zh: str, condition_zh: str, asked: dict[str, Any]) -> None:
    assert check_questions(asked) is not None
    form = made(form_of(category("06", zh, asked), category("07", zh), condition_zh=condition_zh))
    paths = bound(form)
    assert {f"/data/class_E0406/q_{name}" for name in asked["properties"]} <= paths
    assert {f"/data/{field}" for field in PHOTO_FIELDS[FormKind.REPORT]} <= paths
    assert "/data/meta/instanceID" in paths


@pytest.mark.parametrize("name", ["meta", "category", "photo_1", "major", "place", "data", "instance"])
def test_a_question_may_be_called_like_anything_in_the_form(name: str) -> None:
    asked = {"type": "object", "properties": {name: {"type": "string", "title": "问", "x-title-en": "Asked"}}}
    form = made(form_of(category("06", "占道", asked), category("07", "乱堆", asked)))
    assert {f"/data/class_E0406/q_{name}", f"/data/class_E0407/q_{name}"} <= bound(form)


def test_the_same_catalogue_makes_the_same_bytes_and_a_changed_one_another_version() -> None:
    once, again = form_of(category("06", "占道")), form_of(category("06", "占道"))
    other = form_of(category("06", "占道经营"))
    assert make_xform(once.workbook()) == make_xform(again.workbook())
    assert once.version == again.version != other.version
    assert is_form_version(once.version)


def test_the_choices_are_those_of_the_class_that_was_chosen() -> None:
    form = made(form_of(category("06", "占道"), category("07", "乱堆")))
    itemsets = [one.attrib["nodeset"] for one in form.iter(f"{XF}itemset")]
    assert "instance('categories')/root/item[major =  /data/major ]" in itemsets
    assert "instance('conditions')/root/item[category =  /data/category ]" in itemsets


def test_the_form_of_checks_takes_its_tickets_from_a_file_and_asks_for_what_each_action_needs() -> None:
    form = made(check_form())
    assert [one.attrib.get("src") for one in form.iter(f"{XF}instance")][1] == "jr://file-csv/tickets.csv"
    binds = {one.attrib["nodeset"]: one.attrib for one in form.iter(f"{XF}bind")}
    assert binds["/data/reason"]["required"] == "true()"
    assert "failed" in binds["/data/reason"]["relevant"]
    assert "proof" in binds["/data/photo_1"]["required"]


def test_the_form_of_check_ins_notes_its_times_by_itself_and_asks_for_none() -> None:
    form = made(check_in_form())
    noted = {
        one.attrib["ref"]: (asked.attrib["ref"], one.attrib["event"], one.attrib["value"])
        for asked in form.iter(f"{XF}input")
        for one in asked.iter(f"{XF}setvalue")
    }
    changed = "xforms-value-changed"
    assert noted == {
        "/data/fixed_at": ("/data/place", changed, "now()"),
        "/data/scanned_at": ("/data/code", changed, "now()"),
    }
    asked = {one.attrib["ref"] for one in form.iter() if "ref" in one.attrib and one.tag != f"{XF}setvalue"}
    assert not asked & noted.keys()
    binds = {one.attrib["nodeset"]: one.attrib for one in form.iter(f"{XF}bind")}
    assert {binds[path]["type"] for path in noted} == {"dateTime"}
    assert binds["/data/code"]["type"] == "barcode"
    assert binds["/data/place"]["{http://www.opendatakit.org/xforms}allow-mock-accuracy"] == "false"
    assert "jr://file-csv/checkpoints.csv" in {one.attrib.get("src") for one in form.iter(f"{XF}instance")}


def test_a_class_that_can_t_be_filed_is_not_offered() -> None:
    assert report_form([category("06", "占道")], {}) is None


@given(words)
def test_a_choice_has_a_name_that_stands_in_lists_and_paths(value: str) -> None:
    name = choice_name(value)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name)
    assert name == choice_name(value)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_a_label_of_one_line(text: str) -> None:
    label = form_text(text)
    assert label == " ".join(label.split())
    assert label
    assert "${" not in label
    fromstring(f"<a>{label.replace('&', '').replace('<', '')}</a>")  # noqa: S314  our own


@pytest.mark.parametrize("text", ["", "1", "7ceeebc6b04", "7ceeebc6b0480", "7CEEEBC6B048", "７ceeebc6b048"])
def test_what_is_no_version_of_a_form(text: str) -> None:
    assert not is_form_version(text)
