"""Forms for ODK Collect, made of the catalogue: rows of an XLSForm, which `api.adapters.xforms` turns into an XForm.

A form is known by its id. Its version is a digest of all that it asks: the same catalogue makes the same version in
every process and after every restart, and a change of it makes another, so that phones fetch what is new and nothing
else.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from api.domain.catalogue import Category, Condition
from api.domain.evidence import Purpose
from api.domain.reference import Reference


class FormKind(StrEnum):
    """What can be told with a form; the value is the form's id, which phones keep."""

    REPORT = "gridpatrol_report"
    CHECK = "gridpatrol_check"


TICKETS_CSV = "tickets.csv"
"""The choices of the form for checks: what waits for the officer who asks."""

PHOTO_FIELDS: Mapping[FormKind, Mapping[str, Purpose]] = {
    FormKind.REPORT: {
        "photo_1": Purpose.BEFORE,
        "photo_2": Purpose.BEFORE,
        "photo_3": Purpose.BEFORE,
        "photo_after": Purpose.AFTER,
    },
    FormKind.CHECK: {"photo_1": Purpose.CHECK, "photo_2": Purpose.CHECK},
}
"""The fields of each form that name a picture, and what the picture shows."""

YES, NO = "yes", "no"

_ZH, _EN = "中文 (zh)", "English (en)"
_VERSION = re.compile(r"[0-9a-f]{12}")
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")
_GROUP = "class_"

Row = dict[str, str]


@dataclass(frozen=True)
class FormDefinition:
    """A form as an XLSForm has it: its questions, its choices, and the media that it needs beside itself."""

    kind: FormKind
    title: str
    description: str
    survey: tuple[Row, ...]
    choices: tuple[Row, ...]
    media: tuple[str, ...] = ()

    @cached_property
    def version(self) -> str:
        """A digest of the form: twelve hexadecimal digits."""
        content = json.dumps([self.kind, self.title, self.survey, self.choices], ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def workbook(self) -> dict[str, Any]:
        """Return the form as the sheets of an XLSForm."""
        settings = {
            "form_id": self.kind.value,
            "form_title": self.title,
            "version": self.version,
            "default_language": _ZH,
        }
        sheets: dict[str, Any] = {"settings": [settings]}
        for name, rows in (("survey", self.survey), ("choices", self.choices)):
            # Copies, because whoever reads a workbook may write into its rows; and headings, because else only the
            # first rows would be looked at for them.
            sheets[name] = [dict(row) for row in rows]
            sheets[f"{name}_header"] = [dict.fromkeys(heading for row in rows for heading in row)]
        return sheets


def is_form_version(text: str) -> bool:
    """Tell whether a text looks like the version of a form of ours, perhaps an older one."""
    return _VERSION.fullmatch(text) is not None


def report_form(reference: Reference) -> FormDefinition | None:
    """Return the form of a report, made of the classes in force; None while there are none."""
    catalogue = reference.catalogue.categories
    if not catalogue:
        return None
    conditions = {
        code: reference.conditions_by_category_id.get(row_id, ())
        for code, row_id in reference.category_ids.items()
    }
    categories = list(catalogue.values())
    return FormDefinition(
        FormKind.REPORT,
        "网格上报 Report",
        "上报一个问题：类别、位置、照片。Report a problem: class, place, photos.",
        survey=tuple(_report_survey(categories)),
        choices=tuple(_report_choices(categories, conditions)),
    )


def check_form(_: Reference) -> FormDefinition:
    """Return the form of a check (核查) or a verification (核实); its tickets come as media."""
    return FormDefinition(
        FormKind.CHECK,
        "核查核实 Check",
        "核查整改、核实上报。Check a repair, verify a tip.",
        survey=tuple(_check_survey()),
        choices=tuple(_check_choices()),
        media=(TICKETS_CSV,),
    )


def _row(kind: str, name: str, zh: str, en: str, **more: str) -> Row:
    return {"type": kind, "name": name, **_labels(zh, en), **more}


def _labels(zh: str, en: str) -> Row:
    return {f"label::{_ZH}": form_text(zh), f"label::{_EN}": form_text(en or zh)}


def form_text(text: str) -> str:
    """Return a text as a label can hold it.

    XML has no control characters, lone surrogates or non-characters; and XLSForm reads `${name}` as the answer to
    another question.
    """
    allowed = "".join(one for one in text if _is_xml(one))
    return " ".join(allowed.replace("${", "$ {").split()) or "-"


def _is_xml(character: str) -> bool:
    """Tell whether XML 1.0 (2.2) has this character."""
    if character < " ":
        return character in "\t\n\r"
    return not "\ud800" <= character <= "\udfff" and character not in "\ufffe\uffff"


def _report_survey(categories: list[Category]) -> Iterator[Row]:
    of_condition = "instance('conditions')/root/item[name = ${condition}]"
    yield _row("dateTime", "observed_at", "发现时间", "Seen at", default="now()", required=YES)
    yield _row("select_one majors", "major", "大类", "Major class", required=YES, appearance="minimal")
    yield _row(
        "select_one categories",
        "category",
        "小类",
        "Class",
        required=YES,
        choice_filter="major = ${major}",
        appearance="minimal",
    )
    yield _row(
        "select_one conditions",
        "condition",
        "立案条件",
        "Filing condition",
        required=YES,
        choice_filter="category = ${category}",
        relevant="count(instance('conditions')/root/item[category = ${category}]) > 0",
    )
    yield _row(
        "geopoint",
        "place",
        "位置",
        "Place",
        required=YES,
        parameters="capture-accuracy=10 warning-accuracy=50",
    )
    yield _row("image", "photo_1", "照片", "Photo", required=f"{of_condition}/photo = '{YES}'")
    yield _row("image", "photo_2", "照片二", "Second photo", relevant="${photo_1} != ''")
    yield _row("image", "photo_3", "照片三", "Third photo", relevant="${photo_2} != ''")
    yield _row(
        "select_one yes_no",
        "self_fix",
        "已当场处理（即查即改）？",
        "Fixed on the spot?",
        relevant=f"{of_condition}/self_fix = '{YES}' and ${{photo_1}} != ''",
    )
    yield _row(
        "image",
        "photo_after",
        "处理后照片",
        "Photo after the fix",
        required=YES,
        relevant=f"${{self_fix}} = '{YES}'",
    )
    yield _text("description", "描述", "Description", 2000, appearance="multiline")
    yield _text("address", "地址", "Address", 200)
    for category in categories:
        if category.questions:
            yield from _questions(category)


def _text(name: str, zh: str, en: str, length_max: int, **more: str) -> Row:
    constraint = f"string-length(.) <= {length_max}"
    return _row("text", name, zh, en, constraint=constraint, **more)


def answers_group(category: str) -> str:
    """Return the name of the group in which a class asks its questions."""
    return f"{_GROUP}{category}"


def choice_name(value: str) -> str:
    """Return the name of a choice: the value itself where a form can hold it, else a digest.

    A name goes through XPath and lists parted by blanks. It may not depend on the order of the choices: an older
    form's answer would be read as another one.
    """
    return value if _PLAIN.fullmatch(value) else "v" + hashlib.sha256(value.encode()).hexdigest()[:12]


def _questions(category: Category) -> Iterator[Row]:
    questions = category.questions or {}
    required = set(questions.get("required", ()))
    group = answers_group(category.code)
    yield _row(
        "begin_group",
        group,
        category.minor_zh,
        category.minor_en,
        relevant=f"${{category}} = '{category.code}'",
        appearance="field-list",
    )
    for name, question in questions["properties"].items():
        row = _row(_type_of(question, category.code, name), name, question["title"], question["x-title-en"])
        if name in required:
            row["required"] = YES
        if constraint := " and ".join(_constraints(question)):
            row["constraint"] = constraint
        if "description" in question:
            row[f"hint::{_ZH}"] = form_text(question["description"])
            row[f"hint::{_EN}"] = form_text(question.get("x-description-en", question["description"]))
        yield row
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
    categories: list[Category], conditions: Mapping[str, tuple[Condition, ...]]
) -> Iterator[Row]:
    majors: dict[str, Category] = {}
    for category in categories:
        majors.setdefault(category.major, category)
    for code, one in majors.items():
        yield _choice("majors", code, one.major_zh, one.major_en)
    for category in categories:
        yield _choice("categories", category.code, category.minor_zh, category.minor_en, major=category.major)
    for code, found in conditions.items():
        for condition in found:
            yield _choice(
                "conditions",
                condition.code,
                condition.condition_zh,
                condition.condition_en,
                category=code,
                photo=YES if condition.after_photo else NO,
                self_fix=YES if condition.self_fix else NO,
            )
    yield from _yes_no()
    for category in categories:
        for name, question in (category.questions or {}).get("properties", {}).items():
            yield from _choices_of(question, f"{category.code}_{name}")


