"""What a class asks beside the common fields of a report: how many square metres, which goods, since which day.

Written as JSON Schema (draft 2020-12), in the part of it that every phone can draw as a form and that costs nothing
to check: one object of texts, numbers, yes or no, and choices. No references, no patterns, nothing nested.

{"type": "object",
 "properties": {
   "area_m2": {"type": "number", "title": "占用面积（平方米）", "x-title-en": "Area taken (m²)", "minimum": 0},
   "goods": {"type": "array", "title": "货品", "x-title-en": "Goods",
             "items": {"type": "string", "enum": ["fruit", "clothes"]},
             "x-choices": ["水果", "服装"], "x-choices-en": ["Fruit", "Clothes"]}},
 "required": ["area_m2"]}
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from api.domain.errors import Refusal

QUESTIONS_MAX = 20
QUESTIONS_BYTES_MAX = 8 * 1024
CHOICES_MAX = 50
TEXT_LENGTH_MAX = 500

# In Python's expressions `$` lets a line break at the end pass; the checks behind it don't, in any dialect.
_NAME = {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,39}$(?!\n)"}
_LABEL = {"type": "string", "minLength": 1, "maxLength": 100, "pattern": r"^[^\u0000-\u001f]*$(?!\n)"}
_LABELS = {"type": "array", "items": _LABEL, "minItems": 1, "maxItems": CHOICES_MAX}
_HINT = {"type": "string", "maxLength": 200, "pattern": r"^[^\u0000-\u001f]*$(?!\n)"}
_NUMBER = {"type": "number", "minimum": -1e15, "maximum": 1e15}
_CHOICES = {
    "type": "array",
    "items": _LABEL,
    "minItems": 1,
    "maxItems": CHOICES_MAX,
    "uniqueItems": True,
}
_LENGTH = {"type": "integer", "minimum": 1, "maximum": TEXT_LENGTH_MAX}
_COUNT = {"type": "integer", "minimum": 0, "maximum": CHOICES_MAX}
_COMMON: dict[str, Any] = {
    "title": _LABEL,
    "x-title-en": _LABEL,
    "description": _HINT,
    "x-description-en": _HINT,
}
_CHOICE_LABELS: dict[str, Any] = {"x-choices": _LABELS, "x-choices-en": _LABELS}


def _shape(kind: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  parts of JSON Schema
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, **_COMMON, **more},
        "required": ["type", "title", "x-title-en"],
        "additionalProperties": False,
    }


_SHAPES: dict[str, dict[str, Any]] = {
    "string": _shape("string", enum=_CHOICES, maxLength=_LENGTH, format={"const": "date"}, **_CHOICE_LABELS),
    "integer": _shape("integer", minimum=_NUMBER, maximum=_NUMBER),
    "number": _shape("number", minimum=_NUMBER, maximum=_NUMBER),
    "boolean": _shape("boolean"),
    "array": _shape(
        "array",
        items={
            "type": "object",
            "properties": {"type": {"const": "string"}, "enum": _CHOICES},
            "required": ["type", "enum"],
            "additionalProperties": False,
        },
        uniqueItems={"const": True},
        minItems=_COUNT,
        maxItems=_COUNT,
        **_CHOICE_LABELS,
    ),
}
_SHAPES["array"]["required"] = ["type", "title", "x-title-en", "items"]

QUESTIONS_SHAPE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "$schema": {"const": Draft202012Validator.META_SCHEMA["$id"]},
        "type": {"const": "object"},
        "properties": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": QUESTIONS_MAX,
            "propertyNames": _NAME,
            "additionalProperties": {
                "type": "object",
                "properties": {"type": {"enum": list(_SHAPES)}},
                "required": ["type"],
            },
        },
        "required": {"type": "array", "items": _NAME, "maxItems": QUESTIONS_MAX, "uniqueItems": True},
        "additionalProperties": {"const": False},
    },
    "required": ["type", "properties"],
    "additionalProperties": False,
}
"""What a class's questions look like, as JSON Schema; each question has a shape of its own by its type."""


def schema_errors(schema: Mapping[str, Any], value: object) -> list[ValidationError]:
    """Return all that JSON Schema has against a value."""
    validator: Any = Draft202012Validator(schema)  # its types know no `object`
    return list(validator.iter_errors(value))


