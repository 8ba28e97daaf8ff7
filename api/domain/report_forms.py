"""The form of a report, made of the classes in force: class, filing condition, place, photos, questions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from api.domain.catalogue import Category, Condition
from api.domain.forms import (
    NO,
    YES,
    FormDefinition,
    FormKind,
    Row,
    answers_group,
    choice,
    choice_name,
    hint,
    question_field,
    row,
    text,
    yes_no,
)


def report_form(
    classes: Iterable[Category], conditions: Mapping[str, Sequence[Condition]]
) -> FormDefinition | None:
    """Return the form of a report of these classes, with their filing conditions by code; None where there are none.

    A class without a condition can't be filed, so it is not offered.
    """
    categories = [one for one in classes if conditions.get(one.code)]
    if not categories:
        return None
    return FormDefinition(
        FormKind.REPORT,
        "网格上报 Report",
        "上报一个问题：类别、位置、照片。Report a problem: class, place, photos.",
        survey=tuple(_report_survey(categories)),
        choices=tuple(_report_choices(categories, conditions)),
    )


def _report_survey(categories: list[Category]) -> Iterator[Row]:
    of_condition = "instance('conditions')/root/item[name = ${condition}]"
    yield row("dateTime", "observed_at", "发现时间", "Seen at", default="now()", required=YES)
    yield row("select_one majors", "major", "大类", "Major class", required=YES, appearance="minimal")
    yield row(
        "select_one categories",
        "category",
        "小类",
        "Class",
        required=YES,
        choice_filter="major = ${major}",
        appearance="minimal",
    )
    yield row(
        "select_one conditions",
        "condition",
        "立案条件",
        "Filing condition",
        required=YES,
        choice_filter="category = ${category}",
    )
    yield row(
        "geopoint",
        "place",
        "位置",
        "Place",
        required=YES,
        parameters="capture-accuracy=10 warning-accuracy=50",
    )
    yield row("image", "photo_1", "照片", "Photo", required=f"{of_condition}/photo = '{YES}'")
    yield row("image", "photo_2", "照片二", "Second photo", relevant="${photo_1} != ''")
    yield row("image", "photo_3", "照片三", "Third photo", relevant="${photo_2} != ''")
    yield row(
        "select_one yes_no",
        "self_fix",
        "已当场处理（即查即改）？",
        "Fixed on the spot?",
        relevant=f"{of_condition}/self_fix = '{YES}' and ${{photo_1}} != ''",
    )
    yield row(
        "image",
        "photo_after",
        "处理后照片",
        "Photo after the fix",
        required=YES,
        relevant=f"${{self_fix}} = '{YES}'",
    )
    yield text("description", "描述", "Description", 2000, appearance="multiline")
    yield text("address", "地址", "Address", 200)
    for category in categories:
        if category.questions:
            yield from _questions(category)


def _questions(category: Category) -> Iterator[Row]:
    questions = category.questions or {}
    required = set(questions.get("required", ()))
    group = answers_group(category.code)
    yield row(
        "begin_group",
        group,
        category.minor_zh,
        category.minor_en,
        relevant=f"${{category}} = '{category.code}'",
        appearance="field-list",
    )
    for name, question in questions["properties"].items():
        kind, field = _type_of(question, category.code, name), question_field(name)
        asked = row(kind, field, question["title"], question["x-title-en"])
        if name in required:
            asked["required"] = YES
        if constraint := " and ".join(_constraints(question)):
            asked["constraint"] = constraint
        if "description" in question:
            asked |= hint(question["description"], question.get("x-description-en", ""))
        yield asked
    yield {"type": "end_group"}


_TYPES = {"boolean": "select_one yes_no", "number": "decimal", "integer": "integer", "string": "text"}


def _type_of(question: Mapping[str, Any], category: str, name: str) -> str:
    match question:
        case {"type": "array"}:
            return f"select_multiple {category}_{name}"
        case {"type": "string", "enum": _}:
            return f"select_one {category}_{name}"
        case {"type": "string", "format": "date"}:
            return "date"
        case _:
            return _TYPES[question["type"]]


def _constraints(question: Mapping[str, Any]) -> Iterator[str]:
    if "minimum" in question:
        yield f". >= {_number(question['minimum'])}"
    if "maximum" in question:
        yield f". <= {_number(question['maximum'])}"
    if "maxLength" in question:
        yield f"string-length(.) <= {question['maxLength']}"
    if "minItems" in question:
        yield f"count-selected(.) >= {question['minItems']}"
    if "maxItems" in question:
        yield f"count-selected(.) <= {question['maxItems']}"


def _number(value: float) -> str:
    # XPath 1.0 knows no exponents.
    return str(value) if isinstance(value, int) else f"{value:.10f}".rstrip("0").rstrip(".")


def _report_choices(
    categories: list[Category], conditions: Mapping[str, Sequence[Condition]]
) -> Iterator[Row]:
    majors: dict[str, Category] = {}
    for category in categories:
        majors.setdefault(category.major, category)
    for code, one in majors.items():
        yield choice("majors", code, one.major_zh, one.major_en)
    for category in categories:
        yield choice("categories", category.code, category.minor_zh, category.minor_en, major=category.major)
    for category in categories:
        for condition in conditions[category.code]:
            yield choice(
                "conditions",
                condition.code,
                condition.condition_zh,
                condition.condition_en,
                category=category.code,
                photo=YES if condition.after_photo else NO,
                self_fix=YES if condition.self_fix else NO,
            )
    yield from yes_no()
    for category in categories:
        for name, question in (category.questions or {}).get("properties", {}).items():
            yield from _choices_of(question, f"{category.code}_{name}")


def _choices_of(question: Mapping[str, Any], list_name: str) -> Iterator[Row]:
    values = question.get("enum") or question.get("items", {}).get("enum") or ()
    zh = question.get("x-choices", values)
    en = question.get("x-choices-en", zh)
    for value, one_zh, one_en in zip(values, zh, en, strict=True):
        yield choice(list_name, choice_name(value), one_zh, one_en)
