"""What a class may ask: forms that every phone can draw, and answers that fit them."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from api.domain.answers import AnswersRefused, check_answers
from api.domain.questions import QUESTIONS_BYTES_MAX, QUESTIONS_MAX, QuestionsRefused, check_questions

LABEL = {"title": "问", "x-title-en": "Q"}
ASKED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "area_m2": {"type": "number", "minimum": 0, "maximum": 1000, **LABEL},
        "stalls": {"type": "integer", "minimum": 1, **LABEL},
        "is_repeated": {"type": "boolean", **LABEL},
        "since": {"type": "string", "format": "date", **LABEL},
        "owner": {"type": "string", "maxLength": 20, **LABEL},
        "size": {
            "type": "string",
            "enum": ["small", "large"],
            "x-choices": ["小", "大"],
            "x-choices-en": ["Small", "Large"],
            **LABEL,
        },
        "goods": {
            "type": "array",
            "items": {"type": "string", "enum": ["fruit", "clothes"]},
            "uniqueItems": True,
            "maxItems": 2,
            **LABEL,
        },
    },
    "required": ["area_m2", "size"],
}
GIVEN: dict[str, Any] = {
    "area_m2": 3.5,
    "stalls": 2,
    "is_repeated": False,
    "since": "2026-11-01",
    "owner": "张记　水果",
    "size": "small",
    "goods": ["fruit"],
}


def with_question(**question: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a schema
    return {"type": "object", "properties": {"q": {"type": "string", **LABEL, **question}}}


def without(name: str, **question: Any) -> dict[str, Any]:  # noqa: ANN401  any member of a schema
    asked = with_question(**question)
    del asked["properties"]["q"][name]
    return asked


def pointers(document: object) -> list[tuple[str, str]]:
    with pytest.raises(QuestionsRefused) as refused:
        check_questions(document)
    return [(one.pointer, one.code) for one in refused.value.faults]


def wrong(answers: dict[str, Any] | None, questions: dict[str, Any] | None = ASKED) -> list[tuple[str, str]]:
    with pytest.raises(AnswersRefused) as refused:
        check_answers(questions, answers)
    return [(one.pointer, one.code) for one in refused.value.faults]


def test_every_kind_of_question_can_be_asked_and_is_json_schema() -> None:
    assert check_questions(ASKED) == ASKED
    Draft202012Validator.check_schema(ASKED)
    assert check_questions(None) is None
    assert check_questions({}) is None


NOT_TO_DRAW: list[tuple[Any, str]] = [
    ([], ""),
    ("ask", ""),
    ({"type": "object"}, ""),
    ({"type": "array", "properties": with_question()["properties"]}, "/type"),
    ({"type": "object", "properties": {}}, "/properties"),
    (with_question() | {"$defs": {}}, ""),
    (with_question() | {"additionalProperties": True}, "/additionalProperties"),
    (with_question() | {"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
    ({"type": "object", "properties": {"q\n": with_question()["properties"]["q"]}}, "/properties"),
    (with_question(title="q\n"), "/properties/q/title"),
    (with_question(type="object"), "/properties/q/type"),
    (with_question(type="null"), "/properties/q/type"),
    (with_question(pattern="(a+)+$"), "/properties/q"),
    (with_question(**{"$ref": "#"}), "/properties/q"),
    (with_question(format="regex"), "/properties/q/format"),
    (with_question(maxLength=501), "/properties/q/maxLength"),
    (with_question(enum=[]), "/properties/q/enum"),
    (with_question(enum=[1]), "/properties/q/enum/0"),
    (with_question(enum=["a", "a"]), "/properties/q/enum"),
    (with_question(title=""), "/properties/q/title"),
    (with_question(title="a\nb"), "/properties/q/title"),
    (with_question(minimum=1), "/properties/q"),
    (with_question(type="integer", minimum="1"), "/properties/q/minimum"),
    (with_question(type="integer", minimum=1e300), "/properties/q/minimum"),
    (without("title"), "/properties/q"),
    (without("x-title-en"), "/properties/q"),
    (with_question(type="array"), "/properties/q"),
    (with_question(type="array", items={"type": "integer"}), "/properties/q/items"),
    (
        with_question(type="array", items={"type": "string", "enum": ["a"], "items": {}}),
        "/properties/q/items",
    ),
]


@pytest.mark.parametrize(("document", "pointer"), NOT_TO_DRAW)
def test_what_no_phone_can_draw_is_refused_where_it_is(document: object, pointer: str) -> None:
    assert (pointer, "question_wrong") in pointers(document)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (
            with_question(type="integer", minimum=3, maximum=2),
            ("/properties/q/minimum", "question_never_met"),
        ),
        (
            with_question(type="integer", minimum=0.2, maximum=0.8),
            ("/properties/q/minimum", "question_never_met"),
        ),
        (with_question(enum=["a"], maxLength=1), ("/properties/q/enum", "question_never_met")),
        (with_question(format="date", maxLength=1), ("/properties/q/maxLength", "question_never_met")),
        (
            with_question(enum=["a"], **{"x-choices": ["a", "b"]}),
            ("/properties/q/x-choices", "choices_differ"),
        ),
        (with_question(**{"x-choices": ["a"]}), ("/properties/q/x-choices", "choices_differ")),
        (
            with_question(type="array", items={"type": "string", "enum": ["a"]}, minItems=2),
            ("/properties/q/minItems", "question_never_met"),
        ),
        (with_question() | {"required": ["r"]}, ("/required", "question_unknown")),
    ],
)
def test_what_can_not_be_meant_is_refused_where_it_is(document: object, found: tuple[str, str]) -> None:
    assert pointers(document) == [found]


def test_names_are_plain_and_questions_few_and_small() -> None:
    question = with_question()["properties"]["q"]
    for name in ("", "Q", "1a", "a-b", "a" * 41, "面积"):
        assert pointers({"type": "object", "properties": {name: question}})
    many = {f"q{number}": question for number in range(QUESTIONS_MAX + 1)}
    assert pointers({"type": "object", "properties": many}) == [("/properties", "question_wrong")]
    large = with_question(description="x" * QUESTIONS_BYTES_MAX)
    assert pointers(large) == [("", "questions_too_large")]
    assert pointers(with_question(minimum=float("nan"))) == [("", "questions_unwritable")]
    assert pointers(with_question(title="\ud800")) == [("", "questions_unwritable")]
    assert pointers(json.loads("[" * 900 + "]" * 900)) != []


def test_answers_to_every_kind_of_question_are_taken() -> None:
    check_answers(ASKED, GIVEN)
    check_answers(ASKED, {"area_m2": 0, "size": "large"})
    check_answers(None, None)
    check_answers(None, {})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"area_m2": "3"}, ("/answers/area_m2", "answer_mistyped")),
        ({"area_m2": True}, ("/answers/area_m2", "answer_mistyped")),
        ({"area_m2": -1}, ("/answers/area_m2", "answer_too_small")),
        ({"area_m2": 1001}, ("/answers/area_m2", "answer_too_large")),
        ({"area_m2": float("nan")}, ("/answers/area_m2", "answer_mistyped")),
        ({"stalls": 1.5}, ("/answers/stalls", "answer_mistyped")),
        ({"stalls": 10**30}, ("/answers/stalls", "answer_mistyped")),
        ({"is_repeated": "no"}, ("/answers/is_repeated", "answer_mistyped")),
        ({"is_repeated": None}, ("/answers/is_repeated", "answer_mistyped")),
        ({"since": "20261101"}, ("/answers/since", "answer_mistyped")),
        ({"since": "2026-02-30"}, ("/answers/since", "answer_mistyped")),
        ({"owner": "x" * 21}, ("/answers/owner", "answer_too_long")),
        ({"owner": "a\x00b"}, ("/answers/owner", "answer_mistyped")),
        ({"owner": "\ud800"}, ("/answers/owner", "answer_mistyped")),
        ({"size": "huge"}, ("/answers/size", "answer_not_offered")),
        ({"goods": ["fruit", "fruit"]}, ("/answers/goods", "answer_repeated")),
        ({"goods": ["meat"]}, ("/answers/goods/0", "answer_not_offered")),
        ({"goods": "fruit"}, ("/answers/goods", "answer_mistyped")),
        ({"colour": "red"}, ("/answers/colour", "answer_unasked")),
        ({"a/b~c": 1}, ("/answers/a~1b~0c", "answer_unasked")),
    ],
)
def test_an_answer_that_does_not_fit_is_named(change: dict[str, Any], found: tuple[str, str]) -> None:
    assert wrong(GIVEN | change) == [found]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert wrong({"stalls": 0, "colour": 1}) == [
        ("/answers/area_m2", "answer_missing"),
        ("/answers/size", "answer_missing"),
        ("/answers/stalls", "answer_too_small"),
        ("/answers/colour", "answer_unasked"),
    ]
    assert wrong(None) == [("/answers/area_m2", "answer_missing"), ("/answers/size", "answer_missing")]


def test_a_class_that_asks_nothing_takes_no_answers() -> None:
    assert wrong({"area_m2": 3}, None) == [("/answers/area_m2", "answer_unasked")]


def test_answers_without_an_end_are_refused() -> None:
    assert wrong({"q": "x" * 5000}) == [("/answers", "answers_too_large")]
    assert wrong({"q": json.loads("[" * 900 + "]" * 900)}, None) == [("/answers/q", "answer_unasked")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


# The first draw builds the recursive strategy, which a busy machine takes seconds for.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*ASKED["properties"], "other"]), json_values))
def test_whatever_is_answered_is_taken_or_refused(answers: dict[str, Any]) -> None:
    try:
        check_answers(ASKED, answers)
    except AnswersRefused as refused:
        assert refused.faults  # noqa: PT017  either way is right
    else:
        # What is taken can be kept as JSON in PostgreSQL.
        assert "\\u0000" not in json.dumps(answers, allow_nan=False)


@given(json_values)
def test_whatever_is_sent_as_questions_is_taken_or_refused(document: object) -> None:
    try:
        kept = check_questions(document)
    except QuestionsRefused as refused:
        assert refused.faults  # noqa: PT017  either way is right
    else:
        assert kept is None or kept == document