def _choices_of(question: Mapping[str, Any], list_name: str) -> Iterator[Row]:
    values = question.get("enum") or question.get("items", {}).get("enum") or ()
    zh = question.get("x-choices", values)
    en = question.get("x-choices-en", zh)
    for value, one_zh, one_en in zip(values, zh, en, strict=True):
        yield _choice(list_name, choice_name(value), one_zh, one_en)


def _choice(list_name: str, name: str, zh: str, en: str, **more: str) -> Row:
    return {"list_name": list_name, "name": name, **_labels(zh, en), **more}


def _yes_no() -> Iterator[Row]:
    yield _choice("yes_no", YES, "是", "Yes")
    yield _choice("yes_no", NO, "否", "No")


def _check_survey() -> Iterator[Row]:
    ticket = "instance('tickets')/root/item[name = ${ticket}]"
    yield _row(f"select_one_from_file {TICKETS_CSV}", "ticket", "案卷", "Ticket", required=YES)
    # What the phone saw: a ticket that has changed since is not what was checked.
    for name in ("version", "task", "proof"):
        yield {"type": "calculate", "name": name, "calculation": f"{ticket}/{name}"}
    yield _row("dateTime", "at", "核查时间", "Seen at", default="now()", required=YES)
    yield _row(
        "select_one results",
        "result",
        "整改结果",
        "Result of the repair",
        required=YES,
        relevant="${task} = 'check'",
    )
    yield _row(
        "select_one yes_no",
        "confirmed",
        "上报情况属实？",
        "Is it as reported?",
        required=YES,
        relevant="${task} = 'verification'",
    )
    yield _text(
        "reason",
        "返工原因",
        "What is not right",
        2000,
        required=YES,
        relevant="${result} = 'failed'",
        appearance="multiline",
    )
    yield _row("image", "photo_1", "照片", "Photo", required=f"${{proof}} = '{YES}'")
    yield _row("image", "photo_2", "照片二", "Second photo", relevant="${photo_1} != ''")
    yield _text("note", "备注", "Note", 2000, appearance="multiline")


def _check_choices() -> Iterator[Row]:
    yield _choice("results", "passed", "合格", "Passed")
    yield _choice("results", "failed", "不合格，返工", "Failed: do it again")
    yield from _yes_no()