@dataclass(frozen=True, slots=True)
class QuestionsFault:
    """Why something can't be asked; `pointer` leads into the questions."""

    pointer: str
    code: str
    detail: str

    def as_json(self, root: str) -> dict[str, str]:
        """Return it as a member of a problem's `errors`; `root` is where the questions are."""
        return {"pointer": root + self.pointer, "code": self.code, "detail": self.detail}


class QuestionsRefused(Refusal):
    """These questions can't be asked."""

    code = "questions_refused"

    def __init__(self, faults: Sequence[QuestionsFault], root: str = "/questions") -> None:
        """Tell everything that is wrong; `root` is where the request has the questions."""
        self.faults = tuple(faults)
        super().__init__(faults[0].detail, errors=[fault.as_json(root) for fault in faults])


def check_questions(document: object) -> Mapping[str, Any] | None:
    """Return the questions as they can be kept; None for none. Raises QuestionsRefused with all that is wrong."""
    if document is None or document == {}:
        return None
    try:
        size = len(json.dumps(document, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError):  # not finite, a lone surrogate, or nested without end
        raise QuestionsRefused(
            [QuestionsFault("", "questions_unwritable", "This can't be kept as JSON.")]
        ) from None
    if size > QUESTIONS_BYTES_MAX:
        said = f"The questions of a class take at most {QUESTIONS_BYTES_MAX} bytes."
        raise QuestionsRefused([QuestionsFault("", "questions_too_large", said)])
    faults = list(_faults(document))
    if faults:
        raise QuestionsRefused(faults)
    return cast("Mapping[str, Any]", document)


def _faults(document: object) -> Iterator[QuestionsFault]:
    wrong = [_fault(error) for error in schema_errors(QUESTIONS_SHAPE, document)]
    yield from wrong
    if wrong:
        return
    questions = cast("dict[str, Any]", document)
    asked: dict[str, dict[str, Any]] = questions["properties"]
    for name, question in asked.items():
        root = f"/properties/{name}"
        own = [_fault(error, root) for error in schema_errors(_SHAPES[question["type"]], question)]
        yield from own or _contradictions(question, root)
    for name in questions.get("required", ()):
        if name not in asked:
            yield QuestionsFault(
                "/required", "question_unknown", f"There is no question {name!r} to be answered."
            )


def _contradictions(question: Mapping[str, Any], root: str) -> Iterator[QuestionsFault]:
    """Find what is well-formed and can't be meant."""
    for least, most in (("minimum", "maximum"), ("minItems", "maxItems")):
        if least in question and most in question and question[least] > question[most]:
            yield QuestionsFault(f"{root}/{least}", "question_never_met", f"{least} is more than {most}.")
    if question["type"] == "integer" and {"minimum", "maximum"} <= question.keys():
        least, most = math.ceil(question["minimum"]), math.floor(question["maximum"])
        if question["minimum"] <= question["maximum"] and least > most:
            told = "No whole number lies between minimum and maximum."
            yield QuestionsFault(f"{root}/minimum", "question_never_met", told)
    choices = question.get("enum") or question.get("items", {}).get("enum")
    if choices is not None and question.get("minItems", 0) > len(choices):
        yield QuestionsFault(f"{root}/minItems", "question_never_met", "There are not so many choices.")
    if "enum" in question and ("format" in question or "maxLength" in question):
        yield QuestionsFault(f"{root}/enum", "question_never_met", "A choice has neither format nor length.")
    if "format" in question and "maxLength" in question:
        yield QuestionsFault(f"{root}/maxLength", "question_never_met", "A day has no length.")
    for labels in _CHOICE_LABELS:
        if labels in question and len(question[labels]) != len(choices or ()):
            yield QuestionsFault(f"{root}/{labels}", "choices_differ", "Every choice has one label.")


def _fault(error: ValidationError, root: str = "") -> QuestionsFault:
    pointer = root + "".join(
        f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error.absolute_path
    )
    message = (
        error.message if len(error.message) <= TEXT_LENGTH_MAX else f"Not as {error.validator} wants it."
    )
    return QuestionsFault(pointer[:200], "question_wrong", message)
